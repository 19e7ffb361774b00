//! What a test does to channels and their sockets.

use serde_json::Value;

use super::super::line::Out;
use super::*;

/// A channel as a test sees it. `Debug` leaves its id out: whoever has it hears everything.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChannelState {
    /// Its id.
    pub id: String,
    /// The names of its topics, in order.
    pub topics: Vec<String>,
    /// Whether somebody is connected to it.
    pub is_connected: bool,
}

impl fmt::Debug for ChannelState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChannelState({} topics, connected: {})", self.topics.len(), self.is_connected)
    }
}

impl Fake {
    /// The channels that live, the oldest first.
    pub fn channels(&self) -> Vec<ChannelState> {
        let mut state = self.centre.state();
        state.prune_channels();
        let channels = state.channels.iter().map(|channel| ChannelState {
            id: channel.id.clone(),
            topics: channel.topics.clone(),
            is_connected: channel.is_connected(),
        });
        channels.collect()
    }

    /// Breaks off all sockets.
    pub fn cut_sockets(&self) {
        self.centre.state().channels.put(|| Out::Cut);
    }

    /// Closes all sockets in order.
    pub fn close_sockets(&self) {
        self.centre.state().channels.put(|| Out::Close);
    }

    /// Announces on all sockets that they will close, and closes those that are still open then:
    /// [`closing_after`](Settings::closing_after).
    pub fn close_sockets_soon(&self) {
        let state = &mut *self.centre.state();
        state.channels.close_soon(state.day.settings.closing_after);
    }

    /// Whether all sockets are silent: they say nothing, not even that they live, and what happens meanwhile is lost.
    pub fn silence(&self, are_silent: bool) {
        self.centre.state().channels.are_silent = are_silent;
    }

    /// Takes all channels away, and tells this reason: `another_channel_subscribed`. Their sockets stay open.
    pub fn evict(&self, reason: &str) {
        let state = &mut *self.centre.state();
        let ids: Vec<String> = state.channels.iter().map(|channel| channel.id.clone()).collect();
        ids.iter().for_each(|id| state.channels.evict(id, reason));
    }

    /// Lets all tokens end now, and says so on all channels.
    pub fn revoke_tokens(&self) {
        let state = &mut *self.centre.state();
        state.login.tokens.end_all();
        let ids: Vec<String> = state.channels.iter().map(|channel| channel.id.clone()).collect();
        ids.iter().for_each(|id| state.channels.revoke(id));
    }

    /// Says something on all channels that have this topic, or on all where none has it.
    pub fn say(&self, topic: &str, body: &Value) {
        self.centre.state().channels.say(topic, body);
    }

    /// The calls, by their index, that are over and of which nothing was told to anybody.
    pub fn unheard(&self) -> Vec<usize> {
        let state = self.centre.state();
        let over = state.day.calls().filter(|(_, told)| told.done() <= state.day.now()).map(|(call, _)| call);
        over.filter(|call| state.told.is_unheard(*call)).collect()
    }

    /// How many messages were not told to a channel that had their topic: they were lost on their way, or nobody was
    /// connected. Those count as well whose topic had a channel that is gone. No message costs more than two events.
    pub fn lost(&self) -> usize {
        self.centre.state().channels.lost
    }
}

/// The fake is over, and so are its sockets.
impl Drop for Fake {
    fn drop(&mut self) {
        self.centre.state().channels.put(|| Out::Cut);
    }
}
