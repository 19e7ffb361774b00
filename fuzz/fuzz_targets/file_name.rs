//! The names of recordings and sidecars: what is taken comes back whole, and no refusal repeats a letter of it.
#![no_main]

use std::sync::LazyLock;

use connector_universal::{Kind, MediaName, NamePattern, NameRules, Reason, Refused, split_extension};
use libfuzzer_sys::fuzz_target;

static RULES: LazyLock<[NameRules; 2]> = LazyLock::new(|| {
    let plain = NameRules::new("America/New_York".parse().expect("a zone"));
    let mut long = plain.clone();
    long.pattern = NamePattern::new("{ts}_{uid}_{dir}_{session}_{ani}_{dnis}").expect("a pattern");
    [plain, long]
});

fuzz_target!(|text: &str| {
    look(text);
    look(&format!("20261102-1015{text}"));
    look(&format!("20261102-101500_{text}.wav"));
});

fn look(file_name: &str) {
    for rules in RULES.iter() {
        let media = rules.parse_media(file_name);
        let sidecar = rules.parse_sidecar(file_name);
        assert!(media.is_err() || sidecar.is_err(), "no file is both");
        match rules.kind(file_name) {
            Kind::Media => check(file_name, media),
            Kind::Sidecar(format) => {
                assert!(sidecar.as_ref().is_ok_and(|(found, _)| *found == format) || sidecar.is_err());
                check(file_name, sidecar.map(|(_, name)| name));
            }
            _ => assert!(media.is_err() && sidecar.is_err()),
        }
    }
}

fn check(file_name: &str, read: Result<MediaName, Refused>) {
    let name = match read {
        Ok(name) => name,
        Err(refused) => return assert_eq!(refused.reason, Reason::BadFileName),
    };
    let (stem, extension) = split_extension(file_name).expect("it was taken, so it has an extension");
    assert_eq!((name.stem.as_str(), name.extension), (stem, extension.to_ascii_lowercase()));
    assert!(!file_name.contains(['/', '\0', '\n']) && !name.uid.is_empty() && name.uid.chars().any(|c| c != '.'));
    let mut again = format!("{}_{}", name.stamp_text, name.uid);
    if !name.parts.is_empty() {
        for part in ["dir", "session", "ani", "dnis"] {
            again.push('_');
            again.push_str(&name.parts[part]);
        }
    }
    assert_eq!(again, stem);
    // Second 60 shows as :00 of the next minute, every other time as it stands in the name.
    let shown = name.local.format("%Y%m%d-%H%M%S").to_string();
    assert!(shown == name.stamp_text || (name.stamp_text.ends_with("60") && shown.ends_with("00")), "{shown}");
}
