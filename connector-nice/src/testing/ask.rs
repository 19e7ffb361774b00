//! A request, read, and the answers that every endpoint has in common.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use connector_core::testing::http::{Answer, Request};
use serde_json::{Value, json};

use super::endpoint::{Endpoint, Role};

/// A request and what it asks for.
pub(super) struct Ask<'a> {
    pub(super) request: &'a Request,
    pub(super) endpoint: Option<Endpoint>,
    /// The parts of the path that differ from request to request.
    pub(super) ids: Vec<String>,
    pub(super) query: Vec<(String, String)>,
}

impl<'a> Ask<'a> {
    pub(super) fn new(request: &'a Request, at: Role) -> Self {
        let (endpoint, ids) = Endpoint::of(request.method(), request.uri().path(), at).unzip();
        let query = pairs(request.uri().query().unwrap_or_default().as_bytes());
        Self { request, endpoint, ids: ids.unwrap_or_default(), query }
    }

    /// A parameter of the query that says something. Upper and lower case of its name are the same.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut named =
            self.query.iter().filter(|(known, value)| known.eq_ignore_ascii_case(name) && !value.is_empty());
        named.next().map(|(_, value)| value.as_str())
    }

    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }

    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.get(name)?.to_ascii_lowercase().parse().ok()
    }

    /// The fields of a form.
    pub(super) fn form(&self) -> Vec<(String, String)> {
        pairs(self.request.body())
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.request.headers().get(name)?.to_str().ok()
    }

    /// The token that came along.
    pub(super) fn token(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token)
    }

    /// The last part of the path that is an id.
    pub(super) fn id(&self) -> &str {
        self.ids.last().map(String::as_str).unwrap_or_default()
    }

    /// The version of the ACD API in the path: 23 of `v23.0`.
    pub(super) fn version(&self) -> u32 {
        let number = self.ids.first().and_then(|version| version.strip_prefix(['v', 'V']));
        number.and_then(|number| number.split('.').next()?.parse().ok()).unwrap_or_default()
    }
}

fn pairs(text: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(text).into_owned().collect()
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
