//! Media Playback.

use connector_core::{Error, Priority, Result};

use crate::transport::Api;
use crate::wire::media::{Playable, Playback};

/// In which form recordings are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// With interactions, participants and times.
    Described,
    /// A link to the whole alone.
    Download,
}

impl Api {
    /// What can be played of a contact. Nothing may mean: not yet.
    ///
    /// # Errors
    /// `is_forbidden` with the permission that may be missing.
    pub(crate) async fn playables(&self, contact: &str, form: Form, priority: Priority) -> Result<Vec<Playable>> {
        let request = self
            .playback("contacts", priority)
            .query("acd-call-id", contact)
            .query("media-type", "voice-only")
            .query("exclude-waveforms", true)
            .query("exclude-qm-categories", true)
            .query("isDownload", form == Form::Download)
            .during("recordings");
        match request.send().await {
            Ok(answer) => Ok(answer.json_if_any::<Playback>()?.unwrap_or_default().playables()),
            // 404 is also what a recording that is not ready yet looks like.
            Err(error) if error.is_not_found() => Ok(Vec::new()),
            Err(error) if error.is_forbidden() => Err(advised(error)),
            Err(error) => Err(error),
        }
    }
}

fn advised(error: Error) -> Error {
    error.advise(format!("{PERMISSION}, and have the licence of Media Playback checked"))
}

/// What has to be clicked.
pub(crate) const PERMISSION: &str =
    "give the role of the access key's user Search & Playback > Play/download recordings: Play Any";
