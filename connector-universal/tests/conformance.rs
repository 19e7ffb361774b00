//! The drop folder keeps the contract of every connector.
#![cfg(all(feature = "testing", feature = "watch"))]

use std::collections::BTreeSet;
use std::fs;
use std::future::poll_fn;
use std::path::PathBuf;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use connector_core::testing::conformance::{self, BadRows, Fake, Plan, Point, Subject};
use connector_core::testing::{Fault, FaultPlan, Scenario};
use connector_core::{CallEventKind, Connector, Context, Result, Zone};
use connector_folder::{FileLedger, LocalFolder};
use connector_universal::testing::{MisbehavingFolder, Uploader};
use connector_universal::{DropFolder, DropFolderConfig};
use tempfile::TempDir;

/// Between two calls, so that the day can be stopped there.
const PACE: Duration = Duration::from_millis(1);

/// A directory of this machine.
struct LocalDirectory;

#[async_trait]
impl Subject for LocalDirectory {
    async fn start(&self, plan: &Plan) -> Result<Box<dyn Fake>> {
        Ok(Box::new(Upload::new(plan)?))
    }

    fn least_kinds(&self) -> BTreeSet<CallEventKind> {
        [CallEventKind::Ended, CallEventKind::MetadataChanged].into()
    }

    fn faults(&self) -> BTreeSet<Fault> {
        Fault::ALL.iter().copied().collect()
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(20)
    }

    /// Longer than a refused pair, or one of which no word came, takes to be offered again.
    fn quiet(&self) -> Duration {
        Duration::from_millis(1500)
    }
}

/// Somebody who uploads a day into a directory.
struct Upload {
    home: TempDir,
    scenario: Scenario,
    uploader: Uploader,
    expected: Vec<conformance::ExpectedCall>,
    faults: FaultPlan,
    bad_pairs: usize,
}

impl Upload {
    fn new(plan: &Plan) -> Result<Self> {
        let home = tempfile::tempdir()?;
        let inbox = home.path().join("inbox");
        fs::create_dir(&inbox)?;
        for number in 0..plan.bad_rows {
            fs::write(inbox.join(format!("20261019-0600{number:02}_kay.wav")), "RIFF")?;
            fs::write(inbox.join(format!("20261019-0600{number:02}_kay.json")), "[1, 2]")?;
        }
        let uploader = Uploader::new(&inbox, plan.scenario.clone(), Zone::UTC, plan.faults.clone());
        let (scenario, faults) = (plan.scenario.clone(), plan.faults.clone());
        let uploaded: Vec<usize> = uploaded(&scenario).collect();
        let of_index = |(index, call): (usize, connector_universal::testing::UploadedCall)| {
            let first = scenario.calls[index].legs()[0].agent;
            conformance::ExpectedCall::of(&scenario, index, call.conversation).with_agents([first])
        };
        let expected = uploaded.into_iter().zip(uploader.expected()).map(of_index).collect();
        Ok(Self { home, scenario, uploader, expected, faults, bad_pairs: plan.bad_rows })
    }

    fn inbox(&self) -> PathBuf {
        self.home.path().join("inbox")
    }
}

/// The indices of the calls that are uploaded: those that were recorded.
fn uploaded(scenario: &Scenario) -> impl Iterator<Item = usize> {
    scenario.calls.iter().enumerate().filter(|(_, call)| call.recorded).map(|(index, _)| index)
}

#[async_trait]
impl Fake for Upload {
    async fn connect(&self) -> Result<Connector> {
        let config =
            DropFolderConfig::new("UTC").with_settle(Duration::from_millis(300)).with_rescan(Duration::from_millis(50));
        let folder = MisbehavingFolder::new(LocalFolder::open(self.inbox())?, self.faults.clone());
        let ledger = FileLedger::open(self.home.path().join("ledger"))?;
        let cx = Context::default().for_source("acme", "drop");
        Ok(DropFolder::new(config, folder, ledger, &cx)?.connector())
    }

    async fn play(&self, calls: usize) -> Result<()> {
        if calls >= self.scenario.calls.len() {
            return self.uploader.play(PACE).await;
        }
        let enough = uploaded(&self.scenario).filter(|index| *index < calls).count();
        let mut play = pin!(self.uploader.play(PACE));
        poll_fn(|cx| if self.uploader.dropped() >= enough { Poll::Ready(Ok(())) } else { play.as_mut().poll(cx) }).await
    }

    fn expected(&self) -> Vec<conformance::ExpectedCall> {
        self.expected.clone()
    }

    fn rejected(&self) -> BadRows {
        BadRows { events: self.bad_pairs, history: self.bad_pairs, ..BadRows::default() }
    }

    async fn delete_recordings(&self) -> Result<()> {
        for entry in fs::read_dir(self.inbox())? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "wav") {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_drop_folder_keeps_the_contract() {
    let report = conformance::run(&LocalDirectory).await;
    println!("{report}");
    assert!(report.is_ok(), "{report}");
    let not_applicable = [Point::Cursors, Point::HttpRequests, Point::StartUpGap];
    assert_eq!(
        report.not_applicable(),
        not_applicable,
        "a folder needs no cursor, hears no requests, and forgets nothing"
    );
}
