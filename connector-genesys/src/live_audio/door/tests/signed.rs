//! Rules of what is signed, and by whom.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use connector_core::Secret;

use super::*;
use crate::testing::audiohook::sign;

/// Rule 1.
#[tokio::test(start_paused = true)]
async fn there_is_one_api_key() {
    assert_eq!(outcome(&door(), &handshake().without_header("x-api-key")).await, Err(Refused::NoKey));
    let mut twice = sent(&handshake());
    twice.headers.append("x-api-key", API_KEY.parse().unwrap());
    assert_eq!(admit(&door(), &twice).await, Err(Refused::NoKey));
}

/// Rule 1.
#[tokio::test(start_paused = true)]
async fn half_a_signature_is_none() {
    let both = [options(), options().with_allow_unsigned(true)];
    for options in both {
        for name in ["signature", "signature-input"] {
            let admitted = outcome(&door_at(at(0), &options), &handshake().without_header(name)).await;
            assert_eq!(admitted, Err(Refused::HalfSigned), "{name}");
        }
    }
}

/// Rule 1.
#[tokio::test(start_paused = true)]
async fn nobody_comes_in_unsigned_unless_it_is_allowed_for_a_key_without_a_secret() {
    let bare = || AudioKey::unsigned(Secret::literal("bare"));
    let unsigned = |key: &str| handshake().with_key(key, None);
    for (options, key, outcome_of_it) in [
        (AudioOptions::new(bare()).with_allow_unsigned(true), "bare", Ok(())),
        (options().with_key(bare()).with_allow_unsigned(true), "bare", Ok(())),
        (options().with_key(bare()), "bare", Err(Refused::Unsigned)),
        (options().with_key(bare()).with_allow_unsigned(true), API_KEY, Err(Refused::Unsigned)),
        (options().with_allow_unsigned(true), API_KEY, Err(Refused::Unsigned)),
        (options(), API_KEY, Err(Refused::Unsigned)),
        (options().with_key(bare()).with_allow_unsigned(true), "other", Err(Refused::UnknownKey)),
        // The same key with and without a secret.
        (
            AudioOptions::new(bare()).with_key(key("bare", SECRET)).with_allow_unsigned(true),
            "bare",
            Err(Refused::Unsigned),
        ),
    ] {
        let door = door_at(at(0), &options);
        assert_eq!(outcome(&door, &unsigned(key)).await, outcome_of_it, "{key} {options:?}");
    }
}

/// What is signed cannot be verified without a secret, not even by the one that stands in for it.
#[tokio::test(start_paused = true)]
async fn a_signature_for_a_key_without_a_secret_is_wrong() {
    let options = AudioOptions::new(AudioKey::unsigned(Secret::literal("bare"))).with_allow_unsigned(true);
    for secret in [SECRET, "", "AA=="] {
        let admitted = outcome(&door_at(at(0), &options), &handshake().with_key("bare", Some(secret))).await;
        assert_eq!(admitted, Err(Refused::WrongSignature), "{secret}");
    }
}

/// Rule 2: well signed, and refused for what is covered.
#[tokio::test(start_paused = true)]
async fn what_a_signature_has_to_cover_cannot_be_left_out() {
    let six = [
        "@request-target",
        "@authority",
        "audiohook-organization-id",
        "audiohook-session-id",
        "audiohook-correlation-id",
        "x-api-key",
    ];
    for name in six {
        let five: Vec<_> = six.into_iter().filter(|known| *known != name).collect();
        assert_eq!(outcome(&door(), &handshake().covering(&five)).await, Err(Refused::Uncovered), "{name}");
        let twice = [&six[..], &[name]].concat();
        assert_eq!(outcome(&door(), &handshake().covering(&twice)).await, Err(Refused::Component), "{name}");
    }
    let with = |name: &'static str| handshake().covering(&[&six[..], &[name]].concat());
    for name in ["@signature-params", "@method", "@status", "@query", "signature", "X-API-KEY", "user-agent"] {
        assert_eq!(outcome(&door(), &with(name)).await, Err(Refused::Component), "{name}");
    }
    assert_eq!(outcome(&door(), &with("host")).await, Ok(()), "more may be covered");
    let mut turned = six;
    turned.reverse();
    assert_eq!(outcome(&door(), &handshake().covering(&turned)).await, Ok(()), "in any order");
}

/// Signs this input as it stands there, with a line of the base for each of these components.
fn signed_by_hand(components: &[(&str, &str)], input: &str) -> Parts {
    let lines: String = components.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    let signature = sign(&STANDARD.decode(SECRET).unwrap(), &format!("{lines}\"@signature-params\": {input}"));
    let parts = handshake()
        .with_organization(OURS[1].1)
        .with_session(OURS[2].1)
        .with_correlation(OURS[3].1)
        .with_header("signature-input", &format!("sig1={input}"))
        .with_header("signature", &format!("sig1=:{signature}:"));
    sent(&parts)
}

