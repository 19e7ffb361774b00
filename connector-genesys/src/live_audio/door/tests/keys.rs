//! Keys as they stand elsewhere, and what the log says of refusals.

use std::io;
use std::sync::{Arc, Mutex};

use connector_core::Secret;
use secrecy::ExposeSecret;
use tracing_subscriber::fmt::MakeWriter;

use super::*;

#[tokio::test(start_paused = true)]
async fn while_keys_are_changed_both_are_good() {
    for second in [key("new", "Zm8="), key(API_KEY, "Zm8=")] {
        let new_key = if second.key.text().unwrap().expose_secret() == "new" { "new" } else { API_KEY };
        let door = door_at(at(0), &options().with_key(second));
        assert_eq!(outcome(&door, &handshake()).await, Ok(()));
        assert_eq!(outcome(&door, &handshake().with_key(new_key, Some("Zm8="))).await, Ok(()));
        let other = handshake().with_key(new_key, Some("Zm9v"));
        assert_eq!(outcome(&door, &other).await, Err(Refused::WrongSignature));
    }
    // The secret of one is not that of the other.
    let door = door_at(at(0), &options().with_key(key("new", "Zm8=")));
    assert_eq!(outcome(&door, &handshake().with_key("new", Some(SECRET))).await, Err(Refused::WrongSignature));
}

#[tokio::test(start_paused = true)]
async fn keys_are_read_anew_each_time_and_what_cannot_be_read_opens_nothing() {
    let home = tempfile::tempdir().unwrap();
    let (file, empty) = (home.path().join("secret"), home.path().join("empty"));
    std::fs::write(&empty, "").unwrap();
    let in_file = AudioKey::new(Secret::literal("filed"), Secret::file(&file));
    let door = door_at(at(0), &AudioOptions::new(in_file).with_key(key(API_KEY, SECRET)).with_allow_unsigned(true));
    let filed = |secret| handshake().with_key("filed", Some(secret));
    for text in [None, Some(""), Some("hunter2")] {
        text.iter().for_each(|text| std::fs::write(&file, text).unwrap());
        assert_eq!(outcome(&door, &filed("Zm8=")).await, Err(Refused::UnknownKey));
        assert_eq!(outcome(&door, &filed("")).await, Err(Refused::UnknownKey));
        assert_eq!(outcome(&door, &handshake().with_key("filed", None)).await, Err(Refused::UnknownKey));
        assert_eq!(outcome(&door, &handshake()).await, Ok(()), "the other key is as good as ever");
    }
    std::fs::write(&file, "Zm8=\n").unwrap();
    assert_eq!(outcome(&door, &filed("Zm8=")).await, Ok(()));
    std::fs::write(&file, "Zm9v\n").unwrap();
    assert_eq!(outcome(&door, &filed("Zm8=")).await, Err(Refused::WrongSignature));
    assert_eq!(outcome(&door, &filed("Zm9v")).await, Ok(()));
    let nameless = AudioKey::new(Secret::file(empty), Secret::literal(SECRET));
    let door = door_at(at(0), &AudioOptions::new(nameless));
    assert_eq!(outcome(&door, &handshake().with_key("", Some(SECRET))).await, Err(Refused::UnknownKey));
}

/// Collects what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Log {
    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut self.0.lock().unwrap())).unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_one_line_in_the_log_without_anything_that_was_sent() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    // While there is one subscriber alone, the test whose thread is the first to log decides for all that nobody listens.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());

    assert_eq!(outcome(&door(), &handshake()).await, Ok(()));
    assert_eq!(log.take(), "", "who is let in makes no noise here");
    let unread = AudioKey::new(Secret::literal("k-2"), Secret::file("/nowhere/at/all"));
    let half = options().with_key(unread);
    assert_eq!(outcome(&door_at(at(0), &half), &handshake()).await, Ok(()));
    let told = log.take();
    assert!(told.lines().count() == 1 && told.contains("/nowhere/at/all") && !told.contains("refused"), "{told}");

    let refused = [
        (handshake().without_header("x-api-key"), "no single API key", false),
        (handshake().with_session("marta"), "ids that are no UUIDs", false),
        (handshake().without_header("host"), "no single host", false),
        (handshake().without_header("signature"), "half a signature", false),
        (handshake().with_header("signature", "marta"), "unreadable signature", false),
        (handshake().covering(&["host"]), "signature without a required component", false),
        (handshake().covering(&["host", "host"]), "signature of an unknown component", false),
        (handshake().with_parameters("x=\"marta\""), "wrong parameters of the signature", false),
        (handshake().with_parameters("alg=\"marta\""), "other algorithm", false),
        (handshake().with_nonce("marta"), "short nonce", false),
        (handshake().with_header("x-api-key", "marta"), "signature for another key", false),
        (handshake().at(at(60_000)), "signature from the future", false),
        (handshake().at(at(-60_000)), "expired signature", true),
        (handshake().with_key("marta", Some(SECRET)), "unknown key", false),
        (handshake().with_key(API_KEY, Some("Zm8=")), "wrong signature", true),
        (handshake().with_key(API_KEY, None), "unsigned", false),
    ];
    for (handshake, reason, is_unread) in &refused {
        let options = if *is_unread { half.clone() } else { options() };
        outcome(&door_at(at(0), &options), handshake).await.unwrap_err();
        let told = log.take();
        assert!(told.lines().count() == 1 && told.contains("acme/calls"), "{told}");
        assert!(told.contains(&format!("reason={reason}")), "{reason}: {told}");
        assert_eq!(told.contains("/nowhere/at/all"), *is_unread, "{told}");
        let values: Vec<_> = handshake.headers().values().map(|value| value.to_str().unwrap().to_owned()).collect();
        let secret = ["marta", SECRET, API_KEY, handshake.session()];
        let shown = values.iter().map(String::as_str).chain(secret).find(|value| told.contains(value));
        assert_eq!(shown, None, "{told}");
    }

    let door = door();
    door.nonces.lock().unwrap().most = 1;
    for (nonce, words) in [("n", ""), ("n", "reason=replayed"), ("m", "reason=too many at once")] {
        let _ = outcome(&door, &handshake().with_nonce(nonce.repeat(22))).await;
        let told = log.take();
        assert!(told.contains(words) && told.lines().count() == usize::from(!words.is_empty()), "{told}");
    }
    assert_eq!(format!("{door:?}"), "Door(acme/calls)");
}
