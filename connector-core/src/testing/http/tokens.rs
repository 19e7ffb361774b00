//! The tokens that a fake has handed out.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use crate::testing::{Fault, FaultPlan};

/// The tokens that are good, and until when.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use std::time::Duration;
/// use connector_core::testing::FaultPlan;
/// use connector_core::testing::http::Tokens;
///
/// let mut tokens = Tokens::default();
/// tokens.hand_out("t-1", Duration::from_secs(3_600));
/// let faults = FaultPlan::none().refuse_tokens(1);
/// assert!(!tokens.admit("t-1", &faults)); // as planned,
/// assert!(!tokens.is_good("t-1")); // and it is void from then on
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Tokens {
    good: BTreeMap<String, Instant>,
    handed_out: usize,
}

impl Tokens {
    /// A token that is good for so long from now on.
    pub fn hand_out(&mut self, token: impl Into<String>, life: Duration) {
        self.handed_out += 1;
        self.good.insert(token.into(), Instant::now() + life);
    }

    /// How many there were so far.
    pub fn handed_out(&self) -> usize {
        self.handed_out
    }

    /// Whether it is good now.
    pub fn is_good(&self, token: &str) -> bool {
        self.good.get(token).is_some_and(|until| Instant::now() < *until)
    }

    /// Whether somebody with this token is let in. A good one that is to be refused ([`Fault::Unauthorized`]) is void from then
    /// on.
    pub fn admit(&mut self, token: &str, faults: &FaultPlan) -> bool {
        let is_good = self.is_good(token);
        if is_good && faults.fire(Fault::Unauthorized) {
            self.end(token);
            return false;
        }
        is_good
    }

    /// Ends a token.
    pub fn end(&mut self, token: &str) {
        self.good.remove(token);
    }

    /// Ends all of them.
    pub fn end_all(&mut self) {
        self.good.clear();
    }
}

/// `Debug` says how many there are.
impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens({})", self.good.len())
    }
}
