//! What is heard in a session.

use futures_core::stream::BoxStream;

use super::{Frame, Position};
use crate::Result;

/// What is heard in a session. [`LiveItem::Ended`] or an `Err` is the last item.
pub type LiveItems = BoxStream<'static, Result<LiveItem>>;

/// One thing that is heard in a session. Positions never go back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LiveItem {
    /// Sound.
    Frame(Frame),
    /// From here on nothing is sent, since somebody wants it so: a card number is told.
    Paused {
        /// Where the pause begins.
        at: Position,
    },
    /// It goes on.
    Resumed {
        /// Where the pause ends.
        at: Position,
    },
    /// Sound that there was and that nobody has.
    Lost {
        /// Where it begins.
        at: Position,
        /// How many samples there were.
        samples: u64,
        /// Who lost it.
        by: LostBy,
    },
    /// The customer is on hold from here, where the vendor tells it in the stream.
    Held {
        /// Where the hold begins.
        at: Position,
    },
    /// The customer is back.
    Unheld {
        /// Where the hold ends.
        at: Position,
    },
    /// The last item.
    Ended {
        /// Where the stream ends.
        at: Position,
        /// How it came to its end.
        how: LiveEnd,
    },
}

/// Who lost sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LostBy {
    /// The vendor, who says so.
    Vendor,
    /// Us: whoever takes the items is too slow.
    Us,
}

/// How a session came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LiveEnd {
    /// The vendor said that it is over.
    Finished,
    /// The connection is gone, and nobody said that it is over: it may go on in another session.
    BrokenOff,
    /// We ended it: the program stops, or the vendor did not keep to the protocol.
    Stopped,
}

impl LiveEnd {
    /// Whether all sound up to the end is in it, as far as the vendor says.
    pub fn is_whole(self) -> bool {
        self == Self::Finished
    }
}
