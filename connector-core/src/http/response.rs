//! A whole answer: its body read up to a limit, unpacked up to the same limit, decoded.

use std::fmt;
use std::io::Read;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use flate2::read::MultiGzDecoder;
use futures_util::TryStreamExt;
use http::response::Parts;
use http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;

use super::redact::{CUT, redact_body};
use super::retry::retry_after;
use super::wire::Body;
use crate::{Error, Origin, Result};

/// Headers that hold a request's id.
const REQUEST_IDS: [&str; 6] = [
    "x-request-id",
    "x-correlation-id",
    "correlationid",
    "inin-correlation-id",
    "x-amzn-requestid",
    "x-amz-request-id",
];

/// A whole answer. `Debug` shows its status and its size alone, since the rest may hold personal values.
///
/// ```
/// use connector_core::http::Response;
/// use http::{HeaderMap, HeaderValue, StatusCode, header};
///
/// let mut headers = HeaderMap::new();
/// headers.insert(header::RETRY_AFTER, HeaderValue::from_static("120"));
/// let answer = Response::new(StatusCode::ACCEPTED, headers, bytes::Bytes::new(), Default::default());
/// assert_eq!(answer.retry_after.map(|wait| wait.as_secs()), Some(120));
/// assert_eq!(answer.json_if_any::<Vec<u32>>()?, None);
/// assert!(answer.json::<Vec<u32>>().unwrap_err().is_invalid());
/// # Ok::<(), connector_core::Error>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Response {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, unpacked.
    pub bytes: Bytes,
    /// For how long it asks us to wait.
    pub retry_after: Option<Duration>,
    /// What it was asked for, and whose source asked.
    asked: Option<(&'static str, Origin)>,
}

impl Response {
    /// An answer that arrived at this time.
    pub fn new(status: StatusCode, headers: HeaderMap, bytes: Bytes, received: DateTime<Utc>) -> Self {
        let retry_after = retry_after(&headers, received);
        Self { status, headers, bytes, retry_after, asked: None }
    }

    pub(crate) fn to(mut self, operation: &'static str, origin: &Origin) -> Self {
        self.asked = Some((operation, origin.clone()));
        self
    }

    /// A header that is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body, read as JSON.
    ///
    /// # Errors
    /// `is_invalid`, with the place and a redacted piece of the body, when it is something else.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.bytes).map_err(|error| {
            let what = error.to_string();
            // Other messages of serde_json quote values.
            let what = match what.split(" at line ").next() {
                Some(what) if what.starts_with("missing field") || what.starts_with("duplicate field") => {
                    what.to_owned()
                }
                _ => format!("{:?} error", error.classify()),
            };
            self.unexpected(format!("{what} at line {} column {}", error.line(), error.column()))
        })
    }

    /// An error that says what is wrong with the body: `is_invalid`, with a redacted piece of it. The words must quote
    /// nothing personal.
    pub fn unexpected(&self, what: impl fmt::Display) -> Error {
        let mut error = Error::invalid(format!("the answer is not what was expected: {what}"))
            .with_status(self.status.as_u16())
            .with_body(&redact_body(&self.bytes));
        if let Some(id) = self.request_id() {
            error = error.with_request_id(id);
        }
        match &self.asked {
            Some((operation, origin)) => error.during(operation).of(origin),
            None => error,
        }
    }

    /// The body, read as JSON; `None` when there is none, as with status 204.
    ///
    /// # Errors
    /// As [`json`](Self::json).
    pub fn json_if_any<T: DeserializeOwned>(&self) -> Result<Option<T>> {
        if self.bytes.trim_ascii().is_empty() { Ok(None) } else { self.json().map(Some) }
    }

    /// The id in one of the usual headers.
    pub(crate) fn request_id(&self) -> Option<String> {
        REQUEST_IDS.iter().find_map(|name| self.header(name)).map(plain_id)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with {} bytes", self.status, self.bytes.len())
    }
}

/// An id that a machine made, which may be long and full of digits. Whatever else stands there is not shown.
pub(crate) fn plain_id(id: &str) -> String {
    let plain = id.len() <= 128 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:=/+".contains(&byte));
    if plain { id.to_owned() } else { CUT.to_owned() }
}

