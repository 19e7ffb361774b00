//! The channels of a client: who has which, and what is said on them.

use std::collections::BTreeSet;
use std::time::Duration;

use connector_core::Clock;
use connector_core::testing::FaultPlan;
use connector_core::testing::http::Tokens;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::Instant;
use url::Url;

use super::line::{Fate, Line, Out};
use super::org::{CLIENT, ORGANIZATION};
use super::settings::Settings;
use super::snapshot;

/// Why a channel is taken away when there are too many.
pub(super) const ANOTHER: &str = "another_channel_subscribed";
/// Why it is when its token is void.
pub(super) const REVOKED: &str = "user_tokens_revoked";

/// Something a topic tells, as often as it is subscribed.
pub(super) struct News<'a> {
    pub(super) topic: &'a str,
    pub(super) body: &'a Value,
}

/// A channel.
pub(super) struct Channel {
    pub(super) id: String,
    /// The token that made it.
    pub(super) token: String,
    pub(super) expires: Instant,
    used: Instant,
    /// Names of topics, in order, each once.
    pub(super) topics: Vec<String>,
    line: Option<Line>,
}

impl Channel {
    pub(super) fn is_connected(&self) -> bool {
        self.line.as_ref().is_some_and(Line::is_open)
    }

    /// Its life begins anew.
    fn prolong(&mut self, life: Duration) {
        self.used = Instant::now();
        self.expires = self.used + life;
    }

    /// Sends what was held back.
    fn catch_up(&mut self) {
        if let Some(line) = &mut self.line {
            line.catch_up();
        }
    }

    fn put(&mut self, out: Out) {
        if let Some(line) = &mut self.line {
            line.put(out);
        }
    }
}

/// All channels of the client.
pub(super) struct Channels {
    /// Where their sockets are.
    pub(super) streaming: Url,
    /// The clock that they keep to.
    pub(super) clock: Clock,
    all: Vec<Channel>,
    made: usize,
    /// Topics that were subscribed and not given up: also those of a channel that is gone.
    wanted: BTreeSet<String>,
    /// How many messages there were.
    messages: usize,
    /// How many of a wanted topic were told to nobody, or not to a channel that had it.
    pub(super) lost: usize,
    /// Whether all sockets are silent.
    pub(super) are_silent: bool,
}

