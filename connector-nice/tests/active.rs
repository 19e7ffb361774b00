//! Calls that go on, where the settings ask for them: answered, held, resumed; and their ends without waiting for a poll.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use connector_core::testing::http::InProcess;
use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{
    CallEvent, CallEventKind, Clock, Context, EventSource, Events, Item, Refusal, Secret, SourceItem, SubscribeRequest,
    Watch,
};
use connector_nice::testing::{Endpoint, Fake};
use connector_nice::{NiceConfig, NiceCxone};
use futures_util::StreamExt;
use tokio::time::{Instant, timeout};

const ACTIVE_EVERY: Duration = Duration::from_secs(10);
const POLL_EVERY: Duration = Duration::from_secs(600);

struct Tenant {
    fake: Fake,
    nice: NiceCxone,
    clock: Clock,
}

/// A tenant whose day begins now.
fn tenant(calls: usize, settings: impl FnOnce(NiceConfig) -> NiceConfig) -> Tenant {
    let fake = Fake::new(&Scenario::day(calls, 7), FaultPlan::none());
    let clock = Clock::starting_at(fake.scenario().starts);
    fake.follow(clock);
    let secrets = |(id, secret): (String, String)| (Secret::literal(id), Secret::literal(secret));
    let config = NiceConfig::new(secrets(fake.client()), secrets(fake.access_key()))
        .with_issuer(fake.issuer())
        .with_host("example.com")
        .with_poll_every(POLL_EVERY);
    let cx = Context::default()
        .for_source("acme", "nice")
        .with_clock(clock)
        .with_transport(Arc::new(InProcess::new(fake.answers())));
    let nice = NiceCxone::new(settings(config), &cx).expect("good settings");
    Tenant { fake, nice, clock }
}

/// All events until nothing came for two hours, and when each came. The first `refused` deliveries are refused.
async fn day(tenant: &Tenant, mut events: Events, mut refused: usize) -> Vec<(CallEvent, Duration)> {
    let mut told = Vec::new();
    let end = Instant::now() + Duration::from_secs(14 * 3600);
    while let Ok(item) = timeout(end - Instant::now(), events.next()).await {
        let SourceItem::Delivery(delivery) = item.expect("an item").expect("no error") else { continue };
        if refused > 0 && !delivery.items.is_empty() {
            refused -= 1;
            delivery.ack.refuse(Refusal::NotStored);
            continue;
        }
        for item in delivery.items {
            let Item::Event(event) = item else { panic!("only events") };
            let after = (tenant.clock.now() - event.at.at).to_std().unwrap_or_default();
            told.push((event, after));
        }
        delivery.ack.accept().await.expect("it is stored");
    }
    told
}

fn listen(tenant: &Tenant) -> Events {
    tenant.nice.events().deliveries(SubscribeRequest::new(Watch::everyone()))
}

