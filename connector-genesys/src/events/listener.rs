//! The loop of a stream: it does what the machine of channels says, and tells it what came of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use connector_core::http::Token;
use connector_core::socket::Socket;
use connector_core::{
    Ack, AckSink, Cursor, Delivery, Error, Listen, Priority, Refusal, Result, SourceItem, SubscribeRequest, Watch,
};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

use super::inbox::Inbox;
use super::reader::{self, Order};
use super::watch;
use crate::events::channel::{Bounds, Effect, Input, Machine, Made};
use crate::events::differ;
use crate::people;
use crate::shared::Shared;

/// How far back is compared when the stored position cannot be read.
const UNKNOWN_SINCE: TimeDelta = TimeDelta::days(7);

/// How long a socket may take to open.
const OPENS_WITHIN: Duration = Duration::from_secs(30);

/// How many conversations and people are asked about at once.
const AT_ONCE: usize = 4;

/// So often it is seen whether there is another token: a channel ends with its own.
const TOKEN_EVERY: Duration = Duration::from_secs(30);

/// A position, as it is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    v: u32,
    since: DateTime<Utc>,
}

fn cursor(since: DateTime<Utc>) -> Cursor {
    Cursor::new(serde_json::json!(Stored { v: 1, since }).to_string())
}

/// Where a stored position points; `None` when it cannot be read.
fn position(cursor: &Cursor) -> Option<DateTime<Utc>> {
    serde_json::from_str(cursor.as_str()).ok().filter(|stored: &Stored| stored.v == 1).map(|stored| stored.since)
}

/// Since when nothing was heard, and why.
fn start(from: Option<&Cursor>, now: DateTime<Utc>) -> (DateTime<Utc>, &'static str) {
    match from.map(position) {
        None => (now, "listening has just begun"),
        Some(Some(since)) => (since.min(now), "nobody listened"),
        Some(None) => (now - UNKNOWN_SINCE, "the stored position cannot be read"),
    }
}

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

/// What a task has done.
enum Done {
    Said(Input),
    /// A question was answered.
    Answered(Input),
    Created {
        line: u64,
        token: Option<Token>,
        made: Result<Made>,
    },
    Opened {
        number: u64,
        socket: Result<Socket>,
    },
    Ended {
        number: u64,
        why: Error,
    },
    Token(Option<Token>),
    Nothing,
}

/// What the vendor is asked, a few at a time, since there may be thousands.
enum Question {
    Call(String),
    Person(String),
}

/// What woke the listener.
enum Woken {
    Told(Told),
    Heard,
    Changed,
    Done(Box<Done>),
}

