//! People with the same login.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

use connector_core::{Agent, AgentIndex, AgentRef, AgentState, Rejected};

/// The logins of the people that a listing told of, and whose they are: a hash of each. The index of people knows the rest.
#[derive(Default)]
pub(super) struct Logins<S = RandomState> {
    hashes: S,
    known: Mutex<HashMap<u64, u64>>,
}

impl<S: BuildHasher> Logins<S> {
    /// Notes these people, whom the index knows, and tells of each whose login somebody before has. Whoever was before and
    /// is forgotten by the index is not told of.
    ///
    /// Whoever was deleted counts for nothing. Whether the vendor lets somebody else have the user name is not documented.
    pub(super) fn seen(&self, agents: &[Agent], people: &AgentIndex) -> Vec<Rejected> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut same = Vec::new();
        for agent in agents.iter().filter(|agent| agent.state != AgentState::Deleted) {
            let (Some(id), Some(login)) = (&agent.who.id, &agent.who.login) else { continue };
            let hash = self.hashes.hash_one(id.as_str());
            let first = *known.entry(self.hashes.hash_one(login.reveal().to_lowercase())).or_insert(hash);
            if first != hash
                && let Some(first) = self.namesake(&agent.who, first, people)
            {
                let detail = format!(
                    "user {first} has the same login before the @ of the user name; both are listed: tell them apart by \
                     their ids, or change one of the user names in Genesys Cloud"
                );
                same.push(Rejected::new(format!("the login of user {id}"), "same_login", detail));
            }
        }
        same
    }

    /// The id with this hash, if its person does have the same login: different ones may have one hash.
    fn namesake(&self, who: &AgentRef, hash: u64, people: &AgentIndex) -> Option<String> {
        let lower = |who: &AgentRef| who.login.as_ref().map(|login| login.reveal().to_lowercase());
        let meant = people.meant_by(&AgentRef { login: who.login.clone(), ..AgentRef::default() });
        let namesakes = meant.into_iter().filter(|other| lower(other) == lower(who));
        namesakes.filter_map(|other| other.id).find(|id| self.hashes.hash_one(id.as_str()) == hash)
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasherDefault, Hasher};

    use connector_core::Clock;

    use super::*;

    /// Texts of one length have one hash.
    #[derive(Default)]
    struct Length(u64);

    impl Hasher for Length {
        fn write(&mut self, bytes: &[u8]) {
            self.0 += bytes.len() as u64;
        }

        fn finish(&self) -> u64 {
            self.0
        }
    }

    fn told<S: BuildHasher + Default>(people: &[(&str, &str)]) -> Vec<String> {
        let (logins, index) = (Logins::<S>::default(), AgentIndex::new(Clock::default()));
        let agent = |(id, login): &(&str, &str)| Agent::new(AgentRef::default().with_id(*id).with_login(*login));
        let agents: Vec<Agent> = people.iter().map(agent).collect();
        agents.iter().for_each(|agent| index.learn(&agent.who.clone().with_email("kay")));
        logins.seen(&agents, &index).iter().map(|row| format!("{}: {}", row.what, row.detail)).collect()
    }

    #[test]
    fn two_logins_with_one_hash_are_two_logins() {
        let people = [("1", "kay"), ("12", "lee"), ("123", "joe"), ("1", "kay")];
        assert_eq!(told::<BuildHasherDefault<Length>>(&people), [""; 0]);
        assert_eq!(told::<RandomState>(&people), [""; 0]);
        let told = told::<BuildHasherDefault<Length>>(&[("1", "kay"), ("12", "lee"), ("123", "KAY")]);
        assert!(told.len() == 1 && told[0].starts_with("the login of user 123: user 1 has"), "{told:?}");
    }

    #[test]
    fn whoever_was_before_is_named_once_for_each_who_comes_later() {
        let told = told::<RandomState>(&[("1", "kay"), ("2", "kay"), ("1", "Kay"), ("3", "KAY"), ("4", "lee")]);
        assert_eq!(told.len(), 2);
        for (row, later) in told.iter().zip(["2", "3"]) {
            assert!(row.starts_with(&format!("the login of user {later}: user 1 has the same login")), "{row}");
        }
    }
}
