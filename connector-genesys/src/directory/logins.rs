//! People with the same login.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use connector_core::{Agent, AgentState, Rejected};

/// The logins of the people that a listing told of, and whose they are.
#[derive(Default)]
pub(super) struct Logins(Mutex<HashMap<String, String>>);

impl Logins {
    /// Notes these people, and tells of each whose login somebody before has.
    ///
    /// Whoever was deleted counts for nothing. Whether the vendor lets somebody else have the user name is not documented.
    pub(super) fn seen(&self, agents: &[Agent]) -> Vec<Rejected> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut same = Vec::new();
        for agent in agents.iter().filter(|agent| agent.state != AgentState::Deleted) {
            let (Some(id), Some(login)) = (&agent.who.id, &agent.who.login) else { continue };
            let first = known.entry(login.reveal().to_lowercase()).or_insert_with(|| id.clone());
            if first != id {
                let detail = format!(
                    "user {first} has the same login before the @ of the user name; both are listed: tell them apart by \
                     their ids, or change one of the user names in Genesys Cloud"
                );
                same.push(Rejected::new(format!("the login of user {id}"), "same_login", detail));
            }
        }
        same
    }
}
