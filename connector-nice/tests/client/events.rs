//! Hearing of calls, beyond what the contract of every connector asks for.

use std::collections::BTreeSet;
use std::time::Duration;

use connector_core::{
    AgentRef, CallEventKind, Cursor, EventSource, Events, Gap, Item, SourceItem, SourceStatus, SubscribeRequest, Watch,
};
use tokio::time::timeout;

use super::*;

#[derive(Default)]
struct Heard {
    ended: BTreeSet<String>,
    /// Those who took the calls that ended, by the event and by what it proves.
    people: Vec<AgentRef>,
    gaps: Vec<Gap>,
    statuses: Vec<SourceStatus>,
}

/// Accepts what comes until nothing comes any more.
async fn hear(events: &mut Events) -> Heard {
    let mut heard = Heard::default();
    while let Ok(Some(item)) = timeout(Duration::from_secs(300), events.try_next()).await.map(|item| item.unwrap()) {
        match item {
            SourceItem::Status(status) => heard.statuses.push(status),
            SourceItem::Delivery(delivery) => {
                for item in &delivery.items {
                    match item {
                        Item::Event(event) if event.kind == CallEventKind::Ended => {
                            heard.ended.insert(event.conversation.id.clone());
                            let legs = event.facts.iter().flat_map(|facts| &facts.legs);
                            heard.people.extend(legs.filter_map(|leg| leg.agent.clone()).chain(event.agent.clone()));
                        }
                        Item::Gap(gap) => heard.gaps.push(gap.clone()),
                        _ => {}
                    }
                }
                delivery.ack.accept().await.unwrap();
            }
            other => panic!("{other:?}"),
        }
    }
    heard
}

/// A tenant whose clients begin in the morning.
fn morning(calls: usize) -> Tenant {
    Tenant { hours: 0, ..Tenant::new(calls) }
}

/// A stream that has seen the morning, before the first call.
async fn listening(tenant: &Tenant, nice: &NiceCxone, watch: Watch) -> Events {
    tenant.fake.play(0);
    let mut events = nice.events().deliveries(SubscribeRequest::new(watch));
    assert!(hear(&mut events).await.ended.is_empty());
    events
}

#[tokio::test(start_paused = true)]
async fn whoever_took_a_call_is_told_with_the_login() {
    let tenant = morning(12);
    let nice = tenant.client();
    let mut events = listening(&tenant, &nice, Watch::everyone()).await;
    tenant.fake.play(12);
    let heard = hear(&mut events).await;
    assert!(heard.people.len() >= 12 && heard.people.iter().all(|who| who.login.is_some() && who.name.is_some()));
    assert_eq!(tenant.fake.count(Endpoint::Agents), 1);
}

#[tokio::test(start_paused = true)]
async fn somebody_is_watched_by_login_or_address() {
    for by_email in [false, true] {
        let tenant = morning(20);
        let nice = tenant.with(tenant.config().with_page(5));
        let person = tenant.fake.scenario().calls[0].legs()[0].agent;
        let known = tenant.fake.agent(&tenant.fake.scenario().agents[person]);
        let email = known.email.clone().unwrap();
        let who = match by_email {
            true => AgentRef::default().with_email(email),
            false => AgentRef::default().with_login(email.reveal()),
        };
        let mut events = listening(&tenant, &nice, Watch::these([who])).await;
        tenant.fake.play(usize::MAX);
        let of_person = tenant.fake.expected().into_iter().filter(|call| call.agents.contains(&person));
        let expected: BTreeSet<String> = of_person.map(|call| call.conversation).collect();
        assert!(expected.len() < 20);
        assert_eq!(hear(&mut events).await.ended, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn trouble_that_passes_is_told_and_waited_out() {
    let tenant = morning(6);
    let nice = tenant.client();
    let mut events = listening(&tenant, &nice, Watch::everyone()).await;
    // Longer than requests are repeated by themselves.
    tenant.fake.change(|settings| settings.unavailable = 40);
    tenant.fake.play(usize::MAX);
    let heard = hear(&mut events).await;
    assert_eq!(heard.ended.len(), 6);
    let is_away = |status: &SourceStatus| matches!(status, SourceStatus::Reconnecting { .. });
    assert!(heard.statuses.iter().any(is_away), "{:?}", heard.statuses);
    assert!(matches!(heard.statuses.last(), Some(SourceStatus::Live)), "{:?}", heard.statuses);
}

#[tokio::test(start_paused = true)]
async fn a_permission_that_is_taken_away_ends_the_stream() {
    let tenant = morning(2);
    let nice = tenant.client();
    let mut events = listening(&tenant, &nice, Watch::everyone()).await;
    tenant.fake.forbid(connector_nice::testing::Permission::Contacts);
    let error = events.try_next().await.unwrap_err();
    assert!(error.is_forbidden(), "{error}");
    assert!(events.try_next().await.unwrap().is_none(), "nothing comes after the error");
}

#[tokio::test(start_paused = true)]
async fn a_position_from_long_ago_goes_on_with_a_gap() {
    let tenant = morning(2);
    for (cursor, words) in [
        (r#"{"v":1,"since":"2026-01-01T00:00:00Z"}"#, "older"),
        (r#"{"v":9,"since":"2026-10-19T00:00:00Z"}"#, "cannot be read"),
        ("x", "cannot be read"),
    ] {
        let request = SubscribeRequest::new(Watch::everyone()).from(Some(Cursor::new(cursor)));
        let heard = hear(&mut tenant.client().events().deliveries(request)).await;
        assert_eq!(heard.gaps.len(), 1, "{cursor}");
        assert!(heard.gaps[0].why.contains(words), "{:?}", heard.gaps[0].why);
    }
}

#[tokio::test(start_paused = true)]
async fn rows_that_move_between_pages_are_heard() {
    let tenant = morning(20);
    let nice = tenant.with(tenant.config().with_page(3));
    let mut events = listening(&tenant, &nice, Watch::everyone()).await;
    tenant.fake.change(|settings| settings.shifts = 5);
    tenant.fake.play(usize::MAX);
    assert_eq!(hear(&mut events).await.ended.len(), 20);
}
