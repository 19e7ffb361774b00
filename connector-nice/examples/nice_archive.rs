//! Archives the recordings of a day into a directory, and can be stopped at any time: started again, it goes on.
//!
//! It needs nothing: without arguments it archives the day of a fake, where downloads are cut and recordings come late, is
//! stopped half way, and goes on. `cargo run -p connector-nice --example nice_archive -- 2026-11-20 archive` archives what
//! ended on that day (UTC) at your tenant, with the credentials in `CXONE_CLIENT_ID`, `CXONE_CLIENT_SECRET`,
//! `CXONE_KEY_ID` and `CXONE_KEY_SECRET`.

use std::path::Path;
use std::time::Duration;

use chrono::{NaiveDate, NaiveTime, TimeDelta};
use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{
    Clock, Context, Conversation, ConversationHistory, HistoryQuery, ListingExt, Lookup, RecordingDownloaderExt,
    Result, Secret,
};
use connector_nice::testing::Fake;
use connector_nice::{NiceConfig, NiceCxone};
use futures_util::TryStreamExt;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(day), Some(directory)) = (arguments.next(), arguments.next()) else { return with_a_fake().await };
    let config = NiceConfig::new(Secret::environment_pair("CXONE_CLIENT"), Secret::environment_pair("CXONE_KEY"));
    archive_day(&NiceCxone::new(config, &Context::default())?, day.parse()?, directory.as_ref()).await
}

/// A day by its date, so that whoever goes on means the same calls.
async fn archive_day(nice: &NiceCxone, day: NaiveDate, directory: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(directory)?;
    for file in std::fs::read_dir(directory)? {
        let file = file?.path();
        if file.extension().is_some_and(|extension| extension == "part") {
            std::fs::remove_file(file)?; // left by a process that was killed
        }
    }
    let from = day.and_time(NaiveTime::MIN).and_utc();
    let query = HistoryQuery::between(from, from + TimeDelta::days(1));
    let mut calls: Vec<_> = nice.history().ended(query).items(|row| eprintln!("left out: {row}")).try_collect().await?;
    while !calls.is_empty() {
        let (mut later, mut soonest) = (Vec::new(), Duration::MAX);
        for call in calls {
            match archive(nice, &call, directory).await {
                Ok(None) => {}
                Ok(Some(wait)) => {
                    soonest = soonest.min(wait);
                    later.push(call); // not all of it is there yet
                }
                Err(error) => eprintln!("{}: {error}", call.this), // one call's trouble is one call's trouble
            }
        }
        if !later.is_empty() {
            tokio::time::sleep(soonest).await;
        }
        calls = later;
    }
    Ok(())
}

async fn archive(nice: &NiceCxone, call: &Conversation, directory: &Path) -> Result<Option<Duration>> {
    let set = nice.recordings().of(call).await?;
    for recording in &set.items {
        let file = directory.join(recording.file_name()); // safe on every file system, unique in the source
        if file.exists() {
            continue; // under its own name it is whole
        }
        match nice.recordings().save(recording, &file).await? {
            Lookup::Ready(saved) => println!("{} {} bytes, {} cuts", file.display(), saved.size, saved.resumed),
            Lookup::NotReady { retry_after } => return Ok(Some(retry_after)),
            Lookup::Gone(why) => println!("{}: {why}", call.this),
        }
    }
    Ok(set.outlook.retry_after())
}

async fn with_a_fake() -> anyhow::Result<()> {
    let day = Scenario::small(7);
    let fake = Fake::start(&day, FaultPlan::none().cut_downloads(3).delay_recordings(2)).await?;
    let config = fake.config().with_recording_waits([Duration::from_millis(50)]);
    let clock = Clock::starting_at(day.starts + TimeDelta::hours(12));
    let nice = NiceCxone::new(config, &Context::default().with_clock(clock))?;
    let home = tempfile::tempdir()?;
    let files = || std::fs::read_dir(home.path()).map(Iterator::count);

    let half = async {
        while files()? < day.recording_hashes().len() / 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        anyhow::Ok(())
    };
    tokio::select! {
        done = archive_day(&nice, day.starts.date_naive(), home.path()) => done,
        stopped = half => stopped,
    }?;
    println!("stopped after {} files, and started again", files()?);
    archive_day(&nice, day.starts.date_naive(), home.path()).await?;
    anyhow::ensure!(files()? == day.recording_hashes().len(), "{} files", files()?);
    anyhow::ensure!(fake.faults().unfired().is_empty(), "{:?}", fake.faults().unfired());
    Ok(())
}
