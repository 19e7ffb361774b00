//! Whose calls are stored, and which of them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use connector_core::{AgentRef, Clock, Conversation, Direction, Leg, Watch};
use tokio::sync::watch;

use crate::work::after;

/// A live handle on whose calls are stored, and which of them. Clones share the people: a change reaches every running
/// stream.
///
/// A call is ours when anybody in it is one of the people, whoever else took part. One that names nobody who could be
/// told apart (no id, login or e-mail in any leg, as when a caller hangs up in the queue) is ours too: nobody can say that
/// it is not.
///
/// ```
/// use connector_core::{AgentRef, Conversation, ConversationRef, Leg, Vendor};
/// use ingestion_pipeline::{Judgement, Member, Reason, Scope};
///
/// let mut call = Conversation::new(ConversationRef::new("c-1"), Vendor::UNIVERSAL);
/// let mut leg = Leg::new("1");
/// leg.agent = Some(AgentRef::default().with_login("kay"));
/// call.legs.push(leg);
///
/// let scope = Scope::of([]);
/// assert_eq!(scope.judge(&call), Judgement::Outside(Reason::Person));
/// scope.set([Member::new(AgentRef::default().with_login("Kay"))]);
/// assert_eq!(scope.judge(&call), Judgement::Ours);
/// assert_eq!(Scope::everyone().judge(&call), Judgement::Ours);
/// ```
#[derive(Clone, Debug)]
pub struct Scope {
    watch: Watch,
    /// `None` where the watch alone says who counts.
    members: Arc<watch::Sender<Option<Arc<Members>>>>,
    filter: Arc<Filter>,
    clock: Clock,
}

/// Somebody whose calls are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Member {
    /// Who it is at the source.
    pub who: AgentRef,
    /// When the person moved to another source or was no longer to be analysed. Calls that started before are kept, so
    /// that one that is under way at that moment is not lost.
    pub until: Option<DateTime<Utc>>,
}

impl Member {
    /// Somebody all of whose calls are stored.
    pub fn new(who: AgentRef) -> Self {
        Self { who, until: None }
    }

    /// The same person, whose calls are stored only if they started before this time.
    pub fn with_until(mut self, until: DateTime<Utc>) -> Self {
        self.until = Some(until);
        self
    }

    /// Whether a call that started then is the person's. A call of which nobody knows when it started is.
    fn had(&self, started: Option<DateTime<Utc>>) -> bool {
        self.until.is_none_or(|until| started.is_none_or(|started| started < until))
    }
}

/// Which calls are stored. What a call does not tell is never held against it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Filter {
    /// Calls shorter than this are left alone. A call of unknown length is kept.
    pub min_length: Duration,
    /// Only calls in these directions; all when empty. A call of unknown direction is kept.
    pub directions: Vec<Direction>,
    /// Only calls that came through one of these queues, by name or id, letter case aside; all when empty. A call is kept
    /// when it names no queue, or one without a name.
    pub queues: Vec<String>,
}

impl Filter {
    /// The same filter, which leaves shorter calls alone.
    pub fn with_min_length(mut self, length: Duration) -> Self {
        self.min_length = length;
        self
    }

    /// The same filter for calls in these directions.
    pub fn with_directions(mut self, directions: impl IntoIterator<Item = Direction>) -> Self {
        self.directions = directions.into_iter().collect();
        self
    }

    /// The same filter for calls through these queues.
    pub fn with_queues(mut self, queues: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.queues = queues.into_iter().map(Into::into).collect();
        self
    }

    fn against(&self, call: &Conversation) -> Option<Reason> {
        if call.duration().is_some_and(|length| length < self.min_length) {
            return Some(Reason::Length);
        }
        let is_known = call.direction != Direction::Unknown;
        if is_known && !self.directions.is_empty() && !self.directions.contains(&call.direction) {
            return Some(Reason::Direction);
        }
        self.is_other_queue(&call.legs).then_some(Reason::Queue)
    }

