//! `ingest run`: the pipeline until it is told to stop.

use std::fmt;
use std::io::stderr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use connector_core::{Clock, Context, Origin};
use indicatif::{ProgressBar, ProgressStyle};
use ingestion_pipeline::{
    AnalysisQueue, FolderSink, Pipeline, Progress, Report, SourceOptions, SourceState, SqliteStore,
};
use serde::Serialize;
use tracing::{error, info, warn};

use crate::config::{Config, Source};
use crate::output::{Places, is_terminal, print_json};
use crate::sources::connect;

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
    let mut left_out = Vec::new();
    for source in config.sources {
        let (tenant, name, options) = (source.tenant.clone(), source.name.clone(), options_of(&source));
        match connect(source, &store, &Context::default()) {
            Ok(connector) => pipeline = pipeline.source(connector, options),
            // One source that cannot work never stops another.
            Err(trouble) => {
                error!("{trouble}");
                let standing = Standing::LeftOut { state: "left_out", why: trouble.to_string() };
                left_out.push(SourceReport { tenant, source: name, is_live: false, standing });
            }
        }
    }
    let progress = pipeline.progress();
    let shown = Shown::start(progress.clone());
    let report = pipeline.run(stop_signal()).await;
    drop(shown);
    sweeping.abort();
    store.close().await;
    let states = progress.sources().into_iter().map(|(origin, state)| SourceReport::new(&origin, state));
    let closing = RunReport { report: report?, sources: states.chain(left_out).collect() };
    if json {
        print_json(&closing)?;
    } else {
        println!("{closing}");
    }
    Ok(closing.sources.iter().all(|source| source.is_live))
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
struct RunReport {
    /// What was done.
    #[serde(flatten)]
    report: Report,
    /// How each source was doing at the end.
    sources: Vec<SourceReport>,
}

/// How one source was doing at the end.
#[derive(Debug, Serialize)]
struct SourceReport {
    /// Whose it is.
    tenant: String,
    /// Its name.
    source: String,
    /// Whether it heard.
    is_live: bool,
    /// How it was doing.
    #[serde(flatten)]
    standing: Standing,
}

/// How a source was doing.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Standing {
    /// It took part.
    State(SourceState),
    /// Its settings cannot work, so that it takes no part until the program is started anew.
    LeftOut {
        /// `left_out`.
        state: &'static str,
        /// Why.
        why: String,
    },
}

impl SourceReport {
    fn new(origin: &Origin, state: SourceState) -> Self {
        let (tenant, source) = (origin.tenant.to_string(), origin.source.to_string());
        Self { tenant, source, is_live: state.is_live(), standing: Standing::State(state) }
    }
}

impl fmt::Display for RunReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.report)?;
        self.sources.iter().try_for_each(|SourceReport { tenant, source, standing, .. }| match standing {
            Standing::State(state) => write!(f, "\n{tenant}/{source}: {state}"),
            Standing::LeftOut { why, .. } => write!(f, "\n{tenant}/{source}: left out: {why}"),
        })
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

/// Ready when somebody presses Ctrl-C or sends SIGTERM. A second time ends the program at once.
async fn stop_signal() {
    signalled().await;
    tokio::spawn(async {
        signalled().await;
        std::process::exit(130);
    });
}

#[cfg(unix)]
async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(not(unix))]
async fn signalled() {
    let _ = tokio::signal::ctrl_c().await;
}

/// A line on a terminal that counts along; nothing elsewhere.
struct Shown(Option<(ProgressBar, tokio::task::JoinHandle<()>)>);

impl Shown {
    fn start(progress: Progress) -> Self {
        if !is_terminal(&stderr()) {
            return Self(None);
        }
        let style =
            ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = ProgressBar::new_spinner().with_style(style);
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
