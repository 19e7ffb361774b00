//! The calls of the past.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use connector_core::{
    Conversation, ConversationHistory, ConversationRef, HistoryQuery, Lookup, LookupOptions, StampSource,
};
use connector_nice::testing::{Generation, Permission};

use super::*;

fn day(tenant: &Tenant) -> HistoryQuery {
    let starts = tenant.fake.scenario().starts;
    HistoryQuery::between(starts, starts + TimeDelta::hours(12))
}

/// The contacts of each call that was listed.
async fn listed(nice: &NiceCxone, query: HistoryQuery) -> BTreeMap<String, BTreeSet<String>> {
    let mut rows = nice.history().ended(query).items(|row| panic!("left out: {row}"));
    let mut calls: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    while let Some(call) = rows.try_next().await.unwrap() {
        calls.entry(call.this.id).or_default().extend(call.legs.into_iter().map(|leg| leg.id));
    }
    calls
}

fn expected(tenant: &Tenant) -> BTreeMap<String, BTreeSet<String>> {
    let contacts = |call| tenant.fake.contact_ids(call).into_iter().collect();
    tenant.fake.expected().into_iter().map(|call| (call.conversation, contacts(call.call))).collect()
}

#[tokio::test(start_paused = true)]
async fn every_call_is_listed_whole_in_pages_of_any_size() {
    let tenant = Tenant::new(20);
    tenant.fake.change(|settings| settings.chats = 4);
    for (page, most) in [(1, 10_000), (2, 10_000), (7, 10_000), (1000, 3), (1000, 10_000)] {
        tenant.fake.change(|settings| settings.most_rows = most);
        let nice = tenant.with(tenant.config().with_page(page));
        assert_eq!(listed(&nice, day(&tenant)).await, expected(&tenant), "pages of {page}, {most} at most");
    }
}

/// Whether every person of these calls is known by more than an id and a name.
fn are_known(calls: &[Conversation]) -> bool {
    let people: Vec<_> = calls.iter().flat_map(|call| &call.legs).filter_map(|leg| leg.agent.as_ref()).collect();
    !people.is_empty() && people.iter().all(|who| who.login.is_some() && who.name.is_some())
}

#[tokio::test(start_paused = true)]
async fn people_are_told_with_their_logins_and_asked_for_once() {
    let tenant = Tenant::new(12);
    let nice = tenant.client();
    for _ in 0..2 {
        let rows = nice.history().ended(day(&tenant)).items(|row| panic!("left out: {row}"));
        assert!(are_known(&rows.try_collect::<Vec<_>>().await.unwrap()));
    }
    assert_eq!((tenant.fake.count(Endpoint::Agents), tenant.fake.count(Endpoint::Agent)), (1, 0));

    let (other, call) = (tenant.client(), tenant.fake.expected().remove(0));
    let this = ConversationRef::new(call.conversation);
    let found = other.history().conversation(&this, LookupOptions::default()).await.unwrap();
    let Lookup::Ready(whole) = found else { panic!("it is over") };
    assert!(are_known(&[whole]));
    assert_eq!(tenant.fake.count(Endpoint::Agents), 1, "one call's people are asked for one by one");
}

#[tokio::test(start_paused = true)]
async fn calls_are_listed_also_where_people_may_not_be_read() {
    let tenant = Tenant::new(12);
    tenant.fake.forbid(Permission::Employees);
    let nice = tenant.client();
    assert_eq!(listed(&nice, day(&tenant)).await, expected(&tenant));
    let rows = nice.history().ended(day(&tenant)).items(|row| panic!("left out: {row}"));
    let calls: Vec<Conversation> = rows.try_collect().await.unwrap();
    let mut people = calls.iter().flat_map(|call| &call.legs).filter_map(|leg| leg.agent.as_ref());
    assert!(people.all(|who| who.id.is_some() && who.login.is_none()));
}

