//! The index against a model, and while several ask at once.

use std::sync::atomic::{AtomicU32, Ordering};

use proptest::option;
use proptest::prelude::*;
use tokio::time::{advance, sleep};

use super::*;
use crate::Error;

fn index() -> AgentIndex {
    AgentIndex::new(Clock::default())
}

fn agent(id: &str, login: &str) -> AgentRef {
    AgentRef::default().with_id(id).with_login(login)
}

fn bare(id: &str) -> AgentRef {
    AgentRef::default().with_id(id)
}

/// A lookup that counts how often it is begun.
async fn found(begun: &AtomicU32, answer: Result<Option<AgentRef>>) -> Result<Option<AgentRef>> {
    begun.fetch_add(1, Ordering::Relaxed);
    sleep(Duration::from_secs(1)).await;
    answer
}

#[tokio::test(start_paused = true)]
async fn all_who_ask_for_one_id_wait_for_one_answer() {
    let (people, begun) = (index(), AtomicU32::new(0));
    let ask = |id: &'static str| people.who(id, found(&begun, Ok(Some(agent(id, "kay")))));
    let (a, b, c, other) = tokio::join!(ask("17"), ask("17"), ask("17"), ask("18"));
    assert_eq!([a, b, c], [agent("17", "kay"), agent("17", "kay"), agent("17", "kay")]);
    assert_eq!((other, begun.load(Ordering::Relaxed)), (agent("18", "kay"), 2));
    assert!(people.turns.lock().expect("no panic").values().all(|turn| turn.strong_count() == 0));
}

#[tokio::test(start_paused = true)]
async fn who_waits_too_long_goes_on_and_so_do_all_who_wait_behind() {
    let (people, begun, start) = (index().with_patience(Duration::from_secs(3)), AtomicU32::new(0), Instant::now());
    let never = || async {
        begun.fetch_add(1, Ordering::Relaxed);
        std::future::pending().await
    };
    let later = async {
        sleep(Duration::from_secs(2)).await;
        people.who("17", never()).await
    };
    let (first, second) = tokio::join!(people.who("17", never()), later);
    assert_eq!((first, second, begun.load(Ordering::Relaxed)), (bare("17"), bare("17"), 1));
    assert_eq!(start.elapsed(), Duration::from_secs(3));
    assert_eq!(people.who("17", never()).await, bare("17"));
    assert_eq!(start.elapsed(), Duration::from_secs(3), "nobody waits for what just took too long");
    advance(AGAIN).await;
    assert_eq!(people.who("17", async { Ok(Some(agent("17", "kay"))) }).await, agent("17", "kay"));
}

#[tokio::test(start_paused = true)]
async fn whoever_is_dropped_while_asking_leaves_the_question_to_the_next() {
    let (people, begun) = (index(), AtomicU32::new(0));
    let ask = || people.who("17", found(&begun, Ok(Some(agent("17", "kay")))));
    let dropped = tokio::time::timeout(Duration::from_millis(500), ask());
    let (dropped, answered) = tokio::join!(dropped, ask());
    assert!(dropped.is_err());
    assert_eq!((answered, begun.load(Ordering::Relaxed)), (agent("17", "kay"), 2));
}

#[tokio::test(start_paused = true)]
async fn that_nobody_knows_an_id_is_believed_for_minutes_and_a_failure_for_seconds() {
    for (answer, quiet) in [(Ok(None), UNKNOWN_FOR), (Ok(Some(bare("17"))), UNKNOWN_FOR), (Err(()), AGAIN)] {
        let (people, begun) = (index(), AtomicU32::new(0));
        let ask = || people.who("17", found(&begun, answer.clone().map_err(|()| Error::transient("away"))));
        assert_eq!(ask().await, bare("17"));
        advance(quiet - Duration::from_millis(1)).await;
        assert_eq!((ask().await, begun.load(Ordering::Relaxed)), (bare("17"), 1));
        advance(Duration::from_millis(1)).await;
        ask().await;
        assert_eq!(begun.load(Ordering::Relaxed), 2);
    }
}

