//! What the README says is true.

use std::collections::BTreeSet;

use connector_universal::sidecar::{Format, Limits, parse};
use connector_universal::{DropFolderConfig, MEDIA_EXTENSIONS, Reason};

const README: &str = include_str!("../README.md");

/// The code blocks of a language.
fn blocks(language: &str) -> Vec<&str> {
    let opening = format!("```{language}\n");
    README.split(&opening).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

/// The first two cells of each row of the tables below a heading.
fn rows(heading: &str) -> Vec<(String, String)> {
    let section = README.split(&format!("\n## {heading}\n")).nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let cell = |text: &str| text.trim().trim_matches('`').to_owned();
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').collect();
        (cell(cells[1]), cell(cells[2]))
    })
    .collect()
}

#[test]
fn the_same_metadata_is_shown_in_four_formats() {
    let json = *blocks("json").last().unwrap();
    let examples = [
        (Format::Xml, blocks("xml")[0]),
        (Format::Json, json),
        (Format::Csv, blocks("csv")[0]),
        (Format::Yml, blocks("yml")[0]),
    ];
    for (format, text) in examples {
        let sidecar = parse(format, text.as_bytes(), &Limits::default()).unwrap();
        let fields: Vec<_> = sidecar.fields.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
        let expected = [
            ("caller_id", Some("+15550100142")),
            ("contact_name", Some("Ife Novak & Sons")),
            ("direction", Some("inbound")),
            ("duration_seconds", Some("184.5")),
        ];
        assert_eq!(fields, expected, "{format:?}");
    }
}

#[test]
fn every_reason_stands_in_the_table_and_no_other() {
    let listed: BTreeSet<String> = rows("Reasons of rejections").into_iter().map(|(reason, _)| reason).collect();
    let known: BTreeSet<String> = Reason::ALL.iter().map(Reason::to_string).collect();
    assert_eq!(listed, known);
}

#[test]
fn every_setting_stands_in_the_table_with_its_usual_value() {
    let mut config = DropFolderConfig::new("UTC");
    config.purge_after = Some(std::time::Duration::from_secs(86_400));
    let known = serde_json::to_value(&config).unwrap();
    let listed = rows("Settings");
    let names: BTreeSet<&String> = listed.iter().map(|(name, _)| name).collect();
    assert_eq!(names, known.as_object().unwrap().keys().collect::<BTreeSet<_>>());

    let usual = serde_json::to_value(DropFolderConfig::new("UTC")).unwrap();
    let mut settings = serde_json::json!({"time_zone": "UTC"});
    for (name, value) in listed.iter().filter(|(_, value)| !value.is_empty()) {
        let read = serde_json::from_str(value).unwrap_or_else(|_| value.clone().into());
        settings[name] = read;
    }
    let read: DropFolderConfig = serde_json::from_value(settings).unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), usual);
}

#[test]
fn the_settings_shown_can_be_read() {
    serde_json::from_str::<DropFolderConfig>(blocks("json")[0]).unwrap();
}

#[test]
fn the_extensions_are_all_there() {
    let listed = README.split("Recordings end in ").nth(1).unwrap().split(", and hold").next().unwrap();
    let listed: Vec<&str> = listed.split('`').skip(1).step_by(2).collect();
    assert_eq!(listed, MEDIA_EXTENSIONS);
}
