//! Somebody who uploads the calls of a day.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::fs::{self, File};
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use connector_core::testing::{Fault, FaultPlan, Scenario, ScenarioCall};
use connector_core::{Result, Zone};
use tokio::time::{Instant, sleep};

use super::sidecars::{FORMATS, sidecar};

/// How long a half-written file lies there, open, before it grows to its end.
const HALF: Duration = Duration::from_millis(150);
/// How long a second upload of a pair waits for the first one to be moved away.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it looks.
const LOOK: Duration = Duration::from_millis(20);

/// Plays a [`Scenario`] into a directory: for each recorded call a WAV file `YYYYMMDD-hhmmss_uid.wav` and a sidecar.
///
/// Sidecars are XML, JSON, CSV and YML in turn. The uid is the login or, of every third agent, the e-mail address of
/// whoever took the call first. Every other file is uploaded under a temporary name and renamed. A recording comes before
/// its sidecar.
///
/// Faults: [`Reordered`](Fault::Reordered) puts the sidecar before its recording; [`HalfWritten`](Fault::HalfWritten)
/// leaves a recording half written under its own name, open for 150 ms; [`Duplicate`](Fault::Duplicate) uploads a pair
/// again at the end of the day, when the first one is gone or ten seconds passed.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// # let home = tempfile::tempdir()?; let directory = home.path();
/// use std::time::Duration;
/// use connector_core::testing::{FaultPlan, Scenario};
/// use connector_universal::testing::Uploader;
///
/// let zone = "Europe/Berlin".parse()?;
/// let uploader = Uploader::new(directory, Scenario::small(7), zone, FaultPlan::none().reorder_events(2));
/// uploader.play(Duration::ZERO).await?;
///
/// let calls = uploader.expected();
/// assert_eq!((calls.len(), uploader.dropped()), (11, 11));
/// assert!(directory.join(format!("{}.wav", calls[0].conversation)).exists());
/// assert_eq!(std::fs::read_dir(directory)?.count(), 22);
/// # Ok(()) }
/// ```
pub struct Uploader {
    directory: PathBuf,
    uploads: Vec<Upload>,
    faults: FaultPlan,
    state: Mutex<State>,
}

/// What is to come of one recorded call. `Debug` shows nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct UploadedCall {
    /// The id of its conversation: the name of its files without what follows the last dot.
    pub conversation: String,
    /// The uid in that name.
    pub agent: String,
    /// When it started, in whole seconds, as the name says.
    pub started: DateTime<Utc>,
    /// When it ended: its start and the length that the sidecar tells.
    pub ended: DateTime<Utc>,
    /// SHA-256 of the recording in lower-case hex.
    pub sha256: String,
    /// Size of the recording in bytes.
    pub size: u64,
}

/// A call and the names of its files.
struct Upload {
    call: ScenarioCall,
    stem: String,
    uid: String,
    started: DateTime<Utc>,
}

/// How far the day has come. It stays when a `play` is given up.
#[derive(Default)]
struct State {
    /// How many calls were begun.
    begun: usize,
    dropped: usize,
    steps: VecDeque<Step>,
    /// Calls whose pair is to come again.
    again: Vec<usize>,
    /// A file that is written to half.
    half: Option<File>,
    /// Since when a second upload waits for the first one to vanish.
    waiting: Option<Instant>,
}

/// What is done at one go. The number is that of the call.
#[derive(Clone, Copy, Debug)]
enum Step {
    Write(usize, Part, Way),
    Rename(usize, Part),
    WriteHalf(usize),
    WriteRest(usize),
    Dropped,
    AwaitGone(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Recording,
    Sidecar,
}

/// Under which name a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Own,
    Temporary,
}

impl Uploader {
    /// Somebody who uploads a day into a directory that is there, with times of this zone in the names.
    pub fn new(directory: impl AsRef<Path>, scenario: Scenario, zone: Zone, faults: FaultPlan) -> Self {
        let directory = directory.as_ref().to_owned();
        let mut stems = BTreeSet::new();
        let recorded = scenario.calls.iter().filter(|call| call.recorded);
        let uploads = recorded.map(|call| upload(call, &scenario, &zone, &mut stems)).collect();
        Self { directory, uploads, faults, state: Mutex::default() }
    }

    /// What is to come out of a connector: every recorded call once, in the order of the day.
    pub fn expected(&self) -> Vec<UploadedCall> {
        let expected = |upload: &Upload| UploadedCall {
            conversation: upload.stem.clone(),
            agent: upload.uid.clone(),
            started: upload.started,
            ended: upload.started + (upload.call.ended() - upload.call.started),
            sha256: upload.call.audio.sha256(),
            size: upload.call.audio.len(),
        };
        self.uploads.iter().map(expected).collect()
    }

    /// How many calls lie in the folder, or lay there, with recording and sidecar. Second uploads do not count.
    pub fn dropped(&self) -> usize {
        self.state().dropped
    }

    /// Uploads one call after another, with a pause between two. Given up half way, the next one goes on where it was.
    ///
    /// # Errors
    /// What the disk says.
    pub async fn play(&self, pace: Duration) -> Result<()> {
        while let Some(pause) = self.step(pace)? {
            sleep(pause).await;
        }
        Ok(())
    }

