//! The points of the contract, and what was seen of each.

use std::fmt;

use super::seen::{Miss, Seen};

macro_rules! points {
    ($($(#[$doc:meta])* $point:ident = $name:literal;)*) => {
        /// A point of the contract. `Display` is its name, in plain words.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Point {
            $($(#[$doc])* $point,)*
        }

        impl Point {
            /// All of them, in the order in which they are tried.
            pub const ALL: &[Self] = &[$(Self::$point),*];

            /// The point in plain words.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$point => $name,)*
                }
            }
        }
    };
}

points! {
    /// It declares the kinds that the vendor tells at least, tells no others, and carries facts if it says so.
    Traits = "what the source says of itself is true";
    /// With and without faults the events are those of the day, as far as the source can tell them, and no more.
    Events = "the events are those of the day";
    /// Deliveries can be taken without accepting those before.
    NextNeverWaits = "next() never waits for an ack";
    /// Redelivered: the same keys come again. From a cursor: a new stream brings them. Lost: a gap covers them.
    RefusedComesAgain = "what is refused or dropped is owed again";
    /// From any stored cursor on nothing is missed, and one that cannot be read leads to a gap.
    Cursors = "cursors are low-water marks";
    /// An accept that is dropped half way leads to the same keys again at worst.
    HalfAccepted = "an accept given up half way loses nothing";
    /// A source that hears by requests answers each only when its delivery was accepted or refused.
    HttpRequests = "a request is answered when its delivery is safe";
    /// A source that cannot replay says with a gap that it heard nothing before it started.
    StartUpGap = "a source that cannot replay starts with a gap";
    /// A second stream ends at once; after the first is dropped there can be another.
    OneStream = "one stream at a time";
    /// Wherever a stream of events is dropped, another brings the rest.
    DroppedStream = "a stream can be dropped at any point";
    /// Somebody added to the watch is heard, somebody removed is not.
    WatchChanges = "the watch can change while it runs";
    /// A bad row is rejected, and the others come.
    BadRows = "a bad row costs the row";
    /// Listings hold everybody and every call, each time.
    ListingsComplete = "listings are complete, each time";
    /// A listing that goes on from any position brings all that was not there before it.
    ListingsResumed = "a listing goes on from any position";
    /// A listing that was dropped anywhere takes nothing with it.
    ListingsDropped = "a listing can be dropped at any point";
    /// Nothing comes after an error, and what the vendor does not know is an answer.
    ListingErrors = "an error is the last item of a listing";
    /// Every recording can be fetched whole, in spite of cuts, of links that end and of waits until it is there, and from any offset.
    RecordingsWhole = "recordings are fetched whole";
    /// One answer a call, in the order of the calls.
    RecordingsInOrder = "recordings are answered call by call";
    /// A recording that is not there is an answer, not an error.
    RecordingsGone = "a recording that is gone is an answer";
    /// Settling twice is fine, and a strange receipt does no harm.
    Settling = "settling twice is fine";
    /// Every job says that it can work.
    Checks = "every job answers check()";
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How it stands with a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It holds.
    Passed,
    /// It does not.
    Failed,
    /// The connector lacks the job, or the job is of another sort.
    NotApplicable,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Passed => "passed",
            Self::Failed => "FAILED",
            Self::NotApplicable => "n/a",
        })
    }
}

/// What was seen of a point. `Display` is one line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The point.
    pub point: Point,
    /// How it stands.
    pub verdict: Verdict,
    /// What was seen, or why it does not apply.
    pub seen: String,
}

impl Finding {
    pub(super) fn new(point: Point, seen: Seen) -> Self {
        let (verdict, seen) = match seen {
            Ok(seen) => (Verdict::Passed, seen),
            Err(Miss::Failed(seen)) => (Verdict::Failed, seen),
            Err(Miss::NotApplicable(why)) => (Verdict::NotApplicable, why),
        };
        Self { point, verdict, seen }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:6}  {}: {}", self.verdict, self.point, self.seen)
    }
}

/// What was seen of every point. `Display` is a line for each.
///
/// A test ends with `assert!(report.is_ok(), "{report}")`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// In the order of [`Point::ALL`].
    pub findings: Vec<Finding>,
}

impl Report {
    pub(super) fn new(findings: Vec<Finding>) -> Self {
        Self { findings }
    }

    /// The points that do not hold.
    pub fn failed(&self) -> Vec<Point> {
        self.with(Verdict::Failed)
    }

    /// The points that do not concern this connector.
    pub fn not_applicable(&self) -> Vec<Point> {
        self.with(Verdict::NotApplicable)
    }

    /// Whether no point failed.
    pub fn is_ok(&self) -> bool {
        self.failed().is_empty()
    }

    fn with(&self, verdict: Verdict) -> Vec<Point> {
        self.findings.iter().filter(|finding| finding.verdict == verdict).map(|finding| finding.point).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.findings.iter().try_for_each(|finding| writeln!(f, "{finding}"))
    }
}
