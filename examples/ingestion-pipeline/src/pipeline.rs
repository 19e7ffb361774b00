//! The loops, wired and supervised.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use connector_core::{Clock, Connector, Error, EventSource, Origin, Result, ResumeOptions, Watch};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all, ready};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::{info, warn};

use crate::consume::{Consumer, Rejections, Workers};
use crate::live::{Hearing, Live, LiveOptions, Recorder};
use crate::outbox::Outbox;
use crate::produce::{Arrivals, Producer};
use crate::progress::{Progress, Report, SourceState};
use crate::recover::{self, ReconcileLog, Recovering, Rounds, Schedule};
use crate::scope::Scope;
use crate::session::SessionState;
use crate::sink::ObjectSink;
use crate::store::WorkStore;
use crate::supervise::{RESTARTS, say_once, supervise};
use crate::work::after;

/// How a source takes part.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SourceOptions {
    /// Whose calls are to be heard and stored.
    pub scope: Scope,
    /// When the source's history is compared with what is stored; never by itself where there is none. Times in which
    /// nothing was heard are made good all the same.
    pub reconcile: Option<Schedule>,
}

impl SourceOptions {
    /// The same options with another scope.
    pub fn scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// The same options for the calls of whom this watch covers.
    pub fn watch(self, watch: Watch) -> Self {
        self.scope(Scope::over(watch))
    }

    /// The same options with a comparison every night.
    pub fn reconcile(mut self, schedule: Schedule) -> Self {
        self.reconcile = Some(schedule);
        self
    }
}

/// Everybody's calls, and no comparison every night.
impl Default for SourceOptions {
    fn default() -> Self {
        Self { scope: Scope::everyone(), reconcile: None }
    }
}

/// Sources on one side, a store, an object sink and an outbox on the other: [`run`](Self::run) keeps them connected.
///
/// One broken source never stops another: each has a loop of its own, which is started again after a pause when it fails.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// # let home = tempfile::tempdir().unwrap();
/// # let shutdown = async {};
/// use connector_core::{Connector, Context, Vendor};
/// use ingestion_pipeline::{FolderSink, MemoryStore, Message, Pipeline, SourceOptions};
///
/// let connector = Connector::new(&Context::default().for_source("acme", "calls"), Vendor::UNIVERSAL); // your vendor's
/// let outbox = async |message: Message| {
///     println!("{} is stored", message.conversation);
///     Ok(())
/// };
/// let report = Pipeline::new(MemoryStore::new(), FolderSink::open(home.path())?, outbox)
///     .source(connector, SourceOptions::default())
///     .run(shutdown) // such as a signal
///     .await?;
/// assert_eq!((report.stored, report.buried), (0, 0));
/// # Ok(()) }
/// ```
pub struct Pipeline {
    store: Arc<dyn WorkStore>,
    sink: Arc<dyn ObjectSink>,
    outbox: Arc<dyn Outbox>,
    reconciling: Option<Arc<dyn ReconcileLog>>,
    live: Option<LiveOptions>,
    sources: Vec<(Connector, SourceOptions)>,
    clock: Clock,
    at_once: usize,
    deadline: Duration,
    resume: ResumeOptions,
    progress: Progress,
}

impl Pipeline {
    /// A pipeline without sources.
    pub fn new(store: impl WorkStore, sink: impl ObjectSink, outbox: impl Outbox) -> Self {
        Self {
            store: Arc::new(store),
            sink: Arc::new(sink),
            outbox: Arc::new(outbox),
            reconciling: None,
            live: None,
            sources: Vec::new(),
            clock: Clock::system(),
            at_once: 4,
            deadline: Duration::from_secs(20),
            resume: ResumeOptions::default(),
            progress: Progress::default(),
        }
    }

    /// The same pipeline with one more source.
    pub fn source(mut self, connector: Connector, options: SourceOptions) -> Self {
        self.sources.push((connector, options));
        self
    }

