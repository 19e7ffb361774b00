//! What a test does to channels and their sockets.

use connector_core::testing::http::Request;
use serde_json::Value;

use super::super::ask::Ask;
use super::super::line::Out;
use super::super::sockets;
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
        let state = self.centre.state();
        state.channels.close_soon(state.settings.closing_after);
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
        state.tokens.clear();
        let ids: Vec<String> = state.channels.iter().map(|channel| channel.id.clone()).collect();
        ids.iter().for_each(|id| state.channels.revoke(id));
    }

    /// Says something on all channels that have this topic, or on all where none has it.
    pub fn say(&self, topic: &str, body: &Value) {
        self.centre.state().channels.say(topic, body);
    }

    /// The calls, by their index, that are over and of which nothing was told to anybody.
    pub fn unheard(&self) -> Vec<usize> {
        let (state, org) = (self.centre.state(), &self.centre.org);
        let now = state.now(org);
        let calls = 0..state.calls.min(org.scenario.calls.len());
        calls.filter(|call| org.done(*call) <= now && state.told.is_unheard(*call)).collect()
    }

    /// How many messages were not told to a channel that had their topic: they were lost on their way, or nobody was
    /// connected. Those count as well whose topic had a channel that is gone. No message costs more than two events.
    pub fn lost(&self) -> usize {
        self.centre.state().channels.lost
    }
}

impl Centre {
    /// When something is to be told next, if the day passes.
    pub(in super::super) fn due(&self) -> Option<Instant> {
        let state = self.state();
        let Time::Passing(run) = state.time else { return None };
        let (at, _) = telling::next(&self.org, &state)?;
        Some(Instant::now() + run.wait(at))
    }

    /// Tells what has happened by now.
    pub(in super::super) fn catch_up(&self) {
        telling::catch_up(&self.org, &self.faults, &mut self.state());
    }

    pub(in super::super) fn heartbeat(&self) -> std::time::Duration {
        self.state().settings.heartbeat
    }

    /// Whether a channel says nothing, not even that it lives. What was held back goes out first.
    pub(in super::super) fn beat(&self, channel: &str) -> bool {
        let mut state = self.state();
        state.prune_channels();
        state.channels.beat(channel)
    }

    /// Connects somebody to the channel of a request.
    pub(super) fn connect(self: &Arc<Self>, request: &Request, connection: Connection) {
        let id = Ask::new(request).id().to_owned();
        self.catch_up();
        let Some(out) = self.state().channels.connect(&id) else { return };
        tokio::spawn(sockets::serve(self.clone(), id, connection, out));
    }
}

/// The fake is over, and so are its sockets.
impl Drop for Fake {
    fn drop(&mut self) {
        self.centre.state().channels.put(|| Out::Cut);
    }
}
