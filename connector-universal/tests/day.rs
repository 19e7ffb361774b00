//! A whole day in a real directory: uploads with faults, a restart in the middle, refused deliveries, cut downloads.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use connector_core::testing::{Fault, FaultPlan, Scenario};
use connector_core::{
    CallEvent, CallEventKind, Context, EventSource, Item, Lookup, Outcome, RecordingDownloader, RecordingDownloaderExt,
    Refusal, ResumeOptions, SettleOptions, Settler, SourceItem, SubscribeRequest, Watch,
};
use connector_folder::{FileLedger, LocalFolder};
use connector_universal::testing::{MisbehavingFolder, Uploader};
use connector_universal::{DropFolder, DropFolderConfig};
use futures_util::TryStreamExt;
use futures_util::future::join_all;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

/// Somebody who stores calls, and what survives when the program ends.
struct Store {
    home: TempDir,
    faults: FaultPlan,
    /// Accepted, but neither fetched nor settled yet.
    pending: Vec<CallEvent>,
    /// Agent, start, end and hash of the recording, by conversation.
    stored: BTreeMap<String, [String; 4]>,
    /// How often the end of each call was heard and accepted.
    heard: BTreeMap<String, usize>,
    deliveries: usize,
}

impl Store {
    fn new(faults: FaultPlan) -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("drop")).unwrap();
        Self { home, faults, pending: Vec::new(), stored: BTreeMap::new(), heard: BTreeMap::new(), deliveries: 0 }
    }

    fn drop_folder(&self) -> PathBuf {
        self.home.path().join("drop")
    }

    fn left_behind(&self) -> BTreeSet<String> {
        let entries = std::fs::read_dir(self.drop_folder()).unwrap().map(Result::unwrap);
        entries.filter(|entry| entry.path().is_file()).map(|entry| entry.file_name().into_string().unwrap()).collect()
    }

    fn open(&self) -> DropFolder {
        let folder = LocalFolder::open(self.drop_folder()).unwrap();
        let folder = MisbehavingFolder::new(folder, self.faults.clone());
        let config = DropFolderConfig::new("Europe/Berlin")
            .with_settle(Duration::from_millis(700))
            .with_rescan(Duration::from_millis(250));
        let ledger = FileLedger::open(self.home.path().join("taken.ledger")).unwrap();
        DropFolder::new(config, folder, ledger, &Context::default()).unwrap()
    }

    /// Listens until all is uploaded and the folder is empty. With `ends_after`, the program ends after so many accepted
    /// deliveries, before anything of the last one is fetched or settled.
    async fn run(&mut self, uploader: &Uploader, ends_after: Option<usize>) {
        let calls = self.open();
        self.work_off(&calls).await;
        let mut events = calls.events().deliveries(SubscribeRequest::new(Watch::everyone()));
        let (mut accepted, all) = (0, uploader.expected().len());
        loop {
            let item = match timeout(Duration::from_millis(1200), events.try_next()).await {
                Ok(item) => item.unwrap().expect("the stream goes on"),
                Err(_) if uploader.dropped() == all && self.left_behind().is_empty() => return,
                Err(_) => continue,
            };
            let SourceItem::Delivery(delivery) = item else { continue };
            self.deliveries += 1;
            if self.deliveries % 4 == 2 {
                delivery.ack.refuse(Refusal::NotStored);
                continue;
            }
            delivery.ack.accept().await.unwrap();
            self.pending.extend(delivery.items.into_iter().map(|item| match item {
                Item::Event(event) => event,
                other => panic!("{other:?}"),
            }));
            accepted += 1;
            if ends_after == Some(accepted) {
                return;
            }
            self.work_off(&calls).await;
        }
    }

    /// Fetches and settles what was accepted.
    async fn work_off(&mut self, calls: &DropFolder) {
        for event in std::mem::take(&mut self.pending) {
            if event.kind == CallEventKind::Ended {
                *self.heard.entry(event.conversation.id.clone()).or_default() += 1;
                self.fetch(calls, &event).await;
            }
            let receipt = event.receipt.as_ref().unwrap();
            calls.settler().settle(receipt, Outcome::Stored, SettleOptions::default()).await.unwrap();
        }
    }

    async fn fetch(&mut self, calls: &DropFolder, event: &CallEvent) {
        let call = event.facts.as_deref().unwrap();
        let job: Arc<dyn RecordingDownloader> = Arc::new(calls.recordings());
        let found = job.whole(&call.recordings[0], ResumeOptions::default()).await.unwrap();
        let Lookup::Ready(mut download) = found else { panic!("the recording is gone") };
        let mut hash = Sha256::new();
        while let Some(piece) = download.bytes.try_next().await.unwrap() {
            hash.update(&piece);
        }
        let [started, ended] = [call.started, call.ended].map(|time| time.unwrap().at.to_rfc3339());
        let agent = event.agent.as_ref().unwrap().reveal().to_owned();
        let entry = [agent, started, ended, hex::encode(hash.finalize())];
        let before = self.stored.insert(event.conversation.id.clone(), entry.clone());
        assert!(before.is_none_or(|before| before == entry), "what comes again says the same");
    }
}

