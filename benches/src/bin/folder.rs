//! Takes a drop folder in: recordings hashed and stored, metadata and messages committed, files moved away.
//!
//! `folder make DIR PAIRS BYTES` makes a tree, `folder take DIR DATA PAIRS` takes it in.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use connector_core::{Clock, Context};
use connector_folder::LocalFolder;
use connector_universal::{DropFolder, DropFolderConfig};
use ingestion_pipeline::{AnalysisQueue, FolderSink, Pipeline, SourceOptions, SqliteLedger, SqliteStore};
use tokio::time::sleep;

/// Recordings with bytes of their own, each with a small metadata file.
fn make(directory: &Path, pairs: usize, bytes: usize) -> anyhow::Result<()> {
    fs::create_dir_all(directory)?;
    let mut recording = vec![0; bytes];
    let mut noise = 0x2545_f491_4f6c_dd1d_u64;
    for number in 0..pairs {
        for chunk in recording.chunks_exact_mut(8) {
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            chunk.copy_from_slice(&noise.to_le_bytes());
        }
        let stem = format!("20261019-{:02}{:02}{:02}_agent{number}", 8 + number / 3600, number / 60 % 60, number % 60);
        fs::write(directory.join(format!("{stem}.wav")), &recording)?;
        let metadata =
            format!(r#"{{"direction":"inbound","duration":"300","customer":"+1202555{:04}"}}"#, number % 10_000);
        fs::write(directory.join(format!("{stem}.json")), metadata)?;
    }
    Ok(())
}

async fn take(directory: &Path, data: &Path, pairs: u64) -> anyhow::Result<()> {
    fs::create_dir_all(data)?;
    let store = SqliteStore::open(data.join("ingest.db")).await?;
    let cx = Context::default().for_source("acme", "drop");
    let ledger = SqliteLedger::new(store.clone(), cx.origin().clone());
    let config = DropFolderConfig::new("UTC").with_settle(Duration::from_millis(200));
    let drop = DropFolder::new(config, LocalFolder::open(directory)?, ledger, &cx)?;
    let queue = AnalysisQueue::new(store.clone(), Clock::system());
    let pipeline = Pipeline::new(store.clone(), FolderSink::open(data.join("objects"))?, queue)
        .source(drop.connector(), SourceOptions::default());
    let all_taken = async {
        loop {
            sleep(Duration::from_millis(50)).await;
            if store.tally().await.is_ok_and(|tally| tally.calls == pairs && tally.open == 0) {
                return;
            }
        }
    };
    println!("{}", pipeline.run(all_taken).await?);
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |text: &str| text.parse::<usize>().context("PAIRS and BYTES are numbers");
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["make", directory, pairs, bytes] => make(directory.as_ref(), number(pairs)?, number(bytes)?),
        ["take", directory, data, pairs] => take(directory.as_ref(), data.as_ref(), number(pairs)? as u64).await,
        _ => bail!("make DIR PAIRS BYTES or take DIR DATA PAIRS"),
    }
}