    /// Does one thing, all of it; says how long to pause before the next one.
    fn step(&self, pace: Duration) -> Result<Option<Duration>> {
        let mut state = self.state();
        let Some(step) = state.steps.front().copied() else {
            return Ok(self.plan(&mut state).then_some(Duration::ZERO));
        };
        let pause = self.carry_out(step, &mut state, pace)?;
        if state.waiting.is_none() {
            state.steps.pop_front();
        }
        Ok(Some(pause))
    }

    fn carry_out(&self, step: Step, state: &mut State, pace: Duration) -> Result<Duration> {
        match step {
            Step::Write(call, part, way) => {
                let mut file = File::create(self.path(call, part, way))?;
                self.write(call, part, &mut file, 0..usize::MAX)?;
            }
            Step::Rename(call, part) => {
                fs::rename(self.path(call, part, Way::Temporary), self.path(call, part, Way::Own))?;
            }
            Step::WriteHalf(call) => {
                let mut file = File::create(self.path(call, Part::Recording, Way::Own))?;
                self.write(call, Part::Recording, &mut file, 0..self.half(call))?;
                state.half = Some(file);
                return Ok(HALF);
            }
            Step::WriteRest(call) => {
                if let Some(mut file) = state.half.take() {
                    self.write(call, Part::Recording, &mut file, self.half(call)..usize::MAX)?;
                }
            }
            Step::Dropped => {
                state.dropped += 1;
                return Ok(pace);
            }
            Step::AwaitGone(call) => {
                let since = *state.waiting.get_or_insert_with(Instant::now);
                let mut parts = [Part::Recording, Part::Sidecar].into_iter();
                if since.elapsed() < PATIENCE && parts.any(|part| self.path(call, part, Way::Own).exists()) {
                    return Ok(LOOK);
                }
                state.waiting = None;
            }
        }
        Ok(Duration::ZERO)
    }

    /// Plans the steps of the next call, or of the second upload of one. `false` when the day is over.
    fn plan(&self, state: &mut State) -> bool {
        if state.begun < self.uploads.len() {
            let call = state.begun;
            state.begun += 1;
            if self.faults.fire(Fault::Duplicate) {
                state.again.push(call);
            }
            let steps = self.pair(call);
            state.steps.extend(steps.into_iter().chain([Step::Dropped]));
            return true;
        }
        if state.again.is_empty() {
            return false;
        }
        let call = state.again.remove(0);
        let written = |part| Step::Write(call, part, Way::Own);
        state.steps.extend([Step::AwaitGone(call), written(Part::Recording), written(Part::Sidecar)]);
        true
    }

    fn pair(&self, call: usize) -> Vec<Step> {
        let sidecar = self.file(call, Part::Sidecar, call % 4 < 2);
        let recording = if self.faults.fire(Fault::HalfWritten) {
            vec![Step::WriteHalf(call), Step::WriteRest(call)]
        } else {
            self.file(call, Part::Recording, call.is_multiple_of(2))
        };
        let sidecar_first = self.faults.fire(Fault::Reordered);
        if sidecar_first { [sidecar, recording].concat() } else { [recording, sidecar].concat() }
    }

    fn file(&self, call: usize, part: Part, renamed: bool) -> Vec<Step> {
        match renamed {
            true => vec![Step::Write(call, part, Way::Temporary), Step::Rename(call, part)],
            false => vec![Step::Write(call, part, Way::Own)],
        }
    }

    fn path(&self, call: usize, part: Part, way: Way) -> PathBuf {
        let extension = if part == Part::Recording { "wav" } else { FORMATS[call % FORMATS.len()] };
        let name = format!("{}.{extension}", self.uploads[call].stem);
        self.directory.join(match way {
            Way::Own => name,
            Way::Temporary if call.is_multiple_of(3) => format!(".{name}"),
            Way::Temporary => format!("{name}.filepart"),
        })
    }

    /// Writes the bytes of a file that lie in a range. Recordings are made piece by piece.
    fn write(&self, call: usize, part: Part, file: &mut File, range: Range<usize>) -> Result<()> {
        let upload = &self.uploads[call];
        if part == Part::Sidecar {
            return Ok(file.write_all(sidecar(&upload.call, call).as_bytes())?);
        }
        let mut at = 0;
        for piece in upload.call.audio.chunks() {
            let inside = |position: usize| position.clamp(at, at + piece.len()) - at;
            file.write_all(&piece[inside(range.start)..inside(range.end)])?;
            at += piece.len();
        }
        Ok(())
    }

    fn half(&self, call: usize) -> usize {
        usize::try_from(self.uploads[call].call.audio.len() / 2).unwrap_or_default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call with a stem of its own: of two that would have the same, the later one is a second later.
fn upload(call: &ScenarioCall, scenario: &Scenario, zone: &Zone, stems: &mut BTreeSet<String>) -> Upload {
    let agent = call.legs().first().map(|leg| leg.agent).unwrap_or_default();
    let who = &scenario.agents[agent];
    let uid = if agent % 3 == 2 { who.email.reveal() } else { who.login.reveal() }.to_owned();
    let mut started = call.started.trunc_subsecs(0);
    loop {
        let stem = format!("{}_{uid}", zone.local(started).format("%Y%m%d-%H%M%S"));
        if stems.insert(stem.clone()) {
            return Upload { call: call.clone(), stem, uid, started };
        }
        started += TimeDelta::seconds(1);
    }
}

impl fmt::Debug for Uploader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uploader({} of {} calls)", self.dropped(), self.uploads.len())
    }
}

impl fmt::Debug for UploadedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UploadedCall({}, {} bytes, {})", self.started, self.size, self.sha256)
    }
}
