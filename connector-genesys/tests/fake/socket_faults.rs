//! What goes wrong with sockets, as planned or when a test says so.

use std::time::Duration;

use connector_core::Clock;
use connector_core::socket::Message;
use connector_core::testing::Fault;
use tokio::time::Instant;

use super::sockets::{LONG, news, next, one, parsed, play, word};
use super::*;

#[tokio::test(start_paused = true)]
async fn a_socket_that_is_cut_and_one_that_is_closed_end_differently() {
    let caller = Caller::calm();
    let (channel, mut socket) = caller.hear([0]).await;
    caller.fake.cut_sockets();
    assert!(next(&mut socket, LONG).await.expect("an end").expect_err("cut").is_transient());
    let mut socket = caller.connect(&channel).await.expect("a socket");
    caller.fake.close_sockets();
    assert_eq!(next(&mut socket, LONG).await.expect("an end").expect("in order"), None);
    assert!(!caller.fake.channels()[0].is_connected);
}

#[tokio::test(start_paused = true)]
async fn a_planned_cut_takes_a_message_with_it_and_the_rest_comes_to_the_next_socket() {
    let caller = Caller::new(FaultPlan::none().cut_sockets(2).every(Fault::CutSocket, 3));
    let (channel, mut socket) = caller.hear_everybody().await;
    caller.fake.follow(Clock::starting_at(caller.fake.scenario().starts));
    let mut heard = Vec::new();
    for _ in 0..2 {
        while let (some, None) = news(&mut socket).await {
            heard.extend(some);
        }
        socket = caller.connect(&channel).await.expect("a socket");
    }
    assert_eq!((caller.fake.faults().fired(Fault::CutSocket), caller.fake.lost()), (2, 2));
    while heard.len() + 2 < caller.told_of(0..3).len() {
        heard.extend(news(&mut socket).await.0);
    }
}

