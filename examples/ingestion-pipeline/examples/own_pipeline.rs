//! An own pipeline: a drop folder in, recordings in a directory, metadata in memory, and a word to the next program.
//!
//! It needs nothing: somebody uploads a dozen calls into a temporary directory meanwhile, and it ends once they are stored.
//! Run it with `cargo run --example own_pipeline`.

use std::time::Duration;

use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{Context, Watch};
use connector_folder::{LocalFolder, MemoryLedger};
use connector_universal::testing::Uploader;
use connector_universal::{DropFolder, DropFolderConfig};
use ingestion_pipeline::{FolderSink, MemoryStore, Message, Pipeline, SourceOptions};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let (inbox, objects) = (home.path().join("inbox"), home.path().join("objects"));
    std::fs::create_dir(&inbox)?;

    let uploader = Uploader::new(&inbox, Scenario::small(7), "Europe/Berlin".parse()?, FaultPlan::none());
    let calls = uploader.expected().len();
    tokio::spawn(async move { uploader.play(Duration::from_millis(100)).await });

    let context = Context::default().for_source("acme", "drop");
    let config = DropFolderConfig::new("Europe/Berlin");
    let drop = DropFolder::new(config, LocalFolder::open(&inbox)?, MemoryLedger::default(), &context)?;

    let store = MemoryStore::new(); // or SqliteStore, or your own
    let stored = store.clone();
    let all_stored = async move {
        while stored.calls().len() < calls {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let to_analysis = |message: Message| async move {
        println!("ready for analysis: {}", message.conversation);
        Ok(())
    };
    let report = Pipeline::new(store, FolderSink::open(objects)?, to_analysis)
        .source(drop.connector(), SourceOptions::default().watch(Watch::everyone()))
        .run(async {
            tokio::select! {
                () = all_stored => {} // a pipeline of yours waits for the signal alone
                _ = tokio::signal::ctrl_c() => {}
            }
        })
        .await?;
    println!("{report}");
    Ok(())
}
