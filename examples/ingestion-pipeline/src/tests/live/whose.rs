//! Which sound becomes which recording of which call.

use connector_core::{CallEventKind, Origin, RecordingKind, Speaker};

use super::stage::{Stage, Store, lies, over, taken};
use super::with_both_stores;
use crate::call::Media;
use crate::fakes::{FakeSource, at, event, origin};
use crate::live::LiveUse;
use crate::scope::{Member, Scope};
use crate::session::SessionState;
use crate::tests::pipeline::start;

use SessionState::{Dropped, Empty, Matched, Waiting};

with_both_stores! {
    a_session_before_the_word_of_its_call_is_cut_to_the_time_of_the_agent
    a_session_after_its_call_was_stored_makes_a_version_of_it
    a_session_that_goes_on_makes_its_call_wait
    a_call_that_goes_on_is_waited_for_although_its_session_is_over
    two_sessions_of_a_call_are_two_recordings
    an_id_that_comes_twice_costs_nothing
    a_transfer_makes_a_recording_for_each_agent
    an_agent_whose_end_nobody_told_is_heard_to_the_end
    sound_before_an_agent_is_kept_where_that_is_wanted
    a_call_of_which_nobody_told_who_took_it_keeps_all_its_sound
    a_call_whose_end_has_no_time_waits_as_long_as_a_call_may_take_to_come
    no_recording_is_made_of_no_sound
    two_tenants_never_meet
    the_sound_of_others_is_dropped
    sound_that_stands_in_for_a_recording_is_dropped_where_there_is_one
}

async fn a_session_before_the_word_of_its_call_is_cut_to_the_time_of_the_agent<S: Store>(stage: Stage<S>) {
    let running = stage.run();
    let mut caller = stage.live.begin("s", "call", at(0));
    caller.talk(6);
    caller.hang_up();
    let row = stage.sessions("call", &[Waiting]).await.remove(0);
    assert_eq!((row.samples, row.rate, row.whole, row.lost), (48_000, 8_000, true, 0));
    stage.tell(over(taken("call", &[("kay", 2, Some(5))])));

    let (row, recordings) = stage.matched("call").await;
    assert_eq!((recordings.len(), stage.heard(&recordings[0])), (1, vec![2, 3, 4]));
    let recording = &recordings[0].recording;
    assert_eq!((recording.id.as_str(), recording.kind), ("live-s-1", RecordingKind::Live));
    assert_eq!(recording.legs, ["leg 1"]);
    assert_eq!(recording.channels.as_deref(), Some(&[Speaker::Customer, Speaker::Agent][..]));
    assert!(lies(&recordings[0], 2, 3));
    assert_eq!(
        (row.parts[0].recording.as_str(), row.parts[0].from, row.parts[0].samples),
        ("live-s-1", 16_000, 24_000)
    );
    assert_eq!(row.parts[0].agents[0].reveal(), "kay");
    stage.files(0).await;
    assert_eq!(stage.call("call", |_| true).await.media, Media::Complete);
    let report = running.stop().await;
    assert_eq!((report.live_recorded, report.live_matched, report.live_waiting), (1, 1, 0));
    assert!(report.to_string().ends_with("live: 1 recorded, 1 matched, 0 waiting, 0 unmatched"), "{report}");
}

async fn a_session_after_its_call_was_stored_makes_a_version_of_it<S: Store>(stage: Stage<S>) {
    let running = stage.run();
    stage.tell(over(taken("call", &[("kay", 0, Some(2))])));
    assert_eq!(stage.call("call", |_| true).await.media, Media::None);
    let mut caller = stage.live.begin("s", "call", at(0));
    caller.talk(2);
    caller.hang_up();
    let (_, recordings) = stage.matched("call").await;
    assert_eq!(stage.heard(&recordings[0]), [0, 1]);
    let call = stage.call("call", |_| true).await;
    assert_eq!((call.version, call.media), (2, Media::Complete));
    running.stop().await;
}

