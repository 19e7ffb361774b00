//! The tests that a user of this crate writes.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use connector_core::testing::{Fault, FaultPlan, Scenario};
use connector_core::{Context, ConversationHistory, HistoryQuery, ListingExt, Lookup, RecordingDownloaderExt};
use connector_nice::NiceCxone;
use connector_nice::testing::Fake;
use futures_util::TryStreamExt;

/// What a user's program does: saves the recordings of a day. Their hashes.
async fn archive_everything(nice: &NiceCxone, day: &Scenario) -> anyhow::Result<BTreeSet<String>> {
    let archive = tempfile::tempdir()?;
    let query = HistoryQuery::between(day.starts, day.starts + TimeDelta::days(1));
    let mut calls = nice.history().ended(query).items(|row| panic!("left out: {row}"));
    let mut hashes = BTreeSet::new();
    while let Some(call) = calls.try_next().await? {
        for recording in nice.recordings().of(&call).await?.items {
            let file = archive.path().join(recording.file_name());
            match nice.recordings().save(&recording, &file).await? {
                Lookup::Ready(saved) => drop(hashes.insert(saved.sha256)),
                other => anyhow::bail!("{other:?}"),
            }
        }
    }
    Ok(hashes)
}

#[tokio::test]
async fn the_archive_is_whole_though_every_download_is_cut() -> anyhow::Result<()> {
    let day = Scenario::small(7);
    let fake = Fake::start(&day, FaultPlan::none().cut_downloads(day.recording_hashes().len())).await?;
    let nice = NiceCxone::new(fake.config(), &Context::default())?;
    assert_eq!(archive_everything(&nice, &day).await?, day.recording_hashes());
    assert!(fake.faults().fired(Fault::CutDownload) > 3 && fake.faults().unfired().is_empty());
    Ok(())
}

#[tokio::test]
async fn throttling_is_waited_out() -> anyhow::Result<()> {
    use wiremock::matchers::path;
    use wiremock::{Mock, MockServer, ResponseTemplate};

    let (day, server) = (Scenario::small(7), MockServer::start().await);
    // What is mounted first goes first.
    let busy = ResponseTemplate::new(429).insert_header("retry-after", "1");
    let throttled = Mock::given(path("/media-playback/v1/contacts")).respond_with(busy).up_to_n_times(1).expect(1);
    throttled.mount(&server).await;
    connector_nice::testing::mount(&server, &day).await;
    let nice = NiceCxone::new(connector_nice::testing::config(&server), &Context::default())?;
    assert_eq!(archive_everything(&nice, &day).await?, day.recording_hashes());
    server.verify().await;
    Ok(())
}
