//! What comes over the socket of a channel.

use std::sync::Arc;
use std::time::Duration;

use connector_core::http::{AccountKey, HttpClient, HttpOptions};
use connector_core::socket::{Message, Socket};
use connector_core::testing::ScenarioCall;
use connector_core::testing::http::InProcess;
use connector_core::{Clock, Context, Direction, Error, Vendor};
use tokio::time::{Instant, timeout};

use super::*;

/// Longer than anything takes in these tests but a day.
pub(crate) const LONG: Duration = Duration::from_secs(600);

impl Caller {
    /// Opens the socket of a channel, as an outsider would.
    pub(crate) async fn connect(&self, channel: &Value) -> Result<Socket, Error> {
        let cx = Context::default().with_transport(Arc::new(InProcess::new(self.fake.answers())));
        client(&cx, "https://streaming.genesys.example.com").open_socket(text(&channel["connectUri"]), 1 << 20).await
    }

    /// A channel with the calls of these people, and its socket.
    pub(crate) async fn hear(&self, agents: impl IntoIterator<Item = usize>) -> (Value, Socket) {
        let channel = self.open_channel();
        let topics: Vec<String> = agents.into_iter().map(|agent| self.topic(agent)).collect();
        assert_eq!(self.subscribe(&channel, &topics).status, 200);
        let socket = self.connect(&channel).await.expect("a socket");
        (channel, socket)
    }

    pub(crate) async fn hear_everybody(&self) -> (Value, Socket) {
        self.hear(0..self.fake.scenario().agents.len()).await
    }

    /// What the topics of these people tell of a call, in order.
    pub(crate) fn told(&self, call: usize, agents: &[usize]) -> Vec<(String, Value)> {
        let mut told = Vec::new();
        for at in self.fake.instants(call) {
            let mut agents: Vec<usize> = agents.to_vec();
            agents.sort_unstable();
            for agent in agents {
                let message = self.fake.snapshot(agent, call, at).map(|message| parsed(&message));
                told.extend(message.map(|message| (self.topic(agent), message["eventBody"].clone())));
            }
        }
        told
    }

    pub(crate) fn told_of(&self, calls: std::ops::Range<usize>) -> Vec<(String, Value)> {
        let everybody: Vec<usize> = (0..self.fake.scenario().agents.len()).collect();
        calls.flat_map(|call| self.told(call, &everybody)).collect()
    }
}

pub(crate) fn client(cx: &Context, base: &str) -> HttpClient {
    let key = AccountKey::new(Vendor::GENESYS, "outsider");
    HttpClient::new(cx, &key, base.parse().expect("an address"), &HttpOptions::default()).expect("a client")
}

pub(crate) fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// The next message within this time. `None`: nothing came.
pub(crate) async fn next(socket: &mut Socket, within: Duration) -> Option<Result<Option<Value>, Error>> {
    let message = timeout(within, socket.next()).await.ok()?;
    Some(message.map(|message| {
        message.map(|message| match message {
            Message::Text(text) => parsed(&text),
            other => panic!("{other:?}"),
        })
    }))
}

pub(crate) async fn one(socket: &mut Socket) -> Value {
    next(socket, LONG).await.expect("a message in time").expect("a socket that lives").expect("a socket that is open")
}

/// The next message that is no heartbeat.
pub(crate) async fn word(socket: &mut Socket) -> Value {
    loop {
        let message = one(socket).await;
        if message["topicName"] != "channel.metadata" {
            return message;
        }
    }
}

/// Topic and body of what comes until nothing but heartbeats comes for a while, and how the socket ended if it did.
pub(crate) async fn news(socket: &mut Socket) -> (Vec<(String, Value)>, Option<Result<(), Error>>) {
    let (mut news, mut quiet_since) = (Vec::new(), Instant::now());
    while quiet_since.elapsed() < Duration::from_secs(70) {
        match next(socket, Duration::from_secs(70)).await {
            None => break,
            Some(Err(error)) => return (news, Some(Err(error))),
            Some(Ok(None)) => return (news, Some(Ok(()))),
            Some(Ok(Some(message))) if message["topicName"] == "channel.metadata" => {}
            Some(Ok(Some(message))) => {
                quiet_since = Instant::now();
                news.push((text(&message["topicName"]).to_owned(), message["eventBody"].clone()));
            }
        }
    }
    (news, None)
}

/// Plays so many calls, and hears what comes meanwhile and shortly after.
pub(crate) async fn play(caller: &Caller, calls: usize, socket: &mut Socket) -> Vec<(String, Value)> {
    let mut heard = Vec::new();
    let playing = caller.fake.play(calls);
    tokio::pin!(playing);
    loop {
        tokio::select! {
            biased;
            message = next(socket, LONG) => match message {
                Some(Ok(Some(message))) if message["topicName"] == "channel.metadata" => {}
                Some(Ok(Some(message))) => {
                    heard.push((text(&message["topicName"]).to_owned(), message["eventBody"].clone()));
                }
                None => {}
                Some(ended) => panic!("the socket ended: {ended:?}"),
            },
            () = &mut playing => break,
        }
    }
    heard.extend(news(socket).await.0);
    heard
}

