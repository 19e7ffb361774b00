//! Where the stream of a session is: by the sound that came, and by what the vendor says.

use chrono::{DateTime, TimeDelta, Utc};
use connector_core::AudioFormat;

use crate::live_audio::stream_time::StreamTime;

/// So much further than the time that has passed a position may be. Whatever is beyond it is not believed: nobody should be
/// made to write hours of silence by one wrong number.
const AHEAD: TimeDelta = TimeDelta::minutes(10);

/// The stream of a session, in samples from its beginning. It never goes back.
#[derive(Debug)]
pub(super) struct Timeline {
    rate: u32,
    block: usize,
    began: DateTime<Utc>,
    /// The vendor's position at the beginning. It is 0 in all samples of the vendor.
    start: StreamTime,
    reached: u64,
}

impl Timeline {
    pub(super) fn new(format: &AudioFormat, began: DateTime<Utc>, start: StreamTime) -> Self {
        Self { rate: format.rate, block: format.block(), began, start, reached: 0 }
    }

    /// Where the next sample belongs.
    pub(super) fn reached(&self) -> u64 {
        self.reached
    }

    /// How many samples of each channel so many bytes are; `None` for such as are not whole.
    pub(super) fn samples_of(&self, bytes: usize) -> Option<u64> {
        bytes.is_multiple_of(self.block).then_some((bytes / self.block) as u64)
    }

    /// The most that so many bytes can be samples of.
    pub(super) fn nearly(&self, bytes: usize) -> u64 {
        bytes.div_ceil(self.block) as u64
    }

    /// Where a position of the vendor is; `None` for one that cannot be.
    pub(super) fn place(&self, position: StreamTime, now: DateTime<Utc>) -> Option<u64> {
        let place = position.since(self.start).samples(self.rate);
        let passed = u64::try_from((now - self.began + AHEAD).num_milliseconds()).unwrap_or(0);
        let latest = passed.saturating_mul(u64::from(self.rate)) / 1_000;
        (place <= latest.max(self.reached)).then_some(place)
    }

    /// How many samples last so long.
    pub(super) fn samples_in(&self, length: TimeDelta) -> u64 {
        u64::try_from(length.num_milliseconds()).unwrap_or(0) * u64::from(self.rate) / 1_000
    }

    /// Goes on to there. Says what was left out, if it was anything: from where on, and how many samples.
    pub(super) fn go_on_to(&mut self, place: u64) -> Option<(u64, u64)> {
        let from = self.reached;
        self.reached = from.max(place);
        (place > from).then(|| (from, place - from))
    }

    /// Goes on by so many samples. Says where the first one belongs.
    pub(super) fn go_on_by(&mut self, samples: u64) -> u64 {
        let from = self.reached;
        self.reached = from.saturating_add(samples);
        from
    }
}
