//! `ingest dead-letters`: what could not be used.

use clap::Subcommand;
use connector_core::Clock;
use ingestion_pipeline::{DeadLetterRow, Retried};
use serde::Serialize;

use crate::output::{print_json, table};
use crate::places::Places;
use crate::sources::Meant;

#[derive(Debug, Subcommand)]
pub(crate) enum DeadLetters {
    /// List them, the oldest first.
    List(Meant),
    /// Show one whole.
    Show {
        /// Its number.
        id: i64,
    },
    /// Work on a call that was given up once more.
    Retry {
        /// Their numbers.
        #[arg(required = true)]
        ids: Vec<i64>,
    },
    /// Forget them.
    Drop {
        /// Their numbers.
        #[arg(required = true)]
        ids: Vec<i64>,
    },
}

const UNKNOWN: &str = "there is no such dead letter";

/// What became of a dead letter: a line of `ingest dead-letters retry --json` and `ingest dead-letters drop --json`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct SeenTo {
    /// Its number.
    pub(crate) id: i64,
    /// Whether it was done.
    pub(crate) done: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
}

impl SeenTo {
    pub(crate) fn not(id: i64, why: &str) -> Self {
        Self { id, done: false, why: Some(why.to_owned()) }
    }

    /// Says so, and returns whether it was done.
    fn tell(&self, json: bool) -> anyhow::Result<bool> {
        if json {
            print_json(self)?;
        } else if let Some(why) = &self.why {
            eprintln!("{}: {why}", self.id);
        }
        Ok(self.done)
    }
}

impl DeadLetters {
    pub(crate) async fn carry_out(self, places: &Places, json: bool) -> anyhow::Result<bool> {
        let store = places.open().await?;
        match self {
            Self::List(Meant { tenant, source }) => {
                let letters = store.dead_letters(tenant.as_deref(), source.as_deref()).await?;
                if json {
                    letters.iter().try_for_each(print_json)?;
                } else if letters.is_empty() {
                    println!("there are no dead letters");
                } else {
                    println!("{}", listed(&letters));
                }
                Ok(true)
            }
            Self::Show { id } => {
                let Some(letter) = store.dead_letter(id).await? else {
                    eprintln!("{id}: {UNKNOWN}");
                    return Ok(false);
                };
                if json {
                    print_json(&letter)?;
                } else {
                    println!("{}", shown(&letter));
                }
                Ok(true)
            }
            Self::Retry { ids } => {
                let mut all_due = true;
                for id in ids {
                    let seen = match store.retry_dead_letter(id, Clock::system().now()).await? {
                        Retried::Due => SeenTo { id, done: true, why: None },
                        Retried::NotACall => {
                            SeenTo::not(id, "it is no call that was given up: have it sent again, mended")
                        }
                        Retried::Unknown => SeenTo::not(id, UNKNOWN),
                    };
                    all_due &= seen.tell(json)?;
                }
                Ok(all_due)
            }
            Self::Drop { ids } => {
                let mut all_gone = true;
                for id in ids {
                    let seen = if store.drop_dead_letter(id).await? {
                        SeenTo { id, done: true, why: None }
                    } else if store.dead_letter(id).await?.is_some() {
                        SeenTo::not(id, "it stays: its file is still to be moved out of the way")
                    } else {
                        SeenTo::not(id, UNKNOWN)
                    };
                    all_gone &= seen.tell(json)?;
                }
                Ok(all_gone)
            }
        }
    }
}

fn listed(letters: &[DeadLetterRow]) -> String {
    let row = |letter: &DeadLetterRow| {
        vec![
            letter.id.to_string(),
            letter.received.clone(),
            format!("{}/{}", letter.tenant, letter.source),
            letter.conversation.clone().unwrap_or_else(|| letter.what.clone()),
            letter
                .place
                .as_ref()
                .map_or_else(|| letter.reason.clone(), |place| format!("{} at {place}", letter.reason)),
        ]
    };
    table(&["id", "received", "source", "what", "reason"], letters.iter().map(row).collect(), usize::MAX)
}

fn shown(letter: &DeadLetterRow) -> String {
    let what = letter.conversation.as_ref().map_or_else(|| letter.what.clone(), |id| format!("call {id}"));
    let place = letter.place.as_ref().map(|place| format!(" at {place}")).unwrap_or_default();
    let next = match (&letter.conversation, &letter.settled) {
        (Some(_), _) => format!("to try again: ingest dead-letters retry {}", letter.id),
        (None, Some(at)) => format!("its source was told at {at}"),
        (None, None) => "its source has not been told yet".to_owned(),
    };
    format!(
        "{what} of {}/{}, received {}\n  {}{place}\n  {}\n  {next}",
        letter.tenant, letter.source, letter.received, letter.reason, letter.detail
    )
}
