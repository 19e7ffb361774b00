//! Named steps at which the process can be made to abort: for tests of crashes. Feature `failpoints`.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use connector_core::{Error, Result};

macro_rules! steps {
    ($($(#[$doc:meta])* $step:ident = $name:literal;)*) => {
        /// A step of the work on a call.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Step {
            $($(#[$doc])* $step,)*
        }

        impl Step {
            /// All of them, in the order in which a call takes them.
            pub const ALL: &[Self] = &[$(Self::$step),*];

            /// Its name on the command line.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$step => $name,)*
                }
            }
        }
    };
}

steps! {
    /// The row was leased, nothing is done yet.
    Leased = "leased";
    /// In the middle of an upload: some of the bytes went to the object sink, and more come.
    Uploading = "uploading";
    /// The recordings are stored, the metadata is not.
    BeforeCommit = "before-commit";
    /// Metadata and message are stored, the message is not published.
    AfterCommit = "after-commit";
    /// The outbox has the message, the store does not know.
    Published = "published";
    /// All is stored and handed on, the source was not told.
    BeforeSettle = "before-settle";
    /// The source was told, the row is not finished.
    Settled = "settled";
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The step at which the process aborts, and at which pass, counted from 1. `Display` and `FromStr` as `STEP:N`.
///
/// ```
/// use ingestion_pipeline::failpoints::{AbortAt, Step};
///
/// let at: AbortAt = "before-commit:3".parse()?;
/// assert_eq!(at, AbortAt { step: Step::BeforeCommit, pass: 3 });
/// assert!("before-lunch:3".parse::<AbortAt>().unwrap_err().is_config());
/// # Ok::<(), connector_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AbortAt {
    /// The step.
    pub step: Step,
    /// The pass.
    pub pass: u32,
}

impl fmt::Display for AbortAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.step, self.pass)
    }
}

impl FromStr for AbortAt {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || Error::config(format!("{text:?} is not a step and a pass")).advise("write STEP:N, N from 1");
        let (name, pass) = text.split_once(':').ok_or_else(wrong)?;
        let step = Step::ALL.iter().copied().find(|step| step.name() == name).ok_or_else(wrong)?;
        let pass = pass.parse().ok().filter(|pass| *pass > 0).ok_or_else(wrong)?;
        Ok(Self { step, pass })
    }
}

/// What was armed, and how many passes are left.
static ARMED: OnceLock<(Step, AtomicU32)> = OnceLock::new();

/// Lets this process abort at a step. The first word counts, later ones change nothing.
pub fn arm(at: AbortAt) {
    ARMED.get_or_init(|| (at.step, AtomicU32::new(at.pass)));
}

/// A step is taken.
pub(crate) fn pass(step: Step) {
    if let Some((armed, left)) = ARMED.get()
        && *armed == step
        && left.fetch_sub(1, Ordering::AcqRel) == 1
    {
        std::process::abort();
    }
}
