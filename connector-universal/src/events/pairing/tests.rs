use connector_folder::{FolderPath, Version};

use super::*;
use crate::sidecar::{Limits, parse};

fn at(hour: i64) -> DateTime<Utc> {
    "2026-11-02T09:15:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::hours(hour)
}

fn rules() -> Rules {
    Rules {
        names: NameRules::new("UTC".parse().unwrap()),
        sidecar: SidecarMode::Required,
        grace: Duration::from_secs(1800),
        required_fields: vec!["stage".to_owned()],
        media_limit: 1000,
        sidecar_limit: 500,
        update_window: Duration::from_secs(48 * 3600),
    }
}

fn file(extension: &str, size: u64) -> File {
    let path = FolderPath::new(format!("20261102-091500_kay.{extension}")).unwrap();
    File { path, version: Version::new(size, None), first_seen: at(0), whole: true, quiet: true }
}

fn growing(extension: &str, size: u64) -> File {
    File { whole: false, quiet: false, ..file(extension, size) }
}

/// Whole by word, not by time.
fn said(extension: &str, size: u64) -> File {
    File { quiet: false, ..file(extension, size) }
}

fn taken(media: &File, sidecar: Option<&File>) -> Record {
    let mut record = Record::default();
    remember(&mut record, Some(media), sidecar.map(|file| (file, "first")), at(0));
    record
}

/// The decision in words: what is refused, what is waited for, what is read.
fn decided(files: &[File], record: &Record) -> String {
    let names = |marks: &[Mark]| {
        let ends = marks.iter().map(|mark| mark.path.name().rsplit('.').next().unwrap().to_owned());
        ends.collect::<Vec<_>>().join(" ")
    };
    match decide(&rules(), at(1), files, record) {
        Decision::Rest => "rest".to_owned(),
        Decision::Wait(wait) => format!("wait {wait:?}"),
        Decision::Refuse(marks, refused) => format!("{} {}", refused.reason, names(&marks)),
        Decision::Take(media) => format!("take {}", names(&[media.mark()])),
        Decision::Read { media, sidecar, .. } => {
            format!(
                "read {} for {}",
                names(&[sidecar.mark()]),
                media.map_or("an update".to_owned(), |m| names(&[m.mark()]))
            )
        }
        Decision::Report(about) => about,
    }
}

#[test]
fn and_m2_what_is_decided_about_files_that_are_new() {
    let (wav, json) = (file("wav", 10), file("json", 10));
    for (files, expected) in [
        (vec![], "rest"),
        (vec![wav.clone()], "wait Metadata"),
        (vec![json.clone()], "wait Recording"),
        (vec![wav.clone(), json.clone()], "read json for wav"),
        (vec![growing("wav", 10)], "wait Settling"),
        (vec![growing("wav", 10), json.clone()], "wait Settling"),
        (vec![wav.clone(), growing("json", 10)], "wait Settling"),
        (vec![wav.clone(), json.clone(), file("xml", 10)], "more_than_one_sidecar json xml"),
        (vec![growing("wav", 10), json.clone(), file("xml", 10)], "more_than_one_sidecar json xml"),
        (vec![wav.clone(), json.clone(), growing("xml", 10)], "wait Settling"),
        (vec![wav.clone(), file("mp3", 10), json.clone()], "ambiguous_media wav mp3"),
        (vec![wav.clone(), growing("mp3", 10)], "wait Settling"),
        (vec![file("wav", 1001), json.clone()], "media_too_large wav json"),
        (vec![file("wav", 1001), growing("json", 10)], "wait Settling"),
        (vec![growing("wav", 1001)], "wait Settling"),
        (vec![file("wav", 1000), file("json", 500)], "read json for wav"),
        (vec![file("wav", 1000), file("json", 501)], "sidecar_too_large json"),
        (vec![file("yaml", 10)], "yaml_extension yaml"),
        (vec![wav.clone(), json.clone(), file("exe", 10)], "bad_file_name exe"),
        (vec![wav.clone(), json.clone(), growing("exe", 10)], "read json for wav"),
        (
            vec![file("exe", 10), growing("txt", 10), file("doc", 10), wav, json, file("yaml", 10)],
            "bad_file_name exe doc",
        ),
    ] {
        assert_eq!(decided(&files, &Record::default()), expected, "{files:?}");
    }
}

