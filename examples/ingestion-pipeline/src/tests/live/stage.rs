//! A pipeline with a source of live sound, and everything around it.

use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use connector_core::{AgentRef, CallEvent, Clock, Connector, Conversation, Item, Leg, Origin, Stamp, wav};
use tempfile::TempDir;

use super::super::pipeline::{Running, start};
use crate::call::{StoredCall, StoredRecording};
use crate::fakes::{FakeLive, FakeSource, MemorySink, RATE, Sent, at, ended, origin, told};
use crate::live::LiveOptions;
use crate::pipeline::{Pipeline, SourceOptions};
use crate::scope::Scope;
use crate::session::{LiveStore, SessionRow, SessionState};
use crate::store::WorkStore;

/// How long a test waits for anything.
const PATIENCE: Duration = Duration::from_secs(25);

pub(super) trait Store: WorkStore + LiveStore + Clone {}

impl<T: WorkStore + LiveStore + Clone> Store for T {}

pub(super) struct Stage<S> {
    pub(super) store: S,
    pub(super) source: FakeSource,
    pub(super) live: FakeLive,
    pub(super) sink: MemorySink,
    pub(super) scope: Scope,
    pub(super) clock: Clock,
    spool: TempDir,
}

impl<S: Store> Stage<S> {
    pub(super) fn new(store: S) -> Self {
        Self::of(store, FakeSource::new().without_recordings(), &origin())
    }

    pub(super) fn of(store: S, source: FakeSource, origin: &Origin) -> Self {
        Self {
            store,
            source,
            live: FakeLive::new(origin),
            sink: MemorySink::default(),
            scope: Scope::everyone(),
            clock: Clock::starting_at(at(0)),
            spool: tempfile::tempdir().unwrap(),
        }
    }

    pub(super) fn connector(&self) -> Connector {
        self.source.connector().with_live_audio(self.live.clone())
    }

    pub(super) fn options(&self) -> LiveOptions {
        LiveOptions::new(self.store.clone(), self.spool.path())
    }

    pub(super) fn pipeline(&self, options: LiveOptions) -> Pipeline {
        self.pipeline_of(self.connector(), options)
    }

    /// A pipeline that takes no sessions any more.
    pub(super) fn deaf_pipeline(&self) -> Pipeline {
        self.pipeline_of(self.connector().without_live_audio(), self.options())
    }

    fn pipeline_of(&self, connector: Connector, options: LiveOptions) -> Pipeline {
        Pipeline::new(self.store.clone(), self.sink.clone(), Sent::default().outbox())
            .with_clock(self.clock)
            .with_live(options)
            .source(connector, SourceOptions::default().scope(self.scope.clone()))
    }

    /// Runs it as it is usually run.
    pub(super) fn run(&self) -> Running {
        start(self.pipeline(self.options()))
    }

    pub(super) fn tell(&self, event: CallEvent) {
        self.source.offer([Item::Event(event)], None);
    }

    /// Waits until the sessions of a call are in these states, in the order in which they began.
    pub(super) async fn sessions(&self, call: &str, states: &[SessionState]) -> Vec<SessionRow> {
        let mut rows = Vec::new();
        let there = async {
            loop {
                rows = self.store.of_call(&origin(), call).await.unwrap();
                if rows.iter().map(|row| row.state).eq(states.iter().copied()) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, there).await;
        assert!(in_time.is_ok(), "in vain waited for {states:?}: {rows:?}");
        rows
    }

    /// Waits until a call is stored and something is true of it.
    pub(super) async fn call(&self, call: &str, mut is_it: impl FnMut(&StoredCall) -> bool) -> StoredCall {
        let mut last = None;
        let there = async {
            loop {
                last = self.store.call(&origin(), call).await.unwrap();
                if let Some(call) = last.take_if(|call| is_it(call)) {
                    return call;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let found = tokio::time::timeout(PATIENCE, there).await;
        found.unwrap_or_else(|_| panic!("in vain waited for {call}: {last:?}"))
    }

    /// The one session of a call, stored, and the call's recordings.
    pub(super) async fn matched(&self, call: &str) -> (SessionRow, Vec<StoredRecording>) {
        let row = self.sessions(call, &[SessionState::Matched]).await.remove(0);
        (row, self.call(call, |_| true).await.recordings)
    }

    /// Waits until so many files lie in the spool directory.
    pub(super) async fn files(&self, count: usize) {
        let there = async {
            while self.spooled().len() != count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, there).await;
        assert!(in_time.is_ok(), "in vain waited for {count} files: {:?}", self.spooled());
    }

    /// The files that lie in the spool directory.
    pub(super) fn spooled(&self) -> Vec<PathBuf> {
        let (mut found, mut directories) = (Vec::new(), vec![self.spool.path().to_owned()]);
        while let Some(directory) = directories.pop() {
            for entry in std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
                let into = if entry.is_dir() { &mut directories } else { &mut found };
                into.push(entry);
            }
        }
        found
    }

    pub(super) fn spool(&self) -> PathBuf {
        self.spool.path().to_owned()
    }

    /// The seconds of its session that are heard in a recording, as [`Caller`](crate::fakes::Caller) numbers them.
    pub(super) fn heard(&self, stored: &StoredRecording) -> Vec<u8> {
        let object = self.sink.object(&stored.object).expect("what is stored is there");
        let size = object.len() as u64;
        assert_eq!(stored.size, size);
        let header = wav::Header::parse(&object, Some(size)).unwrap();
        assert!(!header.is_cut_short(size) && header.data_len.unwrap() > 0);
        assert_eq!((header.channels, header.sample_rate, header.encoding), (2, 8_000, wav::Encoding::MuLaw));
        assert_eq!(header.duration(), stored.recording.length);
        let data = header.data_in(size);
        let sound = &object[usize::try_from(data.start).unwrap()..usize::try_from(data.end).unwrap()];
        let seconds = sound.chunks(2 * usize::try_from(RATE).unwrap());
        seconds.map(|second| second.iter().copied().reduce(|a, b| if a == b { a } else { 99 }).unwrap()).collect()
    }
}

/// The agents of a call, each with the seconds of answer and end.
pub(super) fn taken(conversation: &str, agents: &[(&str, i64, Option<i64>)]) -> Conversation {
    let mut call = told(conversation, 1);
    call.legs.clear();
    for (number, (login, answered, over)) in agents.iter().enumerate() {
        let mut leg = Leg::new(format!("leg {}", number + 1));
        leg.agent = Some(AgentRef::default().with_login(*login));
        (leg.started, leg.answered) = (Some(Stamp::vendor(at(0))), Some(Stamp::vendor(at(*answered))));
        leg.ended = over.map(|over| Stamp::vendor(at(over)));
        call.legs.push(leg);
    }
    let last = agents.iter().filter_map(|agent| agent.2).max();
    call.ended = last.map(|last| Stamp::vendor(at(last)));
    call
}

/// It is over, with all that is known of it.
pub(super) fn over(call: Conversation) -> CallEvent {
    let mut event = ended(&call.this.id, 1);
    event.facts = Some(Box::new(call));
    event
}

/// Whether a recording begins so many seconds into the day, and lasts so many.
pub(super) fn lies(stored: &StoredRecording, from: i64, seconds: u64) -> bool {
    let began = stored.recording.started.unwrap().at;
    (began - at(from)).abs() < TimeDelta::milliseconds(1)
        && stored.recording.length == Some(Duration::from_secs(seconds))
}
