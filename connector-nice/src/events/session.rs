//! What the sessions of agents tell, by long polls: only for those whom the settings name.

use std::sync::Arc;
use std::time::Duration;

use connector_core::{AgentRef, Result};
use futures_util::stream::{self, BoxStream, SelectAll, StreamExt};
use tokio::time::{Instant, sleep};

use super::states::{Phase, Seen};
use crate::api::sessions::Next;
use crate::shared::Shared;
use crate::wire::session::{NextEvents, SessionEvent};

/// How long one poll waits; the vendor waits for 60 s at most.
const POLL: Duration = Duration::from_secs(30);

/// A poll that brought nothing in less time than this was not waited for: the next one is not sent at once.
const LEAST: Duration = Duration::from_secs(1);

/// Waits before a session is joined again: the first, and the longest. Whoever is not logged in has none.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// The sessions of some agents, in one stream.
pub(super) type Sessions = SelectAll<BoxStream<'static, Vec<Seen>>>;

/// Those of the agents whom the settings name.
pub(super) fn listen(shared: &Arc<Shared>) -> Sessions {
    let agents = &shared.connection.config.sessions;
    stream::select_all(agents.iter().map(|agent| {
        let session = Session { shared: shared.clone(), agent: agent.clone(), id: None, pause: FIRST_PAUSE };
        stream::unfold(session, |mut session| async {
            let seen = session.next().await;
            Some((seen, session))
        })
        .boxed()
    }))
}

struct Session {
    shared: Arc<Shared>,
    agent: String,
    /// `None`: it has to be joined.
    id: Option<String>,
    pause: Duration,
}

impl Session {
    /// What is new; whatever goes wrong is waited out.
    async fn next(&mut self) -> Vec<Seen> {
        loop {
            match self.step().await {
                Ok(Some(seen)) if !seen.is_empty() => return seen,
                Ok(Some(_)) => {}
                ended => {
                    if let Err(error) = ended {
                        tracing::debug!(origin = %self.shared.connection.cx.origin(), %error, "an agent's session is not heard");
                    }
                    self.id = None;
                    sleep(self.pause).await;
                    self.pause = (self.pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// Joins, or polls once. `None` when the session is over.
    async fn step(&mut self) -> Result<Option<Vec<Seen>>> {
        let api = self.shared.connection.api().await?;
        let Some(id) = &self.id else {
            self.id = Some(api.join_session(&self.agent).await?);
            return Ok(Some(Vec::new()));
        };
        let asked = Instant::now();
        Ok(match api.next_events(id, POLL).await? {
            Next::Events(NextEvents { session_id, events }) => {
                self.pause = FIRST_PAUSE;
                // The next poll has to name the id of this answer.
                self.id = session_id.or(self.id.take());
                Some(
                    events
                        .into_iter()
                        .filter_map(SessionEvent::read)
                        .filter_map(|event| seen(event, &self.agent))
                        .collect(),
                )
            }
            Next::Nothing => {
                self.pause = FIRST_PAUSE;
                sleep(LEAST.saturating_sub(asked.elapsed())).await;
                Some(Vec::new())
            }
            Next::Over => None,
        })
    }
}

/// What an event tells of a contact of this agent.
fn seen(event: SessionEvent, agent: &str) -> Option<Seen> {
    let is = |text: &Option<String>, word: &str| text.as_deref().is_some_and(|text| text.eq_ignore_ascii_case(word));
    // The agent's own line is no call of anybody.
    if !is(&event.kind, "CallContactEvent") || is(&event.call_type, "AgentLeg") {
        return None;
    }
    let phase = match event.status.as_deref()?.to_ascii_lowercase().as_str() {
        "incoming" | "ringing" | "dialing" => Phase::Ringing,
        "active" | "joined" => Phase::Talking,
        "holding" => Phase::Held,
        // Without the final state only the voice is gone, and the agent works on after the call.
        "disconnected" if event.final_state == Some(true) => Phase::Over,
        _ => Phase::Other,
    };
    Some(Seen {
        master: event.master_id.or_else(|| event.contact_id.clone())?,
        contact: event.contact_id?,
        agent: AgentRef::default().with_id(agent),
        phase,
        since: event.last_state_change_time,
        answered: None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(event: Value) -> Option<Phase> {
        let Value::Object(event) = event else { return None };
        seen(SessionEvent::read(event)?, "31000101").map(|seen| seen.phase)
    }

    #[test]
    fn only_a_final_disconnection_ends_a_call() {
        let event = |status: &str, is_final: Value| json!({ "Type": "CallContactEvent", "ContactID": "7", "Status": status, "FinalState": is_final });
        for (status, is_final, phase) in [
            ("Disconnected", json!("True"), Phase::Over),
            ("Disconnected", json!(true), Phase::Over),
            ("Disconnected", json!("False"), Phase::Other),
            ("Disconnected", json!(""), Phase::Other),
            ("Active", json!("True"), Phase::Talking),
            ("Holding", json!("False"), Phase::Held),
            ("Dialing", json!("False"), Phase::Ringing),
            ("Something new", json!("True"), Phase::Other),
        ] {
            assert_eq!(read(event(status, is_final)), Some(phase), "{status}");
        }
    }

    #[test]
    fn keys_are_read_in_any_case_and_other_events_are_left_out() {
        let event = json!({ "TYPE": "callcontactevent", "contactId": 7, "STATUS": "holding", "more": { "x": [] } });
        assert_eq!(read(event), Some(Phase::Held));
        for event in [
            json!({ "Type": "AgentState", "CurrentState": "Available" }),
            json!({ "Type": "CallContactEvent", "ContactID": "7", "Status": "Active", "CallType": "AgentLeg" }),
            json!({ "Type": "CallContactEvent", "Status": "Active" }),
            json!({ "Type": "CallContactEvent", "ContactID": "7" }),
            json!({}),
        ] {
            assert_eq!(read(event), None);
        }
    }
}
