//! Where a recording is, in words that can be stored.

use chrono::{DateTime, Utc};
use connector_core::Locator;
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
}

/// When a recording starts and ends.
pub(super) type Span = (Option<DateTime<Utc>>, Option<DateTime<Utc>>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_from_its_own_words_and_from_no_others() {
        let places = [
            Place::Contact { id: "702200100200".into(), part: 1, of: 2 },
            Place::Segment { id: "5c0e".into() },
            Place::File { contact: "7".into(), name: "CallLog/x.wav".into() },
        ];
        for place in places {
            assert!(place.locator().read::<Place>().is_ok_and(|read| read == place));
        }
        for words in ["", "{}", "https://media.example.com/1", r#"{"contact": "7"}"#] {
            let read = Locator::new(words).read::<Place>();
            assert!(read.err().is_some_and(|error| error.is_invalid()), "{words}");
        }
    }
}
