//! What goes wrong in the middle of a list, and lists that are taken up again.

use std::sync::atomic::{AtomicUsize, Ordering};

use connector_core::{GroupQuery, Listing};
use futures_util::StreamExt;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_row_that_makes_no_sense_costs_the_row() {
    let fake = calm();
    fake.change(|settings| settings.bad_rows = 2);
    let genesys = with_page(&fake, 5);
    let (found, rejected) = agents_and_rejected(&genesys, AgentQuery::all()).await;
    assert_eq!((found.len(), rejected.len()), (12, 2));
    assert_eq!((rejected[0].what.as_str(), rejected[0].reason.as_str()), ("user 2 of a page", "no_id"));
    assert!(!format!("{rejected:?}").contains("nobody"), "{rejected:?}");
    for (group, members) in [("Sales", 5), ("Sales A", 5), ("Sales line", 5)] {
        let (found, rejected) = agents_and_rejected(&genesys, AgentQuery::all().in_group(group)).await;
        assert_eq!((found.len(), rejected.len()), (members, 2), "{group}");
    }
    let pages: Vec<_> = genesys.directory().list_groups(GroupQuery::default()).try_collect().await.unwrap();
    let count = pages.iter().fold((0, 0), |(good, bad), page| (good + page.items.len(), bad + page.rejected.len()));
    assert_eq!(count, (9, 6));
}

#[tokio::test(start_paused = true)]
async fn rows_that_are_no_objects_are_told_of() {
    let fake = calm();
    let odd = vec![json!(null), json!(7), json!("x"), json!([]), json!({ "id": "" }), json!({ "id": 7 })];
    let (found, rejected) = agents_and_rejected(&with_people(&fake, odd), AgentQuery::all()).await;
    assert_eq!((found.len(), rejected.len()), (13, 5), "a number is an id as good as a text");
}

