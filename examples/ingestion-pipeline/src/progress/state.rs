//! How a source is doing, while the pipeline runs and at its end.

use std::fmt;

use chrono::{DateTime, Utc};
use connector_core::SourceStatus;
use serde::Serialize;

/// How a source is doing. `Display` is a few plain words.
///
/// ```
/// use ingestion_pipeline::SourceState;
/// let since = "2026-10-19T14:02:53Z".parse().unwrap();
/// let away = SourceState::Reconnecting { why: "the connection was lost".into(), since };
/// assert!(!away.is_live() && SourceState::Live.is_live());
/// assert_eq!(away.to_string(), "connecting again since 2026-10-19T14:02:53Z: the connection was lost");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[non_exhaustive]
pub enum SourceState {
    /// It has not said yet that it hears.
    Starting,
    /// It hears, or there is nothing to hear.
    Live,
    /// It hears, but was asked to slow down.
    Throttled {
        /// Until when it waits.
        until: DateTime<Utc>,
    },
    /// It hears, but nothing came for longer than is usual there.
    Silent {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// It lost its connection, or never had one, and tries by itself.
    Reconnecting {
        /// Why.
        why: String,
        /// Since when it hears nothing.
        since: DateTime<Utc>,
    },
    /// It gave up, and is started again.
    Failing {
        /// Why.
        why: String,
        /// Since when it hears nothing.
        since: DateTime<Utc>,
        /// When it is started again.
        next_try: DateTime<Utc>,
    },
}

impl SourceState {
    /// Whether it hears.
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Live | Self::Throttled { .. } | Self::Silent { .. })
    }

    /// The state after a status; `None` where that says nothing of it.
    pub(crate) fn after(&self, status: &SourceStatus, now: DateTime<Utc>) -> Option<Self> {
        Some(match status {
            SourceStatus::Live => Self::Live,
            SourceStatus::Reconnecting { why } => Self::Reconnecting { why: why.clone(), since: self.deaf_since(now) },
            SourceStatus::Throttled { until } => Self::Throttled { until: *until },
            SourceStatus::Silent { since } => Self::Silent { since: *since },
            _ => return None,
        })
    }

    /// The state once its loop has ended and is to be started again.
    pub(crate) fn failing(&self, why: String, now: DateTime<Utc>, next_try: DateTime<Utc>) -> Self {
        Self::Failing { why, since: self.deaf_since(now), next_try }
    }

    /// Since when it hears nothing, if that is so now.
    fn deaf_since(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Reconnecting { since, .. } | Self::Failing { since, .. } => *since,
            _ => now,
        }
    }

    /// Whether a person has to be told of the step from one to the other: a further attempt in vain is no news.
    pub(crate) fn is_news(&self, before: &Self) -> bool {
        match (before, self) {
            (Self::Reconnecting { why: before, .. }, Self::Reconnecting { why, .. })
            | (Self::Failing { why: before, .. }, Self::Failing { why, .. }) => before != why,
            _ => std::mem::discriminant(before) != std::mem::discriminant(self),
        }
    }
}

impl fmt::Display for SourceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Starting => f.write_str("starting"),
            Self::Live => f.write_str("live"),
            Self::Throttled { until } => write!(f, "asked to slow down until {}", brief(*until)),
            Self::Silent { since } => write!(f, "nothing came since {}", brief(*since)),
            Self::Reconnecting { why, since } => write!(f, "connecting again since {}: {why}", brief(*since)),
            Self::Failing { why, since, next_try } => {
                write!(f, "failing since {}, next try {}: {why}", brief(*since), brief(*next_try))
            }
        }
    }
}

fn brief(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_792_411_200 + second, 0).unwrap_or_default()
    }

    #[test]
    fn a_change_and_another_reason_are_news_and_a_further_attempt_is_none() {
        let failing = |why: &str, second| SourceState::Live.failing(why.into(), at(0), at(second));
        assert!(failing("down", 1).is_news(&SourceState::Live));
        assert!(!failing("down", 9).is_news(&failing("down", 1)));
        assert!(failing("forbidden", 9).is_news(&failing("down", 1)));
        assert!(SourceState::Live.is_news(&failing("down", 1)));
        assert!(!SourceState::Live.is_news(&SourceState::Live));
        let silent = |second| SourceState::Silent { since: at(second) };
        assert!(!silent(9).is_news(&silent(1)), "said every few minutes by some sources");
    }

    #[test]
    fn trouble_lasts_since_it_began_however_its_kind_changes() {
        let lost = SourceStatus::Reconnecting { why: "lost".into() };
        let first = SourceState::Live.after(&lost, at(1)).unwrap();
        let second = first.failing("gave up".into(), at(5), at(6));
        let third = second.after(&lost, at(7)).unwrap();
        assert_eq!(third, SourceState::Reconnecting { why: "lost".into(), since: at(1) });
        let again = SourceState::Live.after(&lost, at(9)).unwrap();
        assert_eq!(again, SourceState::Reconnecting { why: "lost".into(), since: at(9) });
    }
}
