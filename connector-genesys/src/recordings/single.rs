//! Recordings one by one: metadata, then each by itself.

use std::time::Duration;

use chrono::TimeDelta;
use connector_core::http::Link;
use connector_core::{
    Conversation, Gone, Leg, Lookup, Priority, Recording, RecordingKind, RecordingSet, Result, Stamp, names,
};

use super::GenesysRecordings;
use super::place::Place;
use super::waiting::Extent;
use crate::config::RecordingFormat;
use crate::conversation::leg_of_session;
use crate::wire::recordings::{self as wire, FileState};

/// How long to wait at least where the vendor says how long a recording may take; and at most.
const LEAST: Duration = Duration::from_secs(2);
const MOST: Duration = Duration::from_secs(3_600);

/// When to ask again for a recording that was asked back from the archive. How long that takes is not documented.
const RESTORE: Duration = Duration::from_secs(600);

/// For how long one that was asked back is to stay. The vendor names no limits.
const RESTORED_FOR: TimeDelta = TimeDelta::days(7);

/// What a recording looks like by itself.
pub(super) enum Seen {
    /// It has links.
    There(Box<wire::Recording>),
    /// Not yet; so long it may take, where that is told.
    NotReady(Option<Duration>),
    Gone(Gone),
    /// 404.
    Unknown,
}

impl GenesysRecordings {
    pub(super) async fn of_call(&self, call: &Conversation, priority: Priority) -> Result<RecordingSet> {
        let api = self.shared.connection.api().await?;
        let mut rows = api.metadata(&call.this.id, priority).await?.unwrap_or_default();
        rows.retain(|row| row.id.is_some() && self.is_wanted(row));
        // In an order that a further one does not change.
        rows.sort_by(|a, b| (a.start_time, &a.id).cmp(&(b.start_time, &b.id)));
        if rows.is_empty() {
            return Ok(RecordingSet::new(Vec::new(), self.outlook(call, Extent::Nothing, None)));
        }
        let (mut items, mut late, mut wait) = (Vec::new(), Vec::new(), None);
        for row in &rows {
            match self.see(call, row, priority).await? {
                Seen::There(whole) => items.extend(self.files(call, row, &whole)),
                Seen::NotReady(estimate) => {
                    wait = wait.max(estimate);
                    late.push(row);
                }
                Seen::Unknown => late.push(row),
                Seen::Gone(_) => items.push(self.unseen(call, row)),
            }
        }
        let extent = if late.is_empty() { Extent::Whole } else { Extent::Part };
        let outlook = self.outlook(call, extent, wait);
        if outlook.retry_after().is_none() {
            // Whoever fetches it hears that it is not ready, and for how long it was waited for.
            items.extend(late.into_iter().map(|row| self.unseen(call, row)));
        }
        Ok(RecordingSet::new(items, outlook))
    }

    /// Asks for a recording of the metadata by itself, unless they say already that it cannot be fetched.
    async fn see(&self, call: &Conversation, row: &wire::Recording, priority: Priority) -> Result<Seen> {
        let id = row.id.as_deref().unwrap_or_default();
        match row.state() {
            FileState::Deleted => Ok(Seen::Gone(Gone::Deleted)),
            FileState::Failed => Ok(Seen::Gone(Gone::Failed)),
            FileState::Archived | FileState::Coming | FileState::There => {
                self.look((&call.this.id, id), self.format(is_screen(row)), priority).await
            }
        }
    }

    /// What a recording looks like by itself. Whether it can be fetched is told by its links alone.
    pub(super) async fn look(&self, of: (&str, &str), format: Option<&str>, priority: Priority) -> Result<Seen> {
        let api = self.shared.connection.api().await?;
        let seen = match api.recording(of, format, priority).await? {
            None => return Ok(Seen::Unknown),
            Some(None) => return Ok(Seen::NotReady(None)),
            Some(Some(seen)) => seen,
        };
        if !seen.media_uris.is_empty() {
            return Ok(Seen::There(Box::new(seen)));
        }
        Ok(match seen.state() {
            FileState::Deleted => Seen::Gone(Gone::Deleted),
            FileState::Failed => Seen::Gone(Gone::Failed),
            FileState::Archived if self.shared.connection.config.restore_archived => {
                let until = self.shared.connection.cx.clock().now() + RESTORED_FOR;
                api.restore(of, until, priority).await?;
                Seen::NotReady(Some(RESTORE))
            }
            FileState::Archived => Seen::Gone(Gone::Archived),
            FileState::Coming | FileState::There => {
                let millis = seen.estimated_transcode_time_ms.and_then(|millis| u64::try_from(millis).ok());
                Seen::NotReady(millis.map(|millis| Duration::from_millis(millis).clamp(LEAST, MOST)))
            }
        })
    }