/// Reads a whole body and unpacks it; refuses what is longer than the limit, packed or unpacked.
pub(crate) async fn collect(head: &Parts, body: Body, limit: u64) -> Result<Bytes> {
    let too_large =
        || Error::too_large(format!("the answer is larger than {limit} bytes")).with_status(head.status.as_u16());
    let length = head.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let read = body.try_fold(BytesMut::new(), |mut all, piece| async move {
        if (all.len() + piece.len()) as u64 > limit {
            return Err(Error::too_large("more"));
        }
        all.extend_from_slice(&piece);
        Ok(all)
    });
    let packed = read.await.map_err(|error| if error.is_too_large() { too_large() } else { error })?.freeze();
    match head.headers.get(header::CONTENT_ENCODING).map(|coding| coding.as_bytes()) {
        None | Some(b"identity" | b"") => Ok(packed),
        Some(coding) if coding.eq_ignore_ascii_case(b"gzip") || coding.eq_ignore_ascii_case(b"x-gzip") => {
            unpack(&packed, limit).map_err(|error| error.with_status(head.status.as_u16()))
        }
        Some(_) => Err(Error::invalid("the answer is packed in a way that was not asked for")),
    }
}

fn unpack(packed: &[u8], limit: u64) -> Result<Bytes> {
    if packed.is_empty() {
        return Ok(Bytes::new());
    }
    let mut unpacked = Vec::new();
    // One byte more than allowed tells that there is more.
    MultiGzDecoder::new(packed)
        .take(limit.saturating_add(1))
        .read_to_end(&mut unpacked)
        .map_err(|error| Error::invalid("the answer cannot be unpacked").caused_by(error))?;
    if unpacked.len() as u64 > limit {
        return Err(Error::too_large(format!("the answer is larger than {limit} bytes when it is unpacked")));
    }
    Ok(unpacked.into())
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt, stream};
    use serde::Deserialize;

    use super::*;

    fn head(fields: &[(header::HeaderName, &str)]) -> Parts {
        let mut response = http::Response::new(()).into_parts().0;
        response.headers = fields.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        response
    }

    async fn read(head: Parts, pieces: Vec<Vec<u8>>, limit: u64) -> Result<Bytes> {
        collect(&head, stream::iter(pieces).map(|piece| Ok(piece.into())).boxed(), limit).await
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut packed = Vec::new();
        flate2::read::GzEncoder::new(bytes, flate2::Compression::best()).read_to_end(&mut packed).unwrap();
        packed
    }

    #[tokio::test]
    async fn a_body_larger_than_allowed_is_refused_by_its_length_and_by_its_pieces() {
        let announced = head(&[(header::CONTENT_LENGTH, "11")]);
        assert!(read(announced, vec![], 10).await.unwrap_err().is_too_large());
        assert!(read(head(&[]), vec![vec![0; 6], vec![0; 5]], 10).await.unwrap_err().is_too_large());
        assert_eq!(read(head(&[]), vec![vec![0; 6], vec![0; 4]], 10).await.unwrap().len(), 10);
    }

    #[tokio::test]
    async fn a_compressed_answer_beyond_its_limit_is_refused_before_it_fills_the_memory() {
        let gzip = || head(&[(header::CONTENT_ENCODING, "gzip")]);
        let bomb = packed(&vec![0; 50 << 20]);
        assert!(bomb.len() < 100_000);
        assert!(read(gzip(), vec![bomb], 1 << 20).await.unwrap_err().is_too_large());
        assert_eq!(read(gzip(), vec![packed(b"fine")], 100).await.unwrap(), "fine");
        assert!(read(gzip(), vec![b"no gzip".to_vec()], 100).await.unwrap_err().is_invalid());
        assert!(read(head(&[(header::CONTENT_ENCODING, "br")]), vec![], 100).await.unwrap_err().is_invalid());
    }

    #[test]
    fn an_error_of_decoding_names_the_place_and_quotes_nobody() {
        #[derive(Debug, Deserialize)]
        struct Agent {
            #[expect(dead_code, reason = "only read")]
            id: u64,
        }
        let answer = |text: &'static str| {
            Response::new(StatusCode::OK, HeaderMap::new(), text.into(), "2026-10-19T00:00:00Z".parse().unwrap())
        };
        let error = answer(r#"{"id":"kay@example.com"}"#).json::<Agent>().unwrap_err();
        assert!(error.is_invalid() && !format!("{error:?}").contains("kay"), "{error:?}");
        assert!(error.to_string().contains("line 1 column 23"), "{error}");
        let error = answer(r#"{"name":"Kay"}"#).json::<Agent>().unwrap_err();
        assert!(error.to_string().contains("missing field `id`") && !format!("{error:?}").contains("Kay"), "{error:?}");
        assert!(answer(" ").json_if_any::<Agent>().unwrap().is_none());
    }
}
