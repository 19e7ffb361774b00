mod changed;
mod hosts;
mod keys;
mod signed;

use std::time::Duration;

use connector_core::{Clock, Secret};
use http::{HeaderName, Request};

use super::*;
use crate::live_audio::keys::AudioKey;
use crate::testing::audiohook;

/// Hand-made, and computed elsewhere.
const OURS: [(&str, &str); 7] = [
    ("host", "hooks.example.test"),
    ("audiohook-organization-id", "7c0f6f0e-52a1-4f0b-9d3b-0b6f5a1c2d3e"),
    ("audiohook-session-id", "0d9a4c56-1b2e-4e8f-8a77-6c5d4e3f2a1b"),
    ("audiohook-correlation-id", "9e8d7c6b-5a49-4382-9716-05f4e3d2c1b0"),
    ("x-api-key", API_KEY),
    (
        "signature-input",
        r#"sig1=("@request-target" "@authority" "audiohook-organization-id" "audiohook-session-id" "audiohook-correlation-id" "x-api-key");keyid="c3ludGhldGljLWFwaS1rZXk=";nonce="bm9uY2Utbm9uY2Utbm9uY2Ux";alg="hmac-sha256";created=1790000000;expires=1790000030"#,
    ),
    ("signature", "sig1=:ywRYohTIZ70qdQBrph5XQSBP/1ZE5HwBFp9IpbFg3fI=:"),
];

/// The example of the vendor's documentation. What it says of its end is odd.
const OFFICIAL: [(&str, &str); 7] = [
    (
        "signature-input",
        r#"sig1=("@request-target" "@authority" "audiohook-organization-id" "audiohook-session-id" "audiohook-correlation-id" "x-api-key");keyid="SGVsbG8sIEkgYW0gdGhlIEFQSSBrZXkh";nonce="VGhpc0lzQVVuaXF1ZU5vbmNl";alg="hmac-sha256";created=1641013200;expires=3282026430"#,
    ),
    ("audiohook-organization-id", "d7934305-0972-4844-938e-9060eef73d05"),
    ("host", "audiohook.example.com"),
    ("audiohook-correlation-id", "e160e428-53e2-487c-977d-96989bf5c99d"),
    ("signature", "sig1=:NZBwyBHRRyRoeLqy1IzOa9VYBuI8TgMFt2GRDkDuJh4=:"),
    ("x-api-key", "SGVsbG8sIEkgYW0gdGhlIEFQSSBrZXkh"),
    ("audiohook-session-id", "30b0e395-84d3-4570-ac13-9a62d8f514c0"),
];

const API_KEY: &str = "c3ludGhldGljLWFwaS1rZXk=";
const SECRET: &str = "c3ludGhldGljLWhtYWMta2V5LWZvci11bml0LXRlc3Q=";
const TARGET: &str = "/genesys/audiohook?tenant=acme";
const HOST_NAME: &str = "hooks.example.test";
const CREATED: i64 = 1_790_000_000;

/// So many milliseconds after the signatures of these tests were made.
fn at(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(CREATED * 1_000 + millis).unwrap()
}

fn key(key: &str, secret: &str) -> AudioKey {
    AudioKey::new(Secret::literal(key), Secret::literal(secret))
}

fn options() -> AudioOptions {
    AudioOptions::new(key(API_KEY, SECRET))
}

fn door_at(time: DateTime<Utc>, options: &AudioOptions) -> Door {
    Door::new(options, &Context::default().for_source("acme", "calls").with_clock(Clock::starting_at(time)))
}

fn door() -> Door {
    door_at(at(0), &options())
}

fn head(target: &str, headers: HeaderMap) -> Parts {
    let mut head = Request::get(target).body(()).unwrap().into_parts().0;
    head.headers = headers;
    head
}

fn lines(target: &str, lines: &[(&str, &str)]) -> Parts {
    let named = lines.iter().map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()));
    head(target, named.collect())
}

/// A handshake that is let in.
fn handshake() -> audiohook::Handshake {
    audiohook::Handshake::new(TARGET, HOST_NAME).with_key(API_KEY, Some(SECRET)).at(at(0))
}

fn sent(handshake: &audiohook::Handshake) -> Parts {
    head(handshake.target(), handshake.headers())
}

/// Whoever is let in, by what they say of themselves.
async fn admit(door: &Door, head: &Parts) -> Result<Handshake, Refused> {
    door.enter(door.check(head).await?)?;
    Ok(Handshake::of(&head.headers).expect("it was looked at"))
}

async fn outcome(door: &Door, handshake: &audiohook::Handshake) -> Result<(), Refused> {
    admit(door, &sent(handshake)).await.map(drop)
}