#[tokio::test(start_paused = true)]
async fn both_generations_of_names_tell_the_same() {
    let tenant = Tenant::new(12);
    let mut told: Vec<Vec<Conversation>> = Vec::new();
    for (generation, wrapped, version) in [
        (Generation::Old, false, "v23.0"),
        (Generation::New, false, "v23.0"),
        (Generation::Old, true, "v8.0"),
        (Generation::ByVersion, false, "v34.0"),
    ] {
        tenant.fake.change(|settings| (settings.generation, settings.result_set) = (generation, wrapped));
        let nice = tenant.with(tenant.config().with_api_version(version));
        let rows = nice.history().ended(day(&tenant)).items(|row| panic!("left out: {row}"));
        told.push(rows.try_collect().await.unwrap());
    }
    assert!(!told[0].is_empty());
    assert!(told.windows(2).all(|two| two[0] == two[1]));
}

/// A call that began before an instant and ended after it.
fn across(tenant: &Tenant) -> (String, DateTime<Utc>) {
    let scenario = tenant.fake.scenario();
    let call = &scenario.calls[scenario.calls.len() / 2];
    let middle = call.started + (call.ended() - call.started) / 2;
    (tenant.fake.expected()[scenario.calls.len() / 2].conversation.clone(), middle)
}

#[tokio::test(start_paused = true)]
async fn a_call_that_began_before_the_window_is_listed() {
    let tenant = Tenant::new(12);
    let (call, middle) = across(&tenant);
    let query = HistoryQuery::between(middle, middle + TimeDelta::hours(1));
    assert!(listed(&tenant.client(), query).await.contains_key(&call));
    // Days later, when changes since then would be too many.
    let late = tenant.client();
    tokio::time::advance(std::time::Duration::from_secs(5 * 86_400)).await;
    tenant.fake.forget_requests();
    let query = HistoryQuery::between(middle, middle + TimeDelta::hours(1));
    assert!(listed(&late, query).await.contains_key(&call));
    assert!(tenant.fake.requests().iter().all(|asked| asked.parameter("updatedSince").is_none()));
}

#[tokio::test(start_paused = true)]
async fn a_window_with_more_than_the_vendor_sends_is_halved() {
    let tenant = Tenant::new(20);
    let answers = tenant.fake.answers();
    let nice = tenant.answered(tenant.config().with_page(4), move |request: &Request| {
        let answer = answers.answer(request);
        let query: BTreeMap<String, String> =
            url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()).into_owned().collect();
        let at = |name: &str| query.get(name)?.parse::<DateTime<Utc>>().ok();
        let (Some(from), Some(to)) = (at("startDate"), at("endDate")) else { return answer };
        let Ok(mut body) = serde_json::from_slice::<serde_json::Value>(&answer.body) else { return answer };
        if to - from > TimeDelta::minutes(100) {
            body["totalRecords"] = 10_001.into();
        }
        Answer::json(&body)
    });
    assert_eq!(listed(&nice, day(&tenant)).await, expected(&tenant));
}

#[tokio::test(start_paused = true)]
async fn rows_that_move_between_pages_are_not_lost() {
    for (shifts, arrivals) in [(3, 0), (0, 1), (0, 2), (2, 2)] {
        let tenant = Tenant::new(20);
        tenant.fake.change(|settings| (settings.shifts, settings.arrivals) = (shifts, arrivals));
        let nice = tenant.with(tenant.config().with_page(3));
        assert_eq!(listed(&nice, day(&tenant)).await, expected(&tenant), "{shifts} shifts, {arrivals} arrivals");
        let mut left = usize::MAX;
        tenant.fake.change(|settings| left = settings.arrivals);
        assert_eq!(left, 0, "they happened");
    }
}

