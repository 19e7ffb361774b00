//! Many recordings in one request, in the format in which they are kept.

use connector_core::testing::http::Answer;
use serde_json::{Value, json};

use super::ask::{Ask, refused};
use super::org::{Org, id};
use super::recordings::{Recording, is_fetchable, link, of_call};
use super::state::State;

const BATCH: u32 = 0xbb00_0000;

/// What somebody asked for together.
pub(super) struct Batch {
    items: Vec<Item>,
    /// How often its results were asked for.
    asks: usize,
}

/// A recording of a conversation, or all that it has.
#[derive(Clone)]
struct Item {
    conversation: String,
    recording: Option<String>,
}

pub(super) fn submit(ask: &Ask<'_>, state: &mut State) -> Answer {
    let Some(items) = items(ask) else {
        return refused(400, "batch.download.bad.request", "The request could not be understood");
    };
    if items.len() > state.settings.most_batched {
        return refused(400, "batch.download.too.many.items", "Too many items");
    }
    state.batches.push(Batch { items, asks: 0 });
    let id = id(BATCH, state.batches.len());
    Answer::json(&json!({ "id": id, "selfUri": address(&id) }))
}

/// Nothing but that it goes on, and then everything.
pub(super) fn results(ask: &Ask<'_>, org: &Org, state: &mut State) -> Answer {
    let Some(place) = (0..state.batches.len()).find(|place| id(BATCH, place + 1) == ask.id()) else {
        return refused(404, "batch.download.job.not.found", "The job was not found");
    };
    state.batches[place].asks += 1;
    let is_done = state.batches[place].asks > state.settings.batch_asks;
    let expected = state.batches[place].items.len();
    let results = if is_done { of_items(place, org, state) } else { Vec::new() };
    let errors = results.iter().filter(|row| row["errorMsg"].is_string()).count();
    Answer::json(&json!({
        "jobId": ask.id(),
        "expectedResultCount": if is_done { results.len() } else { expected },
        "resultCount": results.len(),
        "errorCount": errors,
        "status": if is_done { "Completed" } else { "InProgress" },
        "results": results,
        "selfUri": address(ask.id()),
    }))
}

fn of_items(place: usize, org: &Org, state: &mut State) -> Vec<Value> {
    let mut results = Vec::new();
    for item in 0..state.batches[place].items.len() {
        let Item { conversation, recording } = state.batches[place].items[item].clone();
        let call = state.call(&conversation, org);
        let mut found = call.map(|call| of_call(call, org, state)).unwrap_or_default();
        found.retain(|known| recording.as_ref().is_none_or(|id| *id == known.id()));
        if found.is_empty() {
            let mut row = json!({ "conversationId": conversation, "errorMsg": "recording was not found" });
            if let Some(recording) = recording {
                row["recordingId"] = json!(recording);
            }
            results.push(row);
            continue;
        }
        results.extend(found.into_iter().map(|recording| result(&conversation, recording, org, state)));
    }
    results
}

fn result(conversation: &str, recording: Recording, org: &Org, state: &mut State) -> Value {
    let mut row = json!({ "conversationId": conversation, "recordingId": recording.id() });
    if state.no_recordings {
        row["errorMsg"] = json!("recording is deleted");
    } else if !is_fetchable(recording, state) {
        row["errorMsg"] = json!("recording is archived");
    } else {
        let kind = recording.kind(&state.settings.kept_as);
        row["resultUrl"] = json!(link(org.scenario.calls[recording.call].audio, &kind, state));
        row["contentType"] = json!(kind);
    }
    row
}

fn items(ask: &Ask<'_>) -> Option<Vec<Item>> {
    let body: Value = serde_json::from_slice(ask.request.body()).ok()?;
    let item = |row: &Value| {
        let conversation = row["conversationId"].as_str()?.to_owned();
        Some(Item { conversation, recording: row["recordingId"].as_str().map(str::to_owned) })
    };
    body["batchDownloadRequestList"].as_array().filter(|rows| !rows.is_empty())?.iter().map(item).collect()
}

fn address(job: &str) -> String {
    format!("/api/v2/recording/batchrequests/{job}")
}
