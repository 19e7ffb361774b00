//! A pipeline that runs in the background, and can be killed.

use std::time::Duration;

use chrono::{DateTime, Utc};
use connector_core::reconcile::{ReconcileMode, ReconcileReport};
use connector_core::{Clock, Connector};
use ingestion_pipeline::{
    AnalysisQueue, FolderSink, LiveOptions, Pipeline, Plan, ReconcileLog, Recovering, SourceOptions, SqliteStore, Tally,
};

use crate::background::Background;
use crate::places::Places;

pub(crate) struct Running {
    store: SqliteStore,
    pipeline: Background,
}

impl Running {
    /// Opens the store as a fresh process would, and starts a pipeline on it.
    pub(crate) async fn start(
        places: &Places,
        clock: Clock,
        connect: impl FnOnce(&SqliteStore) -> anyhow::Result<Vec<Connector>>,
    ) -> anyhow::Result<Self> {
        let store = SqliteStore::open(places.database()).await?;
        store.reclaim().await?;
        let queue = AnalysisQueue::new(store.clone(), clock);
        let pipeline = Pipeline::new(store.clone(), FolderSink::open(places.objects())?, queue)
            .with_clock(clock)
            .with_live(LiveOptions::new(store.clone(), places.live()))
            .with_deadline(Duration::from_secs(5));
        let with = |pipeline: Pipeline, connector| pipeline.source(connector, SourceOptions::default());
        let pipeline = connect(&store)?.into_iter().fold(pipeline, with);
        Ok(Self { store, pipeline: Background::start(pipeline) })
    }

    pub(crate) async fn tally(&self) -> anyhow::Result<Tally> {
        Ok(self.store.tally().await?)
    }

    /// Compares all that ended since a time with what is stored, as a night's run does, while the pipeline does the work.
    pub(crate) async fn reconcile(
        &self,
        connector: Connector,
        clock: Clock,
        since: DateTime<Utc>,
    ) -> anyhow::Result<ReconcileReport> {
        let archive = self.store.archive(connector.origin());
        let plan = Plan::new(ReconcileMode::Nightly, "nightly", since, clock.now());
        let recovering =
            Recovering::new(connector, self.store.clone(), archive).with_log(self.store.clone()).with_clock(clock);
        Ok(recovering.carry_out(&plan).await?.report)
    }

    pub(crate) fn store(&self) -> &SqliteStore {
        &self.store
    }

    /// Ends it in the middle of whatever it does, without a farewell.
    pub(crate) async fn kill(self) {
        self.pipeline.kill().await;
        self.store.close().await;
    }

    /// Lets it stop in order.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.pipeline.stop().await?;
        self.store.close().await;
        Ok(())
    }
}
