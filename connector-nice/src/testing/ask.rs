//! A request, read, and the answers that every endpoint has in common.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use connector_core::testing::http::{self, Answer, Endpoint as _, Request};
use serde_json::{Value, json};

use super::endpoint::{Endpoint, Role};

/// A request and what it asks for.
pub(super) type Ask<'a> = http::Ask<'a, Endpoint>;

/// What a request asks for at this host. CXone does not mind capitals, nor parameters that say nothing.
pub(super) fn read(request: &Request, at: Role) -> Ask<'_> {
    let mut ask = Ask::lenient(request);
    ask.endpoint = ask.endpoint.filter(|endpoint| at.answers(endpoint.route().access));
    ask
}

/// The version of the ACD API in the path: 23 of `v23.0`.
pub(super) fn version(ask: &Ask<'_>) -> u32 {
    let number = ask.part("v").strip_prefix(['v', 'V']);
    number.and_then(|number| number.split('.').next()?.parse().ok()).unwrap_or_default()
}

/// An instant as CXone writes it.
pub(super) fn instant(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// An instant in a query: in UTC with a literal `Z`, or a date. Offsets are said to be mishandled, so the fake takes none.
pub(super) fn asked_instant(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(date) = text.parse::<NaiveDate>() {
        return Some(date.and_time(NaiveTime::MIN).and_utc());
    }
    text.ends_with('Z').then(|| text.parse().ok()).flatten()
}

/// Nothing there: no empty list, but no body at all.
pub(super) fn nothing() -> Answer {
    Answer::new(204)
}

/// A refusal of the ACD API: no body, the words in a header.
pub(super) fn refused(status: u16, words: &str) -> Answer {
    Answer::new(status).with_header("icStatusDescription", words)
}

/// A refusal of the gateway in front of all of them.
pub(super) fn gateway(status: u16, words: &str) -> Answer {
    Answer::json(&json!({ "message": words })).with_status(status)
}

/// A refusal of the login.
pub(super) fn unauthenticated(status: u16, error: &str, words: &str) -> Answer {
    Answer::json(&json!({ "error": error, "errorDescription": words })).with_status(status)
}

/// Some keys of an object alone, as `fields` asks for.
pub(super) fn only(fields: Option<&str>, row: Value) -> Value {
    match (fields, row) {
        (Some(fields), Value::Object(row)) => {
            let wanted = |key: &str| fields.split(',').any(|field| field.trim().eq_ignore_ascii_case(key));
            Value::Object(row.into_iter().filter(|(key, _)| wanted(key)).collect())
        }
        (_, row) => row,
    }
}
