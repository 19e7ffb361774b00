//! Whose calls count: `ingest agents`, and `ingest run` with `calls_of = "people"`.
#![cfg(all(unix, feature = "universal"))]
#![allow(missing_docs)]

mod common;

use std::fs;
use std::process::Output;

use common::Site;

const SPOKEN: &[u8] = include_bytes!("../../../connector-core/tests/fixtures/wav/speech.wav");

fn upload(site: &Site, stem: &str) {
    site.upload(&format!("{stem}.wav"), SPOKEN);
    site.upload(&format!("{stem}.json"), br#"{"caller_id": "+15550100142"}"#);
}

fn import(site: &Site, rows: &str, arguments: &[&str]) -> Output {
    fs::write(site.home.path().join("people.csv"), format!("tenant,person,name,source,login\n{rows}")).unwrap();
    site.output(&[&["agents", "import", "people.csv"], arguments].concat())
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn only_the_calls_of_the_people_are_stored_and_an_import_reaches_a_running_pipeline() {
    let site = Site::new("calls_of = \"people\"\n");
    assert_eq!(import(&site, "acme,E-1,Kay Verne,drop,kay\n", &[]).status.code(), Some(0));
    let running = site.start();
    upload(&site, "20261019-140000_lee");
    upload(&site, "20261019-140001_kay");
    site.wait_for("the call of kay", || site.has_call("20261019-140001_kay"));
    site.wait_for("her files to be moved", || site.moved("processed", "20261019-140001_kay").len() == 2);
    assert_eq!(site.calls().len(), 1);
    for extension in ["wav", "json"] {
        assert!(site.drop_path(&format!("20261019-140000_lee.{extension}")).exists(), "his file stays where it is");
    }

    assert!(import(&site, "acme,E-2,Lee Ford,drop,Lee\n", &[]).status.success());
    site.wait_for("the call of lee", || site.has_call("20261019-140000_lee"));
    site.wait_for("his files to be moved", || site.moved("processed", "20261019-140000_lee").len() == 2);
    let output = running.terminate();
    let everything = format!("{}{}", site.log(), stdout(&output));
    assert!(everything.contains("the people changed"), "{everything}");
    assert!(!everything.contains("Verne") && !everything.contains("Ford"), "{everything}");
}

#[test]
fn a_call_that_the_filter_leaves_alone_keeps_its_files() {
    let site = Site::new("filter = { directions = [\"inbound\"], min_length = \"100ms\" }\n");
    let running = site.start();
    let stem = "20261019-150000_kay";
    site.upload(&format!("{stem}.wav"), SPOKEN);
    site.upload(&format!("{stem}.json"), br#"{"caller_id": "+15550100142", "direction": "outbound"}"#);
    upload(&site, "20261019-150001_kay");
    site.wait_for("the other", || site.moved("processed", "20261019-150001_kay").len() == 2);
    let output = running.terminate();
    assert!(stdout(&output).contains("1 left alone"), "{output:?}");
    assert!(site.drop_path(&format!("{stem}.wav")).exists() && !site.has_call(stem));

    // A comparison brings it in once it is asked for.
    let settings = site.home.path().join("ingest.toml");
    fs::write(&settings, fs::read_to_string(&settings).unwrap().replace("inbound", "outbound")).unwrap();
    let day = ["reconcile", "--from", "2026-10-19T00:00:00Z", "--to", "2026-10-20T00:00:00Z"];
    assert!(site.output(&day).status.success());
    assert!(site.has_call(stem));
}

#[test]
fn a_comparison_leaves_the_calls_of_others_alone() {
    let site = Site::new("");
    let running = site.start();
    for stem in ["20261019-160000_kay", "20261019-160001_lee"] {
        upload(&site, stem);
        site.wait_for("the files to be moved", || site.moved("processed", stem).len() == 2);
    }
    running.terminate();
    let settings = site.home.path().join("ingest.toml");
    fs::write(&settings, format!("{}calls_of = \"people\"\n", fs::read_to_string(&settings).unwrap())).unwrap();
    assert!(import(&site, "acme,E-1,,drop,kay\n", &["--data", "fresh"]).status.success());
    let day = ["--from", "2026-10-19T00:00:00Z", "--to", "2026-10-20T00:00:00Z"];
    site.output(&[&["--data", "fresh", "reconcile"], &day[..]].concat());
    let calls = site.json(&["--data", "fresh", "calls"]);
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert_eq!(calls[0]["agents"], "kay");
}

#[test]
fn bad_rows_are_told_by_line_and_the_good_ones_are_stored() {
    let site = Site::new("");
    let rows = "acme,E-1,Kay Verne,drop,kay\nacme,E-2,,dorp,lee\nacme,E-3,,drop,\n";
    let dry = import(&site, rows, &["--dry-run"]);
    assert_eq!(dry.status.code(), Some(1));
    assert!(stdout(&dry).starts_with("this would happen: 1 rows: 1 people added"), "{dry:?}");
    assert!(site.json(&["agents", "list"]).is_empty());

    let output = import(&site, rows, &[]);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("line 3: tenant acme has no source \"dorp\"; did you mean `drop`?"), "{told}");
    assert!(told.contains("line 4: login, id and e-mail are all empty"), "{told}");
    let people = site.json(&["agents", "list"]);
    assert_eq!(
        (people.len(), people[0]["person"].as_str(), people[0]["login"].as_str()),
        (1, Some("E-1"), Some("kay"))
    );
    assert!(stdout(&site.output(&["agents", "list"])).contains("acme/E-1  Kay Verne  yes"));

    fs::write(site.home.path().join("people.csv"), "tenant,person,source,logon\nacme,E-1,drop,kay\n").unwrap();
    let refused = site.output(&["agents", "import", "people.csv"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("did you mean `login`?"), "{refused:?}");
}

#[test]
fn what_export_prints_import_reads() {
    let site = Site::new("");
    import(&site, "acme,E-1,\"Verne, Kay\",drop,kay\nacme,E-1,,drop,kay2\nacme,E-2,,,\n", &[]);
    let exported = stdout(&site.output(&["agents", "export"]));
    assert_eq!(exported.lines().count(), 4, "{exported}");
    fs::write(site.home.path().join("copy.csv"), &exported).unwrap();
    let again = site.json(&["agents", "import", "copy.csv"]);
    assert_eq!(
        (again[0]["rows"].as_u64(), again[0]["started"].as_u64(), again[0]["ended"].as_u64()),
        (Some(3), Some(0), Some(0))
    );
    assert!(site.output(&["--data", "fresh", "agents", "import", "copy.csv"]).status.success());
    assert_eq!(stdout(&site.output(&["--data", "fresh", "agents", "export"])), exported);
}

#[test]
fn a_source_without_a_list_of_agents_cannot_be_synced() {
    let site = Site::new("");
    let none = site.output(&["agents", "sync"]);
    assert_eq!(none.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&none.stderr).contains("no source that is meant has `agents`"), "{none:?}");
    let site = Site::new("agents = { groups = [\"Sales\"] }\n");
    let refused = site.output(&["run"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("has no list of agents"), "{refused:?}");
}
