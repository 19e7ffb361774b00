//! What `reconcile` and `backfill` share: which sources, somebody who does the work, and what is printed.

use std::fs::File;
use std::sync::Mutex;

use chrono::{DateTime, Utc};
use connector_core::reconcile::ReconcileReport;
use connector_core::{Clock, Connector, Origin};
use indicatif::ProgressBar;
use ingestion_pipeline::{
    AnalysisQueue, FolderSink, LiveOptions, Pipeline, ReconcileLog, Recovering, Run, Scope, SourceOptions, SqliteStore,
};
use serde::Serialize;

use crate::background::Background;
use crate::config::Config;
use crate::output::{print_json, spinner};
use crate::places::Places;
use crate::scopes::scope_of;
use crate::sources::{Meant, Surroundings};

/// A comparison of one source, as it is printed with `--json`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Compared {
    /// Whose source it is.
    pub(crate) tenant: String,
    /// Its name.
    pub(crate) source: String,
    /// Whether it went on where another run was interrupted.
    pub(crate) resumed: bool,
    /// What it amounted to; none where it failed.
    pub(crate) report: Option<ReconcileReport>,
    /// Why it failed; none where it did not.
    pub(crate) error: Option<String>,
}

/// The sources that are meant, and somebody who does the work that is found.
pub(crate) struct Comparing {
    pub(crate) store: SqliteStore,
    connectors: Vec<(Connector, Scope)>,
    own: Option<(Background, File)>,
    json: bool,
}

impl Comparing {
    pub(crate) async fn start(config: Config, meant: &Meant, json: bool) -> anyhow::Result<Self> {
        let places = Places::new(&config.data);
        let lock = places.lock();
        let store = SqliteStore::open(places.database()).await?;
        let live = config.live.options(&store, &places);
        let surroundings = Surroundings::new(&store);
        let mut connectors = Vec::new();
        for source in meant.of(config.sources)? {
            let scope = scope_of(&source.scope, &Origin::new(&source.tenant, &source.name), &store).await?;
            connectors.push((surroundings.connect(source)?, scope));
        }
        connectors.retain(|(connector, _)| connector.history().is_some());
        // Where a pipeline runs already, it does the work; else one of our own does, which hears nothing.
        let own = match lock {
            Ok(lock) => Some((work(&places, &store, live, &connectors).await?, lock)),
            Err(_) => None,
        };
        Ok(Self { store, connectors, own, json })
    }

    /// The sources that are meant and have a history.
    pub(crate) fn connectors(&self) -> Vec<(Connector, Scope)> {
        self.connectors.clone()
    }

    /// A comparison of one source, which is remembered and shows how far it is.
    pub(crate) fn recovering(&self, connector: Connector, scope: Scope) -> Recovering {
        let origin = connector.origin().clone();
        let archive = self.store.archive(&origin);
        let shown = Shown::new(origin);
        Recovering::new(connector, self.store.clone(), archive)
            .with_log(self.store.clone())
            .with_scope(scope)
            .on_step(move |report| shown.show(report))
    }

    /// Prints how it went for one source, and returns whether all is well. Its trouble is its own.
    pub(crate) fn tell(
        &self,
        origin: &Origin,
        resumed: bool,
        run: connector_core::Result<Run>,
    ) -> anyhow::Result<bool> {
        let report = run.as_ref().ok().map(|run| &run.report);
        let error = run.as_ref().err().map(ToString::to_string);
        if let Some(error) = &error {
            eprintln!("error: {error}");
        }
        if self.json {
            let (tenant, source) = (origin.tenant.to_string(), origin.source.to_string());
            print_json(&Compared { tenant, source, resumed, report: report.cloned(), error })?;
        } else if let Some(report) = report {
            println!("{origin}: {}{report}", if resumed { "resumed, " } else { "" });
        }
        Ok(report.is_some_and(|report| report.is_complete() && report.open() == 0 && report.failed == 0))
    }

    pub(crate) async fn end(self) -> anyhow::Result<()> {
        if let Some((own, _lock)) = self.own {
            own.stop().await?;
        }
        self.store.close().await;
        Ok(())
    }
}

/// How far a comparison is: a line that changes on a terminal, elsewhere a line for each stretch of time that is done.
struct Shown {
    origin: Origin,
    bar: Option<ProgressBar>,
    reached: Mutex<Option<DateTime<Utc>>>,
}

impl Shown {
    fn new(origin: Origin) -> Self {
        Self { origin, bar: spinner(), reached: Mutex::default() }
    }

    fn show(&self, report: &ReconcileReport) {
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{}: {report}", self.origin));
            bar.tick();
            return;
        }
        let before = self.reached.lock().ok().and_then(|mut reached| reached.replace(report.reached));
        if before != Some(report.reached) {
            eprintln!("{}: {report}", self.origin);
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.bar.iter().for_each(ProgressBar::finish_and_clear);
    }
}

/// Starts a pipeline that works and hears nothing.
async fn work(
    places: &Places,
    store: &SqliteStore,
    live: Option<LiveOptions>,
    connectors: &[(Connector, Scope)],
) -> anyhow::Result<Background> {
    store.reclaim().await?;
    let queue = AnalysisQueue::new(store.clone(), Clock::system());
    let mut pipeline = Pipeline::new(store.clone(), FolderSink::open(places.objects())?, queue);
    for (connector, scope) in connectors {
        let options = SourceOptions::default().scope(scope.clone());
        pipeline = pipeline.source(connector.clone().without_events().without_live_audio(), options);
    }
    // Sound that waits for a call which is fetched now.
    if let Some(live) = live {
        pipeline = pipeline.with_live(live);
    }
    Ok(Background::start(pipeline))
}
