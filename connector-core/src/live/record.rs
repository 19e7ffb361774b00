//! The sound of a session in a WAV file.

use std::fs::{File, OpenOptions, remove_file};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::sleep;

use super::{AudioFormat, Frame, LiveEnd, LiveItem, LiveItems};
use crate::disk::{blocking, finished, sync_directory_of};
use crate::wav::{Layout, Writer};
use crate::{Error, Result};

/// What it is called in errors: the path itself is not shown.
const OPERATION: &str = "write the file of a live session";

/// How much is handed to the disk at once at most, in bytes; and after how many pieces, however small they are.
const AT_ONCE: (usize, usize) = (64 << 10, 256);

/// How long nobody looks for more once all that is there is taken: to be woken for every frame, and to wake a thread for
/// it, costs more than all that is done with it. What waits meanwhile counts for the budget of the session.
const REST: Duration = Duration::from_secs(1);

/// How to record a session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordOptions {
    /// The longest file. A session ends there, with whatever it says is lost: positions come from outside, and silence is
    /// written for all that is left out.
    pub longest: Duration,
}

/// 8 hours, which is half a GiB of two speakers on the telephone.
impl Default for RecordOptions {
    fn default() -> Self {
        Self { longest: Duration::from_secs(8 * 3600) }
    }
}

impl RecordOptions {
    /// The same options with another length. A WAV file holds 4 GiB in any case.
    pub fn with_longest(mut self, longest: Duration) -> Self {
        self.longest = longest;
        self
    }
}

/// A session in a file.
#[derive(Debug)]
#[non_exhaustive]
pub struct Recorded {
    /// How the sound is written down, and who is on which channel.
    pub format: AudioFormat,
    /// How many samples of each channel the file has, with its silence.
    pub samples: u64,
    /// How many samples are silence, or left out at the end, since nobody has their sound.
    pub lost: u64,
    /// How many samples are silence since somebody wanted it so.
    pub paused: u64,
    /// How the session came to its end; `None` when it stopped without one.
    pub end: Option<LiveEnd>,
    /// Why it stopped without one, where somebody said so.
    pub error: Option<Error>,
}

impl Recorded {
    /// Whether it is all that there is to hear of the session. Pauses do no harm.
    pub fn is_whole(&self) -> bool {
        self.lost == 0 && self.end.is_some_and(LiveEnd::is_whole)
    }

    /// How long it plays.
    pub fn length(&self) -> Duration {
        self.format.position(self.samples).since_start()
    }
}

