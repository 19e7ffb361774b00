use proptest::prelude::*;

use super::*;
use crate::{ConversationRef, EventKey};

fn at(second: u64) -> DateTime<Utc> {
    "2026-10-19T08:00:00Z".parse::<DateTime<Utc>>().unwrap() + Duration::from_secs(second)
}

fn event(call: u8, kind: CallEventKind, agent: Option<u8>, told: u64) -> CallEvent {
    let (key, call) = (EventKey::new("any"), ConversationRef::new(call.to_string()));
    let mut event = CallEvent::new(key, call, kind, Stamp::vendor(at(told)));
    event.agent = agent.map(|agent| AgentRef::default().with_id(agent.to_string()));
    event
}

/// What comes out: the session, and the agent that it is matched with.
type Out = (u32, Option<String>);

struct Told {
    matcher: Matcher<u32>,
    now: u64,
}

impl Told {
    fn new(options: MatcherOptions) -> Self {
        Self { matcher: Matcher::new(options), now: 0 }
    }

    fn step(&mut self, input: Input<'_, u32>) -> Vec<Out> {
        let mut out = Vec::new();
        self.matcher.step(at(self.now), input, &mut out);
        let out = out.into_iter().map(|effect| match effect {
            Effect::Matched { session, agent, .. } => (session, agent.id),
            Effect::Unmatched { session } => (session, None),
        });
        out.collect()
    }

    fn session(&mut self, call: u8, session: u32) -> Vec<Out> {
        self.step(Input::Session { conversation: &call.to_string(), session })
    }

    fn answered(&mut self, call: u8, agent: u8) -> Vec<Out> {
        let now = self.now;
        self.step(Input::Event(&event(call, CallEventKind::Answered, Some(agent), now)))
    }

    fn later(&mut self, seconds: u64) -> Vec<Out> {
        self.now += seconds;
        self.step(Input::Nothing)
    }
}

fn options() -> MatcherOptions {
    let options = MatcherOptions::default().with_patience(Duration::from_secs(10));
    MatcherOptions { longest_call: Duration::from_secs(60), ..options }
}

fn with(session: u32, agent: u8) -> Vec<Out> {
    vec![(session, Some(agent.to_string()))]
}

#[test]
fn a_session_is_matched_before_after_never_and_twice() {
    let mut told = Told::new(options());
    // The sound first, as with a queue that is recorded; another call means nothing to it.
    assert_eq!(told.session(1, 1), []);
    assert_eq!((told.answered(2, 7), told.later(9)), (vec![], vec![]));
    assert_eq!(told.answered(1, 5), with(1, 5));
    // The answer first; told twice, it says nothing new.
    assert_eq!(told.answered(1, 5), []);
    assert_eq!(told.session(1, 2), with(2, 5));
    // Somebody else has the call by now. What is told late changes nothing.
    told.later(1);
    told.answered(1, 6);
    let late = event(1, CallEventKind::Answered, Some(5), 3);
    assert_eq!(told.step(Input::Event(&late)), []);
    assert_eq!(told.session(1, 3), with(3, 6));
    // Nobody answers, and ringing or a menu that answers is not enough.
    assert_eq!(told.session(3, 4), []);
    assert_eq!(told.matcher.due(), Some(at(20)));
    for (kind, agent) in [(CallEventKind::Ringing, Some(5)), (CallEventKind::Answered, None)] {
        assert_eq!(told.step(Input::Event(&event(3, kind, agent, 10))), []);
    }
    assert_eq!(told.later(9), []);
    assert_eq!(told.later(1), [(4, None)]);
    assert_eq!((told.answered(3, 5), told.matcher.due(), told.matcher.waiting()), (vec![], None, 0));
}

#[test]
fn a_call_is_remembered_a_while_after_its_end_and_no_longer() {
    let mut told = Told::new(options());
    told.answered(1, 5);
    told.later(50);
    let ended = event(1, CallEventKind::Ended, None, 50);
    told.step(Input::Event(&ended));
    told.later(9);
    assert_eq!(told.session(1, 1), with(1, 5));
    // Neither its end nor its answer, told again, keeps it longer.
    told.step(Input::Event(&ended));
    told.answered(1, 5);
    told.later(1);
    assert_eq!(told.session(1, 2), []);
    // A call without an end.
    told.answered(2, 6);
    told.later(59);
    assert_eq!(told.session(2, 3), with(3, 6));
    told.later(1);
    assert_eq!(told.session(2, 4), []);
    assert_eq!(told.matcher.calls.known.len() + told.matcher.calls.until.len(), 0);
}

