//! `ingest reconcile`: finds what was missed, and fetches it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use connector_core::reconcile::ReconcileMode;
use connector_core::{Clock, Connector};
use ingestion_pipeline::{Plan, Scope};

use crate::comparing::Comparing;
use crate::config::Config;
use crate::sources::Meant;

#[derive(Debug, Args)]
pub(crate) struct ReconcileArguments {
    #[command(flatten)]
    meant: Meant,
    /// Compare the time up to now, this long.
    #[arg(long, default_value = "24h", value_parser = humantime::parse_duration, value_name = "TIME", conflicts_with = "from")]
    last: Duration,
    /// Compare from this time on, such as 2026-10-18T00:00:00Z.
    #[arg(long)]
    from: Option<DateTime<Utc>>,
    /// Compare up to this time.
    #[arg(long, requires = "from")]
    to: Option<DateTime<Utc>>,
    /// Compare the times in which a source heard nothing instead, as far as its history has caught up with them.
    #[arg(long, conflicts_with_all = ["last", "from", "to"])]
    gaps: bool,
}

impl ReconcileArguments {
    pub(crate) async fn carry_out(self, config: Config, json: bool) -> anyhow::Result<bool> {
        let comparing = Comparing::start(config, &self.meant, json).await?;
        let mut is_well = true;
        for (connector, scope) in comparing.connectors() {
            is_well &= match self.gaps {
                true => make_good(&comparing, connector, scope, json).await?,
                false => {
                    let origin = connector.origin().clone();
                    let run = comparing.recovering(connector, scope).carry_out(&self.plan()).await;
                    comparing.tell(&origin, false, run)?
                }
            };
        }
        comparing.end().await?;
        Ok(is_well)
    }

    /// A run of its own: a later one with the same arguments begins anew.
    fn plan(&self) -> Plan {
        let now = Clock::system().now();
        let to = self.to.unwrap_or(now);
        let from = self.from.unwrap_or_else(|| now - TimeDelta::from_std(self.last).unwrap_or(TimeDelta::days(1)));
        Plan::new(ReconcileMode::Manual, format!("manual {}", now.to_rfc3339()), from, to)
    }
}

/// The gaps of one source that are due.
async fn make_good(comparing: &Comparing, connector: Connector, scope: Scope, json: bool) -> anyhow::Result<bool> {
    let origin = connector.origin().clone();
    let recovering = comparing.recovering(connector, scope);
    let due = recovering.due_gaps().await?;
    if due.is_empty() && !json {
        println!("{origin}: no gap is due");
    }
    let mut is_well = true;
    for gap in due {
        let run = recovering.make_good(&gap).await;
        is_well &= comparing.tell(&origin, false, run)?;
    }
    Ok(is_well)
}
