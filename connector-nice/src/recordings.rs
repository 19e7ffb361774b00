//! Recordings, by Media Playback.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use connector_core::http::{Link, MediaOptions};
use connector_core::{
    Conversation, Download, DownloadOptions, Error, Expected, Gone, JobCheck, Locator, Lookup, Outlook, Priority,
    Recording, RecordingDownloader, RecordingOptions, RecordingSet, Result, Speaker, Stamp, names,
};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::api::media::{Form, PERMISSION};
use crate::client::{Shared, judge};
use crate::config::RecordingKey;
use crate::transport::Api;
use crate::wire::media::{Participant, Playable};

/// When to ask again for a recording that is not there: minutes, counted from the end of the call. Then once an hour.
/// How long the vendor takes is not documented.
const LADDER: [u64; 6] = [1, 2, 5, 10, 20, 40];
const HOURLY: Duration = Duration::from_secs(3600);

/// When to ask again where nobody knows when the call ended.
const SOMETIME: Duration = Duration::from_secs(600);

/// How many legs are asked for when the whole call has nothing: each question counts against a small limit.
const LEGS: usize = 3;

/// What recordings are where the link does not say: MP4, also without a picture.
const MEDIA_TYPE: &str = "video/mp4";

/// A contact that nobody has, to see whether recordings may be asked for.
const NOBODY: &str = "1";

/// Recordings of calls. Each question takes one of 150 in five minutes, and Media Playback is a licence that is billed.
#[derive(Clone)]
pub struct NiceRecordings {
    pub(crate) shared: Arc<Shared>,
}

impl fmt::Debug for NiceRecordings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NiceRecordings({})", self.shared.connection.cx.origin())
    }
}

/// Where a recording is: never a link, which would be signed and soon of no use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    /// The contact by which it is found.
    contact: String,
    /// Which one of so many.
    part: usize,
    of: usize,
}

#[async_trait]
impl RecordingDownloader for NiceRecordings {
    fn patience(&self) -> Duration {
        self.shared.connection.config.recording_patience
    }

    async fn recordings(&self, of: &[Conversation], options: RecordingOptions) -> Vec<Result<RecordingSet>> {
        let mut answers = Vec::with_capacity(of.len());
        for call in of {
            let answer = self.of_call(call, options.priority).await;
            answers.push(self.shared.connection.note(answer));
        }
        answers
    }

    async fn download(&self, recording: &Recording, options: DownloadOptions) -> Result<Lookup<Download>> {
        let place: Place = serde_json::from_str(recording.locator.as_str()).map_err(|_| {
            Error::invalid("the locator of this recording is not of this connector").during("download").of(self
                .shared
                .connection
                .cx
                .origin())
        })?;
        let api = self.shared.connection.api().await?;
        let priority = options.priority;
        let links = || async { link(&api, &place, priority).await };
        let download = api.client.download(&links, &options, &MediaOptions::default()).await;
        self.shared.connection.note(download)
    }

    async fn check(&self) -> JobCheck {
        let asked = async {
            let api = self.shared.connection.api().await?;
            api.playables(NOBODY, Form::Download, Priority::Live).await.map(drop)
        };
        judge(
            asked.await,
            "Search & Playback > Play/download recordings: Play Any, and the licence of Media Playback",
            PERMISSION,
        )
    }
}

impl NiceRecordings {
    async fn of_call(&self, call: &Conversation, priority: Priority) -> Result<RecordingSet> {
        // The vendor's own word: no leg was logged.
        if call.expected == Expected::None && call.legs.iter().all(|leg| leg.recorded == Some(false)) {
            return Ok(RecordingSet::new(Vec::new(), Outlook::Never));
        }
        let api = self.shared.connection.api().await?;
        for contact in self.contacts(call) {
            let found = api.playables(contact, Form::Described, priority).await?;
            if !found.is_empty() {
                return Ok(RecordingSet::new(recordings(call, contact, &found), Outlook::Complete));
            }
        }
        Ok(RecordingSet::new(Vec::new(), self.outlook(call)))
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

    /// Nothing is there: whether that may change.
    fn outlook(&self, call: &Conversation) -> Outlook {
        let end = call.ended.or(call.started).map(|stamp| stamp.at).or(call.this.around);
        let Some(end) = end else { return Outlook::More { retry_after: SOMETIME } };
        let age = (self.shared.connection.cx.clock().now() - end).to_std().unwrap_or_default();
        if age >= self.patience() {
            return Outlook::Never;
        }
        Outlook::More { retry_after: rung(age) }
    }
}

/// How long to wait, so long after the end of the call.
fn rung(age: Duration) -> Duration {
    let mut reached = Duration::ZERO;
    for minutes in LADDER {
        let wait = Duration::from_secs(minutes * 60);
        reached += wait;
        if age < reached {
            return wait;
        }
    }
    HOURLY
}

/// A link that is good now.
async fn link(api: &Api, place: &Place, priority: Priority) -> Result<Lookup<Link>> {
    // The one link to the whole is the form that the vendor made for downloads; parts have links of their own.
    let form = if place.of == 1 { Form::Download } else { Form::Described };
    let found = api.playables(&place.contact, form, priority).await?;
    Ok(match found.into_iter().nth(place.part - 1) {
        Some(playable) => Lookup::Ready(Link::new(playable.url).signed()),
        // It was there when it was listed.
        None => Lookup::Gone(Gone::Deleted),
    })
}

fn recordings(call: &Conversation, contact: &str, found: &[Playable]) -> Vec<Recording> {
    let of = found.len();
    let recording = |(index, playable): (usize, &Playable)| {
        let place = Place { contact: contact.to_owned(), part: index + 1, of };
        let words = serde_json::to_string(&place).expect("a text and two numbers can be written as JSON");
        let id = if of == 1 { contact.to_owned() } else { format!("{contact}-{}", index + 1) };
        let mut recording = Recording::new(id, call.this.clone(), Locator::new(words));
        recording.part = Some((part(index + 1), part(of)));
        recording.started = playable.started.map(Stamp::vendor);
        recording.length = playable.started.zip(playable.ended).and_then(|(from, to)| (to - from).to_std().ok());
        recording.media_type = Some(media_type(&playable.url));
        recording.channels = channels(&playable.participants);
        recording.legs = call.legs.iter().map(|leg| leg.id.clone()).collect();
        recording
    };
    found.iter().enumerate().map(recording).collect()
}

fn part(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
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
        let mut there = participants.iter().filter(|participant| participant.channel == Some(channel));
        match there.next()?.participant_type.as_deref()? {
            "AGENT" => Some(Speaker::Agent),
            "CUSTOMER" => Some(Speaker::Customer),
            _ => None,
        }
    };
    (1..=count).map(speaker).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waits_grow_with_the_age_of_the_call() {
        let minutes = |age: u64| rung(Duration::from_secs(age * 60)).as_secs() / 60;
        let waits: Vec<u64> = [0, 1, 3, 8, 18, 38, 78, 1000].map(minutes).to_vec();
        assert_eq!(waits, [1, 2, 5, 10, 20, 40, 60, 60]);
    }

    #[test]
    fn channels_are_told_only_when_all_of_them_are_known() {
        let on = |kind: &str, channel| Participant { participant_type: Some(kind.to_owned()), channel: Some(channel) };
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
}