#[test]
fn a_recording_without_metadata_waits_for_its_grace_and_not_a_moment_longer() {
    let decision =
        |mode, now, media: File| decide(&Rules { sidecar: mode, ..rules() }, now, &[media], &Record::default());
    let (wav, until) = (file("wav", 10), at(0) + TimeDelta::minutes(30));
    let last = until - TimeDelta::milliseconds(1);
    assert_eq!(decision(SidecarMode::Optional, last, wav.clone()), Decision::Wait(Wait::MetadataUntil(until)));
    assert_eq!(decision(SidecarMode::Optional, until, wav.clone()), Decision::Take(wav.clone()));
    assert_eq!(decision(SidecarMode::Optional, at(9), growing("wav", 10)), Decision::Wait(Wait::Settling));
    assert_eq!(decision(SidecarMode::None, at(0), wav.clone()), Decision::Take(wav.clone()));
    assert_eq!(decision(SidecarMode::Required, at(9), wav), Decision::Wait(Wait::Metadata));
}

#[test]
fn metadata_where_there_should_be_none_is_refused_and_a_recording_alone_is_not() {
    let rules = Rules { sidecar: SidecarMode::None, ..rules() };
    let (wav, json) = (file("wav", 10), file("json", 10));
    let decision = decide(&rules, at(1), &[wav, json.clone()], &Record::default());
    let Decision::Refuse(marks, refused) = decision else { panic!("{decision:?}") };
    assert_eq!((marks, refused.reason), (vec![json.mark()], Reason::SidecarNotExpected));
}

#[test]
fn and_u7_what_is_decided_about_files_beside_those_that_were_taken() {
    let (wav, json) = (file("wav", 10), file("json", 10));
    let record = taken(&wav, Some(&json));
    for (files, expected) in [
        (vec![wav.clone(), json.clone()], "rest"),
        (vec![wav.clone()], "rest"),
        (vec![json.clone()], "rest"),
        (vec![wav.clone(), file("json", 11)], "read json for an update"),
        (vec![file("json", 11)], "read json for an update"),
        (vec![said("json", 11)], "wait Settling"),
        (vec![growing("json", 11)], "wait Settling"),
        (vec![file("xml", 10)], "read xml for an update"),
        (vec![wav.clone(), json.clone(), file("xml", 10)], "more_than_one_sidecar xml"),
        (vec![wav.clone(), file("json", 11), file("xml", 10)], "more_than_one_sidecar json xml"),
        (vec![wav, json.clone(), file("mp3", 10)], "ambiguous_media mp3"),
        (vec![file("mp3", 10)], "ambiguous_media mp3"),
        (vec![file("wav", 11), json], "read json for wav"),
        (vec![file("wav", 11), file("json", 11)], "read json for wav"),
        (vec![file("wav", 11)], "wait Metadata"),
    ] {
        assert_eq!(decided(&files, &record), expected, "{files:?}");
    }
}

#[test]
fn rejected_files_count_as_gone_until_they_are_another_version() {
    let (wav, json) = (file("wav", 10), file("json", 10));
    let mut record = Record::default();
    let there = [&wav, &json, &file("xml", 10)].map(File::mark);
    record.reject(&there[1..], &there);
    assert_eq!(decided(&[wav.clone(), json.clone(), file("xml", 10)], &record), "wait Metadata");
    assert_eq!(decided(&[wav.clone(), json.clone(), file("xml", 11)], &record), "read xml for wav");
    assert_eq!(decided(&[wav.clone(), file("json", 11)], &record), "read json for wav");
    assert_eq!(decided(&[json], &record), "rest");
    record.reject(&[wav.mark()], &there);
    assert_eq!(decided(&[wav, file("json", 11)], &record), "wait Recording");
    assert_eq!(record.rejected.len(), 3);
    record.reject(&[file("csv", 10).mark()], &[file("csv", 10).mark()]);
    assert_eq!(record.rejected, [file("csv", 10).mark()], "what is gone need not be remembered");
}

