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
}

/// Who is to be heard on which channel.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Participant {
    #[serde(deserialize_with = "loose::text")]
    pub(crate) participant_type: Option<String>,
    #[serde(deserialize_with = "loose::int")]
    pub(crate) channel: Option<i64>,
}

/// One recording that can be fetched, whatever shape it came in.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Playable {
    pub(crate) url: String,
    pub(crate) media_type: Option<String>,
    pub(crate) started: Option<DateTime<Utc>>,
    pub(crate) ended: Option<DateTime<Utc>>,
    pub(crate) participants: Vec<Participant>,
}

impl Playback {
    /// All that can be fetched: the links of the interactions, else the one link to the whole.
    pub(crate) fn playables(self) -> Vec<Playable> {
        if let Some(inner) = self.value {
            return inner.playables();
        }
        let parts: Vec<Playable> = self.interactions.into_iter().filter_map(Wrapped::playable).collect();
        if !parts.is_empty() {
            return parts;
        }
        let whole = self.redirect_url.or(self.file_to_play_url);
        whole.map(|url| Playable { url, ..Playable::default() }).into_iter().collect()
    }
}

impl Wrapped {
    fn playable(self) -> Option<Playable> {
        let bare = Interaction {
            media_type: self.media_type,
            start_time: self.start_time,
            end_time: self.end_time,
            data: self.data,
        };
        let this = self.inner.unwrap_or(bare);
        let data = this.data?;
        Some(Playable {
            url: data.file_to_play_url?,
            media_type: this.media_type,
            started: data.start_time.or(this.start_time),
            ended: data.end_time.or(this.end_time),
            participants: data.participant_data_list,
        })
    }
}