#[tokio::test(start_paused = true)]
async fn a_socket_says_twice_a_minute_that_it_lives_and_answers_pings() {
    let caller = Caller::calm();
    let (_, mut socket) = caller.hear([0]).await;
    let began = Instant::now();
    for beat in 1..=3 {
        assert_eq!(one(&mut socket).await, parsed(fixtures::heartbeat()));
        assert_eq!(began.elapsed().as_secs(), 30 * beat);
    }
    for junk in ["no JSON", "{\"message\":\"pong\"}", "[]"] {
        socket.send(Message::Text(junk.to_owned())).await.expect("sent");
    }
    socket.send(Message::Binary(vec![1].into())).await.expect("sent");
    socket.send(Message::Text("{\"message\":\"ping\"}".to_owned())).await.expect("sent");
    assert_eq!(one(&mut socket).await, parsed(fixtures::pong()));
    assert_eq!(one(&mut socket).await, parsed(fixtures::heartbeat()));
}

#[tokio::test(start_paused = true)]
async fn every_change_of_a_call_is_told_to_everybody_in_it() {
    let caller = Caller::calm();
    let (_, mut socket) = caller.hear_everybody().await;
    let calls = caller.fake.scenario().calls.len();
    let began = Instant::now();
    let heard = play(&caller, calls, &mut socket).await;
    assert!(heard == caller.told_of(0..calls));
    assert!(began.elapsed() > Duration::from_secs(8 * 3600), "it takes as long as the day");
    assert_eq!(caller.fake.lost(), 0);
}

