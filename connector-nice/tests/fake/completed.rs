//! Contacts that are over.

use super::*;

#[test]
fn a_day_shows_every_leg_once_with_the_id_of_its_call() {
    let caller = Caller::calm();
    let rows = caller.completed(DAY);
    let legs: usize = caller.fake.scenario().calls.iter().map(|call| call.legs().len()).sum();
    assert_eq!(rows.len(), legs);
    assert!(legs > 12, "no call was passed on");
    for (index, call) in caller.fake.scenario().calls.iter().enumerate() {
        let ids = caller.fake.contact_ids(index);
        let of_call: Vec<&Value> =
            rows.iter().filter(|row| row["masterContactId"].as_u64() == ids[0].parse().ok()).collect();
        assert_eq!(of_call.len(), call.legs().len());
        assert!(of_call.iter().all(|row| row["isLogged"] == call.recorded));
    }
    assert_eq!(caller.acd(&format!("contacts/completed?{DAY}"))["totalRecords"], legs + 2, "two chats");
}

#[test]
fn two_generations_say_the_same_under_other_names() {
    let caller = Caller::calm();
    let old = caller.completed(DAY);
    caller.fake.change(|settings| settings.generation = Generation::New);
    let new = caller.completed(DAY);
    let renamed = [
        ("contactStart", "contactStartDate"),
        ("fromAddr", "fromAddress"),
        ("toAddr", "toAddress"),
        ("mediaType", "mediaTypeId"),
        ("confSeconds", "conferenceSeconds"),
        ("ACWSeconds", "acwSeconds"),
    ];
    for (old, new) in old.iter().zip(&new) {
        for (before, now) in renamed {
            assert!(new[before].is_null() && old[now].is_null(), "{before}");
            let (before, now) = (&old[before], &new[now]);
            assert!(before == now || before.as_f64() == now.as_f64(), "{before} is not {now}");
        }
        assert_eq!((&old["contactId"], &old["agentId"]), (&new["contactId"], &new["agentId"]));
    }
    caller.fake.change(|settings| settings.generation = Generation::ByVersion);
    let by_version = body(&caller.get(&format!("/inContactAPI/services/v33.0/contacts/completed?{DAY}")));
    assert!(by_version["completedContacts"][0]["contactStartDate"].is_string());
}

#[test]
fn pages_are_cut_and_linked_and_an_empty_list_has_no_body() {
    let caller = Caller::calm();
    let all = caller.completed(DAY);
    let mut paged = Vec::new();
    while paged.len() < all.len() {
        let page = caller.completed(&format!("{DAY}&top=5&skip={}", paged.len()));
        assert!(!page.is_empty());
        paged.extend(page);
    }
    assert_eq!(paged, all);
    let first = caller.acd(&format!("contacts/completed?{DAY}&top=5"));
    let next = first["_links"]["next"].as_str().expect("a further page").replace("https://api-na1.example.com", "");
    assert_eq!(body(&caller.get(&next))["completedContacts"].as_array().map(Vec::len), Some(5));
    let none = caller.get(&format!("/incontactapi/services/v23.0/contacts/completed?{DAY}&agentId=1"));
    assert_eq!((none.status.as_u16(), none.body.len()), (204, 0));
    caller.fake.change(|settings| settings.most_rows = 3);
    assert_eq!(caller.completed(&format!("{DAY}&top=10000")).len(), 3);
}

#[test]
fn old_versions_wrap_a_list() {
    let caller = Caller::calm();
    caller.fake.change(|settings| settings.result_set = true);
    let answer = caller.acd(&format!("contacts/completed?{DAY}"));
    assert!(answer["completedContacts"].is_null() && answer["resultSet"]["completedContacts"].is_array());
}

#[test]
fn a_time_with_an_offset_and_a_missing_time_are_refused() {
    let caller = Caller::calm();
    for query in ["", "updatedSince=2026-10-19T00:00:00%2B02:00", "startDate=2026-10-19T00:00:00Z"] {
        let answer = caller.get(&format!("/incontactapi/services/v23.0/contacts/completed?{query}"));
        assert_eq!((answer.status.as_u16(), answer.body.len()), (400, 0), "{query}");
        assert!(answer.headers.contains_key("icstatusdescription"));
    }
    assert!(!caller.completed("startDate=2026-10-19&endDate=2026-10-20").is_empty());
}

