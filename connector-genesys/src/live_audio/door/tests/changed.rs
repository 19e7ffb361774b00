//! What anybody might send.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::FutureExt;
use http::Uri;
use proptest::prelude::*;

use super::*;

/// Every byte of the target, of what is covered, and of the signature itself.
#[test]
fn any_byte_that_is_changed_is_noticed() {
    let places = OURS.iter().chain([&("", TARGET)]);
    for ((name, old), at_byte) in places.flat_map(|place| (0..place.1.len()).map(move |at_byte| (place, at_byte))) {
        for letter in *br#"a0A/=;" ):"# {
            let mut new = old.as_bytes().to_vec();
            new[at_byte] = letter;
            let new = String::from_utf8(new).unwrap();
            let is_the_same = new == *old || (*name == "host" && new.eq_ignore_ascii_case(old));
            let mut parts = lines(TARGET, &OURS);
            if name.is_empty() {
                let Ok(uri) = Uri::try_from(&new) else { continue };
                parts.uri = uri;
            } else {
                parts.headers.insert(name.parse::<HeaderName>().unwrap(), new.parse().unwrap());
            }
            let admitted = admit(&door_at(at(1_000), &options()), &parts).now_or_never().unwrap();
            assert_eq!(admitted.is_ok(), is_the_same, "{name}: {new}");
        }
    }
}

proptest! {
    #[test]
    fn what_is_signed_is_let_in(
        target in "/[a-z0-9/._~-]{0,20}(\\?[a-z0-9=&%/]{0,20})?",
        authority in "[a-z0-9]{1,10}(\\.[a-z]{2,5})?(:[1-9][0-9]{3})?",
        key in "[A-Za-z0-9+/=_-]{1,40}",
        secret in prop::collection::vec(any::<u8>(), 1..100),
    ) {
        let secret = STANDARD.encode(secret);
        let options = AudioOptions::new(super::key(&key, &secret));
        let handshake = audiohook::Handshake::new(target, authority).with_key(key, Some(&secret)).at(at(0));
        prop_assert_eq!(outcome(&door_at(at(1_000), &options), &handshake).now_or_never().unwrap(), Ok(()));
    }

    #[test]
    fn no_headers_make_it_panic(values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 7)) {
        let mut parts = lines(TARGET, &OURS);
        for ((name, _), value) in OURS.iter().zip(values) {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                parts.headers.insert(name.parse::<HeaderName>().unwrap(), value);
            }
        }
        let changed = parts.headers != lines(TARGET, &OURS).headers;
        let admitted = admit(&door_at(at(1_000), &options()), &parts).now_or_never().unwrap();
        prop_assert_eq!(admitted.is_err(), changed);
    }
}
