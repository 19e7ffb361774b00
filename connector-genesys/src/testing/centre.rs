//! The contact centre behind the fake: who is refused, what each endpoint answers, and what is due on sockets.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use connector_core::testing::http::{Answer, Request};
use connector_core::testing::{DayTime, Fault, FaultPlan, Scenario};
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;
use url::Url;

use super::ask::{Ask, refused};
use super::endpoint::{Asked, Endpoint};
use super::line::Out;
use super::org::Org;
use super::state::State;
use super::{analytics, batches, directory, history_jobs, live, login, recordings, subscriptions};

/// How long a throttled caller has to wait, in seconds.
const WAIT: u64 = 1;

/// The contact centre behind the API: the day, its state, and what goes wrong.
pub(super) struct Centre {
    pub(super) org: Arc<Org>,
    pub(super) faults: FaultPlan,
    state: Mutex<State>,
    /// Wakes the sockets when time passes in another way.
    pub(super) changed: Notify,
}

impl Centre {
    /// With the store of recordings and the sockets at these addresses.
    pub(super) fn new(scenario: Scenario, faults: FaultPlan, media: Url, streaming: Url) -> Self {
        let org = Arc::new(Org::new(scenario));
        let state = Mutex::new(State::new(org.clone(), media, streaming));
        Self { org, faults, state, changed: Notify::new() }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a request.
    pub(super) fn answer(&self, request: &Request) -> Answer {
        let (ask, mut state) = (Ask::new(request), self.state());
        // What happened before is told to those who are subscribed so far.
        state.catch_up(&self.faults);
        state.prune_channels();
        let answer = self.refusal(&ask, &mut state).unwrap_or_else(|| self.at(&ask, &mut state));
        state.asked.push(Asked::new(&ask, &answer));
        answer
    }

    /// Why a request gets no answer, if it gets none.
    fn refusal(&self, ask: &Ask<'_>, state: &mut State) -> Option<Answer> {
        let endpoint = ask.endpoint.filter(|endpoint| endpoint.needs_token())?;
        let token = ask.token().unwrap_or_default();
        if token.is_empty() {
            return Some(refused(401, "authentication.required", "No authentication bearer token specified"));
        }
        if !state.login.tokens.admit(token, &self.faults) {
            return Some(refused(401, "bad.credentials", "Invalid login credentials"));
        }
        if state.day.settings.unavailable > 0 {
            state.day.settings.unavailable -= 1;
            return Some(refused(503, "service.unavailable", "Service Unavailable"));
        }
        let permissions = endpoint.permissions();
        if !permissions.is_empty() && permissions.iter().all(|permission| state.login.forbidden.contains(*permission)) {
            let words = format!("Unable to perform the requested action. You need one of: {}", permissions.join(", "));
            return Some(refused(403, "missing.any.permissions", &words));
        }
        self.faults.fire(Fault::Throttled).then(|| {
            let words = format!("Rate limit exceeded the maximum. Retry the request in [{WAIT}] seconds");
            let answer = refused(429, "too.many.requests", &words).with_header("retry-after", WAIT.to_string());
            let count =
                [("inin-ratelimit-count", "301"), ("inin-ratelimit-allowed", "300"), ("inin-ratelimit-reset", "1")];
            count.into_iter().fold(answer, |answer, (name, value)| answer.with_header(name, value))
        })
    }

    fn at(&self, ask: &Ask<'_>, state: &mut State) -> Answer {
        let State { day, login, channels, recordings, batches, jobs, .. } = state;
        let faults = &self.faults;
        match ask.endpoint {
            Some(Endpoint::Token) => login::token(ask, &day.settings, login),
            Some(Endpoint::Me) => directory::me(day),
            Some(Endpoint::Organization) => directory::organization(day),
            Some(Endpoint::Users) => directory::users(ask, day),
            Some(Endpoint::User) => directory::one_user(ask, day),
            Some(Endpoint::Groups) => directory::groups(ask, day),
            Some(Endpoint::GroupMembers) => directory::group_members(ask, day),
            Some(Endpoint::Queues) => directory::queues(ask, day),
            Some(Endpoint::QueueMembers) => directory::queue_members(ask, day),
            Some(Endpoint::Teams) => directory::teams(ask, day),
            Some(Endpoint::TeamMembers) => directory::team_members(ask, day),
            Some(Endpoint::Details) => analytics::details(ask, day, faults),
            Some(Endpoint::Detail) => analytics::one(ask, day),
            Some(Endpoint::ManyDetails) => analytics::many(ask, day),
            Some(Endpoint::SubmitJob) => history_jobs::submit(ask, day, jobs),
            Some(Endpoint::JobAvailability) => history_jobs::availability(day),
            Some(Endpoint::Job) => history_jobs::job(ask, day, jobs),
            Some(Endpoint::JobResults) => history_jobs::results(ask, day, jobs),
            Some(Endpoint::CancelJob) => history_jobs::cancel(ask, jobs),
            Some(Endpoint::Conversation) => live::conversation(ask, day),
            Some(Endpoint::RecordingMetadata) => recordings::metadata(ask, day, recordings),
            Some(Endpoint::Recording) => recordings::one(ask, day, recordings, faults),
            Some(Endpoint::Restore) => recordings::restore(ask, day, recordings),
            Some(Endpoint::SubmitBatch) => batches::submit(ask, day, batches),
            Some(Endpoint::Batch) => batches::results(ask, day, batches, recordings),
            Some(Endpoint::RecordingSettings) => recordings::settings(day),
            Some(Endpoint::OpenChannel) => subscriptions::open(ask, day, channels),
            Some(Endpoint::Channels) => subscriptions::list(ask, channels),
            Some(Endpoint::HasChannel) => subscriptions::has(ask, day, channels),
            Some(Endpoint::Subscriptions) => subscriptions::subscriptions(ask, day, channels),
            Some(Endpoint::AddSubscriptions) => subscriptions::subscribe(ask, day, channels, login, false),
            Some(Endpoint::SetSubscriptions) => subscriptions::subscribe(ask, day, channels, login, true),
            Some(Endpoint::DropSubscriptions) => subscriptions::unsubscribe(ask, day, channels),
            Some(Endpoint::AvailableTopics) => subscriptions::available(ask),
            Some(Endpoint::Socket) => subscriptions::socket(ask, channels),
            Some(Endpoint::Media) => recordings.store.answer(ask.request, faults),
            None => refused(404, "not.found", "The requested resource was not found"),
        }
    }

    /// When something is to be told next, if the day passes.
    pub(super) fn due(&self) -> Option<Instant> {
        let state = self.state();
        let DayTime::Passing(passing) = state.day.time else { return None };
        let (at, _) = state.told.next(&state.day)?;
        Some(Instant::now() + passing.wait(at))
    }

    /// Tells what has happened by now.
    pub(super) fn catch_up(&self) {
        self.state().catch_up(&self.faults);
    }

    pub(super) fn heartbeat(&self) -> Duration {
        self.state().day.settings.heartbeat
    }

    /// Whether a channel says nothing, not even that it lives. What was held back goes out first.
    pub(super) fn beat(&self, channel: &str) -> bool {
        let mut state = self.state();
        state.prune_channels();
        state.channels.beat(channel)
    }

    /// Connects somebody to a channel, and tells what is due on it from then on.
    pub(super) fn connect(&self, channel: &str) -> Option<UnboundedReceiver<Out>> {
        self.catch_up();
        self.state().channels.connect(channel)
    }
}
