//! What is to be done about a session.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use connector_core::{AudioFormat, LiveEnd, PhoneNumber, Raw};

use super::note::Note;
use crate::conversation::number;
use crate::live_audio::media::Chosen;
use crate::live_audio::message::Open;

/// What is to be done, in this order.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Say this.
    Send(String),
    /// Let somebody listen.
    Begin(Box<Beginning>),
    /// Hand on sound.
    Frame { at: u64, bytes: Bytes },
    /// Tell of a pause.
    Paused { at: u64 },
    /// Tell that it goes on.
    Resumed { at: u64 },
    /// Tell of sound that the vendor lost.
    Lost { at: u64, samples: u64 },
    /// Tell that it is over.
    End { at: u64, how: LiveEnd },
    /// Tell the operator.
    Note(Note),
    /// Close the socket.
    Close,
}

/// What a session is made of.
#[derive(Debug)]
pub(crate) struct Beginning {
    pub(crate) conversation: String,
    /// When `opened` was sent. That position 0 is then is what the vendor's own client does, and not documented.
    pub(crate) began: DateTime<Utc>,
    pub(crate) format: AudioFormat,
    pub(crate) customer: Option<PhoneNumber>,
    pub(crate) dialled: Option<PhoneNumber>,
    pub(crate) language: Option<String>,
    pub(crate) raw: Option<Raw>,
}

impl Beginning {
    pub(super) fn of(call: &str, open: &Open, chosen: &Chosen, now: DateTime<Utc>, raw: Option<Raw>) -> Self {
        let participant = open.participant.as_ref();
        Self {
            conversation: call.to_owned(),
            began: now,
            format: chosen.format.clone(),
            customer: participant.and_then(|participant| number(participant.ani.as_ref()?)),
            dialled: participant.and_then(|participant| number(participant.dnis.as_ref()?)),
            language: open.language().map(str::to_owned),
            raw,
        }
    }
}