#[tokio::test(start_paused = true)]
async fn a_listing_goes_on_from_any_of_its_positions() {
    let tenant = Tenant::new(12);
    let nice = tenant.with(tenant.config().with_page(3));
    let pages: Vec<_> = nice.history().ended(day(&tenant)).try_collect().await.unwrap();
    assert!(pages.len() > 4);
    let ids = |page: &connector_core::Page<Conversation>| {
        page.items.iter().map(|call| call.this.id.clone()).collect::<Vec<_>>()
    };
    for (number, page) in pages.iter().enumerate() {
        let Some(resume) = page.resume.clone() else { continue };
        let mut query = day(&tenant);
        query.resume = Some(resume);
        let rest: Vec<_> = nice.history().ended(query).try_collect().await.unwrap();
        let told: Vec<String> = rest.iter().flat_map(ids).collect();
        assert_eq!(told, pages[number + 1..].iter().flat_map(ids).collect::<Vec<_>>(), "from page {number}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_call_has_all_that_the_vendor_knows_of_it() {
    let tenant = Tenant::new(60);
    let nice = tenant.client();
    let scenario = tenant.fake.scenario();
    let (mut passed_on, mut held) = (0, 0);
    for told in tenant.fake.expected() {
        let of = ConversationRef::new(&told.conversation);
        let Lookup::Ready(call) = nice.history().conversation(&of, LookupOptions::default()).await.unwrap() else {
            panic!("{of} is not there")
        };
        let script = &scenario.calls[told.call];
        let legs = script.legs();
        assert_eq!(call.legs.len(), legs.len(), "{of}");
        assert_eq!(call.direction, script.direction);
        for (leg, wanted) in call.legs.iter().zip(&legs) {
            let ended = leg.ended.expect("an end");
            assert_eq!((ended.at, ended.source), (wanted.ended, StampSource::Vendor), "{of}: the hierarchy tells ends");
            assert_eq!(leg.started.map(|stamp| stamp.at), Some(wanted.started));
            let id = tenant.fake.agent(&scenario.agents[wanted.agent]).id;
            assert_eq!(leg.agent.as_ref().map(|who| who.id.clone()), Some(id));
            let holds: Vec<_> = leg.holds.iter().map(|hold| (hold.started.at, hold.ended.map(|end| end.at))).collect();
            assert_eq!(holds, wanted.holds.iter().map(|hold| (hold.start, Some(hold.end))).collect::<Vec<_>>(), "{of}");
            held += holds.len();
        }
        passed_on += usize::from(legs.len() > 1);
        let said: Vec<_> =
            call.legs.last().expect("a leg").dispositions.iter().map(|one| one.name.as_deref()).collect();
        assert_eq!(said, [Some(script.disposition.as_str())], "{of}");
        let account = call.attributes.get("custom.accountId").map(String::as_str);
        assert!(account.is_some_and(|account| account.starts_with("A-")), "{of}: {account:?}");
        assert_eq!(call.attributes.get("custom.note"), None, "an empty value is none");
    }
    assert!(passed_on > 0 && held > 0, "the day has transfers and holds");
}

#[tokio::test(start_paused = true)]
async fn a_leg_leads_to_its_whole_call_and_an_unknown_id_to_none() {
    let tenant = Tenant::new(60);
    let nice = tenant.client();
    let ids = (0..60).map(|call| tenant.fake.contact_ids(call)).find(|ids| ids.len() > 1).expect("a transfer");
    let found = nice.history().conversation(&ConversationRef::new(&ids[1]), LookupOptions::default()).await.unwrap();
    let Lookup::Ready(call) = found else { panic!("not there") };
    assert_eq!((call.this.id.as_str(), call.legs.len()), (ids[0].as_str(), ids.len()));
    for unknown in ["7", "no-such-call", "../agents"] {
        let found =
            nice.history().conversation(&ConversationRef::new(unknown), LookupOptions::default()).await.unwrap();
        assert!(matches!(found, Lookup::Gone(_)), "{unknown}: {found:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_goes_on_is_asked_for_again() {
    let tenant = Tenant::new(12);
    let call = &tenant.fake.scenario().calls[0];
    tenant.fake.at(call.started + (call.ended() - call.started) / 2);
    let of = ConversationRef::new(&tenant.fake.expected()[0].conversation);
    let found = tenant.client().history().conversation(&of, LookupOptions::default()).await.unwrap();
    assert!(matches!(found, Lookup::NotReady { .. }), "{found:?}");
}
