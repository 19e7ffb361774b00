//! `ingest dead-letters`: what could not be used.

use clap::Subcommand;
use connector_core::Clock;
use ingestion_pipeline::{DeadLetterRow, Retried};

use crate::output::{Places, print_json, table};

#[derive(Debug, Subcommand)]
pub(crate) enum DeadLetters {
    /// List them, the oldest first.
    List {
        /// Only of this tenant.
        #[arg(long)]
        tenant: Option<String>,
        /// Only from this source.
        #[arg(long)]
        source: Option<String>,
    },
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

impl DeadLetters {
    pub(crate) async fn carry_out(self, places: &Places, json: bool) -> anyhow::Result<bool> {
        let store = places.open().await?;
        match self {
            Self::List { tenant, source } => {
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
                let Some(letter) = store.dead_letter(id).await? else { return Ok(unknown(id)) };
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
                    all_due &= match store.retry_dead_letter(id, Clock::system().now()).await? {
                        Retried::Due => true,
                        Retried::NotACall => {
                            eprintln!("{id} is no call that was given up: have it sent again, mended");
                            false
                        }
                        Retried::Unknown => unknown(id),
                    };
                }
                Ok(all_due)
            }
            Self::Drop { ids } => {
                let mut all_gone = true;
                for id in ids {
                    let is_gone = store.drop_dead_letter(id).await?;
                    if !is_gone && store.dead_letter(id).await?.is_some() {
                        eprintln!("{id} stays: its file is still to be moved out of the way");
                    } else if !is_gone {
                        unknown(id);
                    }
                    all_gone &= is_gone;
                }
                Ok(all_gone)
            }
        }
    }
}

fn unknown(id: i64) -> bool {
    eprintln!("there is no dead letter {id}");
    false
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
