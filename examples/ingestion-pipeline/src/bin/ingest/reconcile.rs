//! `ingest reconcile`: finds what was missed, and fetches it.

use std::time::Duration;

use anyhow::bail;
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use connector_core::reconcile::{ReconcileMode, ReconcileRequest};
use connector_core::{Clock, Connector, Context, Origin};
use ingestion_pipeline::{
    AnalysisQueue, FolderSink, Pipeline, Recovering, Scope, SourceOptions, SqliteArchive, SqliteStore,
};
use serde_json::json;
use tokio::sync::oneshot;

use crate::config::Config;
use crate::output::{Places, print_json};
use crate::people::scope_of;
use crate::sources::connect;

#[derive(Debug, Args)]
pub(crate) struct ReconcileArguments {
    /// Only of this tenant.
    #[arg(long)]
    tenant: Option<String>,
    /// Only this source.
    #[arg(long)]
    source: Option<String>,
    /// Compare the time up to now, this long.
    #[arg(long, default_value = "24h", value_parser = humantime::parse_duration, value_name = "TIME", conflicts_with = "from")]
    last: Duration,
    /// Compare from this time on, such as 2026-10-18T00:00:00Z.
    #[arg(long)]
    from: Option<DateTime<Utc>>,
    /// Compare up to this time.
    #[arg(long, requires = "from")]
    to: Option<DateTime<Utc>>,
}

impl ReconcileArguments {
    pub(crate) async fn carry_out(self, config: Config, json: bool) -> anyhow::Result<bool> {
        let places = Places::new(&config.data);
        let lock = places.lock();
        let store = SqliteStore::open(places.database()).await?;
        let connectors = self.connectors(config, &store).await?;
        // Where a pipeline runs already, it does the work; else one of our own does, which hears nothing.
        let own = match &lock {
            Ok(_) => Some(Working::start(&places, &store, &connectors).await?),
            Err(_) => None,
        };
        let mut is_well = true;
        for (connector, _) in connectors {
            is_well &= self.reconcile(connector, &store, json).await;
        }
        if let Some(own) = own {
            own.stop().await?;
        }
        store.close().await;
        Ok(is_well)
    }

    async fn connectors(&self, config: Config, store: &SqliteStore) -> anyhow::Result<Vec<(Connector, Scope)>> {
        let is_meant = |name: &str, wanted: &Option<String>| wanted.as_ref().is_none_or(|wanted| wanted == name);
        let sources = config.sources.into_iter();
        let meant = sources.filter(|s| is_meant(&s.tenant, &self.tenant) && is_meant(&s.name, &self.source));
        let mut connectors = Vec::new();
        for source in meant {
            let scope = scope_of(&source.scope, &Origin::new(&source.tenant, &source.name), store).await?;
            connectors.push((connect(source, store, &Context::default())?, scope));
        }
        if connectors.is_empty() {
            bail!("no source of the configuration is meant");
        }
        Ok(connectors.into_iter().filter(|(connector, _)| connector.history().is_some()).collect())
    }

    fn request(&self) -> ReconcileRequest {
        let now = Clock::system().now();
        let to = self.to.unwrap_or(now);
        let from = self.from.unwrap_or_else(|| now - TimeDelta::from_std(self.last).unwrap_or(TimeDelta::days(1)));
        ReconcileRequest::between(ReconcileMode::Manual, from, to)
    }

    /// One source; its trouble is its own.
    async fn reconcile(&self, connector: Connector, store: &SqliteStore, json: bool) -> bool {
        let origin = connector.origin().clone();
        let archive = SqliteArchive::new(store.clone(), origin.clone());
        match Recovering::new(connector, store.clone(), archive).run(self.request()).await {
            Ok(report) => {
                let value = json!({ "tenant": origin.tenant, "source": origin.source, "report": report });
                match json {
                    true => drop(print_json(&value)),
                    false => println!("{origin}: {report}"),
                }
                report.is_complete() && report.open() == 0 && report.failed == 0
            }
            Err(error) => {
                eprintln!("error: {error}");
                false
            }
        }
    }
}

/// A pipeline that works and hears nothing.
struct Working {
    stop: oneshot::Sender<()>,
    task: tokio::task::JoinHandle<connector_core::Result<ingestion_pipeline::Report>>,
}

impl Working {
    async fn start(places: &Places, store: &SqliteStore, connectors: &[(Connector, Scope)]) -> anyhow::Result<Self> {
        store.reclaim().await?;
        let queue = AnalysisQueue::new(store.clone(), Clock::system());
        let mut pipeline = Pipeline::new(store.clone(), FolderSink::open(places.objects())?, queue);
        for (connector, scope) in connectors {
            let options = SourceOptions::default().scope(scope.clone());
            pipeline = pipeline.source(connector.clone().without_events(), options);
        }
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(pipeline.run(async {
            let _ = stopped.await;
        }));
        Ok(Self { stop, task })
    }

    async fn stop(self) -> anyhow::Result<()> {
        let _ = self.stop.send(());
        self.task.await??;
        Ok(())
    }
}
