//! Steps of legs.

use super::*;
use crate::events::differ::reading::{of_call, of_conversation};
use crate::testing::fixtures;
use crate::wire::topic::Message;
use crate::wire::{self, calls, conversations};

fn sample(text: &str) -> Snapshot {
    let message: Message = serde_json::from_str(text).expect("a message");
    let call: calls::Call = wire::row(&message.event_body.expect("a body")).expect("a call");
    of_call(call).expect("an id")
}

#[test]
fn a_whole_call_is_told_as_it_happens() {
    let (mut differ, mut out) = (Differ::default(), Vec::new());
    let heard = "2026-09-21T14:04:02Z".parse().expect("a time");
    let ended = "2026-09-21T14:07:45.900Z".parse().expect("a time");
    for text in [fixtures::call_answered(), fixtures::call_held(), fixtures::call_resumed(), fixtures::call_ended()] {
        differ.see(&sample(text), &everybody, heard, &mut out);
    }
    differ.confirmed("c0de0001-4a1b-4c2d-8e3f-0a1b2c3d4e5f", Confirmed::Over(Some(ended)), heard, &mut out);
    differ.see(&sample(fixtures::call_wrapped_up()), &everybody, heard, &mut out);
    let leg = "9a970002-0000-4000-8000-00000000a001";
    let told: Vec<_> = out
        .iter()
        .filter_map(event)
        .map(|event| (event.kind.to_string(), event.at.to_string(), event.at.source))
        .collect();
    let vendor = |kind: &str, at: &str| (kind.to_owned(), at.to_owned(), StampSource::Vendor);
    assert_eq!(
        told,
        [
            vendor("answered", "2026-09-21T14:00:21.400Z"),
            vendor("held", "2026-09-21T14:03:10.250Z"),
            ("resumed".to_owned(), "2026-09-21T14:04:02Z".to_owned(), StampSource::Received),
            vendor("leg_ended", "2026-09-21T14:07:45.900Z"),
            vendor("ended", "2026-09-21T14:07:45.900Z"),
            vendor("wrap_up_ended", "2026-09-21T14:08:09.100Z"),
        ]
    );
    let keys: Vec<_> = out.iter().filter_map(event).map(|event| event.key.as_str()).collect();
    let call = "c0de0001-4a1b-4c2d-8e3f-0a1b2c3d4e5f";
    assert_eq!(keys[0], format!("{call}:{leg}:answered"));
    assert_eq!(keys[1], format!("{call}:{leg}:held:1789999390250"));
    assert_eq!(keys[2], format!("{call}:{leg}:resumed:1789999390250"));
    assert_eq!(keys[4], format!("{call}:ended"));
    assert!(out.contains(&Effect::Confirm(call.to_owned())));
    for event in out.iter().filter_map(event) {
        let who = event.agent.as_ref().and_then(|agent| agent.id.as_deref());
        let is_end = event.kind == CallEventKind::Ended;
        assert_eq!(who, (!is_end).then_some("a9e10001-1111-4a11-8b11-111111111111"));
        assert_eq!(event.conversation.leg.as_deref(), (!is_end).then_some(leg));
        assert_eq!(event.conversation.around.expect("its start").to_rfc3339(), "2026-09-21T14:00:00+00:00");
    }
}

#[test]
fn the_live_record_tells_what_the_topic_told() {
    let conversation: conversations::Conversation = serde_json::from_str(fixtures::conversation()).expect("a record");
    let live = of_conversation(conversation).expect("an id");
    let topic = sample(fixtures::call_wrapped_up());
    let steps = |snapshot: &Snapshot| {
        let (mut differ, mut out) = (Differ::default(), Vec::new());
        differ.see(snapshot, &everybody, at(0), &mut out);
        out
    };
    assert_eq!(steps(&live), steps(&topic));
    assert_eq!(steps(&live).len(), 4, "answered, ended, wrapped up, and a question");
}

#[test]
fn of_several_calls_of_a_participant_the_one_that_goes_on_counts() {
    let over = serde_json::json!({"state": "terminated", "connectedTime": "2026-09-21T14:00:00Z",
        "disconnectedTime": "2026-09-21T14:01:00Z", "disconnectType": "transfer"});
    let going = serde_json::json!({"state": "connected", "connectedTime": "2026-09-21T14:01:00Z", "held": true});
    for (calls, phase, is_over) in [
        (vec![&over, &going], Phase::Connected, false),
        (vec![&going, &over], Phase::Connected, false),
        (vec![&over, &over], Phase::Over, true),
    ] {
        let participant = serde_json::json!({"id": "p", "purpose": "Agent", "userId": "a", "calls": calls});
        let text = serde_json::json!({"id": "c-1", "participants": [participant, {"id": "chat"}]}).to_string();
        let read = of_conversation(serde_json::from_str(&text).expect("a record")).expect("an id");
        assert_eq!(read.parties.len(), 1, "who has no call is not in the call");
        let party = &read.parties[0];
        assert_eq!((party.phase, party.is_over(), party.has_passed_on), (phase, is_over, is_over));
        assert_eq!(party.answered.expect("a time").to_rfc3339(), "2026-09-21T14:00:00+00:00", "at first");
    }
}