#[test]
fn a_call_shows_when_it_is_over_and_again_when_the_work_after_it_is_done() {
    let caller = Caller::calm();
    let call = caller.fake.scenario().calls[0].clone();
    let shown = caller.fake.scenario().calls[0].ended() + chrono::TimeDelta::seconds(1);
    caller.fake.at(call.ended());
    assert!(caller.completed(SINCE).len() < call.legs().len());
    caller.fake.at(shown);
    let row = caller.completed(SINCE).pop().expect("the last leg");
    assert!(row["primaryDispositionId"].is_null() && row["ACWSeconds"] == 0);
    caller.fake.play(1);
    let later = caller.completed(SINCE).into_iter().find(|later| later["contactId"] == row["contactId"]);
    let later = later.expect("the same leg");
    assert!(later["primaryDispositionId"].is_u64() && later["ACWSeconds"].as_u64() > Some(0));
    assert!(later["lastUpdateTime"].as_str() > row["lastUpdateTime"].as_str());
    let after = format!("updatedSince={}", later["lastUpdateTime"].as_str().unwrap_or_default());
    assert_eq!(caller.completed(&after).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_day_unfolds_while_somebody_polls() {
    let caller = Caller::calm();
    caller.fake.follow(connector_core::Clock::starting_at(caller.fake.scenario().starts));
    let mut seen = std::collections::BTreeSet::new();
    let mut rounds = 0;
    let mut since = caller.fake.scenario().starts.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
    caller.fake.change(|settings| settings.token_life = std::time::Duration::from_secs(90_000));
    let mut caller = caller;
    caller.log_in();
    while seen.len() < caller.completed(DAY).len() || rounds < 66 {
        tokio::time::advance(std::time::Duration::from_secs(600)).await;
        let answer =
            caller.get(&format!("/incontactapi/services/v23.0/contacts/completed?updatedSince={since}&mediaTypeId=4"));
        if answer.status == 200 {
            since = body(&answer)["lastPollTime"].as_str().expect("a time").to_owned();
            seen.extend(
                body(&answer)["completedContacts"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|row| row["contactId"].to_string()),
            );
        }
        rounds += 1;
    }
    let legs: usize = caller.fake.scenario().calls.iter().map(|call| call.legs().len()).sum();
    assert_eq!((seen.len(), rounds), (legs, 66));
}

#[test]
fn a_row_that_is_updated_between_two_pages_hides_the_one_behind_it() {
    let caller = Caller::calm();
    caller.fake.change(|settings| settings.shifts = 1);
    let ids = |rows: Vec<Value>| rows.into_iter().map(|row| row["contactId"].to_string()).collect::<Vec<_>>();
    let page = |skip: usize| ids(caller.completed(&format!("{SINCE}&orderBy=lastUpdateTime%20asc&top=4&skip={skip}")));
    let all = ids(caller.completed(&format!("{SINCE}&orderBy=lastUpdateTime%20asc")));
    let paged: Vec<String> = (0..all.len()).step_by(4).flat_map(page).collect();
    let missed: Vec<&String> = all.iter().filter(|id| !paged.contains(id)).collect();
    assert_eq!(missed, [&all[4]]);
}

#[test]
fn a_lost_call_is_shown_by_no_poll_but_by_the_window() {
    let caller = Caller::new(12, FaultPlan::none().lose_events(2));
    let whole = caller.completed(DAY).len();
    let polled = caller.completed(SINCE);
    assert_eq!(caller.fake.lost().len(), 2);
    let lost: usize = caller.fake.lost().iter().map(|call| caller.fake.contact_ids(*call).len()).sum();
    assert_eq!(polled.len() + lost, whole);
    assert_eq!(caller.completed(SINCE), polled, "what is lost stays lost, and nothing else is");
    assert!(caller.fake.faults().unfired().is_empty());
}

#[test]
fn a_row_comes_twice_in_a_poll() {
    let caller = Caller::new(12, FaultPlan::none().repeat_deliveries(1));
    let window = caller.completed(DAY);
    assert_eq!(caller.fake.faults().fired(Fault::Duplicate), 0);
    let mut polled = caller.completed(&format!("{SINCE}&orderBy=contactStart"));
    assert_eq!(polled.len(), window.len() + 1);
    polled.dedup();
    assert_eq!(polled, window);
}

#[test]
fn a_call_shows_after_those_that_came_later() {
    let caller = Caller::new(12, FaultPlan::none().reorder_events(1));
    let poll = || caller.completed(&format!("{SINCE}&orderBy=contactStart"));
    let first = &caller.fake.contact_ids(0);
    let of_first = |rows: &[Value]| rows.iter().filter(|row| first.contains(&row["contactId"].to_string())).count();
    let window = caller.completed(DAY);
    let (early, later) = (poll(), poll());
    assert_eq!((of_first(&early), of_first(&later)), (0, first.len()));
    assert_eq!(later, window);
    let mut in_order: Vec<Value> = window;
    in_order.retain(|row| of_first(std::slice::from_ref(row)) == 0);
    in_order.reverse();
    assert_eq!(early, in_order);
}

#[test]
fn rows_that_make_no_sense_stand_among_the_others() {
    let caller = Caller::calm();
    let good = caller.completed(DAY).len();
    caller.fake.change(|settings| settings.bad_rows = 2);
    let rows = caller.completed(DAY);
    assert_eq!(rows.len(), good + 2);
    assert_eq!(rows.iter().filter(|row| row["contactId"].is_string()).count(), 2);
}

#[test]
fn what_arrives_after_the_first_page_of_a_window_moves_the_others_down() {
    let caller = Caller::calm();
    let window = caller.completed(&format!("{DAY}&orderBy=contactStart"));
    caller.fake.change(|settings| settings.arrivals = 1);
    let first = caller.completed(&format!("{DAY}&orderBy=contactStart&top=4&skip=0"));
    let second = caller.completed(&format!("{DAY}&orderBy=contactStart&top=4&skip=4"));
    assert_eq!(first, window[1..5], "the first contact is not there yet");
    assert_eq!(second, window[4..8], "and the last one of that page comes again");
}

#[test]
fn a_call_that_nobody_answered_has_no_agent() {
    let caller = Caller::calm();
    let answered = caller.completed(DAY).len();
    caller.fake.change(|settings| settings.abandoned = 2);
    let rows = caller.completed(DAY);
    let abandoned: Vec<&Value> = rows.iter().filter(|row| row["abandoned"] == true).collect();
    assert_eq!((rows.len(), abandoned.len()), (answered + 2, 2));
    assert!(abandoned.iter().all(|row| row["agentId"].is_null() && row["isLogged"] == false));
}

#[test]
fn filters_let_through_what_they_name() {
    let caller = Caller::calm();
    let all = caller.completed(DAY);
    for (parameter, key) in
        [("agentId", "agentId"), ("teamId", "teamId"), ("skillId", "skillId"), ("isLogged", "isLogged")]
    {
        let wanted = &all[0][key];
        let value = wanted.to_string().replace('"', "");
        let found = caller.completed(&format!("{DAY}&{parameter}={value}"));
        assert_eq!(found.len(), all.iter().filter(|row| row[key] == *wanted).count(), "{parameter}");
        assert!(found.len() < all.len(), "{parameter} lets everything through");
    }
    let from = all[0]["fromAddr"].as_str().expect("a number");
    let by_old = caller.completed(&format!("{DAY}&fromAddr={from}"));
    assert_eq!(by_old, caller.completed(&format!("{DAY}&fromAddress={from}")));
    assert!(by_old.iter().all(|row| row["fromAddr"] == from) && !by_old.is_empty());
    let few = caller.completed(&format!("{DAY}&fields=contactId,LASTUPDATETIME"));
    assert!(few.iter().all(|row| row.as_object().is_some_and(|row| row.len() == 2)));
}

#[test]
fn the_work_after_a_call_counts_where_it_is_set_to() {
    let caller = Caller::calm();
    let before = caller.completed(DAY);
    caller.fake.change(|settings| settings.total_contains_wrap_up = true);
    let after = caller.completed(DAY);
    let grown = before
        .iter()
        .zip(&after)
        .filter(|(before, after)| before["totalDurationSeconds"].as_u64() < after["totalDurationSeconds"].as_u64());
    assert_eq!(grown.count(), 12, "the last leg of every call");
}
