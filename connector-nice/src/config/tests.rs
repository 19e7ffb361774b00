//! Settings are read, checked and shown.

use super::*;

fn pair() -> (Secret, Secret) {
    (Secret::literal("ana-key"), Secret::literal("hunter2"))
}

#[test]
fn a_file_names_only_what_differs() {
    let text = r#"{"client_id": "env:A", "client_secret": "env:B", "access_key_id": "env:C",
        "access_key_secret": "file:/d", "poll_every": "10s", "recording_key": "contact_only"}"#;
    let config: NiceConfig = serde_json::from_str(text).unwrap();
    config.validate().unwrap();
    assert_eq!((config.api_version.as_str(), config.poll_every.as_secs()), ("v23.0", 10));
    assert_eq!(config.recording_key, RecordingKey::ContactOnly);
    assert!(serde_json::from_str::<NiceConfig>(&text.replace("poll_every", "pol_every")).is_err());
    let regional =
        r#"{"auth": {"regional_access_key": {"area": "au1"}}, "access_key_id": "i", "access_key_secret": "s"}"#;
    serde_json::from_str::<NiceConfig>(regional).unwrap().validate().unwrap();
}

#[test]
fn settings_that_make_no_sense_say_what_to_change() {
    let good = || NiceConfig::new(pair(), pair());
    let mut without_client = good();
    without_client.client_secret = None;
    for (config, words) in [
        (good().with_api_version("23"), "v23.0"),
        (good().with_api_version("v23/../x"), "v23.0"),
        (good().with_page(0), "10000"),
        (good().with_page(20_000), "10000"),
        (good().with_poll_every(Duration::ZERO), "poll_every"),
        (good().with_active_every(Duration::ZERO), "active_every"),
        (good().with_sessions((0..51).map(|agent| agent.to_string())), "sessions"),
        (without_client, "client_secret"),
        (NiceConfig::regional("evil.example/", pair()), "na1"),
    ] {
        let error = config.validate().unwrap_err();
        assert!(error.is_config() && error.to_string().contains(words), "{error}");
    }
}

#[test]
fn no_secret_is_shown() {
    let shown = format!("{:?}", NiceConfig::new(pair(), pair()));
    assert!(!shown.contains("hunter2") && !shown.contains("ana-key"), "{shown}");
}
