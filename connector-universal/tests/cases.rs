//! The table of cases in `fixtures/cases.json`, each played through a source of its own.

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Utc};
use connector_core::{Alias, CallEventKind, Clock, Item};
use connector_universal::DropFolderConfig;
use serde::Deserialize;
use serde_json::{Map, Value};

use common::{Hearing, MemoryFolder, Source, TestLedger, event, facts, rejected};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    source: Map<String, Value>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    title: String,
    /// Settings beyond those of the table.
    #[serde(default)]
    config: Map<String, Value>,
    /// When the source starts.
    at: DateTime<Utc>,
    /// Files that were dropped, accepted, stored and moved away before.
    #[serde(default)]
    taken_before: BTreeMap<String, Content>,
    /// When the files of this case are dropped, where that is later.
    then_at: Option<DateTime<Utc>>,
    #[serde(default)]
    drop: BTreeMap<String, Content>,
    /// Names of which each is a case.
    #[serde(default)]
    each: Vec<String>,
    expect: Expect,
}

/// A fixture by name, so many bytes, or some recording.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Content {
    Fixture(String),
    Sparse(u64),
    Recording,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Expect {
    outcome: String,
    uid: Option<String>,
    started: Option<DateTime<Utc>>,
    fields: BTreeMap<String, Option<String>>,
    direction: Option<String>,
    session_id: Option<String>,
    ani: Option<String>,
    dnis: Option<String>,
    reason: Option<String>,
    at: Option<String>,
    bytes_read: Option<u64>,
    /// What still lies there once everything is settled.
    left: Option<Vec<String>>,
}

fn put(folder: &MemoryFolder, files: &BTreeMap<String, Content>) {
    for (name, content) in files {
        match content {
            Content::Fixture(fixture) => {
                let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cases").join(fixture);
                folder.upload(name, std::fs::read(path).unwrap());
            }
            Content::Sparse(size) => folder.upload_sparse(name, *size),
            Content::Recording => folder.upload(name, "some sound"),
        }
    }
}

async fn play(table: &Table, case: &Case, drop: &BTreeMap<String, Content>) {
    let mut settings = table.source.clone();
    settings.extend(case.config.clone());
    let config: DropFolderConfig = serde_json::from_value(settings.into()).unwrap();
    let clock = Clock::starting_at(case.at);
    let source = Source::made_of(MemoryFolder::new(), TestLedger::new(), clock, config);
    let mut hearing = source.listen();
    hearing.poke();
    if !case.taken_before.is_empty() {
        put(&source.folder, &case.taken_before);
        let item = hearing.item().await;
        source.settle_item(&item).await;
    }
    if let Some(time) = case.then_at {
        tokio::time::advance((time - clock.now()).to_std().unwrap()).await;
        assert_eq!(clock.now(), time);
    }
    put(&source.folder, drop);
    check(&source, &mut hearing, &case.expect).await;
    let left: Vec<String> = source.folder.names().into_iter().filter(|name| !name.contains('/')).collect();
    if let Some(expected) = &case.expect.left {
        assert_eq!(left, *expected);
    }
    if let Some(bytes) = case.expect.bytes_read {
        assert_eq!(source.folder.bytes_read(), bytes);
    }
}

async fn check(source: &Source, hearing: &mut Hearing, expect: &Expect) {
    let item = match expect.outcome.as_str() {
        "waits" => return hearing.silence_of(common::hours(24)).await,
        _ => hearing.item().await,
    };
    source.settle_item(&item).await;
    match expect.outcome.as_str() {
        "taken" => check_call(item, CallEventKind::Ended, expect),
        "updated" => check_call(item, CallEventKind::MetadataChanged, expect),
        "rejected" => {
            let rejected = rejected(item);
            assert_eq!(Some(&rejected.reason), expect.reason.as_ref());
            assert_eq!(rejected.at, expect.at);
        }
        other => panic!("no outcome: {other}"),
    }
    hearing.silence().await;
}

fn check_call(item: Item, kind: CallEventKind, expect: &Expect) {
    let event = event(item);
    assert_eq!(event.kind, kind);
    let call = facts(&event);
    assert_eq!(Some(event.agent.as_ref().unwrap().reveal()), expect.uid.as_deref());
    for (name, value) in &expect.fields {
        assert_eq!(call.attributes.get(name), value.as_ref(), "{name}");
    }
    if let Some(started) = expect.started {
        assert_eq!(call.started.unwrap().at, started);
    }
    if let Some(direction) = &expect.direction {
        assert_eq!(call.direction.to_string(), *direction);
    }
    if let Some(session) = &expect.session_id {
        assert!(call.this.aliases.contains(&Alias::new("session_id", session)));
    }
    for (number, expected) in [(&call.ani, &expect.ani), (&call.dnis, &expect.dnis)] {
        if expected.is_some() {
            assert_eq!(number.as_ref().map(|number| number.reveal()), expected.as_deref());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_case_of_the_table_comes_out_as_it_must() {
    let table: Table = serde_json::from_str(include_str!("fixtures/cases.json")).unwrap();
    assert_eq!(table.cases.len(), 19);
    for case in &table.cases {
        println!("{}", case.title);
        if case.each.is_empty() {
            play(&table, case, &case.drop).await;
        }
        for name in &case.each {
            println!("    {name}");
            play(&table, case, &[(name.clone(), Content::Recording)].into()).await;
        }
    }
}
