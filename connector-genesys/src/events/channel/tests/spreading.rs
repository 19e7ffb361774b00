//! Which channel hears whom, and what becomes of that when people come and go.

use super::*;

fn many(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|number| format!("a{number:05}"))
}

fn sizes(world: &World) -> Vec<usize> {
    world.topics.iter().map(|(_, agents)| agents.len()).collect()
}

#[test]
fn two_and_a_half_thousand_people_are_spread_evenly_over_three_channels() {
    let mut world = World::with(many(2_500));
    world.step(Input::Tick);
    world.obey();
    let mut spread = sizes(&world);
    spread.sort_unstable();
    assert_eq!(spread, [833, 833, 834]);
    let mut all: Vec<String> = world.topics.iter().flat_map(|(_, agents)| agents.clone()).collect();
    all.sort();
    assert!(all.into_iter().eq(many(2_500)));
    assert!(world.machine.is_live);
    assert_eq!(world.done().iter().filter(|done| *done == "live").count(), 1);
}

#[test]
fn more_people_than_a_client_can_hear_are_an_error_that_says_what_to_do() {
    let bounds = Bounds { topics: 10, channels: 2 };
    let mut world = World::bounded(many(20), bounds);
    world.step(Input::Tick);
    world.obey();
    assert_eq!(sizes(&world), [10, 10]);
    world.people = people_of(many(21));
    world.step(Input::Changed);
    world.obey();
    let error = world.failed.expect("it ends");
    assert!(error.is_config() && error.advice().is_some_and(|advice| advice.contains("OAuth client")), "{error}");
}

#[test]
fn whoever_comes_or_goes_changes_their_own_channel_alone() {
    let mut world = World::bounded(many(4), Bounds { topics: 3, channels: 5 });
    world.step(Input::Tick);
    world.obey();
    assert_eq!(sizes(&world), [2, 2]);
    world.done();
    world.until(at(60));
    world.people.agents.push(agent("b1"));
    world.step(Input::Changed);
    world.until(at(61));
    world.obey();
    assert_eq!(world.done(), ["look", "subscribe a00000 a00002 b1", "deliver 1"]);
    assert_eq!(world.gaps()[2..], [(60.0, 61.0, "people were added")]);
    world.people.agents.retain(|who| who.id.as_deref() != Some("a00001"));
    world.step(Input::Changed);
    world.obey();
    assert_eq!(world.done(), ["look", "subscribe a00003"]);
    assert_eq!(world.gaps().len(), 3);
    world.step(Input::Changed);
    world.obey();
    assert_eq!(world.done(), ["look"]);
}

#[test]
fn until_somebody_new_is_heard_there_is_a_gap_and_the_others_are_heard_on() {
    let mut world = World::live();
    world.now = at(20);
    world.people.agents.push(agent("a3"));
    world.step(Input::Changed);
    let look = world.open.pop_front().expect("people are looked up");
    world.answer(look);
    let Some(Effect::Subscribe { request, .. }) = world.open.pop_front() else { panic!("topics are to be sent") };
    world.now = at(22);
    world.hear(state(&call("a1")));
    world.obey();
    assert_eq!(world.kinds(), [CallEventKind::Answered]);
    assert_eq!(*world.cursors.last().expect("a delivery"), at(11));
    world.now = at(23);
    world.step(Input::Subscribed { request, told: Err(Error::transient("busy")) });
    world.until(at(30));
    let (from, to, why) = world.gaps()[1];
    assert_eq!((from, why), (20.0, "people were added"));
    assert!((24.0..=24.5).contains(&to), "{to}");
}

#[test]
fn the_last_of_a_channel_takes_it_along() {
    let mut world = World::bounded(many(2), Bounds { topics: 1, channels: 2 });
    world.step(Input::Tick);
    world.obey();
    world.done();
    world.people = people_of(many(1));
    world.step(Input::Changed);
    world.obey();
    assert_eq!(world.done(), ["look", "close", "drop streaming-2"]);
    world.people = people_of(many(0));
    world.step(Input::Changed);
    world.obey();
    assert_eq!(world.done(), ["look", "close", "drop streaming-1"]);
    assert!(world.machine.is_live);
}

#[test]
fn where_nobody_is_watched_nothing_is_asked_for_and_the_time_before_is_told() {
    let mut world = World::with(many(0));
    world.now = at(5);
    world.step(Input::Tick);
    world.obey();
    assert_eq!(world.done(), ["look", "live", "deliver 1"]);
    assert_eq!(world.gaps(), [(-100.0, 5.0, "nobody listened")]);
}

#[test]
fn whoever_leaves_during_a_call_is_heard_to_its_end() {
    let mut world = World::live();
    world.now = at(20);
    world.hear(state(&call("a1")));
    world.obey();
    world.people = people_of(["a2".to_owned()]);
    world.step(Input::Changed);
    world.until(at(25));
    world.obey();
    assert_eq!(world.topics[0].1, ["a1", "a2"]);
    world.hear(state(&over(call("a1"))));
    world.obey();
    world.step(Input::Confirmed { id: "c-1".to_owned(), told: Ok(None) });
    world.until(at(60));
    assert_eq!(world.topics[0].1, ["a2"]);
    assert_eq!(world.kinds(), [CallEventKind::Answered, CallEventKind::LegEnded, CallEventKind::Ended]);
    let mut next = call("a1");
    next["id"] = "c-2".into();
    world.hear(state(&next));
    world.obey();
    assert_eq!(world.kinds().len(), 3);
}

#[test]
fn the_directory_is_asked_every_hour_and_trouble_with_it_is_waited_out() {
    let mut world = World::with(many(1));
    world.step(Input::Tick);
    world.open.clear();
    world.step(Input::Looked(Err(Error::transient("down"))));
    assert_eq!(world.done(), ["look", "reconnecting"]);
    world.until(at(2));
    world.obey();
    let live = world.done();
    assert_eq!((live[0].as_str(), live[1].as_str()), ("look", "create"));
    assert_eq!(world.gaps()[0].0, -100.0);
    while world.now < at(7_300) {
        world.hear(Frame::Alive);
        world.until(world.now + TimeDelta::seconds(30));
    }
    assert_eq!(world.done().iter().filter(|done| *done == "look").count(), 2);
    world.step(Input::Looked(Err(Error::forbidden("no permission"))));
    world.obey();
    assert!(world.failed.is_some_and(|error| error.is_forbidden()));
}