    fn is_other_queue(&self, legs: &[Leg]) -> bool {
        let mut queues = legs.iter().filter_map(|leg| leg.queue.as_ref()).peekable();
        if self.queues.is_empty() || queues.peek().is_none() {
            return false;
        }
        let is_wanted = |text: &String| self.queues.iter().any(|wanted| wanted.to_lowercase() == text.to_lowercase());
        queues.all(|queue| queue.name.is_some() && !queue.name.iter().chain(&queue.id).any(is_wanted))
    }
}

/// Whether a call is to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Judgement {
    /// It is.
    Ours,
    /// It is left alone.
    Outside(Reason),
}

/// Why a call is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// Nobody in it is one of ours, or no longer when it started.
    Person,
    /// It is too short.
    Length,
    /// It went in another direction.
    Direction,
    /// It came through another queue.
    Queue,
}

impl Scope {
    /// How long a source goes on hearing somebody after [`until`](Member::until): longer than any call, and what its
    /// system then takes to tell of it.
    pub const KEPT: Duration = Duration::from_secs(48 * 3600);

    /// Everybody's calls.
    pub fn everyone() -> Self {
        Self::over(Watch::everyone())
    }

    /// The calls of these people.
    pub fn of(members: impl IntoIterator<Item = Member>) -> Self {
        let scope = Self::over(Watch::these([]));
        scope.set(members);
        scope
    }

    /// The calls of whom this watch covers at the moment they are judged.
    pub fn over(watch: Watch) -> Self {
        Self { watch, members: Arc::default(), filter: Arc::default(), clock: Clock::system() }
    }

    /// The same people, of whose calls only some are stored.
    pub fn with_filter(mut self, filter: Filter) -> Self {
        self.filter = Arc::new(filter);
        self
    }

    /// The same with another clock.
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// From now on the calls of these people. Those whose [`until`](Member::until) is longer ago than [`KEPT`](Self::KEPT)
    /// are not heard any more; an old call of theirs that comes another way is ours still.
    pub fn set(&self, members: impl IntoIterator<Item = Member>) {
        let members = Members::new(members);
        let now = self.clock.now();
        let is_heard = |member: &&Member| member.until.is_none_or(|until| now < after(until, Self::KEPT));
        let heard: Vec<AgentRef> = members.all.iter().filter(is_heard).map(|member| member.who.clone()).collect();
        // First who counts, then who is heard: nobody is heard and then turned away.
        self.members.send_replace(Some(Arc::new(members)));
        if self.watch.people().is_none_or(|before| *before != *heard) {
            self.watch.set(heard);
        }
    }

    /// What the source subscribes with. It follows [`set`](Self::set), and is not to be set by itself.
    pub fn watch(&self) -> Watch {
        self.watch.clone()
    }

    /// Whether a call is to be stored, after all that is known of it.
    pub fn judge(&self, call: &Conversation) -> Judgement {
        if !self.is_of_ours(call) {
            return Judgement::Outside(Reason::Person);
        }
        self.filter.against(call).map_or(Judgement::Ours, Judgement::Outside)
    }

    fn is_of_ours(&self, call: &Conversation) -> bool {
        let can_be_told = |who: &&AgentRef| who.id.is_some() || who.login.is_some() || who.email.is_some();
        let mut agents = call.legs.iter().filter_map(|leg| leg.agent.as_ref()).filter(can_be_told).peekable();
        if agents.peek().is_none() {
            return true;
        }
        let members = self.members.borrow().clone();
        match members {
            Some(members) => agents.any(|who| members.of(who).any(|member| member.had(start_of(call)))),
            None => agents.any(|who| self.watch.covers(who)),
        }
    }
}

/// When a call started, as well as is known.
fn start_of(call: &Conversation) -> Option<DateTime<Utc>> {
    let legs = call.legs.iter().filter_map(|leg| leg.started).map(|stamp| stamp.at).min();
    call.started.map(|stamp| stamp.at).or(legs).or(call.this.around)
}

