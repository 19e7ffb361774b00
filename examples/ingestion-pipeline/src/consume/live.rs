//! From the sound of sessions to recordings of a call.

use std::ops::Range;
use std::time::Duration;

use connector_core::matching::{AgentTime, Keep, Part, SessionTime, agent_times, parts};
use connector_core::{Conversation, ConversationRef, Detail, Locator, Recording, RecordingKind, Result, Stamp};
use tracing::warn;

use super::consumer::Consumer;
use super::ends::Done;
use crate::call::{Media, StoredCall};
use crate::live::{Live, LiveUse};
use crate::session::{SessionPart, SessionRow, SessionState, length_of};
use crate::work::{Cause, WorkRow, after};

/// When to look again at a call that goes on, or a session of it. The word of its end brings that forward, and whoever looks
/// may have to ask the vendor.
const SHORTLY: Duration = Duration::from_secs(60);

/// What becomes of the sessions of a call once it is stored.
#[derive(Default)]
pub(super) struct Heard {
    /// The state in which each was, and the row to be written.
    ends: Vec<(SessionState, SessionRow)>,
    /// One of them goes on, or the call does: when to look again.
    waits: Option<Duration>,
}

impl Heard {
    /// How the work on the call ends with it.
    pub(super) fn after(&self, done: Done) -> Done {
        match (done, self.waits) {
            (Done::Whole, Some(retry_after)) => Done::NotYet { retry_after },
            (Done::NotYet { retry_after }, Some(waits)) => Done::NotYet { retry_after: retry_after.min(waits) },
            (done, _) => done,
        }
    }
}

impl Consumer {
    /// Drops the sound of a call outside the scope, once that is sure.
    pub(super) async fn drop_live(&self, row: &WorkRow, document: &Conversation) -> Result<()> {
        match &self.live {
            Some(live) if is_over(row, document) => live.drop_call(&row.origin, &row.conversation.id).await,
            _ => Ok(()),
        }
    }

    /// Brings what agents said and heard into the object store, as far as their sessions are over.
    pub(super) async fn fetch_live(&self, row: &WorkRow, call: &mut StoredCall, done: &Done) -> Result<Heard> {
        let Some(live) = self.live.as_ref().filter(|_| !row.cause.is_metadata_only()) else {
            return Ok(Heard::default());
        };
        let sessions = live.store().of_call(&row.origin, &row.conversation.id).await?;
        let is_open = sessions.iter().any(|session| session.state == SessionState::Open);
        // Of a call that goes on nobody has told yet who will take it.
        let goes_on = is_open || (!is_over(row, &call.document) && sessions.iter().any(is_kept));
        if goes_on && self.clock.now() < after(row.waiting_since, live.options.deadline) {
            call.media = Media::Partial;
            return Ok(Heard { waits: Some(SHORTLY.min(live.options.deadline)), ..Heard::default() });
        }
        if live.options.usage == LiveUse::Instead {
            match done {
                Done::NotYet { .. } => return Ok(Heard::default()),
                _ if has_vendors(call) => return Ok(Heard { ends: self.not_wanted(sessions), waits: None }),
                _ => {}
            }
        }
        let mut heard = Heard::default();
        let (times, parts) = parts_of(&call.document, &sessions, live.options.keep_all);
        for (index, session) in sessions.into_iter().enumerate() {
            let from = session.state;
            if !is_kept(&session) {
                continue;
            }
            let of_it = parts.iter().filter(|part| part.session == index);
            heard.ends.push((from, self.store_parts(live, session, of_it, &times, call).await?));
        }
        if call.media == Media::None && !call.recordings.is_empty() {
            call.media = Media::Complete;
        }
        Ok(heard)
    }

    fn not_wanted(&self, sessions: Vec<SessionRow>) -> Vec<(SessionState, SessionRow)> {
        let dropped = |row: SessionRow| {
            (row.state, SessionRow { state: SessionState::Dropped, updated: self.clock.now(), ..row })
        };
        sessions.into_iter().filter(is_kept).map(dropped).collect()
    }

