//! The sessions of agents that somebody joined.

use std::collections::BTreeMap;

/// The sessions that were joined: by their id of now.
#[derive(Default)]
pub(super) struct Sessions {
    pub(super) open: BTreeMap<String, Session>,
    /// How many ids were given out.
    given: usize,
    /// Agents who are not logged in.
    pub(super) away: Vec<usize>,
}

/// The session of an agent.
pub(super) struct Session {
    pub(super) agent: usize,
    /// How many events were told.
    pub(super) told: usize,
}

impl Sessions {
    /// Takes a session under a new id.
    pub(super) fn fresh(&mut self, session: Session) -> String {
        self.given += 1;
        let id = format!("c2Vzc2lvbg{:04}", self.given);
        self.open.insert(id.clone(), session);
        id
    }

    /// Ends the session of an agent.
    pub(super) fn end(&mut self, agent: usize) {
        self.away.push(agent);
    }
}
