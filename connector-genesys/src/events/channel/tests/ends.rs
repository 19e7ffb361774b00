//! Channels that are taken away, and what cannot be mended.

use super::*;

fn system(topic: &str, reason: &str) -> Frame {
    Frame::read(&format!(r#"{{"topicName": "v2.system.{topic}", "eventBody": {{"reason": "{reason}", "new": 1}}}}"#))
}

#[test]
fn another_program_with_the_same_client_ends_it() {
    let mut world = World::live();
    world.hear(system("no_longer_subscribed.streaming-1", "another_channel_subscribed"));
    world.obey();
    let error = world.failed.take().expect("it ends");
    assert!(error.is_already_subscribed() && error.advice().is_some(), "{error}");
    assert!(!world.done().contains(&"create".to_owned()));
}

#[test]
fn our_own_next_channel_may_take_the_place_of_the_old_one() {
    let mut world = World::with(["a1".to_owned()]);
    world.life = TimeDelta::minutes(1);
    world.step(Input::Tick);
    world.obey();
    world.until(at(40));
    let renewed: Vec<_> = world.done().into_iter().filter(|done| done == "create").collect();
    assert_eq!(renewed.len(), 2);
    world.now = world.machine.due().expect("it is renewed");
    world.step(Input::Tick);
    let next = world.open.pop_front();
    assert!(matches!(next, Some(Effect::Create(_))), "{next:?}");
    world.hear(system("no_longer_subscribed.streaming-2", "another_channel_subscribed"));
    world.answer(next.expect("an effect"));
    world.obey();
    assert!(world.failed.is_none());
    world.until(world.now + TimeDelta::seconds(2));
    assert!(world.machine.is_live);
}

#[test]
fn a_channel_that_ended_for_another_reason_is_replaced_and_the_silence_is_a_gap() {
    for frame in [
        system("no_longer_subscribed.streaming-1", "user_tokens_revoked"),
        system("no_longer_subscribed", "something new"),
        system("token_revoked.x", "user_tokens_revoked"),
    ] {
        let mut world = World::live();
        world.until(at(20));
        world.hear(frame);
        world.obey();
        assert_eq!(world.done(), ["close", "drop streaming-1", "reconnecting"]);
        world.until(at(25));
        assert_eq!(world.done(), ["create", "connect streaming-2", "subscribe a1 a2", "live", "deliver 1"]);
        let (from, to, why) = world.gaps()[1];
        assert_eq!((from, why), (20.0, "a channel was ended by the vendor"));
        assert!((21.0..=21.5).contains(&to), "{to}");
    }
}

#[test]
fn a_channel_that_is_gone_when_it_is_opened_or_told_its_topics_is_replaced() {
    let gone = || Error::not_found("no such channel").with_status(404);
    let mut world = World::live();
    world.close();
    world.now = world.machine.due().expect("it is tried again");
    world.step(Input::Tick);
    world.open.retain(|effect| matches!(effect, Effect::Connect { .. }));
    let Some(Effect::Connect { socket, .. }) = world.open.pop_front() else { panic!("a socket is to be opened") };
    world.step(Input::Closed { socket, why: gone() });
    world.done.clear();
    world.until(world.now + TimeDelta::seconds(5));
    assert_eq!(world.done(), ["create", "connect streaming-2", "subscribe a1 a2", "live", "deliver 1"]);

    world.people.agents.push(agent("a3"));
    world.step(Input::Changed);
    world.open.clear();
    world.step(Input::Looked(Ok(world.people.clone())));
    let Some(Effect::Subscribe { request, .. }) = world.open.pop_front() else { panic!("topics are to be sent") };
    world.step(Input::Subscribed { request, told: Err(gone()) });
    world.until(world.now + TimeDelta::seconds(10));
    assert_eq!(world.topics.last().expect("topics").1, ["a1", "a2", "a3"]);
    assert_eq!(world.made, 3);
}

#[test]
fn an_expired_token_that_the_channel_does_not_tell_of_ends_in_a_new_channel() {
    let mut world = World::live();
    world.until(at(20));
    world.close();
    world.now = at(22);
    world.step(Input::Tick);
    world.open.retain(|effect| matches!(effect, Effect::Connect { .. }));
    let Some(Effect::Connect { socket, .. }) = world.open.pop_front() else { panic!("a socket is to be opened") };
    world.step(Input::Closed { socket, why: Error::unauthorized("not yours").with_status(401) });
    assert!(world.failed.is_none());
    world.until(at(30));
    assert_eq!((world.made, world.machine.is_live), (2, true));
}

#[test]
fn what_nobody_can_mend_by_waiting_ends_it() {
    type Ask = fn(&Error) -> bool;
    let wrong: [(Error, Ask); 3] = [
        (Error::forbidden("no permission"), Error::is_forbidden),
        (Error::unauthorized("wrong secret"), Error::is_unauthorized),
        (Error::config("no such host"), Error::is_config),
    ];
    for (error, ask) in wrong {
        let mut world = World::with(["a1".to_owned()]);
        world.step(Input::Tick);
        let look = world.open.pop_front().expect("people are looked up");
        world.answer(look);
        let Some(Effect::Create(line)) = world.open.pop_front() else { panic!("a channel is to be made") };
        world.step(Input::Created { line, made: Err(error) });
        world.obey();
        assert!(world.failed.as_ref().is_some_and(ask));
    }
    let mut world = World::live();
    world.close();
    world.now = at(20);
    world.step(Input::Tick);
    world.open.retain(|effect| matches!(effect, Effect::Connect { .. }));
    let Some(Effect::Connect { socket, .. }) = world.open.pop_front() else { panic!("a socket is to be opened") };
    world.step(Input::Closed { socket, why: Error::forbidden("a host that is not the vendor's") });
    world.obey();
    assert!(world.failed.as_ref().is_some_and(Error::is_forbidden));
}

#[test]
fn refused_topics_are_said_and_only_all_of_them_end_it() {
    let refused = |world: &mut World, topics: usize| {
        world.step(Input::Tick);
        while let Some(effect) = world.open.pop_front() {
            match effect {
                Effect::Subscribe { request, .. } => {
                    let missing = ["conversation:call:view".to_owned()].into();
                    world.step(Input::Subscribed { request, told: Ok(Unheard { topics, missing }) });
                }
                other => world.answer(other),
            }
        }
    };
    let mut world = World::with(["a1".to_owned(), "a2".to_owned()]);
    refused(&mut world, 1);
    assert!(world.done().contains(&"unheard 1".to_owned()) && world.failed.is_none() && world.machine.is_live);
    let mut world = World::with(["a1".to_owned(), "a2".to_owned()]);
    refused(&mut world, 2);
    let error = world.failed.expect("it ends");
    assert!(error.is_forbidden() && error.to_string().contains("conversation:call:view"), "{error}");
}

#[test]
fn what_is_not_known_is_heard_and_ignored() {
    for text in [
        "",
        "junk",
        "[]",
        "null",
        "7",
        r#"{"topicName": 7, "eventBody": []}"#,
        r#"{"topicName": "v2.users.a1.presence", "eventBody": {"x": 1}}"#,
        r#"{"topicName": "v2.users.a1.conversations.calls"}"#,
        r#"{"topicName": "v2.users.a1.conversations.calls", "eventBody": {"participants": [{"id": {}}]}}"#,
        r#"{"topicName": "v9.system.something.new", "version": {}, "metadata": [1]}"#,
        r#"{"result": "400", "status": "failed"}"#,
    ] {
        assert_eq!(Frame::read(text), Frame::Alive, "{text}");
    }
    let text = r#"{"topicName": "v2.users.a1.conversations.calls", "version": "9", "eventBody": {"id": "c-1", "new": {},
        "participants": [7, {"id": "p-a", "purpose": "agent", "state": "levitating", "user": {"id": "a1"}, "held": "?"},
                         {"id": "p-b", "purpose": "oracle", "state": "connected"}]}}"#;
    let mut world = World::live();
    world.hear(Frame::read(text));
    world.obey();
    assert!(world.failed.is_none() && world.kinds().is_empty());
    world.hear(state(&call("a1")));
    world.obey();
    assert_eq!(world.kinds(), [CallEventKind::Answered]);
}

#[test]
fn neither_the_address_of_a_channel_nor_a_login_is_shown() {
    let channel = made(1, at(0)).channel;
    let shown = format!(
        "{:?} {:?} {:?} {:?} {:?}",
        Effect::Connect { socket: 1, channel: channel.clone() },
        Effect::Subscribe { request: 1, channel: channel.clone(), agents: Vec::new() },
        Effect::Drop(channel),
        Input::Created { line: 1, made: Ok(made(1, at(0))) },
        Input::Looked(Ok(people_of(["a1".to_owned()]))),
    );
    assert!(!shown.contains("streaming") && !shown.contains("login-a1"), "{shown}");
    let world = World::live();
    let shown = format!("{:?}", world.machine);
    assert!(!shown.contains("streaming") && !shown.contains("login-a1"), "{shown}");
}