    /// Stores these parts of a session as recordings of its call, and returns the row that says so.
    async fn store_parts(
        &self,
        live: &Live,
        mut session: SessionRow,
        of_it: impl Iterator<Item = &Part>,
        times: &[AgentTime],
        call: &mut StoredCall,
    ) -> Result<SessionRow> {
        let now = self.clock.now();
        (session.state, session.updated, session.matched) = (SessionState::Empty, now, None);
        session.parts.clear();
        let sound = match live.spool.open(session.file.as_deref().unwrap_or_default()).await {
            Ok(Some(sound)) => sound,
            Err(error) if error.is_storage() => return Err(error),
            gone => {
                let why = gone.err().map_or_else(|| "it is not there".to_owned(), |error| error.to_string());
                warn!(origin = %session.origin, session = session.session, "the sound of a session cannot be read: {why}");
                session.state = SessionState::Dropped;
                return Ok(session);
            }
        };
        for part in of_it {
            let samples = part.samples.start..part.samples.end.min(sound.samples());
            if samples.is_empty() {
                continue;
            }
            let recording = recording_of(&session, &samples, part, times, &call.document.this);
            let stored = self.upload(call, recording, sound.part(&samples)?, || 0).await?;
            session.parts.push(SessionPart {
                recording: stored.recording.id.clone(),
                from: samples.start,
                samples: samples.end - samples.start,
                legs: stored.recording.legs.clone(),
                agents: part.agents.iter().map(|n| times[*n].agent.clone()).collect(),
            });
            call.put(stored);
            (session.state, session.matched) = (SessionState::Matched, Some(now));
        }
        Ok(session)
    }

    /// Keeps the sound of a call that is given up, should a person have it tried again.
    pub(super) async fn give_up_sessions(&self, row: &WorkRow) -> Result<()> {
        match &self.live {
            Some(live) => live.give_up_call(&row.origin, &row.conversation.id).await,
            None => Ok(()),
        }
    }

    /// Writes down what became of the sessions of a call that is stored, and removes their sound. Who dies before does all
    /// of it again, with the same result.
    pub(super) async fn end_sessions(&self, heard: &Heard) -> Result<()> {
        let Some(live) = &self.live else { return Ok(()) };
        for (from, row) in &heard.ends {
            if live.change(*from, row).await? {
                live.clear(row.clone()).await?;
            }
        }
        Ok(())
    }
}

/// Whether a call is over, as far as anybody said.
fn is_over(row: &WorkRow, document: &Conversation) -> bool {
    row.cause == Cause::Ended || document.ended.is_some()
}

/// Whether a session is over and its sound is there.
fn is_kept(row: &SessionRow) -> bool {
    matches!(row.state, SessionState::Waiting | SessionState::Unmatched)
}

/// Whose time is which part of the sessions. Where nobody told who took the call, nothing is left out.
fn parts_of(call: &Conversation, sessions: &[SessionRow], keep_all: bool) -> (Vec<AgentTime>, Vec<Part>) {
    let times = agent_times(call);
    let is_told = !times.is_empty() || call.detail == Detail::Full;
    let time = |session: &SessionRow| SessionTime::new(session.began, session.rate, session.samples);
    let of_sessions: Vec<SessionTime> = sessions.iter().map(time).collect();
    let keep = if keep_all || !is_told { Keep::Everything } else { Keep::Agents };
    let parts = parts(&times, &of_sessions, keep);
    (times, parts)
}

fn has_vendors(call: &StoredCall) -> bool {
    call.recordings.iter().any(|stored| stored.recording.kind != RecordingKind::Live)
}

fn recording_of(
    session: &SessionRow,
    samples: &Range<u64>,
    part: &Part,
    times: &[AgentTime],
    call: &ConversationRef,
) -> Recording {
    let number = session.parts.len() + 1;
    let length = samples.end - samples.start;
    let locator = Locator::new(format!("live/{}/{}+{length}", session.session, samples.start));
    let mut recording = Recording::new(format!("live-{}-{number}", session.session), call.clone(), locator);
    recording.kind = RecordingKind::Live;
    recording.legs = part.agents.iter().map(|n| times[*n].leg.clone()).collect();
    recording.started = Some(Stamp::derived(session.time_of(samples.start)));
    recording.length = Some(length_of(length, session.rate));
    recording.media_type = Some("audio/wav".to_owned());
    recording.channels = Some(session.speakers.clone());
    recording
}
