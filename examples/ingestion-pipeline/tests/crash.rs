//! `ingest run` aborted at every step and killed at any moment, over and over: in the end everything is stored once.
#![cfg(unix)]
#![allow(missing_docs)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::Duration;

use common::{Site, read};
use ingestion_pipeline::failpoints::{AbortAt, Step};
use sha2::{Digest, Sha256};

/// Calls that are dropped before each abort: as many as the step is passed at most.
const AT_ONCE: u32 = 5;
/// A recording that is written in several parts, so that an upload which is cut off leaves a file behind.
const LARGE: usize = 9 << 20;
/// Pieces in which the drop folder hands over a large one, of 256 KiB each; with fewer, no step would be met.
const PIECES: u32 = 35;
const KILLS: u32 = 50;
/// Nothing here takes nearly as long: 30 s.
const LOOKS: u32 = 3_000;
const LOOK: Duration = Duration::from_millis(10);

/// A site and all that was ever dropped there.
struct Day {
    site: Site,
    /// The SHA-256 of each recording, by the call's id.
    dropped: BTreeMap<String, String>,
}

impl Day {
    fn new() -> Self {
        Self { site: Site::settling("50ms", ""), dropped: BTreeMap::new() }
    }

    fn drop_call(&mut self, size: usize) {
        let number = self.dropped.len();
        let stem = format!("20261019-140253_{number}");
        let content: Vec<u8> = number.to_le_bytes().into_iter().cycle().take(size).collect();
        self.site.upload(&format!("{stem}.wav"), &content);
        self.site.upload(&format!("{stem}.json"), br#"{"caller_id": "+15550100142"}"#);
        self.dropped.insert(stem, hex::encode(Sha256::digest(&content)));
    }

    fn start(&self, abort_at: Option<AbortAt>) -> Process {
        let log = File::options().create(true).append(true).open(self.site.home.path().join("log")).unwrap();
        let mut command = self.site.command();
        command.arg("run").env("INGEST_LOG", "info").stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        if let Some(at) = abort_at {
            command.args(["--abort-at", &at.to_string()]);
        }
        Process(command.spawn().unwrap())
    }

    fn objects(&self) -> Vec<PathBuf> {
        files_below(&self.site.home.path().join("data/objects"))
    }

    /// How many runs found work that the one before had begun.
    fn interrupted(&self) -> usize {
        self.site.log().matches("calls were under way when the last run ended").count()
    }

    fn is_drained(&self) -> bool {
        let waits = |path: &PathBuf| !path.strip_prefix(self.site.drop_path("")).unwrap().starts_with("processed");
        !files_below(&self.site.drop_path("")).iter().any(waits)
            && !self.objects().iter().any(|path| is_staging(path))
            && self.site.calls().len() == self.dropped.len()
    }

    /// Counts what lies on the disk, with nothing but what was dropped to compare with.
    fn recount(&self) {
        let ids: BTreeSet<&str> = self.dropped.keys().map(String::as_str).collect();
        let calls = self.site.calls();
        assert_eq!(calls.len(), ids.len(), "no call is stored twice");
        assert_eq!(calls.iter().map(|call| call["conversation"].as_str().unwrap()).collect::<BTreeSet<_>>(), ids);
        assert!(calls.iter().all(|call| call["media"] == "complete" && call["version"] == 1), "{calls:?}");

        let mut objects = self.objects();
        for (id, sha256) in &self.dropped {
            let object = self.site.object(&format!("acme/drop/2026/10/19/{id}/{id}.wav"));
            assert_eq!(&hex::encode(Sha256::digest(read(&object))), sha256, "the bytes of {id}");
            objects.retain(|path| *path != object);
        }
        assert!(objects.is_empty(), "nothing else lies there: {objects:?}");

        let messages = self.site.json(&["analysis", "take", "--limit", "10000"]);
        let keys: BTreeSet<String> = messages.iter().map(|message| message["key"].as_str().unwrap().into()).collect();
        let owed: BTreeSet<String> = ids.iter().map(|id| format!("acme/drop/{id}#1")).collect();
        assert_eq!((messages.len(), &keys), (owed.len(), &owed), "one message for each version");

        assert!(self.site.json(&["dead-letters", "list"]).is_empty(), "nothing was rejected or given up");
        let moved: BTreeSet<String> = files_below(&self.site.drop_path("")).iter().map(|path| name(path)).collect();
        let pairs: BTreeSet<String> = ids.iter().flat_map(|id| [format!("{id}.wav"), format!("{id}.json")]).collect();
        assert_eq!(moved, pairs, "both files of each pair were moved away, and nothing else is there");
        let data: BTreeSet<String> = fs::read_dir(self.site.home.path().join("data"))
            .unwrap()
            .map(|entry| name(&entry.unwrap().path()))
            .collect();
        let known = ["ingest.db", "ingest.db-shm", "ingest.db-wal", "ingest.lock", "objects"];
        assert!(data.iter().all(|name| known.contains(&name.as_str())), "{data:?}");
    }
}

/// A process that is killed when the test ends early.
struct Process(Child);

impl Process {
    /// Waits until it ends by itself.
    fn ended(mut self, day: &Day) -> ExitStatus {
        for _ in 0..LOOKS {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status;
            }
            sleep(LOOK);
        }
        panic!("it never came to that step; the log:\n{}", day.site.log());
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        assert_eq!(self.0.wait().unwrap().signal(), Some(9), "it ran until it was killed");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

fn is_staging(path: &Path) -> bool {
    name(path).contains('#')
}

/// The same numbers on every machine (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

#[test]
fn aborted_at_every_step_and_killed_at_any_moment_each_call_is_stored_once() {
    let mut day = Day::new();
    for step in Step::ALL {
        for pass in 1..=AT_ONCE {
            let sizes = (0..AT_ONCE).map(|call| if *step == Step::Uploading && call == 0 { LARGE } else { 2_000 });
            sizes.for_each(|size| day.drop_call(size));
            // Each piece of an upload is a pass: these are spread over the large one.
            let pass = if *step == Step::Uploading { pass * PIECES / AT_ONCE } else { pass };
            let status = day.start(Some(AbortAt { step: *step, pass })).ended(&day);
            assert_eq!(status.signal(), Some(6), "{step}, pass {pass}; the log:\n{}", day.site.log());
        }
    }
    let mut random = Random(0x5DEE_CE66_D1CE_5EED);
    let interrupted = day.interrupted();
    for _ in 0..KILLS {
        day.drop_call(if random.below(4) == 0 { LARGE } else { 2_000 });
        let process = day.start(None);
        sleep(Duration::from_millis(30 + random.below(60)));
        day.drop_call(2_000);
        sleep(Duration::from_millis(random.below(120)));
        process.kill();
    }
    let last = day.start(None);
    day.site.wait_for("everything to be stored and moved", || day.is_drained());
    last.kill();
    assert!(day.interrupted() > interrupted, "no kill met any work");
    assert!(day.site.log().contains("uploads that were cut off"), "no upload was cut off: nothing was swept");
    day.recount();
}
