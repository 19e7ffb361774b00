//! What the jobs of one organisation share.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use connector_core::{JobCheck, Result};

use crate::transport::Connection;

/// What the jobs share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) connection: Connection,
    /// Whether somebody hears events.
    pub(crate) subscribed: Arc<AtomicBool>,
}

/// What a cheap question says of a job; `missing` is the permission as an administrator finds it.
pub(crate) fn judge(asked: Result<()>, missing: &str) -> JobCheck {
    match asked {
        Ok(()) => JobCheck::Ok,
        Err(error) if error.is_forbidden() => JobCheck::Forbidden {
            missing: missing.to_owned(),
            advice: format!("give it to a role of the OAuth client ({error})"),
        },
        Err(error) => JobCheck::Failed {
            why: error.to_string(),
            advice: error.advice().unwrap_or("see what the vendor said").to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use connector_core::Error;

    use super::*;

    #[test]
    fn a_missing_permission_is_named_as_an_administrator_finds_it() {
        let JobCheck::Forbidden { missing, advice } = judge(Err(Error::forbidden("no")), "recording:recording:view")
        else {
            panic!("it is forbidden")
        };
        assert_eq!(missing, "recording:recording:view");
        assert!(advice.contains("OAuth client"), "{advice}");
        assert!(matches!(judge(Err(Error::transient("away")), ""), JobCheck::Failed { .. }));
        assert!(matches!(judge(Ok(()), ""), JobCheck::Ok));
    }
}