async fn a_day(number: u64, faults: FaultPlan) -> (Store, Uploader) {
    let mut store = Store::new(faults.clone());
    let zone = "Europe/Berlin".parse().unwrap();
    let uploader = Uploader::new(store.drop_folder(), Scenario::small(number), zone, faults.clone());
    let day = async {
        if (0..4).any(|_| faults.fire(Fault::Restart)) {
            store.run(&uploader, Some(3)).await;
        }
        store.run(&uploader, None).await;
    };
    let uploads = async {
        // Given up once on the way.
        let first = timeout(Duration::from_millis(120), uploader.play(Duration::from_millis(25))).await;
        assert!(first.is_err(), "the day is longer");
        sleep(Duration::from_millis(100)).await;
        uploader.play(Duration::from_millis(25)).await.unwrap();
    };
    timeout(Duration::from_secs(60), async { tokio::join!(day, uploads) }).await.expect("the day comes to an end");
    (store, uploader)
}

fn check(store: &Store, uploader: &Uploader) {
    let expected: BTreeMap<String, [String; 4]> = uploader
        .expected()
        .into_iter()
        .map(|call| (call.conversation, [call.agent, call.started.to_rfc3339(), call.ended.to_rfc3339(), call.sha256]))
        .collect();
    assert_eq!(store.stored, expected);
    assert_eq!(store.left_behind(), BTreeSet::new());
    assert!(!store.drop_folder().join("rejected").exists());
}

#[tokio::test]
async fn a_day_without_faults_is_heard_once() {
    let (store, uploader) = a_day(7, FaultPlan::none()).await;
    check(&store, &uploader);
    assert!(store.heard.values().all(|times| *times == 1), "{:?}", store.heard.values());
}

#[tokio::test]
async fn a_day_with_every_fault_comes_out_the_same() {
    let days = (1..5).map(|number| async move {
        let faults = FaultPlan::all(number);
        let (store, uploader) = a_day(number, faults.clone()).await;
        (number, faults, store, uploader)
    });
    for (number, faults, store, uploader) in join_all(days).await {
        check(&store, &uploader);
        // Without a watch there are no words that could be lost.
        let words = |(fault, _): &(Fault, usize)| cfg!(feature = "watch") || *fault != Fault::LostEvent;
        assert_eq!(faults.unfired().into_iter().filter(words).collect::<Vec<_>>(), [], "day {number}");
        let repeated: usize = store.heard.values().map(|times| times - 1).sum();
        assert_eq!(repeated, faults.fired(Fault::Duplicate), "only what was uploaded again is heard again");
    }
}
