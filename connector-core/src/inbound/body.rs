//! Bodies, read into memory that was set aside for them.

use std::pin::pin;

use bytes::{Buf, Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http_body_util::BodyExt;

use super::memory::{Budget, Room};

/// How much is set aside at a time for a body whose length nobody announced, in bytes.
const STEP: usize = 64 << 10;

/// Why a body is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    /// It has more bytes than the vendor ever sends.
    TooLarge,
    /// There is no memory for it right now.
    NoRoom,
    /// It is packed.
    Packed,
    /// It broke off, or has another length than was announced.
    Broken,
}

/// Reads a whole body.
pub(crate) async fn read<B: http_body::Body>(
    headers: &HeaderMap,
    body: B,
    max: usize,
    budget: &Budget,
) -> Result<(Bytes, Room), Unread> {
    if headers.get_all(CONTENT_ENCODING).iter().any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(Unread::Packed);
    }
    let announced = announced(headers)?;
    if announced.is_some_and(|length| length > max) {
        return Err(Unread::TooLarge);
    }
    let most = announced.unwrap_or(max);
    let mut room = budget.reserve(announced.unwrap_or(STEP.min(max))).ok_or(Unread::NoRoom)?;
    let mut read = BytesMut::with_capacity(announced.unwrap_or(0));
    let mut body = pin!(body);
    while let Some(frame) = body.as_mut().frame().await {
        let Ok(mut data) = frame.map_err(|_| Unread::Broken)?.into_data() else { continue };
        while data.has_remaining() {
            let piece = data.chunk();
            let length = read.len().saturating_add(piece.len());
            if length > most {
                return Err(if announced.is_some() { Unread::Broken } else { Unread::TooLarge });
            }
            if !budget.grow(&mut room, length.saturating_add(STEP).min(most)) {
                return Err(Unread::NoRoom);
            }
            read.extend_from_slice(piece);
            let piece = piece.len();
            data.advance(piece);
        }
    }
    if announced.is_some_and(|announced| announced != read.len()) {
        return Err(Unread::Broken);
    }
    room.shrink(read.len());
    Ok((read.freeze(), room))
}

/// The length that was announced. Two different ones, or one that is no number, are broken.
fn announced(headers: &HeaderMap) -> Result<Option<usize>, Unread> {
    let mut length = None;
    for value in headers.get_all(CONTENT_LENGTH) {
        let digits = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        // A number that no machine can hold is a body that none can hold.
        let number = match digits {
            Some(digits) if !digits.is_empty() => digits.parse().unwrap_or(usize::MAX),
            _ => return Err(Unread::Broken),
        };
        if length.replace(number).is_some_and(|before| before != number) {
            return Err(Unread::Broken);
        }
    }
    Ok(length)
}

#[cfg(test)]
mod tests;
