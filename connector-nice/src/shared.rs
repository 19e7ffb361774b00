//! What the jobs of one tenant share.

use std::sync::Arc;

use connector_core::http::KeptLinks;
use connector_core::inbound::Registration;
use connector_core::{AgentIndex, JobCheck, Result, Seat};

use crate::events::hints::Inbox;
use crate::transport::Connection;

/// What the jobs share.
pub(crate) struct Shared {
    pub(crate) connection: Connection,
    /// Where the one sits who hears events.
    pub(crate) seat: Seat,
    /// The people behind the ids that contacts name.
    pub(crate) people: AgentIndex,
    /// Links to recordings that are good for a while.
    pub(crate) links: KeptLinks,
    pub(crate) inbox: Arc<Inbox>,
    /// Where Studio scripts call.
    pub(crate) _door: Option<Registration>,
}

/// What a cheap question says of a job; `missing` names what the vendor asks for.
pub(crate) fn judge(asked: Result<()>, missing: &str, advice: &str) -> JobCheck {
    match asked {
        Ok(()) => JobCheck::Ok,
        Err(error) if error.is_forbidden() => {
            JobCheck::Forbidden { missing: missing.to_owned(), advice: format!("{advice} ({error})") }
        }
        Err(error) => JobCheck::Failed {
            why: error.to_string(),
            advice: error.advice().unwrap_or("see what the vendor said").to_owned(),
        },
    }
}
