//! `ingest run`: the pipeline until it is told to stop.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use connector_core::inbound::Hub;
use connector_core::{Clock, Origin};
use futures_util::FutureExt;
use indicatif::ProgressBar;
use ingestion_pipeline::{
    AnalysisQueue, FolderSink, Pipeline, Progress, Report, SourceOptions, SourceState, SqliteStore,
};
use serde::Serialize;
use tracing::{error, info, warn};

use crate::config::{Config, ListenSettings, Source};
use crate::listen::{DRAIN, Health, Listener};
use crate::output::{print_json, spinner};
use crate::places::Places;
use crate::scopes::Watching;
use crate::signal::stop_signal;
use crate::sources::Surroundings;

#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    /// Abort at the n-th pass of a step, as a crash does.
    #[cfg(feature = "failpoints")]
    #[arg(long, hide = true, value_name = "STEP:N")]
    abort_at: Option<ingestion_pipeline::failpoints::AbortAt>,
}

impl Run {
    pub(crate) async fn carry_out(self, config: Config, json: bool) -> anyhow::Result<bool> {
        #[cfg(feature = "failpoints")]
        self.abort_at.into_iter().for_each(ingestion_pipeline::failpoints::arm);
        run(config, json).await
    }
}

async fn run(config: Config, json: bool) -> anyhow::Result<bool> {
    let started = Clock::system().now();
    let places = Places::new(&config.data);
    let _lock = places.lock()?;
    let store = SqliteStore::open(places.database()).await?;
    let reclaimed = store.reclaim().await?;
    if reclaimed > 0 {
        info!("{reclaimed} calls were under way when the last run ended, and come again");
    }
    let queue = AnalysisQueue::new(store.clone(), Clock::system());
    let sink = FolderSink::open(places.objects())?;
    let sweeping = tokio::spawn(sweep(sink.clone(), started));
    let mut pipeline = Pipeline::new(store.clone(), sink, queue)
        .with_at_once(config.pipeline.at_once)
        .with_deadline(config.pipeline.deadline)
        .with_reconcile(store.clone());
    if let Some(live) = config.live.options(&store, &places) {
        pipeline = pipeline.with_live(live);
    }
    let surroundings = Surroundings::new(&store).reachable(config.listen.as_ref()).await?;
    let (mut left_out, mut watching) = (Vec::new(), Watching::default());
    for source in config.sources {
        let (tenant, name) = (source.tenant.clone(), source.name.clone());
        let (scope, options) = (source.scope.clone(), options_of(&source));
        let connected = async {
            let connector = surroundings.connect(source)?;
            let scope = watching.add(&scope, &connector, &store).await?;
            Ok::<_, connector_core::Error>((connector, scope))
        };
        match connected.await {
            Ok((connector, scope)) => pipeline = pipeline.source(connector, options.scope(scope)),
            // One source that cannot work never stops another.
            Err(trouble) => {
                error!("{trouble}");
                left_out.push(SourceReport::left_out(tenant, name, &trouble));
            }
        }
    }
    // Now that all sources can be called: at an address that nobody has yet, a vendor would be refused.
    let listener = listen(config.listen.as_ref(), surroundings.hub(), &store).await?;
    let progress = pipeline.progress();
    let shown = Shown::start(progress.clone());
    let people = watching.start(&store);
    let drain = DRAIN.min(config.pipeline.deadline);
    let stop = async {
        stop_signal().await;
        // While the pipeline still stores what the last requests have brought.
        if let Some(listener) = listener {
            listener.close(drain).await;
        }
    };
    let report = pipeline.run(stop).await;
    drop((shown, people));
    sweeping.abort();
    store.close().await;
    let states = progress.sources().into_iter().map(|(origin, state)| SourceReport::new(&origin, &state));
    let closing = RunReport { report: report?, sources: states.chain(left_out).collect() };
    if json {
        print_json(&closing)?;
    } else {
        println!("{closing}");
    }
    Ok(closing.sources.iter().all(|source| source.is_live))
}

