//! From a vendor's answer to an error that says what to do.

use std::fmt::Debug;
use std::time::Duration;

use http::StatusCode;
use serde_json::Value;

use super::redact::{redact_body, redact_text};
use super::response::{Response, plain_id};
use crate::Error;

/// Reads the shapes in which a vendor tells of errors. `()` reads the usual ones.
///
/// ```
/// use std::time::Duration;
/// use connector_core::Error;
/// use connector_core::http::{Response, VendorError, VendorErrors};
///
/// /// Answers 403 with the code `too_early` to whoever asks too often.
/// #[derive(Debug)]
/// struct AcmeErrors;
///
/// impl VendorErrors for AcmeErrors {
///     fn read(&self, answer: &Response) -> VendorError {
///         let error = VendorError::usual(answer);
///         let early = error.code.as_deref() == Some("too_early");
///         if early { error.with_kind(Error::rate_limited).with_retry_after(Duration::from_secs(30)) } else { error }
///     }
/// }
/// ```
pub trait VendorErrors: Debug + Send + Sync + 'static {
    /// What this answer, whose status is no success, says of itself.
    fn read(&self, answer: &Response) -> VendorError {
        VendorError::usual(answer)
    }
}

impl VendorErrors for () {}

/// What a vendor says of an error. When an [`Error`] is made of it, e-mail addresses, long numbers and tokens are cut out;
/// names of people cannot be told from other words.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct VendorError {
    /// The vendor's code.
    pub code: Option<String>,
    /// The vendor's words.
    pub message: Option<String>,
    /// By which support finds the request.
    pub request_id: Option<String>,
    /// What kind of error it is, where the status tells it wrongly.
    pub kind: Option<fn(String) -> Error>,
    /// For how long to wait, where no header says it.
    pub retry_after: Option<Duration>,
}

/// Fields that hold a code, in order of preference.
const CODES: [&str; 5] = ["code", "errorCode", "internalCode", "error_code", "error"];

/// Fields that hold words.
const MESSAGES: [&str; 8] =
    ["message", "Message", "error_description", "errorDescription", "description", "detail", "details", "error"];

impl VendorError {
    /// Reads the usual fields of a JSON object, at the top or in `error`, and the usual headers.
    pub fn usual(answer: &Response) -> Self {
        let body: Value = serde_json::from_slice(&answer.bytes).unwrap_or_default();
        let inner = body.get("error").filter(|error| error.is_object()).unwrap_or(&body);
        let text = |names: &[&str]| {
            names.iter().find_map(|name| match inner.get(name)? {
                Value::String(text) if !text.is_empty() => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            })
        };
        Self { code: text(&CODES), message: text(&MESSAGES), request_id: answer.request_id(), ..Self::default() }
    }

    /// The same, with these words.
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// The same, as another kind of error than the status says.
    pub fn with_kind(mut self, kind: fn(String) -> Error) -> Self {
        self.kind = Some(kind);
        self
    }

    /// The same, asking to wait this long.
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }
}

impl Response {
    /// The error that this answer is, in the vendor's words as far as they are fit for a log.
    pub fn error(&self, vendor: &dyn VendorErrors) -> Error {
        error_of(self, &vendor.read(self))
    }
}

fn error_of(answer: &Response, said: &VendorError) -> Error {
    let status = answer.status;
    let message = match said.message.as_deref().map(redact_text) {
        Some(message) if !message.trim().is_empty() => message.chars().take(200).collect(),
        _ => status.canonical_reason().unwrap_or("the vendor refused").to_lowercase(),
    };
    let mut error = match said.kind {
        Some(kind) => kind(message),
        None => by_status(status, message),
    };
    error = error.with_status(status.as_u16());
    if let Some(code) = &said.code {
        error = error.with_vendor_code(short(code));
    }
    if let Some(id) = &said.request_id {
        error = error.with_request_id(plain_id(id));
    }
    if let Some(wait) = answer.retry_after.or(said.retry_after) {
        error = error.with_retry_after(wait);
    }
    if answer.bytes.is_empty() { error } else { error.with_body(&redact_body(&answer.bytes)) }
}

