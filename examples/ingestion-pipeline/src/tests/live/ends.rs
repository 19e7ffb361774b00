//! How sessions come to their end, and what is left of them when they do not.

use std::time::Duration;

use super::stage::{Stage, Store, over, taken};
use super::with_both_stores;
use crate::fakes::{Caller, at, until};
use crate::session::SessionState;
use crate::tests::pipeline::{Running, start};

use SessionState::{Empty, Matched, Open, Waiting};

with_both_stores! {
    a_dead_socket_leaves_what_was_heard
    a_process_that_is_killed_leaves_what_was_heard
    a_process_that_is_killed_before_there_was_sound_leaves_nothing
    a_program_that_stops_ends_its_sessions
    a_loop_that_is_started_again_goes_on_with_its_sessions
    a_session_too_many_is_not_taken
    a_disk_that_fails_costs_the_sound_and_not_the_call
    names_of_sessions_lead_nowhere
    a_call_that_nobody_woke_is_woken_at_the_next_start
    sound_of_a_source_that_sends_none_any_more_is_seen_to
}

async fn a_dead_socket_leaves_what_was_heard<S: Store>(stage: Stage<S>) {
    let running = stage.run();
    let mut caller = stage.live.begin("s", "call", at(0));
    caller.talk(2);
    drop(caller);
    let row = stage.sessions("call", &[Waiting]).await.remove(0);
    assert_eq!((row.samples, row.whole), (16_000, false));
    stage.tell(over(taken("call", &[("kay", 0, Some(9))])));
    let (_, recordings) = stage.matched("call").await;
    assert_eq!(stage.heard(&recordings[0]), [0, 1]);
    running.stop().await;
}

/// A pipeline that hears a session, of which three seconds are in its file.
async fn hearing<S: Store>(stage: &Stage<S>) -> (Running, Caller) {
    let running = stage.run();
    let mut caller = stage.live.begin("s", "call", at(0));
    caller.talk(5);
    stage.sessions("call", &[Open]).await;
    stage.files(1).await;
    let path = stage.spooled().remove(0);
    until("sound", Duration::from_secs(25), || std::fs::metadata(&path).unwrap().len() > 3 * 16_000).await;
    (running, caller)
}

async fn a_process_that_is_killed_leaves_what_was_heard<S: Store>(stage: Stage<S>) {
    let (running, _caller) = hearing(&stage).await;
    running.kill().await;

    // The call is told of before anybody looked at the session.
    stage.tell(over(taken("call", &[("kay", 1, Some(3))])));
    let running = stage.run();
    let (row, recordings) = stage.matched("call").await;
    assert_eq!((stage.heard(&recordings[0]), row.whole), (vec![1, 2], false));
    stage.files(0).await;
    running.stop().await;
}

async fn a_process_that_is_killed_before_there_was_sound_leaves_nothing<S: Store>(stage: Stage<S>) {
    let running = stage.run();
    let _caller = stage.live.begin("s", "call", at(0));
    stage.sessions("call", &[Open]).await;
    running.kill().await;
    let running = stage.run();
    stage.sessions("call", &[Empty]).await;
    stage.tell(over(taken("call", &[("kay", 1, Some(3))])));
    assert!(stage.call("call", |_| true).await.recordings.is_empty());
    assert_eq!((stage.spooled().len(), stage.sink.count()), (0, 0));
    running.stop().await;
}

async fn a_program_that_stops_ends_its_sessions<S: Store>(stage: Stage<S>) {
    let (running, caller) = hearing(&stage).await;
    let report = running.stop().await;
    assert_eq!((report.live_recorded, report.live_waiting), (1, 1));
    let row = stage.sessions("call", &[Waiting]).await.remove(0);
    assert_eq!((row.samples, row.whole), (40_000, false));
    assert!(caller.is_deserted().await, "whoever sends knows that nobody listens");
}

async fn a_loop_that_is_started_again_goes_on_with_its_sessions<S: Store>(stage: Stage<S>) {
    let running = stage.run();
    let mut caller = stage.live.begin("s", "call", at(0));
    caller.talk(1);
    stage.sessions("call", &[Open]).await;
    stage.live.fail();
    let mut next = stage.live.begin("next", "another", at(1));
    next.talk(1);
    next.hang_up();
    stage.sessions("another", &[Waiting]).await;
    caller.talk(1);
    caller.hang_up();
    let row = stage.sessions("call", &[Waiting]).await.remove(0);
    assert_eq!((row.samples, row.whole), (16_000, true), "it was heard on without a break");
    running.stop().await;
}