#[tokio::test(start_paused = true)]
async fn by_a_clock_everything_is_told_when_it_happens() {
    let caller = Caller::calm();
    let (index, call) = (0, caller.fake.scenario().calls[0].clone());
    let (_, mut socket) = caller.hear([call.legs()[0].agent]).await;
    let clock = Clock::starting_at(call.started - chrono::TimeDelta::seconds(7));
    caller.fake.follow(clock);
    for at in caller.fake.instants(index) {
        let message = word(&mut socket).await;
        let late = (clock.now() - at).num_milliseconds();
        assert!((0..=2).contains(&late), "{late} ms late");
        let told = caller.fake.snapshot(call.legs()[0].agent, index, at).expect("told");
        assert_eq!(message["eventBody"], parsed(&told)["eventBody"]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_happens_while_nobody_is_connected_is_lost() {
    let caller = Caller::calm();
    let (channel, socket) = caller.hear_everybody().await;
    drop(socket);
    caller.fake.play(2).await;
    assert_eq!(caller.fake.lost(), caller.told_of(0..2).len());
    let mut socket = caller.connect(&channel).await.expect("a socket");
    assert_eq!(play(&caller, 3, &mut socket).await, caller.told_of(2..3));
    assert!(caller.fake.channels()[0].is_connected);
}

#[tokio::test(start_paused = true)]
async fn a_topic_tells_from_its_subscription_on() {
    let caller = Caller::calm();
    let call = caller.fake.scenario().calls[0].clone();
    let (channel, mut socket) = caller.hear([]).await;
    caller.fake.follow(Clock::starting_at(call.started - chrono::TimeDelta::seconds(1)));
    let agent = call.legs()[0].agent;
    let until = call.legs()[0].answered + chrono::TimeDelta::milliseconds(1);
    tokio::time::sleep((until - caller.fake.now()).to_std().expect("a while")).await;
    assert_eq!(caller.subscribe(&channel, &[caller.topic(agent)]).status, 200);
    let rest = caller.fake.instants(0).into_iter().filter(|at| *at > until);
    let rest: Vec<Value> =
        rest.filter_map(|at| Some(parsed(&caller.fake.snapshot(agent, 0, at)?)["eventBody"].clone())).collect();
    let heard: Vec<Value> = news(&mut socket).await.0.into_iter().map(|(_, body)| body).collect();
    assert!(rest.len() >= 2);
    assert_eq!(heard, rest);
}

#[tokio::test(start_paused = true)]
async fn a_queue_tells_of_its_calls_and_of_no_others() {
    let caller = Caller::calm();
    let channel = caller.open_channel();
    let calls = caller.fake.scenario().calls.clone();
    let is_inbound = |call: &&ScenarioCall| call.direction == Direction::Inbound;
    let name = &calls.iter().find(is_inbound).expect("an inbound call").queue;
    let queue = caller.rows("/api/v2/routing/queues").into_iter().find(|queue| queue["name"] == name.as_str());
    let topic = format!("v2.routing.queues.{}.conversations.calls", text(&queue.expect("its queue")["id"]));
    caller.subscribe(&channel, &[topic]);
    let mut socket = caller.connect(&channel).await.expect("a socket");
    let heard = play(&caller, calls.len(), &mut socket).await;
    let heard: std::collections::BTreeSet<&str> = heard.iter().map(|(_, body)| text(&body["id"])).collect();
    let is_its = |call: &&ScenarioCall| is_inbound(call) && call.queue == *name;
    assert!(!heard.is_empty());
    assert_eq!(heard, calls.iter().filter(is_its).map(|call| call.id.as_str()).collect());
}

#[tokio::test(start_paused = true)]
async fn a_second_connection_sends_the_first_one_away() {
    let caller = Caller::calm();
    let (channel, mut first) = caller.hear_everybody().await;
    let mut second = caller.connect(&channel).await.expect("a socket");
    assert_eq!(next(&mut first, LONG).await.expect("an end").expect("in order"), None);
    assert_eq!(play(&caller, 1, &mut second).await, caller.told_of(0..1));
    assert!(caller.connect(&json!({ "connectUri": "wss://streaming.genesys.example.com/channels/x" })).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_socket_ends_with_its_channel() {
    let caller = Caller::calm();
    caller.fake.change(|settings| settings.channel_life = Duration::from_secs(95));
    let (_, mut socket) = caller.hear([0]).await;
    let began = Instant::now();
    while next(&mut socket, LONG).await.expect("an end").expect("in order").is_some() {}
    assert_eq!(began.elapsed().as_secs(), 120, "with the next heartbeat");
}

#[tokio::test(start_paused = true)]
async fn a_test_says_what_it_likes_where_it_likes() {
    let caller = Caller::calm();
    let (_, mut one_socket) = caller.hear([0]).await;
    let (_, mut other) = caller.hear([1]).await;
    caller.fake.say(&caller.topic(0), &json!({ "id": 7 }));
    caller.fake.say("v2.moon", &json!("full"));
    assert_eq!(one(&mut one_socket).await["eventBody"], json!({ "id": 7 }));
    assert_eq!(one(&mut one_socket).await["topicName"], "v2.moon");
    assert_eq!(one(&mut other).await["eventBody"], "full");
}

#[tokio::test(start_paused = true)]
async fn a_play_that_is_given_up_goes_on_where_it_was() {
    let caller = Caller::calm();
    let call = caller.fake.scenario().calls[0].clone();
    let (_, mut socket) = caller.hear_everybody().await;
    let answered = (call.legs()[0].answered - caller.fake.scenario().starts).to_std().expect("later");
    assert!(timeout(answered + Duration::from_millis(5), caller.fake.play(1)).await.is_err());
    let stands = caller.fake.now();
    let live = caller.good(&format!("/api/v2/conversations/{}", call.id));
    assert!(live["endTime"].is_null());
    let mut heard = news(&mut socket).await.0;
    assert_eq!(caller.fake.now(), stands, "time stands still");
    heard.extend(play(&caller, 1, &mut socket).await);
    assert_eq!(heard, caller.told_of(0..1));
    let day = json!({ "interval": "2026-10-19T00:00:00.000Z/2026-10-20T00:00:00.000Z" });
    assert_eq!(body(&caller.query(&day))["totalHits"], 1, "the others have not happened");
}

#[tokio::test(start_paused = true)]
async fn a_day_can_be_played_faster_than_it_is() {
    let caller = Caller::calm();
    caller.fake.change(|settings| settings.speed = 600);
    let (_, mut socket) = caller.hear_everybody().await;
    let began = Instant::now();
    let (calls, heard) = (caller.fake.scenario().calls.len(), caller.fake.play(12));
    let (heard, _) = tokio::join!(news(&mut socket), heard);
    assert!(heard.0 == caller.told_of(0..calls));
    let took = began.elapsed().as_secs();
    assert!((40..200).contains(&took), "ten hours in {took} s");
    assert!(caller.fake.now() >= caller.fake.scenario().calls[calls - 1].ended());
}

#[tokio::test]
async fn over_the_network_it_is_the_same() {
    let free = ([127, 0, 0, 1], 0).into();
    let fake = Fake::start_at(free, &Scenario::small(7), FaultPlan::none()).await.expect("a port");
    assert_ne!(fake.media().port(), fake.region().api().port(), "the store is another host");
    fake.change(|settings| settings.heartbeat = Duration::from_millis(20));
    let answers = Box::new(fake.answers());
    let mut caller = Caller { fake, answers, token: String::new() };
    caller.log_in();
    let channel = caller.open_channel();
    let real = client(&Context::default(), caller.fake.region().api().as_str());
    let connect = || real.open_socket(text(&channel["connectUri"]), 1 << 20);
    let mut socket = connect().await.expect("a socket");
    assert_eq!(one(&mut socket).await, parsed(fixtures::heartbeat()));
    caller.fake.cut_sockets();
    let end = loop {
        match next(&mut socket, LONG).await.expect("in time") {
            Ok(Some(_)) => {}
            end => break end,
        }
    };
    assert!(end.expect_err("cut").is_transient());
    let mut socket = connect().await.expect("a socket");
    drop(caller);
    while let Some(Ok(Some(_))) = next(&mut socket, LONG).await {}
}
