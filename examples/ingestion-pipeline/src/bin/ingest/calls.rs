//! `ingest calls`: what is stored.

use chrono::{DateTime, Utc};
use clap::Args;
use ingestion_pipeline::{CallFilter, CallRow};

use crate::output::{length, print_json, table};
use crate::places::Places;
use crate::sources::Meant;

#[derive(Debug, Args)]
pub(crate) struct Calls {
    #[command(flatten)]
    meant: Meant,
    /// Only calls that started at this time or later, such as 2026-10-19T00:00:00Z.
    #[arg(long)]
    since: Option<DateTime<Utc>>,
    /// At most so many, the latest first.
    #[arg(long, default_value_t = 50)]
    limit: u32,
}

impl Calls {
    pub(crate) async fn carry_out(self, places: &Places, json: bool) -> anyhow::Result<bool> {
        let Meant { tenant, source } = self.meant;
        let filter = CallFilter { tenant, source, since: self.since, limit: Some(self.limit) };
        let calls = places.open().await?.calls(&filter).await?;
        if json {
            calls.iter().try_for_each(print_json)?;
        } else if calls.is_empty() {
            println!("no calls are stored yet");
        } else {
            println!("{}", shown(&calls));
        }
        Ok(true)
    }
}

fn shown(calls: &[CallRow]) -> String {
    let row = |call: &CallRow| {
        vec![
            format!("{}/{}/{}", call.tenant, call.source, call.conversation),
            call.started.as_deref().map_or_else(|| "–".to_owned(), short_time),
            call.agents.clone(),
            call.direction.clone(),
            call.media.clone(),
            call.duration_s.map_or_else(|| "–".to_owned(), |s| length(std::time::Duration::from_secs_f64(s.max(0.0)))),
            call.recordings.to_string(),
            call.version.to_string(),
        ]
    };
    let header = ["call", "started (UTC)", "agents", "direction", "media", "length", "recordings", "version"];
    table(&header, calls.iter().map(row).collect(), 5)
}

fn short_time(text: &str) -> String {
    text.parse::<DateTime<Utc>>().map_or_else(|_| text.to_owned(), |time| time.format("%F %T").to_string())
}
