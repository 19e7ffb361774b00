//! What the jobs of one organisation share.

use std::collections::BTreeSet;
use std::time::Duration;

use connector_core::http::KeptLinks;
use connector_core::{AgentIndex, Error, JobCheck, Result, Seat};
use futures_util::future::join_all;

use crate::live_audio::entrance::Entrance;
use crate::transport::Connection;
use crate::uses::Probe;

/// How long a link is used again, so that not every cut costs a request. Organisations let links live between 2 and 60
/// minutes.
const LINKS_KEPT: Duration = Duration::from_secs(60);

/// What is missing where the vendor refuses and documents no permission.
const UNDOCUMENTED: &str = "a permission that the vendor does not document for it";

/// What the jobs share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) connection: Connection,
    /// Where the one sits who hears events.
    pub(crate) seat: Seat,
    /// The people behind the ids that calls name. Listings and watches teach it.
    pub(crate) people: AgentIndex,
    /// Links to recordings that are good for a while.
    pub(crate) links: KeptLinks,
    /// Where the sound of calls comes in, if there are options for it.
    pub(crate) entrance: Option<Entrance>,
}

impl Shared {
    pub(crate) fn new(connection: Connection) -> Result<Self> {
        let audio = connection.config.audio.as_ref();
        let entrance = audio.map(|options| Entrance::open(options, &connection.cx)).transpose()?;
        let people = AgentIndex::new(connection.cx.clock());
        Ok(Self { connection, seat: Seat::default(), people, links: KeptLinks::new(LINKS_KEPT), entrance })
    }

    /// Whether a job can work: asks all of this at once. All that is missing is named.
    pub(crate) async fn check(&self, probes: &[Probe]) -> JobCheck {
        let asked = join_all(probes.iter().map(|probe| self.try_out(*probe))).await;
        let (mut missing, mut failed) = (BTreeSet::new(), None);
        for (probe, result) in probes.iter().zip(asked) {
            let Err(error) = result else { continue };
            if error.is_forbidden() {
                missing.insert(probe.permission.unwrap_or(UNDOCUMENTED));
            }
            // A refusal says what to do; whatever else failed may have been chance.
            if failed.as_ref().is_none_or(|known: &Error| error.is_forbidden() && !known.is_forbidden()) {
                failed = Some(error);
            }
        }
        let missing = Vec::from_iter(missing).join(", ");
        JobCheck::of(failed.map_or(Ok(()), Err), &missing, "give it to a role of the OAuth client")
    }

    /// Asks once.
    async fn try_out(&self, probe: Probe) -> Result<()> {
        let request = self.connection.api().await?.client.get(probe.path).during("check");
        match request.send().await {
            Err(error) if probe.of_nothing && matches!(error.status(), Some(400 | 404)) => Ok(()),
            other => other.map(drop),
        }
    }
}

#[cfg(all(test, feature = "testing"))]
pub(crate) mod tests;