async fn a_session_that_goes_on_makes_its_call_wait<S: Store>(stage: Stage<S>) {
    let running = stage.run();
    let mut caller = stage.live.begin("s", "call", at(0));
    caller.talk(2);
    stage.sessions("call", &[SessionState::Open]).await;
    stage.tell(over(taken("call", &[("kay", 0, Some(4))])));
    let call = stage.call("call", |_| true).await;
    assert_eq!((call.media, call.recordings.len()), (Media::Partial, 0), "more will come");
    caller.talk(2);
    caller.hang_up();
    let (_, recordings) = stage.matched("call").await;
    assert_eq!(stage.heard(&recordings[0]), [0, 1, 2, 3]);
    assert_eq!(stage.call("call", |_| true).await.media, Media::Complete);
    running.stop().await;
}

async fn a_call_that_goes_on_is_waited_for_although_its_session_is_over<S: Store>(stage: Stage<S>) {
    let running = stage.run();
    let mut caller = stage.live.begin("s", "call", at(0));
    caller.talk(3);
    drop(caller);
    stage.sessions("call", &[Waiting]).await;
    // It rings, and nobody has taken it. A recording is told of: that alone does not end it.
    let mut ringing = event("call", CallEventKind::RecordingAvailable, "ringing");
    ringing.facts = Some(Box::new(taken("call", &[])));
    stage.tell(ringing);
    stage.call("call", |call| call.media == Media::Partial).await;
    stage.sessions("call", &[Waiting]).await;
    stage.tell(over(taken("call", &[("kay", 1, Some(3))])));
    let (_, recordings) = stage.matched("call").await;
    assert_eq!(stage.heard(&recordings[0]), [1, 2]);
    running.stop().await;
}

async fn two_sessions_of_a_call_are_two_recordings<S: Store>(stage: Stage<S>) {
    let running = stage.run();
    let mut first = stage.live.begin("one", "call", at(0));
    first.talk(3);
    drop(first);
    // The line broke down: what was said in the fourth second is in neither of them.
    let mut second = stage.live.begin("another", "call", at(4));
    second.talk(4);
    second.hang_up();
    let rows = stage.sessions("call", &[Waiting, Waiting]).await;
    assert_eq!([rows[0].whole, rows[1].whole], [false, true]);
    stage.tell(over(taken("call", &[("kay", 1, Some(7))])));
    stage.sessions("call", &[Matched, Matched]).await;
    let mut call = stage.call("call", |call| call.recordings.len() == 2).await;
    call.recordings.sort_by_key(|stored| stored.recording.started.unwrap().at);
    let [one, another] = &call.recordings[..] else { panic!() };
    assert_eq!((one.recording.id.as_str(), stage.heard(one)), ("live-one-1", vec![1, 2]));
    assert_eq!((another.recording.id.as_str(), stage.heard(another)), ("live-another-1", vec![0, 1, 2]));
    assert!(lies(one, 1, 2) && lies(another, 4, 3));
    running.stop().await;
}

async fn an_id_that_comes_twice_costs_nothing<S: Store>(stage: Stage<S>) {
    let running = stage.run();
    for began in [0, 10] {
        let mut caller = stage.live.begin("s", "call", at(began));
        caller.talk(2);
        caller.hang_up();
    }
    stage.sessions("call", &[Waiting, Waiting]).await;
    stage.tell(over(taken("call", &[("kay", 0, Some(12))])));
    stage.sessions("call", &[Matched, Matched]).await;
    let mut call = stage.call("call", |call| call.recordings.len() == 2).await;
    call.recordings.sort_by_key(|stored| stored.recording.started.unwrap().at);
    assert!(lies(&call.recordings[0], 0, 2) && lies(&call.recordings[1], 10, 2));
    assert_eq!(call.recordings[1].recording.id, "live-s.2-1");
    running.stop().await;
}

async fn a_transfer_makes_a_recording_for_each_agent<S: Store>(stage: Stage<S>) {
    let running = stage.run();
    let mut caller = stage.live.begin("s", "call", at(0));
    caller.talk(9);
    caller.hang_up();
    // Lee took it over after a second in which nobody had it.
    stage.tell(over(taken("call", &[("kay", 1, Some(4)), ("lee", 5, Some(8))])));
    let (row, recordings) = stage.matched("call").await;
    assert_eq!([stage.heard(&recordings[0]), stage.heard(&recordings[1])], [[1, 2, 3], [5, 6, 7]]);
    assert_eq!([&recordings[0].recording.legs[0], &recordings[1].recording.legs[0]], ["leg 1", "leg 2"]);
    let agents: Vec<_> = row.parts.iter().map(|part| part.agents[0].reveal()).collect();
    assert_eq!(agents, ["kay", "lee"]);
    running.stop().await;
}

