//! `/conversations`: the live record.

use connector_core::http::segment;
use connector_core::{Priority, Result};

use super::is_id;
use crate::transport::Api;
use crate::wire::conversations::Conversation;

impl Api {
    /// The live record of a conversation, which outlives it for a while; `None` when there is none by that id.
    ///
    /// # Errors
    /// `is_forbidden` without the permission `conversation:communication:view`.
    pub(crate) async fn conversation(&self, id: &str, priority: Priority) -> Result<Option<Conversation>> {
        if !is_id(id) {
            return Ok(None);
        }
        let request = self.client.get(&format!("api/v2/conversations/{}", segment(id)));
        match request.priority(priority).during("conversation").send().await {
            Ok(answer) => answer.json_if_any(),
            // There is nothing else in the request that could be wrong. That an id of another form is 400 is not documented.
            Err(error) if error.is_not_found() || error.status() == Some(400) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