#[tokio::test]
async fn what_is_learned_ends_what_was_unknown() {
    let people = index();
    assert_eq!(people.who("17", async { Ok(None) }).await, bare("17"));
    assert_eq!(people.get("17"), None);
    people.learn(&agent("17", "kay"));
    assert_eq!(people.who("17", async { panic!("asked") }).await, agent("17", "kay"));
}

#[tokio::test]
async fn whoever_is_known_without_a_login_is_asked_for() {
    let people = index();
    people.learn(&bare("17").with_name("Kay"));
    let found = people.who("17", async { Ok(Some(agent("17", "kay"))) }).await;
    assert_eq!(found, agent("17", "kay").with_name("Kay"));
    let people = index();
    people.learn(&bare("17").with_name("Kay"));
    assert_eq!(people.who("17", async { Err(Error::transient("away")) }).await, bare("17").with_name("Kay"));
}

#[tokio::test]
async fn an_answer_is_filed_under_the_id_that_was_asked_for() {
    let people = index();
    assert_eq!(people.who("17", async { Ok(Some(agent("99", "kay"))) }).await, agent("17", "kay"));
    assert_eq!(people.get("99"), None);
}

#[test]
fn somebody_who_is_renamed_is_found_by_the_new_login_alone() {
    let people = index();
    people.learn(&agent("17", "kay").with_email("kay@example.com"));
    people.learn(&agent("17", "Kim"));
    let by = |login: &str| people.meant_by(&AgentRef::default().with_login(login));
    assert_eq!(by("kay"), []);
    assert_eq!(by("KIM"), [agent("17", "Kim").with_email("kay@example.com")]);
    assert_eq!(by("kay@example.com"), by("kim"), "what is left out stays");
    people.learn(&agent("18", "kim"));
    assert_eq!(by("kim").len(), 2, "two may have one login");
    people.learn(&AgentRef::default().with_login("nobody"));
    assert_eq!(by("nobody"), [], "without an id there is nothing to know");
}

#[test]
fn with_less_room_whoever_was_used_last_is_kept() {
    let people = index();
    ["17", "18", "19"].iter().for_each(|id| people.learn(&agent(id, "kay")));
    let people = people.with_room(2);
    people.learn(&agent("17", "kim"));
    people.learn(&agent("20", "lee"));
    assert_eq!(["17", "18", "19", "20"].map(|id| people.get(id).is_some()), [true, false, false, true]);
    people.known().check();
}

#[test]
fn what_is_empty_is_not_what_is_left_out() {
    let people = index();
    let odd = agent("", "").with_email("kay@example.com");
    people.learn(&odd);
    assert_eq!(people.get(""), Some(odd.clone()));
    people.learn(&bare("").with_name(""));
    assert_eq!(people.meant_by(&AgentRef::default().with_login("")), [odd.with_name("")]);
}

#[test]
fn a_debug_text_shows_nobody() {
    let people = index().with_room(3);
    people.learn(&agent("17", "kay").with_name("Kay").with_email("kay@example.com"));
    assert_eq!(format!("{people:?}"), "AgentIndex(1 ids of at most 3)");
}

/// What the index is to do, in the simplest words: a list, whoever was used last at its end.
#[derive(Default)]
struct Model {
    people: Vec<(String, AgentRef, u64)>,
    now: u64,
}

impl Model {
    fn touch(&mut self, id: &str) -> Option<&mut (String, AgentRef, u64)> {
        let place = self.people.iter().position(|(known, ..)| known == id)?;
        let entry = self.people.remove(place);
        self.people.push(entry);
        self.people.last_mut()
    }

