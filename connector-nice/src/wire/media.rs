//! Recordings, in every shape that is documented or was seen.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::loose;

/// What Media Playback answers: a link to the whole recording, or interactions with a link each.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Playback {
    #[serde(rename = "redirectUrl", alias = "redirectURL", deserialize_with = "loose::text")]
    redirect_url: Option<String>,
    #[serde(rename = "fileToPlayUrl", deserialize_with = "loose::text")]
    file_to_play_url: Option<String>,
    #[serde(alias = "Interactions", deserialize_with = "loose::each")]
    interactions: Vec<Wrapped>,
    value: Option<Box<Playback>>,
}

/// An interaction, in some answers within an object of its own.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wrapped {
    #[serde(rename = "Interaction", alias = "interaction")]
    inner: Option<Interaction>,
    #[serde(rename = "mediaType", deserialize_with = "loose::text")]
    media_type: Option<String>,
    #[serde(rename = "channelType", deserialize_with = "loose::text")]
    channel_type: Option<String>,
    #[serde(rename = "startTime", deserialize_with = "loose::time")]
    start_time: Option<DateTime<Utc>>,
    #[serde(rename = "endTime", deserialize_with = "loose::time")]
    end_time: Option<DateTime<Utc>>,
    data: Option<Data>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Interaction {
    #[serde(deserialize_with = "loose::text")]
    media_type: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    channel_type: Option<String>,
    #[serde(deserialize_with = "loose::time")]
    start_time: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "loose::time")]
    end_time: Option<DateTime<Utc>>,
    data: Option<Data>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Data {
    #[serde(deserialize_with = "loose::text")]
    file_to_play_url: Option<String>,
    #[serde(deserialize_with = "loose::time")]
    start_time: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "loose::time")]
    end_time: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "loose::each")]
    participant_data_list: Vec<Participant>,
    #[serde(deserialize_with = "loose::each")]
    segments_data_list: Vec<Segment>,
}

/// Who is to be heard on which channel, and in which segment.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Participant {
    #[serde(deserialize_with = "loose::text")]
    pub(crate) participant_type: Option<String>,
    /// The agent's id, as contacts tell it.
    #[serde(deserialize_with = "loose::id")]
    pub(crate) participant_id: Option<String>,
    /// The id in the directory of users, which is another one.
    #[serde(deserialize_with = "loose::id")]
    pub(crate) user_id: Option<String>,
    #[serde(deserialize_with = "loose::id")]
    pub(crate) segment_id: Option<String>,
    #[serde(deserialize_with = "loose::int")]
    pub(crate) channel: Option<i64>,
}

impl Participant {
    pub(crate) fn is_agent(&self) -> bool {
        self.participant_type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("AGENT"))
    }

    pub(crate) fn is_customer(&self) -> bool {
        self.participant_type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("CUSTOMER"))
    }
}

/// One agent's part of a call.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Segment {
    #[serde(deserialize_with = "loose::id")]
    pub(crate) segment_id: Option<String>,
    #[serde(deserialize_with = "loose::time")]
    pub(crate) start_time: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "loose::time")]
    pub(crate) end_time: Option<DateTime<Utc>>,
}

/// One recording, whatever shape it came in.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Playable {
    /// Where it is to be had; `None` while it is not.
    pub(crate) url: Option<String>,
    pub(crate) started: Option<DateTime<Utc>>,
    pub(crate) ended: Option<DateTime<Utc>>,
    pub(crate) participants: Vec<Participant>,
    pub(crate) segments: Vec<Segment>,
}

impl Playback {
    /// The recordings, of which some may have no link yet: those of the interactions, else the one link to the whole.
    /// None at all where nothing has a link.
    pub(crate) fn playables(self) -> Vec<Playable> {
        if let Some(inner) = self.value {
            return inner.playables();
        }
        let parts: Vec<Playable> = self.interactions.into_iter().filter_map(Wrapped::playable).collect();
        if parts.iter().any(|part| part.url.is_some()) {
            return parts;
        }
        let whole = self.redirect_url.or(self.file_to_play_url);
        whole.map(|url| Playable { url: Some(url), ..Playable::default() }).into_iter().collect()
    }
}

impl Wrapped {
    fn playable(self) -> Option<Playable> {
        let bare = Interaction {
            media_type: self.media_type,
            channel_type: self.channel_type,
            start_time: self.start_time,
            end_time: self.end_time,
            data: self.data,
        };
        self.inner.unwrap_or(bare).playable()
    }
}

impl Interaction {
    /// `None` for what has no sound and no link: the chat that a call began as.
    fn playable(self) -> Option<Playable> {
        let is_voice = self.is_voice();
        let data = self.data.unwrap_or_default();
        (is_voice || data.file_to_play_url.is_some()).then(|| Playable {
            url: data.file_to_play_url,
            started: data.start_time.or(self.start_time),
            ended: data.end_time.or(self.end_time),
            participants: data.participant_data_list,
            segments: data.segments_data_list,
        })
    }

    fn is_voice(&self) -> bool {
        let says = |text: &Option<String>, word: &str| {
            text.as_deref().is_some_and(|text| text.to_ascii_lowercase().starts_with(word))
        };
        says(&self.media_type, "voice") || says(&self.channel_type, "phone_call")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Playable> {
        serde_json::from_str::<Playback>(text).unwrap().playables()
    }

    fn links(text: &str) -> Vec<Option<String>> {
        read(text).into_iter().map(|playable| playable.url).collect()
    }

    #[test]
    fn the_chat_that_a_call_began_as_is_no_recording() {
        let text = r#"{"interactions": [{"mediaType": "chat", "data": {"fileToPlayUrl": null}},
            {"mediaType": "voice-only", "data": {"fileToPlayUrl": "https://m/a"}}], "redirectUrl": "https://m/b"}"#;
        assert_eq!(links(text), [Some("https://m/a".to_owned())]);
        assert_eq!(links(r#"{"redirectUrl": "https://m/a", "fileToPlayUrl": "https://m/b"}"#).len(), 1);
        assert_eq!(read(r#"{"interactions": [{"mediaType": "voice-only", "data": {"fileToPlayUrl": null}}]}"#), []);
    }

    #[test]
    fn a_part_without_a_link_keeps_its_place() {
        let text = r#"{"interactions": [
            {"channelType": "PHONE_CALL", "data": {"startTime": "2026-03-01T11:41:21.941Z", "fileToPlayUrl": ""}},
            {"mediaType": "voice-and-screen", "data": {"fileToPlayUrl": "https://m/b"}}]}"#;
        assert_eq!(links(text), [None, Some("https://m/b".to_owned())]);
        assert_eq!(read(text)[0].started.unwrap().to_rfc3339(), "2026-03-01T11:41:21.941+00:00");
    }
}
