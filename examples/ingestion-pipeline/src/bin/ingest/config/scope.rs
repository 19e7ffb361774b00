//! Whose calls of a source are stored, and which: `calls_of`, `filter` and `agents`.

use std::time::Duration;

use connector_core::{Direction, length};
use ingestion_pipeline::Filter;
use serde::{Deserialize, Deserializer};

use super::error::ConfigError;
use super::reader::{Reader, Table, nearest};

/// Whose calls are stored, and which of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct ScopeSettings {
    pub(crate) calls_of: CallsOf,
    pub(crate) filter: Filter,
    /// How the people come from the source's own list, if they do.
    pub(crate) agents: Option<AgentSettings>,
}

/// Whose calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum CallsOf {
    #[default]
    Everyone,
    /// Of the people that are known, those who are to be analysed.
    People,
}

/// Which agents of a source become people.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgentSettings {
    /// Names of groups; all agents when empty.
    #[serde(default)]
    pub(crate) groups: Vec<String>,
    /// How often they are listed.
    #[serde(default = "hourly", deserialize_with = "often")]
    pub(crate) every: Duration,
    /// Whether the calls of new people are to be analysed.
    #[serde(default = "yes")]
    pub(crate) analyse: bool,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
struct FilterSettings {
    #[serde(deserialize_with = "length::deserialize")]
    min_length: Duration,
    directions: Vec<Way>,
    queues: Vec<String>,
}

/// A direction that can be asked for.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Way {
    Inbound,
    Outbound,
    Internal,
}

impl From<Way> for Direction {
    fn from(way: Way) -> Self {
        match way {
            Way::Inbound => Self::Inbound,
            Way::Outbound => Self::Outbound,
            Way::Internal => Self::Internal,
        }
    }
}

fn hourly() -> Duration {
    Duration::from_secs(3600)
}

fn yes() -> bool {
    true
}

fn often<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let every = length::deserialize(deserializer)?;
    if every < Duration::from_secs(1) {
        return Err(serde::de::Error::custom("that is too often; write 1s or more, such as \"1h\""));
    }
    Ok(every)
}

impl<'a> Reader<'a> {
    /// Takes what is said of the scope out of a source's table.
    pub(super) fn take_scope(
        &self,
        table: &mut Table<'a>,
        whose: &str,
        has_agents: bool,
    ) -> Result<ScopeSettings, ConfigError> {
        let calls_of = self.take_calls_of(table)?;
        let filter: FilterSettings =
            self.take_table(table, "filter", whose, "write filter = { … }")?.unwrap_or_default();
        let agents_at = table.get_ref().get("agents").map(toml::Spanned::span);
        let agents = self.take_table(table, "agents", whose, "write agents = { … }")?;
        if let Some(span) = agents_at.filter(|_| !has_agents) {
            let hint = "take `agents` out, and name its people with `ingest agents import`";
            return Err(self.at(span, format!("{whose} has no list of agents"), Some(hint.to_owned())));
        }
        let filter = Filter::default()
            .with_min_length(filter.min_length)
            .with_directions(filter.directions.into_iter().map(Direction::from))
            .with_queues(filter.queues);
        Ok(ScopeSettings { calls_of, filter, agents })
    }

    fn take_calls_of(&self, table: &mut Table<'a>) -> Result<CallsOf, ConfigError> {
        let Some(value) = table.get_mut().remove("calls_of") else { return Ok(CallsOf::Everyone) };
        let word = value.get_ref().as_str();
        match word {
            Some("everyone") => Ok(CallsOf::Everyone),
            Some("people") => Ok(CallsOf::People),
            _ => {
                let meant = word.and_then(|word| nearest(word, &["everyone", "people"]));
                let hint = meant.map_or_else(
                    || "write \"everyone\" or \"people\"".to_owned(),
                    |meant| format!("did you mean \"{meant}\"?"),
                );
                Err(self.at(value.span(), "`calls_of` is neither \"everyone\" nor \"people\"".to_owned(), Some(hint)))
            }
        }
    }
}
