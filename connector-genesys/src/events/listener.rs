//! The loop of a stream: it does what the machine of channels says, and tells it what came of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use connector_core::http::Token;
use connector_core::{Ack, AckSink, Delivery, Error, Listen, Refusal, Result, SourceItem, SubscribeRequest, Watch};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use secrecy::ExposeSecret;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, timeout_at};

use super::channel::{Bounds, Effect, Input, Machine};
use super::differ;
use super::inbox::Inbox;
use super::position::{cursor, start};
use super::reader::Order;
use super::tasks::{Done, Tasks};
use crate::shared::Shared;

/// So often it is seen whether there is another token: a channel ends with its own.
const TOKEN_EVERY: Duration = Duration::from_secs(30);

/// What became of a delivery.
enum Told {
    Accepted(u64),
    Refused(u64),
}

/// Tells the listener, if it still lives.
struct Promise {
    delivery: u64,
    listener: UnboundedSender<Told>,
}

#[async_trait]
impl AckSink for Promise {
    async fn accept(self: Box<Self>) -> Result<()> {
        // The listener is gone when the stream was dropped: the next one begins at the stored position.
        let _ = self.listener.send(Told::Accepted(self.delivery));
        Ok(())
    }

    fn refuse(self: Box<Self>, _: Refusal) {
        let _ = self.listener.send(Told::Refused(self.delivery));
    }
}

/// What woke the listener.
enum Woken {
    Told(Told),
    Heard,
    Changed,
    Done(Box<Result<Done>>),
}

pub(super) struct Listener {
    shared: Arc<Shared>,
    watch: Watch,
    changes: BoxStream<'static, ()>,
    machine: Machine,
    inbox: Arc<Inbox>,
    tasks: Tasks,
    /// Sockets that are being opened, and those that are open.
    opening: BTreeSet<u64>,
    sockets: BTreeMap<u64, UnboundedSender<Order>>,
    /// The token that each channel was made with.
    tokens: BTreeMap<u64, Token>,
    /// When to see whether there is another one; `None` while somebody looks.
    token_due: Option<Instant>,
    ready: VecDeque<SourceItem>,
    failed: Option<Error>,
    tell: UnboundedSender<Told>,
    told: UnboundedReceiver<Told>,
}

impl Listen for Listener {
    async fn next(&mut self) -> Result<SourceItem> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Ok(item);
            }
            if let Some(error) = self.failed.take() {
                return Err(error.during("deliveries").of(self.shared.connection.cx.origin()));
            }
            self.wait().await;
        }
    }
}

impl Listener {
    pub(super) fn new(shared: Arc<Shared>, request: SubscribeRequest) -> Self {
        let connection = &shared.connection;
        let config = &connection.config;
        let bounds = Bounds { topics: config.topics, channels: config.channels };
        let max_call = TimeDelta::from_std(config.max_call).unwrap_or(TimeDelta::MAX);
        let limits = differ::Limits { max_call, ..differ::Limits::default() };
        let start = start(request.from.as_ref(), connection.cx.clock().now());
        let changes = stream::unfold(request.watch.changes(), |mut changes| async {
            changes.next().await;
            Some(((), changes))
        });
        let (tell, told) = unbounded_channel();
        Self {
            machine: Machine::new(bounds, limits, start, fastrand::u64(..)),
            watch: request.watch,
            changes: changes.boxed(),
            inbox: Arc::default(),
            tasks: Tasks::new(shared.clone()),
            opening: BTreeSet::new(),
            sockets: BTreeMap::new(),
            tokens: BTreeMap::new(),
            token_due: Some(Instant::now() + TOKEN_EVERY),
            ready: VecDeque::new(),
            failed: None,
            tell,
            told,
            shared,
        }
    }

    /// Until something has happened, or something is due.
    async fn wait(&mut self) {
        let now = self.now();
        let due = self.machine.due().map(|due| Instant::now() + (due - now).to_std().unwrap_or_default());
        // Before anything has happened everything is due.
        let first = due.into_iter().chain(self.token_due).min().unwrap_or_else(Instant::now);
        let woken = timeout_at(first, self.woken()).await;
        if let Some(taken) = self.inbox.take() {
            if let Some((from, to)) = taken.missed {
                self.step(Input::Missed { from, to });
            }
            self.step(Input::Heard(taken.heard));
        }
        match woken {
            Ok(Woken::Heard) => {}
            Ok(Woken::Told(Told::Accepted(number))) => self.step(Input::Accepted(number)),
            Ok(Woken::Told(Told::Refused(number))) => self.step(Input::Refused(number)),
            Ok(Woken::Changed) => self.step(Input::Changed),
            Ok(Woken::Done(done)) => match *done {
                Ok(done) => self.take(done),
                Err(error) => self.failed = Some(error),
            },
            Err(_) => {
                self.step(Input::Tick);
                if self.token_due.is_some_and(|due| due <= Instant::now()) {
                    self.token_due = None;
                    self.tasks.look_at_token();
                }
            }
        }
    }

