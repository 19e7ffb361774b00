//! Sound of calls that go on: sessions, and what is heard in them.

use std::fmt;
use std::iter::StepBy;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_core::stream::BoxStream;

use crate::wav::Layout;
use crate::{ConversationRef, Error, Origin, PhoneNumber, Raw, Result, Speaker};

mod feed;
#[cfg(feature = "files")]
mod record;
mod samples;

pub use feed::{LiveBudget, LiveFeed};
#[cfg(feature = "files")]
pub use record::{RecordOptions, Recorded, record_live};
pub use samples::SampleFormat;

/// Sessions as they begin. An `Err` is the last item.
pub type LiveSessions = BoxStream<'static, Result<LiveSession>>;

/// What is heard in a session. [`LiveItem::Ended`] or an `Err` is the last item.
pub type LiveItems = BoxStream<'static, Result<LiveItem>>;

/// The sound of a call from when somebody began to send it until nobody does. A call may have several, one after another.
///
/// Made by a connector with a [`LiveFeed`]. Dropping it lets the vendor know that nobody listens.
#[non_exhaustive]
pub struct LiveSession {
    /// Whose call it is.
    pub origin: Origin,
    /// The vendor's id of the session, unlike that of any other session of the source.
    pub id: String,
    /// The call.
    pub conversation: ConversationRef,
    /// When the first sample was taken, by our clock.
    pub began: DateTime<Utc>,
    /// How the sound is written down.
    pub format: Arc<AudioFormat>,
    /// The number of the customer, where the vendor tells it.
    pub customer: Option<PhoneNumber>,
    /// The number that was dialled, where the vendor tells it.
    pub dialled: Option<PhoneNumber>,
    /// The language that is spoken, such as `en-US`, where the vendor tells it.
    pub language: Option<String>,
    /// What the vendor said of it, kept as the [`RawPolicy`](crate::RawPolicy) says.
    pub raw: Option<Raw>,
    items: feed::Items,
}

impl LiveSession {
    /// A session, and the end that its items come in by.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
    /// use connector_core::{AudioFormat, ConversationRef, Frame, LiveBudget, LiveEnd, LiveItem, LiveSession, Origin, SampleFormat, Speaker};
    /// use futures_util::TryStreamExt;
    ///
    /// let format = AudioFormat::new(SampleFormat::MuLaw, 8_000, [Speaker::Customer, Speaker::Agent]);
    /// let (origin, call, began) = (Origin::new("acme", "cloud"), ConversationRef::new("c-1"), "2026-10-19T08:00:00Z".parse().unwrap());
    /// let (session, feed) = LiveSession::new(&origin, "s-1", call, began, format, &LiveBudget::default());
    ///
    /// feed.frame(0, vec![0xFF; 1600].into())?; // 100 ms of silence from both
    /// feed.end(800, LiveEnd::Finished);
    /// let mut items = session.into_items();
    /// let Some(LiveItem::Frame(frame)) = items.try_next().await? else { panic!() };
    /// assert_eq!((frame.position.to_string().as_str(), frame.channel(Speaker::Agent).len()), ("0.000", 800));
    /// # Ok(()) }
    /// ```
    pub fn new(
        origin: &Origin,
        id: impl Into<String>,
        conversation: ConversationRef,
        began: DateTime<Utc>,
        format: AudioFormat,
        budget: &LiveBudget,
    ) -> (Self, LiveFeed) {
        let format = Arc::new(format);
        let (feed, items) = feed::pair(format.clone(), budget);
        let session = Self {
            origin: origin.clone(),
            id: id.into(),
            conversation,
            began,
            format,
            customer: None,
            dialled: None,
            language: None,
            raw: None,
            items,
        };
        (session, feed)
    }

    /// What is heard in it, in the order of its positions. Dropping the stream lets the vendor know that nobody listens.
    pub fn into_items(self) -> LiveItems {
        self.items.into_stream()
    }
}

/// Numbers are not shown.
impl fmt::Debug for LiveSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveSession")
            .field("origin", &self.origin)
            .field("id", &self.id)
            .field("conversation", &self.conversation.id)
            .field("began", &self.began)
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}

/// How the sound of a session is written down: samples of all speakers in turn.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct AudioFormat {
    /// How a sample is written.
    pub samples: SampleFormat,
    /// Samples per second and channel; at least one.
    pub rate: u32,
    /// Who is on which channel, in their order; at least one.
    pub speakers: Vec<Speaker>,
}

impl AudioFormat {
    /// Sound of these speakers, a channel each.
    pub fn new(samples: SampleFormat, rate: u32, speakers: impl IntoIterator<Item = Speaker>) -> Self {
        let mut speakers: Vec<_> = speakers.into_iter().collect();
        if speakers.is_empty() {
            speakers.push(Speaker::Mixed);
        }
        Self { samples, rate: rate.max(1), speakers }
    }

    /// The bytes of one sample of every channel.
    pub fn block(&self) -> usize {
        self.samples.bytes() * self.speakers.len()
    }

    /// A position so many samples from the beginning.
    pub fn position(&self, samples: u64) -> Position {
        Position { samples, rate: self.rate }
    }

