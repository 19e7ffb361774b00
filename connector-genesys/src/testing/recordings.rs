//! Recordings, their links, and the store behind them.

use bytes::Bytes;
use connector_core::testing::http::Answer;
use connector_core::testing::{Clip, Fault, FaultPlan};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::ask::{Ask, instant, refused};
use super::org::{Org, recording_id};
use super::parts::parts;
use super::settings::NotReady;
use super::state::{Link, State};

/// How long it is said to take until a recording is ready.
const ESTIMATED_MILLIS: u64 = 2_000;

/// What the store says of a second way to log in. Not documented for Genesys; object stores answer so.
const TWO_LOGINS: u16 = 400;

pub(super) fn metadata(ask: &Ask<'_>, org: &Org, state: &State) -> Answer {
    let Some(call) = state.call(ask.id(), org) else {
        return refused(404, "conversation.not.found", "The conversation was not found");
    };
    let mut row = about(call, org, state);
    row["region"] = json!("us-west-2");
    let recordings: Vec<Value> = is_there(call, org, state).then_some(row).into_iter().collect();
    Answer::json(&recordings)
}

pub(super) fn settings(state: &State) -> Answer {
    let minutes = state.settings.link_life.as_secs() / 60;
    Answer::json(&json!({ "recordingPlaybackUrlTtl": minutes, "recordingBatchDownloadUrlTtl": minutes }))
}

pub(super) fn one(ask: &Ask<'_>, org: &Org, faults: &FaultPlan, state: &mut State) -> Answer {
    let known = state.call(ask.id(), org).filter(|call| is_there(*call, org, state));
    let Some(call) = known.filter(|call| ask.ids.get(1) == Some(&recording_id(*call))) else {
        return refused(404, "not.found", "The requested resource was not found");
    };
    let mut row = about(call, org, state);
    row["estimatedTranscodeTimeMs"] = json!(ESTIMATED_MILLIS);
    if state.settings.archived.contains(&call) {
        return Answer::json(&row);
    }
    if !state.ready.contains(&call) && is_delayed(call, faults, state) {
        return delayed(row, state);
    }
    state.ready.insert(call);
    let told = &org.scenario.calls[call];
    let mut uris = serde_json::Map::new();
    for key in state.settings.link_keys.clone() {
        uris.insert(key, json!({ "mediaUri": link(told.audio, "audio/wav", state) }));
    }
    row["mediaUris"] = json!(uris);
    row["actualTranscodeTimeMs"] = json!(ESTIMATED_MILLIS / 2);
    row["outputDurationMs"] = json!(u64::try_from(told.audio.length().as_millis()).unwrap_or_default());
    row["outputSizeInBytes"] = json!(told.audio.len());
    row["recordingFileRole"] = json!("CUSTOMER_EXPERIENCE");
    Answer::json(&row)
}

/// A link to a file, signed for a while.
pub(super) fn link(clip: Clip, kind: &str, state: &mut State) -> String {
    let ends = Instant::now() + state.settings.link_life;
    state.links.push(Link { clip, kind: kind.to_owned(), ends });
    let (number, extension) = (state.links.len(), kind.split('/').next_back().unwrap_or_default());
    format!("{}media/{number}.{extension}?X-Sig={number:08x}", state.media)
}

/// Whether a call has a recording by now.
pub(super) fn is_there(call: usize, org: &Org, state: &State) -> bool {
    let told = &org.scenario.calls[call];
    told.recorded && told.ended() + state.settings.recorded_after <= state.now(org)
}

fn about(call: usize, org: &Org, state: &State) -> Value {
    let told = &org.scenario.calls[call];
    let answered = told.legs().first().map_or(told.started, |leg| leg.answered);
    let session = parts(org, &state.settings, call).first().map(|part| part.session.clone());
    json!({
        "id": recording_id(call),
        "conversationId": told.id,
        "startTime": instant(answered),
        "endTime": instant(told.ended()),
        "media": "audio",
        "mediaSubtype": "Trunk",
        "annotations": [],
        "fileState": if state.settings.archived.contains(&call) { "ARCHIVED" } else { "AVAILABLE" },
        "sessionId": session,
        "selfUri": format!("/api/v2/conversations/{}/recordings/{}", told.id, recording_id(call)),
    })
}

fn is_delayed(call: usize, faults: &FaultPlan, state: &mut State) -> bool {
    let asks = state.recording_asks.entry(call).or_default();
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
    if Instant::now() >= link.ends {
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
