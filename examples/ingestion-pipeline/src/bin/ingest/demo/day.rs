//! The day itself: uploads on one side, the pipeline on the other, a restart in between.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, ValueEnum};
use connector_core::testing::{Fault, FaultPlan, Scenario};
use connector_core::{Clock, Connector, Context, Zone};
use connector_folder::LocalFolder;
use connector_universal::testing::{MisbehavingFolder, Uploader};
use connector_universal::{DropFolder, DropFolderConfig};
use ingestion_pipeline::{SqliteLedger, SqliteStore};
use tokio::time::{Instant, sleep};

use super::recount::recount;
use super::running::Running;
use super::script::{self, Line, ScriptLeg, ScriptRecording};
use super::told::{Outcome, SourceOutcome, progress_bar};
use crate::output::Places;

/// The tenant and the source of the drop folder.
const TENANT: &str = "example";
const SOURCE: &str = "drop-folder";
/// The zone of the times in the names of dropped files.
const ZONE: &str = "Europe/Berlin";
/// How long the day may go on without anything new before it is called over.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it is looked how far things are.
const LOOK: Duration = Duration::from_millis(25);
/// How long after the last call the day is compared with what is stored.
const AFTERWARDS: TimeDelta = TimeDelta::hours(1);
/// The pause between two uploads.
const PACE: Duration = Duration::from_millis(10);

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// How many calls the day has.
    #[arg(long, default_value_t = 60)]
    calls: usize,
    /// The number that the day is made from: the same number, the same day.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Which faults happen.
    #[arg(long, value_enum, default_value_t = Faults::All)]
    faults: Faults,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Faults {
    /// None.
    None,
    /// Those of an ordinary day.
    Some,
    /// Every kind there is.
    All,
}

/// Below this many calls there are not enough occasions for a day's usual faults: one of each kind happens.
const SMALL_DAY: usize = 30;

impl Faults {
    pub(crate) fn plan(self, calls: usize, seed: u64) -> FaultPlan {
        let kinds: &[Fault] = match self {
            Self::None => return FaultPlan::none(),
            Self::Some if calls >= SMALL_DAY => return FaultPlan::some(seed),
            Self::All if calls >= SMALL_DAY => return FaultPlan::all(seed),
            Self::Some => &[Fault::LostEvent, Fault::CutDownload],
            Self::All => Fault::ALL,
        };
        kinds.iter().fold(FaultPlan::none(), |plan, kind| plan.with(*kind, 1).every(*kind, 1))
    }
}

impl Demo {
    pub(crate) async fn carry_out(self, data: Option<PathBuf>, json: bool) -> anyhow::Result<bool> {
        if self.calls == 0 {
            bail!("a day without calls shows nothing: say --calls with a number above 0");
        }
        let started = Instant::now();
        let places = Places::new(data.unwrap_or_else(|| PathBuf::from("target/demo")));
        sweep(&places.directory)?;
        let scenario = dropped_day(self.calls, self.seed);
        let faults = self.faults.plan(self.calls, self.seed);
        let (company, agents) = (scenario.company.clone(), scenario.agents.len());
        let day = Day::prepare(places, scenario, faults.clone())?;
        let script = script::read(&day.script())?;
        if !json {
            println!(
                "A day at {company}: {} calls, {agents} agents, 1 source, seed {}. Faults: {faults}.\n",
                script.len(),
                self.seed
            );
        }
        let recovered = day.play(script.len(), json).await?;
        let store = day.places.open().await?;
        let mut outcome = Outcome { sources: Vec::new(), unfired: faults.unfired(), took: started.elapsed() };
        for (origin, mut count) in recount(&script, &store, &day.places.objects(), &day.folder.lost()).await? {
            count.recovered = recovered;
            count.downloads_resumed = store.tally().await?.resumed;
            outcome.sources.push(SourceOutcome { origin, vendor: "universal", count });
        }
        let first = script.first().map(|line| format!("{}/{}/{}", line.tenant, line.source, line.conversation));
        outcome.tell(&day.places, first.as_deref(), json)?;
        store.close().await;
        Ok(outcome.is_whole())
    }
}

/// A day of just so many calls that reach a drop folder: one that was not recorded never does.
pub(crate) fn dropped_day(calls: usize, seed: u64) -> Scenario {
    let mut day = Scenario::day(calls + calls / 8 + 2, seed);
    day.calls.retain(|call| call.recorded);
    day.calls.truncate(calls);
    day
}

/// Removes what an earlier demo left, and nothing else.
fn sweep(directory: &Path) -> anyhow::Result<()> {
    let is_empty = match fs::read_dir(directory) {
        Ok(mut entries) => entries.next().is_none(),
        Err(_) => true,
    };
    if !is_empty && !directory.join("script.jsonl").is_file() {
        bail!("{} holds something that no demo left there: name another place with --data", directory.display());
    }
    if !is_empty {
        fs::remove_dir_all(directory).with_context(|| format!("cannot empty {}", directory.display()))?;
    }
    fs::create_dir_all(directory.join("drop")).with_context(|| format!("cannot make {}", directory.display()))
}

