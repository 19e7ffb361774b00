//! A pipeline that runs in the background, and can be killed.

use std::time::Duration;

use anyhow::Context as _;
use connector_core::{Clock, Connector};
use ingestion_pipeline::{AnalysisQueue, FolderSink, Pipeline, Report, SourceOptions, SqliteStore, Tally};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::output::Places;

pub(crate) struct Running {
    store: SqliteStore,
    stop: oneshot::Sender<()>,
    task: JoinHandle<connector_core::Result<Report>>,
}

impl Running {
    /// Opens the store as a fresh process would, and starts a pipeline on it.
    pub(crate) async fn start(
        places: &Places,
        connect: impl FnOnce(&SqliteStore) -> anyhow::Result<Connector>,
    ) -> anyhow::Result<Self> {
        let store = SqliteStore::open(places.database()).await?;
        store.reclaim().await?;
        let queue = AnalysisQueue::new(store.clone(), Clock::system());
        let pipeline = Pipeline::new(store.clone(), FolderSink::open(places.objects())?, queue)
            .source(connect(&store)?, SourceOptions::default())
            .with_deadline(Duration::from_secs(5));
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(pipeline.run(async {
            let _ = stopped.await;
        }));
        Ok(Self { store, stop, task })
    }

    pub(crate) async fn tally(&self) -> anyhow::Result<Tally> {
        Ok(self.store.tally().await?)
    }

    /// Ends it in the middle of whatever it does, without a farewell.
    pub(crate) async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
        self.store.close().await;
    }

    /// Lets it stop in order.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        let _ = self.stop.send(());
        self.task.await.context("the pipeline panicked")??;
        self.store.close().await;
        Ok(())
    }
}