/// Writes the sound of a session into a new file, whose time is that of the session: pauses and what was lost are silence,
/// and what was told twice is written once. `None` when there was no sound; then there is no file. With the feature
/// `files`.
///
/// It takes what waits about once a second, and a thread that may block as often. Whatever becomes of the process, the file
/// is a WAV file that is 4 s of sound behind at most; [`wav::repair`](crate::wav::repair) makes that 2 s. The same file is
/// left when this is dropped.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// use connector_core::{AudioFormat, ConversationRef, LiveBudget, LiveEnd, LiveSession, Origin, SampleFormat, Speaker};
/// use connector_core::{RecordOptions, record_live};
///
/// let format = AudioFormat::new(SampleFormat::MuLaw, 8_000, [Speaker::Customer, Speaker::Agent]);
/// let (origin, call, began) = (Origin::new("acme", "cloud"), ConversationRef::new("c-1"), "2026-10-19T08:00:00Z".parse().unwrap());
/// let (session, feed) = LiveSession::new(&origin, "s-1", call, began, format, &LiveBudget::default());
/// feed.frame(0, vec![0x80; 16_000].into())?;
/// feed.paused(8_000); // a card number is told
/// feed.end(24_000, LiveEnd::Finished);
///
/// let path = std::env::temp_dir().join(format!("live-{}.wav", std::process::id()));
/// let recorded = record_live(session.into_items(), &path, RecordOptions::default()).await?.expect("sound");
/// assert_eq!((recorded.length().as_secs(), recorded.paused, recorded.is_whole()), (3, 16_000, true));
/// # std::fs::remove_file(&path)?;
/// # Ok(()) }
/// ```
///
/// # Errors
/// `is_config` when there is a file already, or when the format fits no WAV file; `is_invalid` when the format changes
/// within the session; those of the disk, `is_storage` when it is full. What was written until then stays, and can be
/// repaired.
pub async fn record_live(
    mut items: LiveItems,
    path: impl Into<PathBuf>,
    options: RecordOptions,
) -> Result<Option<Recorded>> {
    let path = path.into();
    let (mut time, mut tape) = (Timeline::default(), None::<Tape>);
    let (mut end, mut error) = (None, None);
    loop {
        let item = match (items.next().now_or_never(), &mut tape) {
            (Some(item), _) => item,
            (None, Some(tape)) if !tape.batch.is_empty() => {
                tape.write().await?;
                sleep(REST).await;
                continue;
            }
            (None, _) => items.next().await,
        };
        match item {
            None => break,
            Some(Err(trouble)) => {
                error = Some(trouble);
                break;
            }
            Some(Ok(LiveItem::Frame(frame))) if frame.samples() > 0 => {
                let tape = tape.get_or_insert_with(|| Tape::of(frame.format(), &path, &options));
                if *frame.format() != tape.format {
                    return Err(Error::invalid("the format changes within the session").during(OPERATION));
                }
                let Some((silence, sound)) = time.frame(&frame, tape.most) else { break };
                tape.put(Piece { silence, sound }).await?;
            }
            Some(Ok(LiveItem::Paused { at })) => time.pause(at.samples),
            Some(Ok(LiveItem::Resumed { at })) => time.resume(at.samples),
            Some(Ok(LiveItem::Ended { at, how })) => {
                end = Some(how);
                if let Some(tape) = &mut tape {
                    tape.put(Piece { silence: time.end(at.samples, tape.most), sound: Bytes::new() }).await?;
                }
                break;
            }
            // What is lost shows in the position of what comes next; on hold there is sound.
            Some(Ok(LiveItem::Frame(_) | LiveItem::Lost { .. } | LiveItem::Held { .. } | LiveItem::Unheld { .. })) => {}
        }
    }
    // Whoever sends it need not wait for the disk.
    drop(items);
    let Some(tape) = tape else { return Ok(None) };
    let format = tape.format.clone();
    let samples = tape.finish().await?;
    Ok((samples > 0).then_some(Recorded { format, samples, lost: time.lost, paused: time.paused, end, error }))
}

/// Where everything belongs in the file. Positions are counted in samples of one channel.
#[derive(Debug, Default)]
struct Timeline {
    /// The end of what is written.
    here: u64,
    /// Where the pause began that lasts.
    pause: Option<u64>,
    /// Samples from `here` on that were paused.
    quiet: u64,
    lost: u64,
    paused: u64,
}

impl Timeline {
    /// How much silence is to be written before how much of the frame; `None` when it ends after the longest file.
    fn frame(&mut self, frame: &Frame, most: u64) -> Option<(u64, Bytes)> {
        let (at, end) = (frame.position.samples, frame.end());
        if end > most {
            self.lost = self.lost.saturating_add(end.saturating_sub(self.here));
            return None;
        }
        let told_before = self.here.saturating_sub(at).min(frame.samples());
        let sound = frame.bytes().slice(told_before as usize * frame.format().block()..);
        let silence = if sound.is_empty() { 0 } else { self.silence_until(at) };
        self.here = self.here.max(end);
        Some((silence, sound))
    }

    fn pause(&mut self, at: u64) {
        self.pause.get_or_insert(at.max(self.here));
    }

    fn resume(&mut self, at: u64) {
        self.quiet_until(at);
        self.pause = None;
    }

    fn quiet_until(&mut self, at: u64) {
        if let Some(from) = &mut self.pause {
            self.quiet = self.quiet.saturating_add(at.saturating_sub(*from));
            *from = at.max(*from);
        }
    }