async fn a_session_too_many_is_not_taken<S: Store>(stage: Stage<S>) {
    let running = start(stage.pipeline(stage.options().with_at_once(1)));
    let first = stage.live.begin("one", "call", at(0));
    stage.sessions("call", &[Open]).await;
    let another = stage.live.begin("another", "busy", at(0));
    assert!(another.is_deserted().await);
    first.hang_up();
    stage.sessions("call", &[Empty]).await;
    // There is room for one once the first is put away.
    for number in 0.. {
        let next = stage.live.begin(&format!("next {number}"), "free", at(0));
        if !next.is_deserted_within(Duration::from_millis(50)).await {
            next.hang_up();
            break;
        }
    }
    stage.sessions("free", &[Empty]).await;
    stage.sessions("busy", &[]).await;
    running.stop().await;
}

async fn a_disk_that_fails_costs_the_sound_and_not_the_call<S: Store>(stage: Stage<S>) {
    let running = stage.run();
    let mut caller = stage.live.begin("s", "call", at(0));
    stage.sessions("call", &[Open]).await;
    // Its directory is gone before there is sound: nothing can be written.
    std::fs::remove_dir_all(stage.spool().join("acme")).unwrap();
    caller.talk(30);
    stage.sessions("call", &[Empty]).await;
    assert!(caller.is_deserted().await, "nobody goes on sending what cannot be kept");
    stage.tell(over(taken("call", &[("kay", 0, Some(9))])));
    assert!(stage.call("call", |_| true).await.recordings.is_empty());
    stage.files(0).await;
    // It works again.
    let mut caller = stage.live.begin("s", "next", at(0));
    caller.talk(2);
    caller.hang_up();
    stage.tell(over(taken("next", &[("kay", 0, Some(9))])));
    let (_, recordings) = stage.matched("next").await;
    assert_eq!(stage.heard(&recordings[0]), [0, 1]);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_session_that_cannot_be_written_down_is_not_taken() {
    let stage = Stage::new(crate::memory::MemoryStore::new());
    std::fs::write(stage.spool().join("acme"), "in the way").unwrap();
    let running = stage.run();
    let mut caller = stage.live.begin("s", "call", at(0));
    caller.talk(2);
    assert!(caller.is_deserted().await);
    stage.tell(over(taken("call", &[("kay", 0, Some(9))])));
    assert!(stage.call("call", |_| true).await.recordings.is_empty());
    stage.sessions("call", &[]).await;
    running.stop().await;
}

async fn names_of_sessions_lead_nowhere<S: Store>(stage: Stage<S>) {
    let running = stage.run();
    for (number, id) in ["../../etc/passwd", "/tmp/x", ".", "", "a/b", "a=2Fb"].into_iter().enumerate() {
        let mut caller = stage.live.begin(id, &format!("call {number}"), at(0));
        caller.talk(1);
        caller.hang_up();
        stage.sessions(&format!("call {number}"), &[Waiting]).await;
    }
    stage.files(6).await;
    let directory = stage.spool().join("acme/drop");
    assert!(stage.spooled().iter().all(|path| path.parent() == Some(&directory)), "{:?}", stage.spooled());
    running.stop().await;
}

async fn a_call_that_nobody_woke_is_woken_at_the_next_start<S: Store>(stage: Stage<S>) {
    let running = stage.run();
    stage.tell(over(taken("call", &[("kay", 0, Some(9))])));
    stage.call("call", |_| true).await;
    running.stop().await;
    // As if it had been killed between the end of the session and the word of it: the row stands alone.
    let alone = Stage::new(stage.store.clone());
    let running = start(alone.pipeline(stage.options()));
    let mut caller = alone.live.begin("s", "other", at(0));
    caller.talk(2);
    caller.hang_up();
    let mut row = stage.sessions("other", &[Waiting]).await.remove(0);
    running.stop().await;
    row.conversation = "call".to_owned();
    assert!(stage.store.change(Waiting, &row).await.unwrap());

    let running = stage.run();
    stage.sessions("call", &[Matched]).await;
    running.stop().await;
}

async fn sound_of_a_source_that_sends_none_any_more_is_seen_to<S: Store>(stage: Stage<S>) {
    let (running, _caller) = hearing(&stage).await;
    running.kill().await;
    let running = start(stage.deaf_pipeline());
    stage.tell(over(taken("call", &[("kay", 0, Some(2))])));
    let (_, recordings) = stage.matched("call").await;
    assert_eq!(stage.heard(&recordings[0]), [0, 1]);
    running.stop().await;
}
