//! Sessions of agents, where the settings name them: joined, never started, and heard without taking anything apart.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use connector_core::testing::http::InProcess;
use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{
    CallEvent, CallEventKind, Clock, Context, EventSource, Item, Secret, SourceItem, SubscribeRequest, Watch,
};
use connector_nice::testing::{Endpoint, Fake};
use connector_nice::{NiceConfig, NiceCxone};
use futures_util::StreamExt;
use tokio::time::{Instant, timeout};

const POLL_EVERY: Duration = Duration::from_secs(600);
const CALLS: usize = 8;

struct Tenant {
    fake: Fake,
    nice: NiceCxone,
    clock: Clock,
    /// By index in the scenario, and its id.
    agent: (usize, String),
}

/// A tenant whose day begins now; of the agent of this call the session is joined.
fn tenant(call: usize) -> Tenant {
    let fake = Fake::new(&Scenario::day(CALLS, 7), FaultPlan::none());
    let clock = Clock::starting_at(fake.scenario().starts);
    fake.follow(clock);
    fake.change(|settings| settings.longest_poll = Duration::from_secs(5));
    let agent = fake.scenario().calls[call].legs()[0].agent;
    let id = fake.agent(&fake.scenario().agents[agent]).id.expect("an id");
    let secrets = |(id, secret): (String, String)| (Secret::literal(id), Secret::literal(secret));
    let config = NiceConfig::new(secrets(fake.client()), secrets(fake.access_key()))
        .with_issuer(fake.issuer())
        .with_host("example.com")
        .with_poll_every(POLL_EVERY)
        .with_sessions([&id]);
    let cx = Context::default()
        .for_source("acme", "nice")
        .with_clock(clock)
        .with_transport(Arc::new(InProcess::new(fake.answers())));
    let nice = NiceCxone::new(config, &cx).expect("good settings");
    Tenant { fake, nice, clock, agent: (agent, id) }
}

/// All events of the day, and how long after it each came.
async fn day(tenant: &Tenant) -> Vec<(CallEvent, Duration)> {
    let mut events = tenant.nice.events().deliveries(SubscribeRequest::new(Watch::everyone()));
    let (mut told, end) = (Vec::new(), Instant::now() + Duration::from_secs(14 * 3600));
    while let Ok(item) = timeout(end - Instant::now(), events.next()).await {
        let SourceItem::Delivery(delivery) = item.expect("an item").expect("no error") else { continue };
        for item in delivery.items {
            let Item::Event(event) = item else { panic!("only events") };
            let after = (tenant.clock.now() - event.at.at).to_std().unwrap_or_default();
            told.push((event, after));
        }
        delivery.ack.accept().await.expect("it is stored");
    }
    told
}

fn of(told: &[(CallEvent, Duration)], kind: CallEventKind) -> Vec<&(CallEvent, Duration)> {
    told.iter().filter(|(event, _)| event.kind == kind).collect()
}

#[tokio::test(start_paused = true)]
async fn the_calls_of_a_joined_agent_are_heard_of_at_once_and_told_once() {
    let tenant = tenant(0);
    let told = day(&tenant).await;
    let keys: BTreeSet<_> = told.iter().map(|(event, _)| event.key.clone()).collect();
    assert_eq!(keys.len(), told.len(), "something was told twice");
    assert_eq!(of(&told, CallEventKind::Ended).len(), CALLS);
    // Each of the agent's legs, in full.
    let legs = tenant.fake.scenario().calls.iter().flat_map(|call| call.legs());
    let legs: Vec<_> = legs.filter(|leg| leg.agent == tenant.agent.0).collect();
    let holds: usize = legs.iter().map(|leg| leg.holds.len()).sum();
    for (kind, count) in [
        (CallEventKind::Ringing, legs.len()),
        (CallEventKind::Answered, legs.len()),
        (CallEventKind::Held, holds),
        (CallEventKind::Resumed, holds),
    ] {
        let found = of(&told, kind.clone());
        assert_eq!(found.len(), count, "{kind}");
        for (event, after) in found {
            assert_eq!(event.agent.as_ref().and_then(|agent| agent.id.as_deref()), Some(&*tenant.agent.1));
            assert!(*after <= Duration::from_secs(30), "{kind} {after:?} late");
        }
    }
    // A call that was the agent's alone is over without a poll: after the work that follows it.
    let own = (0..CALLS).filter(|call| {
        let legs = tenant.fake.scenario().calls[*call].legs();
        legs.len() == 1 && legs[0].agent == tenant.agent.0
    });
    let own: BTreeSet<String> = own.map(|call| tenant.fake.contact_ids(call)[0].clone()).collect();
    assert!(!own.is_empty());
    for (event, after) in of(&told, CallEventKind::Ended) {
        let is_own = own.contains(&event.conversation.id.to_string());
        assert!(!is_own || *after < Duration::from_secs(120), "{after:?}; polls come every {POLL_EVERY:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_is_joined_once_and_never_started() {
    let tenant = tenant(0);
    day(&tenant).await;
    assert_eq!(tenant.fake.count(Endpoint::JoinSession), 1, "its id changes with the answers, and is followed");
    let asked = tenant.fake.requests();
    assert!(
        asked.iter().all(|asked| !asked.path.to_lowercase().ends_with("/agent-sessions")),
        "that logs the agent in"
    );
    assert!(asked.iter().all(|asked| asked.status != 409));
}

#[tokio::test(start_paused = true)]
async fn an_agent_without_a_session_is_asked_for_ever_more_rarely_and_polls_go_on() {
    let tenant = tenant(0);
    tenant.fake.log_out(tenant.agent.0);
    let told = day(&tenant).await;
    let joins = tenant.fake.count(Endpoint::JoinSession);
    // At most once in five minutes, after the first few.
    assert!((10..=14 * 12 + 10).contains(&joins), "{joins}");
    assert_eq!(of(&told, CallEventKind::Ended).len(), CALLS);
    assert_eq!(of(&told, CallEventKind::Answered).len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ends_is_joined_again_and_no_call_is_lost() {
    let tenant = tenant(0);
    let fake = &tenant.fake;
    let logs_out = async {
        tokio::time::sleep(Duration::from_secs(3600)).await;
        fake.log_out(tenant.agent.0);
    };
    let (told, ()) = futures_util::future::join(day(&tenant), logs_out).await;
    assert_eq!(of(&told, CallEventKind::Ended).len(), CALLS);
    assert_eq!(fake.requests().iter().filter(|asked| asked.status == 409).count(), 1);
    assert!(fake.count(Endpoint::JoinSession) > 1);
}
