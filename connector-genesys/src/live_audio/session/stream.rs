//! The sound of a session: from frames and words about them to what is handed on.

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use connector_core::LiveEnd;

use super::effect::Effect;
use super::tally::Tally;
use super::timeline::Timeline;
use crate::live_audio::media::Chosen;
use crate::live_audio::message::Stretch;
use crate::live_audio::stream_time::StreamTime;

/// So far ahead of the sound that came the vendor's position may be, since some of it is on its way. How much the vendor
/// holds back is not documented.
const ON_ITS_WAY: TimeDelta = TimeDelta::seconds(5);

/// The sound of a session that has begun.
#[derive(Debug)]
pub(super) struct Stream {
    chosen: Chosen,
    timeline: Timeline,
    is_paused: bool,
}

impl Stream {
    /// It begins now, where the vendor is at this position.
    pub(super) fn new(chosen: Chosen, now: DateTime<Utc>, start: StreamTime) -> Self {
        let timeline = Timeline::new(&chosen.format, now, start);
        Self { chosen, timeline, is_paused: false }
    }

    /// Sound. What is on its way when a pause begins is not to be heard. A frame of no whole samples costs the frame.
    pub(super) fn sound(&mut self, bytes: &Bytes, tally: &mut Tally, out: &mut Vec<Effect>) {
        if self.is_paused {
            tally.unheard += 1;
        } else if let Some(samples) = self.timeline.samples_of(bytes.len()) {
            let at = self.timeline.go_on_by(samples);
            if samples > 0 {
                out.push(Effect::Frame { at, bytes: self.chosen.in_order(bytes) });
            }
        } else {
            tally.odd += 1;
            let samples = self.timeline.nearly(bytes.len());
            out.push(Effect::Lost { at: self.timeline.go_on_by(samples), samples });
        }
    }

    /// Nothing comes from this position on. Whether it was heard before.
    pub(super) fn pause(&mut self, position: Option<StreamTime>, now: DateTime<Utc>, out: &mut Vec<Effect>) -> bool {
        if self.is_paused {
            return false;
        }
        self.catch_up(position, now, out);
        self.is_paused = true;
        out.push(Effect::Paused { at: self.timeline.reached() });
        true
    }

    /// It goes on where the gap ends, which the vendor says; else at its position. Whether it was not heard before.
    pub(super) fn resume(
        &mut self,
        gap: Option<Stretch>,
        position: Option<StreamTime>,
        now: DateTime<Utc>,
        out: &mut Vec<Effect>,
    ) -> bool {
        if !self.is_paused {
            return false;
        }
        self.is_paused = false;
        let end = gap.map(|gap| gap.start.after(gap.length)).or(position);
        self.pass_over(end, now);
        out.push(Effect::Resumed { at: self.timeline.reached() });
        true
    }

    /// The vendor has lost sound. Where it says so late, its position tells how much.
    pub(super) fn lose(
        &mut self,
        gap: Option<Stretch>,
        position: Option<StreamTime>,
        now: DateTime<Utc>,
        out: &mut Vec<Effect>,
    ) -> bool {
        if self.is_paused {
            return false;
        }
        let starts = gap.and_then(|gap| self.timeline.place(gap.start, now));
        let is_late = starts.is_some_and(|start| start < self.timeline.reached());
        let end = gap.map(|gap| gap.start.after(gap.length)).filter(|_| !is_late || position.is_none());
        self.catch_up(end.or(position), now, out);
        true
    }

    /// The vendor says where it is, while sound may be on its way. Being far ahead means that some of it never comes.
    pub(super) fn compare(&mut self, position: Option<StreamTime>, now: DateTime<Utc>, out: &mut Vec<Effect>) {
        let place = position.and_then(|position| self.timeline.place(position, now));
        let usual = self.timeline.reached().saturating_add(self.timeline.samples_in(ON_ITS_WAY));
        if !self.is_paused && place.is_some_and(|place| place > usual) {
            self.catch_up(position, now, out);
        }
    }

    /// It is over, at this position where there is one.
    pub(super) fn end(mut self, position: Option<StreamTime>, how: LiveEnd, now: DateTime<Utc>, out: &mut Vec<Effect>) {
        if self.is_paused {
            self.pass_over(position, now);
        } else {
            self.catch_up(position, now, out);
        }
        out.push(Effect::End { at: self.timeline.reached(), how });
    }

    /// Goes on to there; what should have come before is lost.
    fn catch_up(&mut self, position: Option<StreamTime>, now: DateTime<Utc>, out: &mut Vec<Effect>) {
        if let Some((at, samples)) = self.pass_over(position, now) {
            out.push(Effect::Lost { at, samples });
        }
    }

    fn pass_over(&mut self, position: Option<StreamTime>, now: DateTime<Utc>) -> Option<(u64, u64)> {
        let place = self.timeline.place(position?, now)?;
        self.timeline.go_on_to(place)
    }
}