async fn an_agent_whose_end_nobody_told_is_heard_to_the_end<S: Store>(stage: Stage<S>) {
    let running = stage.run();
    let mut caller = stage.live.begin("s", "call", at(0));
    caller.talk(2);
    caller.lose(1);
    caller.talk(1);
    caller.hang_up();
    stage.sessions("call", &[Waiting]).await;
    stage.tell(over(taken("call", &[("kay", 1, None)])));
    let (row, recordings) = stage.matched("call").await;
    let heard = stage.heard(&recordings[0]);
    assert_eq!((heard[0], heard[1], heard[2]), (1, 0xFF, 3), "silence where the sound was lost");
    assert_eq!((row.lost, row.whole), (8_000, false));
    running.stop().await;
}

async fn sound_before_an_agent_is_kept_where_that_is_wanted<S: Store>(stage: Stage<S>) {
    let running = start(stage.pipeline(stage.options().with_keep_all(true)));
    let mut caller = stage.live.begin("s", "call", at(0));
    caller.talk(4);
    caller.hang_up();
    stage.tell(over(taken("call", &[("kay", 2, Some(4))])));
    let (_, recordings) = stage.matched("call").await;
    let heard: Vec<u8> = recordings.iter().flat_map(|recording| stage.heard(recording)).collect();
    assert_eq!(heard, [0, 1, 2, 3]);
    running.stop().await;
}

async fn a_call_of_which_nobody_told_who_took_it_keeps_all_its_sound<S: Store>(stage: Stage<S>) {
    let running = stage.run();
    let mut caller = stage.live.begin("s", "call", at(0));
    caller.talk(3);
    caller.hang_up();
    stage.sessions("call", &[Waiting]).await;
    let mut event = over(taken("call", &[]));
    event.facts = None;
    stage.tell(event);
    let (_, recordings) = stage.matched("call").await;
    assert_eq!(stage.heard(&recordings[0]), [0, 1, 2]);
    running.stop().await;
}

async fn a_call_whose_end_has_no_time_waits_as_long_as_a_call_may_take_to_come<S: Store>(stage: Stage<S>) {
    let deadline = std::time::Duration::from_secs(2);
    let running = start(stage.pipeline(stage.options().with_deadline(deadline)));
    stage.tell(over(taken("call", &[("kay", 1, None)])));
    stage.call("call", |call| call.media == Media::None).await;
    let mut caller = stage.live.begin("s", "call", at(0));
    caller.talk(3);
    caller.hang_up();
    stage.call("call", |call| call.media == Media::Partial).await;
    let (_, recordings) = stage.matched("call").await;
    assert_eq!(stage.heard(&recordings[0]), [1, 2]);
    running.stop().await;
}

async fn no_recording_is_made_of_no_sound<S: Store>(stage: Stage<S>) {
    let running = stage.run();
    stage.live.begin("nothing", "silent", at(0)).hang_up();
    for call in ["menu", "instant"] {
        let mut caller = stage.live.begin(call, call, at(0));
        caller.talk(3);
        caller.hang_up();
    }
    stage.sessions("silent", &[Empty]).await;
    stage.tell(over(taken("silent", &[("kay", 0, Some(2))])));
    // Nobody took the one, and the other was hung up in the moment in which somebody took it.
    stage.tell(over(taken("menu", &[])));
    stage.tell(over(taken("instant", &[("kay", 2, Some(2))])));
    stage.sessions("menu", &[Empty]).await;
    stage.sessions("instant", &[Empty]).await;
    assert_eq!(stage.call("silent", |_| true).await.media, Media::None);
    stage.files(0).await;
    assert_eq!(stage.sink.count(), 0, "not even a header is published");
    running.stop().await;
}

