//! `/conversations/{id}/recordings` and `/recording/batchrequests`.

use chrono::{DateTime, Utc};
use connector_core::http::{RequestBuilder, Response, segment};
use connector_core::{Error, Priority, Result};
use serde_json::{Value, json};

use super::{instant, is_id};
use crate::transport::Api;
use crate::uses::{RECORDINGS, RESTORE};
use crate::wire::recordings::{self, Batch, BatchProgress, Recording};

const BATCHES: &str = "api/v2/recording/batchrequests";

impl Api {
    /// What recordings a conversation has, without links; `None` when there is no such conversation.
    ///
    /// # Errors
    /// `is_forbidden` with the permission that is missing.
    pub(crate) async fn metadata(&self, conversation: &str, priority: Priority) -> Result<Option<Vec<Recording>>> {
        if !is_id(conversation) {
            return Ok(None);
        }
        let path = format!("api/v2/conversations/{}/recordingmetadata", segment(conversation));
        let answer = answered(self.client.get(&path).priority(priority).during("recordings")).await?;
        Ok(answer.map(|answer| recordings::many(&answer.bytes)))
    }

    /// One recording, with links if it can be fetched. Asking is what has it made ready. `None`: there is none; else what was
    /// said of it, if anything was.
    ///
    /// # Errors
    /// As [`metadata`](Self::metadata).
    pub(crate) async fn recording(
        &self,
        (conversation, id): (&str, &str),
        format: Option<&str>,
        priority: Priority,
    ) -> Result<Option<Option<Recording>>> {
        let request = self.client.get(&one(conversation, id)).query("download", true);
        let request = format.into_iter().fold(request, |request, format| request.query("formatId", format));
        let answer = answered(request.priority(priority).during("recordings")).await?;
        Ok(answer.map(|answer| recordings::one(&answer.bytes)))
    }

    /// Asks for an archived recording back. The vendor does so when the day on which it is archived changes; what else it
    /// wants to be told is not documented.
    ///
    /// # Errors
    /// `is_forbidden` with the permission that is missing.
    pub(crate) async fn restore(
        &self,
        (conversation, id): (&str, &str),
        archived_at: DateTime<Utc>,
        priority: Priority,
    ) -> Result<()> {
        let body = json!({ "id": id, "conversationId": conversation, "archiveDate": instant(archived_at) });
        let request = self.client.put(&one(conversation, id)).json(&body).repeatable().priority(priority);
        let sent = request.during("restore").send().await.map(drop);
        sent.map_err(|error| {
            if error.is_forbidden() {
                error.advise(format!("give a role of the OAuth client {RESTORE}"))
            } else {
                error
            }
        })
    }

    /// Has links made to all recordings of these conversations, or to single recordings; the batch's id. At most 100.
    ///
    /// # Errors
    /// As [`metadata`](Self::metadata).
    pub(crate) async fn batch(&self, of: &[(&str, Option<&str>)], priority: Priority) -> Result<String> {
        let item = |(conversation, recording): &(&str, Option<&str>)| {
            let mut item = json!({ "conversationId": conversation });
            if let Some(recording) = recording {
                item["recordingId"] = json!(recording);
            }
            item
        };
        let items: Vec<Value> = of.iter().map(item).collect();
        let request = self.client.post(BATCHES).json(&json!({ "batchDownloadRequestList": items }));
        let answer = request.priority(priority).during("recordings").send().await.map_err(advised)?;
        let batch: Batch = answer.json()?;
        batch.id.ok_or_else(|| answer.unexpected("a batch without an id"))
    }

    /// How far a batch is.
    pub(crate) async fn batch_progress(&self, id: &str, priority: Priority) -> Result<BatchProgress> {
        let request = self.client.get(&format!("{BATCHES}/{}", segment(id)));
        let answer = request.priority(priority).during("recordings").send().await.map_err(advised)?;
        Ok(answer.json_if_any()?.unwrap_or_default())
    }
}

fn one(conversation: &str, id: &str) -> String {
    format!("api/v2/conversations/{}/recordings/{}", segment(conversation), segment(id))
}

/// The answer; `None` for 404.
async fn answered(request: RequestBuilder) -> Result<Option<Response>> {
    match request.send().await {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(advised(error)),
    }
}

fn advised(error: Error) -> Error {
    if error.is_forbidden() { error.advise(format!("give a role of the OAuth client {RECORDINGS}")) } else { error }
}
