//! The database in trouble: no sound is lost while it cannot be written to, and the work goes on afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use connector_core::{Error, Origin, Result};

use super::stage::{Stage, over, taken};
use crate::fakes::at;
use crate::live::LiveOptions;
use crate::memory::MemoryStore;
use crate::session::{LiveStore, SessionRow, SessionState};
use crate::tests::pipeline::start;

/// A store that cannot be written to so many times.
#[derive(Clone, Debug)]
struct Failing(MemoryStore, Arc<AtomicU32>);

impl Failing {
    fn open(&self) -> Result<&MemoryStore> {
        let left = self.1.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(1));
        left.map_or(Ok(&self.0), |_| Err(Error::storage("the disk is full")))
    }
}

#[async_trait]
impl LiveStore for Failing {
    async fn begin(&self, row: &SessionRow) -> Result<bool> {
        self.open()?.begin(row).await
    }

    async fn change(&self, from: SessionState, row: &SessionRow) -> Result<bool> {
        self.open()?.change(from, row).await
    }

    async fn of_call(&self, origin: &Origin, conversation: &str) -> Result<Vec<SessionRow>> {
        self.0.of_call(origin, conversation).await
    }

    async fn kept(&self, origin: &Origin, state: SessionState) -> Result<Vec<SessionRow>> {
        self.0.kept(origin, state).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_database_that_fails_for_a_while_costs_no_sound() {
    let stage = Stage::new(MemoryStore::new());
    let failures = Arc::new(AtomicU32::new(4));
    let options = LiveOptions::new(Failing(stage.store.clone(), failures.clone()), stage.spool());
    let running = start(stage.pipeline(options));
    let mut caller = stage.live.begin("s", "call", at(0));
    caller.talk(3);
    stage.sessions("call", &[SessionState::Open]).await;
    failures.store(4, Ordering::Release);
    caller.hang_up();
    stage.sessions("call", &[SessionState::Waiting]).await;
    failures.store(3, Ordering::Release);
    stage.tell(over(taken("call", &[("kay", 0, Some(3))])));
    let (row, recordings) = stage.matched("call").await;
    assert_eq!((recordings.len(), stage.heard(&recordings[0]), row.whole), (1, vec![0, 1, 2], true));
    stage.files(0).await;
    assert!(stage.store.dead_letters().is_empty(), "it is not held against the call");
    running.stop().await;
}
