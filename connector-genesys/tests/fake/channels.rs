//! Channels and their topics.

use std::time::Duration;

use connector_core::Clock;
use connector_genesys::testing::ChannelState;

use super::samples::differing;
use super::*;

const CHANNELS: &str = "/api/v2/notifications/channels";

impl Caller {
    pub(crate) fn open_channel(&self) -> Value {
        let answer = self.ask("POST", CHANNELS, &Value::Null);
        assert_eq!(answer.status, 200);
        body(&answer)
    }

    pub(crate) fn topic(&self, agent: usize) -> String {
        format!("v2.users.{}.conversations.calls", self.fake.scenario().agents[agent].id)
    }

    pub(crate) fn subscribe(&self, channel: &Value, topics: &[String]) -> Answer {
        let topics: Vec<Value> = topics.iter().map(|topic| json!({ "id": topic })).collect();
        self.ask("PUT", &subscriptions(channel), &json!(topics))
    }
}

fn subscriptions(channel: &Value) -> String {
    format!("{CHANNELS}/{}/subscriptions", text(&channel["id"]))
}

fn ids(answer: &Value) -> Vec<String> {
    list(&answer["entities"]).iter().map(|row| text(&row["id"]).to_owned()).collect()
}

fn code(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), body(answer)["code"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn a_channel_and_its_subscriptions_look_like_the_samples() {
    let caller = Caller::calm();
    caller.fake.change(|settings| settings.hidden = vec![1]);
    let channel = caller.open_channel();
    assert!(text(&channel["id"]).starts_with("streaming-5-"));
    let address = format!("wss://streaming.genesys.example.com/channels/{}", text(&channel["id"]));
    assert_eq!(channel["connectUri"], address);
    let path = format!("{}?ignoreErrors=true", subscriptions(&channel));
    let topics = json!([{ "id": caller.topic(0) }, { "id": caller.topic(1) }]);
    let subscribed = body(&caller.ask("PUT", &path, &topics));
    let states: Vec<Value> = list(&subscribed["entities"]).iter().map(|row| row["state"].clone()).collect();
    assert_eq!(states, ["Permitted", "Rejected"]);
    for (sample, answer) in [(fixtures::channel(), &channel), (fixtures::subscriptions(), &subscribed)] {
        let mut found = Vec::new();
        differing(&serde_json::from_str(sample).expect("JSON"), answer, "", &mut found);
        assert!(found.is_empty(), "{found:?} in {answer}");
    }
}

#[test]
fn topics_are_added_replaced_listed_and_dropped() {
    let caller = Caller::calm();
    let channel = caller.open_channel();
    let (path, topic) = (subscriptions(&channel), |agent| json!([{ "id": caller.topic(agent) }]));
    for (method, agent, expected) in
        [("PUT", 0, vec![0]), ("POST", 1, vec![0, 1]), ("POST", 1, vec![0, 1]), ("PUT", 2, vec![2])]
    {
        assert_eq!(caller.ask(method, &path, &topic(agent)).status, 200);
        let expected: Vec<String> = expected.into_iter().map(|agent| caller.topic(agent)).collect();
        assert_eq!(ids(&caller.good(&path)), expected, "{method} {agent}");
        assert_eq!(caller.fake.channels()[0].topics, expected);
    }
    assert!(caller.ask("DELETE", &path, &Value::Null).status.is_success());
    assert!(ids(&caller.good(&path)).is_empty());
    assert_eq!(caller.ask("PUT", &path, &json!({ "id": "no list" })).status, 400);
}

#[test]
fn one_bad_topic_costs_all_unless_errors_are_to_be_ignored() {
    let caller = Caller::calm();
    caller.fake.change(|settings| settings.hidden = vec![1]);
    let channel = caller.open_channel();
    let unknown = "v2.users.00000000-0000-4000-8000-000000000000.conversations.calls".to_owned();
    for (topic, expected) in [
        (caller.topic(1), (403, "missing.any.permissions")),
        (unknown, (403, "missing.any.permissions")),
        ("v2.users.calls".to_owned(), (400, "notification.invalid.topic")),
        ("v2.moon.x.conversations.calls".to_owned(), (400, "notification.invalid.topic")),
    ] {
        let topics = [caller.topic(0), topic.clone()];
        assert_eq!(code(&caller.subscribe(&channel, &topics)), (expected.0, expected.1.to_owned()), "{topic}");
        assert!(caller.fake.channels()[0].topics.is_empty(), "{topic}");
        let path = format!("{}?ignoreErrors=true", subscriptions(&channel));
        let rows = json!(topics.map(|topic| json!({ "id": topic })));
        let subscribed = body(&caller.ask("PUT", &path, &rows));
        assert_eq!(subscribed["entities"][1]["state"], "Rejected", "{topic}");
        assert_eq!(ids(&caller.good(&subscriptions(&channel))), [caller.topic(0)]);
        caller.ask("DELETE", &subscriptions(&channel), &Value::Null);
    }
}

#[test]
fn a_permission_that_is_missing_forbids_every_topic_and_is_named() {
    let caller = Caller::calm();
    caller.fake.forbid("conversation:communication:view");
    let channel = caller.open_channel();
    assert_eq!(caller.subscribe(&channel, &[caller.topic(0)]).status, 403);
    let path = format!("{}?ignoreErrors=true", subscriptions(&channel));
    let subscribed = body(&caller.ask("PUT", &path, &json!([{ "id": caller.topic(0) }])));
    assert_eq!(subscribed["entities"][0]["missingPermissions"], json!(["conversation:communication:view"]));
    let available = caller.good("/api/v2/notifications/availabletopics?expand=requiresPermissions,description");
    let topic = &available["entities"][0];
    assert_eq!(topic["id"], "v2.users.{id}.conversations.calls");
    assert_eq!(topic["requiresPermissions"], json!(["conversation:communication:view"]));
    assert!(caller.good("/api/v2/notifications/availabletopics")["entities"][0]["description"].is_null());
}

#[test]
fn a_channel_has_so_many_topics_and_no_more() {
    let caller = Caller::calm();
    let channel = caller.open_channel();
    caller.fake.change(|settings| settings.inactive = 1_001);
    let users = caller.good("/api/v2/users?state=inactive&pageSize=1");
    let prefix = text(&users["entities"][0]["id"]).split_at(24).0.to_owned();
    let topics: Vec<String> =
        (0..1_001).map(|number| format!("v2.users.{prefix}{number:012x}.conversations.calls")).collect();
    assert_eq!(caller.subscribe(&channel, &topics[..1_000]).status, 200);
    let too_many = (400, "notification.subscription.too.many.subscriptions".to_owned());
    assert_eq!(code(&caller.subscribe(&channel, &topics)), too_many);
    let one_more = json!([{ "id": topics[1_000] }]);
    assert_eq!(code(&caller.ask("POST", &subscriptions(&channel), &one_more)), too_many);
    assert_eq!(caller.fake.channels()[0].topics.len(), 1_000);
}

#[tokio::test(start_paused = true)]
async fn a_channel_too_many_takes_the_place_of_the_one_not_used_longest() {
    let caller = Caller::calm();
    caller.fake.change(|settings| settings.most_channels = 3);
    let mut channels = Vec::new();
    for _ in 0..3 {
        channels.push(caller.open_channel());
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    caller.subscribe(&channels[0], &[caller.topic(0)]);
    tokio::time::advance(Duration::from_secs(1)).await;
    channels.push(caller.open_channel());
    let live =
        |channel: &Value| caller.ask("HEAD", &format!("{CHANNELS}/{}", text(&channel["id"])), &Value::Null).status;
    let statuses: Vec<u16> = channels.iter().map(|channel| live(channel).as_u16()).collect();
    assert_eq!(statuses, [200, 404, 200, 200]);
    assert_eq!(caller.good(&subscriptions(&channels[0]))["entities"][0]["id"], caller.topic(0));
}

#[tokio::test(start_paused = true)]
async fn a_channel_lives_a_day_and_longer_when_its_topics_are_sent_again() {
    let caller = Caller::calm();
    caller.fake.change(|settings| settings.channels_by_token = false);
    caller.fake.keep_to(Clock::starting_at("2026-10-19T08:00:00Z".parse().expect("a time")));
    let (first, second) = (caller.open_channel(), caller.open_channel());
    assert_eq!(first["expires"], "2026-10-20T08:00:00.000Z");
    tokio::time::advance(Duration::from_secs(12 * 3600)).await;
    caller.subscribe(&second, &[caller.topic(0)]);
    let expires = list(&caller.good(CHANNELS)["entities"]).iter().map(|row| row["expires"].clone()).collect::<Vec<_>>();
    assert_eq!(expires, ["2026-10-20T08:00:00.000Z", "2026-10-20T20:00:00.000Z"]);
    tokio::time::advance(Duration::from_secs(12 * 3600)).await;
    let ids: Vec<String> = caller.fake.channels().into_iter().map(|channel| channel.id).collect();
    assert_eq!(ids, [text(&second["id"])]);
}

#[test]
fn a_channel_belongs_to_the_token_that_opened_it() {
    let mut caller = Caller::calm();
    let own = caller.open_channel();
    let token = caller.token.clone();
    caller.log_in();
    let other = caller.open_channel();
    assert_eq!(caller.get(&subscriptions(&own)).status, 404);
    assert_eq!(ids(&caller.good(CHANNELS)), [text(&other["id"])]);
    let all = caller.good(&format!("{CHANNELS}?includechannels=oauthclient"));
    let ids: Vec<Value> = list(&all["entities"]).iter().map(|row| row["id"].clone()).collect();
    assert_eq!(ids, [Value::Null, other["id"].clone()]);
    caller.token = token;
    assert_eq!(caller.get(&subscriptions(&own)).status, 200);
    caller.fake.change(|settings| settings.channels_by_token = false);
    assert_eq!(caller.get(&subscriptions(&other)).status, 200);
}

#[test]
fn a_channel_ends_with_its_token() {
    let mut caller = Caller::calm();
    caller.open_channel();
    caller.fake.end_tokens();
    assert_eq!(caller.fake.channels(), [] as [ChannelState; 0]);
    caller.log_in();
    caller.fake.change(|settings| settings.channels_by_token = false);
    caller.open_channel();
    caller.fake.end_tokens();
    assert_eq!(caller.fake.channels().len(), 1);
}

#[test]
fn ids_of_channels_are_in_no_debug_text() {
    let caller = Caller::calm();
    let channel = caller.open_channel();
    caller.get(&subscriptions(&channel));
    caller.send("GET", &format!("/channels/{}", text(&channel["id"])), None, "");
    let shown = format!("{:?} {:?} {:?}", caller.fake.requests(), caller.fake.channels(), caller.fake);
    assert!(!shown.contains("streaming-5"), "{shown}");
    assert!(shown.contains("/channels/{id}/subscriptions"), "{shown}");
}

#[test]
fn only_a_channel_that_lives_has_a_socket() {
    let caller = Caller::calm();
    let channel = caller.open_channel();
    assert_eq!(caller.send("GET", "/channels/streaming-5-none", None, "").status, 404);
    let path = format!("/channels/{}", text(&channel["id"]));
    assert_eq!(caller.send("GET", &path, None, "").status, 400, "no handshake");
    assert_eq!(caller.fake.count(Endpoint::Socket), 2);
}
