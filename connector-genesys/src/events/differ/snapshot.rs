//! A call as it is at one moment, in no topic's own form.

use chrono::{DateTime, Utc};
use connector_core::AgentRef;

/// The whole state of a call, as one message tells it. It bears no time and no number: whether it is older than another
/// one is only seen from what is in it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Snapshot {
    /// The id of the conversation.
    pub(crate) conversation: String,
    pub(crate) parties: Vec<Party>,
}

impl Snapshot {
    /// Whether all people in it are out of it.
    pub(crate) fn looks_over(&self) -> bool {
        self.parties.iter().filter(|party| party.role != Role::Machine).all(Party::is_over)
    }

    /// When the first of them came in.
    pub(super) fn started(&self) -> Option<DateTime<Utc>> {
        self.parties.iter().filter_map(|party| party.started).min()
    }

    /// When the last of those who are out of it left.
    pub(super) fn ended(&self) -> Option<DateTime<Utc>> {
        self.parties.iter().filter_map(|party| party.ended).max()
    }
}

/// What somebody is in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Who is not from the contact centre.
    Customer,
    /// Who works there.
    Agent,
    /// A queue, a menu, a voice mailbox.
    Machine,
}

/// How far somebody has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Ringing,
    Connected,
    Over,
    /// Something else, which changes nothing.
    Other,
}

/// One participant. Whoever is offered a call again is another one, and so is whoever comes back into it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Party {
    pub(crate) id: String,
    pub(crate) role: Role,
    /// Who it is, where it is an agent.
    pub(crate) agent: AgentRef,
    pub(crate) phase: Phase,
    pub(crate) started: Option<DateTime<Utc>>,
    pub(crate) answered: Option<DateTime<Utc>>,
    pub(crate) ended: Option<DateTime<Utc>>,
    /// Whether the other side is on hold; `None` where it is not said, which changes nothing.
    pub(crate) is_holding: Option<bool>,
    /// Since when. There is no time for the end of a hold.
    pub(crate) holding_since: Option<DateTime<Utc>>,
    pub(crate) is_muted: Option<bool>,
    /// Whether its recording is paused; `None` where it is not recorded.
    pub(crate) is_paused: Option<bool>,
    /// Whether it left by handing the call to somebody.
    pub(crate) has_passed_on: bool,
    pub(crate) wrap_up: Option<WrapUp>,
}

/// That the work after a call is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WrapUp {
    pub(crate) at: Option<DateTime<Utc>>,
}

impl Party {
    pub(super) fn is_over(&self) -> bool {
        self.phase == Phase::Over || self.ended.is_some()
    }

    pub(super) fn is_answered(&self) -> bool {
        self.phase == Phase::Connected || self.answered.is_some()
    }
}