#[tokio::test(start_paused = true)]
async fn calls_are_lost_and_messages_repeated_and_told_late_as_planned() {
    for (faults, fault) in [
        (FaultPlan::none().lose_events(1), Fault::LostEvent),
        (FaultPlan::none().repeat_deliveries(1), Fault::Duplicate),
        (FaultPlan::none().reorder_events(1), Fault::Reordered),
    ] {
        let caller = Caller::new(faults);
        let (_, mut socket) = caller.hear_everybody().await;
        let heard = play(&caller, 1, &mut socket).await;
        let mut told = caller.told_of(0..1);
        let lost = if fault == Fault::LostEvent { told.len() } else { 0 };
        match fault {
            Fault::LostEvent => told.clear(),
            Fault::Duplicate => told.insert(0, told[0].clone()),
            _ => told.swap(0, 1),
        }
        assert!(heard == told, "{fault}");
        assert_eq!(caller.fake.lost(), lost, "{fault}");
        assert_eq!(caller.fake.unheard(), if lost > 0 { vec![0] } else { vec![] }, "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_held_back_once_a_play_is_over() {
    let last = Caller::calm().told_of(0..1).len();
    let caller = Caller::new(FaultPlan::none().reorder_events(1).every(Fault::Reordered, last));
    let (_, mut socket) = caller.hear_everybody().await;
    caller.fake.play(1).await;
    let mut heard = 0;
    while let Some(message) = next(&mut socket, Duration::from_millis(1)).await {
        let message = message.expect("a socket that lives").expect("a socket that is open");
        heard += usize::from(message["topicName"] != "channel.metadata");
    }
    assert_eq!((heard, caller.fake.faults().fired(Fault::Reordered)), (last, 1));
}

#[tokio::test(start_paused = true)]
async fn what_is_told_late_comes_with_the_next_heartbeat_at_the_latest() {
    let caller = Caller::new(FaultPlan::none().reorder_events(99));
    let (_, mut socket) = caller.hear_everybody().await;
    let mut heard = play(&caller, 1, &mut socket).await;
    let mut told = caller.told_of(0..1);
    for list in [&mut heard, &mut told] {
        list.sort_by_key(|(topic, body)| (topic.clone(), body.to_string()));
    }
    assert_eq!(heard, told);
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_will_close_says_so_and_does() {
    let caller = Caller::new(FaultPlan::none().close_sockets(1));
    let (channel, mut socket) = caller.hear_everybody().await;
    caller.fake.play(1).await;
    let (heard, end) = news(&mut socket).await;
    let announced = json!({ "topicName": heard[0].0, "version": "2", "eventBody": heard[0].1 });
    assert_eq!(announced, parsed(fixtures::socket_closing()));
    assert!(heard.len() > 1 && end.expect("an end").is_ok());
    let mut socket = caller.connect(&channel).await.expect("the channel lives");
    caller.fake.close_sockets_soon();
    assert_eq!(one(&mut socket).await["topicName"], "v2.system.socket_closing");
    let began = Instant::now();
    assert!(news(&mut socket).await.1.expect("an end").is_ok());
    assert_eq!(began.elapsed().as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn a_silent_socket_says_nothing_and_stays_open() {
    let caller = Caller::calm();
    let (_, mut socket) = caller.hear_everybody().await;
    caller.fake.silence(true);
    socket.send(Message::Text("{\"message\":\"ping\"}".to_owned())).await.expect("sent");
    caller.fake.play(1).await;
    assert!(next(&mut socket, LONG).await.is_none());
    assert_eq!(caller.fake.lost(), caller.told_of(0..1).len());
    caller.fake.silence(false);
    assert_eq!(one(&mut socket).await, parsed(fixtures::heartbeat()));
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_falls_silent_as_planned_is_well_again_after_the_next_connection() {
    let caller = Caller::new(FaultPlan::none().silence_sockets(1));
    let (channel, mut socket) = caller.hear_everybody().await;
    caller.fake.play(1).await;
    while next(&mut socket, LONG).await.is_some() {}
    let mut socket = caller.connect(&channel).await.expect("a socket");
    assert_eq!(play(&caller, 2, &mut socket).await, caller.told_of(1..2));
}

#[tokio::test(start_paused = true)]
async fn whoever_opens_a_channel_too_many_takes_away_another() {
    let caller = Caller::calm();
    caller.fake.change(|settings| settings.most_channels = 2);
    let (channel, mut socket) = caller.hear([0]).await;
    let idle = caller.open_channel();
    caller.open_channel();
    let status = |channel: &Value| {
        caller.ask("HEAD", &format!("/api/v2/notifications/channels/{}", text(&channel["id"])), &Value::Null).status
    };
    assert_eq!((status(&channel).as_u16(), status(&idle).as_u16()), (200, 404), "unconnected ones go first");
    let (_other, _socket) = caller.hear([0]).await;
    caller.open_channel();
    assert_eq!(status(&channel), 404);
    let message = one(&mut socket).await;
    assert_eq!(message["topicName"], format!("v2.system.no_longer_subscribed.{}", text(&channel["id"])));
    let body = &message["eventBody"];
    assert_eq!((&body["reason"], &body["channelId"]), (&json!("another_channel_subscribed"), &channel["id"]));
    assert_eq!(one(&mut socket).await, parsed(fixtures::heartbeat()), "the socket itself lives on");
}

#[tokio::test(start_paused = true)]
async fn a_channel_is_taken_away_for_a_reason_or_as_planned() {
    let caller = Caller::calm();
    let (_, mut socket) = caller.hear([0]).await;
    caller.fake.evict("a_new_reason");
    assert_eq!(one(&mut socket).await["eventBody"]["reason"], "a_new_reason");
    assert!(caller.fake.channels().is_empty());
    let caller = Caller::new(FaultPlan::none().evict(1));
    let (_, mut socket) = caller.hear_everybody().await;
    let heard = play(&caller, 1, &mut socket).await;
    assert_eq!((heard.len(), &heard[0].1["reason"]), (1, &json!("another_channel_subscribed")));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_revoked_takes_its_channel_along() {
    for caller in [Caller::calm(), Caller::new(FaultPlan::none().revoke_tokens(1))] {
        let (channel, mut socket) = caller.hear_everybody().await;
        if caller.fake.faults().planned(Fault::RevokedToken) == 0 {
            caller.fake.revoke_tokens();
        } else {
            caller.fake.play(1).await;
        }
        let message = word(&mut socket).await;
        assert!(text(&message["topicName"]).starts_with("v2.system.token_revoked."), "{message}");
        assert_eq!(message["eventBody"]["reason"], "user_tokens_revoked");
        assert_eq!(caller.get("/api/v2/users").status, 401);
        assert!(caller.connect(&channel).await.expect_err("gone").is_not_found());
    }
}

#[tokio::test(start_paused = true)]
async fn messages_that_make_no_sense_come_when_asked_for() {
    let caller = Caller::calm();
    caller.fake.change(|settings| settings.bad_messages = 2);
    let (_, mut socket) = caller.hear_everybody().await;
    let heard = play(&caller, 1, &mut socket).await;
    assert!(heard[..2].iter().all(|(topic, body)| topic.ends_with(".calls") && !body["id"].is_string()));
    assert_eq!(heard[2..], caller.told_of(0..1));
}

#[tokio::test(start_paused = true)]
async fn what_a_channel_would_have_told_that_is_gone_is_lost_until_another_one_has_its_topics() {
    let mut caller = Caller::calm();
    let (_, socket) = caller.hear_everybody().await;
    caller.fake.end_tokens();
    drop(socket);
    caller.fake.play(1).await;
    let lost = caller.told_of(0..1).len();
    assert_eq!(caller.fake.lost(), lost);
    caller.log_in();
    let (channel, mut socket) = caller.hear_everybody().await;
    assert_eq!(play(&caller, 2, &mut socket).await, caller.told_of(1..2));
    assert_eq!(caller.fake.lost(), lost);
    caller.subscribe(&channel, &[]);
    caller.fake.play(3).await;
    assert_eq!(caller.fake.lost(), lost, "nobody wanted to hear it");
}
