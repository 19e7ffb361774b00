//! `/analytics/conversations/details/jobs`: searches of the history in the background.

use chrono::{DateTime, Utc};
use connector_core::http::{RequestBuilder, segment};
use connector_core::{Priority, Result};

use super::analytics::filters;
use crate::transport::Api;
use crate::wire::analytics::Details;
use crate::wire::jobs::{Availability, Progress, Submitted};

const JOBS: &str = "api/v2/analytics/conversations/details/jobs";

/// Rows in a page of what a job found. The most is not documented; the vendor's samples ask for 1000.
const ROWS: u32 = 1_000;

/// The largest page that is read, in bytes.
const LARGEST: u64 = 256 << 20;

impl Api {
    /// Up to when the archive that jobs search is complete.
    pub(crate) async fn available(&self, priority: Priority) -> Result<Option<DateTime<Utc>>> {
        let request = asked(self.client.get(&format!("{JOBS}/availability")), priority);
        Ok(request.send().await?.json_if_any::<Availability>()?.unwrap_or_default().data_availability_date)
    }

    /// Has the archive searched for calls that are over; the job's id.
    pub(crate) async fn submit(&self, span: (DateTime<Utc>, DateTime<Utc>), priority: Priority) -> Result<String> {
        let answer = asked(self.client.post(JOBS), priority).json(&filters(span)).send().await?;
        let submitted: Submitted = answer.json()?;
        submitted.job_id.ok_or_else(|| answer.unexpected("a job without an id"))
    }

    /// How far a job is; `None` when there is none by that id any more.
    pub(crate) async fn job(&self, id: &str, priority: Priority) -> Result<Option<Progress>> {
        let request = asked(self.client.get(&format!("{JOBS}/{}", segment(id))), priority);
        match request.send().await {
            Ok(answer) => Ok(Some(answer.json_if_any()?.unwrap_or_default())),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A page of what a job found, from where the page before said.
    pub(crate) async fn found(&self, id: &str, cursor: Option<&str>, priority: Priority) -> Result<Details> {
        let request = self.client.get(&format!("{JOBS}/{}/results", segment(id))).query("pageSize", ROWS);
        let request = cursor.into_iter().fold(request, |request, cursor| request.query("cursor", cursor));
        Ok(asked(request, priority).max_body(LARGEST).send().await?.json_if_any()?.unwrap_or_default())
    }
}

fn asked(request: RequestBuilder, priority: Priority) -> RequestBuilder {
    request.priority(priority).during("history")
}
