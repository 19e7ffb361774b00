//! `ingest run` on a real folder, with recordings that other programs made.
#![cfg(all(unix, feature = "universal"))]
#![allow(missing_docs)]

mod common;

use std::fs::{self, File};
use std::io::Write;

use common::{Site, read};

/// Spoken by eSpeak NG.
const SPOKEN: &[u8] = include_bytes!("../../../connector-core/tests/fixtures/wav/speech.wav");
/// Made by SoX, µ-law.
const MULAW: &[u8] = include_bytes!("../../../connector-core/tests/fixtures/wav/mu-law.wav");

const FORMATS: [(&str, &str); 4] = [
    ("xml", "<call><caller_id>+15550100142</caller_id><disposition>Won &amp; done</disposition></call>"),
    ("json", r#"{"caller_id": "+15550100142", "disposition": "Won & done"}"#),
    ("csv", "caller_id,disposition\n+15550100142,Won & done\n"),
    ("yml", "caller_id: \"+15550100142\"\ndisposition: Won & done\n"),
];

#[test]
fn a_recording_with_a_sidecar_of_each_format_is_stored_byte_for_byte() {
    let site = Site::new("");
    let running = site.start();
    for (n, (extension, sidecar)) in FORMATS.into_iter().enumerate() {
        let stem = format!("20261019-14025{n}_kay");
        let content = if n % 2 == 0 { SPOKEN } else { MULAW };
        site.upload(&format!("{stem}.wav"), content);
        site.upload(&format!("{stem}.{extension}"), sidecar.as_bytes());
        site.wait_for(&stem, || site.has_call(&stem));

        let object = format!("acme/drop/2026/10/19/{stem}/{stem}.wav");
        assert_eq!(read(site.object(&object)), content, "{extension}");
        let shown = &site.json(&["show", &format!("acme/drop/{stem}")])[0];
        assert_eq!(shown["metadata"]["attributes"]["disposition"], "Won & done", "{extension}");
        assert_eq!(shown["metadata"]["started"]["at"], format!("2026-10-19T12:02:5{n}Z"), "{extension}");
        site.wait_for("both files to be moved", || site.moved("processed", &stem).len() == 2);
        assert!(!site.drop_path(&format!("{stem}.wav")).exists());
    }
    assert!(running.terminate().status.success());
}

#[test]
fn a_file_that_is_still_being_written_is_not_touched() {
    // Longer than a busy machine may keep the writer from writing; the word of the last close makes it whole all the same.
    let site = Site::settling("50s", "");
    let running = site.start();
    let (slow, other) = ("20261019-150000_slow", "20261019-150001_other");
    let mut file = File::create(site.drop_path(&format!("{slow}.wav"))).unwrap();
    file.write_all(&SPOKEN[..SPOKEN.len() / 2]).unwrap();
    file.sync_all().unwrap();
    site.upload(&format!("{slow}.json"), br#"{"caller_id": "+15550100142"}"#);
    // While somebody writes to a file, it changes: every so often, as long as another pair passes by.
    site.upload(&format!("{other}.wav"), SPOKEN);
    site.upload(&format!("{other}.json"), br#"{"caller_id": "+15550100142"}"#);
    let rest = &SPOKEN[SPOKEN.len() / 2..];
    let (most, last) = rest.split_at(rest.len() - 1);
    let mut pieces = most.chunks(most.len() / 200 + 1);
    site.wait_for("the other pair", || {
        pieces.next().inspect(|piece| file.write_all(piece).unwrap());
        site.has_call(other)
    });
    assert!(site.drop_path(&format!("{slow}.wav")).exists());
    assert!(!site.has_call(slow));
    pieces.for_each(|piece| file.write_all(piece).unwrap());
    file.write_all(last).unwrap();
    drop(file);
    site.wait_for("the slow one", || site.has_call(slow));
    let object = format!("acme/drop/2026/10/19/{slow}/{slow}.wav");
    assert_eq!(read(site.object(&object)), SPOKEN);
    running.terminate();
}

#[test]
fn what_lay_there_before_the_start_is_taken_too() {
    let site = Site::new("");
    site.upload("20261019-160000_kay.wav", SPOKEN);
    site.upload("20261019-160000_kay.csv", b"caller_id\n+15550100142\n");
    let running = site.start();
    site.wait_for("the pair", || site.has_call("20261019-160000_kay"));
    running.terminate();
}

#[test]
fn a_recording_above_the_limit_is_refused_without_being_read() {
    let site = Site::new("");
    let running = site.start();
    let stem = "20261019-162000_big";
    let file = File::create(site.drop_path(&format!("{stem}.part"))).unwrap();
    file.set_len((2 << 30) + 1).unwrap();
    drop(file);
    fs::rename(site.drop_path(&format!("{stem}.part")), site.drop_path(&format!("{stem}.wav"))).unwrap();
    site.upload(&format!("{stem}.xml"), b"<call><caller_id>+15550100142</caller_id></call>");
    site.wait_for("the rejection", || site.moved("rejected", stem).iter().any(|p| p.ends_with(format!("{stem}.wav"))));
    let note = site.moved("rejected", &format!("{stem}.wav.error.json"));
    let note: serde_json::Value = serde_json::from_slice(&read(&note[0])).unwrap();
    assert_eq!(note["reason"], "media_too_large");
    assert!(running.peak_memory() < 64 << 10, "{} KiB", running.peak_memory());
    assert!(!site.has_call(stem));
    running.terminate();
}

/// 256 MiB unless `INGEST_LARGE_MIB` says otherwise; the checks of every change say 2048.
#[test]
fn a_large_recording_goes_through_in_little_memory() {
    #[expect(clippy::disallowed_methods, reason = "a test is told by its environment how much to do")]
    let mebibytes: u64 = std::env::var("INGEST_LARGE_MIB").map_or(256, |text| text.parse().unwrap());
    let site = Site::new("");
    let running = site.start();
    let stem = "20261019-170000_long";
    let file = File::create(site.drop_path(&format!("{stem}.part"))).unwrap();
    file.set_len(mebibytes << 20).unwrap();
    drop(file);
    fs::rename(site.drop_path(&format!("{stem}.part")), site.drop_path(&format!("{stem}.wav"))).unwrap();
    site.upload(&format!("{stem}.json"), br#"{"caller_id": "+15550100142"}"#);
    site.wait_for("the large one", || site.has_call(stem));
    let peak = running.peak_memory();
    assert!(peak < 64 << 10, "{peak} KiB");
    let stored = fs::metadata(site.object(&format!("acme/drop/2026/10/19/{stem}/{stem}.wav"))).unwrap();
    assert_eq!(stored.len(), mebibytes << 20);
    running.terminate();
}

#[test]
fn sigterm_ends_it_in_order_and_a_second_run_goes_on() {
    let site = Site::new("");
    let output = {
        let running = site.start();
        site.upload("20261019-180000_kay.wav", SPOKEN);
        site.upload("20261019-180000_kay.json", br#"{"caller_id": "+15550100142"}"#);
        site.wait_for("the first", || site.has_call("20261019-180000_kay"));
        running.terminate()
    };
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("1 calls stored"), "{output:?}");
    let running = site.start();
    site.upload("20261019-180001_kay.wav", SPOKEN);
    site.upload("20261019-180001_kay.json", br#"{"caller_id": "+15550100142"}"#);
    site.wait_for("the second", || site.has_call("20261019-180001_kay"));
    running.terminate();
    assert_eq!(site.calls().len(), 2);
}

#[test]
fn a_killed_run_loses_nothing() {
    let site = Site::new("");
    for round in 0..5 {
        let running = site.start();
        for n in 0..4 {
            let stem = format!("20261019-19{round}{n}00_kay");
            site.upload(&format!("{stem}.wav"), SPOKEN);
            site.upload(&format!("{stem}.json"), br#"{"caller_id": "+15550100142"}"#);
        }
        if round < 4 {
            site.wait_for("a sign of life", || site.home.path().join("data/ingest.db").exists());
            running.kill();
        } else {
            site.wait_for("all calls", || site.calls().len() == 20);
            site.wait_for("a tidy folder", || {
                fs::read_dir(site.drop_path("")).unwrap().flatten().all(|entry| entry.path().is_dir())
            });
            running.terminate();
        }
    }
    let queued = site.json(&["analysis", "take", "--limit", "100"]);
    assert_eq!(queued.len(), 20, "one message a call");
}

#[test]
fn only_one_pipeline_works_on_a_place() {
    let site = Site::new("");
    let running = site.start();
    site.wait_for("the lock", || site.home.path().join("data/ingest.lock").exists() && site.log().contains("live"));
    let second = site.output(&["run"]);
    assert_eq!(second.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&second.stderr).contains("another pipeline works on"), "{second:?}");
    running.terminate();
}

#[test]
fn a_source_that_cannot_work_does_not_stop_another() {
    let site = Site::new(
        "[[tenant.source]]\nname = \"broken\"\nkind = \"universal\"\npath = \"nowhere\"\ntime_zone = \"Europe/Berlin\"\n",
    );
    let running = site.start();
    site.upload("20261019-200000_kay.wav", SPOKEN);
    site.upload("20261019-200000_kay.json", br#"{"caller_id": "+15550100142"}"#);
    site.wait_for("the call", || site.has_call("20261019-200000_kay"));
    site.wait_for("word of the trouble", || site.log().contains("connecting again"));
    let output = running.terminate();
    assert_eq!(output.status.code(), Some(1), "the end says that a source was broken");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("\nacme/drop: live") && text.contains("\nacme/broken: connecting again since"), "{text}");
    assert_eq!(site.log().matches("the folder itself cannot be opened").count(), 1, "said once: {}", site.log());
}

#[test]
fn a_source_whose_folder_comes_later_begins_to_work_then() {
    let site = Site::new(
        "[[tenant.source]]\nname = \"later\"\nkind = \"universal\"\npath = \"later\"\ntime_zone = \"Europe/Berlin\"\n\
         settle = \"200ms\"\nrescan = \"300ms\"\n",
    );
    let running = site.start();
    site.wait_for("word of the trouble", || site.log().contains("connecting again"));
    let later = site.home.path().join("later");
    fs::create_dir(&later).unwrap();
    fs::write(later.join("20261019-200100_kay.wav"), SPOKEN).unwrap();
    fs::write(later.join("20261019-200100_kay.json"), br#"{"caller_id": "+15550100142"}"#).unwrap();
    site.wait_for("the call", || site.has_call("20261019-200100_kay"));
    let output = running.terminate();
    assert_eq!(output.status.code(), Some(0), "{output:?} {}", site.log());
}

#[test]
fn a_backfill_that_was_killed_goes_on_where_it_stopped() {
    let site = Site::new("");
    let processed = site.drop_path("processed/2026-10-20");
    fs::create_dir_all(&processed).unwrap();
    for n in 0..200 {
        let stem = format!("20261019-10{:02}{:02}_kay", n / 60, n % 60);
        fs::write(processed.join(format!("{stem}.wav")), SPOKEN).unwrap();
        fs::write(processed.join(format!("{stem}.json")), br#"{"caller_id": "+15550100142"}"#).unwrap();
    }
    let arguments = ["--json", "backfill", "--from", "2026-10-19", "--to", "2026-10-20"];
    let mut killed = site.command().args(arguments).stdout(std::process::Stdio::null()).spawn().unwrap();
    site.wait_for("some calls", || site.calls().len() >= 80);
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(site.calls().len() < 200, "it was killed in the middle");

    let again = |more: &[&str]| {
        let output = site.command().args(arguments).args(more).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let second = again(&[]);
    let compared = second["report"]["compared"].as_u64().unwrap();
    assert_eq!((second["resumed"].as_bool(), second["error"].is_null()), (Some(true), true), "{second}");
    assert_eq!(compared, 200, "what was compared before the kill counts, and nothing twice: {second}");
    assert_eq!((site.calls().len(), second["report"]["mode"].as_str()), (200, Some("backfill")));
    let third = again(&[]);
    assert_eq!((third["resumed"].as_bool(), third["report"]["detected"].as_u64()), (Some(false), Some(0)), "{third}");
    assert_eq!(again(&["--restart"])["resumed"].as_bool(), Some(false));
    assert_eq!(site.json(&["analysis", "take", "--limit", "1000"]).len(), 200, "each was stored once");
}

#[test]
fn gaps_are_made_good_on_demand() {
    let site = Site::new("");
    let output = site.output(&["reconcile", "--gaps"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "acme/drop: no gap is due\n");
    assert_eq!(site.output(&["reconcile", "--gaps", "--last", "1h"]).status.code(), Some(2));
}

#[test]
fn no_login_number_or_name_reaches_a_log() {
    let site = Site::new("");
    let running = site.start_with("trace");
    let stem = "20261019-210000_zoe.brandt@example.com";
    site.upload(&format!("{stem}.wav"), SPOKEN);
    site.upload(&format!("{stem}.json"), br#"{"caller_id": "+15550100177", "contact_name": "Ilse Sommer"}"#);
    site.upload("20261019-210001_zoe.brandt@example.com.json", b"{\"contact_name\": {\"first\": \"Ilse Sommer\"}}");
    site.upload("20261019-210001_zoe.brandt@example.com.wav", SPOKEN);
    site.upload("zoe.brandt@example.com.wav", SPOKEN);
    site.wait_for("the call", || site.has_call(stem));
    site.wait_for("the rejections", || site.moved("rejected", "").len() >= 4);
    let output = running.terminate();
    let everything = format!("{}{}", site.log(), String::from_utf8_lossy(&output.stdout));
    assert!(everything.contains("DEBUG"), "the log is as talkative as can be");
    for secret in ["zoe.brandt", "5550100177", "Ilse", "Sommer"] {
        let line = everything.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret}");
    }
}

#[test]
fn wrong_usage_and_configuration_end_with_2() {
    let site = Site::new("setle = \"1s\"\n");
    let wrong = site.output(&["run"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("did you mean `settle`?"), "{wrong:?}");
    assert_eq!(site.output(&["rum"]).status.code(), Some(2));
    assert_eq!(site.output(&["calls", "--data", "nowhere"]).status.code(), Some(1));
    let bad_zone =
        Site::new("[[tenant.source]]\nname = \"b\"\nkind = \"universal\"\npath = \"drop\"\ntime_zone = \"Mars\"\n");
    let error = String::from_utf8_lossy(&bad_zone.output(&["run"]).stderr).into_owned();
    assert!(error.contains("Mars"), "{error}");
}

#[test]
fn check_asks_every_job_and_says_what_cannot_work() {
    let site = Site::new("");
    let well = site.output(&["check"]);
    assert_eq!(well.status.code(), Some(0));
    let text = String::from_utf8_lossy(&well.stdout).into_owned();
    assert_eq!(text.trim_end(), "acme / drop   events ok    history ok    recordings ok");
    fs::remove_dir(site.drop_path("")).unwrap();
    let broken = site.output(&["check"]);
    assert_eq!(broken.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&broken.stdout).contains("exit code 3: 3 of 3 jobs cannot work"), "{broken:?}");
}

#[test]
fn dead_letters_say_what_was_rejected_and_can_be_dropped() {
    let site = Site::new("");
    let running = site.start();
    site.upload("20261019-220000_kay.wav", SPOKEN);
    site.upload("20261019-220000_kay.json", br#"{"contact": {"name": "Ife"}}"#);
    site.wait_for("the rejection", || site.moved("rejected", "20261019-220000_kay.json").len() == 2);
    site.wait_for("the word", || {
        site.json(&["dead-letters", "list"]).iter().any(|letter| letter["settled"].is_string())
    });
    running.terminate();
    let letters = site.json(&["dead-letters", "list", "--tenant", "acme"]);
    assert_eq!((letters.len(), letters[0]["reason"].as_str()), (1, Some("nested_field")));
    assert_eq!(site.json(&["dead-letters", "list", "--source", "other"]).len(), 0);
    let id = letters[0]["id"].to_string();
    let shown = String::from_utf8(site.output(&["dead-letters", "show", &id]).stdout).unwrap();
    assert!(shown.contains("nested_field at contact") && !shown.contains("kay"), "{shown}");
    assert_eq!(
        site.output(&["dead-letters", "retry", &id]).status.code(),
        Some(1),
        "a file is sent again, not retried"
    );
    assert_eq!(site.output(&["dead-letters", "drop", &id]).status.code(), Some(0));
    assert_eq!(site.output(&["dead-letters", "drop", &id]).status.code(), Some(1));
    assert_eq!(site.json(&["dead-letters", "list"]).len(), 0);
}

#[test]
fn reconcile_finds_what_an_archive_lost_and_then_nothing_more() {
    let site = Site::new("");
    let running = site.start();
    let stems = ["20261019-230000_kay", "20261019-230001_kay", "20261019-230002_kay"];
    for stem in stems {
        site.upload(&format!("{stem}.wav"), SPOKEN);
        site.upload(&format!("{stem}.json"), br#"{"caller_id": "+15550100142"}"#);
        site.wait_for("the files to be moved", || site.moved("processed", stem).len() == 2);
    }
    running.terminate();

    let day = ["--from", "2026-10-19T00:00:00Z", "--to", "2026-10-20T00:00:00Z"];
    let reconcile = || {
        let output = site.command().args(["--json", "--data", "fresh", "reconcile"]).args(day).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        report["report"].clone()
    };
    let report = reconcile();
    assert_eq!((report["detected"].as_u64(), report["recovered"].as_u64()), (Some(3), Some(3)), "{report}");
    for stem in stems {
        let object = format!("fresh/objects/acme/drop/2026/10/19/{stem}/{stem}.wav");
        assert_eq!(read(site.home.path().join(object)), SPOKEN);
    }
    let report = reconcile();
    assert_eq!((report["detected"].as_u64(), report["compared"].as_u64()), (Some(0), Some(3)), "{report}");

    let output = site.command().args(["--data", "fresh", "reconcile", "--source", "other"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "no such source");
}

#[test]
fn reconcile_beside_a_running_pipeline_leaves_the_work_to_it() {
    let site = Site::new("");
    let running = site.start();
    site.upload("20261019-231500_kay.wav", SPOKEN);
    site.upload("20261019-231500_kay.json", br#"{"caller_id": "+15550100142"}"#);
    site.wait_for("the call", || site.moved("processed", "20261019-231500_kay").len() == 2);
    let output = site.output(&["reconcile", "--from", "2026-10-19T00:00:00Z", "--to", "2026-10-20T00:00:00Z"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("acme/drop: "), "{output:?}");
    running.terminate();
    assert_eq!(site.json(&["analysis", "take", "--limit", "10"]).len(), 1, "nothing was stored anew");
}

#[cfg(not(feature = "failpoints"))]
#[test]
fn a_program_that_is_used_cannot_be_told_to_abort() {
    let site = Site::new("");
    let output = site.output(&["run", "--abort-at", "leased:1"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--abort-at"), "{output:?}");
}