fn verdict(media: Option<&File>, sidecar: &File, text: &str, record: &Record) -> Verdict {
    let content = parse(Format::Json, text.as_bytes(), &Limits::default());
    judge(&rules(), media, sidecar, "second", content.as_ref(), record)
}

fn reason(verdict: Verdict) -> Reason {
    let Verdict::Refuse(refused) = verdict else { panic!("{verdict:?}") };
    refused.reason
}

#[test]
fn and_u6_required_fields_are_waited_for_once_and_then_insisted_on() {
    let (wav, json) = (file("wav", 10), file("json", 10));
    let new = Record::default();
    assert_eq!(verdict(Some(&wav), &json, r#"{"stage": "Won"}"#, &new), Verdict::Take);
    for missing in [r#"{"other": 1}"#, r#"{"stage": null}"#] {
        assert_eq!(verdict(Some(&wav), &json, missing, &new), Verdict::Wait(Wait::RequiredFields));
        let update = verdict(None, &file("json", 11), missing, &taken(&wav, Some(&json)));
        assert_eq!(reason(update), Reason::MetadataIncomplete);
    }
}

#[test]
fn a_sidecar_that_is_whole_by_word_alone_is_not_refused_yet() {
    let (wav, new) = (file("wav", 10), Record::default());
    for text in ["", "{", r#"{"a": {}}"#, r#"{"a": 1, "a": 2}"#] {
        assert_eq!(verdict(Some(&wav), &said("json", 10), text, &new), Verdict::Wait(Wait::Settling));
        assert!(matches!(verdict(Some(&wav), &file("json", 10), text, &new), Verdict::Refuse(_)));
    }
}

#[test]
fn u3_and_u5_only_a_newer_version_of_a_sidecar_can_be_too_late() {
    let (wav, json) = (file("wav", 10), file("json", 10));
    let seen = |hour, seconds| File { first_seen: at(hour) + TimeDelta::seconds(seconds), ..file("json", 11) };
    let text = r#"{"stage": "Won"}"#;
    let with_sidecar = taken(&wav, Some(&json));
    assert_eq!(verdict(None, &seen(48, 0), text, &with_sidecar), Verdict::Update);
    assert_eq!(reason(verdict(None, &seen(48, 1), text, &with_sidecar)), Reason::UpdateWindowClosed);
    assert_eq!(verdict(None, &seen(5000, 0), text, &taken(&wav, None)), Verdict::Update, "it is the first");
    assert_eq!(verdict(Some(&wav), &seen(5000, 0), text, &Record::default()), Verdict::Take);
}

#[test]
fn the_same_bytes_are_never_too_late_and_never_incomplete() {
    let (wav, json) = (file("wav", 10), file("json", 10));
    let mut record = taken(&wav, Some(&json));
    remember(&mut record, None, Some((&json, "second")), at(0));
    let late = File { first_seen: at(5000), ..file("json", 11) };
    assert_eq!(verdict(None, &late, r#"{"other": 1}"#, &record), Verdict::Repeat);
}

#[test]
fn an_update_keeps_the_recording_that_was_taken_and_a_pair_replaces_it() {
    let (wav, json) = (file("wav", 10), file("json", 10));
    let mut record = taken(&wav, Some(&json));
    record.sights.push(crate::events::record::Sight { mark: json.mark(), at: at(0) });
    remember(&mut record, None, Some((&file("json", 11), "second")), at(7));
    assert!(record.sights.is_empty(), "it waits no longer");
    let known = record.taken.clone().unwrap();
    assert_eq!((known.media, known.call_at), (wav.mark(), at(0)));
    assert_eq!(known.sidecar.unwrap().hash, "second");
    remember(&mut record, Some(&file("wav", 11)), None, at(0));
    assert_eq!(record.taken.unwrap().media, file("wav", 11).mark());
}
