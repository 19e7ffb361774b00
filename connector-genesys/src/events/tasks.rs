//! What goes on beside the loop of a stream: requests to the vendor, and sockets that are read.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use connector_core::http::Token;
use connector_core::socket::Socket;
use connector_core::{Error, Priority, Result, Watch};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::channel::{Input, Made};
use super::inbox::Inbox;
use super::reader::{self, Order};
use super::watch;
use crate::people;
use crate::shared::Shared;
use crate::wire::channels::Channel;

/// How long a socket may take to open.
const OPENS_WITHIN: Duration = Duration::from_secs(30);

/// How many conversations and people are asked about at once.
const AT_ONCE: usize = 4;

/// What a task has done.
pub(super) enum Done {
    Said(Input),
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
    /// The token that is in use, where there is one.
    Token(Option<Token>),
    Nothing,
}

/// What the vendor is asked, a few at a time, since there may be thousands.
enum Question {
    Call(String),
    Person(String),
}

/// All of them end with this.
pub(super) struct Tasks {
    shared: Arc<Shared>,
    running: JoinSet<Done>,
    /// Questions that are on their way.
    asking: JoinSet<Input>,
    /// Those that wait.
    questions: VecDeque<Question>,
}

impl Tasks {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, running: JoinSet::new(), asking: JoinSet::new(), questions: VecDeque::new() }
    }

    /// What one of them has done.
    ///
    /// # Errors
    /// `is_bug` where one came to grief.
    pub(super) fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<Result<Done>> {
        let grief = |error| Error::bug("a task of the listener has come to grief").caused_by(error);
        if let Poll::Ready(Some(done)) = self.running.poll_join_next(cx) {
            return Poll::Ready(done.map_err(grief));
        }
        if let Poll::Ready(Some(answer)) = self.asking.poll_join_next(cx) {
            self.ask();
            return Poll::Ready(answer.map(Done::Said).map_err(grief));
        }
        Poll::Pending
    }

    /// Finds out who is to be heard.
    pub(super) fn look(&mut self, watch: Watch) {
        self.spawn(move |shared| async move { Done::Said(Input::Looked(watch::people(&watch, &shared).await)) });
    }

    /// Creates a channel.
    pub(super) fn create(&mut self, line: u64) {
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

    /// Opens a socket.
    pub(super) fn connect(&mut self, number: u64, channel: Channel) {
        self.spawn(move |shared| async move {
            let opened = async { shared.connection.api().await?.connect(&channel).await };
            let late = |_| Err(Error::transient("a socket did not open in time"));
            Done::Opened { number, socket: timeout(OPENS_WITHIN, opened).await.unwrap_or_else(late) }
        });
    }

    /// Reads a socket until it ends.
    pub(super) fn read(&mut self, number: u64, socket: Socket, orders: UnboundedReceiver<Order>, inbox: Arc<Inbox>) {
        let clock = self.shared.connection.cx.clock();
        self.spawn(move |_| async move {
            Done::Ended { number, why: reader::read(number, socket, orders, inbox, clock).await }
        });
    }

    /// Lets a channel hear these people.
    pub(super) fn subscribe(&mut self, request: u64, channel: Channel, agents: Vec<String>) {
        self.spawn(move |shared| async move {
            let asked = async { shared.connection.api().await?.subscribe(&channel, &agents).await };
            Done::Said(Input::Subscribed { request, told: asked.await })
        });
    }

    /// Gives the topics of a channel back.
    pub(super) fn unsubscribe(&mut self, channel: Channel) {
        self.spawn(move |shared| async move {
            let asked = async { shared.connection.api().await?.unsubscribe(&channel).await };
            // It may be gone already, or end by itself later.
            let _ = asked.await;
            Done::Nothing
        });
    }

    /// Finds out which token is in use.
    pub(super) fn look_at_token(&mut self) {
        self.spawn(|shared| async move {
            let asked = async { shared.connection.api().await?.client.token().await };
            // Whatever is wrong, the next request says it.
            Done::Token(asked.await.ok())
        });
    }

    /// Asks what a conversation looks like.
    pub(super) fn confirm(&mut self, id: String) {
        self.questions.push_back(Question::Call(id));
        self.ask();
    }

    /// Asks who has this id.
    pub(super) fn resolve(&mut self, id: String) {
        self.questions.push_back(Question::Person(id));
        self.ask();
    }

    fn ask(&mut self) {
        while self.asking.len() < AT_ONCE
            && let Some(question) = self.questions.pop_front()
        {
            let shared = self.shared.clone();
            self.asking.spawn(async move {
                match question {
                    Question::Call(id) => {
                        let asked = async { shared.connection.api().await?.conversation(&id, Priority::Live).await };
                        let told = asked.await;
                        Input::Confirmed { id, told }
                    }
                    Question::Person(id) => Input::Resolved { who: people::who(&shared, &id).await, id },
                }
            });
        }
    }

    fn spawn<F: Future<Output = Done> + Send + 'static>(&mut self, task: impl FnOnce(Arc<Shared>) -> F) {
        self.running.spawn(task(self.shared.clone()));
    }
}
