//! What of an address and of a vendor's answer may stand in an error.

use serde_json::Value;
use url::Url;

/// What stands in place of what is cut out.
pub(crate) const CUT: &str = "•••";

/// How much of an answer is looked at.
const LOOKED_AT: usize = 4096;

/// Fields whose text explains an error. It is shown with personal values cut out; all other values are not shown.
const TELLING: [&str; 20] = [
    "code",
    "contextid",
    "correlationid",
    "description",
    "detail",
    "error",
    "error_code",
    "error_description",
    "errorcode",
    "errordescription",
    "fieldname",
    "internalcode",
    "message",
    "namespace",
    "reason",
    "requestid",
    "route",
    "status",
    "statuscode",
    "type",
];

/// An address without user, password and fragment, with the values of its query and e-mail addresses cut out.
pub(crate) fn redact_url(url: &Url) -> String {
    let mut text = format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default());
    if let Some(port) = url.port() {
        text.push_str(&format!(":{port}"));
    }
    for segment in url.path().split('/').skip(1) {
        text.push('/');
        text.push_str(&redact_text(segment));
    }
    for (index, (name, _)) in url.query_pairs().enumerate() {
        text.push(if index == 0 { '?' } else { '&' });
        text.push_str(&format!("{}={CUT}", redact_text(&name)));
    }
    text
}

/// The beginning of an answer, fit for an error.
pub(crate) fn redact_body(bytes: &[u8]) -> String {
    if let Ok(mut value) = serde_json::from_slice::<Value>(bytes) {
        redact_value(&mut value, false);
        return value.to_string();
    }
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(LOOKED_AT)]);
    let looks_like_data = text.trim_start().starts_with(['{', '[', '"']);
    if looks_like_data { format!("{CUT} of {} bytes", bytes.len()) } else { redact_text(&text) }
}

fn redact_value(value: &mut Value, telling: bool) {
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(name, value)| {
            redact_value(value, TELLING.contains(&name.to_ascii_lowercase().as_str()));
        }),
        Value::Array(items) => items.iter_mut().for_each(|item| redact_value(item, telling)),
        Value::String(text) if telling => *text = redact_text(text),
        Value::Number(number) if telling && number.as_u64().is_some_and(|number| number < 100_000) => {}
        Value::String(_) | Value::Number(_) => *value = CUT.into(),
        Value::Null | Value::Bool(_) => {}
    }
}

/// A text with e-mail addresses, long numbers and whatever may be a token cut out. Words of markup go as well.
pub(crate) fn redact_text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len().min(LOOKED_AT));
    let mut cut_next = false;
    let end = text.floor_char_boundary(LOOKED_AT);
    for word in text[..end].split_inclusive(|c: char| c.is_whitespace() || "\"'<>,;()[]{}=&".contains(c)) {
        let core = word.trim_end_matches(|c: char| c.is_whitespace() || "\"'<>,;()[]{}=&".contains(c));
        let tail = &word[core.len()..];
        let digits = core.bytes().filter(u8::is_ascii_digit).count();
        let opaque = core.len() >= 24 && (digits > 0 || core.contains('.')) && core.is_ascii() && !is_id(core);
        if !core.is_empty()
            && (cut_next || core.contains('@') || core.contains("%40") || (digits >= 7 && !is_id(core)) || opaque)
        {
            shown.push_str(CUT);
        } else {
            shown.push_str(core);
        }
        shown.push_str(tail);
        if !core.is_empty() {
            cut_next = ["bearer", "basic"].iter().any(|scheme| core.eq_ignore_ascii_case(scheme));
        }
    }
    shown
}

/// A UUID, by which support finds things and which says nothing of anybody.
fn is_id(word: &str) -> bool {
    word.len() == 36
        && word.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_shows_no_query_no_password_and_no_login() {
        let url = "https://kay:hunter2@api.example.com:8443/users/kay%40example.com/calls?sig=abc&phone=5550100#top";
        assert_eq!(redact_url(&url.parse().unwrap()), "https://api.example.com:8443/users/•••/calls?sig=•••&phone=•••");
    }

    #[test]
    fn a_body_keeps_what_explains_the_error_and_loses_the_rest() {
        let body = br#"{"message":"no user kay@example.com, call +15550100123","code":"not.found","status":404,
            "user":{"name":"Kay","phone":15550100123,"tags":["vip"]},"access_token":"abc","requestId":"0b6f0a4e-1111-4222-8333-444455556666"}"#;
        let shown = redact_body(body);
        for cut in ["kay@", "5550100", "Kay", "vip", "abc"] {
            assert!(!shown.contains(cut), "{shown}");
        }
        for kept in ["no user", "not.found", "404", "0b6f0a4e-1111-4222-8333-444455556666"] {
            assert!(shown.contains(kept), "{shown}");
        }
    }

    #[test]
    fn data_that_broke_off_is_not_shown_at_all() {
        let shown = redact_body(br#"{"agents":[{"firstName":"Kay","#);
        assert!(!shown.contains("Kay"), "{shown}");
    }

    #[test]
    fn a_text_loses_tokens_numbers_and_addresses() {
        let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJrYXkifQ.c2lnbmF0dXJl";
        let shown = redact_text(&format!(
            "<p>Bearer short refused for {token} of sip:kay@example.com (5550100123)</p> try later"
        ));
        assert_eq!(shown, "<p>Bearer ••• refused for ••• of ••• (•••)</p> try later");
        assert_eq!(redact_text("Gateway Timeout 504"), "Gateway Timeout 504");
    }

    #[test]
    fn a_long_text_in_any_alphabet_is_cut_without_harm() {
        assert!(redact_text(&"é".repeat(10_000)).len() <= LOOKED_AT);
    }
}
