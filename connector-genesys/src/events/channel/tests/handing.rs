//! What is handed on: with whom it is about, and up to where all is safe.

use super::*;

#[test]
fn what_was_refused_is_told_as_a_gap_from_where_its_call_began() {
    let mut world = World::live();
    world.accepts = false;
    world.now = at(20);
    world.hear(state(&call("a1")));
    let Some(Effect::Deliver { number, items, .. }) = world.open.pop_front() else { panic!("a delivery") };
    assert_eq!(items.len(), 1);
    world.step(Input::Refused(number));
    assert!(world.open.is_empty());
    world.accepts = true;
    world.until(at(22));
    assert_eq!(world.gaps().last(), Some(&(11.0, 21.0, "a delivery was not stored")));
    world.step(Input::Refused(number));
    world.until(at(30));
    assert_eq!(world.gaps().len(), 2);
}

#[test]
fn a_gap_that_is_refused_comes_again_as_long_as_it_takes() {
    let mut world = World::with(["a1".to_owned()]);
    world.accepts = false;
    world.step(Input::Tick);
    for turn in 0..5 {
        while let Some(effect) = world.open.pop_front() {
            match effect {
                Effect::Deliver { number, cursor, .. } => {
                    world.step(Input::Refused(number));
                    // With this one stored, all of it would be.
                    assert_eq!(cursor, world.now, "{turn}");
                }
                other => world.answer(other),
            }
        }
        world.now = world.machine.due().expect("it comes again");
        assert!(world.now >= at(turn) + TimeDelta::seconds(1));
        world.step(Input::Tick);
    }
    world.accepts = true;
    world.obey();
    assert_eq!(world.gaps(), [(-100.0, 5.0, "a delivery was not stored")]);
}

#[test]
fn no_position_passes_what_is_not_accepted_or_goes_on() {
    let mut world = World::live();
    world.accepts = false;
    world.now = at(20);
    world.hear(state(&call("a1")));
    world.obey();
    assert_eq!(*world.cursors.last().expect("a delivery"), at(11));
    world.now = at(31);
    world.hear(state(&over(call("a1"))));
    world.step(Input::Confirmed { id: "c-1".to_owned(), told: Ok(None) });
    world.obey();
    // The call is over, but nobody has accepted how it began.
    assert_eq!(*world.cursors.last().expect("a delivery"), at(11));
    let handed: Vec<u64> = world.machine.number_of_deliveries();
    handed.into_iter().for_each(|number| world.step(Input::Accepted(number)));
    world.close();
    world.now = at(60);
    world.hear_again();
    assert_eq!(world.cursors.last(), Some(&at(60)));
}

impl Machine {
    fn number_of_deliveries(&self) -> Vec<u64> {
        (1..=self.number).collect()
    }
}

impl World {
    fn hear_again(&mut self) {
        self.step(Input::Tick);
        self.obey();
    }
}

#[test]
fn while_somebody_is_not_heard_the_position_stays() {
    let mut world = World::bounded(["a1".to_owned(), "a2".to_owned()], Bounds { topics: 1, channels: 4 });
    world.step(Input::Tick);
    world.obey();
    world.now = at(20);
    world.close();
    world.open.clear();
    world.now = at(25);
    world.hear(state(&call("a1")));
    world.open.retain(|effect| !matches!(effect, Effect::Connect { .. }));
    world.obey();
    assert_eq!((world.kinds().len(), world.cursors.last()), (1, Some(&at(0))));
}

#[test]
fn in_quiet_times_the_position_is_told_now_and_then() {
    let mut world = World::live();
    while world.now < at(3_610) {
        world.hear(Frame::Alive);
        world.until(world.now + TimeDelta::seconds(30));
    }
    let times: Vec<f64> = world.cursors.iter().map(|cursor| seconds(*cursor)).collect();
    assert_eq!(times, [10.0, 910.0, 1_810.0, 2_710.0, 3_610.0]);
    assert_eq!(world.items.len(), 1);
}

#[test]
fn an_event_waits_for_the_login_of_a_stranger_who_is_asked_for_once() {
    let mut world = World::live();
    world.people = People { everyone: true, agents: vec![agent("a1")] };
    world.step(Input::Changed);
    world.obey();
    world.now = at(20);
    world.hear(state(&call("s7")));
    let asked = world.open.pop_front();
    assert!(matches!(&asked, Some(Effect::Resolve(id)) if id == "s7"), "{asked:?}");
    let mut other = call("a1");
    (other["id"], other["participants"][1]["id"]) = ("c-2".into(), "p-b".into());
    world.hear(state(&other));
    world.hear(state(&over(call("s7"))));
    assert!(!world.open.iter().any(|effect| matches!(effect, Effect::Deliver { .. } | Effect::Resolve(_))));
    world.answer(asked.expect("an effect"));
    world.obey();
    let who: Vec<_> = world.events().iter().map(|event| event.agent.clone().expect("an agent")).collect();
    assert_eq!(who, [agent("s7"), agent("a1"), agent("s7")]);
}

