//! Prints every call that is dropped into a folder.
//!
//! It needs nothing: somebody uploads a dozen calls into a temporary directory meanwhile. Run it with
//! `cargo run -p connector-universal --example drop_folder`.

use std::time::Duration;

use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{Context, EventSource, Item, SourceItem, SubscribeRequest, Watch};
use connector_folder::{FileLedger, LocalFolder};
use connector_universal::testing::Uploader;
use connector_universal::{DropFolder, DropFolderConfig};
use futures_util::TryStreamExt;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let (drop, ledger) = (home.path().join("drop"), home.path().join("taken.ledger"));
    std::fs::create_dir(&drop)?;

    let folder = LocalFolder::open(&drop)?; // or SftpFolder, S3Folder
    let config = DropFolderConfig::new("Europe/Berlin");
    let calls = DropFolder::new(config, folder, FileLedger::open(ledger)?, &Context::default())?;
    let mut events = calls.events().deliveries(SubscribeRequest::new(Watch::everyone()));

    let uploader = Uploader::new(&drop, Scenario::small(7), "Europe/Berlin".parse()?, FaultPlan::none());
    let mut left = uploader.expected().len();
    tokio::spawn(async move { uploader.play(Duration::from_millis(100)).await });

    // Each event brings its metadata and its recording's place.
    while let Some(item) = events.try_next().await? {
        match item {
            SourceItem::Status(status) => eprintln!("{status}"),
            SourceItem::Delivery(delivery) => {
                for item in &delivery.items {
                    match item {
                        Item::Event(event) => println!("{} {}", event.at, event.conversation),
                        Item::Gap(gap) => eprintln!("nothing was heard from {} to {}", gap.from, gap.to),
                        Item::Rejected(row) => eprintln!("could not read: {row}"),
                        _ => {}
                    }
                }
                left = left.saturating_sub(delivery.items.len());
                delivery.ack.accept().await?; // what is not accepted comes again
            }
            _ => {}
        }
        if left == 0 {
            break; // the uploads of the day are over; a real folder goes on
        }
    }
    Ok(())
}
