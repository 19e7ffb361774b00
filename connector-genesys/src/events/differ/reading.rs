//! From what the vendor sends to a snapshot.

use connector_core::AgentRef;

use super::snapshot::{Party, Phase, Role, Snapshot, WrapUp};
use crate::wire::calls::{self, Call};
use crate::wire::conversations::{self, Conversation, PartyCall};
use crate::wire::purpose::{AGENTS, CUSTOMERS};
use crate::wire::reason::Reason;

const RINGING: [&str; 4] = ["alerting", "contacting", "offering", "dialing"];
const OVER: [&str; 2] = ["disconnected", "terminated"];

fn is_one_of(text: Option<&str>, words: &[&str]) -> bool {
    text.is_some_and(|text| words.iter().any(|word| word.eq_ignore_ascii_case(text)))
}

fn role(purpose: Option<&str>) -> Role {
    if is_one_of(purpose, &CUSTOMERS) {
        Role::Customer
    } else if is_one_of(purpose, &AGENTS) {
        Role::Agent
    } else {
        Role::Machine
    }
}

fn phase(state: Option<&str>) -> Phase {
    if is_one_of(state, &["connected"]) {
        Phase::Connected
    } else if is_one_of(state, &RINGING) {
        Phase::Ringing
    } else if is_one_of(state, &OVER) {
        Phase::Over
    } else {
        Phase::Other
    }
}

/// The state of a recording, and whether it is paused to hide what is sensitive.
type Pause = (Option<String>, Option<bool>);

/// Whether a recording is paused, where there is one. Where a participant says nothing of its own, that of the whole call
/// counts.
fn paused(own: Pause, whole: &Pause) -> Option<bool> {
    let is_paused = |(state, secure): &Pause| match state.as_deref() {
        _ if *secure == Some(true) => Some(true),
        Some(state) if state.eq_ignore_ascii_case("paused") => Some(true),
        Some(state) if state.eq_ignore_ascii_case("active") => Some(false),
        _ => None,
    };
    is_paused(&own).or_else(|| own.0.is_none().then(|| is_paused(whole)).flatten())
}

fn wrap_up(wrapup: Option<&calls::WrapUp>, end_acw: Option<chrono::DateTime<chrono::Utc>>) -> Option<WrapUp> {
    let coded = wrapup.filter(|wrapup| wrapup.code.is_some());
    let at = coded.and_then(|wrapup| wrapup.end_time).or(end_acw);
    (coded.is_some() || end_acw.is_some()).then_some(WrapUp { at })
}

/// The topic of calls. Without an id it says nothing of anybody.
pub(crate) fn of_call(call: Call) -> Option<Snapshot> {
    let pause = (call.recording_state, call.secure_pause);
    let party = |party: calls::Participant| {
        let agent = party.user.and_then(|user| user.id);
        Some(Party {
            id: party.id?,
            role: role(party.purpose.as_deref()),
            agent: agent.into_iter().fold(AgentRef::default(), AgentRef::with_id),
            phase: phase(party.state.as_deref()),
            started: party.start_time,
            answered: party.connected_time,
            ended: party.end_time,
            is_holding: party.held,
            holding_since: party.start_hold_time,
            is_muted: party.muted,
            is_paused: paused((party.recording_state, party.secure_pause), &pause),
            has_passed_on: party.disconnect_type.is_some_and(|text| Reason::of(&text).is_transfer()),
            wrap_up: wrap_up(party.wrapup.as_ref(), party.end_acw_time),
        })
    };
    let parties = call.participants.into_iter().filter_map(party).collect();
    Some(Snapshot { conversation: call.id?, parties })
}

/// The topic of all media, and the live record. Of several calls of a participant the one that goes on counts, else the
/// last. A participant without calls is in it by another medium, and left out.
pub(crate) fn of_conversation(conversation: Conversation) -> Option<Snapshot> {
    let pause = (conversation.recording_state, conversation.secure_pause);
    let party = |party: conversations::Participant| {
        let is_over =
            |call: &&PartyCall| call.disconnected_time.is_some() || phase(call.state.as_deref()) == Phase::Over;
        let call = party.calls.iter().rfind(|call| !is_over(call)).or(party.calls.last())?;
        let answered = party.calls.iter().filter_map(|call| call.connected_time).min();
        let ended = party.calls.iter().map(|call| call.disconnected_time).max().flatten();
        let agent = party.user_id.clone();
        Some(Party {
            id: party.id.clone()?,
            role: role(party.purpose.as_deref()),
            agent: agent.into_iter().fold(AgentRef::default(), AgentRef::with_id),
            phase: phase(call.state.as_deref()),
            started: party.start_time,
            answered: answered.or(party.connected_time),
            ended: party.end_time.or(ended.filter(|_| is_over(&call))),
            is_holding: call.held,
            holding_since: call.start_hold_time,
            is_muted: call.muted,
            is_paused: paused((call.recording_state.clone(), call.secure_pause), &pause),
            has_passed_on: call.disconnect_type.as_deref().is_some_and(|text| Reason::of(text).is_transfer()),
            wrap_up: wrap_up(party.wrapup.as_ref(), party.end_acw_time),
        })
    };
    let parties = conversation.participants.into_iter().filter_map(party).collect();
    Some(Snapshot { conversation: conversation.id?, parties })
}
