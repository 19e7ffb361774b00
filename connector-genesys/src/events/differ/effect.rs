//! What is to be done about calls.

use connector_core::{CallEvent, Gap};

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Effect {
    /// Hand this on.
    Emit(Box<CallEvent>),
    /// Ask the vendor about this conversation: [`Differ::see`](super::Differ::see) what it looks like, then say whether it is over by
    /// [`Differ::confirmed`](super::Differ::confirmed). It is asked again later, with or without an answer.
    Confirm(String),
    /// Calls were left alone in this time, since there were too many.
    Gap(Gap),
}
