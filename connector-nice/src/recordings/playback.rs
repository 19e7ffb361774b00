//! Recordings by Media Playback: those of a call, and those of one agent.

use chrono::{DateTime, Utc};
use connector_core::{
    AgentRef, Conversation, Leg, Priority, Recording, RecordingSet, Result, Speaker, Stamp, Validator, names,
};
use sha2::{Digest, Sha256};
use url::Url;

use super::NiceRecordings;
use super::place::{Place, Span};
use super::waiting::Extent;
use crate::api::media::{Form, Played};
use crate::config::RecordingKey;
use crate::wire::media::{Participant, Playable, Segment};

/// How many legs are asked for when the whole call has nothing: each question counts against a small limit.
const LEGS: usize = 3;

/// What recordings are where the link does not say: MP4, also without a picture.
const MEDIA_TYPE: &str = "video/mp4";

/// What was found of a call, and by which contact.
struct Found<'a> {
    contact: &'a str,
    playables: Vec<Playable>,
}

impl NiceRecordings {
    pub(super) async fn by_playback(&self, call: &Conversation, priority: Priority) -> Result<RecordingSet> {
        let found = match self.find(call, priority).await? {
            Ok(found) => found,
            Err(nothing) => return Ok(nothing),
        };
        let items = recordings(call, &found);
        let extent = match items.len() < found.playables.len() || lacks_legs(call, &items) {
            true => Extent::Part,
            false => Extent::Whole,
        };
        Ok(RecordingSet::new(items, self.outlook(call, extent, None)))
    }

    /// One recording for each agent's part, of all agents or of one.
    pub(super) async fn segments_by_playback(
        &self,
        call: &Conversation,
        agent: Option<&AgentRef>,
    ) -> Result<RecordingSet> {
        let found = match self.find(call, Priority::Live).await? {
            Ok(found) => found,
            Err(nothing) => return Ok(nothing),
        };
        let parts: Vec<Part<'_>> = found.playables.iter().flat_map(parts).collect();
        let all: Vec<Recording> = parts.iter().map(|part| part.recording(call)).collect();
        let extent = if lacks_legs(call, &all) { Extent::Part } else { Extent::Whole };
        let chosen = parts.iter().zip(all).filter(|(part, _)| agent.is_none_or(|agent| part.is_of(agent)));
        let items = chosen.map(|(_, recording)| recording).collect();
        Ok(RecordingSet::new(items, self.outlook(call, extent, None)))
    }

    /// What there is of a call; or the set of nothing.
    async fn find<'a>(
        &self,
        call: &'a Conversation,
        priority: Priority,
    ) -> Result<std::result::Result<Found<'a>, RecordingSet>> {
        let api = self.shared.connection.api().await?;
        let mut wait = None;
        for contact in self.contacts(call) {
            match api.contact_played(contact, Form::Described, priority).await? {
                Played::There(playables) => return Ok(Ok(Found { contact, playables })),
                Played::Nothing { retry_after } => wait = wait.max(retry_after),
                Played::Unknown => {}
            }
        }
        Ok(Err(RecordingSet::new(Vec::new(), self.outlook(call, Extent::Nothing, wait))))
    }

    /// The contacts to ask for, the likeliest first.
    fn contacts<'a>(&self, call: &'a Conversation) -> Vec<&'a str> {
        let legs = call.legs.iter().map(|leg| leg.id.as_str()).filter(|id| *id != call.this.id).take(LEGS);
        match self.shared.connection.config.recording_key {
            RecordingKey::MasterThenContact => std::iter::once(call.this.id.as_str()).chain(legs).collect(),
            RecordingKey::ContactOnly if call.legs.is_empty() => vec![&call.this.id],
            RecordingKey::ContactOnly => call.legs.iter().map(|leg| leg.id.as_str()).collect(),
        }
    }
}