#[test]
fn an_event_whose_agent_stays_a_stranger_goes_out_with_the_id() {
    let id = |world: &World| world.events()[0].agent.clone();
    let stranger = Some(AgentRef::default().with_id("s7"));
    for answer in [stranger.clone(), Some(agent("s8")), None] {
        let mut world = World::live();
        world.people.everyone = true;
        world.step(Input::Changed);
        world.obey();
        world.now = at(20);
        world.hear(state(&call("s7")));
        world.open.clear();
        let answer_came = answer.is_some();
        match answer {
            Some(who) => world.step(Input::Resolved { id: "s7".to_owned(), who }),
            None => {
                world.until(at(25) - TimeDelta::milliseconds(1));
                assert!(world.events().is_empty());
                world.until(at(25));
            }
        }
        world.obey();
        assert_eq!(id(&world), stranger);
        world.done.clear();
        world.hear(state(&over(call("s7"))));
        assert!(!world.done().contains(&"resolve s7".to_owned()));
        // Once the people were listed again, somebody may know them.
        world.step(Input::Changed);
        world.obey();
        let mut other = call("s7");
        (other["id"], other["participants"][1]["id"]) = ("c-2".into(), "p-b".into());
        world.hear(state(&other));
        assert_eq!(world.done().contains(&"resolve s7".to_owned()), answer_came);
    }
}

#[test]
fn what_the_vendor_has_on_record_is_told_before_the_end_of_the_call() {
    let mut world = World::live();
    world.now = at(20);
    world.hear(state(&call("a1")));
    world.obey();
    world.close();
    world.until(at(25));
    let record = serde_json::json!({ "id": "c-1", "endTime": at(40).to_rfc3339(), "participants": [
        { "id": "p-a", "purpose": "agent", "userId": "a1", "endTime": at(30).to_rfc3339(),
          "calls": [{ "state": "terminated", "connectedTime": at(12).to_rfc3339(),
                      "disconnectedTime": at(30).to_rfc3339(), "disconnectType": "transfer" }] }] });
    let record: Conversation = serde_json::from_str(&record.to_string()).expect("a record");
    world.step(Input::Confirmed { id: "c-1".to_owned(), told: Ok(Some(record)) });
    world.obey();
    use CallEventKind::{Answered, Ended, LegEnded, Transferred};
    assert_eq!(world.kinds(), [Answered, Transferred, LegEnded, Ended]);
    assert_eq!(world.events()[3].at.at, at(40));
}

#[test]
fn an_answer_that_comes_when_the_call_is_forgotten_tells_nothing_again() {
    let mut world = World::live();
    world.now = at(20);
    world.hear(state(&call("a1")));
    world.hear(state(&over(call("a1"))));
    world.step(Input::Confirmed { id: "c-1".to_owned(), told: Ok(None) });
    world.obey();
    let told = world.kinds().len();
    let record = serde_json::json!({ "id": "c-1", "participants": [{ "id": "p-a", "purpose": "agent", "userId": "a1",
        "calls": [{ "state": "connected", "connectedTime": at(12).to_rfc3339() }] }] });
    world.now = at(3_600);
    world.step(Input::Tick);
    let record: Conversation = serde_json::from_str(&record.to_string()).expect("a record");
    world.step(Input::Confirmed { id: "c-1".to_owned(), told: Ok(Some(record)) });
    world.obey();
    assert_eq!((told, world.kinds().len()), (3, 3));
}

#[test]
fn a_question_that_failed_is_asked_again_while_the_call_goes_on() {
    let mut world = World::live();
    world.now = at(20);
    world.hear(state(&call("a1")));
    world.hear(state(&over(call("a1"))));
    world.obey();
    let asked = |world: &mut World| world.done().iter().filter(|done| *done == "confirm c-1").count();
    assert_eq!(asked(&mut world), 1);
    world.until(at(49));
    assert_eq!(asked(&mut world), 0);
    world.step(Input::Confirmed { id: "c-1".to_owned(), told: Err(Error::invalid("no record")) });
    world.until(at(79));
    world.hear(Frame::Alive);
    assert_eq!(asked(&mut world), 1);
    world.step(Input::Confirmed { id: "c-1".to_owned(), told: Err(Error::unauthorized("no more")) });
    world.obey();
    assert!(world.failed.as_ref().is_some_and(Error::is_unauthorized));
}

#[test]
fn a_call_that_may_not_be_asked_about_is_over_once_nobody_of_ours_has_it() {
    let mut world = World::live();
    let hidden = || Input::Confirmed { id: "c-1".to_owned(), told: Err(Error::forbidden("another division")) };
    world.now = at(20);
    world.hear(state(&call("a1")));
    world.step(hidden());
    world.obey();
    assert!(!world.kinds().contains(&CallEventKind::Ended), "somebody of ours has it");
    world.hear(state(&over(call("a1"))));
    world.step(hidden());
    world.obey();
    assert!(world.kinds().contains(&CallEventKind::Ended), "{:?}", world.kinds());
    assert!(world.failed.is_none());
}

#[test]
fn what_did_not_fit_while_nobody_took_it_is_a_gap() {
    let mut world = World::live();
    world.now = at(50);
    world.step(Input::Missed { from: at(20), to: at(45) });
    world.obey();
    assert_eq!(world.gaps()[1], (20.0, 45.0, "more calls came than could wait"));
}

#[test]
fn what_is_much_comes_in_several_deliveries() {
    let mut world = World::live();
    world.people.everyone = true;
    world.step(Input::Changed);
    world.obey();
    world.items.clear();
    let socket = world.sockets[0].0;
    let frames = (0..450).map(|number| {
        let mut call = call("a1");
        call["id"] = format!("c-{number}").into();
        Heard { socket, at: world.now, frame: state(&call) }
    });
    let frames = frames.collect();
    world.done.clear();
    world.step(Input::Heard(frames));
    assert_eq!(world.done(), ["deliver 200", "deliver 200", "deliver 50"]);
    world.obey();
    assert_eq!(world.items.len(), 450);
}
