//! A channel on its way: made, connected, cut, silent, renewed.

use super::*;

#[test]
fn a_channel_is_made_connected_and_told_its_topics_and_then_heard() {
    let mut world = World::with(["a1".to_owned(), "a2".to_owned()]);
    world.now = at(10);
    world.step(Input::Tick);
    world.obey();
    assert_eq!(world.done(), ["look", "create", "connect streaming-1", "subscribe a1 a2", "live", "deliver 1"],);
    assert_eq!(world.gaps(), [(-100.0, 10.0, "nobody listened")]);
    assert_eq!(world.cursors, [at(10)]);
}

#[test]
fn a_cut_socket_is_opened_again_and_the_silence_is_a_gap_from_the_last_word() {
    let mut world = World::live();
    world.until(at(40));
    world.hear(Frame::Alive);
    world.until(at(45));
    world.close();
    assert_eq!(world.done(), ["reconnecting"]);
    world.obey();
    assert_eq!(world.done(), Vec::<String>::new());
    world.until(at(46) - TimeDelta::milliseconds(1));
    assert_eq!(world.done(), Vec::<String>::new());
    world.until(at(50));
    assert_eq!(world.done(), ["connect streaming-1", "subscribe a1 a2", "live", "deliver 1"]);
    let (from, to, why) = world.gaps()[1];
    assert_eq!((from, why), (40.0, "a socket was closed"));
    assert!((46.0..=46.5).contains(&to), "{to}");
}

#[test]
fn after_a_cut_the_calls_of_its_people_are_asked_about_once() {
    let mut world = World::live();
    world.now = at(20);
    world.hear(state(&call("a1")));
    world.obey();
    world.close();
    world.done.clear();
    world.until(at(25));
    assert_eq!(world.done().iter().filter(|done| *done == "confirm c-1").count(), 1);
    world.close();
    world.until(at(35));
    // The first question has no answer yet.
    assert!(!world.done().contains(&"confirm c-1".to_owned()));
}

#[test]
fn waits_grow_up_to_a_minute_and_begin_anew_after_a_calm_time() {
    let mut world = World::live();
    let mut waits = Vec::new();
    world.close();
    for _ in 0..9 {
        let due = world.machine.due().expect("it is tried again");
        waits.push((due - world.now).num_milliseconds());
        world.now = due;
        world.step(Input::Tick);
        while let Some(effect) = world.open.pop_front() {
            if let Effect::Connect { socket, .. } = effect {
                world.step(Input::Closed { socket, why: broken() });
            }
        }
    }
    for (wait, least) in waits.iter().zip([1, 2, 4, 8, 16, 32, 60, 60, 60]) {
        let least = least * 1000;
        assert!((least..=(least * 3 / 2).min(60_000)).contains(wait), "{waits:?}");
    }
    world.until(world.now + TimeDelta::seconds(61));
    let calm = world.now + TimeDelta::seconds(70);
    keep_alive(&mut world, calm);
    assert!(world.machine.is_live);
    world.close();
    let due = world.machine.due().expect("it is tried again");
    assert!(due - world.now <= TimeDelta::milliseconds(1500));
}

#[test]
fn the_vendors_own_wait_is_kept() {
    let mut world = World::with(["a1".to_owned()]);
    world.step(Input::Tick);
    world.open.pop_front();
    world.step(Input::Looked(Ok(world.people.clone())));
    let Some(Effect::Create(line)) = world.open.pop_front() else { panic!("a channel is to be made") };
    let error = Error::rate_limited("too many").with_retry_after(std::time::Duration::from_secs(120));
    world.step(Input::Created { line, made: Err(error) });
    assert_eq!(world.done(), ["look", "create", "throttled"]);
    world.until(at(119));
    assert_eq!(world.done(), Vec::<String>::new());
    world.until(at(120));
    assert_eq!(world.done()[0], "create");
}

#[test]
fn a_silent_socket_is_pinged_and_then_given_up() {
    let mut world = World::live();
    world.until(at(85) - TimeDelta::milliseconds(1));
    assert_eq!(world.done(), Vec::<String>::new());
    world.until(at(85));
    assert_eq!(world.done(), ["ping"]);
    world.until(at(99));
    assert_eq!(world.done(), Vec::<String>::new());
    world.until(at(100));
    assert_eq!(world.done(), ["close", "reconnecting"]);
    world.until(at(110));
    let (from, to, why) = world.gaps()[1];
    assert_eq!((from, why), (10.0, "a socket was silent"));
    assert!((101.0..=101.5).contains(&to), "{to}");
}

