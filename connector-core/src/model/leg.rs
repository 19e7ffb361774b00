//! The parts of a conversation: who had the customer, from when to when.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::seconds::Seconds;
use crate::{AgentRef, Revision, Stamp};

/// Something with an id, a name, or both: a queue, a skill, a campaign, a disposition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Named {
    /// The vendor's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Named {
    /// Known by name only.
    pub fn by_name(name: impl Into<String>) -> Self {
        Self { id: None, name: Some(name.into()) }
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name.as_deref().or(self.id.as_deref()).unwrap_or("?"))
    }
}

/// A stretch of time in which the customer was on hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Hold {
    /// When it starts.
    pub started: Stamp,
    /// When it ends; `None` while it lasts or where nobody said.
    pub ended: Option<Stamp>,
}

/// Sums over a leg, as far as the vendor tells them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct Totals {
    /// Ringing at the agent.
    #[serde(with = "Seconds", skip_serializing_if = "Option::is_none")]
    pub ring: Option<Duration>,
    /// Waiting in the queue.
    #[serde(with = "Seconds", skip_serializing_if = "Option::is_none")]
    pub queue: Option<Duration>,
    /// Talking.
    #[serde(with = "Seconds", skip_serializing_if = "Option::is_none")]
    pub talk: Option<Duration>,
    /// On hold.
    #[serde(with = "Seconds", skip_serializing_if = "Option::is_none")]
    pub hold: Option<Duration>,
    /// How many times on hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holds: Option<u32>,
    /// Work after the call.
    #[serde(with = "Seconds", skip_serializing_if = "Option::is_none")]
    pub wrap_up: Option<Duration>,
}

/// One agent's, queue's or menu's part in a conversation. The customer is no leg.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Leg {
    /// The vendor's id, or one made of the conversation's id and an ordinal.
    pub id: String,
    /// The leg that this one was transferred from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// Which version of the facts this is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
    /// Who took the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentRef>,
    /// The queue it came through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<Named>,
    /// The skill it asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skill: Option<Named>,
    /// The campaign it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<Named>,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Stamp>,
    /// When it was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<Stamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Stamp>,
    /// Stretches on hold, where the vendor tells them one by one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<Hold>,
    /// Sums.
    #[serde(default)]
    pub totals: Totals,
    /// How the agent classified the call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dispositions: Vec<Named>,
    /// Who or what ended it, in the vendor's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_reason: Option<String>,
    /// Whether it was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded: Option<bool>,
}

impl Leg {
    /// A leg of which nothing else is known yet.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            previous: None,
            revision: None,
            agent: None,
            queue: None,
            skill: None,
            campaign: None,
            started: None,
            answered: None,
            ended: None,
            holds: Vec::new(),
            totals: Totals::default(),
            dispositions: Vec::new(),
            end_reason: None,
            recorded: None,
        }
    }

    /// The same leg as that of an agent.
    pub fn with_agent(mut self, agent: AgentRef) -> Self {
        self.agent = Some(agent);
        self
    }

    /// Whether this version of the leg is to replace the other; without revisions, the later arrival does.
    pub fn supersedes(&self, other: &Self) -> bool {
        match (&self.revision, &other.revision) {
            (Some(new), Some(old)) => new.supersedes(old),
            _ => self != other,
        }
    }
}
