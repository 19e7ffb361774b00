//! Archives the recordings of a day.
//!
//! It needs nothing: without arguments it archives the day of a fake, whose downloads are cut, into a temporary
//! directory. `cargo run -p connector-genesys --example genesys_download -- usw2 archive` archives the last 24 hours of your
//! organisation, which lives in the region `usw2`, into that directory, with the OAuth client in `GENESYS_CLIENT_ID` and
//! `GENESYS_CLIENT_SECRET`.

use std::path::Path;
use std::time::Duration;

use chrono::TimeDelta;
use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{
    Context, Conversation, ConversationHistory, HistoryQuery, ListingExt, Lookup, RecordingDownloaderExt, Result,
    Secret,
};
use connector_genesys::testing::Fake;
use connector_genesys::{Genesys, GenesysConfig};
use futures_util::TryStreamExt;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let day = Scenario::small(7);
    let fake = Fake::start(&day, FaultPlan::none().cut_downloads(3)).await?;
    let home = tempfile::tempdir()?;
    let mut arguments = std::env::args().skip(1);
    let (config, query, archive_in) = match (arguments.next(), arguments.next()) {
        (Some(region), Some(directory)) => {
            let config = GenesysConfig::new(region.parse()?, Secret::environment_pair("GENESYS_CLIENT"));
            (config, HistoryQuery::last_day(), directory.into())
        }
        _ => {
            let query = HistoryQuery::between(day.starts, day.starts + TimeDelta::days(1));
            (fake.config(), query, home.path().to_owned())
        }
    };
    std::fs::create_dir_all(&archive_in)?;
    let genesys = Genesys::new(config, &Context::default())?;

    let mut later = Vec::new();
    let mut calls = genesys.history().ended(query).items(|row| eprintln!("left out: {row}"));
    while let Some(call) = calls.try_next().await? {
        match archive(&genesys, &call, &archive_in).await {
            Ok(None) => {}
            Ok(Some(wait)) => later.push((wait, call)), // not all of it is there yet
            Err(error) => eprintln!("{}: {error}", call.this), // one call's trouble is one call's trouble
        }
    }
    for (wait, call) in later {
        println!("{}: again in {} s", call.this, wait.as_secs());
    }
    Ok(())
}

async fn archive(genesys: &Genesys, call: &Conversation, directory: &Path) -> Result<Option<Duration>> {
    let set = genesys.recordings().of(call).await?;
    for recording in &set.items {
        let file = directory.join(recording.file_name()); // safe on every file system, unique in the source
        // whole, resumed, verified, renamed into place
        match genesys.recordings().save(recording, &file).await? {
            Lookup::Ready(saved) => println!("{} {} bytes, sha256 {}", file.display(), saved.size, saved.sha256),
            Lookup::NotReady { retry_after } => return Ok(Some(retry_after)),
            Lookup::Gone(why) => println!("{}: {why}", call.this),
        }
    }
    Ok(set.outlook.retry_after())
}