/// Opens the port, where there is to be one.
async fn listen(
    settings: Option<&ListenSettings>,
    hub: Option<&Hub>,
    store: &SqliteStore,
) -> connector_core::Result<Option<Listener>> {
    let (Some(settings), Some(hub)) = (settings, hub) else { return Ok(None) };
    let store = store.clone();
    let health: Health = Arc::new(move || {
        let store = store.clone();
        async move { store.answers().await.is_ok() }.boxed()
    });
    Listener::open(settings, hub, health).await.map(Some)
}

/// How a source of the configuration takes part.
fn options_of(source: &Source) -> SourceOptions {
    let options = SourceOptions::default();
    match source.reconcile {
        Some(schedule) => options.reconcile(schedule),
        None => options,
    }
}

/// What `ingest run` prints at its end.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct RunReport {
    /// What was done.
    #[serde(flatten)]
    pub(crate) report: Report,
    /// How each source was doing at the end.
    pub(crate) sources: Vec<SourceReport>,
}

/// How one source was doing at the end.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct SourceReport {
    /// Whose it is.
    tenant: String,
    /// Its name.
    source: String,
    /// Whether it heard.
    is_live: bool,
    /// `starting`, `live`, `throttled`, `silent`, `reconnecting`, `failing`, or `left_out` where its settings cannot work.
    state: String,
    /// Why it did not hear.
    why: Option<String>,
    /// Since when it was so.
    since: Option<DateTime<Utc>>,
    /// When it was to be started again; only where it was failing.
    next_try: Option<DateTime<Utc>>,
    /// The same for people.
    #[serde(skip)]
    told: String,
}

impl SourceReport {
    pub(crate) fn new(origin: &Origin, state: &SourceState) -> Self {
        let (word, why, since) = match state {
            SourceState::Starting => ("starting", None, None),
            SourceState::Live => ("live", None, None),
            SourceState::Throttled { .. } => ("throttled", None, None),
            SourceState::Silent { since } => ("silent", None, Some(*since)),
            SourceState::Reconnecting { why, since } => ("reconnecting", Some(why.clone()), Some(*since)),
            SourceState::Failing { why, since, .. } => ("failing", Some(why.clone()), Some(*since)),
            _ => ("unknown", None, None),
        };
        let next_try = match state {
            SourceState::Failing { next_try, .. } => Some(*next_try),
            _ => None,
        };
        let (tenant, source) = (origin.tenant.to_string(), origin.source.to_string());
        let (is_live, told) = (state.is_live(), state.to_string());
        Self { tenant, source, is_live, state: word.to_owned(), why, since, next_try, told }
    }

    fn left_out(tenant: String, source: String, trouble: &connector_core::Error) -> Self {
        let (why, told) = (Some(trouble.to_string()), format!("left out: {trouble}"));
        Self { tenant, source, is_live: false, state: "left_out".to_owned(), why, since: None, next_try: None, told }
    }
}

impl fmt::Display for RunReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.report)?;
        self.sources.iter().try_for_each(|source| write!(f, "\n{}/{}: {}", source.tenant, source.source, source.told))
    }
}

/// Tidies up after a run that was killed, while this one works.
async fn sweep(sink: FolderSink, started: DateTime<Utc>) {
    match sink.sweep(started).await {
        Ok(0) => {}
        Ok(removed) => info!("{removed} files of uploads that were cut off are removed"),
        Err(error) => warn!("{error}"),
    }
}

/// A line on a terminal that counts along; nothing elsewhere.
struct Shown(Option<(ProgressBar, tokio::task::JoinHandle<()>)>);

impl Shown {
    fn start(progress: Progress) -> Self {
        let Some(bar) = spinner() else { return Self(None) };
        let shown = bar.clone();
        let counting = tokio::spawn(async move {
            loop {
                shown.set_message(progress.report().to_string());
                shown.tick();
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
        });
        Self(Some((bar, counting)))
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if let Some((bar, counting)) = self.0.take() {
            counting.abort();
            bar.finish_and_clear();
        }
    }
}
