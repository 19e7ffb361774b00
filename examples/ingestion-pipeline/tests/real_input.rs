//! Recordings that other people's programs write straight into the folder while the pipeline runs.
//!
//! It needs `sox` and `espeak-ng` and runs where `INGEST_REAL_INPUT` is set; the checks of every change set it.
#![cfg(all(unix, feature = "universal"))]
#![allow(missing_docs)]

mod common;

use std::process::Command;

use common::{Site, read};
use sha2::{Digest, Sha256};

const SIDECARS: [(&str, &str); 4] = [
    ("xml", "<call><caller_id>+15550100142</caller_id></call>"),
    ("json", r#"{"caller_id": "+15550100142"}"#),
    ("csv", "caller_id\n+15550100142\n"),
    ("yml", "caller_id: \"+15550100142\"\n"),
];

#[test]
#[expect(clippy::disallowed_methods, reason = "its environment tells the test whether the programs are there")]
fn what_sox_and_espeak_write_is_stored_byte_for_byte() {
    if std::env::var("INGEST_REAL_INPUT").is_err() {
        println!("INGEST_REAL_INPUT is not set: nothing is tested");
        return;
    }
    let site = Site::new("");
    let running = site.start();
    for (n, (extension, sidecar)) in SIDECARS.into_iter().enumerate() {
        let stem = format!("20261019-14025{n}_kay");
        let target = site.drop_path(&format!("{stem}.wav"));
        let beside = site.home.path().join("beside.wav");
        for path in [&beside, &target] {
            let mut program = if n % 2 == 0 {
                let mut espeak = Command::new("espeak-ng");
                espeak.args(["-w", path.to_str().unwrap(), "Thank you for calling Example Corp. How may I help you?"]);
                espeak
            } else {
                let mut sox = Command::new("sox");
                sox.args(["-R", "-n", "-r", "8000", "-e", "mu-law", "-c", "2", path.to_str().unwrap()]);
                sox.args(["synth", "5", "sine", "300-800", "sine", "500"]);
                sox
            };
            assert!(program.status().expect("the program is installed").success());
        }
        site.upload(&format!("{stem}.{extension}"), sidecar.as_bytes());
        site.wait_for(&stem, || site.has_call(&stem));
        let stored = read(site.object(&format!("acme/drop/2026/10/19/{stem}/{stem}.wav")));
        assert_eq!(Sha256::digest(&stored), Sha256::digest(read(&beside)), "{extension}");
        let shown = &site.json(&["show", &format!("acme/drop/{stem}")])[0];
        let length = &shown["recordings"][0]["recording"]["length"];
        assert!(length.as_f64().is_some_and(|seconds| (2.0..=9.0).contains(&seconds)), "{shown}");
    }
    assert!(running.terminate().status.success());
}
