//! `/agent-sessions`: joined, never started, since starting one logs the agent in.

use std::time::Duration;

use connector_core::http::segment;
use connector_core::{Error, Result};
use http::Method;
use serde_json::json;

use crate::transport::{Api, SESSION};
use crate::wire::session::{Joined, NextEvents};

/// What a session says when it is asked for its next events.
#[derive(Debug)]
pub(crate) enum Next {
    Events(NextEvents),
    /// There were none within the time.
    Nothing,
    /// The session is over.
    Over,
}

impl Api {
    /// Joins the session of an agent who is logged in; its id.
    pub(crate) async fn join_session(&self, agent: &str) -> Result<String> {
        let request = self.acd_request(Method::POST, "agent-sessions/join").during("agent-sessions/join");
        // The vendor's own client names the agent in the body, its documentation in the query.
        let request = request.query("asAgentId", agent).json(&json!({ "asAgentId": agent })).class(SESSION);
        let joined: Joined = request.send().await?.json()?;
        joined.session_id.ok_or_else(|| Error::invalid("a session was joined that has no id"))
    }

    /// Waits for the next events of a session, at most so long.
    pub(crate) async fn next_events(&self, session: &str, within: Duration) -> Result<Next> {
        let path = format!("agent-sessions/{}/get-next-event", segment(session));
        let request = self.acd_request(Method::GET, &path).during("get-next-event").class(SESSION);
        let answer = request.query("timeout", within.as_secs()).send_any().await?;
        match answer.status.as_u16() {
            204 | 304 => Ok(Next::Nothing),
            409 => Ok(Next::Over),
            status if answer.status.is_success() => {
                answer.json().map(Next::Events).map_err(|error: Error| error.with_status(status))
            }
            status => Err(Error::invalid("a session tells no events").with_status(status)),
        }
    }
}