/// The recordings that can be fetched. Those that cannot yet keep their place.
fn recordings(call: &Conversation, found: &Found<'_>) -> Vec<Recording> {
    let of = found.playables.len();
    let recording = |(part, playable): (usize, &Playable)| {
        let url = playable.url.as_deref()?;
        let place = Place::Contact { id: found.contact.to_owned(), part, of };
        let id = if of == 1 { found.contact.to_owned() } else { format!("{}-{}", found.contact, part + 1) };
        let mut recording = Recording::new(id, call.this.clone(), place.locator());
        recording.part = Some((number(part + 1), number(of)));
        set_span(&mut recording, (playable.started, playable.ended));
        recording.media_type = Some(media_type(url));
        recording.channels = channels(&playable.participants);
        recording.legs = legs(call, playable);
        recording.validator = version(playable);
        Some(recording)
    };
    found.playables.iter().enumerate().filter_map(recording).collect()
}

fn number(part: usize) -> u32 {
    u32::try_from(part).unwrap_or(u32::MAX)
}

fn set_span(recording: &mut Recording, (from, to): Span) {
    recording.started = from.map(Stamp::vendor);
    recording.length = from.zip(to).and_then(|(from, to)| (to - from).to_std().ok());
}

/// Which version of the file it is: it grows when a leg is added, and with it what is told of it. `None` where nothing is
/// told. The link says nothing, it is another one each time.
fn version(of: &Playable) -> Option<Validator> {
    let mut segments: Vec<&str> = of.segments.iter().filter_map(|segment| segment.segment_id.as_deref()).collect();
    segments.extend(of.participants.iter().filter_map(|participant| participant.segment_id.as_deref()));
    segments.sort_unstable();
    segments.dedup();
    (of.ended.is_some() || !segments.is_empty()).then(|| validator((of.started, of.ended), &segments))
}

fn validator(span: Span, segments: &[&str]) -> Validator {
    let told =
        format!("{:?} {segments:?}", (span.0.map(|at| at.timestamp_millis()), span.1.map(|at| at.timestamp_millis())));
    Validator::new(hex::encode(&Sha256::digest(told)[..16]))
}

/// The legs that a recording covers: those of its agents which began before it ended. All legs where it names no agent of
/// theirs.
fn legs(call: &Conversation, playable: &Playable) -> Vec<String> {
    let is_covered = |leg: &&Leg| {
        let agent = leg.agent.as_ref().and_then(|agent| agent.id.as_deref());
        let is_there = |participant: &Participant| participant.participant_id.as_deref() == agent;
        let in_time = leg.started.zip(playable.ended).is_none_or(|(start, end)| start.at < end);
        agent.is_some() && in_time && playable.participants.iter().filter(|one| one.is_agent()).any(is_there)
    };
    let id = |leg: &Leg| leg.id.clone();
    let covered: Vec<String> = call.legs.iter().filter(is_covered).map(id).collect();
    if covered.is_empty() { call.legs.iter().map(id).collect() } else { covered }
}

/// Whether a leg that was recorded is in none of these.
pub(super) fn lacks_legs(call: &Conversation, found: &[Recording]) -> bool {
    let is_covered = |leg: &Leg| found.iter().any(|recording| recording.legs.contains(&leg.id));
    call.legs.iter().any(|leg| leg.recorded == Some(true) && !is_covered(leg))
}

/// One agent's part of a recording.
struct Part<'a> {
    id: &'a str,
    span: Span,
    agent: Option<&'a Participant>,
    of: &'a Playable,
}

/// The parts of a recording, each once, in the order of time as far as that is told.
fn parts(of: &Playable) -> Vec<Part<'_>> {
    let told = of.segments.iter().filter_map(|segment| segment.segment_id.as_deref());
    let by_agent = of.participants.iter().filter(|one| one.is_agent()).filter_map(|one| one.segment_id.as_deref());
    let mut parts: Vec<Part<'_>> = Vec::new();
    for id in told.chain(by_agent) {
        if parts.iter().any(|known| known.id == id) {
            continue;
        }
        let is_it = |segment: &&Segment| segment.segment_id.as_deref() == Some(id);
        let segment = of.segments.iter().find(is_it);
        let agent = of.participants.iter().find(|one| one.is_agent() && one.segment_id.as_deref() == Some(id));
        let span = segment.map_or((None, None), |segment| (segment.start_time, segment.end_time));
        parts.push(Part { id, span, agent, of });
    }
    parts
}