#[tokio::test(start_paused = true)]
async fn each_leg_is_answered_before_its_call_ends_and_holds_alternate() {
    for refused in [0, 5] {
        let tenant = tenant(6, |config| config.with_active_every(ACTIVE_EVERY));
        let told = day(&tenant, listen(&tenant), refused).await;
        let keys: BTreeSet<_> = told.iter().map(|(event, _)| event.key.clone()).collect();
        assert_eq!(keys.len(), told.len(), "something was told twice");
        let mut legs: BTreeMap<String, Vec<CallEventKind>> = BTreeMap::new();
        let mut ended = BTreeSet::new();
        for (event, _) in &told {
            let call = event.conversation.id.to_string();
            match (&event.kind, &event.conversation.leg) {
                (CallEventKind::Ended, _) => assert!(ended.insert(call), "a call ended twice"),
                (CallEventKind::MetadataChanged, _) => {}
                (kind, Some(leg)) => {
                    assert!(!ended.contains(&call), "{kind} after the end");
                    assert!(event.agent.is_some());
                    legs.entry(leg.to_string()).or_default().push(kind.clone());
                }
                (kind, None) => panic!("{kind} of no leg"),
            }
        }
        assert_eq!(ended.len(), 6);
        let known: BTreeSet<String> = (0..6).flat_map(|call| tenant.fake.contact_ids(call)).collect();
        // One that goes on for less than the time between two questions may be missed.
        let heard: BTreeSet<String> = legs.keys().cloned().collect();
        assert!(heard.is_subset(&known) && heard.len() * 2 > known.len(), "{} of {}", heard.len(), known.len());
        assert!(legs.values().any(|kinds| kinds.contains(&CallEventKind::Resumed)), "the day has a hold");
        for kinds in legs.values() {
            let mut rest = kinds.iter().filter(|kind| **kind != CallEventKind::Ringing);
            assert_eq!(rest.next(), Some(&CallEventKind::Answered), "{kinds:?}");
            let expected = [CallEventKind::Held, CallEventKind::Resumed];
            assert!(rest.zip(expected.iter().cycle()).all(|(kind, expected)| kind == expected), "{kinds:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_vanished_is_asked_for_at_once() {
    let tenant = tenant(4, |config| config.with_active_every(ACTIVE_EVERY));
    let told = day(&tenant, listen(&tenant), 0).await;
    // One that goes on for less than the time between two questions is only found by the poll.
    let of = |kind: CallEventKind| told.iter().filter(move |(event, _)| event.kind == kind);
    let seen: BTreeSet<_> = of(CallEventKind::Answered).map(|(event, _)| &event.conversation.id).collect();
    assert!(seen.len() >= 3, "{}", seen.len());
    let late = ACTIVE_EVERY + Duration::from_secs(5);
    for (event, after) in of(CallEventKind::Ended).filter(|(event, _)| seen.contains(&event.conversation.id)) {
        assert!(*after <= late, "{} after {after:?}; polls come every {POLL_EVERY:?}", event.conversation);
    }
}

#[tokio::test(start_paused = true)]
async fn what_begins_while_a_person_is_not_watched_is_not_told() {
    let tenant = tenant(4, |config| config.with_active_every(ACTIVE_EVERY));
    let nobody = tenant.nice.events().deliveries(SubscribeRequest::new(Watch::these([])));
    assert!(day(&tenant, nobody, 0).await.is_empty());
    assert!(tenant.fake.count(Endpoint::Active) > 100);
}

#[tokio::test(start_paused = true)]
async fn without_the_setting_nobody_is_asked_and_nothing_of_it_is_promised() {
    let tenant = tenant(4, |config| config);
    let kinds = tenant.nice.events().traits().kinds;
    assert_eq!(kinds, [CallEventKind::Ended, CallEventKind::MetadataChanged].into());
    let told = day(&tenant, listen(&tenant), 0).await;
    assert!(told.iter().all(|(event, _)| kinds.contains(&event.kind)));
    assert_eq!(tenant.fake.count(Endpoint::Active) + tenant.fake.count(Endpoint::StateDescriptions), 0);
}

#[tokio::test(start_paused = true)]
async fn a_list_of_calls_that_fails_is_asked_for_more_rarely_and_ends_are_heard_all_the_same() {
    let tenant = tenant(4, |config| config.with_active_every(ACTIVE_EVERY));
    let mut events = listen(&tenant);
    // The first sweep went well; then the vendor is away for a while.
    assert!(matches!(events.next().await, Some(Ok(SourceItem::Status(_)))));
    tenant.fake.change(|settings| settings.unavailable = 30);
    let told = day(&tenant, events, 0).await;
    assert_eq!(told.iter().filter(|(event, _)| event.kind == CallEventKind::Ended).count(), 4);
    let missing = tenant.fake.requests().iter().filter(|asked| asked.status == 503).count();
    assert_eq!(missing, 30, "it was away");
}
