//! Recordings, their links, and the store behind them.

use bytes::Bytes;
use chrono::TimeDelta;
use connector_core::testing::http::Answer;
use connector_core::testing::{Clip, Fault, FaultPlan};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::ask::{Ask, instant, refused};
use super::org::{Org, recording_id, screen_id};
use super::parts::parts;
use super::settings::NotReady;
use super::state::{Link, State};

/// How long it is said to take until a recording is ready.
const ESTIMATED_MILLIS: u64 = 2_000;

/// How long after a call its recording goes into the archive, where it does.
const KEPT: TimeDelta = TimeDelta::days(90);

/// What the store says of a second way to log in. Not documented for Genesys; object stores answer so.
const TWO_LOGINS: u16 = 400;

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
}

/// The recordings of a call that are there by now.
pub(super) fn of_call(call: usize, org: &Org, state: &State) -> Vec<Recording> {
    let told = &org.scenario.calls[call];
    let is_late = told.ended() + state.settings.recorded_after > state.now(org);
    let screen = state.settings.screens.contains(&call);
    let all = [(told.recorded, false), (screen, true)].into_iter().filter(|(is_there, _)| *is_there && !is_late);
    all.map(|(_, is_screen)| Recording { call, is_screen }).collect()
}

pub(super) fn metadata(ask: &Ask<'_>, org: &Org, state: &State) -> Answer {
    let Some(call) = state.call(ask.id(), org) else {
        return refused(404, "conversation.not.found", "The conversation was not found");
    };
    let row = |recording: Recording| {
        let mut row = about(recording, org, state);
        row["region"] = json!("us-west-2");
        row
    };
    Answer::json(&of_call(call, org, state).into_iter().map(row).collect::<Vec<_>>())
}

/// The recording that is asked for.
fn found(ask: &Ask<'_>, org: &Org, state: &State) -> Option<Recording> {
    let call = state.call(ask.id(), org)?;
    of_call(call, org, state).into_iter().find(|recording| ask.ids.get(1) == Some(&recording.id()))
}

pub(super) fn settings(state: &State) -> Answer {
    let minutes = state.settings.link_life.as_secs() / 60;
    Answer::json(&json!({ "recordingPlaybackUrlTtl": minutes, "recordingBatchDownloadUrlTtl": minutes }))
}

pub(super) fn one(ask: &Ask<'_>, org: &Org, faults: &FaultPlan, state: &mut State) -> Answer {
    let Some(recording) = found(ask, org, state) else {
        return refused(404, "not.found", "The requested resource was not found");
    };
    let mut row = about(recording, org, state);
    row["estimatedTranscodeTimeMs"] = json!(ESTIMATED_MILLIS);
    if let Some(asks) = state.restoring.get_mut(&recording) {
        *asks += 1;
        row["fileState"] = json!(file_state(recording, state));
    }
    if !is_fetchable(recording, state) {
        return Answer::json(&row);
    }
    if !state.ready.contains(&recording) && is_delayed(recording, faults, state) {
        return delayed(row, state);
    }
    state.ready.insert(recording);
    let told = &org.scenario.calls[recording.call];
    let kind = recording.kind("audio/wav");
    let mut uris = serde_json::Map::new();
    for key in state.settings.link_keys.clone() {
        uris.insert(key, json!({ "mediaUri": link(told.audio, &kind, state) }));
    }
    row["mediaUris"] = json!(uris);
    row["actualTranscodeTimeMs"] = json!(ESTIMATED_MILLIS / 2);
    row["outputDurationMs"] = json!(u64::try_from(told.audio.length().as_millis()).unwrap_or_default());
    row["outputSizeInBytes"] = json!(told.audio.len());
    row["recordingFileRole"] = json!("CUSTOMER_EXPERIENCE");
    Answer::json(&row)
}

/// Asks a recording back from the archive, by another date on which it is to go there.
pub(super) fn restore(ask: &Ask<'_>, org: &Org, state: &mut State) -> Answer {
    let Some(recording) = found(ask, org, state) else {
        return refused(404, "not.found", "The requested resource was not found");
    };
    let wanted: Value = serde_json::from_slice(ask.request.body()).unwrap_or_default();
    let mut row = about(recording, org, state);
    if !wanted["archiveDate"].is_string() || wanted["archiveDate"] == row["archiveDate"] {
        return refused(400, "bad.request", "archiveDate is missing or the same");
    }
    if file_state(recording, state) == "ARCHIVED" {
        state.restoring.insert(recording, 0);
    }
    row["fileState"] = json!(file_state(recording, state));
    row["archiveDate"] = wanted["archiveDate"].clone();
    Answer::json(&row)
}