impl Part<'_> {
    fn is_of(&self, agent: &AgentRef) -> bool {
        let known = |id: &Option<String>| id.is_some() && *id == agent.id;
        self.agent.is_some_and(|part| known(&part.participant_id) || known(&part.user_id))
    }

    fn recording(&self, call: &Conversation) -> Recording {
        let place = Place::Segment { id: self.id.to_owned() };
        let mut recording = Recording::new(self.id, call.this.clone(), place.locator());
        set_span(&mut recording, self.span);
        recording.media_type = Some(self.of.url.as_deref().map_or(MEDIA_TYPE.to_owned(), media_type));
        let heard = self.of.participants.iter().filter(|one| one.is_customer() || Some(*one) == self.agent);
        recording.channels = channels(&heard.cloned().collect::<Vec<_>>());
        recording.legs = self.leg(call).map(|leg| leg.id.clone()).into_iter().collect();
        recording.validator = Some(validator(self.span, &[self.id]));
        recording
    }

    /// The leg of the agent, if it is certain: of several, the last one that began before the part did.
    fn leg<'a>(&self, call: &'a Conversation) -> Option<&'a Leg> {
        let agent = self.agent?.participant_id.as_deref()?;
        let is_of_agent = |leg: &&Leg| leg.agent.as_ref().is_some_and(|known| known.id.as_deref() == Some(agent));
        let mut legs: Vec<&Leg> = call.legs.iter().filter(is_of_agent).collect();
        if legs.len() > 1 {
            let start: DateTime<Utc> = self.span.0?;
            legs.retain(|leg| leg.started.is_some_and(|began| began.at <= start));
            legs.sort_by_key(|leg| leg.started.map(|began| began.at));
        }
        legs.last().copied()
    }
}

/// By the name in the link; its query is a signature.
fn media_type(link: &str) -> String {
    let url = Url::parse(link).ok();
    let extension = url.as_ref().and_then(|url| url.path().rsplit_once('.')).map(|(_, extension)| extension);
    extension.and_then(names::media_type_of).unwrap_or(MEDIA_TYPE).to_owned()
}

/// Who is on which channel, if that is told of every channel from the first on.
fn channels(participants: &[Participant]) -> Option<Vec<Speaker>> {
    let count = participants.iter().filter_map(|participant| participant.channel).max().filter(|count| *count <= 8)?;
    let speaker = |channel: i64| {
        let there = participants.iter().find(|participant| participant.channel == Some(channel))?;
        match there {
            agent if agent.is_agent() => Some(Speaker::Agent),
            customer if customer.is_customer() => Some(Speaker::Customer),
            _ => None,
        }
    };
    (1..=count).map(speaker).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_told_only_when_all_of_them_are_known() {
        let on = |kind: &str, channel| Participant {
            participant_type: Some(kind.to_owned()),
            channel: Some(channel),
            ..Participant::default()
        };
        let both = [on("CUSTOMER", 2), on("AGENT", 1)];
        assert_eq!(channels(&both), Some(vec![Speaker::Agent, Speaker::Customer]));
        assert_eq!(channels(&both[..1]), None);
        assert_eq!(channels(&[on("AGENT", 1), on("ROBOT", 2)]), None);
        assert_eq!(channels(&[]), None);
    }

    #[test]
    fn the_type_is_that_of_the_name_before_the_signature() {
        assert_eq!(media_type("https://m.example.com/t/a.wav?sig=a.mp4"), "audio/wav");
        assert_eq!(media_type("https://m.example.com/t/a?sig=a.wav"), MEDIA_TYPE);
    }

    #[test]
    fn a_version_is_told_by_what_is_in_the_file_and_not_by_its_link() {
        let segment = |id: &str| Segment { segment_id: Some(id.to_owned()), ..Segment::default() };
        let file = |link: &str, segments: &[&str]| Playable {
            url: Some(link.to_owned()),
            segments: segments.iter().map(|id| segment(id)).collect(),
            ..Playable::default()
        };
        assert_eq!(version(&file("1", &["a", "b"])), version(&file("2", &["b", "a"])));
        assert_ne!(version(&file("1", &["a"])), version(&file("1", &["a", "b"])));
        assert_eq!(version(&file("1", &[])), None);
    }
}
