//! Names and contents that mean harm, in a real directory; and what the logs of all that say.
#![cfg(unix)]

mod common;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use connector_core::testing::Log;
use connector_core::{Context, EventSource, Item, SubscribeRequest, Watch};
use connector_folder::{LocalFolder, MemoryLedger};
use connector_universal::{DropFolder, DropFolderConfig};
use tempfile::TempDir;
use tracing::Level;

use common::{Hearing, JSON, outcome_of, told};

/// A source over a directory, quick enough for real time.
struct Local {
    home: TempDir,
    calls: DropFolder,
}

impl Local {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("drop")).unwrap();
        let config = DropFolderConfig::new("UTC")
            .with_settle(Duration::from_millis(100))
            .with_rescan(Duration::from_millis(100));
        let folder = LocalFolder::open(home.path().join("drop")).unwrap();
        let cx = Context::default().for_source("acme", "drop");
        let calls = DropFolder::new(config, folder, MemoryLedger::new(), &cx).unwrap();
        Self { home, calls }
    }

    fn put(&self, name: impl AsRef<Path>, content: &str) {
        fs::write(self.home.path().join("drop").join(name), content).unwrap();
    }

    fn has(&self, name: &str) -> bool {
        self.home.path().join("drop").join(name).exists()
    }

    fn listen(&self) -> Hearing {
        let events = self.calls.events().deliveries(SubscribeRequest::new(Watch::everyone()));
        Hearing { events, statuses: Vec::new() }
    }

    /// All that comes until nothing comes for a while, accepted and settled.
    async fn all(&self) -> Vec<Item> {
        let mut hearing = self.listen();
        let mut all = Vec::new();
        while let Some(delivery) = hearing.delivery_within(Duration::from_millis(1500)).await {
            delivery.ack.accept().await.unwrap();
            for item in &delivery.items {
                self.settle(item).await;
            }
            all.extend(delivery.items);
        }
        all
    }

    async fn settle(&self, item: &Item) {
        use connector_core::{Outcome, SettleOptions, Settler};
        let (receipt, outcome) = match item {
            Item::Event(event) => (event.receipt.as_ref(), Outcome::Stored),
            Item::Rejected(rejected) => (rejected.receipt.as_ref(), outcome_of(rejected)),
            other => panic!("{other:?}"),
        };
        if let Some(receipt) = receipt {
            self.calls.settler().settle(receipt, outcome, SettleOptions::default()).await.unwrap();
        }
    }

    fn left(&self) -> usize {
        let entries = fs::read_dir(self.home.path().join("drop")).unwrap();
        entries.filter(|entry| !entry.as_ref().unwrap().file_type().unwrap().is_dir()).count()
    }
}

#[tokio::test]
async fn names_that_mean_harm_are_rejected_and_put_away() {
    let local = Local::new();
    for name in [
        "20261102-091500_..wav",
        "20261102-091501_....wav",
        "20261102-091502_kay\u{7}.wav",
        "20261102-091503_\u{1b}[31mkay.wav",
        "-rf.wav",
        "$(reboot).wav",
        "con",
        "20261102-091504_kay.wav.exe",
    ] {
        local.put(name, "RIFF");
    }
    let items = local.all().await;
    assert_eq!(items.len(), 8, "{}", told(&items));
    for item in &items {
        let Item::Rejected(rejected) = item else { panic!("{}", told(&items)) };
        assert_eq!(rejected.reason, "bad_file_name");
        assert!(!rejected.to_string().contains("kay") && !rejected.to_string().contains('\u{1b}'), "{rejected}");
    }
    assert_eq!(local.left(), 0);
}

#[tokio::test]
async fn names_that_cannot_be_spoken_of_are_told_and_stay() {
    let local = Local::new();
    local.put("20261102-091500_kay\nlind.wav", "RIFF");
    local.put("20261102-091501_kay\\lind.wav", "RIFF");
    local.put(OsStr::from_bytes(b"20261102-091502_k\xffy.wav"), "RIFF");
    let items = local.all().await;
    let mut rejected: Vec<String> = items
        .into_iter()
        .map(common::rejected)
        .map(|rejected| format!("{} {}", rejected.reason, rejected.what))
        .collect();
    rejected.sort();
    assert_eq!(
        rejected,
        [
            "unreadable_name 20261102-091500_•••.wav",
            "unreadable_name 20261102-091501_•••.wav",
            "unreadable_name 20261102-091502_•••.wav",
        ]
    );
    assert_eq!(local.left(), 3);
}

#[tokio::test]
async fn names_as_long_as_they_can_be_are_taken_and_rejected_like_others() {
    let local = Local::new();
    let (good, bad) = (format!("20261102-091500_{}", "k".repeat(234)), format!("2026_{}", "é".repeat(122)));
    local.put(format!("{good}.json"), JSON);
    local.put(format!("{good}k.wav"), "RIFF");
    local.put(format!("{good}k.xml"), "<call><a>1</a></call>");
    local.put(format!("{bad}.wav"), "RIFF");
    local.put(format!("{bad}.yml"), "a: 1");
    let items = local.all().await;
    assert_eq!(told(&items), format!("ended {good}k, rejected bad_file_name"));
    assert_eq!(local.left(), 1, "only the sidecar whose recording has not come");
    local.put(format!("{good}k.wav"), "RIFF, once more");
    local.put(format!("{good}k.xml"), "<call><a>1</a></call>");
    local.all().await;
    assert_eq!(local.left(), 1, "also where the name is taken already");
}

