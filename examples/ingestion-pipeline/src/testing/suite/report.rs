//! The points of the suite, and what was seen of each.

use std::fmt;

use super::stage::Seen;

macro_rules! points {
    ($($(#[$doc:meta])* $point:ident = $name:literal;)*) => {
        /// A point of the contract of a [`WorkStore`](crate::WorkStore). `Display` is its name, in plain words.
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
    /// Nothing is kept of a call that is none of ours, whether an event or a reconciliation tells of it.
    Outsiders = "a call of somebody outside the scope is left alone";
    /// Calls, events, rejections and messages of sources with the same ids do not meet.
    Apart = "two sources with equal ids stay apart";
    /// What belongs to a call that is known is kept, whoever counts by now; each source has its own position.
    Moved = "a person who moves to another source loses no call";
    /// What was accepted is worked on, handed on and settled by the next process.
    Restart = "a restart between accept and settle loses nothing";
    /// A delivery that was refused comes again, and what is known of it is not counted twice.
    Redelivery = "what was refused comes again, and is known";
    /// Whatever the order, the newest revision is stored, and every version has one message.
    Revisions = "a revision may come late, early or twice";
    /// A version is stored on top of the one before it, or not at all.
    Versions = "no version is skipped or replaced";
    /// What arrives while a call is worked on makes it due again.
    Generation = "what arrives while a call is worked on is worked on too";
    /// Who lost the lease commits nothing.
    LostLease = "a lost lease commits nothing";
    /// A message stays to be published until it is noted that it was.
    Outbox = "a message is published again after a crash, never lost";
    /// Told twice, written down once; the source hears of it until it is noted that it did.
    DeadLetters = "there is one dead letter for a rejection";
    /// Every method may fail, before or after it did its work.
    FullDisk = "a full disk loses nothing";
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What was seen of a point. `Display` is one line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The point.
    pub point: Point,
    /// What went wrong; `Ok` when the point holds.
    pub seen: Result<(), String>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.seen {
            Ok(()) => write!(f, "passed  {}", self.point),
            Err(wrong) => write!(f, "FAILED  {}: {wrong}", self.point),
        }
    }
}

/// What was seen of every point. `Display` is a line for each.
///
/// A test ends with `assert!(report.is_ok(), "{report}")`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// In the order of [`Point::ALL`].
    pub findings: Vec<Finding>,
}

impl Report {
    pub(super) fn add(&mut self, point: Point, seen: Seen) {
        self.findings.push(Finding { point, seen: seen.map_err(|miss| miss.0) });
    }

    /// The points that do not hold.
    pub fn failed(&self) -> Vec<Point> {
        self.findings.iter().filter(|finding| finding.seen.is_err()).map(|finding| finding.point).collect()
    }

    /// Whether every point holds.
    pub fn is_ok(&self) -> bool {
        self.failed().is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.findings.iter().try_for_each(|finding| writeln!(f, "{finding}"))
    }
}
