//! Legacy call logs: the files of a contact.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::loose;

/// A file, as it is listed. Its names may hold a login.
#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct File {
    #[serde(deserialize_with = "loose::text")]
    pub(crate) file_name: Option<String>,
    /// With its folders: by this it is fetched.
    #[serde(deserialize_with = "loose::text")]
    pub(crate) full_file_name: Option<String>,
    /// In bytes.
    #[serde(deserialize_with = "loose::int")]
    size: Option<i64>,
    #[serde(deserialize_with = "loose::flag")]
    is_deleted: Option<bool>,
    /// A link, and no file.
    #[serde(deserialize_with = "loose::flag")]
    weblink: Option<bool>,
    #[serde(deserialize_with = "loose::text")]
    purpose_name: Option<String>,
    #[serde(deserialize_with = "loose::time")]
    pub(crate) create_date: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "loose::time")]
    pub(crate) modified_date: Option<DateTime<Utc>>,
}

impl File {
    /// Whether it is the sound of a call, and still there. How such files are told from others is what working programs
    /// do; it is not documented.
    pub(crate) fn is_call_log(&self) -> bool {
        let name = self.full_file_name.as_deref().unwrap_or_default().to_ascii_lowercase();
        let purpose = self.purpose_name.as_deref().unwrap_or_default().to_ascii_lowercase();
        let is_log = purpose.contains("calllog") || name.starts_with("calllog/") || name.contains("/calllog/");
        is_log && name.ends_with(".wav") && self.is_deleted != Some(true) && self.weblink != Some(true)
    }

    pub(crate) fn size(&self) -> Option<u64> {
        self.size.and_then(|size| u64::try_from(size).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sound_that_is_still_there_is_a_call_log() {
        let is_log = |text: &str| serde_json::from_str::<File>(text).unwrap().is_call_log();
        assert!(is_log(r#"{"fullFileName": "CallLog/2026/x.wav", "isDeleted": "False", "weblink": false}"#));
        assert!(is_log(r#"{"fullFileName": "elsewhere/x.WAV", "purposeName": "CallLog", "size": "12"}"#));
        for other in [
            "{}",
            r#"{"fullFileName": "CallLog/x.wav", "isDeleted": "True"}"#,
            r#"{"fullFileName": "CallLog/x.wav", "weblink": 1}"#,
            r#"{"fullFileName": "CallLog/x.txt"}"#,
            r#"{"fullFileName": "Prompts/x.wav", "purposeName": "Prompt"}"#,
        ] {
            assert!(!is_log(other), "{other}");
        }
    }
}
