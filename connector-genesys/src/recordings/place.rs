//! Where a recording is, in words that can be stored.

use connector_core::Locator;
use serde::{Deserialize, Serialize};

/// Where a recording is: never a link, which is signed and soon of no use.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Place {
    /// A recording in the form that is set.
    One {
        conversation: String,
        recording: String,
        /// Which of its files, where it has several.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
        /// One of a screen has a form of its own.
        #[serde(default)]
        is_screen: bool,
    },
    /// A recording in the form that the vendor keeps.
    Kept {
        conversation: String,
        recording: String,
        /// Which of its files, from 0.
        nth: usize,
    },
}

impl Place {
    pub(super) fn locator(&self) -> Locator {
        Locator::new(serde_json::to_string(self).expect("texts and numbers can be written as JSON"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_from_its_own_words_and_from_no_others() {
        let one = |key: Option<&str>, is_screen| Place::One {
            conversation: "c".into(),
            recording: "r".into(),
            key: key.map(str::to_owned),
            is_screen,
        };
        let kept = Place::Kept { conversation: "c".into(), recording: "r".into(), nth: 1 };
        for place in [one(None, false), one(Some("0"), true), kept] {
            assert!(place.locator().read::<Place>().is_ok_and(|read| read == place));
        }
        for words in ["", "{}", "https://media.example.com/1", r#"{"one": {"recording": "7"}}"#] {
            let read = Locator::new(words).read::<Place>();
            assert!(read.err().is_some_and(|error| error.is_invalid()), "{words}");
        }
    }
}