#[tokio::test]
async fn a_sidecar_of_a_gigabyte_is_not_read() {
    let local = Local::new();
    local.put("20261102-091500_kay.wav", "RIFF");
    let sidecar = File::create(local.home.path().join("drop/20261102-091500_kay.json")).unwrap();
    sidecar.set_len(1 << 30).unwrap();
    drop(sidecar);
    let started = tokio::time::Instant::now();
    let items = local.all().await;
    assert_eq!(told(&items), "rejected sidecar_too_large");
    assert!(started.elapsed() < Duration::from_secs(20));
    assert!(local.has("20261102-091500_kay.wav"));
}

#[tokio::test]
async fn links_pipes_and_directories_are_not_files() {
    let local = Local::new();
    let secret = local.home.path().join("secret.json");
    fs::write(&secret, r#"{"contact_name": "nobody's business"}"#).unwrap();
    let drop = local.home.path().join("drop");
    local.put("20261102-091500_kay.wav", "RIFF");
    symlink(&secret, drop.join("20261102-091500_kay.json")).unwrap();
    symlink("/dev/zero", drop.join("20261102-091501_kay.wav")).unwrap();
    fs::create_dir(drop.join("20261102-091502_kay.wav")).unwrap();
    assert_eq!(told(&local.all().await), "");

    // The link is replaced by a file, and then by a link again before the file is settled.
    fs::remove_file(drop.join("20261102-091500_kay.json")).unwrap();
    local.put("20261102-091500_kay.json", JSON);
    let mut hearing = local.listen();
    let item = hearing.item().await;
    fs::remove_file(drop.join("20261102-091500_kay.json")).unwrap();
    symlink(&secret, drop.join("20261102-091500_kay.json")).unwrap();
    local.settle(&item).await;
    assert!(secret.exists() && local.has("20261102-091500_kay.json") && !local.has("20261102-091500_kay.wav"));
}

#[tokio::test]
async fn a_link_in_place_of_the_directory_for_stored_files_is_not_followed() {
    let local = Local::new();
    let elsewhere = tempfile::tempdir().unwrap();
    symlink(elsewhere.path(), local.home.path().join("drop/processed")).unwrap();
    local.put("20261102-091500_kay.wav", "RIFF");
    local.put("20261102-091500_kay.json", JSON);
    let mut hearing = local.listen();
    let event = hearing.event().await;
    use connector_core::{Outcome, SettleOptions, Settler};
    let settled =
        local.calls.settler().settle(event.receipt.as_ref().unwrap(), Outcome::Stored, SettleOptions::default()).await;
    assert!(settled.unwrap_err().is_forbidden());
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

/// Everything that was logged, and everything that statuses and rejections say, names nobody.
#[tokio::test]
async fn no_log_of_a_whole_run_names_anybody() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(Level::TRACE).with_writer(move || writer.clone()).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let local = Local::new();
    local.put("20261102-091500_kaylind.wav", "RIFF");
    local.put("20261102-091500_kaylind.json", r#"{"contact_name": "Ife Novak", "caller_id": "+15550100142"}"#);
    local.put("20261102-091501_kaylind.wav", "RIFF");
    local.put("20261102-091501_kaylind.json", r#"{"contact_name": ["Ife Novak"], "caller_id": "+15550100142"}"#);
    local.put("20261102-091502_kaylind.wav", "RIFF");
    local.put("20261102-091502_kaylind.yml", "caller_id: *x15550100142");
    local.put("20261302-091503_kaylind.wav", "RIFF");
    local.put("kaylind+15550100142", "RIFF");
    local.put("20261102-091504_kaylind\n.wav", "RIFF");
    // Nobody may read this one.
    local.put("20261102-091505_kaylind.wav", "RIFF");
    local.put("20261102-091505_kaylind.xml", "<call><caller_id>+15550100142</caller_id></call>");
    let unreadable = local.home.path().join("drop/20261102-091505_kaylind.xml");
    fs::set_permissions(&unreadable, std::os::unix::fs::PermissionsExt::from_mode(0o0)).unwrap();
    let items = local.all().await;
    let rejections = items.iter().filter_map(|item| match item {
        Item::Rejected(rejected) => Some(format!("{rejected} {rejected:?}\n")),
        _ => None,
    });
    let mut said: String = rejections.collect();
    assert!(said.lines().count() > 4, "{said}");
    // A new version under our hands, and a folder that goes away.
    let mut hearing = local.listen();
    hearing.delivery_within(Duration::from_millis(300)).await;
    fs::rename(local.home.path().join("drop"), local.home.path().join("gone")).unwrap();
    hearing.delivery_within(Duration::from_millis(1500)).await;
    said += &format!("{:?} {:?}", hearing.statuses, local.calls);
    drop(guard);
    let logged = log.take();
    assert!(logged.contains("moved to processed/") && logged.contains("_•••.wav"), "there is a log at all: {logged}");
    assert!(hearing.statuses.len() > 1, "{:?}", hearing.statuses);
    for secret in ["kaylind", "Ife", "Novak", "5550100142"] {
        assert!(!logged.contains(secret), "{logged}");
        assert!(!said.contains(secret), "{said}");
    }
}
