//! `ingest analysis`: the queue, for the next program.

use std::time::Duration;

use clap::Subcommand;
use connector_core::Clock;
use ingestion_pipeline::{AnalysisQueue, TakenMessage};
use serde::Serialize;

use crate::output::{print_json, table};
use crate::places::Places;

#[derive(Debug, Subcommand)]
pub(crate) enum Analysis {
    /// Take messages, the oldest first. A message that is not done in time comes again.
    Take {
        /// At most so many.
        #[arg(long, default_value_t = 1)]
        limit: usize,
        /// How long they are given to nobody else.
        #[arg(long = "for", default_value = "10m", value_parser = humantime::parse_duration, value_name = "TIME")]
        length: Duration,
    },
    /// Say that messages are done.
    Done {
        /// Their keys.
        #[arg(required = true)]
        keys: Vec<String>,
    },
}

/// A message that somebody is done with: a line of `ingest analysis done --json`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Finished {
    /// The key of the message.
    pub(crate) key: String,
    /// Whether such a message was waiting; it waits no longer.
    pub(crate) done: bool,
}

impl Analysis {
    pub(crate) async fn carry_out(self, places: &Places, json: bool) -> anyhow::Result<bool> {
        let queue = AnalysisQueue::new(places.open().await?, Clock::system());
        match self {
            Self::Take { limit, length } => {
                let taken = queue.take(limit, length).await?;
                if json {
                    taken.iter().try_for_each(|taken| print_json(&taken.message))?;
                } else if taken.is_empty() {
                    println!("nothing waits");
                } else {
                    println!("{}", shown(&taken));
                }
                Ok(true)
            }
            Self::Done { keys } => {
                let mut all_known = true;
                for key in keys {
                    let done = queue.done(&key).await?;
                    if json {
                        print_json(&Finished { key, done })?;
                    } else if !done {
                        eprintln!("{key}: no such message waits");
                    }
                    all_known &= done;
                }
                Ok(all_known)
            }
        }
    }
}

fn shown(taken: &[TakenMessage]) -> String {
    let row = |taken: &TakenMessage| {
        let message = &taken.message;
        vec![
            message.key.clone(),
            message.media.as_str().to_owned(),
            message.recordings.len().to_string(),
            taken.taken.to_string(),
        ]
    };
    table(&["message", "media", "recordings", "taken"], taken.iter().map(row).collect(), 2)
}
