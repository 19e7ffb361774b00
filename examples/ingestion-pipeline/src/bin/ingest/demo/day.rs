//! The day itself: sources on one side, the pipeline on the other, a restart in between.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use connector_core::testing::{Fault, FaultPlan, Scenario};
use connector_core::{Clock, Connector};
use futures_util::future::try_join_all;
use ingestion_pipeline::{LiveStore, SessionState, SqliteStore};
use tokio::time::{Instant, sleep};

use super::faults::{Faults, OF_APIS, OF_FOLDERS, OF_SOCKETS};
use super::folder::{DroppedDay, dropped_day};
use super::genesys::GenesysDay;
use super::live::{LiveDay, live_share};
use super::nice::NiceDay;
use super::part::Part;
use super::recount::recount;
use super::running::Running;
use super::script::{self, Line};
use super::told::{Outcome, SourceOutcome, progress_bar};
use crate::places::Places;

/// How long the day may go on without anything new before it is called over.
const PATIENCE: Duration = Duration::from_secs(20);
/// After so long without anything new, what was not heard is taken not to be.
const QUIET: Duration = Duration::from_secs(3);
/// How often it is looked how far things are.
const LOOK: Duration = Duration::from_millis(25);
/// How long after the last call the day is compared with what is stored.
const AFTERWARDS: TimeDelta = TimeDelta::hours(1);
/// How long before the evening a pipeline starts that is killed; far more than it takes.
const BEFORE: TimeDelta = TimeDelta::minutes(10);
/// How many vendors share the day.
const VENDORS: usize = 3;

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

impl Demo {
    pub(crate) async fn carry_out(self, data: Option<PathBuf>, json: bool) -> anyhow::Result<bool> {
        if self.calls == 0 {
            bail!("a day without calls shows nothing: say --calls with a number above 0");
        }
        let started = Instant::now();
        let places = Places::new(data.unwrap_or_else(|| PathBuf::from("target/demo")));
        sweep(&places.directory)?;
        let day = Day::prepare(places, &self).await?;
        let script = script::read(&day.script())?;
        if !json {
            println!("{}\n", day.title(script.len(), self.seed));
        }
        let recovered = day.play(script.len(), json).await?;
        let store = day.places.open().await?;
        let mut outcome = Outcome { sources: Vec::new(), unfired: day.unfired(), took: started.elapsed() };
        for (part, recovered) in day.parts.iter().zip(recovered) {
            let origin = part.origin();
            let lines: Vec<&Line> = script.iter().filter(|line| line.is_of(&origin)).collect();
            let mut count = recount(part.as_ref(), &lines, &store, &day.places.objects()).await?;
            count.recovered = recovered;
            count.not_ready = part.faults().fired(Fault::NotReady) as u64;
            count.throttled = part.faults().fired(Fault::Throttled) as u64;
            outcome.sources.push(SourceOutcome { origin, vendor: part.vendor(), count });
        }
        let first = script.first().map(|line| format!("{}/{}/{}", line.tenant, line.source, line.conversation));
        outcome.tell(&day.places, first.as_deref(), json)?;
        store.close().await;
        Ok(outcome.is_whole())
    }
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
    fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))
}

/// A day that can be played.
struct Day {
    places: Places,
    parts: Vec<Box<dyn Part>>,
    /// What goes wrong with the pipeline itself.
    faults: FaultPlan,
    /// Whose day it is, and how many people work there.
    company: String,
    people: usize,
    /// When the first call began.
    begins: DateTime<Utc>,
    /// When the last pipeline starts. Calls with live sound go on then; all others were long ago.
    evening: DateTime<Utc>,
    /// The clock of the pipeline that runs.
    clock: Cell<Clock>,
}

impl Day {
    /// Writes the script, before anything is played.
    async fn prepare(places: Places, demo: &Demo) -> anyhow::Result<Self> {
        let share = |vendor: usize| demo.calls / VENDORS + usize::from(vendor < demo.calls % VENDORS);
        let dropped = dropped_day(share(0), demo.seed);
        let (company, people) = (dropped.company.clone(), dropped.agents.len());
        let drop = places.directory.join("drop");
        let faults = demo.faults.plan(OF_FOLDERS, share(0), demo.seed);
        let mut parts: Vec<Box<dyn Part>> = vec![Box::new(DroppedDay::prepare(&drop, dropped, faults)?)];
        if share(1) > 0 {
            // Another day for each, so that no two calls are the same.
            let scenario = Scenario::day(share(1), demo.seed.wrapping_add(1));
            parts.push(Box::new(NiceDay::prepare(&scenario, demo.faults.plan(OF_APIS, share(1), demo.seed)).await?));
        }
        let live = live_share(share(2));
        let others = share(2) - live;
        if others > 0 {
            let scenario = Scenario::day(others, demo.seed.wrapping_add(2));
            let faults = demo.faults.plan(OF_SOCKETS, others, demo.seed);
            parts.push(Box::new(GenesysDay::prepare(&scenario, faults).await?));
        }
        let mut lines: Vec<Line> = parts.iter().flat_map(|part| part.script()).collect();
        let legs = || lines.iter().flat_map(|line| &line.legs);
        let begins = legs().map(|leg| leg.started).min().context("a day without calls")?;
        let evening = legs().map(|leg| leg.ended).max().unwrap_or(begins) + AFTERWARDS;
        if live > 0 {
            // They go on while all others were long ago.
            let day = LiveDay::prepare(live, demo.seed.wrapping_add(3), evening).await?;
            lines.extend(day.script());
            parts.push(Box::new(day));
        }
        let faults = match demo.faults {
            Faults::All => FaultPlan::none().restart(1),
            Faults::None | Faults::Some => FaultPlan::none(),
        };
        let day = Self {
            places,
            parts,
            faults,
            company,
            people,
            begins,
            evening,
            clock: Cell::new(Clock::starting_at(evening - BEFORE)),
        };
        script::write(&day.script(), &lines)?;
        Ok(day)
    }