/// How it stands with the file of a recording.
fn file_state(recording: Recording, state: &State) -> &'static str {
    match state.restoring.get(&recording) {
        _ if state.no_recordings => "DELETED",
        _ if !is_archived(recording, state) => "AVAILABLE",
        None => "ARCHIVED",
        Some(asks) if *asks <= state.settings.restore_asks => "RESTORING",
        Some(_) => "RESTORED",
    }
}

/// Whether it lies in the archive, unless it was asked back. Those of screens never do.
fn is_archived(recording: Recording, state: &State) -> bool {
    !recording.is_screen && state.settings.archived.contains(&recording.call)
}

pub(super) fn is_fetchable(recording: Recording, state: &State) -> bool {
    matches!(file_state(recording, state), "AVAILABLE" | "RESTORED")
}

/// A link to a file, signed for a while.
pub(super) fn link(clip: Clip, kind: &str, state: &mut State) -> String {
    let ends = Instant::now() + state.settings.link_life;
    state.links.push(Link { clip, kind: kind.to_owned(), ends });
    let (number, extension) = (state.links.len(), kind.split('/').next_back().unwrap_or_default());
    format!("{}media/{number}.{extension}?X-Sig={number:08x}", state.media)
}

fn about(recording: Recording, org: &Org, state: &State) -> Value {
    let told = &org.scenario.calls[recording.call];
    let answered = told.legs().first().map_or(told.started, |leg| leg.answered);
    let session = parts(org, &state.settings, recording.call).first().map(|part| part.session.clone());
    let (media, subtype) = if recording.is_screen { ("screen", "Screen") } else { ("audio", "Trunk") };
    let kept = if is_archived(recording, state) { TimeDelta::zero() } else { KEPT };
    json!({
        "id": recording.id(),
        "conversationId": told.id,
        "startTime": instant(answered),
        "endTime": instant(told.ended()),
        "media": media,
        "mediaSubtype": subtype,
        "annotations": [],
        "fileState": file_state(recording, state),
        "archiveDate": instant(told.ended() + kept),
        "sessionId": session,
        "selfUri": format!("/api/v2/conversations/{}/recordings/{}", told.id, recording.id()),
    })
}

fn is_delayed(recording: Recording, faults: &FaultPlan, state: &mut State) -> bool {
    let asks = state.recording_asks.entry(recording).or_default();
    *asks += 1;
    *asks <= state.settings.not_ready_asks || faults.fire(Fault::NotReady)
}

/// Not there yet, in one of the forms of that.
fn delayed(mut row: Value, state: &mut State) -> Answer {
    const FORMS: [NotReady; 3] = [NotReady::Accepted, NotReady::Empty, NotReady::Uploading];
    let form = state.settings.not_ready.unwrap_or(FORMS[state.not_ready % FORMS.len()]);
    state.not_ready += 1;
    match form {
        NotReady::Accepted => Answer::json(&row).with_status(202),
        NotReady::Empty => Answer::new(200),
        NotReady::Uploading => {
            (row["fileState"], row["mediaUris"]) = (json!("UPLOADING"), Value::Null);
            Answer::json(&row)
        }
    }
}

pub(super) fn media(ask: &Ask<'_>, faults: &FaultPlan, state: &mut State) -> Answer {
    if ask.header("authorization").is_some() {
        return denied(TWO_LOGINS, "InvalidArgument");
    }
    let number: Option<usize> = ask.id().split_once('.').and_then(|(number, _)| number.parse().ok());
    let is_signed = number.is_some_and(|number| ask.get("X-Sig") == Some(&format!("{number:08x}")));
    let place = number.and_then(|number| number.checked_sub(1)).filter(|_| is_signed);
    let Some(link) = place.and_then(|place| state.links.get_mut(place)) else { return denied(403, "AccessDenied") };
    if Instant::now() < link.ends && faults.fire(Fault::ExpiredLink) {
        link.ends = Instant::now();
    }
    if Instant::now() >= link.ends || state.no_recordings {
        return denied(403, "AccessDenied");
    }
    let content = Bytes::from(link.clip.wav());
    let etag = format!("\"{:x}-{:x}\"", link.clip.seed(), content.len());
    let answer = Answer::media(ask.request, &content, &etag).with_header("content-type", &link.kind);
    let half = answer.body.len() / 2;
    if answer.status.is_success() && half > 0 && faults.fire(Fault::CutDownload) {
        return answer.cut_after(half);
    }
    answer
}

/// As an object store refuses.
fn denied(status: u16, code: &str) -> Answer {
    let words = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code></Error>");
    Answer::new(status).with_header("content-type", "application/xml").with_body(words)
}