#[tokio::test(start_paused = true)]
async fn people_under_a_key_that_nobody_knows_are_an_error_and_not_nobody() {
    let fake = calm();
    let renamed = changed(&fake, "/api/v2/users", |page| {
        let rows = page.as_object_mut().unwrap().remove("entities").unwrap();
        page["people"] = rows;
    });
    let error = agents(&renamed, AgentQuery::all()).await.unwrap_err();
    assert!(error.is_invalid() && !error.is_retryable(), "{error:?}");
    assert!(error.to_string().contains("there is no list of entities"), "{error}");
    let name = fake.scenario().agents[0].name.reveal();
    assert!(!format!("{error:?}").contains(name.split(' ').next().unwrap()), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn numbers_of_pages_that_are_texts_or_missing_lead_on_just_the_same() {
    let fake = calm();
    for count in [json!("3"), json!(3.0), json!(null), json!("many"), json!([])] {
        let told = count.clone();
        let odd = changed(&fake, "/api/v2/users", move |page| page["pageCount"] = told.clone());
        assert_eq!(ids(&agents(&odd, AgentQuery::all()).await.unwrap()), expected(&fake, None), "{count}");
    }
    for rows in [json!(null), json!(7), json!({})] {
        let told = rows.clone();
        let odd = changed(&fake, "/api/v2/users", move |page| page["entities"] = told.clone());
        assert!(agents(&odd, AgentQuery::all()).await.unwrap_err().is_invalid(), "{rows}");
    }
}

#[tokio::test(start_paused = true)]
async fn teams_that_go_on_nowhere_are_an_error_and_not_fewer_teams() {
    let fake = calm();
    let lost = changed(&fake, "/api/v2/teams", |page| page["nextUri"] = json!("/api/v2/teams?pageSize=5"));
    let groups: Result<Vec<_>> = lost.directory().list_groups(GroupQuery::default()).try_collect().await;
    assert!(groups.unwrap_err().is_invalid());
}

#[tokio::test(start_paused = true)]
async fn throttling_lost_tokens_and_a_bad_minute_are_waited_out() {
    let fake = organisation(FaultPlan::none().throttle(1).refuse_tokens(1));
    let genesys = with_page(&fake, 1);
    fake.change(|settings| settings.unavailable = 1);
    assert_eq!(ids(&agents(&genesys, AgentQuery::all()).await.unwrap()), expected(&fake, None));
    assert_eq!(fake.faults().unfired(), []);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_ends_in_the_middle_is_replaced() {
    let fake = calm();
    let genesys = with_page(&fake, 5);
    let mut listing = genesys.directory().list_agents(AgentQuery::all());
    listing.try_next().await.unwrap().expect("a page");
    fake.end_tokens();
    assert_eq!(listing.try_collect::<Vec<_>>().await.unwrap().len(), 2);
    assert_eq!(fake.count(Endpoint::Token), 2);
}

#[tokio::test(start_paused = true)]
async fn a_login_that_is_refused_in_the_middle_ends_the_list() {
    let fake = calm();
    let genesys = with_page(&fake, 5);
    let mut listing = genesys.directory().list_agents(AgentQuery::all());
    listing.try_next().await.unwrap().expect("a page");
    fake.end_tokens();
    fake.log_in_fails();
    assert!(listing.next().await.expect("an end").unwrap_err().is_unauthorized());
    assert!(listing.next().await.is_none(), "an error is the last item");
}

#[tokio::test(start_paused = true)]
async fn a_page_that_fails_ends_the_list_which_is_taken_up_there() {
    let fake = calm();
    let (asked, answers) = (Arc::new(AtomicUsize::new(0)), fake.answers());
    let counted = asked.clone();
    let genesys = answered(fake.config().with_page(5), move |request: &Request| {
        let is_second = request.uri().query().is_some_and(|query| query.contains("pageNumber=2"));
        if is_second && counted.fetch_add(1, Ordering::Relaxed) == 0 {
            return Answer::json(&json!({ "code": "bad.request", "message": "broken" })).with_status(400);
        }
        answers.answer(request)
    });
    let mut listing = genesys.directory().list_agents(AgentQuery::all());
    let first = listing.try_next().await.unwrap().expect("a page");
    let error = listing.try_next().await.unwrap_err();
    assert!(error.is_invalid() && error.vendor_code() == Some("bad.request"), "{error:?}");
    let mut query = AgentQuery::all();
    query.resume = first.resume;
    let mut all = agents(&genesys, query).await.unwrap();
    all.extend(first.items);
    assert_eq!(ids(&all), expected(&fake, None));
}

/// From every position of a listing on, what is left is the rest.
async fn taken_up<T: Clone + std::fmt::Debug + PartialEq>(
    open: impl Fn(Option<connector_core::Cursor>) -> Listing<T>,
) -> usize {
    let all: Vec<_> = open(None).try_collect().await.unwrap();
    for (index, page) in all.iter().enumerate() {
        let Some(position) = page.resume.clone() else { continue };
        let rest: Vec<_> = open(Some(position)).try_collect().await.unwrap();
        assert_eq!(rest, all[index + 1..], "from after page {}", index + 1);
    }
    assert!(all.last().unwrap().resume.is_none() && all.iter().rev().skip(1).all(|page| page.resume.is_some()));
    all.len()
}

#[tokio::test(start_paused = true)]
async fn a_listing_is_taken_up_from_every_position_by_another_client() {
    let fake = calm();
    fake.change(|settings| settings.bad_rows = 1);
    let listed = |query: AgentQuery| {
        let fake = &fake;
        move |resume| {
            with_page(fake, 2).directory().list_agents({
                let mut query = query.clone();
                query.resume = resume;
                query
            })
        }
    };
    assert_eq!(taken_up(listed(AgentQuery::all())).await, 7);
    let pages = taken_up(listed(AgentQuery::all().in_group("Sales").in_group("Sales A").in_group("Sales line"))).await;
    assert!(pages >= 10, "{pages}");
    let groups = |resume| {
        let mut query = GroupQuery::default();
        query.resume = resume;
        with_page(&fake, 2).directory().list_groups(query)
    };
    assert_eq!(taken_up(groups).await, 6);
}

#[tokio::test(start_paused = true)]
async fn a_position_that_cannot_be_read_asks_nobody() {
    let fake = calm();
    let mut query = AgentQuery::all();
    query.resume = Some(connector_core::Cursor::new("{\"Nowhere\":1}"));
    assert!(agents(&client(&fake), query).await.unwrap_err().is_invalid());
    assert_eq!(fake.requests(), []);
}

#[tokio::test(start_paused = true)]
async fn nothing_personal_is_shown() {
    let fake = calm();
    let genesys = client(&fake);
    let found = agents(&genesys, AgentQuery::all()).await.unwrap();
    let shown = format!("{found:?} {genesys:?} {:?}", genesys.directory());
    for person in &fake.scenario().agents {
        assert!(!shown.contains(person.login.reveal()) && !shown.contains(person.name.reveal()), "{shown}");
    }
}