    /// The link to one of its files.
    pub(super) fn link_of(&self, seen: Seen, key: Option<&str>) -> Lookup<Link> {
        match seen {
            Seen::There(seen) => {
                let is_only = seen.media_uris.len() == 1;
                let mut links = seen.media_uris.into_iter();
                let link = links.find(|(name, _)| is_only || key.is_none_or(|key| key == name));
                match link {
                    Some((_, link)) => Lookup::Ready(link),
                    None => Lookup::NotReady { retry_after: self.soon() },
                }
            }
            Seen::NotReady(wait) => Lookup::NotReady { retry_after: wait.unwrap_or(self.soon()) },
            Seen::Gone(why) => Lookup::Gone(why),
            // It was there when it was listed.
            Seen::Unknown => Lookup::Gone(Gone::Deleted),
        }
    }

    /// In which form a recording is asked for. One of a screen has its own.
    pub(super) fn format(&self, is_screen: bool) -> Option<&'static str> {
        (!is_screen).then(|| self.shared.connection.config.recording_format.as_str())
    }

    /// What says nothing of its medium is taken for sound.
    fn is_wanted(&self, row: &wire::Recording) -> bool {
        if is_screen(row) {
            return self.shared.connection.config.screens;
        }
        row.media.is_none() || row.is("audio")
    }

    /// The recordings that one of the vendor's is: one for each file.
    fn files(&self, call: &Conversation, row: &wire::Recording, whole: &wire::Recording) -> Vec<Recording> {
        let of = whole.media_uris.len();
        let file = |(number, (key, link)): (usize, &(String, Link))| {
            let mut recording = self.described(call, row, Some(whole), (of > 1).then_some(key));
            let counted = |number| u32::try_from(number).unwrap_or(u32::MAX);
            recording.part = (of > 1).then(|| (counted(number + 1), counted(of)));
            // Asked for just now: whoever fetches it next need not ask again.
            self.shared.links.keep(recording.locator.as_str(), link);
            recording
        };
        whole.media_uris.iter().enumerate().map(file).collect()
    }

    /// A recording whose files nobody has seen.
    fn unseen(&self, call: &Conversation, row: &wire::Recording) -> Recording {
        self.described(call, row, None, None)
    }

    fn described(
        &self,
        call: &Conversation,
        row: &wire::Recording,
        whole: Option<&wire::Recording>,
        key: Option<&String>,
    ) -> Recording {
        let id = row.id.clone().unwrap_or_default();
        let is_screen = is_screen(row);
        let name = key.map_or_else(|| id.clone(), |key| format!("{id}_{key}"));
        let place = Place::One { conversation: call.this.id.clone(), recording: id, key: key.cloned(), is_screen };
        let mut recording = Recording::new(name, call.this.clone(), place.locator());
        let both = || [whole, Some(row)].into_iter().flatten();
        let (start, end) = (both().find_map(|one| one.start_time), both().find_map(|one| one.end_time));
        recording.kind = kind(row);
        recording.started = start.map(Stamp::vendor);
        let millis = whole.and_then(|whole| whole.output_duration_ms).and_then(|millis| u64::try_from(millis).ok());
        let span = start.zip(end).and_then(|(start, end)| (end - start).to_std().ok());
        recording.length = millis.map(Duration::from_millis).or(span);
        recording.media_type = Some(media_type(self.shared.connection.config.recording_format, is_screen).to_owned());
        let is_secret =
            |one: &wire::Annotation| one.reason.as_deref().is_some_and(|why| why.eq_ignore_ascii_case("SecurePause"));
        recording.redacted = both().flat_map(|one| &one.annotations).any(is_secret).then_some(true);
        recording.delete_after = both().find_map(|one| one.delete_date);
        recording.legs = legs(call, row);
        recording
    }
}

fn is_screen(row: &wire::Recording) -> bool {
    row.is("screen")
}

fn kind(row: &wire::Recording) -> RecordingKind {
    match () {
        () if is_screen(row) => RecordingKind::Screen,
        () if row.is("consult") => RecordingKind::Consult,
        () if row.is("snippet") => RecordingKind::Snippet,
        () => RecordingKind::Call,
    }
}

/// That of the form that was asked for. In which one screens come is not documented.
fn media_type(format: RecordingFormat, is_screen: bool) -> &'static str {
    let extension = match format {
        _ if is_screen => "webm",
        RecordingFormat::Wav | RecordingFormat::WavUlaw => "wav",
        RecordingFormat::OggOpus | RecordingFormat::OggVorbis => "ogg",
        RecordingFormat::Mp3 => "mp3",
        RecordingFormat::Webm => "weba",
    };
    names::media_type_of(extension).unwrap_or("application/octet-stream")
}

/// Whose session it is of; else the legs that went on while it was made. A recording of a line is of the customer's session.
fn legs(call: &Conversation, row: &wire::Recording) -> Vec<String> {
    if let Some(leg) = row.session_id.as_deref().and_then(|session| leg_of_session(call, session)) {
        return vec![leg.to_owned()];
    }
    let (Some(start), Some(end)) = (row.start_time, row.end_time) else { return Vec::new() };
    let is_heard = |leg: &&Leg| {
        leg.answered.or(leg.started).is_some_and(|from| from.at < end) && leg.ended.is_none_or(|to| to.at > start)
    };
    call.legs.iter().filter(is_heard).map(|leg| leg.id.clone()).collect()
}
