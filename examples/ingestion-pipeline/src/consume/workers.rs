//! The consume loop: hands out rows of work, as many at once as there are hands.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use connector_core::{Origin, Result};
use tokio::sync::{Notify, watch};
use tokio::task::{Id, JoinSet};
use tokio::time::{sleep, timeout};
use tracing::warn;

use super::consumer::{Consumer, LEASE};
use crate::supervise::RESTARTS;
use crate::work::Lease;

/// The longest it sleeps without looking whether something is due: another process may have made work.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// Leases rows as long as there are hands, and lets them be worked on.
pub(crate) struct Workers {
    pub(crate) origins: Vec<Origin>,
    pub(crate) consumer: Arc<Consumer>,
    pub(crate) work_arrived: Arc<Notify>,
    pub(crate) at_once: usize,
    pub(crate) deadline: Duration,
}

/// The rows that are being worked on.
#[derive(Default)]
struct UnderWay {
    tasks: JoinSet<()>,
    leases: HashMap<Id, (Origin, Lease)>,
}

impl UnderWay {
    /// Waits for one of them to end; pends for ever when there is none.
    async fn next(&mut self) {
        match self.tasks.join_next_with_id().await {
            Some(Ok((id, ()))) => drop(self.leases.remove(&id)),
            Some(Err(panicked)) => {
                warn!("the work on a call panicked; its lease runs out and it comes again");
                self.leases.remove(&panicked.id());
            }
            None => std::future::pending().await,
        }
    }

    fn of(&self, origin: &Origin) -> usize {
        self.leases.values().filter(|(of, _)| of == origin).count()
    }
}

impl Workers {
    /// Works until told to stop, then finishes within the deadline or hands back what it holds.
    pub(crate) async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut under_way = UnderWay::default();
        let mut pause = RESTARTS.0;
        loop {
            let wait = match self.hand_out(&mut under_way).await {
                Ok(wait) => {
                    pause = RESTARTS.0;
                    wait
                }
                Err(error) => {
                    warn!("looking for work failed, trying again in {pause:?}: {error}");
                    let wait = pause;
                    pause = (pause * 2).min(RESTARTS.1);
                    wait
                }
            };
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                () = self.work_arrived.notified() => {}
                () = under_way.next() => {}
                () = sleep(wait) => {}
            }
        }
        self.stop(under_way).await;
    }

    async fn stop(&self, mut under_way: UnderWay) {
        let finished = async {
            while !under_way.tasks.is_empty() {
                under_way.next().await;
            }
        };
        if timeout(self.deadline, finished).await.is_ok() {
            return;
        }
        warn!("{} calls were not finished in time and are handed back", under_way.tasks.len());
        under_way.tasks.shutdown().await;
        for (_, lease) in under_way.leases.values() {
            if let Err(error) = self.consumer.store.park(lease, self.consumer.clock.now(), None).await {
                warn!(task = lease.row, "a row could not be handed back, its lease runs out: {error}");
            }
        }
    }

    /// Leases what is due for the hands that are free, and says how long there is nothing more to do.
    async fn hand_out(&self, under_way: &mut UnderWay) -> Result<Duration> {
        while under_way.tasks.len() < self.at_once {
            let origins = self.not_at_their_share(under_way);
            let Some(row) = self.consumer.store.lease(&origins, self.consumer.clock.now(), LEASE, 1).await?.pop()
            else {
                let due = self.consumer.store.next_due(&origins).await?;
                let wait =
                    due.map_or(LONGEST_SLEEP, |due| (due - self.consumer.clock.now()).to_std().unwrap_or_default());
                return Ok(wait.min(LONGEST_SLEEP));
            };
            let (consumer, origin, lease) = (self.consumer.clone(), row.origin.clone(), row.lease.clone());
            let task = under_way.tasks.spawn(async move { consumer.work(row).await });
            under_way.leases.insert(task.id(), (origin, lease));
        }
        Ok(LONGEST_SLEEP)
    }

    /// The sources that may have one more hand. One that makes all its calls wait never gets the last hand, so that there
    /// is one left for the others.
    fn not_at_their_share(&self, under_way: &UnderWay) -> Vec<Origin> {
        let share = if self.origins.len() > 1 { (self.at_once - 1).max(1) } else { self.at_once };
        self.origins.iter().filter(|origin| under_way.of(origin) < share).cloned().collect()
    }
}