    /// How much silence is to be written at the end.
    fn end(&mut self, at: u64, most: u64) -> u64 {
        let silence = self.silence_until(at.min(most));
        self.lost = self.lost.saturating_add(at.saturating_sub(self.here));
        silence
    }

    fn silence_until(&mut self, at: u64) -> u64 {
        self.quiet_until(at);
        let silence = at.saturating_sub(self.here);
        let paused = std::mem::take(&mut self.quiet).min(silence);
        self.paused += paused;
        self.lost += silence - paused;
        self.here += silence;
        silence
    }
}

/// What comes next in the file: so many samples of silence, and then sound.
struct Piece {
    silence: u64,
    sound: Bytes,
}

/// Hands pieces to threads that may block, many at once.
struct Tape {
    path: PathBuf,
    format: AudioFormat,
    layout: Layout,
    /// The most samples that it takes.
    most: u64,
    batch: Vec<Piece>,
    /// Bytes of sound in the batch.
    size: usize,
    /// The batch before. Nobody is woken when it is written: it is over long before the next one.
    writing: Option<JoinHandle<Result<Writer<File>>>>,
}

impl Tape {
    fn of(format: &AudioFormat, path: &Path, options: &RecordOptions) -> Self {
        let layout = Layout::from(format);
        let most = format.samples_in(options.longest).min(layout.most_samples());
        let (path, format) = (path.to_owned(), format.clone());
        Self { path, format, layout, most, batch: Vec::new(), size: 0, writing: None }
    }

    async fn put(&mut self, piece: Piece) -> Result<()> {
        self.size += piece.sound.len();
        self.batch.push(piece);
        if self.size >= AT_ONCE.0 || self.batch.len() >= AT_ONCE.1 {
            self.write().await?;
        }
        Ok(())
    }

    /// Begins to write what is there, once the batch before is written.
    async fn write(&mut self) -> Result<()> {
        let file = self.written().await?;
        let (batch, path, layout) = (std::mem::take(&mut self.batch), self.path.clone(), self.layout);
        self.size = 0;
        self.writing = Some(spawn_blocking(move || append(file, &path, layout, &batch)));
        Ok(())
    }

    /// The file with all that was handed to it; `None` where nothing was.
    async fn written(&mut self) -> Result<Option<Writer<File>>> {
        match self.writing.take() {
            Some(writing) => finished(OPERATION, writing).await.map(Some),
            None => Ok(None),
        }
    }

    /// Makes the file durable; how many samples it has.
    async fn finish(mut self) -> Result<u64> {
        if !self.batch.is_empty() {
            self.write().await?;
        }
        let Some(file) = self.written().await? else { return Ok(0) };
        blocking(OPERATION, move || {
            let samples = file.samples();
            file.finish()?.sync_all()?;
            sync_directory_of(&self.path)?;
            Ok(samples)
        })
        .await
    }
}

/// Begins the file where there is none. One without any sound is not left behind.
fn append(file: Option<Writer<File>>, path: &Path, layout: Layout, batch: &[Piece]) -> Result<Writer<File>> {
    let mut file = match file {
        Some(file) => file,
        None => begin(path, layout)?,
    };
    // What follows without silence is written at once.
    let stretches = batch.chunk_by(|_, next| next.silence == 0);
    let mut write = |stretch: &[Piece]| {
        file.silence(stretch[0].silence)?;
        file.write(&stretch.iter().map(|piece| &piece.sound[..]).collect::<Vec<_>>().concat())
    };
    match stretches.into_iter().try_for_each(&mut write) {
        Ok(()) => Ok(file),
        Err(error) => {
            if file.samples() == 0 {
                drop(remove_file(path));
            }
            Err(error)
        }
    }
}

fn begin(path: &Path, layout: Layout) -> Result<Writer<File>> {
    let file = OpenOptions::new().write(true).create_new(true).open(path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Error::config("there is a file of this name already").caused_by(error),
        _ => error.into(),
    })?;
    Writer::new(file, layout).inspect_err(|_| drop(remove_file(path)))
}

#[cfg(test)]
mod tests;
