//! What the program really writes is what the published schemas say.
#![cfg(feature = "demo")]
#![allow(missing_docs)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;

/// The published schemas.
struct Published(Schemas);

impl Published {
    fn compiled(name: &str) -> (Self, SchemaIndex) {
        let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemas")).join(format!("{name}.json"));
        let schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource("schema.json", schema).unwrap();
        let index = compiler.compile("schema.json", &mut schemas).unwrap();
        (Self(schemas), index)
    }
}

/// Holds lines of JSON against a schema. There has to be one at least.
fn hold(name: &str, lines: &[Value]) {
    let (published, index) = Published::compiled(name);
    assert!(!lines.is_empty(), "nothing came out for {name}");
    for line in lines {
        published.0.validate(line, index).unwrap_or_else(|error| panic!("{name}: {error}\n{line:#}"));
    }
}

fn ingest(arguments: &[&str], data: &Path) -> Vec<Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_ingest"))
        .args(arguments)
        .arg("--json")
        .arg("--data")
        .arg(data)
        .output()
        .unwrap();
    lines(&String::from_utf8(output.stdout).unwrap())
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn what_a_day_leaves_is_what_the_schemas_say() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("demo");
    hold("demo.v1", &ingest(&["demo", "--calls", "12", "--faults", "none"], &data));

    hold("script.v1", &lines(&fs::read_to_string(data.join("script.jsonl")).unwrap()));
    let calls = ingest(&["calls"], &data);
    hold("calls.v1", &calls);
    for call in &calls {
        let call = ["tenant", "source", "conversation"].map(|part| call[part].as_str().unwrap()).join("/");
        let shown = ingest(&["show", &call], &data);
        hold("show.v1", &shown);
        hold("conversation.v1", &[shown[0]["metadata"].clone()]);
    }
    let messages = ingest(&["analysis", "take", "--limit", "100"], &data);
    // A call whose sound was still on its way when it was stored has a second one.
    let of = |rows: &[Value]| rows.iter().map(|row| row["conversation"].to_string()).collect::<BTreeSet<_>>();
    assert_eq!(of(&messages), of(&calls));
    hold("message.v1", &messages);
    hold("dead-letters-done.v1", &ingest(&["dead-letters", "retry", "17"], &data));
    hold("analysis-done.v1", &ingest(&["analysis", "done", messages[0]["key"].as_str().unwrap(), "no/such#1"], &data));
}

#[test]
fn what_is_said_of_trouble_is_what_the_schemas_say() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    fs::create_dir(at("drop")).unwrap();
    let source = |name: &str, path: &str| {
        format!("[[tenant.source]]\nname = \"{name}\"\nkind = \"universal\"\npath = \"{path}\"\ntime_zone = \"UTC\"\n")
    };
    let settings = format!("[[tenant]]\nid = \"acme\"\n{}{}", source("drop", "drop"), source("gone", "nowhere"));
    fs::write(at("ingest.toml"), settings).unwrap();
    let output =
        Command::new(env!("CARGO_BIN_EXE_ingest")).args(["check", "--json"]).current_dir(home.path()).output().unwrap();
    let checked = lines(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(checked.len(), 2);
    assert!(checked.iter().any(|source| source["ok"] == false));
    hold("check.v1", &checked);

    let people = "tenant,person,name,source,login\nacme,E-1,Kay Verne,drop,kay\nacme,E-2,,dorp,lee\n";
    fs::write(at("people.csv"), people).unwrap();
    for (name, arguments) in
        [("agents-import.v1", &["agents", "import", "people.csv"][..]), ("people.v1", &["agents", "list"])]
    {
        let output = Command::new(env!("CARGO_BIN_EXE_ingest"))
            .args(arguments)
            .arg("--json")
            .current_dir(home.path())
            .output()
            .unwrap();
        hold(name, &lines(&String::from_utf8(output.stdout).unwrap()));
    }
}

/// A client in any language: it reads the one object, finds what it names, and sees the calls come.
#[test]
fn a_fake_says_how_to_use_it_and_plays_its_day() {
    let home = tempfile::tempdir().unwrap();
    let into = home.path().join("drop");
    let day = ["--calls", "3", "--seed", "5", "--pace", "0ms"];
    let output = Command::new(env!("CARGO_BIN_EXE_ingest"))
        .args(["fake", "universal", "--into"])
        .arg(&into)
        .args(day)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let served = lines(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(served.len(), 1, "one object");
    hold("fake.v1", &served);
    let path = Path::new(served[0]["settings"]["path"].as_str().unwrap());
    let calls = served[0]["calls"].as_array().unwrap();
    assert_eq!(calls.len(), 3);
    for call in calls {
        assert!(path.join(format!("{}.wav", call.as_str().unwrap())).is_file(), "{call}");
    }
    assert_eq!(fs::read_dir(path).unwrap().count(), 6, "a metadata file beside each");
}