#[test]
fn whoever_answers_a_ping_stays() {
    let mut world = World::live();
    world.until(at(99));
    assert_eq!(world.done(), ["ping"]);
    world.hear(Frame::read(r#"{"topicName": "channel.metadata", "eventBody": {"message": "pong"}}"#));
    world.until(at(170));
    assert_eq!(world.done(), Vec::<String>::new());
    world.until(at(174));
    assert_eq!(world.done(), ["ping"]);
}

#[test]
fn a_socket_that_will_be_closed_is_replaced_before_without_a_gap() {
    let mut world = World::live();
    world.until(at(20));
    world.hear(Frame::Closing);
    world.hear(Frame::Closing);
    world.obey();
    assert_eq!(world.done(), ["connect streaming-1", "subscribe a1 a2", "close"]);
    assert_eq!((world.sockets.len(), world.gaps().len()), (1, 1));
    world.hear(state(&call("a1")));
    world.obey();
    assert_eq!(world.kinds(), [CallEventKind::Answered]);
}

#[test]
fn a_socket_that_is_closed_before_the_next_one_is_open_leaves_a_gap() {
    let mut world = World::live();
    world.until(at(20));
    world.hear(Frame::Closing);
    world.now = at(22);
    world.close();
    assert_eq!(world.done(), ["connect streaming-1"]);
    world.now = at(25);
    world.obey();
    assert_eq!(world.done(), ["subscribe a1 a2", "live", "deliver 1"]);
    assert_eq!(world.gaps()[1], (20.0, 25.0, "a socket was closed"));
}

#[test]
fn a_successor_that_does_not_open_is_tried_again_while_the_first_is_heard() {
    let mut world = World::live();
    world.until(at(20));
    world.hear(Frame::Closing);
    let Some(Effect::Connect { socket, .. }) = world.open.pop_front() else { panic!("a socket is to be opened") };
    world.step(Input::Closed { socket, why: broken() });
    world.until(at(30));
    assert_eq!(
        world.done(),
        ["connect streaming-1", "reconnecting", "live", "connect streaming-1", "subscribe a1 a2", "close"]
    );
    assert_eq!(world.gaps().len(), 1);
}

#[test]
fn a_channel_is_renewed_before_its_end_and_heard_all_the_time() {
    let mut world = World::live();
    world.until(at(60));
    let end = world.now - TimeDelta::seconds(50) + TimeDelta::hours(24);
    keep_alive(&mut world, end - TimeDelta::seconds(241));
    world.done.clear();
    keep_alive(&mut world, end - TimeDelta::seconds(200));
    let done: Vec<String> = world.done().into_iter().filter(|done| !done.starts_with("deliver")).collect();
    assert_eq!(done, ["create", "connect streaming-2", "subscribe a1 a2", "close", "drop streaming-1"]);
    assert_eq!(world.gaps().len(), 1);
    assert_eq!(world.sockets.len(), 1);
}

/// Lets time pass with a heartbeat every half minute on each socket.
fn keep_alive(world: &mut World, then: DateTime<Utc>) {
    while world.now < then {
        let sockets: Vec<u64> = world.sockets.iter().map(|(socket, _)| *socket).collect();
        for socket in sockets {
            world.step(Input::Heard(vec![Heard { socket, at: world.now, frame: Frame::Alive }]));
        }
        world.until(then.min(world.now + TimeDelta::seconds(30)));
    }
}

#[test]
fn what_both_channels_tell_while_one_takes_over_is_told_once() {
    let mut world = World::with(["a1".to_owned()]);
    world.life = TimeDelta::minutes(5);
    world.step(Input::Tick);
    world.obey();
    keep_alive(&mut world, at(199));
    world.now = at(200);
    world.step(Input::Tick);
    let Some(Effect::Create(line)) = world.open.pop_front() else { panic!("another channel is to be made") };
    world.step(Input::Created { line, made: Ok(made(2, at(500))) });
    let Some(Effect::Connect { socket, channel }) = world.open.pop_front() else { panic!("a socket is to be opened") };
    let old = world.sockets[0].0;
    world.sockets.push((socket, channel));
    world.step(Input::Connected(socket));
    for socket in [old, socket, old] {
        world.step(Input::Heard(vec![Heard { socket, at: world.now, frame: state(&call("a1")) }]));
    }
    world.obey();
    world.hear(state(&call("a1")));
    world.obey();
    assert_eq!(world.kinds(), [CallEventKind::Answered]);
    assert_eq!(world.gaps().len(), 1);
}

#[test]
fn a_short_token_does_not_renew_for_ever() {
    let mut world = World::with(["a1".to_owned()]);
    world.life = TimeDelta::minutes(5);
    world.step(Input::Tick);
    world.obey();
    keep_alive(&mut world, at(3600));
    // 200 s after each: not more often.
    assert!((17..=19).contains(&world.made), "{}", world.made);
    assert_eq!(world.gaps().len(), 1);
}

#[test]
fn where_all_channels_are_in_use_one_goes_before_the_next_is_made() {
    let mut world = World::bounded(["a1".to_owned()], Bounds { topics: 1, channels: 1 });
    world.life = TimeDelta::minutes(30);
    world.step(Input::Tick);
    world.obey();
    keep_alive(&mut world, at(1500));
    world.done.clear();
    keep_alive(&mut world, at(1570));
    let done = world.done();
    assert_eq!(done[..4], ["close", "drop streaming-1", "create", "connect streaming-2"]);
    assert_eq!(world.gaps()[1].2, "a channel was renewed");
}