/// A leg in one letter: ringing, ringing and muted, talking, held since a time or without, muted, paused, both, over, passed on, wrapped up.
fn leg(letter: char) -> Party {
    let talking = agent("a", 1, Phase::Connected);
    let over = agent("a", 1, Phase::Over);
    match letter {
        'R' => agent("a", 1, Phase::Ringing),
        'Q' => Party { is_muted: Some(true), is_holding: Some(true), ..agent("a", 1, Phase::Ringing) },
        'T' => talking,
        '1'..='9' => {
            let since = i64::from(letter.to_digit(10).expect("a digit"));
            Party { is_holding: Some(true), holding_since: Some(at(10 + since)), ..talking }
        }
        'H' => Party { is_holding: Some(true), ..talking },
        'M' => Party { is_muted: Some(true), ..talking },
        'P' => Party { is_paused: Some(true), ..talking },
        '?' => Party { is_holding: None, is_muted: None, is_paused: None, ..talking },
        'D' => Party { answered: None, ..over },
        'O' => over,
        'X' => Party { has_passed_on: true, ..over },
        'W' => Party { wrap_up: Some(WrapUp { at: Some(at(90)) }), ..over },
        _ => panic!("{letter} is no leg"),
    }
}

#[test]
fn each_step_is_told_once() {
    for (seen, expected) in [
        ("RTO", "ringing answered leg_ended"),
        ("RRTTOO", "ringing answered leg_ended"),
        ("TRT", "answered"),
        ("T1TO", "answered held:1 resumed:1 leg_ended"),
        ("T11TT", "answered held:1 resumed:1"),
        ("1", "answered held:1"),
        ("T1T1T", "answered held:1 resumed:1"),
        ("T1T3T1T", "answered held:1 resumed:1 held:3 resumed:3"),
        ("T13T", "answered held:1 resumed:1 held:3 resumed:3"),
        ("T31T", "answered held:3 resumed:3"),
        ("THHTHT", "answered held:n1 resumed:n1 held:n2 resumed:n2"),
        ("TH1T", "answered held:n1 resumed:n1"),
        ("TH1T1T", "answered held:n1 resumed:n1"),
        ("T1HT", "answered held:1 resumed:1"),
        ("T1?T", "answered held:1 resumed:1"),
        ("T1RT", "answered held:1 resumed:1"),
        ("T1R", "answered held:1"),
        ("QT", "ringing answered"),
        ("T1O", "answered held:1 leg_ended"),
        ("TMT", "answered muted:n1 unmuted:n1"),
        ("TMMTM?T", "answered muted:n1 unmuted:n1 muted:n2 unmuted:n2"),
        ("TPT", "answered recording_paused:n1 recording_resumed:n1"),
        ("P?O", "answered recording_paused:n1 leg_ended"),
        ("RD", "ringing"),
        ("D", ""),
        ("O", "answered leg_ended"),
        ("TX", "answered transferred leg_ended"),
        ("TXOX", "answered transferred leg_ended"),
        ("TOX", "answered leg_ended"),
        ("TOT1RMPO", "answered leg_ended"),
        ("TOWW", "answered leg_ended wrap_up_ended"),
        ("TW", "answered leg_ended wrap_up_ended"),
        ("RDW", "ringing"),
    ] {
        let mut heard = Heard::default();
        for letter in seen.chars() {
            heard.see(&call([leg(letter)]), 100);
        }
        let keys: Vec<String> = heard
            .keys()
            .into_iter()
            .map(|key| {
                let (kind, since) = key.trim_start_matches("c-1:a-1:").split_once(':').unwrap_or((key, ""));
                let kind = kind.trim_start_matches("c-1:a-1:");
                match since.parse::<i64>() {
                    Ok(millis) => format!("{kind}:{}", millis / 1000 - at(10).timestamp()),
                    Err(_) if since.starts_with('n') => format!("{kind}:{since}"),
                    Err(_) => key.trim_start_matches("c-1:a-1:").to_owned(),
                }
            })
            .collect();
        assert_eq!(keys.join(" "), expected, "{seen}");
    }
}

#[test]
fn times_are_the_vendors_where_there_are_some() {
    let bare = |letter| Party { started: None, answered: None, ended: None, ..leg(letter) };
    let mut heard = Heard::default();
    for (letter, second) in [('R', 100), ('T', 101), ('O', 102)] {
        heard.see(&call([bare(letter)]), second);
    }
    let wrap_up = Some(WrapUp { at: None });
    heard.see(&call([Party { wrap_up, ..bare('O') }]), 103);
    let times: Vec<_> = heard.events().iter().map(|event| (event.at.at, event.at.source)).collect();
    assert_eq!(times, [100, 101, 102, 103].map(|second| (at(second), StampSource::Received)));
    assert!(heard.events().iter().all(|event| event.conversation.around.is_none()));

    let mut heard = Heard::default();
    "R1O".chars().for_each(|letter| drop(heard.see(&call([leg(letter)]), 100)));
    heard.see(&call([leg('W')]), 100);
    let times: Vec<_> = heard.events().iter().map(|event| (event.at.at, event.at.source)).collect();
    assert_eq!(times, [0, 10, 11, 60, 90].map(|second| (at(second), StampSource::Vendor)));
}

