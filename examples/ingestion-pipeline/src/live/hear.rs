//! The loop that takes the sessions of a source.

use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use connector_core::{LiveAudioSource, LiveSession, Result};
use futures_util::TryStreamExt;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::warn;

use super::record::Recorder;
use crate::supervise::Loop;

/// Takes sessions as they begin, and has each recorded by a task of its own. Where none begin any more, it sees to those
/// that there were.
pub(crate) struct Hearing {
    source: Option<Arc<dyn LiveAudioSource>>,
    recorder: Arc<Recorder>,
    /// They go on when the loop is started again.
    tasks: Mutex<JoinSet<()>>,
    stop: watch::Sender<bool>,
}

#[async_trait]
impl Loop for Hearing {
    /// Hears until the stream ends or fails.
    async fn run(&self) -> Result<()> {
        let hear = async {
            let Some(source) = &self.source else { return pending().await };
            let mut sessions = source.sessions();
            while let Some(session) = sessions.try_next().await? {
                self.take(session);
            }
            Ok(())
        };
        tokio::select! {
            heard = hear => heard,
            () = self.recorder.look_after() => Ok(()),
        }
    }
}

impl Hearing {
    pub(crate) fn new(source: Option<Arc<dyn LiveAudioSource>>, recorder: Recorder) -> Self {
        let (tasks, (stop, _)) = (Mutex::default(), watch::channel(false));
        Self { source, recorder: Arc::new(recorder), tasks, stop }
    }

    fn take(&self, session: LiveSession) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        if tasks.len() >= self.recorder.live.options.at_once {
            let (origin, at_once) = (&self.recorder.origin, tasks.len());
            return warn!(%origin, session = session.id, "not recorded: {at_once} sessions are being recorded");
        }
        let (recorder, stop) = (self.recorder.clone(), self.stop.subscribe());
        tasks.spawn(async move { recorder.record(session, stop).await });
    }

    /// Ends what is being recorded where it is, and waits until that is written down, for so long at most.
    pub(crate) async fn close(&self, deadline: Duration) {
        self.stop.send_replace(true);
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        let written = async { while tasks.join_next().await.is_some() {} };
        if timeout(deadline, written).await.is_err() {
            warn!(origin = %self.recorder.origin, "sessions of sound were not ended in time; they are at the next start");
        }
    }
}
