//! Loops that are started again when they end.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use connector_core::Result;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tracing::{debug, warn};

/// Pauses between restarts of a loop that failed: the first, doubled up to the last.
pub(crate) const RESTARTS: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(60));

/// What goes on until it fails. Dropping its future loses nothing.
#[async_trait]
pub(crate) trait Loop: Send + Sync + 'static {
    async fn run(&self) -> Result<()>;
}

/// Runs a loop for ever: when it ends, fails or panics, it is started again after a pause, the first of these, doubled up
/// to the last. `failed` is told why it ended and how long it pauses.
pub(crate) async fn supervise(
    of: Arc<impl Loop>,
    pauses: (Duration, Duration),
    mut failed: impl FnMut(String, Duration),
) {
    let mut pause = pauses.0;
    loop {
        let started = Instant::now();
        let mut running = JoinSet::new();
        let of = of.clone();
        running.spawn(async move { of.run().await });
        let why = match running.join_next().await {
            Some(Ok(Ok(()))) => "it came to its end".to_owned(),
            Some(Ok(Err(error))) => error.to_string(),
            Some(Err(_)) | None => "it panicked; please report what was printed before".to_owned(),
        };
        if started.elapsed() > pauses.1 {
            pause = pauses.0;
        }
        failed(why, pause);
        sleep(pause).await;
        pause = (pause * 2).min(pauses.1);
    }
}

/// Says in the log why a loop ended: once, however often it is tried again in vain for the same reason.
pub(crate) fn say_once(what: String) -> impl FnMut(String, Duration) {
    let mut said: Option<(String, Instant)> = None;
    move |why, pause| {
        // A reason that was not met for a while is news.
        let is_known = said.as_ref().is_some_and(|(known, at)| *known == why && at.elapsed() < pause * 4);
        if is_known {
            debug!("{what}: {why}; starting again in {pause:?}");
        } else {
            warn!("{what}: {why}; starting again in {pause:?}");
        }
        said = Some((why, Instant::now()));
    }
}
