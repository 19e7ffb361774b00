//! What goes wrong on the way, and what nobody can mend.

use std::sync::Mutex;
use std::time::Duration;

use connector_core::socket::Connection;
use connector_core::testing::Fault;
use connector_core::testing::http::{Answer, Answers, Request};
use connector_genesys::testing::Endpoint;

use super::*;

/// Plays a day with faults. Nothing is lost untold, and all of them happened.
async fn play(number: u64, faults: FaultPlan) -> Program {
    let mut program = Program::new(&Scenario::small(number), faults.clone());
    program.listen(&Watch::everyone());
    program.until(program.evening()).await;
    assert_eq!(program.error.as_ref().map(ToString::to_string), None);
    assert!(faults.unfired().is_empty(), "{:?}", faults.unfired());
    program.check();
    let shown = program.shown();
    assert!(!shown.contains("streaming-5"), "{shown}");
    for agent in &program.fake.scenario().agents {
        assert!(!shown.contains(agent.login.reveal()), "{shown}");
    }
    program
}

#[tokio::test(start_paused = true)]
async fn sockets_that_are_cut_in_the_middle_of_a_message_cost_a_gap() {
    let program = play(7, FaultPlan::none().with(Fault::CutSocket, 4).every(Fault::CutSocket, 9)).await;
    assert_eq!(program.gaps().len(), 5, "{:?}", program.gaps());
    // The calls that went on are asked about, so that most of them are told to their end.
    assert!(program.ended().len() >= 10 && program.fake.count(Endpoint::Conversation) >= 10);
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_is_silent_for_too_long_costs_a_gap_from_its_last_word() {
    let program = play(7, FaultPlan::none().with(Fault::SilentSocket, 3).every(Fault::SilentSocket, 11)).await;
    assert_eq!(program.gaps().len(), 4, "{:?}", program.gaps());
    assert!(program.gaps()[1..].iter().all(|gap| gap.to - gap.from >= TimeDelta::seconds(90)));
}

#[tokio::test(start_paused = true)]
async fn announced_closings_cost_nothing() {
    let program = play(7, FaultPlan::none().with(Fault::ClosingSocket, 4).every(Fault::ClosingSocket, 9)).await;
    assert_eq!((program.gaps().len(), program.ended().len()), (1, 12), "{:?}", program.gaps());
}

#[tokio::test(start_paused = true)]
async fn a_token_that_ends_in_the_middle_costs_a_new_channel_and_a_gap() {
    let program = play(7, FaultPlan::none().with(Fault::RevokedToken, 3).every(Fault::RevokedToken, 13)).await;
    assert_eq!(program.gaps().len(), 4, "{:?}", program.gaps());
    assert!(program.fake.count(Endpoint::Token) >= 4);
}

#[tokio::test(start_paused = true)]
async fn all_of_it_at_once_loses_nothing_untold() {
    for number in 0..8 {
        let kinds = [
            Fault::CutSocket,
            Fault::SilentSocket,
            Fault::ClosingSocket,
            Fault::RevokedToken,
            Fault::Duplicate,
            Fault::Reordered,
            Fault::Throttled,
            Fault::Unauthorized,
        ];
        let plan = FaultPlan::none();
        let plan = kinds.iter().zip(2..).fold(plan, |plan, (kind, every)| plan.with(*kind, 2).every(*kind, every));
        play(number, plan).await;
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_is_evicted_ends_and_makes_no_new_channel() {
    let mut program = Program::new(&Scenario::small(7), FaultPlan::none());
    program.listen(&Watch::everyone());
    program.pass(TimeDelta::minutes(1)).await;
    program.fake.evict("another_channel_subscribed");
    program.pass(TimeDelta::hours(1)).await;
    let error = program.error.take().expect("the stream ends");
    assert!(error.is_already_subscribed() && error.to_string().contains("OAuth client"), "{error}");
    assert_eq!(program.fake.count(Endpoint::OpenChannel), 1);
    // The next stream may listen again.
    program.listen(&Watch::everyone());
    program.until(program.evening()).await;
    assert_eq!(program.ended().len(), 12);
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_is_taken_away_for_another_reason_is_replaced() {
    let mut program = Program::new(&Scenario::small(7), FaultPlan::none());
    program.listen(&Watch::everyone());
    program.pass(TimeDelta::minutes(1)).await;
    program.fake.evict("something new");
    program.until(program.evening()).await;
    program.check();
    assert_eq!((program.ended().len(), program.gaps().len()), (12, 2));
}

#[tokio::test(start_paused = true)]
async fn wrong_credentials_and_a_missing_permission_end_it() {
    let mut program = Program::new(&Scenario::small(7), FaultPlan::none());
    program.fake.log_in_fails();
    program.listen(&Watch::everyone());
    program.pass(TimeDelta::minutes(1)).await;
    assert!(program.error.is_some_and(|error| error.is_unauthorized()));

    let mut program = Program::new(&Scenario::small(7), FaultPlan::none());
    program.fake.forbid("conversation:communication:view");
    program.listen(&Watch::everyone());
    program.until(program.evening()).await;
    let error = program.error.take().expect("the stream ends");
    assert!(error.is_forbidden() && error.to_string().contains("conversation:communication:view"), "{error}");
}

/// The fake, with a second for each answer about a call.
struct Slow<A> {
    answers: A,
    asked: Arc<Mutex<Vec<Instant>>>,
}

impl<A: Answers> Answers for Slow<A> {
    fn answer(&self, request: &Request) -> Answer {
        let answer = self.answers.answer(request);
        if !request.uri().path().starts_with("/api/v2/conversations/") {
            return answer;
        }
        self.asked.lock().expect("no panic").push(Instant::now());
        answer.delayed(Duration::from_secs(1))
    }

    fn switched(&self, request: Request, connection: Connection) {
        self.answers.switched(request, connection);
    }
}

#[tokio::test(start_paused = true)]
async fn calls_that_end_all_at_once_are_asked_about_four_at_a_time() {
    let mut program = Program::new(&Scenario::small(7), FaultPlan::none());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let slow = Slow { answers: program.fake.answers(), asked: asked.clone() };
    let cx = Context::default().with_clock(program.clock).with_transport(Arc::new(InProcess::new(slow)));
    program.genesys = Genesys::new(program.fake.config(), &cx).expect("settings that make sense");
    program.listen(&Watch::everyone());
    program.pass(TimeDelta::minutes(1)).await;
    let agent = program.fake.scenario().agents[0].id.clone();
    let (topic, time) = (format!("v2.users.{agent}.conversations.calls"), "2026-09-21T08:00:00Z");
    for call in 0..10 {
        let part = serde_json::json!({ "id": format!("p-{call}"), "purpose": "agent", "state": "terminated",
            "connectedTime": time, "endTime": time, "user": { "id": agent } });
        program.fake.say(&topic, &serde_json::json!({ "id": format!("c-{call}"), "participants": [part] }));
    }
    program.pass(TimeDelta::seconds(10)).await;
    assert_eq!(program.ended().len(), 10, "nobody knows these calls any more");
    let asked = asked.lock().expect("no panic");
    let after = |at: &Instant| at.duration_since(asked[0]).as_secs();
    assert_eq!(asked.iter().map(after).collect::<Vec<_>>(), [0, 0, 0, 0, 1, 1, 1, 1, 2, 2]);
}

#[tokio::test(start_paused = true)]
async fn messages_that_make_no_sense_are_passed_over() {
    let mut program = Program::new(&Scenario::small(7), FaultPlan::none());
    program.fake.change(|settings| (settings.bad_messages, settings.bad_rows) = (7, 3));
    program.listen(&Watch::everyone());
    program.pass(TimeDelta::minutes(1)).await;
    for (topic, body) in [
        ("v2.something.new", serde_json::json!({ "x": [] })),
        ("v2.system.nobody_knows", serde_json::json!("text")),
        ("channel.metadata", serde_json::json!(null)),
    ] {
        program.fake.say(topic, &body);
    }
    program.until(program.evening()).await;
    program.check();
    assert_eq!((program.ended().len(), program.gaps().len()), (12, 1));
}

#[tokio::test(start_paused = true)]
async fn what_comes_twice_or_late_or_is_throttled_loses_nothing() {
    for fault in [Fault::Duplicate, Fault::Reordered, Fault::Throttled, Fault::Unauthorized, Fault::ClosingSocket] {
        let calm = play(7, FaultPlan::none()).await;
        let program = play(7, FaultPlan::none().with(fault, 2).every(fault, 2)).await;
        assert_eq!(program.kinds(), calm.kinds(), "{fault}");
    }
}