/// The people, found by what tells them.
#[derive(Debug)]
struct Members {
    all: Vec<Member>,
    places: HashMap<String, Vec<usize>>,
}

impl Members {
    fn new(members: impl IntoIterator<Item = Member>) -> Self {
        let all: Vec<Member> = members.into_iter().collect();
        let mut places: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, member) in all.iter().enumerate() {
            for key in keys(&member.who) {
                places.entry(key).or_default().push(place);
            }
        }
        Self { all, places }
    }

    fn of<'a>(&'a self, who: &'a AgentRef) -> impl Iterator<Item = &'a Member> {
        let places = keys(who).into_iter().filter_map(|key| self.places.get(&key)).flatten();
        places.map(|&place| &self.all[place]).filter(|member| member.who.may_be(who))
    }
}

/// Id, login and e-mail address: two references that may be one person have one of them in common.
fn keys(who: &AgentRef) -> Vec<String> {
    let login = who.login.as_ref().map(|login| login.reveal());
    let email = who.email.as_ref().map(|email| email.reveal());
    [who.id.as_deref(), login, email].into_iter().flatten().map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use connector_core::{ConversationRef, Named, Stamp, Vendor};

    use super::*;
    use crate::fakes::at;

    fn agent(login: &str) -> AgentRef {
        AgentRef::default().with_login(login)
    }

    fn call(agents: &[AgentRef]) -> Conversation {
        let mut call = Conversation::new(ConversationRef::new("c"), Vendor::UNIVERSAL);
        for (n, who) in agents.iter().enumerate() {
            let mut leg = Leg::new(n.to_string());
            leg.agent = Some(who.clone());
            call.legs.push(leg);
        }
        call
    }

    fn lasting(mut call: Conversation, from: i64, seconds: i64) -> Conversation {
        call.started = Some(Stamp::vendor(at(from)));
        call.ended = Some(Stamp::vendor(at(from + seconds)));
        call
    }

    const OUTSIDER: Judgement = Judgement::Outside(Reason::Person);

    #[test]
    fn one_of_two_agents_makes_a_call_ours_and_ids_decide_before_logins() {
        let scope = Scope::of([Member::new(agent("kay").with_id("1"))]);
        assert_eq!(scope.judge(&call(&[agent("lee"), agent("KAY")])), Judgement::Ours);
        assert_eq!(scope.judge(&call(&[agent("lee")])), OUTSIDER);
        assert_eq!(scope.judge(&call(&[agent("kay").with_id("2")])), OUTSIDER, "another person with her old login");
        assert_eq!(scope.judge(&call(&[AgentRef::default().with_id("1")])), Judgement::Ours);
        assert_eq!(scope.judge(&call(&[agent("1")])), OUTSIDER, "a login is no id");
    }

    #[test]
    fn a_call_that_names_nobody_is_ours() {
        let scope = Scope::of([]);
        assert_eq!(scope.judge(&call(&[])), Judgement::Ours);
        assert_eq!(scope.judge(&call(&[AgentRef::default().with_name("Kay")])), Judgement::Ours);
        assert_eq!(scope.judge(&call(&[AgentRef::default().with_name("Kay").with_id("1")])), OUTSIDER);
    }

    #[tokio::test(start_paused = true)]
    async fn who_left_keeps_the_calls_that_started_before_and_is_heard_for_two_days() {
        let clock = Clock::starting_at(at(0));
        let scope = Scope::of([]).with_clock(clock);
        let members = || [Member::new(agent("kay")).with_until(at(10)), Member::new(agent("lee"))];
        scope.set(members());
        let of_kay = || call(&[agent("kay")]);
        assert_eq!(scope.judge(&lasting(of_kay(), 9, 600)), Judgement::Ours, "it was under way");
        assert_eq!(scope.judge(&lasting(of_kay(), 10, 600)), OUTSIDER);
        assert_eq!(scope.judge(&of_kay()), Judgement::Ours, "nobody knows when it started");
        let mut by_leg = of_kay();
        by_leg.legs[0].started = Some(Stamp::vendor(at(11)));
        assert_eq!(scope.judge(&by_leg), OUTSIDER);

        let watch = scope.watch();
        tokio::time::advance(Scope::KEPT + Duration::from_secs(9)).await;
        scope.set(members());
        assert!(watch.covers(&agent("kay")));
        tokio::time::advance(Duration::from_secs(1)).await;
        scope.set(members());
        assert!(!watch.covers(&agent("kay")) && watch.covers(&agent("lee")));
        assert_eq!(scope.judge(&lasting(of_kay(), 9, 600)), Judgement::Ours, "found by a comparison, days later");
    }

    #[tokio::test]
    async fn the_watch_changes_only_when_other_people_are_heard() {
        let scope = Scope::of([Member::new(agent("kay"))]);
        let mut changes = scope.watch().changes();
        scope.clone().set([Member::new(agent("kay"))]);
        let waited = tokio::time::timeout(Duration::from_millis(5), changes.next()).await;
        assert!(waited.is_err(), "the same people");
        scope.set([Member::new(agent("lee"))]);
        changes.next().await;
        assert!(scope.watch().covers(&agent("lee")) && !scope.watch().covers(&agent("kay")));
    }

    #[test]
    fn a_scope_over_a_watch_judges_as_the_watch_covers() {
        let watch = Watch::these([agent("kay")]);
        let scope = Scope::over(watch.clone());
        assert_eq!(scope.judge(&call(&[agent("lee")])), OUTSIDER);
        watch.set([agent("lee")]);
        assert_eq!(scope.judge(&call(&[agent("lee")])), Judgement::Ours);
        assert_eq!(scope.judge(&call(&[agent("kay")])), OUTSIDER);
    }

    #[test]
    fn calls_that_are_too_short_are_left_alone_and_those_of_unknown_length_are_not() {
        let scope = Scope::everyone().with_filter(Filter::default().with_min_length(Duration::from_secs(10)));
        assert_eq!(scope.judge(&lasting(call(&[]), 0, 9)), Judgement::Outside(Reason::Length));
        assert_eq!(scope.judge(&lasting(call(&[]), 0, 10)), Judgement::Ours);
        assert_eq!(scope.judge(&call(&[])), Judgement::Ours);
    }

    #[test]
    fn only_the_directions_asked_for_and_those_nobody_knows_are_kept() {
        let scope = Scope::everyone().with_filter(Filter::default().with_directions([Direction::Inbound]));
        let toward = |direction| {
            let mut call = call(&[]);
            call.direction = direction;
            scope.judge(&call)
        };
        assert_eq!(toward(Direction::Inbound), Judgement::Ours);
        assert_eq!(toward(Direction::Unknown), Judgement::Ours);
        assert_eq!(toward(Direction::Outbound), Judgement::Outside(Reason::Direction));
    }

    #[test]
    fn one_leg_in_the_queue_is_enough_and_a_queue_without_name_is_no_reason() {
        let scope = Scope::everyone().with_filter(Filter::default().with_queues(["Support", "q-7"]));
        let through = |queues: &[Option<Named>]| {
            let mut call = call(&[]);
            for (n, queue) in queues.iter().enumerate() {
                let mut leg = Leg::new(n.to_string());
                leg.queue.clone_from(queue);
                call.legs.push(leg);
            }
            scope.judge(&call)
        };
        let other = || Some(Named::by_name("Sales"));
        assert_eq!(through(&[other()]), Judgement::Outside(Reason::Queue));
        assert_eq!(through(&[other(), None]), Judgement::Outside(Reason::Queue));
        assert_eq!(through(&[other(), Some(Named::by_name("support"))]), Judgement::Ours);
        assert_eq!(through(&[Some(Named { id: Some("q-7".into()), name: Some("Sales".into()) })]), Judgement::Ours);
        assert_eq!(through(&[Some(Named { id: Some("q-1".into()), name: None })]), Judgement::Ours);
        assert_eq!(through(&[None]), Judgement::Ours);
    }
}