impl Channels {
    /// None yet, whose sockets are to be at this address.
    pub(super) fn new(streaming: Url) -> Self {
        Self {
            streaming,
            clock: Clock::default(),
            all: Vec::new(),
            made: 0,
            wanted: BTreeSet::new(),
            messages: 0,
            lost: 0,
            are_silent: false,
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Channel> {
        self.all.iter()
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut Channel> {
        self.all.iter_mut().find(|channel| channel.id == id)
    }

    pub(super) fn get(&self, id: &str) -> Option<&Channel> {
        self.all.iter().find(|channel| channel.id == id)
    }

    /// A new one. Where there are too many, it takes the place of the one that was not used longest, of those that nobody is
    /// connected to if there are any.
    pub(super) fn open(&mut self, token: &str, settings: &Settings) -> &Channel {
        while !self.all.is_empty() && self.all.len() >= settings.most_channels {
            let oldest = self.all.iter().min_by_key(|channel| (channel.is_connected(), channel.used));
            let Some(oldest) = oldest.map(|channel| channel.id.clone()) else { break };
            self.evict(&oldest, ANOTHER);
        }
        self.made += 1;
        let now = Instant::now();
        // Nobody guesses the others from one of them.
        let number = (self.made as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.all.push(Channel {
            id: format!("streaming-5-{number:016x}"),
            token: token.to_owned(),
            expires: now + settings.channel_life,
            used: now,
            topics: Vec::new(),
            line: None,
        });
        &self.all[self.all.len() - 1]
    }

    /// Gives a channel these topics in the place of its own.
    pub(super) fn set_topics(&mut self, id: &str, topics: Vec<String>, life: Duration) {
        let Some(channel) = self.all.iter_mut().find(|channel| channel.id == id) else { return };
        self.wanted.retain(|topic| !channel.topics.contains(topic));
        channel.topics = topics;
        channel.prolong(life);
        // Another channel may have one that this one gave up.
        self.wanted.extend(self.all.iter().flat_map(|channel| channel.topics.iter().cloned()));
    }

    /// Connects a socket to a channel. Whoever was connected before is sent away.
    pub(super) fn connect(&mut self, id: &str) -> Option<UnboundedReceiver<Out>> {
        let channel = self.get_mut(id)?;
        channel.put(Out::Close);
        let (out, received) = unbounded_channel();
        (channel.line, channel.used) = (Some(Line::new(out)), Instant::now());
        Some(received)
    }

    /// Lets go of those whose life or whose token is over. Their sockets are closed.
    pub(super) fn prune(&mut self, tokens: &Tokens, settings: &Settings) {
        let now = Instant::now();
        self.all.retain_mut(|channel| {
            let has_token = !settings.channels_by_token || tokens.is_good(&channel.token);
            let lives = now < channel.expires && has_token;
            if !lives {
                channel.put(Out::Close);
            }
            lives
        });
    }

    /// Takes a channel away and says why. Its socket stays open, and hears nothing more of its topics.
    pub(super) fn evict(&mut self, id: &str, reason: &str) {
        self.take_away(id, "no_longer_subscribed", id, reason);
    }

    /// Takes a channel away because its token is void. What stands behind the name of the topic is not documented.
    pub(super) fn revoke(&mut self, id: &str) {
        self.take_away(id, "token_revoked", CLIENT.0, REVOKED);
    }

    fn take_away(&mut self, id: &str, kind: &str, suffix: &str, reason: &str) {
        let Some(place) = self.all.iter().position(|channel| channel.id == id) else { return };
        let mut channel = self.all.remove(place);
        let body = json!({ "channelId": id, "systemTopicType": kind, "organizationId": super::org::id(ORGANIZATION, 1),
            "oauthClientId": CLIENT.0, "reason": reason, "message": "" });
        let message = self.message(&format!("v2.system.{kind}.{suffix}"), &body);
        channel.catch_up();
        channel.put(Out::Text(message));
    }

    /// Loses what a topic would tell.
    pub(super) fn lose(&mut self, topic: &str) {
        self.lost += self.all.iter().filter(|channel| channel.topics.iter().any(|known| known == topic)).count();
    }

    /// Tells news on every channel that has their topic. Returns whether somebody heard them, and whose token is void from
    /// now on.
    pub(super) fn tell(&mut self, news: &News<'_>, faults: &FaultPlan, settings: &Settings) -> (bool, Vec<String>) {
        let (mut was_heard, mut void) = (false, Vec::new());
        let has_topic = |channel: &&Channel| channel.topics.iter().any(|topic| topic == news.topic);
        let hears: Vec<String> = self.all.iter().filter(has_topic).map(|channel| channel.id.clone()).collect();
        self.lost += usize::from(hears.is_empty() && self.wanted.contains(news.topic));
        for id in hears {
            let message = self.message(news.topic, news.body);
            let are_silent = self.are_silent;
            let line = self.get_mut(&id).and_then(|channel| channel.line.as_mut()).filter(|line| line.is_open());
            let told = line.filter(|_| !are_silent).map(|line| line.tell(message, faults, settings.closing_after));
            let fate = told.unwrap_or(Fate::Lost);
            self.lost += usize::from(fate != Fate::Sent);
            was_heard |= fate == Fate::Sent;
            match fate {
                Fate::Evicted => self.evict(&id, ANOTHER),
                Fate::Revoked => {
                    void.extend(self.get(&id).map(|channel| channel.token.clone()));
                    self.revoke(&id);
                }
                Fate::Sent | Fate::Lost => {}
            }
        }
        (was_heard, void)
    }

    /// Says something on every channel that has this topic, or on all where it is nobody's topic; nothing is planned against
    /// it.
    pub(super) fn say(&mut self, topic: &str, body: &Value) {
        let message = self.message(topic, body);
        let is_subscribed = |channel: &Channel| channel.topics.iter().any(|known| known == topic);
        let is_anybodys = self.all.iter().any(is_subscribed);
        for channel in self.all.iter_mut().filter(|channel| !is_anybodys || is_subscribed(channel)) {
            channel.put(Out::Text(message.clone()));
        }
    }

    /// Does this to every socket.
    pub(super) fn put(&mut self, out: impl Fn() -> Out) {
        self.all.iter_mut().for_each(|channel| channel.put(out()));
    }

    /// Announces on every socket that it closes after this time.
    pub(super) fn close_soon(&mut self, after: Duration) {
        self.all.iter_mut().filter_map(|channel| channel.line.as_mut()).for_each(|line| line.close_soon(after));
    }

    /// Sends what was held back on all channels.
    pub(super) fn catch_up(&mut self) {
        self.all.iter_mut().filter(|_| !self.are_silent).for_each(Channel::catch_up);
    }

    /// What is still due on a channel when its heart beats goes out before. Whether it says nothing at all.
    pub(super) fn beat(&mut self, id: &str) -> bool {
        let are_silent = self.are_silent;
        let Some(channel) = self.get_mut(id) else { return are_silent };
        if !are_silent {
            channel.catch_up();
        }
        are_silent || channel.line.as_ref().is_some_and(Line::is_silent)
    }

    fn message(&mut self, topic: &str, body: &Value) -> String {
        self.messages += 1;
        snapshot::message(topic, body, self.messages).to_string()
    }
}
