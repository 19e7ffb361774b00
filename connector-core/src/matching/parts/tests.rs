use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::{ConversationRef, Leg, Stamp, Vendor};

fn at(nanos: i64) -> DateTime<Utc> {
    "2026-10-19T08:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::nanoseconds(nanos)
}

fn agent(answered: i64, ended: Option<i64>) -> AgentTime {
    let mut time = AgentTime::new("leg", AgentRef::default().with_id("a-1"), at(answered));
    time.ended = ended.map(at);
    time
}

const SECONDS: i64 = 1_000_000_000;

#[test]
fn a_leg_counts_from_its_answer_to_its_end_or_that_of_the_conversation() {
    let stamp = |second: i64| Some(Stamp::vendor(at(second * SECONDS)));
    let leg = |id: &str, agent: Option<&str>, answered, ended| Leg {
        agent: agent.map(|id| AgentRef::default().with_id(id)),
        answered,
        ended,
        started: stamp(0),
        ..Leg::new(id)
    };
    let mut call = Conversation::new(ConversationRef::new("c-1"), Vendor::named("acme"));
    call.legs = vec![
        leg("open", Some("a-2"), stamp(20), None),
        leg("menu", None, stamp(1), stamp(5)),
        leg("rang", Some("a-3"), None, stamp(9)),
        leg("first", Some("a-1"), stamp(10), stamp(20)),
    ];
    let times = |call: &Conversation| -> Vec<_> {
        agent_times(call).into_iter().map(|time| (time.leg, time.answered, time.ended)).collect()
    };
    let ten_to_twenty = ("first".to_owned(), at(10 * SECONDS), Some(at(20 * SECONDS)));
    assert_eq!(times(&call), [ten_to_twenty.clone(), ("open".to_owned(), at(20 * SECONDS), None)]);
    call.ended = stamp(40);
    assert_eq!(times(&call), [ten_to_twenty, ("open".to_owned(), at(20 * SECONDS), Some(at(40 * SECONDS)))]);
}

#[test]
fn a_call_that_went_on_in_another_session_is_one_agents_all_along() {
    // The second began before the first was given up, and the agent's end is not known.
    let sessions = [SessionTime::new(at(28 * SECONDS), 8_000, 80_000), SessionTime::new(at(0), 16_000, 30 * 16_000)];
    let parts = parts(&[agent(10 * SECONDS, None)], &sessions, Keep::Everything);
    let whose: Vec<_> = parts.into_iter().map(|part| (part.session, part.samples, part.agents.len())).collect();
    assert_eq!(whose, [(1, 0..160_000, 0), (1, 160_000..480_000, 1), (0, 16_000..80_000, 1)]);
}

#[test]
fn without_agents_or_sound_there_are_no_parts() {
    let session = SessionTime::new(at(0), 8_000, 8_000);
    assert!(parts(&[], std::slice::from_ref(&session), Keep::Agents).is_empty());
    assert_eq!(parts(&[], &[session], Keep::Everything).len(), 1);
    assert!(parts(&[agent(0, None)], &[], Keep::Everything).is_empty());
    for (answered, ended) in [(2 * SECONDS, None), (-SECONDS, Some(0)), (900, Some(800)), (1, Some(2))] {
        let session = SessionTime::new(at(0), 8_000, 8_000);
        assert!(parts(&[agent(answered, ended)], &[session], Keep::Agents).is_empty(), "{answered} {ended:?}");
    }
}

#[test]
fn times_from_nowhere_do_no_harm() {
    let extremes = [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC, at(0)];
    for (began, answered) in extremes.into_iter().flat_map(|one| extremes.map(|other| (one, other))) {
        for (rate, samples) in [(0, 1), (u32::MAX, u64::MAX), (1, u64::MAX), (8_000, 0)] {
            let agents = [AgentTime::new("leg", AgentRef::default().with_id("a-1"), answered)];
            for part in parts(&agents, &[SessionTime::new(began, rate, samples)], Keep::Everything) {
                assert!(part.samples.end <= samples);
            }
        }
    }
}

/// What belongs to each sample of each session: all moments looked at one by one.
fn model(agents: &[AgentTime], sessions: &[SessionTime]) -> Vec<(DateTime<Utc>, usize, u64, Vec<usize>)> {
    let nanos_of = |session: &SessionTime, sample: u64| {
        TimeDelta::nanoseconds((sample * 1_000_000_000 / u64::from(session.rate)) as i64)
    };
    let end = |session: &SessionTime| session.began + nanos_of(session, session.samples);
    let last = sessions.iter().map(end).max();
    let mut samples = Vec::new();
    for (place, session) in sessions.iter().enumerate() {
        for sample in 0..session.samples {
            let now = session.began + nanos_of(session, sample);
            let is_earlier = |other: &(usize, &SessionTime)| (other.1.began, other.0) < (session.began, place);
            // What still sounds when another ends belongs to the one of them that began first.
            if sessions.iter().enumerate().filter(is_earlier).any(|(_, other)| other.began <= now && now < end(other)) {
                continue;
            }
            let there = |agent: &AgentTime| agent.answered <= now && now < agent.ended.or(last).unwrap_or(now);
            let agents = (0..agents.len()).filter(|agent| there(&agents[*agent])).collect();
            samples.push((now, place, sample, agents));
        }
    }
    samples.sort();
    samples
}

proptest! {
    #[test]
    fn every_sample_is_in_the_part_in_which_it_was_heard(
        // Rates that divide a second, so that the model needs no fractions.
        sessions in prop::collection::vec((-20..20i64, prop_oneof![Just(8u32), Just(10), Just(20)], 0..60u64), 0..4),
        agents in prop::collection::vec((-30..80i64, prop::option::of(-30..80i64)), 0..4),
        everything: bool,
    ) {
        // In steps of a tenth of a second, and of a ninth, which is no sample's time.
        let sessions: Vec<_> = sessions.into_iter()
            .map(|(began, rate, samples)| SessionTime::new(at(began * SECONDS / 10), rate, samples)).collect();
        let agents: Vec<_> = agents.into_iter()
            .map(|(answered, ended)| agent(answered * SECONDS / 9, ended.map(|ended| ended * SECONDS / 10))).collect();
        let keep = if everything { Keep::Everything } else { Keep::Agents };
        let found = parts(&agents, &sessions, keep);

        let each = found.iter().flat_map(|part| part.samples.clone().map(|sample| (part.session, sample, part.agents.clone())));
        let expected = model(&agents, &sessions).into_iter()
            .filter(|(.., agents)| everything || !agents.is_empty()).map(|(_, session, sample, agents)| (session, sample, agents));
        prop_assert_eq!(each.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
        for pair in found.windows(2) {
            let is_one = pair[0].session == pair[1].session && pair[0].samples.end == pair[1].samples.start;
            prop_assert!(!is_one || pair[0].agents != pair[1].agents, "neighbours are one part");
        }
    }
}
