//! What a point plays on: a store at a place, an object store and an outbox in memory, and pipelines that can be killed.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use connector_core::{Clock, Error, Origin, Result};
use futures_core::stream::BoxStream;
use futures_util::TryStreamExt;
use futures_util::future::LocalBoxFuture;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, yield_now};
use tokio::time::{sleep, timeout};

use super::doors::{Doors, still};
use super::source::{Source, at};
use crate::call::{Message, StoredCall};
use crate::pipeline::{Pipeline, SourceOptions};
use crate::progress::Report;
use crate::sink::ObjectSink;
use crate::store::WorkStore;

/// Longer than leases run and the longest pause lasts, many times over.
const LONGEST: Duration = Duration::from_secs(3600);
const LOOK: Duration = Duration::from_millis(500);

/// What was seen of a point.
pub(super) type Seen = std::result::Result<(), Miss>;

/// What went wrong.
#[derive(Debug)]
pub(super) struct Miss(pub(super) String);

impl From<Error> for Miss {
    fn from(error: Error) -> Self {
        Self(format!("the store failed: {error}"))
    }
}

/// Says what went wrong, unless it is so.
pub(super) fn check(is_so: bool, wrong: impl FnOnce() -> String) -> Seen {
    if is_so { Ok(()) } else { Err(Miss(wrong())) }
}

/// The words of a panic.
pub(super) fn panicked(panic: &(dyn Any + Send)) -> Miss {
    let words = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    Miss(format!("it panicked: {}", words.unwrap_or("without words")))
}

/// Opens the store at a place.
pub(super) type Open<'a> = &'a dyn Fn(u32) -> LocalBoxFuture<'a, Result<Arc<dyn WorkStore>>>;

/// A place with an empty store, and everything around it.
pub(super) struct Stage<'a> {
    open: Open<'a>,
    place: u32,
    pub(super) clock: Clock,
    pub(super) sink: Sink,
    pub(super) sent: Sent,
}

impl<'a> Stage<'a> {
    pub(super) fn new(open: Open<'a>, place: u32) -> Self {
        Self { open, place, clock: Clock::starting_at(at(100)), sink: Sink::default(), sent: Sent::default() }
    }

    pub(super) fn source(&self, tenant: &str, source: &str) -> Source {
        Source::new(tenant, source, self.clock)
    }

    /// Opens the store as a new process does.
    pub(super) async fn open(&self) -> std::result::Result<Doors, Miss> {
        Ok(Doors::new(still((self.open)(self.place)).await?))
    }

    /// Starts a pipeline over these sources.
    pub(super) fn start(&self, doors: &Doors, sources: &[(&Source, SourceOptions)]) -> Running {
        let (sink, outbox) = (self.sink.clone(), self.sent.clone());
        let outbox = move |message| {
            outbox.push(message);
            async { Ok(()) }
        };
        let mut pipeline = Pipeline::new(doors.clone(), sink, outbox).with_clock(self.clock);
        for (source, options) in sources {
            pipeline = pipeline.source(source.connector(), options.clone());
        }
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async {
            // Whoever drops the other end wants it to stop as well.
            let _ = stopped.await;
        };
        Running { task: tokio::spawn(pipeline.run(stopped)), stop: Some(stop) }
    }

    /// A pipeline over one source and everybody's calls.
    pub(super) fn start_one(&self, doors: &Doors, source: &Source) -> Running {
        self.start(doors, &[(source, SourceOptions::default())])
    }

    /// Waits until all that was offered is accepted, worked on and told, and stops the pipeline.
    pub(super) async fn finish(
        &self,
        doors: &Doors,
        sources: &[&Source],
        running: Running,
    ) -> std::result::Result<Report, Miss> {
        self.rest(doors, sources).await?;
        running.stop().await
    }

    /// Waits until all that was offered is accepted, worked on and told.
    pub(super) async fn rest(&self, doors: &Doors, sources: &[&Source]) -> Seen {
        let of: Vec<Origin> = sources.iter().map(|source| source.origin().clone()).collect();
        let resting = async {
            loop {
                // What was planned to fail may hit this look as well as the pipeline.
                let is_idle = matches!(doors.next_due(&of).await, Ok(None));
                let is_told = matches!(doors.unsettled_rejections(&of, 0, 1).await, Ok(waiting) if waiting.is_empty());
                if is_idle && is_told && sources.iter().all(|source| source.all_accepted()) {
                    return;
                }
                sleep(LOOK).await;
            }
        };
        if timeout(LONGEST, resting).await.is_ok() {
            return Ok(());
        }
        let due = doors.next_due(&of).await?;
        let due = due.map_or("nothing is due".to_owned(), |due| format!("work is due at {due}"));
        let untold = doors.unsettled_rejections(&of, 0, 1).await?.len();
        let accepted = sources.iter().all(|source| source.all_accepted());
        Err(Miss(format!("no rest within an hour: {due}, {untold} untold rejections, all accepted: {accepted}")))
    }
}

