//! Jobs that search the vendor's archive: submitted, waited for, and read page by page.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use connector_core::http::PageOf;
use connector_core::{Conversation, Error, Result};
use tokio::time::{Instant, sleep};

use super::place::{Job, Place};
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

/// What ended so shortly before the archive's own end is left to the usual way: its wrap-up may come after it.
const SETTLING: TimeDelta = TimeDelta::minutes(30);

/// The longest time that one job searches. It is documented for the query alone, which takes 7 days.
const LONGEST_INTERVAL: TimeDelta = TimeDelta::days(7);

type Listed = Result<PageOf<Conversation, Place>>;

fn on_to(next: Place) -> Listed {
    Ok(PageOf::new(Vec::new(), Some(next)))
}

impl Walk {
    /// Submits a job for what the archive has from a time on.
    pub(super) async fn submit(self, shared: &Shared, from: DateTime<Utc>, anew: usize) -> Listed {
        let api = shared.connection.api().await?;
        let available = api.available(self.priority).await?.and_then(|end| end.checked_sub_signed(SETTLING));
        let longest = from.checked_add_signed(LONGEST_INTERVAL).unwrap_or(self.to);
        let until = available.map(|available| available.min(self.to).min(longest));
        let Some(until) = until.filter(|until| *until > from) else { return on_to(self.query(from)) };
        let id = api.submit((from, until), self.priority).await?;
        on_to(Place::Job(Job { id, from, until, anew }))
    }

    /// Waits for a job.
    pub(super) async fn wait(self, shared: &Shared, job: Job) -> Listed {
        let api = shared.connection.api().await?;
        let (began, mut pause) = (Instant::now(), FIRST_PAUSE);
        while began.elapsed() < LONGEST {
            match api.job(&job.id, self.priority).await?.map(|progress| progress.state()) {
                Some(JobState::Done) => return on_to(Place::Found(job, None)),
                Some(JobState::Going) => sleep(pause).await,
                Some(JobState::Failed | JobState::Expired) | None => return on_to(self.anew(&job)),
            }
            pause = (pause * 2).min(LAST_PAUSE);
        }
        Err(Error::transient(format!("a job goes on after {} minutes", LONGEST.as_secs() / 60))
            .during("history")
            .advise("take the listing up again from its last position: it waits for the same job"))
    }

    /// A page of what a job found.
    pub(super) async fn found(self, shared: &Shared, job: Job, cursor: Option<String>) -> Listed {
        let api = shared.connection.api().await?;
        let found = match api.found(&job.id, cursor.as_deref(), self.priority).await {
            Ok(found) => found,
            Err(error) if error.is_not_found() || error.status() == Some(400) => {
                // How results that are not kept any more look is not documented.
                let state = api.job(&job.id, self.priority).await?.map(|progress| progress.state());
                return if state == Some(JobState::Done) { Err(error) } else { on_to(self.anew(&job)) };
            }
            Err(error) => return Err(error),
        };
        let next = match found.cursor.clone() {
            Some(cursor) => Some(Place::Found(job, Some(cursor))),
            None => (job.until < self.to).then_some(Place::Submit { from: job.until, anew: 0 }),
        };
        Ok(self.tell(&found, next))
    }

    fn anew(&self, job: &Job) -> Place {
        if job.anew < ANEW { Place::Submit { from: job.from, anew: job.anew + 1 } } else { self.query(job.from) }
    }
}
