//! Somebody who knocks at the door of live audio with anything.

use std::sync::LazyLock;

use chrono::DateTime;
use connector_core::{Clock, Context, Secret};
use futures_util::FutureExt;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};

use super::input::Input;
use super::{ORGANIZATION, SESSION};
use crate::live_audio::door::{Door, Handshake};
use crate::live_audio::keys::AudioKey;
use crate::live_audio::options::AudioOptions;

const KEY: &str = "c3ludGhldGljLWFwaS1rZXk=";
const UNSIGNED: &str = "k-unsigned";
const TARGET: &str = "/genesys/audiohook?tenant=acme";

/// A handshake, signed at [`CREATED`] with the first of these secrets.
const SIGNED: [(&str, &str); 7] = [
    ("host", "hooks.example.test"),
    ("audiohook-organization-id", ORGANIZATION),
    ("audiohook-session-id", SESSION),
    ("audiohook-correlation-id", "9e8d7c6b-5a49-4382-9716-05f4e3d2c1b0"),
    ("x-api-key", KEY),
    (
        "signature-input",
        r#"sig1=("@request-target" "@authority" "audiohook-organization-id" "audiohook-session-id" "audiohook-correlation-id" "x-api-key");keyid="c3ludGhldGljLWFwaS1rZXk=";nonce="bm9uY2Utbm9uY2Utbm9uY2Ux";alg="hmac-sha256";created=1790000000;expires=1790000030"#,
    ),
    ("signature", "sig1=:ywRYohTIZ70qdQBrph5XQSBP/1ZE5HwBFp9IpbFg3fI=:"),
];
const SECRETS: [&str; 2] = ["c3ludGhldGljLWhtYWMta2V5LWZvci11bml0LXRlc3Q=", "c29tZXRoaW5nIGVsc2U="];
const CREATED: i64 = 1_790_000_000;

static CONTEXT: LazyLock<Context> = LazyLock::new(|| Context::default().for_source("acme", "calls"));

/// A handshake that was signed, changed as the bytes say: it is let in as what was signed and once, or not at all. Where
/// the door has another secret, nobody is; without a signature, only who has a key that needs none.
pub fn door(bytes: &[u8]) {
    let mut input = Input(bytes);
    let allows = input.byte() % 2 == 0;
    let mut head = http::Request::get(TARGET).body(()).expect("a path").into_parts().0;
    head.headers = SIGNED.iter().map(|(name, value)| (name.parse().expect("a name"), from(value))).collect();
    let is_as_signed = input.is_empty();
    while !input.is_empty() {
        change(&mut head, &mut input);
    }
    let is_unsigned = ["signature", "signature-input"].iter().all(|name| !head.headers.contains_key(*name));
    let may_come_unsigned = allows && is_unsigned && all(&head.headers, "x-api-key") == [UNSIGNED.as_bytes()];
    // A clock of its own: that of the first one would run on, and every signature would be too old.
    let at = DateTime::from_timestamp(CREATED + 1, 0).expect("a time");
    let cx = CONTEXT.clone().with_clock(Clock::starting_at(at));
    for secret in SECRETS {
        let mut options = AudioOptions::new(AudioKey::new(Secret::literal(KEY), Secret::literal(secret)));
        options = options.with_key(AudioKey::unsigned(Secret::literal(UNSIGNED)));
        options.allow_unsigned = allows;
        let door = Door::new(&options, &cx);
        let knock = || {
            let nonce = door.check(&head).now_or_never().expect("nothing is waited for")?;
            door.enter(nonce).map(|()| Handshake::of(&head.headers).expect("it was looked at"))
        };
        let admitted = knock();
        if may_come_unsigned {
            continue;
        }
        assert!(admitted.is_ok() || !is_as_signed || secret != SECRETS[0], "what was signed is not let in");
        let Ok(handshake) = admitted else { continue };
        assert!(secret == SECRETS[0] && is_what_was_signed(&head), "let in without the secret");
        assert_eq!((&*handshake.organization, &*handshake.session), (ORGANIZATION, SESSION));
        assert!(knock().is_err(), "let in twice");
    }
}

/// Changes, adds or removes something.
fn change(head: &mut Parts, input: &mut Input<'_>) {
    let name = HeaderName::from_static(input.one_of(&SIGNED.map(|(name, _)| name)));
    let told = all(&head.headers, name.as_str()).concat();
    match input.byte() % 8 {
        0..3 => put(head, &name, &input.spoil(&told)),
        3 => put(head, &name, input.piece()),
        4 => {
            if let Ok(value) = HeaderValue::from_bytes(input.piece()) {
                head.headers.append(name, value);
            }
        }
        5 => drop(head.headers.remove(&name)),
        6 => put(head, &HeaderName::from_static("x-api-key"), UNSIGNED.as_bytes()),
        _ => {
            if let Ok(uri) = Uri::try_from(input.spoil(head.uri.to_string().as_bytes())) {
                head.uri = uri;
            }
        }
    }
}

fn put(head: &mut Parts, name: &HeaderName, value: &[u8]) {
    if let Ok(value) = HeaderValue::from_bytes(value) {
        head.headers.insert(name, value);
    }
}

fn from(value: &str) -> HeaderValue {
    value.parse().expect("a value")
}

fn all<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a [u8]> {
    headers.get_all(name).iter().map(HeaderValue::as_bytes).collect()
}

/// Whether everything that the signature is about is as it was.
fn is_what_was_signed(head: &Parts) -> bool {
    let is_the_same = |(name, signed): &(&str, &str)| {
        let told = all(&head.headers, name).concat();
        told.trim_ascii() == signed.as_bytes()
    };
    let authority = match head.uri.authority() {
        Some(authority) => authority.as_str().to_owned(),
        None => String::from_utf8_lossy(&all(&head.headers, "host").concat()).trim().to_owned(),
    };
    let authority = authority.to_ascii_lowercase();
    SIGNED[1..5].iter().all(is_the_same)
        && authority.strip_suffix(":443").unwrap_or(&authority) == SIGNED[0].1
        && head.uri.path_and_query().is_some_and(|target| target.as_str() == TARGET)
}
