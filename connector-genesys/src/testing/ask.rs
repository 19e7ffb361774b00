//! A request, read, and the answers that every endpoint has in common.

use chrono::{DateTime, Utc};
use connector_core::testing::http::{self, Answer};
use serde_json::{Map, Value, json};

use super::endpoint::Endpoint;
use super::settings::Settings;

/// How many rows a page has that asks for no number of them.
const USUAL_ROWS: usize = 25;

/// A request and what it asks for.
pub(super) type Ask<'a> = http::Ask<'a, Endpoint>;

/// The page that is asked for: its size and its number from 1 on. `None`: there is no such page.
pub(super) fn page(ask: &Ask<'_>, settings: &Settings) -> Option<(usize, usize)> {
    let number = |name: &str, usual: usize| match ask.get(name) {
        None => Some(usual),
        Some(text) => text.parse().ok().filter(|number| *number > 0),
    };
    let size = number("pageSize", USUAL_ROWS).filter(|size| *size <= settings.most_rows);
    size.zip(number("pageNumber", 1))
}

/// The refusal of a page that cannot be.
pub(super) fn no_page() -> Answer {
    refused(400, "invalid.value", "pageSize or pageNumber is out of range")
}

/// An instant as Genesys writes it.
pub(super) fn instant(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// A refusal.
pub(super) fn refused(status: u16, code: &str, message: &str) -> Answer {
    let context = "0c000001-0000-4000-8000-00000000000a";
    let body = json!({ "message": message, "code": code, "status": status, "messageParams": {}, "contextId": context,
        "details": [], "errors": [] });
    Answer::json(&body).with_status(status).with_header("inin-correlation-id", context)
}

/// The rows of a list, with as many that make no sense as are to be there, the first one in second place.
pub(super) fn with_bad(mut rows: Vec<Value>, settings: &Settings) -> Vec<Value> {
    for number in 0..settings.bad_rows {
        rows.insert(
            rows.len().min(1),
            json!({ "id": {}, "name": number, "username": ["nobody"], "conversationId": [] }),
        );
    }
    rows
}

/// A numbered page of a list, with addresses of its neighbours.
pub(super) fn numbered(ask: &Ask<'_>, settings: &Settings, rows: Vec<Value>) -> Answer {
    let Some((size, page)) = page(ask, settings) else { return no_page() };
    let (total, pages) = (rows.len(), rows.len().div_ceil(size).max(1));
    let others: String = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(ask.query.iter().filter(|(name, _)| name != "pageSize" && name != "pageNumber"))
        .finish();
    let at = |number: usize| {
        let others = if others.is_empty() { String::new() } else { format!("&{others}") };
        json!(format!("{}?pageSize={size}&pageNumber={number}{others}", ask.request.uri().path()))
    };
    let mut body = Map::new();
    body.insert("entities".to_owned(), rows.into_iter().skip((page - 1) * size).take(size).collect());
    for (name, number) in [("pageSize", size), ("pageNumber", page), ("total", total), ("pageCount", pages)] {
        body.insert(name.to_owned(), json!(number));
    }
    for (name, number) in [("firstUri", 1), ("lastUri", pages), ("selfUri", page)] {
        body.insert(name.to_owned(), at(number));
    }
    if page > 1 {
        body.insert("previousUri".to_owned(), at(page - 1));
    }
    if page < pages {
        body.insert("nextUri".to_owned(), at(page + 1));
    }
    Answer::json(&body)
}