#[test]
fn whoever_is_offered_a_call_again_is_another_leg() {
    let declined = || Party { answered: None, ..agent("a", 1, Phase::Over) };
    let mut heard = Heard::default();
    assert_eq!(heard.see(&call([customer(Phase::Connected), agent("a", 1, Phase::Ringing)]), 0), ["ringing a-1"]);
    assert!(heard.see(&call([customer(Phase::Connected), declined()]), 5).is_empty(), "it was no call of theirs");
    let again = |phase| call([customer(Phase::Connected), declined(), agent("a", 2, phase)]);
    assert_eq!(heard.see(&again(Phase::Ringing), 10), ["ringing a-2"]);
    assert_eq!(heard.see(&again(Phase::Connected), 15), ["answered a-2"]);
    assert_eq!(heard.see(&again(Phase::Over), 20), ["leg_ended a-2"]);
}

#[test]
fn a_participant_who_consults_or_confers_is_a_leg_of_its_own() {
    let mut heard = Heard::default();
    let first = |letter| leg(letter);
    let with = |second: Phase, letter| call([customer(Phase::Connected), first(letter), agent("a", 2, second)]);
    heard.see(&call([customer(Phase::Connected), first('T')]), 10);
    assert_eq!(heard.see(&with(Phase::Ringing, '1'), 20), ["held a-1", "ringing a-2"]);
    assert_eq!(heard.see(&with(Phase::Connected, '1'), 25), ["answered a-2"]);
    assert_eq!(heard.see(&with(Phase::Connected, 'T'), 30), ["resumed a-1"], "now all three talk");
    assert_eq!(heard.see(&with(Phase::Over, 'T'), 40), ["leg_ended a-2"]);
    assert_eq!(heard.see(&with(Phase::Over, 'X'), 50), ["transferred a-1", "leg_ended a-1"]);
}

#[test]
fn only_our_people_are_told_and_nobody_else_opens_a_call() {
    let mut heard = Heard::default();
    let other = |phase| agent("x", 1, phase);
    assert!(heard.see(&call([customer(Phase::Connected), other(Phase::Connected)]), 0).is_empty());
    assert_eq!(heard.differ.open(), 0);
    let both = call([customer(Phase::Connected), other(Phase::Over), agent("a", 2, Phase::Connected)]);
    assert_eq!(heard.see(&both, 5), ["answered a-2"]);
}

#[test]
fn whoever_is_no_longer_watched_is_followed_to_the_end_of_the_call() {
    let (mut differ, mut out) = (Differ::default(), Vec::new());
    differ.see(&call([leg('T')]), &ours, at(0), &mut out);
    let nobody = |_: &AgentRef| false;
    differ.see(&call([leg('1'), agent("a", 2, Phase::Connected)]), &nobody, at(0), &mut out);
    assert_eq!(out.iter().map(shown).collect::<Vec<_>>(), ["answered a-1", "held a-1"], "the second is not");
    differ.see(&call([leg('1'), agent("a", 2, Phase::Connected)]), &ours, at(0), &mut out);
    assert_eq!(out.iter().map(shown).next_back().expect("told"), "answered a-2", "until they are watched again");
}

#[test]
fn a_restart_tells_the_same_events_under_the_same_keys() {
    let stream: Vec<Snapshot> = "RT1T3OW".chars().map(|letter| call([leg(letter)])).collect();
    let mut whole = Heard::default();
    stream.iter().zip(0..).for_each(|(snapshot, second)| drop(whole.see(snapshot, second)));
    let known: Vec<String> = whole.keys().into_iter().map(str::to_owned).collect();
    for from in 0..stream.len() {
        let mut again = Heard::default();
        stream[from..].iter().for_each(|snapshot| drop(again.see(snapshot, 500)));
        assert!(!again.keys().is_empty());
        assert!(
            again.keys().iter().all(|key| known.iter().any(|known| known == key)),
            "from {from}: {:?}",
            again.keys()
        );
    }
}

#[test]
fn so_many_legs_of_a_call_are_followed() {
    let mut heard = Heard::with(Limits { legs: 2, ..Limits::default() });
    let three = call((1..=3).map(|number| agent("a", number, Phase::Connected)));
    assert_eq!(heard.see(&three, 0), ["answered a-1", "answered a-2"]);
    let over = call((1..=3).map(|number| agent("a", number, Phase::Over)));
    assert_eq!(heard.see(&over, 0), ["leg_ended a-1", "leg_ended a-2", "confirm"]);
}
