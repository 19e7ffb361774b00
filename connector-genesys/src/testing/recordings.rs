//! Recordings and their links.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use connector_core::testing::http::{Answer, Link, Store};
use connector_core::testing::{Clip, Fault, FaultPlan};
use serde_json::{Value, json};
use url::Url;

use super::ask::{Ask, instant, refused};
use super::day::Day;
use super::org::{recording_id, screen_id};
use super::parts::parts;
use super::settings::{NotReady, Settings};

/// How long it is said to take until a recording is ready.
const ESTIMATED_MILLIS: u64 = 2_000;

/// How long after a call its recording goes into the archive, where it does.
const KEPT: TimeDelta = TimeDelta::days(90);

/// What becomes of recordings while they are asked for.
pub(super) struct Recordings {
    pub(super) store: Store,
    /// Where the store is.
    pub(super) media: Url,
    pub(super) are_deleted: bool,
    /// How often one was asked for before it was ready.
    asks: BTreeMap<Recording, usize>,
    /// How often one was not ready.
    not_ready: usize,
    /// Those that were ready.
    ready: BTreeSet<Recording>,
    /// Those that were asked back from the archive, and how often they were asked for since.
    restoring: BTreeMap<Recording, usize>,
}

impl Recordings {
    pub(super) fn new(media: Url) -> Self {
        Self {
            store: Store::new("X-Sig"),
            media,
            are_deleted: false,
            asks: BTreeMap::new(),
            not_ready: 0,
            ready: BTreeSet::new(),
            restoring: BTreeMap::new(),
        }
    }

    /// Deletes all of them, and their links with them.
    pub(super) fn delete_all(&mut self) {
        self.are_deleted = true;
        self.store.end_links();
    }

    /// A link to a file of this type, signed for a while.
    pub(super) fn link(&mut self, clip: Clip, kind: &str, settings: &Settings) -> String {
        let extension = kind.rsplit('/').next().unwrap_or_default();
        let link = Link::new(clip, settings.link_life).with_kind(kind).with_extension(extension);
        self.store.link(&self.media, link).into()
    }

    /// How it stands with the file of a recording.
    fn file_state(&self, recording: Recording, settings: &Settings) -> &'static str {
        match self.restoring.get(&recording) {
            _ if self.are_deleted => "DELETED",
            _ if !recording.is_archived(settings) => "AVAILABLE",
            None => "ARCHIVED",
            Some(asks) if *asks <= settings.restore_asks => "RESTORING",
            Some(_) => "RESTORED",
        }
    }

    pub(super) fn has(&self, recording: Recording, settings: &Settings) -> bool {
        matches!(self.file_state(recording, settings), "AVAILABLE" | "RESTORED")
    }

    fn is_delayed(&mut self, recording: Recording, settings: &Settings, faults: &FaultPlan) -> bool {
        if self.ready.contains(&recording) {
            return false;
        }
        let asks = self.asks.entry(recording).or_default();
        *asks += 1;
        *asks <= settings.not_ready_asks || faults.fire(Fault::NotReady)
    }
}

/// One of the recordings of a call.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Recording {
    pub(super) call: usize,
    pub(super) is_screen: bool,
}

impl Recording {
    pub(super) fn id(self) -> String {
        if self.is_screen { screen_id(self.call) } else { recording_id(self.call) }
    }

    /// The type of its file. A screen has the bytes of the sound all the same.
    pub(super) fn kind(self, audio: &str) -> String {
        if self.is_screen { "video/webm" } else { audio }.to_owned()
    }

    /// Whether it lies in the archive, unless it was asked back. Those of screens never do.
    fn is_archived(self, settings: &Settings) -> bool {
        !self.is_screen && settings.archived.contains(&self.call)
    }
}

/// The recordings of a call that are there by now.
pub(super) fn of_call(call: usize, day: &Day) -> Vec<Recording> {
    let told = day.told(call);
    let is_late = told.ended() + day.settings.recorded_after > day.now();
    let screen = day.settings.screens.contains(&call);
    let all = [(told.recorded, false), (screen, true)].into_iter().filter(|(is_there, _)| *is_there && !is_late);
    all.map(|(_, is_screen)| Recording { call, is_screen }).collect()
}

pub(super) fn metadata(ask: &Ask<'_>, day: &Day, recordings: &Recordings) -> Answer {
    let Some(call) = day.call(ask.id()) else {
        return refused(404, "conversation.not.found", "The conversation was not found");
    };
    let row = |recording: Recording| {
        let mut row = about(recording, day, recordings);
        row["region"] = json!("us-west-2");
        row
    };
    Answer::json(&of_call(call, day).into_iter().map(row).collect::<Vec<_>>())
}

