//! What a session passes over, counted.

/// How often something was passed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Messages that are not known, or that had no place.
    pub(crate) ignored: u64,
    /// Frames of sound that nobody was to hear.
    pub(crate) unheard: u64,
    /// Frames of no whole samples.
    pub(crate) odd: u64,
    /// Answers that were left out, since too many were asked for.
    pub(crate) unsaid: u64,
}
