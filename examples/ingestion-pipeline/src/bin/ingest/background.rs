//! A pipeline in a task of its own.

use anyhow::Context as _;
use connector_core::Result;
use ingestion_pipeline::{Pipeline, Report};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A pipeline that runs until it is stopped.
pub(crate) struct Background {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<Report>>,
}

impl Background {
    pub(crate) fn start(pipeline: Pipeline) -> Self {
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(pipeline.run(async {
            let _ = stopped.await;
        }));
        Self { stop, task }
    }

    /// Lets it stop in order.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        let _ = self.stop.send(());
        self.task.await.context("the pipeline panicked")??;
        Ok(())
    }

    /// Ends it in the middle of whatever it does, without a farewell.
    #[cfg(feature = "demo")]
    pub(crate) async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}