#[test]
fn no_more_are_kept_than_may_be() {
    let mut told = Told::new(options().with_limits(2, 2));
    told.session(1, 1);
    told.session(1, 2);
    assert_eq!(told.session(2, 3), [(1, None)], "the one that has waited longest");
    assert_eq!((told.matcher.waiting(), told.matcher.waiting.of_call.len()), (2, 2));
    for call in 11..20 {
        told.answered(call, 5);
        told.now += 1;
        assert!(told.matcher.calls.known.len() <= 2 && told.matcher.calls.until.len() <= 2);
    }
    assert_eq!(told.session(19, 4), with(4, 5));
    assert_eq!(told.session(18, 5), with(5, 5));
    assert_eq!(told.session(17, 6), [(2, None)], "that call is forgotten, so it waits in the room of another");
}

#[test]
fn times_from_nowhere_do_no_harm() {
    let options = MatcherOptions { patience: Duration::MAX, longest_call: Duration::MAX, ..options() };
    let (mut matcher, mut out) = (Matcher::new(options), Vec::new());
    matcher.step(DateTime::<Utc>::MAX_UTC, Input::Session { conversation: "1", session: 1 }, &mut out);
    matcher.step(DateTime::<Utc>::MIN_UTC, Input::Event(&event(1, CallEventKind::Answered, Some(1), 0)), &mut out);
    assert_eq!(out.len(), 1);
}

#[derive(Clone, Debug)]
enum Step {
    Session(u8),
    Answered(u8, u8),
    Ended(u8),
    Later(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let call = 0..4u8;
    let step = prop_oneof![
        3 => call.clone().prop_map(Step::Session),
        2 => (call.clone(), 0..9u8).prop_map(|(call, agent)| Step::Answered(call, agent)),
        1 => call.prop_map(Step::Ended),
        2 => (1..25u64).prop_map(Step::Later),
    ];
    prop::collection::vec(step, 0..40)
}

proptest! {
    /// What comes out is what follows from the whole story, looked at from its end.
    #[test]
    fn each_session_comes_out_once_and_with_whoever_answered(steps in steps()) {
        let mut told = Told::new(options());
        let (mut out, mut story, mut sessions) = (Vec::new(), Vec::new(), 0u32);
        for step in &steps {
            match *step {
                Step::Session(call) => { sessions += 1; out.extend(told.session(call, sessions)); }
                Step::Answered(call, agent) => out.extend(told.answered(call, agent)),
                Step::Ended(call) => {
                    let ended = event(call, CallEventKind::Ended, None, told.now);
                    out.extend(told.step(Input::Event(&ended)));
                }
                Step::Later(seconds) => out.extend(told.later(seconds)),
            }
            story.push((told.now, step.clone()));
        }
        out.extend(told.later(10));
        prop_assert_eq!(told.matcher.waiting(), 0);

        let mut number = 0;
        let mut expected = Vec::new();
        for (place, (began, step)) in story.iter().enumerate() {
            let Step::Session(call) = step else { continue };
            number += 1;
            let agent = known(&story[..place], *call, *began).or_else(|| {
                let mut later = story[place..].iter().filter(|(now, _)| *now < began + 10);
                later.find_map(|(_, step)| match step {
                    Step::Answered(of, agent) if of == call => Some(*agent),
                    _ => None,
                })
            });
            expected.push((number, agent.map(|agent| agent.to_string())));
        }
        out.sort();
        prop_assert_eq!(out, expected);
    }
}

/// Who has a call by then, from all that was told before.
fn known(story: &[(u64, Step)], call: u8, now: u64) -> Option<u8> {
    // The agent and when, until when it is remembered, and whether its end was told.
    let mut known: Option<(u8, u64, u64, bool)> = None;
    for (time, step) in story {
        known = known.filter(|(_, _, until, _)| time < until);
        match (step, &mut known) {
            (Step::Answered(of, agent), None) if *of == call => known = Some((*agent, *time, time + 60, false)),
            (Step::Answered(of, agent), Some((last, at, until, has_ended))) if *of == call => {
                if time > at {
                    (*last, *at) = (*agent, *time);
                }
                if !*has_ended {
                    *until = time + 60;
                }
            }
            (Step::Ended(of), Some((_, _, until, has_ended))) if *of == call && !*has_ended => {
                (*until, *has_ended) = (time + 10, true);
            }
            _ => {}
        }
    }
    known.filter(|(_, _, until, _)| now < *until).map(|(agent, ..)| agent)
}
