//! Killed anywhere and started again: what was recorded is stored once, and nothing is left behind.

use std::future::pending;
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::{spawn_blocking, yield_now};

use super::stage::{Stage, over, taken};
use crate::fakes::{State, at, origin};
use crate::memory::MemoryStore;
use crate::session::SessionState;

/// Lets a pipeline come so far, and no further. Threads that work with files have a moment each time.
async fn kill_after(stage: &Stage<MemoryStore>, polls: usize) {
    let mut run = stage.pipeline(stage.options()).run(pending()).boxed();
    for _ in 0..polls {
        std::future::poll_fn(|cx| {
            assert!(run.poll_unpin(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        yield_now().await;
        spawn_blocking(|| ()).await.unwrap();
    }
}

fn is_at_rest(stage: &Stage<MemoryStore>) -> bool {
    let is_over = |state| !matches!(state, SessionState::Open | SessionState::Waiting);
    let is_done = stage.store.look().work.iter().all(|work| work.state == State::Finished);
    is_done
        && stage.store.call(&origin(), "call").is_some()
        && stage.store.sessions().iter().all(|row| is_over(row.state) && row.file.is_none())
}

/// Waits until it is at rest and stays so: time passes only while nobody works.
async fn come_to_rest(stage: &Stage<MemoryStore>, what: &str) {
    let mut times = 0;
    for _ in 0..5_000 {
        times = if is_at_rest(stage) { times + 1 } else { 0 };
        if times == 5 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{what}: it never comes to rest: {:?}", stage.store.sessions());
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_number_of_polls_what_was_recorded_is_stored_once() {
    let mut matched = 0;
    for polls in 1..100 {
        let what = format!("killed after {polls} polls");
        let stage = Stage::new(MemoryStore::new());
        let mut caller = stage.live.begin("s", "call", at(0));
        caller.talk(3);
        caller.hang_up();
        stage.tell(over(taken("call", &[("kay", 1, Some(3))])));
        kill_after(&stage, polls).await;
        yield_now().await;
        for work in &mut stage.store.look().work {
            if matches!(work.state, State::Leased { .. }) {
                work.state = State::Due;
            }
        }
        let running = stage.run();
        come_to_rest(&stage, &what).await;
        running.stop().await;

        assert!(stage.spooled().is_empty(), "{what}: {:?}", stage.spooled());
        let call = stage.store.call(&origin(), "call").unwrap();
        let of_sessions: Vec<String> =
            stage.store.sessions().into_iter().flat_map(|row| row.parts).map(|part| part.recording).collect();
        let of_call: Vec<&String> = call.recordings.iter().map(|stored| &stored.recording.id).collect();
        assert!(of_sessions.iter().eq(of_call), "{what}: {of_sessions:?}");
        assert_eq!(stage.sink.count(), call.recordings.len(), "{what}");
        for stored in &call.recordings {
            assert!(stage.heard(stored).starts_with(&[1]), "{what}");
            matched += 1;
        }
        let messages: Vec<u32> = stage.store.look().outbox.iter().map(|(message, _)| message.version).collect();
        assert_eq!(messages, (1..=call.version).collect::<Vec<_>>(), "{what}");
    }
    assert!(matched > 50, "only {matched} had anything to lose");
}