    /// The same pipeline, making good what its sources miss: each that has a history is compared with what is stored, at
    /// night as its [`SourceOptions`] say, and over every time in which it heard nothing, once the history has caught up.
    pub fn with_reconcile(mut self, log: impl ReconcileLog) -> Self {
        self.reconciling = Some(Arc::new(log));
        self
    }

    /// The same pipeline, taking the sound of calls while they go on from the sources that have it. What belongs to agents is
    /// stored as recordings of the calls once they are over and known.
    pub fn with_live(mut self, options: LiveOptions) -> Self {
        self.live = Some(options);
        self
    }

    /// The same pipeline with another clock.
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// How many conversations are worked on at once; 4 unless said otherwise. Where there are several sources, one alone never
    /// takes all of them, so that a source that makes its calls wait does not make others wait.
    pub fn with_at_once(mut self, conversations: usize) -> Self {
        self.at_once = conversations.max(1);
        self
    }

    /// How long work under way may take once the pipeline is to stop; 20 s unless said otherwise. Then it is handed back.
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How stubbornly cut downloads are taken up again.
    pub fn with_resume(mut self, options: ResumeOptions) -> Self {
        self.resume = options;
        self
    }

    /// Live counts, to watch while it runs.
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// Runs until `stop` is ready, then stops in order: no more deliveries are taken, work under way is finished within the
    /// deadline or handed back, the connectors say goodbye. Dropping the future instead loses nothing either; rows that
    /// were being worked on come back when their leases run out.
    ///
    /// # Errors
    /// `is_config` when two sources have one name. Everything else is a matter of one source or one call: it is logged,
    /// tried again, and in the end a dead letter.
    pub async fn run(self, stop: impl Future<Output = ()> + Send) -> Result<Report> {
        let sources = self.sources()?;
        let work_arrived = Arc::new(Notify::new());
        let (stopping, stopped) = watch::channel(false);
        let live = self.live.clone().map(|options| Arc::new(Live::new(options, self.clock, self.progress.clone())));
        let workers = self.workers(sources, live.clone(), work_arrived.clone());
        let (mut loops, mut hearings) = (JoinSet::new(), Vec::new());
        for (connector, options) in &self.sources {
            let arrivals = Arrivals { work: work_arrived.clone(), ..Arrivals::default() };
            loops.spawn(self.tell(connector, &arrivals));
            loops.spawn(self.make_good(connector, options, &arrivals));
            let events = connector.events();
            // Before its loop can say how it is doing.
            let state = if events.is_some() { SourceState::Starting } else { SourceState::Live };
            self.progress.source(connector.origin(), |_| Some(state));
            if let Some(events) = events {
                loops.spawn(self.hear(connector, events, options, live.clone(), &arrivals));
            }
            if let Some(live) = &live {
                let hearing = self.hearing(connector, live, &arrivals).await;
                let said = say_once(format!("{}: live audio", connector.origin()));
                loops.spawn(supervise(hearing.clone(), RESTARTS, said));
                hearings.push(hearing);
            }
        }
        let mut working = JoinSet::new();
        working.spawn(async move { workers.run(stopped).await });

        tokio::select! {
            () = stop => info!("stopping"),
            _ = working.join_next() => return Err(Error::bug("the loop that hands out work came to an end")),
        }
        loops.shutdown().await;
        join_all(hearings.iter().map(|hearing| hearing.close(self.deadline))).await;
        stopping.send_replace(true);
        while working.join_next().await.is_some() {}
        let farewells = join_all(self.sources.iter().map(|(connector, _)| connector.close()));
        if timeout(self.deadline, farewells).await.is_err() {
            warn!("the connectors took too long to say goodbye");
        }
        Ok(self.progress.report())
    }