/// Rule 2: items that are no strings, or have parameters of their own.
#[tokio::test(start_paused = true)]
async fn components_are_strings_without_parameters() {
    let plain = [
        ("\"@request-target\"", TARGET),
        ("\"@authority\"", HOST_NAME),
        ("\"audiohook-organization-id\"", OURS[1].1),
        ("\"audiohook-session-id\"", OURS[2].1),
        ("\"audiohook-correlation-id\"", OURS[3].1),
        ("\"x-api-key\"", API_KEY),
    ];
    let parameters = OURS[5].1.split_once(");").unwrap().1;
    let signed = |last: Option<(&'static str, &'static str)>| {
        let all: Vec<_> = plain.into_iter().chain(last).collect();
        let names: Vec<_> = all.iter().map(|(name, _)| *name).collect();
        signed_by_hand(&all, &format!("({});{parameters}", names.join(" ")))
    };
    assert_eq!(admit(&door(), &signed(None)).await.map(drop), Ok(()));
    for last in [("host", HOST_NAME), ("1", ""), ("\"host\";sf", HOST_NAME), ("\"host\";req=1", HOST_NAME), ("?1", "")]
    {
        assert_eq!(admit(&door(), &signed(Some(last))).await, Err(Refused::Unreadable), "{}", last.0);
    }
}

/// Rules 2 and 3: well signed, and refused for what the signature says of itself.
#[tokio::test(start_paused = true)]
async fn the_parameters_of_a_signature_are_known_and_right() {
    let (nonce, id) = (format!("nonce=\"{}\"", "n".repeat(22)), format!("keyid=\"{API_KEY}\""));
    let made = format!("created={CREATED}");
    for (parameters, expected) in [
        (format!("{made};{nonce};{id}"), Ok(())),
        (format!("{id};{nonce};{made};alg=\"hmac-sha256\""), Ok(())),
        (format!("{id};{nonce};{made};alg=\"hmac-sha512\""), Err(Refused::Algorithm)),
        (format!("{id};{nonce};{made};alg=\"HMAC-SHA256\""), Err(Refused::Algorithm)),
        (format!("{id};{nonce};{made};tag=\"x\""), Err(Refused::Parameter)),
        (format!("{id};nonce=\"{}\";{made}", "n".repeat(21)), Err(Refused::Nonce)),
        (format!("{id};{made}"), Err(Refused::Parameter)),
        (format!("{nonce};{made}"), Err(Refused::Parameter)),
        (format!("{id};{nonce}"), Err(Refused::Parameter)),
        (format!("keyid=\"other\";{nonce};{made}"), Err(Refused::OtherKey)),
        (format!("keyid=\"\";{nonce};{made}"), Err(Refused::OtherKey)),
        (format!("{id};{nonce};created=-1"), Err(Refused::Expired)),
        (format!("{id};{nonce};created=999999999999999"), Err(Refused::Future)),
        (format!("{id};{nonce};{made};expires=999999999999999"), Ok(())),
        (format!("{id};{nonce};{made};expires=-999999999999999"), Err(Refused::Expired)),
    ] {
        let admitted = outcome(&door(), &handshake().with_parameters(&parameters)).await;
        assert_eq!(admitted, expected, "{parameters}");
    }
}

/// Rule 3: of two keys that are good, it is signed for the other one.
#[tokio::test(start_paused = true)]
async fn a_signature_is_for_the_key_that_came_along() {
    let options = options().with_key(key("other", SECRET));
    let other = handshake().with_parameters(format!("keyid=\"other\";nonce=\"{}\";created={CREATED}", "n".repeat(22)));
    assert_eq!(outcome(&door_at(at(0), &options), &other).await, Err(Refused::OtherKey));
}

/// Rule 5.
#[tokio::test(start_paused = true)]
async fn a_key_that_nobody_has_takes_as_much_work_as_one_that_is_known() {
    for (options, computed) in [(options(), 1), (options().with_key(key("new", "Zm8=")), 2)] {
        for (handshake, expected) in [
            (handshake(), Ok(())),
            (handshake().with_key(API_KEY, Some("Zm8=")), Err(Refused::WrongSignature)),
            (handshake().with_key("nobody's", Some(SECRET)), Err(Refused::UnknownKey)),
            (handshake().with_key("", Some(SECRET)), Err(Refused::UnknownKey)),
        ] {
            let door = door_at(at(0), &options);
            assert_eq!(outcome(&door, &handshake).await, expected);
            assert_eq!(door.computed.into_inner(), computed, "{expected:?}");
        }
    }
}
