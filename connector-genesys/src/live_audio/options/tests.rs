use connector_core::Secret;

use super::*;

fn key(secret: &str) -> AudioKey {
    AudioKey::new(Secret::literal("k-1"), Secret::literal(secret))
}

fn good() -> AudioOptions {
    AudioOptions::new(key("c3ludGhldGlj"))
}

#[test]
fn a_file_names_only_what_differs() {
    let text = r#"{"route": "8b1f", "keys": [{"key": "env:K", "secret": "file:/s"}], "l16": "big", "silence": "30s"}"#;
    let options: AudioOptions = serde_json::from_str(text).unwrap();
    options.validate().unwrap();
    assert_eq!((options.l16, options.silence.as_secs(), options.allow_unsigned), (Some(ByteOrder::Big), 30, false));
    assert_eq!((options.session_memory, options.memory, options.sessions), (1_048_576, 67_108_864, 2_000));
    assert_eq!(good().silence.as_secs(), 20);
    assert!(serde_json::from_str::<AudioOptions>(&text.replace("silence", "silent")).is_err());
    assert!(serde_json::from_str::<AudioOptions>(&text.replace("\"secret\"", "\"secrets\"")).is_err());
    assert!(serde_json::from_str::<AudioOptions>(&text.replace("big", "native")).is_err());
}

#[test]
fn options_that_make_no_sense_say_what_to_change() {
    let literal = Secret::literal;
    let unsigned = || AudioKey::unsigned(Secret::environment("K"));
    let mut none = good();
    none.keys.clear();
    for (options, words) in [
        (none, "0 keys"),
        (good().with_key(key("Zm8=")).with_key(key("Zm8=")), "3 keys"),
        (AudioOptions::new(unsigned()), "allow_unsigned"),
        (good().with_key(unsigned()), "allow_unsigned"),
        (AudioOptions::new(key("hunter2")), "as it stands in the integration"),
        (AudioOptions::new(key("Zm8")), "not base64"),
        (AudioOptions::new(key("-_8=")), "not base64"),
        (AudioOptions::new(key("Zm8=\n")), "not base64"),
        (AudioOptions::new(key("")), "allow_unsigned"),
        (good().with_key(key("hunter2")), "not base64"),
        (AudioOptions::new(AudioKey::new(literal(""), literal("Zm8="))), "API key"),
        (good().with_public_authority("https://hooks.example.com"), "hooks.example.com"),
        (good().with_public_authority(""), "public_authority"),
        (good().with_public_authority("ana@hooks.example.com"), "public_authority"),
        (good().with_public_prefix("genesys"), "/genesys"),
        (good().with_public_prefix("/"), "public_prefix"),
        (good().with_public_prefix("/genesys/"), "public_prefix"),
        (good().with_public_prefix("/a b"), "public_prefix"),
        (good().with_public_prefix("/a?b"), "public_prefix"),
        (good().with_public_prefix("/a#b"), "public_prefix"),
        (good().with_memory(0, 1), "memory"),
        (good().with_memory(2, 1), "memory"),
        (good().with_sessions(0), "sessions"),
        (good().with_silence(Duration::ZERO), "silence"),
    ] {
        let error = options.validate().unwrap_err();
        let told = error.to_string();
        assert!(error.is_config() && told.contains(words), "{words}: {told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
}

#[test]
fn options_that_make_sense_are_taken() {
    for options in [
        good(),
        good().with_key(key("AA==")),
        // Bits behind the last byte: a person made it up.
        AudioOptions::new(key("hunterY=")),
        AudioOptions::new(AudioKey::unsigned(Secret::literal("k-1"))).with_allow_unsigned(true),
        // What stands elsewhere can only be seen there.
        AudioOptions::new(AudioKey::new(Secret::environment("K"), Secret::environment("S"))),
        good().with_public_authority("hooks.example.com:8443").with_public_prefix("/genesys/audio"),
        good().with_memory(1, 1).with_sessions(1).with_l16(ByteOrder::Little),
    ] {
        options.validate().unwrap();
    }
}

#[tokio::test]
async fn secrets_in_files_are_checked_when_they_are_read() {
    let (cx, home) = (Context::default().for_source("acme", "calls"), tempfile::tempdir().unwrap());
    let path = home.path().join("secret");
    let of = |secret: Secret| AudioOptions::new(key("Zm8=")).with_key(AudioKey::new(Secret::literal("k-2"), secret));
    let options = of(Secret::file(&path));
    options.validate().unwrap();
    for (text, words) in [(None, "cannot be read"), (Some("hunter2"), "not base64"), (Some("\n"), "empty")] {
        text.iter().for_each(|text| std::fs::write(&path, text).unwrap());
        let error = options.check(&cx).await.unwrap_err();
        assert!(error.is_config() && error.to_string().contains(words), "{error}");
        assert!(error.origin().is_some() && !format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
    std::fs::write(&path, "c3ludGhldGlj\n").unwrap();
    options.check(&cx).await.unwrap();
    let empty = home.path().join("key");
    std::fs::write(&empty, "\n").unwrap();
    let error = AudioOptions::new(AudioKey::unsigned(Secret::file(empty))).check(&cx).await.unwrap_err();
    assert!(error.is_config() && error.to_string().contains("API key"), "{error}");
}

#[test]
fn the_address_is_below_that_of_the_hub() {
    let options = good().with_route("8b1f");
    for (base, url) in [
        ("https://hooks.example.com/hooks", "wss://hooks.example.com/hooks/8b1f/audiohook"),
        ("https://hooks.example.com:8443/", "wss://hooks.example.com:8443/8b1f/audiohook"),
        ("wss://hooks.example.com", "wss://hooks.example.com/8b1f/audiohook"),
        ("hooks.example.com/hooks/", "wss://hooks.example.com/hooks/8b1f/audiohook"),
        ("http://127.0.0.1:8080/hooks", "ws://127.0.0.1:8080/hooks/8b1f/audiohook"),
        ("ws://127.0.0.1:8080", "ws://127.0.0.1:8080/8b1f/audiohook"),
    ] {
        assert_eq!(options.url(base).as_deref(), Some(url), "{base}");
    }
    assert_eq!(good().url("https://hooks.example.com/hooks"), None);
}

#[test]
fn no_secret_is_shown() {
    let options = AudioOptions::new(AudioKey::new(Secret::literal("key-of-ana"), Secret::literal("Zm9vYmFy")));
    let shown = format!("{options:?} {}", serde_json::to_string(&options).unwrap());
    assert!(!shown.contains("key-of-ana") && !shown.contains("Zm9vYmFy"), "{shown}");
}