async fn two_tenants_never_meet<S: Store>(stage: Stage<S>) {
    let other = Origin::new("globex", "drop");
    let theirs = Stage::of(stage.store.clone(), FakeSource::named(other.clone()).without_recordings(), &other);
    let pipeline = stage.pipeline(stage.options()).source(theirs.connector(), Default::default());
    let running = start(pipeline);
    for (stage, seconds) in [(&stage, 2), (&theirs, 3)] {
        let mut caller = stage.live.begin("s", "call", at(0));
        caller.talk(seconds);
        caller.hang_up();
    }
    stage.sessions("call", &[Waiting]).await;
    stage.files(2).await;
    stage.tell(over(taken("call", &[("kay", 0, Some(9))])));
    let (_, recordings) = stage.matched("call").await;
    assert_eq!((recordings.len(), stage.heard(&recordings[0])), (1, vec![0, 1]));
    stage.files(1).await;
    let of_theirs = stage.store.of_call(&other, "call").await.unwrap();
    assert_eq!((of_theirs.len(), of_theirs[0].state), (1, Waiting), "their call has not come");
    theirs.tell(over(taken("call", &[("lee", 0, Some(9))])));
    stage.files(0).await;
    let call = stage.store.call(&other, "call").await.unwrap().unwrap();
    assert_eq!(stage.heard(&call.recordings[0]), [0, 1, 2]);
    assert!(call.recordings[0].object.starts_with("globex/") && recordings[0].object.starts_with("acme/"));
    running.stop().await;
}

async fn the_sound_of_others_is_dropped<S: Store>(mut stage: Stage<S>) {
    use connector_core::{AgentRef, Lookup};
    stage.scope = Scope::of([Member::new(AgentRef::default().with_login("kay"))]);
    let theirs = |id: &str| taken(id, &[("lee", 0, Some(2))]);
    stage.source = stage.source.knowing(move |of, _| Ok(Lookup::Ready(theirs(&of.id))));
    let running = stage.run();
    let mut callers = Vec::new();
    for call in ["told", "asked", "goes on"] {
        let mut caller = stage.live.begin(call, call, at(0));
        caller.talk(2);
        callers.push(caller);
    }
    let goes_on = callers.pop().unwrap();
    callers.into_iter().for_each(crate::fakes::Caller::hang_up);
    stage.sessions("told", &[Waiting]).await;
    stage.sessions("goes on", &[SessionState::Open]).await;
    stage.tell(over(theirs("told")));
    stage.tell(over(theirs("goes on")));
    let mut event = over(theirs("asked"));
    event.facts = None;
    stage.tell(event);
    stage.sessions("told", &[Dropped]).await;
    stage.sessions("asked", &[Dropped]).await;
    stage.sessions("goes on", &[Dropped]).await;
    stage.files(1).await;
    goes_on.hang_up();
    stage.files(0).await;
    assert_eq!(stage.sink.count(), 0);
    let report = running.stop().await;
    assert_eq!((report.stored, report.live_matched, report.live_waiting), (0, 0, 0));
}

async fn sound_that_stands_in_for_a_recording_is_dropped_where_there_is_one<S: Store>(mut stage: Stage<S>) {
    use crate::fakes::recording;
    use connector_core::{Outlook, RecordingSet};
    stage.source = FakeSource::new().listing(|call, _| {
        let id = &call.this.id;
        let (items, outlook) =
            if id == "recorded" { (vec![recording(id, "1")], Outlook::Complete) } else { (vec![], Outlook::Never) };
        Ok(RecordingSet::new(items, outlook))
    });
    let running = start(stage.pipeline(stage.options().with_use(LiveUse::Instead)));
    for call in ["recorded", "not recorded"] {
        let mut caller = stage.live.begin(call, call, at(0));
        caller.talk(2);
        caller.hang_up();
        stage.tell(over(taken(call, &[("kay", 0, Some(2))])));
    }
    stage.sessions("recorded", &[Dropped]).await;
    let call = stage.call("recorded", |_| true).await;
    assert_eq!((call.recordings.len(), call.recordings[0].recording.kind), (1, RecordingKind::Call));
    let (_, recordings) = stage.matched("not recorded").await;
    assert_eq!((recordings.len(), stage.heard(&recordings[0])), (1, vec![0, 1]));
    stage.files(0).await;
    assert_eq!(origin(), call.origin);
    running.stop().await;
}
