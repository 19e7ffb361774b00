//! Whose calls are stored: what is none of ours leaves no trace, and what is ours stays so.

use std::time::Duration;

use connector_core::{AgentRef, CallEvent, CallEventKind, Conversation, Direction, Item, Leg, Lookup, Stamp};

use crate::fakes::{Bench, FakeSource, State, at, changed, ended, event, told, until, with_receipt};
use crate::pipeline::SourceOptions;
use crate::progress::Report;
use crate::scope::{Filter, Member, Scope};
use crate::store::WorkStore;

const DAY: Duration = Duration::from_secs(86_400);

fn who(login: &str) -> AgentRef {
    AgentRef::default().with_login(login)
}

fn of_kay() -> Scope {
    Scope::of([Member::new(who("kay"))])
}

fn taken_by(mut call: Conversation, login: &str) -> Conversation {
    call.legs[0].agent = Some(who(login));
    call
}

fn ended_with(call: Conversation) -> CallEvent {
    let mut event = with_receipt(ended(&call.this.id, 1), &call.this.id);
    event.facts = Some(Box::new(call));
    event
}

/// Runs the pipeline until the call `last`, which the scope covers, is settled.
async fn run(bench: &Bench, events: impl IntoIterator<Item = CallEvent>) -> Report {
    for event in events {
        bench.source.offer([Item::Event(event)], None);
    }
    bench.source.offer([Item::Event(ended_with(taken_by(told("last", 1), "kay")))], None);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(bench.pipeline().run(async move {
        let _ = stopped.await;
    }));
    until("the last call", DAY, || bench.source.settled().contains(&"last".to_owned())).await;
    stop.send(()).unwrap();
    running.await.unwrap().unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_outsider_by_the_facts_makes_no_work_and_no_trace() {
    let bench = Bench::new(FakeSource::new()).scoped(of_kay());
    let events = [ended_with(taken_by(told("theirs", 1), "lee")), ended_with(taken_by(told("ours", 1), "Kay"))];
    let report = run(&bench, events).await;
    assert_eq!((report.left_alone, report.stored, report.events), (1, 2, 2));
    assert!(bench.store.stored("ours").is_some() && bench.store.stored("theirs").is_none());
    assert_eq!((bench.store.events(), bench.source.asked("list theirs")), (2, 0));
    assert!(!bench.source.settled().contains(&"theirs".to_owned()), "its file stays");
    assert!(bench.source.offers.all_accepted(), "and is not offered for ever");
    assert!(report.to_string().ends_with("1 left alone"), "{report}");
}

#[tokio::test(start_paused = true)]
async fn an_outsider_seen_only_in_the_metadata_is_left_alone_once() {
    let source = FakeSource::new().knowing(|of, _| Ok(Lookup::Ready(taken_by(told(&of.id, 1), "lee"))));
    let bench = Bench::new(source).scoped(of_kay());
    bench.hear([with_receipt(event("c", CallEventKind::Ended, "1"), "file")]).await;
    bench.store.fail("finish", 1);
    bench.work_all().await;
    assert!(bench.store.stored("c").is_none() && bench.sink.count() == 0 && bench.sent.keys().is_empty());
    assert_eq!((bench.store.work_of("c").state, bench.left_alone()), (State::Finished, 1));
    assert!(bench.source.settled().is_empty());
    assert!(!bench.store.is_known(&crate::fakes::origin(), "c").await.unwrap());

    // The source offers it again, and by now the person counts.
    let bench = bench.scoped(Scope::of([Member::new(who("lee"))]));
    bench.hear([with_receipt(event("c", CallEventKind::Ended, "1"), "file")]).await;
    bench.work_all().await;
    assert!(bench.store.stored("c").is_some());
    assert_eq!(bench.source.settled(), ["file"]);
}

#[tokio::test(start_paused = true)]
async fn a_call_handed_on_between_two_is_ours_when_one_of_them_is() {
    let bench = Bench::new(FakeSource::new()).scoped(of_kay());
    let mut call = taken_by(told("c", 1), "lee");
    let mut second = Leg::new("2");
    second.agent = Some(who("kay"));
    call.legs.push(second);
    let report = run(&bench, [ended_with(call)]).await;
    assert_eq!((report.left_alone, report.stored), (0, 2));
    assert_eq!(bench.store.stored("c").unwrap().document.legs.len(), 2, "with all that belongs to it");
}

#[tokio::test(start_paused = true)]
async fn two_events_of_a_call_in_one_delivery_stand_or_fall_together() {
    let bench = Bench::new(FakeSource::new()).scoped(of_kay());
    let mut other_half = changed("c", 2);
    other_half.facts = Some(Box::new({
        let mut call = taken_by(told("c", 2), "lee");
        call.legs[0].id = "2".into();
        call
    }));
    bench.source.offer([Item::Event(other_half), Item::Event(ended_with(taken_by(told("c", 1), "kay")))], None);
    let report = run(&bench, []).await;
    assert_eq!(report.left_alone, 0);
    assert_eq!(bench.store.stored("c").unwrap().document.legs.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_person_who_moves_while_a_call_runs_keeps_that_call_here_and_the_next_there() {
    let scope = of_kay();
    let bench = Bench::new(FakeSource::new()).scoped(scope.clone());
    scope.set([Member::new(who("kay")).with_until(at(100)), Member::new(who("may"))]);
    let from = |id: &str, second| {
        let mut call = taken_by(told(id, 1), "kay");
        (call.started, call.ended) = (Some(Stamp::vendor(at(second))), Some(Stamp::vendor(at(second + 600))));
        ended_with(call)
    };
    bench.source.offer([Item::Event(ended_with(taken_by(told("mays", 1), "may")))], None);
    let report = run(&bench, [from("before", 99), from("after", 100)]).await;
    assert_eq!((report.left_alone, report.stored), (1, 3));
    assert!(bench.store.stored("before").is_some() && bench.store.stored("after").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_stored_call_gets_its_updates_though_its_agent_left() {
    let scope = of_kay();
    let bench = Bench::new(FakeSource::new()).scoped(scope.clone());
    run(&bench, []).await;
    scope.set([]);
    let mut update = changed("last", 2);
    update.facts = Some(Box::new(taken_by(told("last", 2), "kay")));
    bench.source.offer([Item::Event(update)], None);
    let task = tokio::spawn(bench.pipeline().run(std::future::pending()));
    until("the update", DAY, || bench.store.stored("last").unwrap().version == 2).await;
    task.abort();
    assert_eq!(bench.left_alone(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_being_worked_on_gets_an_update_that_names_somebody_else() {
    let bench = Bench::new(FakeSource::new()).scoped(of_kay());
    bench.hear([ended_with(taken_by(told("c", 1), "kay"))]).await;
    let row = bench.lease().await.unwrap();
    let mut update = changed("c", 2);
    update.facts = Some(Box::new(taken_by(told("c", 2), "lee")));
    let report = run(&bench, [update]).await;
    assert_eq!((report.events, report.left_alone), (2, 0), "it belongs to a call that is ours already");
    bench.work(row).await;
    bench.work_all().await;
    assert_eq!(bench.store.stored("c").unwrap().document.attributes["revision"], "2");
}

#[tokio::test(start_paused = true)]
async fn a_filter_leaves_calls_alone_in_the_metadata_as_in_the_facts() {
    let filter = Filter::default().with_min_length(Duration::from_secs(10)).with_directions([Direction::Inbound]);
    let source = FakeSource::new().knowing(|of, _| {
        let mut call = told(&of.id, 1);
        call.direction = Direction::Outbound;
        Ok(Lookup::Ready(call))
    });
    let bench = Bench::new(source).scoped(Scope::everyone().with_filter(filter));
    let mut short = told("short", 1);
    short.ended = Some(Stamp::vendor(at(9)));
    let report = run(&bench, [ended_with(short), event("outward", CallEventKind::Ended, "1")]).await;
    until("the work", DAY, || bench.store.all_finished()).await;
    assert!(bench.store.stored("short").is_none() && bench.store.stored("outward").is_none());
    assert!(bench.store.stored("last").is_some(), "its length and direction are unknown");
    assert_eq!(report.left_alone, 2);
}

#[test]
fn a_watch_alone_is_a_scope_too() {
    let watch = connector_core::Watch::these([who("kay")]);
    let options = SourceOptions::default().watch(watch);
    let lees = taken_by(told("c", 1), "lee");
    assert_ne!(options.scope.judge(&lees), crate::scope::Judgement::Ours);
    assert_eq!(SourceOptions::default().scope.judge(&lees), crate::scope::Judgement::Ours);
}
