//! A consumer with everything around it, worked by hand.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use connector_core::{CallEvent, Clock, ResumeOptions};

use super::day::{at, batch, origin};
use super::failing::FailingStore;
use super::interrupted::Interrupted;
use super::source::FakeSource;
use super::surroundings::{MemorySink, Sent};
use crate::consume::{Consumer, LEASE};
use crate::pipeline::Pipeline;
use crate::pipeline::SourceOptions;
use crate::progress::Progress;
use crate::scope::Scope;
use crate::store::WorkStore;
use crate::work::WorkRow;

/// One source, a store, a sink and an outbox. The day begins when it is made; tokio's clock has to be paused.
pub(crate) struct Bench {
    pub(crate) source: FakeSource,
    pub(crate) scope: Scope,
    pub(crate) store: FailingStore,
    pub(crate) sink: MemorySink,
    pub(crate) sent: Sent,
    pub(crate) clock: Clock,
    options: SourceOptions,
    consumer: Consumer,
}

impl Bench {
    pub(crate) fn new(source: FakeSource) -> Self {
        let clock = Clock::starting_at(at(0));
        Self::of(source, Scope::everyone(), FailingStore::default(), MemorySink::default(), Sent::default(), clock)
    }

    /// The same store, sink and outbox with another source.
    pub(crate) fn with(self, source: FakeSource) -> Self {
        Self::of(source, self.scope, self.store, self.sink, self.sent, self.clock)
    }

    /// The same with another scope.
    pub(crate) fn scoped(self, scope: Scope) -> Self {
        Self::of(self.source, scope, self.store, self.sink, self.sent, self.clock)
    }

    fn of(source: FakeSource, scope: Scope, store: FailingStore, sink: MemorySink, sent: Sent, clock: Clock) -> Self {
        let consumer = Consumer {
            sources: HashMap::from([(origin(), (source.connector(), scope.clone()))]),
            store: Arc::new(Interrupted(store.clone())),
            sink: Arc::new(sink.clone()),
            outbox: Arc::new(sent.outbox()),
            clock,
            resume: ResumeOptions::default(),
            progress: Progress::default(),
            live: None,
            own_failures: AtomicU32::new(0),
        };
        Self { source, scope, store, sink, sent, clock, options: SourceOptions::default(), consumer }
    }

    /// The same, with other options of its source.
    pub(crate) fn with_options(mut self, options: SourceOptions) -> Self {
        self.options = options;
        self
    }

    /// Hears events now.
    pub(crate) async fn hear(&self, events: impl IntoIterator<Item = CallEvent>) {
        let mut batch = batch(0, events);
        batch.received = self.clock.now();
        self.store.record(&batch).await.unwrap();
    }

    pub(crate) async fn lease(&self) -> Option<WorkRow> {
        self.store.lease(&[origin()], self.clock.now(), LEASE, 1).await.unwrap().pop()
    }

    pub(crate) async fn work(&self, row: WorkRow) {
        self.consumer.work(row).await;
    }

    /// Works on what is due now, one row. Returns whether there was one.
    pub(crate) async fn step(&self) -> bool {
        match self.lease().await {
            Some(row) => {
                self.work(row).await;
                true
            }
            None => false,
        }
    }

    /// Works until nothing is due any more, passing the time in between. Returns how many rows it worked on.
    pub(crate) async fn work_all(&self) -> usize {
        let mut steps = 0;
        while let Some(due) = self.store.next_due(&[origin()]).await.unwrap() {
            tokio::time::sleep((due - self.clock.now()).to_std().unwrap_or_default()).await;
            steps += usize::from(self.step().await);
            assert!(steps < 2_000, "the work never ends");
        }
        steps
    }

    pub(crate) async fn pass(&self, time: Duration) {
        tokio::time::advance(time).await;
    }

    /// How many calls were left alone by hand.
    pub(crate) fn left_alone(&self) -> u64 {
        self.consumer.progress.report().left_alone
    }

    /// A pipeline with the same things around it.
    pub(crate) fn pipeline(&self) -> Pipeline {
        Pipeline::new(Interrupted(self.store.clone()), self.sink.clone(), self.sent.outbox())
            .with_clock(self.clock)
            .with_reconcile(self.store.clone())
            .source(self.source.connector(), self.options.clone().scope(self.scope.clone()))
    }
}