/// A code is one short word.
fn short(text: &str) -> String {
    redact_text(text).chars().filter(|c| !c.is_control()).take(80).collect()
}

fn by_status(status: StatusCode, message: String) -> Error {
    match status.as_u16() {
        401 => Error::unauthorized(message).advise("have the credentials checked"),
        403 => Error::forbidden(message).advise("have the permissions and licences of the account checked"),
        404 | 410 => Error::not_found(message),
        408 | 425 | 500 | 502..=504 | 506..=599 => Error::transient(message),
        409 | 412 => Error::changed(message),
        429 => Error::rate_limited(message),
        _ => Error::invalid(message),
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &'static str)], body: &'static str) -> Response {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        let received = "2026-10-19T14:00:00Z".parse().unwrap();
        Response::new(StatusCode::from_u16(status).unwrap(), headers, body.into(), received)
    }

    #[test]
    fn the_status_says_what_to_do() {
        type Ask = fn(&Error) -> bool;
        let table: [(&[u16], Ask); 7] = [
            (&[401], Error::is_unauthorized),
            (&[403], Error::is_forbidden),
            (&[404, 410], Error::is_not_found),
            (&[408, 500, 502, 503, 504], Error::is_transient),
            (&[409, 412], Error::is_changed),
            (&[429], Error::is_rate_limited),
            (&[400, 405, 418, 422, 501, 505], Error::is_invalid),
        ];
        for (statuses, ask) in table {
            for status in statuses {
                assert!(ask(&answer(*status, &[], "").error(&())), "{status}");
            }
        }
    }

    #[test]
    fn the_usual_shapes_are_read() {
        for (body, code, words) in [
            (r#"{"message":"No such thing","code":"not.found"}"#, Some("not.found"), "No such thing"),
            (r#"{"internalCode":"X_1","message":"gone"}"#, Some("X_1"), "gone"),
            (r#"{"error":"invalid_grant","error_description":"wrong"}"#, Some("invalid_grant"), "wrong"),
            (r#"{"error":{"code":42,"Message":"odd"}}"#, Some("42"), "odd"),
            ("<html>busy</html>", None, "service unavailable"),
            ("[]", None, "service unavailable"),
        ] {
            let error = answer(503, &[("x-request-id", "r-1"), ("retry-after", "9")], body).error(&());
            assert_eq!((error.vendor_code(), error.request_id()), (code, Some("r-1")), "{body}");
            assert!(error.to_string().starts_with(words), "{error}");
            assert_eq!(error.retry_after().unwrap().as_secs(), 9);
        }
    }

    #[test]
    fn a_vendor_may_mean_something_else_by_a_status() {
        #[derive(Debug)]
        struct Early;
        impl VendorErrors for Early {
            fn read(&self, answer: &Response) -> VendorError {
                VendorError::usual(answer).with_kind(Error::rate_limited).with_retry_after(Duration::from_secs(30))
            }
        }
        let error = answer(403, &[], "").error(&Early);
        assert!(error.is_rate_limited() && error.status() == Some(403));
        assert_eq!(error.retry_after().unwrap().as_secs(), 30);
        let said = answer(403, &[("retry-after", "9")], "").error(&Early);
        assert_eq!(said.retry_after().unwrap().as_secs(), 9, "a header goes first");
    }

    #[test]
    fn an_id_for_support_is_shown_whole() {
        let error = answer(500, &[("x-amzn-requestid", "1-5759e988-bd862e3fe1be46a994272793")], "").error(&());
        assert_eq!(error.request_id(), Some("1-5759e988-bd862e3fe1be46a994272793"));
    }

    #[test]
    fn nothing_personal_stands_in_an_error() {
        let body = r#"{"message":"kay@example.com is unknown","code":"kay@example.com","name":"Kay"}"#;
        let error = format!("{:?}", answer(404, &[("x-request-id", "kay@example.com")], body).error(&()));
        assert!(!error.to_lowercase().contains("kay"), "{error}");
    }
}