    /// The loop that hands out work.
    fn workers(
        &self,
        sources: HashMap<Origin, (Connector, Scope)>,
        live: Option<Arc<Live>>,
        work_arrived: Arc<Notify>,
    ) -> Workers {
        let origins = self.sources.iter().map(|(connector, _)| connector.origin().clone()).collect();
        let consumer = Consumer {
            sources,
            store: self.store.clone(),
            sink: self.sink.clone(),
            outbox: self.outbox.clone(),
            clock: self.clock,
            resume: self.resume,
            progress: self.progress.clone(),
            live,
            own_failures: AtomicU32::new(0),
        };
        Workers { origins, consumer: Arc::new(consumer), work_arrived, at_once: self.at_once, deadline: self.deadline }
    }

    /// The loop that hears a source.
    fn hear(
        &self,
        connector: &Connector,
        events: Arc<dyn EventSource>,
        options: &SourceOptions,
        live: Option<Arc<Live>>,
        arrivals: &Arrivals,
    ) -> BoxFuture<'static, ()> {
        let producer = Producer {
            connector: connector.clone(),
            events,
            scope: options.scope.clone(),
            store: self.store.clone(),
            arrivals: arrivals.clone(),
            progress: self.progress.clone(),
            live,
            clock: self.clock,
        };
        let (progress, clock, origin) = (self.progress.clone(), self.clock, connector.origin().clone());
        let failed = move |why: String, pause| {
            let now = clock.now();
            progress.source(&origin, |before| Some(before.failing(why, now, after(now, pause))));
        };
        supervise(Arc::new(producer), RESTARTS, failed).boxed()
    }

    /// What takes the sound of a source's calls.
    async fn hearing(&self, connector: &Connector, live: &Arc<Live>, arrivals: &Arrivals) -> Arc<Hearing> {
        let origin = connector.origin().clone();
        // A number to be shown: without it the count begins at nothing.
        let waiting = live.store().kept(&origin, SessionState::Waiting).await.unwrap_or_default();
        self.progress.live_waiting(waiting.len());
        let recorder = Recorder {
            live: live.clone(),
            origin,
            vendor: connector.vendor().clone(),
            work: self.store.clone(),
            work_arrived: arrivals.work.clone(),
            started: self.clock.now(),
            here: Mutex::default(),
        };
        Arc::new(Hearing::new(connector.live_audio(), recorder))
    }

    /// The loop that tells a source of its rejections.
    fn tell(&self, connector: &Connector, arrivals: &Arrivals) -> BoxFuture<'static, ()> {
        let said = say_once(format!("{}: rejections", connector.origin()));
        let rejections = Rejections {
            connector: connector.clone(),
            store: self.store.clone(),
            clock: self.clock,
            arrived: arrivals.rejections.clone(),
        };
        supervise(Arc::new(rejections), RESTARTS, said).boxed()
    }

    /// The loop that makes good what a source missed; nothing where it has no history.
    fn make_good(&self, connector: &Connector, options: &SourceOptions, arrivals: &Arrivals) -> BoxFuture<'static, ()> {
        let (Some(log), Some(history)) = (&self.reconciling, connector.history()) else { return ready(()).boxed() };
        let origin = connector.origin().clone();
        let said = say_once(format!("{origin}: reconcile"));
        let recovering = Recovering::of(connector.clone(), self.store.clone(), log.archive(&origin))
            .remembering(log.clone())
            .with_scope(options.scope.clone())
            .with_clock(self.clock)
            .counting(self.progress.clone());
        let rounds = Rounds {
            lag: history.limits().lag,
            recovering,
            log: log.clone(),
            schedule: options.reconcile,
            clock: self.clock,
            progress: self.progress.clone(),
            gaps_arrived: arrivals.gaps.clone(),
            origin,
        };
        supervise(Arc::new(rounds), recover::PAUSES, said).boxed()
    }

    /// The sources by name, with whose calls count there.
    fn sources(&self) -> Result<HashMap<Origin, (Connector, Scope)>> {
        let mut sources = HashMap::new();
        for (connector, options) in &self.sources {
            let origin = connector.origin().clone();
            if sources.insert(origin.clone(), (connector.clone(), options.scope.clone())).is_some() {
                return Err(Error::config(format!("there are two sources {origin}")).advise("give each its own name"));
            }
        }
        Ok(sources)
    }
}