    async fn woken(&mut self) -> Woken {
        poll_fn(|cx| {
            if let Poll::Ready(Some(told)) = self.told.poll_recv(cx) {
                return Poll::Ready(Woken::Told(told));
            }
            if self.inbox.poll_filled(cx).is_ready() {
                return Poll::Ready(Woken::Heard);
            }
            if self.changes.poll_next_unpin(cx).is_ready() {
                return Poll::Ready(Woken::Changed);
            }
            self.tasks.poll_done(cx).map(|done| Woken::Done(Box::new(done)))
        })
        .await
    }

    fn take(&mut self, done: Done) {
        match done {
            Done::Said(input) => self.step(input),
            Done::Created { line, token, made } => {
                self.tokens.extend(token.map(|token| (line, token)));
                self.step(Input::Created { line, made });
            }
            Done::Opened { number, socket } if self.opening.remove(&number) => match socket {
                Ok(socket) => {
                    let (orders, received) = unbounded_channel();
                    self.sockets.insert(number, orders);
                    self.tasks.read(number, socket, received, self.inbox.clone());
                    self.step(Input::Connected(number));
                }
                Err(why) => self.step(Input::Closed { socket: number, why }),
            },
            Done::Ended { number, why } => {
                self.sockets.remove(&number);
                self.step(Input::Closed { socket: number, why });
            }
            Done::Token(token) => self.compare(token),
            // One that is not wanted any more.
            Done::Opened { .. } | Done::Nothing => {}
        }
    }

    fn step(&mut self, input: Input) {
        let mut effects = Vec::new();
        self.machine.step(self.now(), input, &mut effects);
        effects.into_iter().for_each(|effect| self.does(effect));
    }

    fn does(&mut self, effect: Effect) {
        match effect {
            Effect::Look => self.tasks.look(self.watch.clone()),
            Effect::Create(line) => self.tasks.create(line),
            Effect::Connect { socket, channel } => {
                self.opening.insert(socket);
                self.tasks.connect(socket, channel);
            }
            Effect::Subscribe { request, channel, agents } => self.tasks.subscribe(request, channel, agents),
            Effect::Ping(socket) => {
                // A socket that has just ended says so itself.
                let _ = self.sockets.get(&socket).map(|orders| orders.send(Order::Ping));
            }
            Effect::Close(socket) => {
                self.opening.remove(&socket);
                let _ = self.sockets.remove(&socket).map(|orders| orders.send(Order::Close));
            }
            Effect::Drop(channel) => self.tasks.unsubscribe(channel),
            Effect::Confirm(id) => self.tasks.confirm(id),
            Effect::Resolve(id) => self.tasks.resolve(id),
            Effect::Deliver { number, items, cursor: since } => {
                let ack = Ack::new(Promise { delivery: number, listener: self.tell.clone() });
                let mut delivery = Delivery::new(items, self.now(), ack);
                delivery.cursor = Some(cursor(since));
                self.ready.push_back(SourceItem::Delivery(delivery));
            }
            Effect::Status(status) => self.ready.push_back(SourceItem::Status(status)),
            Effect::Unheard(unheard) => {
                let missing = unheard.missing.into_iter().collect::<Vec<_>>().join(", ");
                let origin = self.shared.connection.cx.origin();
                tracing::warn!(%origin, people = unheard.topics, %missing, "topics were refused: these people are not heard");
            }
            Effect::Hidden(error) => {
                let origin = self.shared.connection.cx.origin();
                tracing::warn!(%origin, %error, "a call may not be asked about: it counts as over once none of our people has it");
            }
            Effect::Fail(error) => self.failed = Some(error),
        }
    }

    /// A channel of another token than the one in use ends soon.
    fn compare(&mut self, token: Option<Token>) {
        self.token_due = Some(Instant::now() + TOKEN_EVERY);
        let Some(token) = token else { return };
        let is_old = |known: &Token| known.text().expose_secret() != token.text().expose_secret();
        let old: Vec<u64> = self.tokens.iter().filter(|(_, known)| is_old(known)).map(|(line, _)| *line).collect();
        for line in old {
            self.tokens.remove(&line);
            self.step(Input::Outdated(line));
        }
    }

    fn now(&self) -> DateTime<Utc> {
        self.shared.connection.cx.clock().now()
    }
}
