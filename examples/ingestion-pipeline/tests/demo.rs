//! `ingest demo`, its script and its output.
#![cfg(feature = "demo")]
#![allow(missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::{Connection, SqliteConnection};

fn ingest(arguments: &[&str], data: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ingest")).args(arguments).arg("--data").arg(data).output().unwrap()
}

fn lines(text: &[u8]) -> Vec<Value> {
    String::from_utf8_lossy(text).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_day_with_every_fault_comes_out_whole() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("demo");
    let output = ingest(&["demo", "--calls", "60", "--seed", "3"], &data);
    let text = String::from_utf8(output.stdout).unwrap().replace(data.to_str().unwrap(), "DATA");
    insta::with_settings!({ filters => vec![
        (r"\d+\.\d s", "[time]"),
        (r"\d+ files, \d+ MB", "[files]"),
        (r"((?:drop-folder|nice|genesys(?:-live)?) +\d+ +)\d( +)\d( +)\d", "${1}n${2}n${3}n"),
    ] }, {
        insta::assert_snapshot!(text, @r"
        A day at Example Corp: 60 calls, 12 agents, 4 sources, seed 3. Faults: lost events, cut downloads, repeated deliveries, events out of order, half-written files, a restart, throttled requests, recordings that are not ready, refused tokens, expired links, cut sockets.

        source        calls  events lost  found by reconcile  downloads resumed  stored  missing  twice  corrupt  live sessions  matched
        drop-folder      20            n                   n                  n      20        0      0        0              0        0
        nice             20            n                   n                  n      20        0      0        0              0        0
        genesys          14            n                   n                  n      14        0      0        0              0        0
        genesys-live      6            n                   n                  n       6        0      0        0              7        7
        every call of the script is stored once, byte for byte                                [time]

        recordings  DATA/objects  [files]
        database    DATA/ingest.db  sqlite3 DATA/ingest.db 'select * from calls_v1'
        next        ingest --data DATA show example/drop-folder/20261019-100738_rquist   one call from ring to analysis queue
        ");
    });
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Counts with nothing but the script and the files: not with the code that played.
#[test]
fn whoever_likes_can_recount() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("demo");
    let output = ingest(&["demo", "--json", "--calls", "30", "--seed", "5", "--faults", "all"], &data);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let summary = &lines(&output.stdout)[0];

    let script = lines(&fs::read(data.join("script.jsonl")).unwrap());
    assert_eq!((summary["total"]["calls"].as_u64(), script.len()), (Some(30), 30));
    for vendor in ["universal", "nice"] {
        let count = |key: &str| summary["vendors"][vendor][key].as_u64().unwrap();
        assert!(count("recovered") > 0 && count("recovered") == count("events_lost"), "{summary}");
        assert_eq!(["missing", "duplicates", "corrupt"].map(count), [0; 3], "{summary}");
    }
    // The one of a source may fall to the restart: what had been resumed is then fetched anew.
    assert!(summary["total"]["downloads_resumed"].as_u64().unwrap() > 0, "{summary}");
    let count = |key: &str| summary["vendors"]["genesys"][key].as_u64().unwrap();
    assert!(count("events_lost") > 0 && count("recovered") >= count("events_lost"), "a cut loses words too: {summary}");
    assert_eq!(["missing", "duplicates", "corrupt"].map(count), [0; 3], "{summary}");
    for (vendor, key) in
        ["nice", "genesys"].into_iter().flat_map(|vendor| [(vendor, "not_ready"), (vendor, "throttled")])
    {
        assert!(summary["vendors"][vendor][key].as_u64().unwrap() > 0, "{vendor} {key}: {summary}");
    }
    let calls = lines(&ingest(&["calls", "--json", "--limit", "1000"], &data).stdout);
    let stored: BTreeSet<&str> = calls.iter().map(|call| call["conversation"].as_str().unwrap()).collect();
    assert_eq!((calls.len(), stored.len()), (script.len(), script.len()));

    let mut objects: BTreeMap<String, usize> = BTreeMap::new();
    for file in files_below(&data.join("objects")) {
        *objects.entry(hex::encode(Sha256::digest(fs::read(file).unwrap()))).or_default() += 1;
    }
    let mut of_live_sound = 0;
    for line in &script {
        assert!(stored.contains(line["conversation"].as_str().unwrap()), "{line}");
        assert!(line["legs"][0]["agent"].is_string() && line["legs"][0]["started"].is_string(), "{line}");
        for recording in line["recordings"].as_array().unwrap() {
            match recording["sha256"].as_str() {
                Some(hash) => assert_eq!(objects.remove(hash), Some(1), "{line}"),
                None => of_live_sound += 1,
            }
        }
    }
    assert_eq!(objects.values().sum::<usize>(), of_live_sound, "nothing else is there: {objects:?}");
    assert_live(&script, summary, &data);
}

/// The sessions of the script are those of the database, and their sound lies where it belongs.
fn assert_live(script: &[Value], summary: &Value, data: &Path) {
    let mut expected: Vec<(String, String, bool)> = Vec::new();
    for line in script {
        let live = line["live"].as_array().unwrap();
        assert_eq!(live.is_empty(), line["source"] != "genesys-live", "{line}");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let session =
            |live: &Value| (text(&line["conversation"]), text(&live["session"]), live["matched"].as_bool().unwrap());
        expected.extend(live.iter().map(session));
    }
    expected.sort();
    assert_eq!(sessions(&data.join("ingest.db")), expected);
    let matched = expected.iter().filter(|(.., matched)| *matched).count();
    for count in [&summary["total"], &summary["vendors"]["genesys"]] {
        assert_eq!(count["live_sessions"], expected.len(), "{summary}");
        assert_eq!(count["live_matched"], matched, "{summary}");
    }
    assert_eq!(summary["vendors"]["nice"]["live_sessions"], 0, "{summary}");
    assert!(files_below(&data.join("live")).is_empty(), "what is stored is left nowhere else");
}

/// Call, session, and whether it was matched.
fn sessions(database: &Path) -> Vec<(String, String, bool)> {
    let rows = async {
        let mut database = SqliteConnection::connect(&format!("sqlite://{}", database.display())).await?;
        sqlx::query_as("SELECT conversation, session, state = 'matched' FROM live_v1 ORDER BY 1, 2")
            .fetch_all(&mut database)
            .await
    };
    tokio::runtime::Runtime::new().unwrap().block_on(rows).unwrap()
}

fn files_below(directory: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files
}

#[test]
fn one_call_and_no_faults_are_a_day_too() {
    for (calls, faults) in [("1", "all"), ("1", "none"), ("7", "some")] {
        let home = tempfile::tempdir().unwrap();
        let output = ingest(&["demo", "--json", "--calls", calls, "--faults", faults], home.path());
        assert!(output.status.success(), "{calls} {faults}: {output:?}");
    }
}

#[test]
fn the_same_number_makes_the_same_day() {
    let home = tempfile::tempdir().unwrap();
    let script = |name: &str| {
        let data = home.path().join(name);
        ingest(&["demo", "--json", "--calls", "3", "--seed", "9", "--faults", "none"], &data);
        fs::read_to_string(data.join("script.jsonl")).unwrap()
    };
    assert_eq!(script("one"), script("two"));
}

#[test]
fn a_place_with_other_things_is_left_alone() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("precious.txt"), "do not delete").unwrap();
    let output = ingest(&["demo"], home.path());
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--data"), "{output:?}");
    assert_eq!(fs::read_to_string(home.path().join("precious.txt")).unwrap(), "do not delete");
}

#[cfg(unix)]
#[test]
fn a_shell_loop_can_be_the_next_program() {
    let home = tempfile::tempdir().unwrap();
    let output = ingest(&["demo", "--calls", "5"], home.path());
    assert!(output.status.success(), "{output:?}");
    let ingest_command = format!("{} --data {}", env!("CARGO_BIN_EXE_ingest"), home.path().display());
    let run = || {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/analysis-loop.sh");
        let output = Command::new("sh").arg(script).env("INGEST", &ingest_command).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let first = run();
    assert_eq!(first.lines().filter(|line| line.starts_with("analysed example/")).count(), 5);
    assert!(first.contains(".wav)"), "{first}");
    assert_eq!(run(), "", "what is done does not come again");
}