/// Waits for something that has to come.
pub(super) async fn until(what: &str, mut is_so: impl FnMut() -> bool) -> Seen {
    let waiting = async {
        while !is_so() {
            sleep(LOOK).await;
        }
    };
    timeout(LONGEST, waiting).await.map_err(|_| Miss(format!("it never came to this: {what}")))
}

/// What is stored of a call, which has to be.
pub(super) async fn stored(doors: &Doors, source: &Source, id: &str) -> std::result::Result<StoredCall, Miss> {
    let call = doors.call(source.origin(), id).await?;
    call.ok_or_else(|| Miss(format!("the call {id} of {} is not stored", source.origin())))
}

/// A pipeline in a task of its own.
pub(super) struct Running {
    task: JoinHandle<Result<Report>>,
    stop: Option<oneshot::Sender<()>>,
}

impl Running {
    /// Lets it stop in order.
    pub(super) async fn stop(mut self) -> std::result::Result<Report, Miss> {
        drop(self.stop.take());
        match (&mut self.task).await {
            Ok(report) => Ok(report?),
            Err(error) => Err(Miss(format!("the pipeline ended: {error}"))),
        }
    }

    /// Ends it in the middle of whatever it does.
    pub(super) async fn kill(mut self) {
        self.task.abort();
        // It was told to.
        let _ = (&mut self.task).await;
        // Its loops are tasks of their own, each of which is dropped at its next turn.
        for _ in 0..32 {
            yield_now().await;
        }
        sleep(LOOK).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Objects in memory. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Sink(Arc<Mutex<Objects>>);

#[derive(Debug, Default)]
struct Objects {
    objects: BTreeMap<String, Vec<u8>>,
    puts: usize,
    puts_to_fail: u32,
}

impl Sink {
    pub(super) fn fail_puts(&self, times: u32) {
        self.look(|objects| objects.puts_to_fail = times);
    }

    /// How many uploads came to their end.
    pub(super) fn puts(&self) -> usize {
        self.look(|objects| objects.puts)
    }

    pub(super) fn count(&self) -> usize {
        self.look(|objects| objects.objects.len())
    }

    /// Whether the recording of a call is there, and is that of its source.
    pub(super) fn has(&self, call: &StoredCall, source: &Source) -> bool {
        let audio = source.audio(&call.document.this.id);
        let [recording] = call.recordings.as_slice() else { return false };
        self.look(|objects| objects.objects.get(&recording.object) == Some(&audio))
    }

    fn look<T>(&self, look: impl FnOnce(&mut Objects) -> T) -> T {
        look(&mut self.0.lock().expect("nobody panics while holding the lock"))
    }
}

#[async_trait]
impl ObjectSink for Sink {
    async fn put(&self, key: &str, mut bytes: BoxStream<'_, Result<Bytes>>) -> Result<()> {
        let mut object = Vec::new();
        while let Some(piece) = bytes.try_next().await? {
            object.extend_from_slice(&piece);
        }
        self.look(|objects| {
            if objects.puts_to_fail > 0 {
                objects.puts_to_fail -= 1;
                return Err(Error::storage("the disk is full").during("put"));
            }
            objects.puts += 1;
            objects.objects.insert(key.to_owned(), object);
            Ok(())
        })
    }
}

/// The messages that were handed over. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Sent(Arc<Mutex<Vec<Message>>>);

impl Sent {
    fn push(&self, message: Message) {
        self.0.lock().expect("nobody panics while holding the lock").push(message);
    }

    pub(super) fn all(&self) -> Vec<Message> {
        self.0.lock().expect("nobody panics while holding the lock").clone()
    }

    /// The versions of a call, in the order in which they were handed over.
    pub(super) fn versions(&self, source: &Source, id: &str) -> Vec<u32> {
        let origin = source.origin();
        let is_of = |message: &&Message| {
            (message.tenant.as_str(), message.source.as_str(), message.conversation.as_str())
                == (&*origin.tenant, &*origin.source, id)
        };
        self.all().iter().filter(is_of).map(|message| message.version).collect()
    }
}
