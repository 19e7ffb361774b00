//! How long a time one question is about: the vendor sends so many rows of it and no more.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::wire::analytics::Conversation;

/// A time with more hits than this is halved. The vendor sends 10,000 rows by one source, 100,000 by another, and the
/// number of hits is not exact.
const MOST: i64 = 8_000;

/// The shortest time that is halved.
const SHORTEST: TimeDelta = TimeDelta::minutes(2);

/// So often in a row a half may have as many hits as the whole before it is no use to go on. Where the vendor selects by the
/// day, all of them have.
const IN_VAIN: usize = 3;

/// The calls that began in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Slice {
    pub(super) from: DateTime<Utc>,
    pub(super) to: DateTime<Utc>,
    /// How many hits the time had of which this is a half, where it is one.
    whole: Option<i64>,
    /// How often in a row a half had as many hits as the whole.
    in_vain: usize,
}

impl Slice {
    pub(super) fn new(from: DateTime<Utc>, to: DateTime<Utc>) -> Self {
        Self { from, to, whole: None, in_vain: 0 }
    }

    /// Whether a row has no business here, as where the vendor selects by the day.
    pub(super) fn is_strange(&self, row: &Conversation) -> bool {
        row.conversation_end.is_some_and(|end| end < self.from)
            || row.conversation_start.is_some_and(|start| start >= self.to)
    }

    /// Whether it is known that halves of it would be of no use.
    pub(super) fn is_settled(&self) -> bool {
        self.in_vain >= IN_VAIN
    }

    /// Takes all up to the end of the day at once.
    pub(super) fn settle(&mut self, end: DateTime<Utc>) {
        (self.to, self.whole, self.in_vain) = (end, None, IN_VAIN);
    }

    /// Whether there may be more than the vendor sends.
    pub(super) fn is_to_be_halved(&self, total: Option<i64>) -> bool {
        total.is_some_and(|total| total > MOST) && self.to - self.from >= SHORTEST
    }

    /// Takes the first half, unless halves are of no use.
    pub(super) fn halve(&mut self, total: Option<i64>, end: DateTime<Utc>) {
        self.in_vain = if self.whole.is_some() && total >= self.whole { self.in_vain + 1 } else { 0 };
        if self.is_settled() {
            return self.settle(end);
        }
        (self.to, self.whole) = (self.from + (self.to - self.from) / 2, total);
    }
}