/// A day that can be played.
struct Day {
    places: Places,
    faults: FaultPlan,
    uploader: Uploader,
    folder: MisbehavingFolder,
    /// When the first call began.
    begins: DateTime<Utc>,
    /// Shows the evening of that day.
    clock: Clock,
}

impl Day {
    /// Writes the script, before anything is played.
    fn prepare(places: Places, scenario: Scenario, faults: FaultPlan) -> anyhow::Result<Self> {
        let zone: Zone = ZONE.parse()?;
        let drop = places.directory.join("drop");
        let folder = MisbehavingFolder::new(LocalFolder::open(&drop)?, faults.clone());
        let uploader = Uploader::new(drop, scenario, zone, faults.clone());
        let calls = uploader.expected();
        let begins = calls.iter().map(|call| call.started).min().context("a day without calls")?;
        let evening = calls.iter().map(|call| call.ended).max().unwrap_or(begins) + AFTERWARDS;
        let day = Self { places, faults, uploader, folder, begins, clock: Clock::starting_at(evening) };
        let lines: Vec<Line> = calls
            .into_iter()
            .map(|call| Line {
                tenant: TENANT.to_owned(),
                source: SOURCE.to_owned(),
                vendor: "universal".to_owned(),
                legs: vec![ScriptLeg {
                    id: call.conversation.clone(),
                    agent: call.agent,
                    started: call.started,
                    ended: call.ended,
                }],
                conversation: call.conversation,
                recordings: vec![ScriptRecording { sha256: Some(call.sha256), size: Some(call.size) }],
                live: Vec::new(),
            })
            .collect();
        script::write(&day.script(), &lines)?;
        Ok(day)
    }

    fn script(&self) -> PathBuf {
        self.places.directory.join("script.jsonl")
    }

    fn connector(&self, store: &SqliteStore) -> anyhow::Result<Connector> {
        let cx = Context::default().with_clock(self.clock).for_source(TENANT, SOURCE);
        let ledger = SqliteLedger::new(store.clone(), cx.origin().clone());
        let config =
            DropFolderConfig::new(ZONE).with_settle(Duration::from_millis(200)).with_rescan(Duration::from_millis(500));
        // What is lost is never heard of; the history knows it, as a vendor's does.
        let heard = DropFolder::new(config.clone(), self.folder.heard(), ledger.clone(), &cx)?;
        let all = DropFolder::new(config, self.folder.clone(), ledger, &cx)?;
        Ok(all.connector().with_events(heard.events()))
    }

    /// Plays the whole day, and kills the pipeline in the middle of it if that is planned. Once all that was heard of is
    /// stored, the day is compared with what is stored; returns how many calls that recovered.
    async fn play(&self, expected: usize, quiet: bool) -> anyhow::Result<u64> {
        let _lock = self.places.lock()?;
        let start = || Running::start(&self.places, self.clock, |store| self.connector(store));
        let mut running = start().await?;
        let bar = progress_bar(expected, quiet);
        let mut uploads = std::pin::pin!(self.uploader.play(PACE));
        let (mut uploaded, mut recovered) = (false, None);
        let mut progress = (running.tally().await?, Instant::now());
        loop {
            tokio::select! {
                result = &mut uploads, if !uploaded => {
                    result?;
                    uploaded = true;
                }
                () = sleep(LOOK) => {}
            }
            let tally = running.tally().await?;
            bar.set_position(tally.calls);
            if tally != progress.0 || !uploaded {
                progress = (tally, Instant::now());
            }
            if tally.calls * 2 >= expected as u64 && self.faults.fire(Fault::Restart) {
                running.kill().await;
                running = start().await?;
                continue;
            }
            let heard = expected.saturating_sub(self.folder.lost().len()) as u64;
            let all_heard_stored = self.uploader.dropped() == expected && tally.calls >= heard && tally.open == 0;
            if recovered.is_none() && all_heard_stored {
                let connector = self.connector(running.store())?;
                recovered = Some(running.reconcile(connector, self.clock, self.begins).await?.recovered);
                // The files themselves are moved away like all others.
                self.folder.find_again();
                continue;
            }
            let all_done =
                tally.calls >= expected as u64 && tally.open == 0 && tally.unsettled == 0 && self.is_tidy()?;
            if (uploaded && recovered.is_some() && all_done) || progress.1.elapsed() > PATIENCE {
                break;
            }
        }
        bar.finish_and_clear();
        running.stop().await?;
        Ok(recovered.unwrap_or_default())
    }

    /// Whether everything that was dropped was moved away.
    fn is_tidy(&self) -> anyhow::Result<bool> {
        let mut entries = fs::read_dir(self.places.directory.join("drop"))?;
        Ok(entries.all(|entry| entry.is_ok_and(|entry| entry.path().is_dir())))
    }
}