/// The recording that is asked for.
fn found(ask: &Ask<'_>, day: &Day) -> Option<Recording> {
    let call = day.call(ask.id())?;
    of_call(call, day).into_iter().find(|recording| ask.part("recording") == recording.id())
}

pub(super) fn settings(day: &Day) -> Answer {
    let minutes = day.settings.link_life.as_secs() / 60;
    Answer::json(&json!({ "recordingPlaybackUrlTtl": minutes, "recordingBatchDownloadUrlTtl": minutes }))
}

pub(super) fn one(ask: &Ask<'_>, day: &Day, recordings: &mut Recordings, faults: &FaultPlan) -> Answer {
    let Some(recording) = found(ask, day) else {
        return refused(404, "not.found", "The requested resource was not found");
    };
    let mut row = about(recording, day, recordings);
    row["estimatedTranscodeTimeMs"] = json!(ESTIMATED_MILLIS);
    if let Some(asks) = recordings.restoring.get_mut(&recording) {
        *asks += 1;
        row["fileState"] = json!(recordings.file_state(recording, &day.settings));
    }
    if !recordings.has(recording, &day.settings) {
        return Answer::json(&row);
    }
    if recordings.is_delayed(recording, &day.settings, faults) {
        return delayed(row, &day.settings, recordings);
    }
    recordings.ready.insert(recording);
    let told = day.told(recording.call);
    let kind = recording.kind("audio/wav");
    let mut uris = serde_json::Map::new();
    for key in &day.settings.link_keys {
        uris.insert(key.clone(), json!({ "mediaUri": recordings.link(told.audio, &kind, &day.settings) }));
    }
    row["mediaUris"] = json!(uris);
    row["actualTranscodeTimeMs"] = json!(ESTIMATED_MILLIS / 2);
    row["outputDurationMs"] = json!(u64::try_from(told.audio.length().as_millis()).unwrap_or_default());
    row["outputSizeInBytes"] = json!(told.audio.len());
    row["recordingFileRole"] = json!("CUSTOMER_EXPERIENCE");
    Answer::json(&row)
}

/// Asks a recording back from the archive, by another date on which it is to go there.
pub(super) fn restore(ask: &Ask<'_>, day: &Day, recordings: &mut Recordings) -> Answer {
    let Some(recording) = found(ask, day) else {
        return refused(404, "not.found", "The requested resource was not found");
    };
    let wanted: Value = ask.json().unwrap_or_default();
    let mut row = about(recording, day, recordings);
    if !wanted["archiveDate"].is_string() || wanted["archiveDate"] == row["archiveDate"] {
        return refused(400, "bad.request", "archiveDate is missing or the same");
    }
    if recordings.file_state(recording, &day.settings) == "ARCHIVED" {
        recordings.restoring.insert(recording, 0);
    }
    row["fileState"] = json!(recordings.file_state(recording, &day.settings));
    row["archiveDate"] = wanted["archiveDate"].clone();
    Answer::json(&row)
}

fn about(recording: Recording, day: &Day, recordings: &Recordings) -> Value {
    let told = day.told(recording.call);
    let answered = told.legs().first().map_or(told.started, |leg| leg.answered);
    let session = parts(day, recording.call).first().map(|part| part.session.clone());
    let (media, subtype) = if recording.is_screen { ("screen", "Screen") } else { ("audio", "Trunk") };
    let kept = if recording.is_archived(&day.settings) { TimeDelta::zero() } else { KEPT };
    json!({
        "id": recording.id(),
        "conversationId": told.id,
        "startTime": instant(answered),
        "endTime": instant(told.ended()),
        "media": media,
        "mediaSubtype": subtype,
        "annotations": [],
        "fileState": recordings.file_state(recording, &day.settings),
        "archiveDate": instant(told.ended() + kept),
        "sessionId": session,
        "selfUri": format!("/api/v2/conversations/{}/recordings/{}", told.id, recording.id()),
    })
}

/// Not there yet, in one of the forms of that.
fn delayed(mut row: Value, settings: &Settings, recordings: &mut Recordings) -> Answer {
    const FORMS: [NotReady; 3] = [NotReady::Accepted, NotReady::Empty, NotReady::Uploading];
    let form = settings.not_ready.unwrap_or(FORMS[recordings.not_ready % FORMS.len()]);
    recordings.not_ready += 1;
    match form {
        NotReady::Accepted => Answer::json(&row).with_status(202),
        NotReady::Empty => Answer::new(200),
        NotReady::Uploading => {
            (row["fileState"], row["mediaUris"]) = (json!("UPLOADING"), Value::Null);
            Answer::json(&row)
        }
    }
}
