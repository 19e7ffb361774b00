//! Recordings: what there is of a conversation, one with its links, and batches of links.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use connector_core::http::Link;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::loose;

/// A recording. Among the metadata it has no links; one by itself has, once it can be fetched.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Recording {
    #[serde(deserialize_with = "loose::text")]
    pub(crate) id: Option<String>,
    #[serde(deserialize_with = "loose::time")]
    pub(crate) start_time: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "loose::time")]
    pub(crate) end_time: Option<DateTime<Utc>>,
    /// `audio`, `screen`, `chat`, …
    #[serde(deserialize_with = "loose::text")]
    pub(crate) media: Option<String>,
    /// `Trunk`, `Station`, `Consult`, `Screen`, `Snippet`.
    #[serde(deserialize_with = "loose::text")]
    pub(crate) media_subtype: Option<String>,
    /// `AVAILABLE`, `ARCHIVED`, …
    #[serde(deserialize_with = "loose::text")]
    pub(crate) file_state: Option<String>,
    /// Set when the vendor could not make it.
    #[serde(deserialize_with = "loose::text")]
    pub(crate) recording_error_status: Option<String>,
    /// Whose recording it is; stubs have none.
    #[serde(deserialize_with = "loose::text")]
    pub(crate) session_id: Option<String>,
    #[serde(deserialize_with = "loose::time")]
    pub(crate) delete_date: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "loose::each")]
    pub(crate) annotations: Vec<Annotation>,
    /// By channel, in the order of their names.
    #[serde(deserialize_with = "links")]
    pub(crate) media_uris: Vec<(String, Link)>,
    /// How long it may take until it can be fetched, in milliseconds.
    #[serde(deserialize_with = "loose::int")]
    pub(crate) estimated_transcode_time_ms: Option<i64>,
    #[serde(deserialize_with = "loose::int")]
    pub(crate) output_duration_ms: Option<i64>,
}

/// Something that happened in a recording.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub(crate) struct Annotation {
    /// `Hold`, `SecurePause`, `FlowOrQueue`, `Pause`.
    #[serde(deserialize_with = "loose::text")]
    pub(crate) reason: Option<String>,
}

/// What the state of a recording's file means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileState {
    /// It is there, or nobody says that it is not.
    There,
    /// It is on its way: uploaded, or out of the archive.
    Coming,
    Archived,
    Deleted,
    Failed,
}

impl Recording {
    pub(crate) fn state(&self) -> FileState {
        match self.file_state.as_deref().map(str::to_ascii_uppercase).as_deref() {
            Some("ARCHIVED") => FileState::Archived,
            Some("DELETED") => FileState::Deleted,
            Some("ERROR") => FileState::Failed,
            _ if self.recording_error_status.is_some() => FileState::Failed,
            Some("UPLOADING" | "RESTORING") => FileState::Coming,
            _ => FileState::There,
        }
    }

    /// Whether its medium or the kind of it is this one.
    pub(crate) fn is(&self, word: &str) -> bool {
        [&self.media, &self.media_subtype].into_iter().flatten().any(|text| text.eq_ignore_ascii_case(word))
    }
}

/// A whole answer about one recording; nothing where the body is empty, or a list with nothing in it.
pub(crate) fn one(body: &[u8]) -> Option<Recording> {
    match serde_json::from_slice::<&RawValue>(body).ok()? {
        list if list.get().starts_with('[') => many(body).into_iter().next(),
        raw => super::row(raw),
    }
}

/// A list of recordings; a bad row costs the row, and whatever is no list is an empty one.
pub(crate) fn many(body: &[u8]) -> Vec<Recording> {
    let rows: Vec<&RawValue> = serde_json::from_slice(body).unwrap_or_default();
    rows.into_iter().filter_map(super::row).collect()
}

/// Links by name: a map from a name to an object with the link in it, or a list of objects that name themselves.
fn links<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, Link)>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?;
    let link = |of: &Value| of.get("mediaUri")?.as_str().map(|link| link.trim().to_owned());
    let named: BTreeMap<String, String> = match serde_json::from_str(raw.get()).unwrap_or_default() {
        Value::Object(map) => map.iter().filter_map(|(name, of)| Some((name.clone(), link(of)?))).collect(),
        Value::Array(list) => {
            let name = |number: usize, of: &Value| match &of["channelId"] {
                Value::String(name) => name.clone(),
                Value::Number(number) => number.to_string(),
                _ => number.to_string(),
            };
            list.iter().enumerate().filter_map(|(number, of)| Some((name(number, of), link(of)?))).collect()
        }
        _ => BTreeMap::new(),
    };
    Ok(named
        .into_iter()
        .filter(|(_, link)| !link.is_empty())
        .map(|(name, link)| (name, Link::new(link).signed()))
        .collect())
}

/// A batch that was taken on.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub(crate) struct Batch {
    #[serde(deserialize_with = "loose::text")]
    pub(crate) id: Option<String>,
}

/// How far a batch is.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct BatchProgress {
    /// `InProgress`, `Completed`.
    #[serde(deserialize_with = "loose::text")]
    pub(crate) status: Option<String>,
    #[serde(deserialize_with = "loose::each")]
    pub(crate) results: Vec<BatchResult>,
}

impl BatchProgress {
    pub(crate) fn is_done(&self) -> bool {
        self.status.as_deref().is_some_and(|status| status.eq_ignore_ascii_case("completed"))
    }
}

/// One recording of a batch: a link, or why there is none.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct BatchResult {
    #[serde(deserialize_with = "loose::text")]
    pub(crate) conversation_id: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) recording_id: Option<String>,
    #[serde(deserialize_with = "link")]
    pub(crate) result_url: Option<Link>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) content_type: Option<String>,
    /// It may quote anything: whether there is one is all that is read of it.
    #[serde(deserialize_with = "is_there")]
    pub(crate) error_msg: bool,
}

fn link<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Link>, D::Error> {
    Ok(loose::text(deserializer)?.map(|link| Link::new(link).signed()))
}

fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(loose::text(deserializer)?.is_some())
}
