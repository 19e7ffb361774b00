//! Sessions of whose calls nobody tells, and what every store keeps to.

use std::time::Duration;

use connector_core::{AgentRef, CallEventKind, Error, Lookup, Origin, Speaker};

use super::stage::{Stage, Store, over, taken};
use super::with_both_stores;
use crate::fakes::{at, event, origin, until};
use crate::live::Unmatched;
use crate::session::{LiveStore, SessionPart, SessionRow, SessionState};
use crate::tests::pipeline::start;

use SessionState::{Dropped, Matched, Open, Waiting};

const SOON: Duration = Duration::from_millis(700);

with_both_stores! {
    a_session_without_a_call_is_kept_and_stored_when_its_call_comes_after_all
    a_session_without_a_call_is_dropped_where_that_is_wanted
    whoever_provides_it_decides_about_each_session
    the_sound_of_a_call_that_is_given_up_is_kept_until_it_is_tried_again
    a_store_keeps_to_what_is_promised
}

async fn a_session_without_a_call_is_kept_and_stored_when_its_call_comes_after_all<S: Store>(stage: Stage<S>) {
    let running = start(stage.pipeline(stage.options().with_deadline(SOON)));
    let mut caller = stage.live.begin("s", "call", at(0));
    caller.talk(2);
    caller.hang_up();
    let row = stage.sessions("call", &[SessionState::Unmatched]).await.remove(0);
    assert!(row.updated - row.ended.unwrap() >= chrono::TimeDelta::from_std(SOON).unwrap(), "not before its time");
    stage.files(1).await;
    stage.tell(over(taken("call", &[("kay", 0, Some(2))])));
    let (_, recordings) = stage.matched("call").await;
    assert_eq!(stage.heard(&recordings[0]), [0, 1]);
    stage.files(0).await;
    let report = running.stop().await;
    assert_eq!((report.live_unmatched, report.live_matched, report.live_waiting), (1, 1, 0));
}

async fn a_session_without_a_call_is_dropped_where_that_is_wanted<S: Store>(stage: Stage<S>) {
    let options = stage.options().with_deadline(SOON).with_unmatched(Unmatched::Drop);
    let running = start(stage.pipeline(options));
    let mut caller = stage.live.begin("s", "call", at(0));
    caller.talk(2);
    caller.hang_up();
    stage.sessions("call", &[Dropped]).await;
    stage.files(0).await;
    let report = running.stop().await;
    assert_eq!((report.live_unmatched, report.live_matched, report.live_waiting), (1, 0, 0));
}

async fn whoever_provides_it_decides_about_each_session<S: Store>(stage: Stage<S>) {
    let decide = |row: &SessionRow| if row.samples > 8_000 { Unmatched::Keep } else { Unmatched::Drop };
    let pipeline = stage.pipeline(stage.options().with_deadline(SOON).on_unmatched(decide));
    let progress = pipeline.progress();
    let running = start(pipeline);
    for (call, seconds) in [("short", 1), ("long", 2)] {
        let mut caller = stage.live.begin(call, call, at(0));
        caller.talk(seconds);
        caller.hang_up();
    }
    stage.sessions("short", &[Dropped]).await;
    stage.sessions("long", &[SessionState::Unmatched]).await;
    stage.files(1).await;
    until("both counted", Duration::from_secs(25), || progress.report().live_unmatched == 2).await;
    running.stop().await;
}

async fn the_sound_of_a_call_that_is_given_up_is_kept_until_it_is_tried_again<S: Store>(mut stage: Stage<S>) {
    stage.source = stage.source.knowing(|_, before| match before {
        0 => Err(Error::forbidden("no")),
        _ => Ok(Lookup::Ready(taken("call", &[("kay", 0, Some(2))]))),
    });
    let running = stage.run();
    let mut caller = stage.live.begin("s", "call", at(0));
    caller.talk(2);
    caller.hang_up();
    stage.sessions("call", &[Waiting]).await;
    stage.tell(event("call", CallEventKind::Ended, "1"));
    stage.sessions("call", &[SessionState::Unmatched]).await;
    stage.files(1).await;
    stage.tell(event("call", CallEventKind::Ended, "2"));
    let (_, recordings) = stage.matched("call").await;
    assert_eq!(stage.heard(&recordings[0]), [0, 1]);
    let report = running.stop().await;
    assert_eq!((report.buried, report.live_unmatched, report.live_waiting), (1, 1, 0));
}

fn session(origin: &Origin, session: &str, began: i64) -> SessionRow {
    SessionRow {
        origin: origin.clone(),
        session: session.to_owned(),
        conversation: "call".to_owned(),
        began: at(began) + chrono::TimeDelta::nanoseconds(123_456_789),
        state: Open,
        file: Some(format!("{session}.wav")),
        ended: None,
        samples: 0,
        rate: 8_000,
        speakers: vec![Speaker::Customer, Speaker::Agent],
        lost: 0,
        whole: false,
        parts: Vec::new(),
        matched: None,
        updated: at(began),
    }
}

async fn a_store_keeps_to_what_is_promised<S: Store>(stage: Stage<S>) {
    let (store, ours, theirs): (&dyn LiveStore, _, _) = (&stage.store, origin(), Origin::new("globex", "drop"));
    let (late, early) = (session(&ours, "a", 9), session(&ours, "b", 1));
    for row in [&late, &early, &session(&theirs, "a", 5)] {
        assert!(store.begin(row).await.unwrap());
    }
    let mut again = late.clone();
    again.conversation = "another".to_owned();
    assert!(!store.begin(&again).await.unwrap(), "the id is taken");
    assert_eq!(store.of_call(&ours, "call").await.unwrap(), [early.clone(), late.clone()]);
    assert_eq!(store.of_call(&theirs, "call").await.unwrap().len(), 1);
    assert!(store.of_call(&ours, "another").await.unwrap().is_empty());

    let mut matched = late.clone();
    let part = SessionPart {
        recording: "live-a-1".to_owned(),
        from: 7,
        samples: 9,
        legs: vec!["leg".to_owned()],
        agents: vec![AgentRef::default().with_login("kay")],
    };
    (matched.state, matched.samples, matched.lost, matched.whole) = (Matched, u64::from(u32::MAX) * 2, 5, true);
    (matched.ended, matched.matched, matched.updated) = (Some(at(11)), Some(at(12)), at(13));
    matched.parts = vec![part];
    assert!(!store.change(Waiting, &matched).await.unwrap(), "it is not in that state");
    assert_eq!(store.of_call(&ours, "call").await.unwrap()[1], late);
    assert!(store.change(Open, &matched).await.unwrap());
    assert_eq!(store.of_call(&ours, "call").await.unwrap(), [early.clone(), matched.clone()]);
    assert_eq!(store.of_call(&theirs, "call").await.unwrap()[0].state, Open, "theirs is untouched");

    assert_eq!(store.kept(&ours, Open).await.unwrap(), [early]);
    assert_eq!(store.kept(&ours, Matched).await.unwrap(), [matched.clone()]);
    matched.file = None;
    assert!(store.change(Matched, &matched).await.unwrap());
    assert!(store.kept(&ours, Matched).await.unwrap().is_empty());
    assert!(!store.change(Open, &session(&ours, "nobody's", 1)).await.unwrap());
}
