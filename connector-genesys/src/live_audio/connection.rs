//! One socket: what comes on it goes through the session, and what the session says is done. Whoever takes the sound is
//! never waited for.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use connector_core::socket::{Message, Socket};
use connector_core::{Context, ConversationRef, Error, LiveFeed, LiveSession};
use futures_util::FutureExt;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, sleep, timeout};

use super::lobby::{Lobby, Place};
use super::session::{Beginning, Effect, Input, Note, Rules, Session};

/// How long the vendor may take to read a message of ours. Who does not read is not there.
const SEND_WITHIN: Duration = Duration::from_secs(5);

/// The most bytes of a message: 65,535 characters, and of sound 16 s of both. The longest frame of the vendor is not
/// documented; its own client sends 3,200 bytes.
pub(super) const MOST_BYTES: usize = 256 << 10;

/// A connection, from the first message to the last.
pub(super) struct Talk {
    cx: Context,
    lobby: Arc<Lobby>,
    /// The id of the session.
    id: String,
    /// The vendor's id for its own log.
    correlation: String,
    session: Session,
    /// Where the session goes once it begins.
    place: Option<Place>,
    conversation: Option<String>,
    feed: Option<LiveFeed>,
    /// Given back when it is over.
    _room: OwnedSemaphorePermit,
}

impl Talk {
    /// One whose socket is open.
    pub(super) fn new(
        cx: &Context,
        lobby: &Arc<Lobby>,
        rules: Rules,
        correlation: String,
        (place, room): (Place, OwnedSemaphorePermit),
    ) -> Self {
        Self {
            cx: cx.clone(),
            lobby: lobby.clone(),
            id: rules.session.clone(),
            correlation,
            session: Session::new(rules, cx.clock().now()),
            place: Some(place),
            conversation: None,
            feed: None,
            _room: room,
        }
    }

    /// Goes on until it is over.
    pub(super) async fn over(mut self, mut socket: Socket) {
        let mut stopped = pin!(stopped(self.lobby.stops()).fuse());
        let (mut alarm, mut rings_at) = (pin!(sleep(Duration::ZERO)), None);
        let mut is_deserted = false;
        let mut effects = Vec::new();
        while let Some(due) = self.session.due() {
            // Whatever is heard puts it off. That is seen when it rings: setting it anew for each frame would cost more.
            if rings_at.is_none_or(|rings_at| due < rings_at) {
                let wait = (due - self.cx.clock().now()).to_std().unwrap_or_default();
                alarm.as_mut().reset(Instant::now() + wait);
                rings_at = Some(due);
            }
            tokio::select! {
                biased;
                () = &mut stopped => self.step(Input::Stop, &mut effects),
                () = deserted(self.feed.as_ref()), if !is_deserted => {
                    is_deserted = true;
                    self.step(Input::Deserted, &mut effects);
                }
                () = &mut alarm => {
                    rings_at = None;
                    self.step(Input::Tick, &mut effects);
                }
                message = socket.next() => match message {
                    Ok(Some(Message::Text(text))) => self.step(Input::Text(&text), &mut effects),
                    Ok(Some(Message::Binary(bytes))) => self.step(Input::Binary(bytes), &mut effects),
                    Ok(Some(_)) => {}
                    Ok(None) => self.step(Input::Closed, &mut effects),
                    Err(error) => {
                        self.broke_off(&error);
                        self.step(Input::Broken, &mut effects);
                    }
                },
            }
            self.obey(&mut effects, &mut socket).await;
        }
        self.tell_the_end();
    }

    fn step(&mut self, input: Input<'_>, effects: &mut Vec<Effect>) {
        self.session.step(self.cx.clock().now(), input, effects);
    }

    /// Does what is to be done, and what that leads to.
    async fn obey(&mut self, effects: &mut Vec<Effect>, socket: &mut Socket) {
        let mut those = std::mem::take(effects);
        while !those.is_empty() {
            for effect in those.drain(..) {
                match effect {
                    Effect::Send(text) => {
                        let sent = timeout(SEND_WITHIN, socket.send(Message::Text(text))).await;
                        if !matches!(sent, Ok(Ok(()))) {
                            self.step(Input::Broken, effects);
                        }
                    }
                    Effect::Begin(beginning) => {
                        if !self.begin(*beginning) {
                            self.step(Input::Deserted, effects);
                        }
                    }
                    // Whether they are whole samples was seen to.
                    Effect::Frame { at, bytes } => drop(self.feed.as_ref().map(|feed| feed.frame(at, bytes))),
                    Effect::Paused { at } => self.tell(|feed| feed.paused(at)),
                    Effect::Resumed { at } => self.tell(|feed| feed.resumed(at)),
                    Effect::Lost { at, samples } => self.tell(|feed| feed.lost(at, samples)),
                    Effect::End { at, how } => {
                        if let Some(feed) = self.feed.take() {
                            feed.end(at, how);
                        }
                        tracing::debug!(origin = %self.cx.origin(), session = self.id, ?how, "a session is over");
                    }
                    Effect::Note(note) => self.note(note),
                    Effect::Close => drop(timeout(SEND_WITHIN, socket.close()).await),
                }
            }
            // Each takes the other's memory over: a frame needs no new one.
            std::mem::swap(&mut those, effects);
        }
    }

    /// Hands the session on. Whether somebody takes it.
    fn begin(&mut self, of: Beginning) -> bool {
        let Some(place) = self.place.take() else { return false };
        let (origin, call) = (self.cx.origin(), ConversationRef::new(of.conversation).with_around(of.began));
        tracing::debug!(%origin, session = self.id, conversation = call.id, "a session begins");
        self.conversation = Some(call.id.clone());
        let (mut session, feed) =
            LiveSession::new(origin, self.id.as_str(), call, of.began, of.format, &self.lobby.budget);
        (session.customer, session.dialled) = (of.customer, of.dialled);
        (session.language, session.raw) = (of.language, of.raw);
        self.feed = Some(feed);
        place.fill(session)
    }

    fn tell(&self, tells: impl FnOnce(&LiveFeed)) {
        if let Some(feed) = &self.feed {
            tells(feed);
        }
    }

    /// Tells the operator. What holds for the whole trunk is said once.
    fn note(&self, note: Note) {
        let (origin, session, correlation) = (self.cx.origin(), &self.id, &self.correlation);
        let conversation = self.conversation.as_deref();
        match note {
            Note::Probe => tracing::info!(%origin, session, "{note}"),
            Note::Mono if !self.lobby.count_one_sided() => {}
            _ => tracing::warn!(%origin, session, correlation, conversation, "{note}"),
        }
    }

    /// Says that a socket is gone without a word, where there was more to hear.
    fn broke_off(&self, error: &Error) {
        if self.feed.is_some() {
            let (origin, session, conversation) = (self.cx.origin(), &self.id, self.conversation.as_deref());
            tracing::warn!(%origin, session, conversation, %error, "a session broke off");
        }
    }

    /// Says what was passed over, if anything was.
    fn tell_the_end(&self) {
        let tally = self.session.tally();
        if tally != Default::default() {
            let (origin, session, conversation) = (self.cx.origin(), &self.id, self.conversation.as_deref());
            tracing::debug!(%origin, session, conversation, ?tally, "some of what came in a session was passed over");
        }
    }
}

async fn stopped(mut stops: watch::Receiver<bool>) {
    let _ = stops.wait_for(|stops| *stops).await;
}

/// Never, as long as there is nothing to listen to.
async fn deserted(feed: Option<&LiveFeed>) {
    match feed {
        Some(feed) => feed.deserted().await,
        None => std::future::pending().await,
    }
}
