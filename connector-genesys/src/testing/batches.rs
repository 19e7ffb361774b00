//! Many recordings in one request, in the format in which they are kept.

use connector_core::testing::http::Answer;
use serde_json::{Value, json};

use super::ask::{Ask, refused};
use super::day::Day;
use super::org::id;
use super::recordings::{Recording, Recordings, of_call};

const BATCH: u32 = 0xbb00_0000;

/// The batches so far, in the order of their ids.
#[derive(Default)]
pub(super) struct Batches(Vec<Batch>);

/// What somebody asked for together.
struct Batch {
    items: Vec<Item>,
    /// How often its results were asked for.
    asks: usize,
}

/// A recording of a conversation, or all that it has.
struct Item {
    conversation: String,
    recording: Option<String>,
}

pub(super) fn submit(ask: &Ask<'_>, day: &Day, batches: &mut Batches) -> Answer {
    let Some(items) = items(ask) else {
        return refused(400, "batch.download.bad.request", "The request could not be understood");
    };
    if items.len() > day.settings.most_batched {
        return refused(400, "batch.download.too.many.items", "Too many items");
    }
    batches.0.push(Batch { items, asks: 0 });
    let id = id(BATCH, batches.0.len());
    Answer::json(&json!({ "id": id, "selfUri": address(&id) }))
}

/// Nothing but that it goes on, and then everything.
pub(super) fn results(ask: &Ask<'_>, day: &Day, batches: &mut Batches, recordings: &mut Recordings) -> Answer {
    let mut numbered = batches.0.iter_mut().enumerate();
    let Some((_, batch)) = numbered.find(|(place, _)| id(BATCH, place + 1) == ask.id()) else {
        return refused(404, "batch.download.job.not.found", "The job was not found");
    };
    batch.asks += 1;
    let is_done = batch.asks > day.settings.batch_asks;
    let results: Vec<Value> = match is_done {
        true => batch.items.iter().flat_map(|item| of_item(item, day, recordings)).collect(),
        false => Vec::new(),
    };
    let errors = results.iter().filter(|row| row["errorMsg"].is_string()).count();
    Answer::json(&json!({
        "jobId": ask.id(),
        "expectedResultCount": if is_done { results.len() } else { batch.items.len() },
        "resultCount": results.len(),
        "errorCount": errors,
        "status": if is_done { "Completed" } else { "InProgress" },
        "results": results,
        "selfUri": address(ask.id()),
    }))
}

fn of_item(item: &Item, day: &Day, recordings: &mut Recordings) -> Vec<Value> {
    let Item { conversation, recording } = item;
    let mut found = day.call(conversation).map(|call| of_call(call, day)).unwrap_or_default();
    found.retain(|known| recording.as_ref().is_none_or(|id| *id == known.id()));
    if found.is_empty() {
        let mut row = json!({ "conversationId": conversation, "errorMsg": "recording was not found" });
        if let Some(recording) = recording {
            row["recordingId"] = json!(recording);
        }
        return vec![row];
    }
    found.into_iter().map(|recording| result(conversation, recording, day, recordings)).collect()
}

fn result(conversation: &str, recording: Recording, day: &Day, recordings: &mut Recordings) -> Value {
    let mut row = json!({ "conversationId": conversation, "recordingId": recording.id() });
    if recordings.are_deleted {
        row["errorMsg"] = json!("recording is deleted");
    } else if !recordings.has(recording, &day.settings) {
        row["errorMsg"] = json!("recording is archived");
    } else {
        let kind = recording.kind(&day.settings.kept_as);
        row["resultUrl"] = json!(recordings.link(day.told(recording.call).audio, &kind, &day.settings));
        row["contentType"] = json!(kind);
    }
    row
}

fn items(ask: &Ask<'_>) -> Option<Vec<Item>> {
    let body: Value = ask.json()?;
    let item = |row: &Value| {
        let conversation = row["conversationId"].as_str()?.to_owned();
        Some(Item { conversation, recording: row["recordingId"].as_str().map(str::to_owned) })
    };
    body["batchDownloadRequestList"].as_array().filter(|rows| !rows.is_empty())?.iter().map(item).collect()
}

fn address(job: &str) -> String {
    format!("/api/v2/recording/batchrequests/{job}")
}
