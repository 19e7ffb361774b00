//! What the jobs of one tenant share.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use connector_core::http::KeptLinks;
use connector_core::inbound::Registration;
use connector_core::{AgentIndex, JobCheck, Priority, Result, Seat};

use crate::api::contacts::Span;
use crate::events::hints::Inbox;
use crate::events::push;
use crate::transport::Connection;
use crate::uses::CONTACTS;

/// How long a link is used again, so that not every cut costs one of the 150 requests in five minutes. How long the vendor
/// lets links live is not documented.
const LINKS_KEPT: Duration = Duration::from_secs(60);

/// What the jobs share.
pub(crate) struct Shared {
    pub(crate) connection: Connection,
    /// Where the one sits who hears events.
    pub(crate) seat: Seat,
    /// The people behind the ids that contacts name.
    pub(crate) people: AgentIndex,
    /// Links to recordings that are good for a while.
    pub(crate) links: KeptLinks,
    /// Where hints are dropped that a call may be over.
    pub(crate) inbox: Arc<Inbox>,
    /// Where Studio scripts call.
    _door: Option<Registration>,
}

impl Shared {
    pub(crate) fn new(connection: Connection) -> Result<Self> {
        let (inbox, people) = (Arc::default(), AgentIndex::new(connection.cx.clock()));
        let door = push::open(&connection.config, &connection.cx, &inbox)?;
        let links = KeptLinks::new(LINKS_KEPT);
        Ok(Self { connection, seat: Seat::default(), people, links, inbox, _door: door })
    }

    /// Whether completed contacts may be read.
    pub(crate) async fn check_contacts(&self) -> JobCheck {
        let span = Span::Updated(self.connection.cx.clock().now() - TimeDelta::minutes(5));
        let types = &self.connection.config.media_types;
        let asked =
            async { self.connection.api().await?.completed(span, types, (0, 1), Priority::Live).await.map(drop) };
        JobCheck::of(asked.await, CONTACTS, "give it to the role of the access key's user")
    }
}
