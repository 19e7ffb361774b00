use chrono::NaiveDate;
use connector_core::StampSource;
use proptest::prelude::*;

use super::*;

fn rules() -> NameRules {
    NameRules::new("America/New_York".parse().unwrap())
}

fn local(text: &str) -> NaiveDateTime {
    rules().parse_media(&format!("{text}_kay.wav")).unwrap().local
}

/// The detail of a name that must be refused.
fn refused(file_name: &str) -> String {
    let refused = rules().parse_media(file_name).expect_err(file_name);
    assert_eq!(refused.reason, Reason::BadFileName, "{file_name}");
    refused.detail
}

#[test]
fn the_time_is_eight_digits_a_dash_six_digits_and_an_underscore() {
    let name = rules().parse_media("20261102-101500_kay.wav").unwrap();
    assert_eq!((name.stem.as_str(), name.stamp_text.as_str()), ("20261102-101500_kay", "20261102-101500"));
    for other in [
        "2026110-101500_kay.wav",
        "202611020-101500_kay.wav",
        "20261102-10150_kay.wav",
        "20261102-1015000_kay.wav",
        "20261102_101500_kay.wav",
        "20261102101500_kay.wav",
        "20261102-101500kay.wav",
        "20261102-101500-kay.wav",
        " 20261102-101500_kay.wav",
        "+0261102-101500_kay.wav",
        "kay_20261102-101500.wav",
        "２０２６1102-101500_kay.wav",
        "٢٠٢٦١١٠٢-١٠١٥٠٠_kay.wav",
    ] {
        assert!(refused(other).contains("YYYYMMDD-hhmmss"), "{other}");
    }
}

#[test]
fn the_date_is_one_of_the_calendar() {
    assert_eq!(local("20240229-000000"), NaiveDate::from_ymd_opt(2024, 2, 29).unwrap().and_hms_opt(0, 0, 0).unwrap());
    for (stamp, says) in [
        ("20261302-101500", "month 13"),
        ("20260002-101500", "month 00"),
        ("20261100-101500", "day 00"),
        ("20261132-101500", "day 32"),
        ("20261131-101500", "2026-11-31"),
        ("20260229-101500", "2026-02-29"),
    ] {
        let detail = refused(&format!("{stamp}_kay.wav"));
        assert!(detail.contains(says), "{detail}");
    }
}

#[test]
fn hours_go_from_00_to_23_and_minutes_to_59() {
    assert_eq!(local("20261102-000000").to_string(), "2026-11-02 00:00:00");
    assert_eq!(local("20261102-235959").to_string(), "2026-11-02 23:59:59");
    assert!(refused("20261102-240000_kay.wav").contains("hour 24"));
    assert!(refused("20261102-106000_kay.wav").contains("minute 60"));
}

#[test]
fn second_sixty_is_the_next_minute() {
    assert_eq!(local("20261102-101460").to_string(), "2026-11-02 10:15:00");
    assert_eq!(local("20261231-235960").to_string(), "2027-01-01 00:00:00");
    assert_eq!(local("99991231-235960").to_string(), "+10000-01-01 00:00:00");
    let name = rules().parse_media("20261231-235960_kay.wav").unwrap();
    assert_eq!(name.stamp_text, "20261231-235960");
    assert!(refused("20261102-101461_kay.wav").contains("second 61"));
}

