//! What a run hands over.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_core::stream::BoxStream;

use crate::{Conversation, Cursor, Rejected, Result};

/// A difference between the source's history and what is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Found {
    /// The call is not stored.
    MissingCall(Conversation),
    /// The source knows a leg more, or a newer version of one.
    Changed(Conversation),
    /// There should be a recording, and there is none. The call may have changed as well.
    MissingRecording(Conversation),
    /// The recordings do not play for as long as they should.
    DurationMismatch {
        /// The call.
        conversation: Conversation,
        /// How long they should play: the stretches that were recorded, else from the first answer to the end.
        call: Duration,
        /// How long they play.
        audio: Duration,
    },
}

impl Found {
    /// The call, as the source lists it.
    pub fn conversation(&self) -> &Conversation {
        match self {
            Self::MissingCall(call) | Self::Changed(call) | Self::MissingRecording(call) => call,
            Self::DurationMismatch { conversation, .. } => conversation,
        }
    }
}

/// What a run found in a part of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// The differences, at most one for each conversation.
    pub found: Vec<Found>,
    /// The rows that could not be read. They cost themselves.
    pub rejected: Vec<Rejected>,
    /// How many conversations were compared.
    pub compared: usize,
    /// How many were listed though they ended outside the window asked for: they are left out.
    pub outside: usize,
    /// How many were found and are none of ours.
    pub left_alone: usize,
    /// Everything that ended before this time is compared.
    pub reached: DateTime<Utc>,
    /// Where to go on once all of this is written down.
    pub resume: Cursor,
}

impl Step {
    /// Takes out the calls that are none of ours, and counts them.
    pub fn keep(&mut self, mut ours: impl FnMut(&Conversation) -> bool) {
        let before = self.found.len();
        self.found.retain(|found| ours(found.conversation()));
        self.left_alone += before - self.found.len();
    }
}

/// The steps of a run. `Err` is always the last item: the run can be taken up again at the last step's position.
pub type Steps = BoxStream<'static, Result<Step>>;
