//! Where a recording is, in words that can be stored.

use chrono::{DateTime, Utc};
use connector_core::{Error, Locator, Recording, Result};
use serde::{Deserialize, Serialize};

/// Where a recording is: never a link, which would be signed and soon of no use.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Place {
    /// With the recordings of a contact.
    Contact {
        /// By which it is asked for.
        id: String,
        /// Which one of so many, from 0.
        part: usize,
        of: usize,
    },
    /// With the recordings of one agent's part.
    Segment {
        /// By which it is asked for.
        id: String,
    },
    /// Among the legacy files of a contact.
    File {
        /// The contact.
        contact: String,
        /// The file, with its folders.
        name: String,
    },
}

impl Place {
    pub(super) fn locator(&self) -> Locator {
        Locator::new(serde_json::to_string(self).expect("texts and numbers can be written as JSON"))
    }

    pub(super) fn of(recording: &Recording) -> Result<Self> {
        serde_json::from_str(recording.locator.as_str())
            .map_err(|_| Error::invalid("the locator of this recording is not of this connector"))
    }
}

/// When a recording starts and ends.
pub(super) type Span = (Option<DateTime<Utc>>, Option<DateTime<Utc>>);

#[cfg(test)]
mod tests {
    use connector_core::ConversationRef;

    use super::*;

    #[test]
    fn a_place_is_read_from_its_own_words_and_from_no_others() {
        let recording = |words: Locator| Recording::new("1", ConversationRef::new("c"), words);
        let places = [
            Place::Contact { id: "702200100200".into(), part: 1, of: 2 },
            Place::Segment { id: "5c0e".into() },
            Place::File { contact: "7".into(), name: "CallLog/x.wav".into() },
        ];
        for place in places {
            assert!(Place::of(&recording(place.locator())).is_ok_and(|read| read == place));
        }
        for words in ["", "{}", "https://media.example.com/1", r#"{"contact": "7"}"#] {
            assert!(
                Place::of(&recording(Locator::new(words))).err().is_some_and(|error| error.is_invalid()),
                "{words}"
            );
        }
    }
}
