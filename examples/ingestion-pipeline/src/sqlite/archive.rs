//! What is stored, for comparisons with a source's history.

use std::time::Duration;

use async_trait::async_trait;
use connector_core::reconcile::{Archive, Stored, StoredMedia, StoredVersion};
use connector_core::{Conversation, Error, Origin, Result, Revision};
use serde::{Deserialize, Serialize};
use sqlx::Row;

use super::columns::{json, parsed, time};
use super::queries::{failed, query_of};
use super::store::SqliteStore;

/// The [`Archive`] of one source.
#[derive(Clone, Debug)]
pub(super) struct SqliteArchive {
    store: SqliteStore,
    origin: Origin,
}

/// A call as the query below writes it: its place in the question, whether it is worked on, its media, how many recordings
/// it has, how long they play, and its legs.
#[derive(Deserialize)]
struct Answer(usize, u8, Option<String>, Option<usize>, Option<f64>, Option<Vec<LegVersion>>);

/// The id of a leg, the time of its revision and its fingerprint.
#[derive(Deserialize, Serialize)]
pub(super) struct LegVersion(pub String, pub Option<String>, pub Option<String>);

impl SqliteArchive {
    /// What is stored of a source.
    pub(super) fn new(store: SqliteStore, origin: Origin) -> Self {
        Self { store, origin }
    }

    /// What is stored of these calls, by the place of each.
    async fn answers(&self, of: &[Conversation]) -> Result<Vec<Answer>> {
        let ids: Vec<&str> = of.iter().map(|call| call.this.id.as_str()).collect();
        // One row for the whole batch: handing over each row by itself costs more than finding it.
        let row = query_of(
            "SELECT json_group_array(json_array(
                 ids.key,
                 EXISTS (SELECT 1 FROM work w INDEXED BY work_open
                         WHERE (w.tenant, w.source, w.conversation) = (?1, ?2, ids.value) AND w.state <> 'done'),
                 v.media, v.recordings, v.audio_s, json(v.legs)))
             FROM json_each(?3) ids
             LEFT JOIN versions v ON (v.tenant, v.source, v.conversation) = (?1, ?2, ids.value)",
            &self.origin,
        )
        .bind(json(&ids)?)
        .fetch_one(&self.store.readers)
        .await
        .map_err(failed)?;
        parsed(row.get(0))
    }
}

#[async_trait]
impl Archive for SqliteArchive {
    async fn stored(&self, of: &[Conversation]) -> Result<Vec<Option<Stored>>> {
        let mut stored: Vec<Option<Stored>> = vec![None; of.len()];
        for answer in self.answers(of).await? {
            let unasked = || Error::bug("the database answered for a call that it was not asked for");
            let place = stored.get_mut(answer.0).ok_or_else(unasked)?;
            *place = call(answer)?;
        }
        Ok(stored)
    }
}

/// A call that is stored, or is being worked on.
fn call(Answer(_, is_open, media, recordings, audio, legs): Answer) -> Result<Option<Stored>> {
    let media = match media.as_deref() {
        _ if is_open == 1 => StoredMedia::Pending,
        None => return Ok(None),
        Some("complete") => StoredMedia::Complete,
        Some("missing") => StoredMedia::Missing,
        Some("none") => StoredMedia::None,
        Some(_) => StoredMedia::Pending,
    };
    let mut stored = Stored::new(media).with_recordings(recordings.unwrap_or(0));
    stored.audio = audio.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    for LegVersion(leg, revised, fingerprint) in legs.unwrap_or_default() {
        stored = stored.with_leg(leg, version(revised.as_deref(), fingerprint)?);
    }
    Ok(Some(stored))
}

fn version(revised: Option<&str>, fingerprint: Option<String>) -> Result<StoredVersion> {
    Ok(match (revised, fingerprint) {
        (Some(revised), Some(fingerprint)) => StoredVersion::Revision(Revision::new(time(revised)?, fingerprint)),
        (None, Some(fingerprint)) => StoredVersion::Fingerprint(fingerprint),
        _ => StoredVersion::Unknown,
    })
}