#[tokio::test(start_paused = true)]
async fn a_signature_is_good_from_three_seconds_before_its_time_until_seven_after() {
    for (millis, outcome) in [
        (-4_000, Err(Refused::Future)),
        (-3_001, Err(Refused::Future)),
        (-3_000, Ok(())),
        (0, Ok(())),
        (6_999, Ok(())),
        (7_000, Ok(())),
        (7_001, Err(Refused::Expired)),
        (7_500, Err(Refused::Expired)),
        (86_400_000, Err(Refused::Expired)),
    ] {
        let admitted = admit(&door_at(at(millis), &options()), &lines(TARGET, &OURS)).await;
        assert_eq!(admitted.map(drop), outcome, "after {millis} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn the_example_of_the_vendor_is_good_in_its_time() {
    let options = AudioOptions::new(key(OFFICIAL[5].1, "TXlTdXBlclNlY3JldEtleVRlbGxOby0xITJAMyM0JDU="));
    for (millis, outcome) in [(-3_000, Ok(())), (0, Ok(())), (7_000, Ok(())), (7_500, Err(Refused::Expired))] {
        let time = DateTime::from_timestamp_millis(1_641_013_200_000 + millis).unwrap();
        let admitted = admit(&door_at(time, &options), &lines("/api/v1/voicebiometrics/ws", &OFFICIAL)).await;
        assert_eq!(admitted.map(drop), outcome, "after {millis} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_let_in_has_ids_in_small_letters() {
    let expected = Handshake {
        organization: OURS[1].1.to_owned(),
        session: OURS[2].1.to_owned(),
        correlation: OURS[3].1.to_owned(),
    };
    assert_eq!(admit(&door(), &lines(TARGET, &OURS)).await, Ok(expected.clone()));
    let large = handshake()
        .with_organization(OURS[1].1.to_uppercase())
        .with_session(OURS[2].1.to_uppercase())
        .with_correlation(OURS[3].1.to_uppercase());
    assert_eq!(admit(&door(), &sent(&large)).await, Ok(expected));
}

/// Rule 4: an end of its own counts, three seconds early.
#[tokio::test(start_paused = true)]
async fn a_signature_ends_when_it_says_so() {
    for (millis, outcome_of_it) in
        [(1_999, Ok(())), (2_000, Ok(())), (2_001, Err(Refused::Expired)), (6_000, Err(Refused::Expired))]
    {
        let door = door_at(at(millis), &options());
        let short = handshake().lasting(TimeDelta::seconds(5));
        assert_eq!(outcome(&door, &short).await, outcome_of_it, "after {millis} ms");
    }
}

/// Rule 6.
#[tokio::test(start_paused = true)]
async fn a_handshake_comes_once() {
    let door = door_at(at(-3_000), &options());
    assert_eq!(outcome(&door, &handshake().with_nonce("n".repeat(22))).await, Ok(()));
    let other_session = handshake().with_nonce("n".repeat(22));
    assert_eq!(outcome(&door, &other_session).await, Err(Refused::Replayed), "whatever else it says");
    // At the last moment at which it would be good.
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(outcome(&door, &handshake().with_nonce("n".repeat(22))).await, Err(Refused::Replayed));
    assert_eq!(outcome(&door, &handshake()).await, Ok(()), "another nonce");
}

#[tokio::test(start_paused = true)]
async fn the_same_nonce_of_another_key_is_another_one() {
    let door = door_at(at(0), &options().with_key(key("other", SECRET)));
    let with = |key: &str| handshake().with_key(key, Some(SECRET)).with_nonce("n".repeat(22));
    assert_eq!(outcome(&door, &with(API_KEY)).await, Ok(()));
    assert_eq!(outcome(&door, &with("other")).await, Ok(()));
    assert_eq!(outcome(&door, &with("other")).await, Err(Refused::Replayed));
}

#[tokio::test(start_paused = true)]
async fn who_has_no_secret_uses_no_nonce_up() {
    let door = door();
    let wrong = handshake().with_key(API_KEY, Some("Zm8=")).with_nonce("n".repeat(22));
    assert_eq!(outcome(&door, &wrong).await, Err(Refused::WrongSignature));
    assert_eq!(outcome(&door, &handshake().with_nonce("n".repeat(22))).await, Ok(()));
    assert_eq!(format!("{door:?}"), "Door(acme/calls)");
    assert_eq!(door.nonces.into_inner().unwrap().until.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn when_no_more_nonces_can_be_remembered_nobody_comes_in() {
    let door = door();
    door.nonces.lock().unwrap().most = 2;
    for expected in [Ok(()), Ok(()), Err(Refused::TooMany), Err(Refused::TooMany)] {
        assert_eq!(outcome(&door, &handshake()).await, expected);
    }
    tokio::time::advance(Duration::from_millis(14_999)).await;
    let now = || handshake().at(at(15_000));
    assert_eq!(outcome(&door, &now()).await, Err(Refused::TooMany));
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(outcome(&door, &now()).await, Ok(()), "those of 15 s ago are forgotten");
    let nonces = door.nonces.lock().unwrap();
    assert_eq!((nonces.known.len(), nonces.until.len()), (1, 1));
}

/// Rule 8.
#[tokio::test(start_paused = true)]
async fn ids_are_uuids() {
    let good = OURS[1].1;
    let short = &good[1..];
    for id in [
        "",
        "acme",
        short,
        &format!("{good}0"),
        &good.replace('-', "_"),
        &good.replace("7c", "7g"),
        &good.replace('-', "0"),
        &format!("{{{short}"),
    ] {
        for handshake in
            [handshake().with_organization(id), handshake().with_session(id), handshake().with_correlation(id)]
        {
            assert_eq!(outcome(&door(), &handshake).await, Err(Refused::Ids), "{id}");
        }
    }
    for name in [ORGANIZATION, SESSION, CORRELATION] {
        let mut twice = sent(&handshake());
        twice.headers.append(HeaderName::from_static(name), good.parse().unwrap());
        assert_eq!(admit(&door(), &twice).await, Err(Refused::Ids), "{name}");
        assert_eq!(outcome(&door(), &handshake().without_header(name)).await, Err(Refused::Ids), "{name}");
    }
}