#[test]
fn the_zone_of_the_source_makes_the_time_an_instant() {
    let stamp = |text| rules().time_zone.stamp(local(text));
    assert_eq!(stamp("20261102-101500").to_string(), "2026-11-02T15:15:00Z");
    let twice = stamp("20261101-005960"); // ends in the hour that occurs twice
    assert_eq!((twice.to_string().as_str(), twice.source), ("2026-11-01T05:00:00Z", StampSource::LocalAmbiguous));
    assert_eq!(rules().timestamp_refers_to, RefersTo::Start);
    let rules: NameRules =
        serde_json::from_str(r#"{"time_zone": "+02:00", "timestamp_refers_to": "end", "accept_yaml": true}"#).unwrap();
    assert_eq!((rules.timestamp_refers_to, rules.media_extensions.len()), (RefersTo::End, 14));
    assert!(serde_json::from_str::<NameRules>("{}").is_err(), "a zone is never guessed");
}

#[test]
fn the_uid_is_never_split() {
    for uid in ["4417", "kay_lind", "m.lind@example.com", "ext-22_team_b", "kay+b@example.com", "Kay Lind", "__", "a.."]
    {
        let name = rules().parse_media(&format!("20261102-101500_{uid}.wav")).unwrap();
        assert_eq!(name.uid, uid);
        assert_eq!(name.stem, format!("20261102-101500_{uid}"));
        assert!(name.parts.is_empty());
    }
    for uid in ["", ".", "..", "...", "a/b", "../../etc/kay", "a\0", "a\nb", "a\u{7f}", "a\u{85}"] {
        refused(&format!("20261102-101500_{uid}.wav"));
    }
}

#[test]
fn fourteen_extensions_are_recordings_in_any_letter_case() {
    for extension in "wav mp3 mp4 m4a mpg wma webm aiff flac ogg gsm webex arf au".split(' ') {
        for spelling in [extension.to_owned(), extension.to_uppercase()] {
            let name = rules().parse_media(&format!("20261102-101500_kay.{spelling}")).unwrap();
            assert_eq!(name.extension, extension);
        }
    }
    for other in ["exe", "wave", "wa", "part", "json", "yaml"] {
        assert!(refused(&format!("20261102-101500_kay.{other}")).contains("webex, arf, au"));
    }
    let mut narrow = rules();
    narrow.media_extensions = vec!["opus".into()];
    assert!(narrow.parse_media("20261102-101500_kay.opus").is_ok());
    assert!(narrow.parse_media("20261102-101500_kay.wav").is_err());
}

#[test]
fn a_sidecar_has_the_stem_of_its_recording_and_one_of_four_extensions() {
    let media = rules().parse_media("20261102-101500_m.Lind@example.com.wav").unwrap();
    for (extension, format) in
        [("xml", Format::Xml), ("json", Format::Json), ("csv", Format::Csv), ("yml", Format::Yml), ("XML", Format::Xml)]
    {
        let file_name = format!("20261102-101500_m.Lind@example.com.{extension}");
        let (found, name) = rules().parse_sidecar(&file_name).unwrap();
        assert_eq!((found, &name.stem), (format, &media.stem));
        assert_eq!(rules().kind(&file_name), Kind::Sidecar(format));
    }
    let other_case = rules().parse_sidecar("20261102-101500_M.Lind@example.com.xml").unwrap().1;
    assert_ne!(other_case.stem, media.stem);
    assert_eq!(rules().parse_sidecar("20261102-101500_kay.txt").unwrap_err().reason, Reason::BadFileName);
}

#[test]
fn yaml_is_refused_unless_the_source_accepts_it() {
    let file_name = "20261102-101500_kay.YAML";
    assert_eq!(rules().kind(file_name), Kind::Yaml);
    let refused = rules().parse_sidecar(file_name).unwrap_err();
    assert_eq!(refused.reason, Reason::YamlExtension);
    assert!(refused.detail.contains(".yml") && refused.detail.contains("accept_yaml"));

    let mut lenient = rules();
    lenient.accept_yaml = true;
    assert_eq!(lenient.kind(file_name), Kind::Sidecar(Format::Yml));
    assert_eq!(lenient.parse_sidecar(file_name).unwrap().0, Format::Yml);
}

#[test]
fn what_is_neither_recording_nor_sidecar_is_something_else() {
    for file_name in ["", ".", "..", ".wav", "wav", "readme.txt", "20261102-101500_kay.", "20261102-101500_kay"] {
        assert_eq!(rules().kind(file_name), Kind::Other, "{file_name}");
        refused(file_name);
    }
}

#[test]
fn every_bad_name_is_refused_and_no_letter_of_it_is_repeated() {
    for file_name in [
        "20261312-140253_zofiaq.wav",
        "20261112-240000_zofiaq.wav",
        "20261112-146000_zofiaq.wav",
        "20261112-140261_zofiaq.wav",
        "2026111-140253_zofiaq.wav",
        "20261112_140253_zofiaq.wav",
        "20261112-140253.wav",
        "20261112-140253_.wav",
        "20261112-140253_zofiaq",
        "20261112-140253_zofiaq.exe",
        "20260230-000000_zofiaq.wav",
        "zofiaq_20261112-140253.wav",
        "20261112-140253_zofiaq@example.zofiaq",
    ] {
        let refused = rules().parse_media(file_name).expect_err(file_name);
        assert_eq!(refused.reason, Reason::BadFileName, "{file_name}");
        assert!(!format!("{refused} {refused:?}").contains("zofiaq"), "{refused}");
    }
}

#[test]
fn debug_shows_nobody() {
    let name = rules().parse_media("20261102-101500_zofiaq.wav").unwrap();
    assert_eq!(format!("{name:?}"), "MediaName(20261102-101500_•••.wav)");
}

#[test]
fn a_source_may_have_a_pattern_of_its_own() {
    let mut rules = rules();
    rules.pattern = NamePattern::new("rec.{uid}.{ts}.{dir:IN|OUT}").unwrap();
    let name = rules.parse_media("rec.m.lind@example.com.20261102-101460.OUT.mp3").unwrap();
    assert_eq!((name.uid.as_str(), name.parts["dir"].as_str()), ("m.lind@example.com", "OUT"));
    assert_eq!(name.local.to_string(), "2026-11-02 10:15:00");
    // The rules for the time and the uid hold in any pattern, and a name that does not match is never guessed.
    for (file_name, says) in [
        ("rec.kay.20261302-101500.IN.mp3", "month 13"),
        ("rec....20261102-101500.IN.mp3", "dots"),
        ("rec.kay.20261102-101500.UP.mp3", "rec.{uid}.{ts}"),
        ("20261102-101500_kay.mp3", "rec.{uid}.{ts}"),
    ] {
        let refused = rules.parse_media(file_name).unwrap_err();
        assert!(refused.reason == Reason::BadFileName && refused.detail.contains(says), "{file_name}: {refused}");
    }
    rules.pattern = NamePattern::new("{uid}-{ts:[a-z]+}").unwrap();
    assert!(rules.parse_media("kay-yesterday.wav").unwrap_err().detail.contains("eight digits"));
}

#[test]
fn all_that_a_name_says_comes_out_of_it() {
    let mut rules = rules();
    rules.pattern = NamePattern::new("{ts}_{uid}_{dir}_{session}_{ani}_{dnis}").unwrap();
    let name = rules.parse_media("20261102-101500_kay_b@example.com_OUT_30017_+15550100100_+15550100142.wav").unwrap();
    let parts: Vec<_> = name.parts.iter().map(|(field, text)| (field.as_str(), text.as_str())).collect();
    assert_eq!(parts, [("ani", "+15550100100"), ("dir", "OUT"), ("dnis", "+15550100142"), ("session", "30017")]);
    assert_eq!(name.uid, "kay_b@example.com");
    assert_eq!(rules.parse_media("20261102-101500_kay_IN_30017__100.wav").unwrap().parts["ani"], "");
}

#[test]
fn a_pattern_needs_a_time_and_a_uid() {
    for (pattern, says) in
        [("{ts}", "{uid}"), ("{uid}", "{ts}"), ("{ts}_{user}", "unknown field"), ("{ts}_{uid", "half")]
    {
        let error = NamePattern::new(pattern).unwrap_err();
        assert!(error.is_config() && error.to_string().contains(says), "{error}");
    }
    let stored = serde_json::to_string(&rules()).unwrap();
    assert!(stored.contains(r#""pattern":"{ts}_{uid}""#), "{stored}");
    assert_eq!(serde_json::from_str::<NameRules>(&stored).unwrap(), rules());
}

proptest! {
    /// Whatever stands after the time comes back as it was, or the name is refused for a character or for its dots.
    #[test]
    fn a_uid_comes_back_as_it_was(uid in "\\PC{1,40}|[a-z_.@+-]{1,12}", second in 0u32..=60) {
        let file_name = format!("20261102-1015{second:02}_{uid}.Wav");
        match rules().parse_media(&file_name) {
            Ok(name) => {
                prop_assert_eq!(&name.uid, &uid);
                prop_assert_eq!(format!("{}.Wav", name.stem), file_name);
            }
            Err(_) => prop_assert!(uid.contains('/') || uid.chars().all(|c| c == '.')),
        }
    }

    #[test]
    fn any_text_at_all_is_taken_or_refused(file_name in "\\PC{0,40}|[0-9]{8}-[0-9]{6}_[a-z]{0,2}\\.wav") {
        if let Ok(name) = rules().parse_media(&file_name) {
            prop_assert_eq!(name.stem, format!("{}_{}", name.stamp_text, name.uid));
        }
    }
}