    fn learn(&mut self, id: &str, said: AgentRef, room: usize) {
        if self.touch(id).is_none() {
            self.people.push((id.to_owned(), bare(id), 0));
        }
        let (_, who, _) = self.people.last_mut().expect("it was pushed");
        who.login = said.login.or(who.login.take());
        who.email = said.email.or(who.email.take());
        let over = self.people.len().saturating_sub(room);
        self.people.drain(..over);
    }

    /// The answer, and whether the lookup is begun.
    fn who(&mut self, id: &str, answer: &Answer, room: usize) -> (AgentRef, bool) {
        let now = self.now;
        if let Some((_, who, quiet)) = self.touch(id)
            && (who.login.is_some() || now < *quiet)
        {
            return (who.clone(), false);
        }
        let (said, quiet) = match answer {
            Answer::Somebody(login) => (AgentRef::default().with_login(login.as_str()), UNKNOWN_FOR),
            Answer::Nobody => (AgentRef::default(), UNKNOWN_FOR),
            Answer::Failure => (AgentRef::default(), AGAIN),
        };
        self.learn(id, said, room);
        let (_, who, until) = self.people.last_mut().expect("it was learned");
        *until = now + quiet.as_secs();
        (who.clone(), true)
    }
}

#[derive(Clone, Debug)]
enum Answer {
    Somebody(String),
    Nobody,
    Failure,
}

#[derive(Clone, Debug)]
enum Step {
    Learn(String, Option<String>, Option<String>),
    Get(String),
    Who(String, Answer),
    By(String),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let id = || "[a-f]";
    let login = || "[x-zX-Z]";
    let answer = prop_oneof![login().prop_map(Answer::Somebody), Just(Answer::Nobody), Just(Answer::Failure)];
    prop_oneof![
        (id(), option::of(login()), option::of(login())).prop_map(|(id, login, email)| Step::Learn(id, login, email)),
        id().prop_map(Step::Get),
        (id(), answer).prop_map(|(id, answer)| Step::Who(id, answer)),
        login().prop_map(Step::By),
        (1u64..400).prop_map(Step::Pass),
    ]
}

async fn same_as_the_model(room: usize, steps: Vec<Step>) {
    let people = index().with_room(room);
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Learn(id, login, email) => {
                let who = AgentRef { login: login.map(Login::from), email: email.map(EmailAddress::from), ..bare(&id) };
                people.learn(&who);
                model.learn(&id, who, room);
            }
            Step::Get(id) => {
                let known = model.touch(&id).map(|(_, who, _)| who.clone()).filter(|who| *who != bare(&id));
                assert_eq!(people.get(&id), known, "{id}");
            }
            Step::Who(id, answer) => {
                let begun = AtomicU32::new(0);
                let lookup = async {
                    begun.fetch_add(1, Ordering::Relaxed);
                    match &answer {
                        Answer::Somebody(login) => Ok(Some(agent(&id, login))),
                        Answer::Nobody => Ok(None),
                        Answer::Failure => Err(Error::transient("away")),
                    }
                };
                let who = people.who(&id, lookup).await;
                assert_eq!((who, begun.load(Ordering::Relaxed) == 1), model.who(&id, &answer, room), "{id}");
            }
            Step::By(handle) => {
                let wanted = AgentRef::default().with_login(handle);
                let mut meant: Vec<_> = model.people.iter().map(|(_, who, _)| who.clone()).collect();
                meant.retain(|who| who.may_be(&wanted));
                meant.sort();
                assert_eq!(people.meant_by(&wanted), meant);
            }
            Step::Pass(seconds) => {
                advance(Duration::from_secs(seconds)).await;
                model.now += seconds;
            }
        }
        people.known().check();
        assert!(people.known().len() <= room);
    }
}

proptest! {
    #[test]
    fn it_knows_what_a_list_would_know(room in 1usize..5, steps in proptest::collection::vec(step(), 0..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime").block_on(same_as_the_model(room, steps));
    }
}