    fn title(&self, calls: usize, seed: u64) -> String {
        let Self { company, people, .. } = self;
        let sources = match self.parts.len() {
            1 => "1 source".to_owned(),
            sources => format!("{sources} sources"),
        };
        let kinds: BTreeSet<Fault> = self.plans().flat_map(|plan| plan.unfired()).map(|(fault, _)| fault).collect();
        let faults = kinds.into_iter().fold(FaultPlan::none(), |plan, fault| plan.with(fault, 1));
        format!("A day at {company}: {calls} calls, {people} agents, {sources}, seed {seed}. Faults: {faults}.")
    }

    fn plans(&self) -> impl Iterator<Item = &FaultPlan> {
        self.parts.iter().map(|part| part.faults()).chain([&self.faults])
    }

    /// What was planned and did not happen, by kind.
    fn unfired(&self) -> Vec<(Fault, usize)> {
        let mut unfired = std::collections::BTreeMap::new();
        for (fault, count) in self.plans().flat_map(FaultPlan::unfired) {
            *unfired.entry(fault).or_default() += count;
        }
        unfired.into_iter().collect()
    }

    fn script(&self) -> PathBuf {
        self.places.directory.join("script.jsonl")
    }

    fn connectors(&self, store: &SqliteStore) -> anyhow::Result<Vec<Connector>> {
        self.parts.iter().map(|part| part.connector(store, &part.context(self.clock.get()))).collect()
    }

    /// Plays the whole day, and kills the pipeline in the middle of it if that is planned. Once all that was heard of is
    /// stored, the day is compared with what is stored; returns how many calls that recovered, for each source.
    async fn play(&self, expected: usize, quiet: bool) -> anyhow::Result<Vec<u64>> {
        let _lock = self.places.lock()?;
        let start = || {
            // Live calls begin behind the restart: into how many sessions it would cut them the script cannot say. When it
            // comes nobody knows either, so the evening begins with the last pipeline.
            if self.faults.unfired().is_empty() {
                self.clock.set(Clock::starting_at(self.evening));
                self.parts.iter().for_each(|part| part.settle());
            }
            Running::start(&self.places, self.clock.get(), |store| self.connectors(store))
        };
        let mut running = start().await?;
        let bar = progress_bar(expected, quiet);
        let played: Vec<Cell<bool>> = self.parts.iter().map(|_| Cell::new(false)).collect();
        let playing = self.parts.iter().zip(&played).map(|(part, played)| async {
            part.play().await?;
            played.set(true);
            anyhow::Ok(())
        });
        let has_happened = |part: usize| played[part].get() || self.parts[part].has_happened();
        let mut playing = std::pin::pin!(try_join_all(playing));
        let (mut is_played, mut recovered) = (false, None);
        let mut progress = (running.tally().await?, Instant::now());
        loop {
            tokio::select! {
                result = &mut playing, if !is_played => {
                    result?;
                    is_played = true;
                }
                () = sleep(LOOK) => {}
            }
            let tally = running.tally().await?;
            bar.set_position(tally.calls);
            if tally != progress.0 || !is_played {
                progress = (tally, Instant::now());
            }
            let mut parts = 0..self.parts.len();
            let others_have_happened = parts.clone().all(|part| self.parts[part].is_live() || has_happened(part));
            let is_middle = tally.calls * 2 >= expected as u64 || others_have_happened;
            if is_middle && self.faults.fire(Fault::Restart) {
                running.kill().await;
                running = start().await?;
                continue;
            }
            let lost: usize = self.parts.iter().map(|part| part.lost().len()).sum();
            // A socket that was cut takes words with it that nobody counts.
            let is_heard = tally.calls + lost as u64 >= expected as u64 || progress.1.elapsed() > QUIET;
            let is_heard_stored = parts.all(has_happened) && is_heard && tally.open == 0;
            if recovered.is_none() && is_heard_stored {
                recovered = Some(self.compare(&running).await?);
                continue;
            }
            let is_done = tally.calls >= expected as u64
                && tally.open == 0
                && tally.unsettled == 0
                && self.is_tidy()?
                && self.has_heard_all(&running).await?;
            if (is_played && recovered.is_some() && is_done) || progress.1.elapsed() > PATIENCE {
                break;
            }
        }
        bar.finish_and_clear();
        running.stop().await?;
        Ok(recovered.unwrap_or_else(|| vec![0; self.parts.len()]))
    }

    async fn compare(&self, running: &Running) -> anyhow::Result<Vec<u64>> {
        let mut recovered = Vec::new();
        for part in &self.parts {
            let connector = part.archive(running.store(), &part.context(self.clock.get()))?;
            let report = running.reconcile(connector, self.clock.get(), self.begins).await?;
            // Some of them were never recorded.
            recovered.push(report.recovered + report.not_recordable);
            part.compared();
        }
        Ok(recovered)
    }

    /// Whether every session of sound is over and joined with its call.
    async fn has_heard_all(&self, running: &Running) -> anyhow::Result<bool> {
        for origin in self.parts.iter().map(|part| part.origin()) {
            for state in [SessionState::Open, SessionState::Waiting] {
                if !running.store().kept(&origin, state).await?.is_empty() {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn is_tidy(&self) -> anyhow::Result<bool> {
        self.parts.iter().try_fold(true, |is_tidy, part| Ok(is_tidy && part.is_tidy()?))
    }
}
