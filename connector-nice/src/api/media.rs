//! Media Playback.

use std::time::Duration;

use connector_core::http::{RequestBuilder, segment};
use connector_core::{Priority, Result};

use crate::transport::Api;
use crate::wire::media::{Playable, Playback};

/// The longest description of a call that is read, in bytes. No limit is documented.
const LONGEST: u64 = 8 << 20;

/// In which form the recordings of a contact are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// With interactions, participants and times.
    Described,
    /// A link to the whole alone.
    Download,
}

/// What Media Playback says of a contact or a segment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Played {
    /// This, of which at least one has a link.
    There(Vec<Playable>),
    /// Nothing to play: not yet, or never. So long after it may be asked again, where the vendor says so.
    Nothing { retry_after: Option<Duration> },
    /// 404: unknown. That is also what a recording that is not ready yet looks like.
    Unknown,
}

impl Api {
    /// What can be played of a contact.
    ///
    /// # Errors
    /// `is_forbidden` with the permission that may be missing.
    pub(crate) async fn contact_played(&self, contact: &str, form: Form, priority: Priority) -> Result<Played> {
        let request = self.playback("contacts", priority).query("acd-call-id", contact);
        played(request.query("isDownload", form == Form::Download)).await
    }

    /// What can be played of one agent's part.
    ///
    /// # Errors
    /// As for [`contact_played`](Self::contact_played).
    pub(crate) async fn segment_played(&self, id: &str, priority: Priority) -> Result<Played> {
        played(self.playback(&format!("segments/{}", segment(id)), priority)).await
    }
}

async fn played(request: RequestBuilder) -> Result<Played> {
    let request = request
        .query("media-type", "voice-only")
        .query("exclude-waveforms", true)
        .query("exclude-qm-categories", true)
        .max_body(LONGEST)
        .during("recordings");
    match request.send().await {
        // What is only accepted has nothing to say yet, whatever stands in it. Not documented.
        Ok(answer) if answer.status == 202 => Ok(Played::Nothing { retry_after: answer.retry_after }),
        Ok(answer) => Ok(match answer.json_if_any::<Playback>()?.unwrap_or_default().playables() {
            none if none.is_empty() => Played::Nothing { retry_after: answer.retry_after },
            found => Played::There(found),
        }),
        Err(error) if error.is_not_found() => Ok(Played::Unknown),
        Err(error) if error.is_forbidden() => {
            Err(error.advise(format!("{PERMISSION}, and have the licence of Media Playback checked")))
        }
        Err(error) => Err(error),
    }
}

/// What has to be clicked.
pub(crate) const PERMISSION: &str =
    "give the role of the access key's user Search & Playback > Play/download recordings: Play Any";
