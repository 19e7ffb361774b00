//! A connector as a value: a bundle of jobs, each of which can be replaced.

use std::fmt;
use std::sync::Arc;

use futures_util::future::{BoxFuture, join_all};

use super::{
    AgentDirectory, CheckReport, ConversationHistory, EventSource, LiveAudioSource, RecordingDownloader, Settler,
};
use crate::{Context, Origin, Result, Vendor};

/// Does something when a connector is closed.
type CloseHook = Arc<dyn Fn() -> BoxFuture<'static, Result<()>> + Send + Sync>;

/// The jobs of one source of one tenant, bundled for a pipeline.
///
/// It is a value: take a vendor's connector and replace one job (a Five9 connector whose recordings come from somebody's
/// SFTP server), or build one from nothing. Clones share the jobs.
///
/// ```
/// use connector_core::{Connector, Context, Vendor};
/// let connector = Connector::new(&Context::default().for_source("acme", "drop"), Vendor::UNIVERSAL);
/// assert!(connector.events().is_none());
/// assert_eq!(connector.origin().to_string(), "acme/drop");
///
/// // Another connector's recordings in the place of its own.
/// fn with_recordings_of(calls: Connector, store: &Connector) -> Connector {
///     match store.recordings() {
///         Some(recordings) => calls.with_recordings(recordings),
///         None => calls,
///     }
/// }
/// assert!(with_recordings_of(connector.clone(), &connector).recordings().is_none());
/// ```
#[derive(Clone)]
pub struct Connector {
    origin: Origin,
    vendor: Vendor,
    directory: Option<Arc<dyn AgentDirectory>>,
    events: Option<Arc<dyn EventSource>>,
    history: Option<Arc<dyn ConversationHistory>>,
    recordings: Option<Arc<dyn RecordingDownloader>>,
    live_audio: Option<Arc<dyn LiveAudioSource>>,
    settler: Option<Arc<dyn Settler>>,
    close_hooks: Vec<CloseHook>,
}

macro_rules! jobs {
    ($($(#[$doc:meta])* $with:ident, $job:ident: $trait:ident;)*) => {
        impl Connector {
            $(
                #[doc = concat!("The same connector with this [`", stringify!($trait), "`].")]
                pub fn $with(mut self, job: impl $trait) -> Self {
                    self.$job = Some(Arc::new(job));
                    self
                }

                $(#[$doc])*
                pub fn $job(&self) -> Option<Arc<dyn $trait>> {
                    self.$job.clone()
                }
            )*
        }
    };
}

jobs! {
    /// Lists the people whose calls count.
    with_directory, directory: AgentDirectory;
    /// Hears what happens to calls.
    with_events, events: EventSource;
    /// Knows the calls of the past.
    with_history, history: ConversationHistory;
    /// Finds and fetches recordings.
    with_recordings, recordings: RecordingDownloader;
    /// Takes the sound of calls while they go on.
    with_live_audio, live_audio: LiveAudioSource;
    /// Tidies up at the source once everything is stored.
    with_settler, settler: Settler;
}

impl Connector {
    /// A connector without jobs.
    pub fn new(cx: &Context, vendor: Vendor) -> Self {
        Self {
            origin: cx.origin().clone(),
            vendor,
            directory: None,
            events: None,
            history: None,
            recordings: None,
            live_audio: None,
            settler: None,
            close_hooks: Vec::new(),
        }
    }

    /// The same connector, hearing nothing: for a program that only works on what is known already.
    pub fn without_events(mut self) -> Self {
        self.events = None;
        self
    }

    /// The same connector, taking no sound of calls that go on.
    pub fn without_live_audio(mut self) -> Self {
        self.live_audio = None;
        self
    }

    /// The same connector, which also does this when it is closed.
    pub fn on_close(mut self, hook: impl Fn() -> BoxFuture<'static, Result<()>> + Send + Sync + 'static) -> Self {
        self.close_hooks.push(Arc::new(hook));
        self
    }

    /// Whose connector it is.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The system behind it.
    pub fn vendor(&self) -> &Vendor {
        &self.vendor
    }

    /// Asks every job whether it can work, all at once.
    pub async fn check(&self) -> CheckReport {
        let asked = [
            self.directory.as_ref().map(|job| ("agents", job.check())),
            self.events.as_ref().map(|job| ("events", job.check())),
            self.history.as_ref().map(|job| ("history", job.check())),
            self.recordings.as_ref().map(|job| ("recordings", job.check())),
            self.live_audio.as_ref().map(|job| ("live audio", job.check())),
        ];
        let answers = asked.into_iter().flatten().map(|(job, check)| async move { (job, check.await) });
        CheckReport { origin: self.origin.clone(), jobs: join_all(answers).await }
    }

    /// Says goodbye to the vendor: sessions, channels. Whoever calls sets the deadline.
    ///
    /// # Errors
    /// The first that a farewell met; the others are tried all the same.
    pub async fn close(&self) -> Result<()> {
        join_all(self.close_hooks.iter().map(|hook| hook())).await.into_iter().collect()
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").field("origin", &self.origin).field("vendor", &self.vendor).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures_util::FutureExt;

    use super::*;
    use crate::Error;

    #[tokio::test]
    async fn every_farewell_is_said_though_one_fails() {
        let said = Arc::new(AtomicU32::new(0));
        let say = |result: fn() -> Result<()>| {
            let said = said.clone();
            move || {
                said.fetch_add(1, Ordering::Relaxed);
                async move { result() }.boxed()
            }
        };
        let connector = Connector::new(&Context::default(), Vendor::UNIVERSAL)
            .on_close(say(|| Err(Error::transient("gone already"))))
            .on_close(say(|| Ok(())));
        assert!(connector.close().await.unwrap_err().is_transient());
        assert_eq!(said.load(Ordering::Relaxed), 2);
    }
}
