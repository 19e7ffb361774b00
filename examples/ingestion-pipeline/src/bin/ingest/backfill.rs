//! `ingest backfill`: fetches the calls of the past, however many, and goes on where it was interrupted.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::Args;
use connector_core::reconcile::ReconcileMode;
use connector_core::{Clock, Origin};
use ingestion_pipeline::{Plan, ReconcileLog, Run};

use crate::comparing::Comparing;
use crate::config::Config;
use crate::sources::Meant;

#[derive(Debug, Args)]
pub(crate) struct BackfillArguments {
    #[command(flatten)]
    meant: Meant,
    /// Fetch calls that ended at this time or later: a date, which begins in UTC, or a time such as 2026-10-18T00:00:00Z.
    #[arg(long, value_parser = date_or_time, value_name = "DATE")]
    from: DateTime<Utc>,
    /// Fetch calls that ended before this time; up to now unless it is said.
    #[arg(long, value_parser = date_or_time, value_name = "DATE")]
    to: Option<DateTime<Utc>>,
    /// Begin anew, though a run with the same arguments was interrupted.
    #[arg(long)]
    restart: bool,
}

impl BackfillArguments {
    pub(crate) async fn carry_out(self, config: Config, json: bool) -> anyhow::Result<bool> {
        let comparing = Comparing::start(config, &self.meant, json).await?;
        let mut is_well = true;
        for (connector, scope) in comparing.connectors() {
            let origin = connector.origin().clone();
            let interrupted = self.interrupted(&comparing, &origin).await?;
            let resumed = interrupted.as_ref().is_some_and(|run| run.resume.is_some());
            let plan = interrupted.as_ref().map_or_else(|| self.plan(), Plan::of);
            let run = comparing.recovering(connector, scope).carry_out(&plan).await;
            is_well &= comparing.tell(&origin, resumed, run)?;
        }
        comparing.end().await?;
        Ok(is_well)
    }

    /// The run to go on with, if there is one.
    async fn interrupted(&self, comparing: &Comparing, origin: &Origin) -> connector_core::Result<Option<Run>> {
        let run = comparing.store.open_run(origin, &self.name()).await?;
        let Some(mut given_up) = run.clone().filter(|_| self.restart) else { return Ok(run) };
        given_up.ended = Some(Clock::system().now());
        comparing.store.save_run(&given_up).await?;
        Ok(None)
    }

    fn plan(&self) -> Plan {
        let to = self.to.unwrap_or_else(|| Clock::system().now());
        Plan::new(ReconcileMode::Backfill, self.name(), self.from, to)
    }

    /// The same arguments, the same name.
    fn name(&self) -> String {
        let to = self.to.map_or_else(|| "now".to_owned(), |to| to.to_rfc3339());
        format!("backfill {} to {to}", self.from.to_rfc3339())
    }
}

fn date_or_time(text: &str) -> Result<DateTime<Utc>, String> {
    let date = text.parse::<NaiveDate>().map(|date| date.and_time(NaiveTime::MIN).and_utc());
    date.or_else(|_| text.parse()).map_err(|_| "write a date such as 2026-10-18, or 2026-10-18T14:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_begins_in_utc_and_a_time_is_what_it_says() {
        let at = |text: &str| date_or_time(text).map(|time| time.to_rfc3339());
        assert_eq!(at("2026-10-18").unwrap(), "2026-10-18T00:00:00+00:00");
        assert_eq!(at("2026-10-18T14:00:00+02:00").unwrap(), "2026-10-18T12:00:00+00:00");
        for wrong in ["", "18.10.2026", "2026-10-32", "yesterday"] {
            assert!(at(wrong).unwrap_err().contains("write a date"), "{wrong}");
        }
    }
}
