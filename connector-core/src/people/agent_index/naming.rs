//! Adding to a call what is known of its people.

use super::AgentIndex;
use crate::{AgentRef, Conversation};

impl AgentIndex {
    /// Adds what is known to a person who has an id. A name that somebody has already stays.
    pub fn complete(&self, who: &mut AgentRef) {
        if let Some(known) = who.id.as_deref().and_then(|id| self.get(id)) {
            *who = AgentRef { name: who.name.take().or(known.name.clone()), ..known };
        }
    }

    /// Does the same for everybody who took part in a call.
    ///
    /// ```
    /// use connector_core::{AgentIndex, AgentRef, Clock, Conversation, ConversationRef, Leg, Vendor};
    ///
    /// let people = AgentIndex::new(Clock::default());
    /// people.learn(&AgentRef::default().with_id("17").with_login("kay"));
    /// let mut call = Conversation::new(ConversationRef::new("c-1"), Vendor::GENESYS);
    /// let mut leg = Leg::new("1");
    /// leg.agent = Some(AgentRef::default().with_id("17"));
    /// call.legs.push(leg);
    /// people.complete_all(&mut call);
    /// assert_eq!(call.legs[0].agent.as_ref().unwrap().login.as_ref().unwrap().reveal(), "kay");
    /// ```
    pub fn complete_all(&self, call: &mut Conversation) {
        call.legs.iter_mut().filter_map(|leg| leg.agent.as_mut()).for_each(|who| self.complete(who));
    }
}
