//! What goes wrong.

use clap::ValueEnum;
use connector_core::testing::{Fault, FaultPlan};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Faults {
    /// None.
    None,
    /// Those of an ordinary day.
    Some,
    /// Every kind there is.
    All,
}

/// What goes wrong with every source.
const OF_SOURCES: &[Fault] = &[Fault::LostEvent, Fault::CutDownload, Fault::Duplicate, Fault::Reordered];
/// What goes wrong with a vendor's API.
const OF_REQUESTS: &[Fault] = &[Fault::Throttled, Fault::NotReady, Fault::Unauthorized, Fault::ExpiredLink];

/// What can go wrong with a source of some sort.
pub(crate) type Kinds = &'static [&'static [Fault]];
/// With a drop folder.
pub(crate) const OF_FOLDERS: Kinds = &[OF_SOURCES, &[Fault::HalfWritten]];
/// With a vendor that is asked.
pub(crate) const OF_APIS: Kinds = &[OF_SOURCES, OF_REQUESTS];
/// With a vendor that is asked and heard over sockets.
pub(crate) const OF_SOCKETS: Kinds = &[OF_SOURCES, OF_REQUESTS, &[Fault::CutSocket]];

/// What goes wrong on an ordinary day.
const ORDINARY: &[Fault] = &[Fault::LostEvent, Fault::CutDownload];
/// Below this many calls there are not enough occasions for everything: what goes wrong is what does on an ordinary day.
const SMALL_DAY: usize = 6;
/// From this many calls on things go wrong more than once.
const LARGE_DAY: usize = 12;

impl Faults {
    /// What goes wrong in so many calls of a source that can have faults of these kinds.
    pub(crate) fn plan(self, kinds: Kinds, calls: usize, seed: u64) -> FaultPlan {
        let kinds = &kinds.concat();
        let once = |kinds: &[Fault]| kinds.iter().fold(FaultPlan::none(), |plan, kind| plan.with(*kind, 1));
        match self {
            Self::None => FaultPlan::none(),
            // A token that is refused, and the next one too, would mean that the credentials are wrong.
            Self::All if calls >= LARGE_DAY => FaultPlan::of(kinds, seed).every(Fault::Unauthorized, 5),
            Self::All if calls >= SMALL_DAY => once(kinds),
            Self::All | Self::Some => once(ORDINARY),
        }
    }
}
