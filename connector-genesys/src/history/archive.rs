//! Jobs that search the vendor's archive: submitted, waited for, and read page by page.

use std::time::Duration;

use chrono::{DateTime, Utc};
use connector_core::http::PageOf;
use connector_core::{Conversation, Error, Result};
use tokio::time::{Instant, sleep};

use super::place::Place;
use super::walk::Walk;
use crate::shared::Shared;
use crate::wire::jobs::JobState;

/// How soon a job is asked how far it is; then twice as long, up to the last. How long jobs take is not documented.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LAST_PAUSE: Duration = Duration::from_secs(30);

/// A job is waited for so long before the listing ends, to be taken up again.
const LONGEST: Duration = Duration::from_secs(1_800);

/// How often a job that failed, or is not kept any more, is submitted anew. After that there is only the usual way.
const ANEW: usize = 2;

type Listed = Result<PageOf<Conversation, Place>>;

fn on_to(next: Option<Place>) -> Listed {
    Ok(PageOf::new(Vec::new(), next))
}

impl Walk {
    /// Submits a job for what the archive has of the window.
    pub(super) async fn submit(self, shared: &Shared, anew: usize) -> Listed {
        let api = shared.connection.api().await?;
        let available = api.available(self.priority).await?.map(|available| available.min(self.to));
        let Some(until) = available.filter(|until| *until > self.from) else { return on_to(Some(self.first())) };
        let id = api.submit((self.from, until), self.priority).await?;
        on_to(Some(Place::Job { id, until, anew }))
    }

    /// Waits for a job.
    pub(super) async fn wait(self, shared: &Shared, (id, until): (String, DateTime<Utc>), anew: usize) -> Listed {
        let api = shared.connection.api().await?;
        let (began, mut pause) = (Instant::now(), FIRST_PAUSE);
        while began.elapsed() < LONGEST {
            match api.job(&id, self.priority).await?.map(|progress| progress.state()) {
                Some(JobState::Done) => return on_to(Some(Place::Found { id, until, cursor: None, anew })),
                Some(JobState::Going) => sleep(pause).await,
                Some(JobState::Failed | JobState::Expired) | None => return on_to(Some(self.anew(anew))),
            }
            pause = (pause * 2).min(LAST_PAUSE);
        }
        Err(Error::transient(format!("a job goes on after {} minutes", LONGEST.as_secs() / 60))
            .during("history")
            .advise("take the listing up again from its last position: it waits for the same job"))
    }

    /// A page of what a job found.
    pub(super) async fn found(
        self,
        shared: &Shared,
        (id, until): (String, DateTime<Utc>),
        cursor: Option<String>,
        anew: usize,
    ) -> Listed {
        let api = shared.connection.api().await?;
        let found = match api.found(&id, cursor.as_deref(), self.priority).await {
            Ok(found) => found,
            Err(error) if error.is_not_found() || matches!(error.status(), Some(400 | 410)) => {
                // How results that are not kept any more look is not documented.
                let state = api.job(&id, self.priority).await?.map(|progress| progress.state());
                return if state == Some(JobState::Done) { Err(error) } else { on_to(Some(self.anew(anew))) };
            }
            Err(error) => return Err(error),
        };
        let next = match found.cursor.clone() {
            Some(cursor) => Some(Place::Found { id, until, cursor: Some(cursor), anew }),
            None => (until < self.to).then(|| self.from(until)),
        };
        Ok(self.tell(&found, next))
    }

    fn anew(&self, anew: usize) -> Place {
        if anew < ANEW { Place::Submit { anew: anew + 1 } } else { self.first() }
    }
}