pub(super) struct Listener {
    shared: Arc<Shared>,
    watch: Watch,
    changes: BoxStream<'static, ()>,
    machine: Machine,
    inbox: Arc<Inbox>,
    /// All that goes on besides; it ends with the listener.
    tasks: JoinSet<Done>,
    /// How many questions are on their way, and those that wait.
    asking: usize,
    questions: VecDeque<Question>,
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
            tasks: JoinSet::new(),
            asking: 0,
            questions: VecDeque::new(),
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
            Ok(Woken::Done(done)) => self.take(*done),
            Err(_) => {
                self.step(Input::Tick);
                if self.token_due.is_some_and(|due| due <= Instant::now()) {
                    self.look_at_token();
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
            match self.tasks.poll_join_next(cx) {
                Poll::Ready(Some(Ok(done))) => Poll::Ready(Woken::Done(Box::new(done))),
                Poll::Ready(Some(Err(error))) => {
                    let error = Error::bug("a task of the listener has come to grief").caused_by(error);
                    self.failed = Some(error);
                    Poll::Ready(Woken::Done(Box::new(Done::Nothing)))
                }
                Poll::Ready(None) | Poll::Pending => Poll::Pending,
            }
        })
        .await
    }

    fn take(&mut self, done: Done) {
        match done {
            Done::Said(input) => self.step(input),
            Done::Answered(input) => {
                self.asking -= 1;
                self.ask();
                self.step(input);
            }
            Done::Created { line, token, made } => {
                self.tokens.extend(token.map(|token| (line, token)));
                self.step(Input::Created { line, made });
            }
            Done::Opened { number, socket } if self.opening.remove(&number) => match socket {
                Ok(socket) => {
                    let (orders, received) = unbounded_channel();
                    self.sockets.insert(number, orders);
                    let (inbox, clock) = (self.inbox.clone(), self.shared.connection.cx.clock());
                    self.tasks.spawn(async move {
                        Done::Ended { number, why: reader::read(number, socket, received, inbox, clock).await }
                    });
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
            Effect::Look => self.look(),
            Effect::Create(line) => self.create(line),
            Effect::Connect { socket, channel } => {
                self.opening.insert(socket);
                self.spawn(move |shared| async move {
                    let opened = async { shared.connection.api().await?.connect(&channel).await };
                    let late = |_| Err(Error::transient("a socket did not open in time"));
                    Done::Opened { number: socket, socket: timeout(OPENS_WITHIN, opened).await.unwrap_or_else(late) }
                });
            }
            Effect::Subscribe { request, channel, agents } => self.spawn(move |shared| async move {
                let asked = async { shared.connection.api().await?.subscribe(&channel, &agents).await };
                Done::Said(Input::Subscribed { request, told: asked.await })
            }),
            Effect::Ping(socket) => {
                // A socket that has just ended says so itself.
                let _ = self.sockets.get(&socket).map(|orders| orders.send(Order::Ping));
            }
            Effect::Close(socket) => {
                self.opening.remove(&socket);
                let _ = self.sockets.remove(&socket).map(|orders| orders.send(Order::Close));
            }
            Effect::Drop(channel) => self.spawn(move |shared| async move {
                let asked = async { shared.connection.api().await?.unsubscribe(&channel).await };
                // It may be gone already, or end by itself later.
                let _ = asked.await;
                Done::Nothing
            }),
            Effect::Confirm(id) => {
                self.questions.push_back(Question::Call(id));
                self.ask();
            }
            Effect::Resolve(id) => {
                self.questions.push_back(Question::Person(id));
                self.ask();
            }
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

    fn ask(&mut self) {
        while self.asking < AT_ONCE
            && let Some(question) = self.questions.pop_front()
        {
            self.asking += 1;
            match question {
                Question::Call(id) => self.spawn(move |shared| async move {
                    let asked = async { shared.connection.api().await?.conversation(&id, Priority::Live).await };
                    let told = asked.await;
                    Done::Answered(Input::Confirmed { id, told })
                }),
                Question::Person(id) => self.spawn(move |shared| async move {
                    let who = people::who(&shared, &id).await;
                    Done::Answered(Input::Resolved { id, who })
                }),
            }
        }
    }

    fn look(&mut self) {
        let watch = self.watch.clone();
        self.spawn(move |shared| async move { Done::Said(Input::Looked(watch::people(&watch, &shared).await)) });
    }

    fn create(&mut self, line: u64) {
        self.spawn(move |shared| async move {
            let mut token = None;
            let asked = async {
                let api = shared.connection.api().await?;
                token = Some(api.client.token().await?);
                let channel = api.create_channel().await?;
                Ok(Made { until: channel.expires, channel })
            };
            let made = asked.await;
            Done::Created { line, token, made }
        });
    }

    fn look_at_token(&mut self) {
        self.token_due = None;
        self.spawn(|shared| async move {
            let asked = async { shared.connection.api().await?.client.token().await };
            // Whatever is wrong, the next request says it.
            Done::Token(asked.await.ok())
        });
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

    fn spawn<F: Future<Output = Done> + Send + 'static>(&mut self, task: impl FnOnce(Arc<Shared>) -> F) {
        self.tasks.spawn(task(self.shared.clone()));
    }

    fn now(&self) -> DateTime<Utc> {
        self.shared.connection.cx.clock().now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_as_it_was_written_and_others_reach_back_a_week() {
        let now: DateTime<Utc> = "2026-10-19T14:00:00Z".parse().expect("a time");
        let since = now - TimeDelta::minutes(5);
        assert_eq!(start(None, now), (now, "listening has just begun"));
        assert_eq!(start(Some(&cursor(since)), now), (since, "nobody listened"));
        assert_eq!(start(Some(&cursor(now + TimeDelta::hours(1))), now), (now, "nobody listened"));
        for words in ["", "junk", r#"{"v":2,"since":"2026-10-19T14:00:00Z"}"#] {
            assert_eq!(start(Some(&Cursor::new(words)), now).0, now - TimeDelta::days(7), "{words}");
        }
    }
}
