//! Media Playback: where the recordings of a call or of one leg are.

use std::time::Duration;

use chrono::{DateTime, Utc};
use connector_core::testing::http::{Answer, Link};
use connector_core::testing::{Clip, Fault, FaultPlan};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::ask::{Ask, instant};
use super::contact::{Contact, Kind};
use super::endpoint::Endpoint;
use super::ids::agent_id;
use super::settings::{NotReady, PlaybackShape, Settings};
use super::state::State;
use super::tenant::Tenant;

/// What is asked for.
enum Wanted<'a> {
    /// The file of a call: of those legs that are over.
    Call(usize, Vec<&'a Contact>),
    Leg(&'a Contact),
}

pub(super) fn playback(ask: &Ask<'_>, tenant: &Tenant, faults: &FaultPlan, state: &mut State) -> Answer {
    if is_over_limit(state) {
        return state.throttle(ask);
    }
    let Some(wanted) = wanted(ask, tenant, state) else { return not_found() };
    let (contacts, clip) = match wanted {
        Wanted::Call(call, legs) => {
            let clip = consolidated(tenant, call, legs.len());
            (legs, clip)
        }
        Wanted::Leg(leg) => (vec![leg], leg_clip(tenant, leg)),
    };
    if let Some(answer) = not_ready(contacts[0].master, faults, state) {
        return answer;
    }
    let url = link(clip, state);
    let shape = match (state.settings.playback_shape, ask.flag("isDownload"), ask.endpoint) {
        (PlaybackShape::AsAsked, Some(true), _) => PlaybackShape::RedirectUrl,
        (PlaybackShape::AsAsked, _, Some(Endpoint::PlaybackSegment)) => PlaybackShape::UpperInteractions,
        (PlaybackShape::AsAsked, ..) => PlaybackShape::Interactions,
        (shape, ..) => shape,
    };
    let told = || interactions(tenant, &contacts, clip, &url, &state.settings);
    let (id, master) = (format!("11f0aa00-2222-4333-8444-{:012x}", contacts[0].master), contacts[0].master.to_string());
    Answer::json(&match shape {
        PlaybackShape::RedirectUrl => json!({ "redirectUrl": url }),
        PlaybackShape::FileToPlayUrl => json!({ "fileToPlayUrl": url }),
        PlaybackShape::UpperInteractions => json!({ "contactId": id, "acdcontactId": master, "Interactions": told() }),
        PlaybackShape::Value => {
            let wrapped: Vec<Value> = told().into_iter().map(|told| json!({ "Interaction": told })).collect();
            json!({ "value": { "contactId": id, "Interactions": wrapped } })
        }
        PlaybackShape::AsAsked | PlaybackShape::Interactions => json!({
            "contactId": id,
            "acdcontactId": master,
            "elevatedInteraction": state.settings.elevated,
            "interactions": told(),
        }),
    })
}

/// The call of a master id, or the leg of a segment, if anything of it was recorded and is over.
fn wanted<'a>(ask: &Ask<'_>, tenant: &'a Tenant, state: &State) -> Option<Wanted<'a>> {
    let now = state.now(tenant);
    let is_there = |contact: &&Contact| {
        contact.recorded
            && state.is_played(contact)
            && contact.ended + state.settings.recorded_after <= now
            && !state.are_recordings_deleted
    };
    let there = tenant.contacts.iter().filter(is_there);
    if ask.endpoint == Some(Endpoint::PlaybackSegment) {
        return there.into_iter().find(|contact| segment_id(contact) == ask.id()).map(Wanted::Leg);
    }
    let master = ask.number("acd-call-id")?;
    let legs: Vec<&Contact> = there.filter(|contact| contact.master == master).collect();
    match legs.first()?.kind {
        Kind::Call(call) => Some(Wanted::Call(call, legs)),
        Kind::Chat(_) | Kind::Abandoned(_) | Kind::Bad(_) => None,
    }
}

/// Whether this request is one too many. Counts it, if it is not.
fn is_over_limit(state: &mut State) -> bool {
    let (most, window) = state.settings.playback_limit;
    let now = Instant::now();
    state.playbacks.retain(|at| now.saturating_duration_since(*at) < window);
    let is_over = state.playbacks.len() >= most;
    if !is_over {
        state.playbacks.push_back(now);
    }
    is_over
}

/// The answer of a recording that is not ready, while it is not.
fn not_ready(master: u64, faults: &FaultPlan, state: &mut State) -> Option<Answer> {
    let asked = state.playback_asks.entry(master).or_default();
    let is_early = *asked < state.settings.not_ready_asks;
    // What was there once stays.
    if !is_early && (state.played.contains(&master) || !faults.fire(Fault::NotReady)) {
        state.played.insert(master);
        return None;
    }
    let forms = [NotReady::NotFound, NotReady::NoInteractions, NotReady::Accepted];
    let form = state.settings.not_ready.unwrap_or(forms[*asked % forms.len()]);
    *asked += 1;
    Some(match form {
        NotReady::NotFound => not_found(),
        NotReady::NoInteractions => Answer::json(&json!({ "acdcontactId": master.to_string(), "interactions": [] })),
        NotReady::Accepted => Answer::new(202),
    })
}

fn not_found() -> Answer {
    let words = json!({ "internalCode": "INTERACTION_NOT_FOUND", "message": "Interaction not found" });
    Answer::json(&words).with_status(404)
}

/// What somebody gets without the permission to play any recording, or without the licence.
pub(super) fn forbidden(words: &str) -> Answer {
    Answer::json(&json!({ "internalCode": "FORBIDDEN", "message": words })).with_status(403)
}

/// A new link to a file in the store.
fn link(clip: Clip, state: &mut State) -> String {
    let life = state.settings.link_life;
    let link = Link::new(clip, life).with_extension("mp4").with_uses(state.settings.link_uses);
    let mut url = state.store.link(&state.origins.media, link);
    url.query_pairs_mut().append_pair("X-Amz-Expires", &life.as_secs().to_string());
    url.into()
}

/// The file of a call after so many of its legs: it grows with every leg.
pub(super) fn consolidated(tenant: &Tenant, call: usize, legs: usize) -> Clip {
    let told = &tenant.scenario.calls[call];
    let all = told.legs();
    match all.get(legs.saturating_sub(1)) {
        Some(last) if legs < all.len() => clip_like(told.audio, told.audio.seed(), last.ended - all[0].answered),
        _ => told.audio,
    }
}

/// The file of one leg: of a call that has no other, that of the call.
pub(super) fn leg_clip(tenant: &Tenant, leg: &Contact) -> Clip {
    let Kind::Call(call) = leg.kind else { return Clip::mono(leg.id, Duration::ZERO) };
    let told = &tenant.scenario.calls[call];
    match told.legs().len() {
        1 => told.audio,
        _ => clip_like(told.audio, told.audio.seed() ^ leg.id, leg.ended - leg.answered),
    }
}

fn clip_like(audio: Clip, seed: u64, length: chrono::TimeDelta) -> Clip {
    let length = length.to_std().unwrap_or_default();
    if audio.channels() == 1 { Clip::mono(seed, length) } else { Clip::stereo(seed, length) }
}

/// The id of a leg in the recordings.
pub(super) fn segment_id(contact: &Contact) -> String {
    format!("5c0e0d7e-aaaa-4bbb-8ccc-{:012x}", contact.id)
}

/// What was recorded: one entry for the call; one without a file for the chat before it, where there was one.
fn interactions(tenant: &Tenant, legs: &[&Contact], clip: Clip, url: &str, settings: &Settings) -> Vec<Value> {
    let (first, last) = (legs[0], legs[legs.len() - 1]);
    let agent_channel = clip.channels();
    let mut participants: Vec<Value> = legs
        .iter()
        .map(|leg| {
            let who = &tenant.scenario.agents[leg.agent];
            json!({
                "participantType": "AGENT",
                "agentName": who.name.reveal(),
                "participantId": agent_id(leg.agent).to_string(),
                "userId": who.id,
                "segmentId": segment_id(leg),
                "channel": agent_channel,
                "voiceStages": stages(leg),
            })
        })
        .collect();
    participants.push(json!({ "participantType": "CUSTOMER", "channel": 1 }));
    let segments: Vec<Value> = legs
        .iter()
        .map(|leg| {
            json!({
                "segmentId": segment_id(leg),
                "startTime": instant(leg.answered),
                "endTime": instant(leg.ended),
                "directionType": if leg.outbound { "OUTBOUND" } else { "INBOUND" },
                "openReasonType": if leg.passed_on { "TRANSFER" } else { "SEGMENT" },
                "closeReasonType": if leg.id == last.id { "CONTACT" } else { "TRANSFER" },
                "channelType": "PHONE_CALL",
                "firstSegment": !leg.passed_on,
            })
        })
        .collect();
    let call = json!({
        "@type": "call",
        "mediaType": "voice-only",
        "channelType": "PHONE_CALL",
        "startTime": instant(first.answered),
        "endTime": instant(last.ended),
        "data": {
            "startTime": instant(first.answered),
            "endTime": instant(last.ended),
            "acwEndTime": instant(last.ended + last.wrap_up),
            "fileToPlayUrl": url,
            "participantDataList": participants,
            "segmentsDataList": segments,
        },
        "callTaggingList": [],
        "dynamicBusinessData": [{ "id": "acct", "value": "A-77" }],
    });
    let chat =
        json!({ "@type": "chat", "mediaType": "chat", "channelType": "CHAT", "data": { "fileToPlayUrl": null } });
    if settings.elevated { vec![chat, call] } else { vec![call] }
}

/// When the agent and the customer talked, and when the customer was on hold.
fn stages(leg: &Contact) -> Vec<Value> {
    let stage = |kind: &str, from: DateTime<Utc>, to: DateTime<Utc>| json!({ "stageType": kind, "startTime": instant(from), "endTime": instant(to) });
    let mut stages = Vec::new();
    let mut from = leg.answered;
    for hold in &leg.holds {
        stages.extend([stage("ACTIVE", from, hold.start), stage("HOLD", hold.start, hold.end)]);
        from = hold.end;
    }
    stages.push(stage("ACTIVE", from, leg.ended));
    stages
}