    /// How many samples last so long, to the nearest one.
    pub fn samples_in(&self, length: Duration) -> u64 {
        let samples = (length.as_nanos() * u128::from(self.rate) + 500_000_000) / 1_000_000_000;
        u64::try_from(samples).unwrap_or(u64::MAX)
    }
}

/// As a WAV file has it.
impl From<&AudioFormat> for Layout {
    fn from(format: &AudioFormat) -> Self {
        // A file cannot have more, and one without channels is refused.
        let channels = u16::try_from(format.speakers.len()).unwrap_or_default();
        match format.samples {
            SampleFormat::MuLaw => Self::mu_law(channels, format.rate),
            SampleFormat::Pcm16 => Self::pcm16(channels, format.rate),
        }
    }
}

/// A moment in the stream of a session. `Display` shows seconds: `12.345`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Samples of one channel from the beginning. Pauses and whatever was lost count.
    pub samples: u64,
    /// Samples per second.
    pub rate: u32,
}

impl Position {
    /// How long after the beginning it is.
    pub fn since_start(&self) -> Duration {
        let rate = u64::from(self.rate.max(1));
        let nanos = self.samples % rate * 1_000_000_000 / rate;
        Duration::new(self.samples / rate, u32::try_from(nanos).unwrap_or_default())
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.since_start();
        f.pad(&format!("{}.{:03}", time.as_secs(), time.subsec_millis()))
    }
}

/// One thing that is heard in a session. Positions never go back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LiveItem {
    /// Sound.
    Frame(Frame),
    /// From here on nothing is sent, since somebody wants it so: a card number is told.
    Paused {
        /// Where the pause begins.
        at: Position,
    },
    /// It goes on.
    Resumed {
        /// Where the pause ends.
        at: Position,
    },
    /// Sound that there was and that nobody has.
    Lost {
        /// Where it begins.
        at: Position,
        /// How many samples there were.
        samples: u64,
        /// Who lost it.
        by: LostBy,
    },
    /// The customer is on hold from here, where the vendor tells it in the stream.
    Held {
        /// Where the hold begins.
        at: Position,
    },
    /// The customer is back.
    Unheld {
        /// Where the hold ends.
        at: Position,
    },
    /// The last item.
    Ended {
        /// Where the stream ends.
        at: Position,
        /// How it came to its end.
        how: LiveEnd,
    },
}

/// Who lost sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LostBy {
    /// The vendor, who says so.
    Vendor,
    /// Us: whoever takes the items is too slow.
    Us,
}

/// How a session came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LiveEnd {
    /// The vendor said that it is over.
    Finished,
    /// The connection is gone, and nobody said that it is over: it may go on in another session.
    BrokenOff,
    /// We ended it: the program stops, or the vendor did not keep to the protocol.
    Stopped,
}

impl LiveEnd {
    /// Whether all sound up to the end is in it, as far as the vendor says.
    pub fn is_whole(self) -> bool {
        self == Self::Finished
    }
}

/// Sound, some samples of every channel.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// Where its first sample belongs.
    pub position: Position,
    format: Arc<AudioFormat>,
    bytes: Bytes,
}

impl Frame {
    /// Sound at so many samples from the beginning.
    ///
    /// # Errors
    /// `is_invalid` when the bytes are no whole samples of all channels.
    pub fn new(format: &Arc<AudioFormat>, at: u64, bytes: Bytes) -> Result<Self> {
        if !bytes.len().is_multiple_of(format.block()) {
            let what = format!("sound of {} bytes, where a sample of all channels has {}", bytes.len(), format.block());
            return Err(Error::invalid(what));
        }
        Ok(Self { position: format.position(at), format: format.clone(), bytes })
    }

    /// How the sound is written down.
    pub fn format(&self) -> &AudioFormat {
        &self.format
    }

    /// How many samples of each channel there are.
    pub fn samples(&self) -> u64 {
        (self.bytes.len() / self.format.block()) as u64
    }

    /// Where the sample after its last one belongs.
    pub fn end(&self) -> u64 {
        self.position.samples.saturating_add(self.samples())
    }

    /// The samples as they are written down, of all channels in turn.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The samples of a speaker as 16-bit numbers; none where the speaker has no channel.
    pub fn channel(&self, speaker: Speaker) -> Samples<'_> {
        let (size, block) = (self.format.samples.bytes(), self.format.block());
        let start = self.format.speakers.iter().position(|known| *known == speaker);
        let start = start.map_or(self.bytes.len(), |channel| channel * size);
        Samples { bytes: &self.bytes, format: self.format.samples, starts: (start..self.bytes.len()).step_by(block) }
    }
}

/// The sound itself is not shown.
impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frame({} samples at {})", self.samples(), self.position)
    }
}

/// The samples of one channel, as 16-bit numbers.
#[derive(Clone, Debug)]
pub struct Samples<'a> {
    bytes: &'a [u8],
    format: SampleFormat,
    starts: StepBy<Range<usize>>,
}

impl Iterator for Samples<'_> {
    type Item = i16;

    fn next(&mut self) -> Option<i16> {
        let start = self.starts.next()?;
        self.format.decode(self.bytes.get(start..)?)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.starts.size_hint()
    }
}

impl ExactSizeIterator for Samples<'_> {}

#[cfg(test)]
mod tests;
