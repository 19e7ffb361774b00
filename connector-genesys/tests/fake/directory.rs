//! People, groups, queues and teams.

use super::*;

#[test]
fn people_come_in_pages_that_lead_on() {
    let caller = Caller::calm();
    caller.fake.change(|settings| settings.inactive = 3);
    let mut path = "/api/v2/users?pageSize=4&pageNumber=1&state=any".to_owned();
    let (mut people, mut pages) = (Vec::new(), 0);
    loop {
        let page = caller.good(&path);
        assert_eq!((&page["total"], &page["pageCount"], &page["pageSize"]), (&json!(15), &json!(4), &json!(4)));
        people.extend(list(&page["entities"]));
        pages += 1;
        match page["nextUri"].as_str() {
            Some(next) => path = next.to_owned(),
            None => break,
        }
    }
    assert_eq!((people.len(), pages), (15, 4));
    assert_eq!(people[0]["username"], "nverne@example.com");
    assert_eq!(people[14]["state"], "inactive");
}

#[test]
fn only_active_people_are_listed_unless_others_are_asked_for() {
    let caller = Caller::calm();
    caller.fake.change(|settings| settings.inactive = 3);
    for (query, expected) in
        [("", 12), ("&state=active", 12), ("&state=inactive", 3), ("&state=any", 15), ("&state=deleted", 0)]
    {
        assert_eq!(caller.rows(&format!("/api/v2/users?pageSize=100{query}")).len(), expected, "{query}");
    }
    assert_eq!(caller.rows("/api/v2/users").len(), 12, "25 in a page");
}

#[test]
fn people_who_take_no_calls_are_active_and_have_topics() {
    let caller = Caller::calm();
    caller.fake.change(|settings| settings.idle = 188);
    let page = caller.good("/api/v2/users?pageSize=100&pageNumber=2");
    let people = list(&page["entities"]);
    assert_eq!((people.len(), &page["total"]), (100, &json!(200)));
    let topic = |id: &str| format!("v2.users.{id}.conversations.calls");
    let channel = caller.open_channel();
    let last = text(&people[99]["id"]);
    assert_eq!(caller.subscribe(&channel, &[topic(last)]).status, 200);
    caller.fake.change(|settings| settings.idle = 187);
    assert_eq!(caller.subscribe(&channel, &[topic(last)]).status, 403);
    assert_eq!(caller.get(&format!("/api/v2/users/{last}")).status, 404);
}

#[test]
fn people_are_found_by_their_ids() {
    let caller = Caller::calm();
    let people = caller.rows("/api/v2/users?pageSize=100");
    let id = |index: usize| text(&people[index]["id"]).to_owned();
    assert_eq!(caller.good(&format!("/api/v2/users/{}", id(3))), people[3]);
    assert_eq!(caller.rows(&format!("/api/v2/users?id={}&id={}", id(1), id(5))).len(), 2);
    assert_eq!(caller.get("/api/v2/users/nobody").status, 404);
    let many = "id=x&".repeat(101);
    assert_eq!(body(&caller.get(&format!("/api/v2/users?{many}")))["code"], "max.user.ids");
}

#[test]
fn everybody_is_in_one_group_and_one_team() {
    let caller = Caller::calm();
    for (path, members) in [("/api/v2/groups", "/api/v2/groups"), ("/api/v2/teams", "/api/v2/teams")] {
        let of = |set: &Value| caller.rows(&format!("{members}/{}/members?pageSize=100", text(&set["id"])));
        let sets = caller.rows(path);
        let mut found: Vec<String> = sets.iter().flat_map(of).map(|member| text(&member["id"]).to_owned()).collect();
        assert_eq!((sets.len(), found.len()), (3, 12), "{path}");
        found.sort();
        found.dedup();
        assert_eq!(found.len(), 12, "{path}");
        assert_eq!(caller.get(&format!("{members}/none/members")).status, 404);
    }
}

#[test]
fn members_of_a_queue_have_no_total() {
    let caller = Caller::calm();
    let queues = caller.rows("/api/v2/routing/queues");
    assert!(queues.iter().all(|queue| queue["enableAudioMonitoring"] == true));
    caller.fake.change(|settings| settings.unmonitored = vec![text(&queues[0]["name"]).to_owned()]);
    let monitored =
        caller.rows("/api/v2/routing/queues").into_iter().map(|queue| queue["enableAudioMonitoring"] == true);
    assert_eq!(monitored.collect::<Vec<_>>(), [false, true, true]);
    let path = format!("/api/v2/routing/queues/{}/members?pageSize=1", text(&queues[0]["id"]));
    let page = caller.good(&path);
    assert!(page["total"].is_null() && page["pageCount"].is_null() && page["nextUri"].is_string(), "{page}");
    assert_eq!(page["entities"][0]["id"], page["entities"][0]["user"]["id"]);
}

#[test]
fn teams_go_on_after_a_cursor_and_tell_little_of_their_people() {
    let caller = Caller::calm();
    let page = caller.good("/api/v2/teams?pageSize=2");
    let rest = caller.good(text(&page["nextUri"]));
    assert_eq!((list(&page["entities"]).len(), list(&rest["entities"]).len(), &rest["nextUri"]), (2, 1, &Value::Null));
    let path = format!("/api/v2/teams/{}/members", text(&page["entities"][0]["id"]));
    assert!(caller.rows(&path)[0]["username"].is_null());
    assert!(caller.rows(&format!("{path}?expand=entities"))[0]["username"].is_string());
}

#[test]
fn a_page_that_cannot_be_is_refused() {
    let caller = Caller::calm();
    for query in ["pageSize=101", "pageSize=0", "pageNumber=0", "pageSize=x"] {
        assert_eq!(caller.get(&format!("/api/v2/users?{query}")).status, 400, "{query}");
    }
    assert!(caller.rows("/api/v2/users?pageNumber=9").is_empty());
}
