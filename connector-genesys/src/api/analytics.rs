//! `/analytics/conversations/details`: the history.

use chrono::{DateTime, Utc};
use connector_core::http::segment;
use connector_core::{Priority, Result};
use serde_json::{Value, json};

use super::{instant, is_id};
use crate::transport::Api;
use crate::uses::HISTORY;
use crate::wire::analytics::{Conversation, Details};

/// The largest page that is read, in bytes: 100 conversations with dozens of participants each.
const LARGEST: u64 = 64 << 20;

impl Api {
    /// Calls that are over, a page of them, in the order of their starts. By the vendor's word
    /// the interval selects those that began on one of its days.
    pub(crate) async fn details(
        &self,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
        (size, page): (u32, u32),
        priority: Priority,
    ) -> Result<Details> {
        let mut query = filters((from, to));
        query["orderBy"] = json!("conversationStart");
        query["order"] = json!("asc");
        query["paging"] = json!({ "pageSize": size, "pageNumber": page });
        let request = self.client.post("api/v2/analytics/conversations/details/query").json(&query);
        let request = request.repeatable().priority(priority).max_body(LARGEST).during("history");
        Ok(request.send().await?.json_if_any()?.unwrap_or_default())
    }

    /// One conversation, going on or over; `None` when the history has none by that id.
    pub(crate) async fn detail(&self, id: &str, priority: Priority) -> Result<Option<Conversation>> {
        if !is_id(id) {
            return Ok(None);
        }
        let request = self.client.get(&format!("api/v2/analytics/conversations/{}/details", segment(id)));
        match request.priority(priority).during("conversation").send().await {
            Ok(answer) => answer.json_if_any(),
            // There is nothing else in the request that could be wrong. That an id of another form is 400 is not documented.
            Err(error) if error.is_not_found() || error.status() == Some(400) => Ok(None),
            Err(error) if error.is_forbidden() => Err(error.advise(advice())),
            Err(error) => Err(error),
        }
    }
}

/// What to do where the history may not be read.
pub(crate) fn advice() -> String {
    format!("give a role of the OAuth client {HISTORY}")
}

/// Calls that are over.
pub(super) fn filters((from, to): (DateTime<Utc>, DateTime<Utc>)) -> Value {
    let matches = |dimension: &str, value: &str| json!({ "type": "dimension", "dimension": dimension, "operator": "matches", "value": value });
    json!({
        "interval": format!("{}/{}", instant(from), instant(to)),
        "segmentFilters": [{ "type": "and", "predicates": [matches("mediaType", "voice")] }],
        "conversationFilters": [{
            "type": "and",
            "predicates": [{ "type": "dimension", "dimension": "conversationEnd", "operator": "exists" }],
        }],
    })
}
