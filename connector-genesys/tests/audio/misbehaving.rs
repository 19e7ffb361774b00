//! A client that does not keep to the protocol costs its session at most.

use connector_core::socket::Message;
use serde_json::{Value, json};

use super::*;

/// What is said to whoever broke a rule, who then ends the session in order.
async fn is_dismissed(client: &mut Client, reason: &str) {
    let said = client.hear().await.unwrap();
    assert_eq!((said["type"].as_str(), said["parameters"]["reason"].as_str()), (Some("disconnect"), Some(reason)));
    client.straighten();
    assert_eq!(client.close("disconnect").await.unwrap()["type"], "closed");
    assert!(client.complaints().is_empty(), "{:?}", client.complaints());
}

#[tokio::test(start_paused = true)]
async fn another_organization_is_not_heard() {
    let mut program = Program::new();
    let mut client = program.client().await;
    client.twist(|message| message["parameters"]["organizationId"] = json!("7c0f6f0e-0000-4f0b-9d3b-0b6f5a1c2d3e"));
    client.say("open", client.opening()).await.unwrap();
    is_dismissed(&mut client, "unauthorized").await;
    assert!(program.has_none());
}

#[tokio::test(start_paused = true)]
async fn a_wrong_number_stops_the_session() {
    let mut program = Program::new();
    let (mut client, session) = program.talking().await;
    client.talk(2).await.unwrap();
    client.twist(|message| message["seq"] = json!(17));
    client.say("ping", json!({})).await.unwrap();
    is_dismissed(&mut client, "error").await;
    let items = all(session).await;
    assert_eq!((heard(&items), marks(&items)), (3_200, vec!["ended 0.400 Stopped".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn sound_before_open_stops_it() {
    let mut program = Program::new();
    let mut client = program.client().await;
    client.talk(1).await.unwrap();
    is_dismissed(&mut client, "error").await;
    assert!(program.has_none());
}

#[tokio::test(start_paused = true)]
async fn what_is_no_message_stops_it() {
    let mut program = Program::new();
    let (mut client, session) = program.talking().await;
    client.send(Message::Text("{".to_owned())).await.unwrap();
    is_dismissed(&mut client, "error").await;
    assert_eq!(marks(&all(session).await), ["ended 0.000 Stopped"]);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_far_too_large_breaks_it_off() {
    let mut program = Program::new();
    let (mut client, session) = program.talking().await;
    client.talk(1).await.unwrap();
    // It may be cut off while it is sent.
    let _ = client.send(Message::Binary(vec![0; 1 << 20].into())).await;
    assert_eq!(marks(&all(session).await), ["ended 0.200 BrokenOff"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_new_what_is_missing_and_what_comes_twice_is_lived_with() {
    let mut program = Program::new();
    let (mut client, session) = program.talking().await;
    client.twist(|message| {
        message["invented"] = json!({ "a": [1, 2] });
        message["parameters"]["rtt"] = json!("soon");
    });
    client.ping().await.unwrap();
    client.twist(|message| drop(message.as_object_mut().map(|message| message.remove("parameters"))));
    client.ping().await.unwrap();
    client.straighten();
    client.say("dtmf", json!({ "digit": "7" })).await.unwrap();
    client.say("open", client.opening()).await.unwrap();
    client.say("resumed", json!({})).await.unwrap();
    client.send(Message::Text(json!({ "seq": Value::Null }).to_string())).await.unwrap();
    client.talk(1).await.unwrap();
    client.ping().await.unwrap();
    client.close("end").await.unwrap();
    let items = all(session).await;
    assert_eq!((heard(&items), marks(&items)), (1_600, vec!["ended 0.200 Finished".to_owned()]));
    assert!(client.complaints().is_empty() && program.has_none(), "{:?}", client.complaints());
}

#[tokio::test(start_paused = true)]
async fn an_odd_frame_costs_itself() {
    let mut program = Program::new();
    let (mut client, session) = program.talking().await;
    client.send(Message::Binary(vec![0; 3].into())).await.unwrap();
    client.speak(Client::sound(0, 1_600, 2)).await.unwrap();
    client.close("end").await.unwrap();
    let items = all(session).await;
    // The client does not know of the two samples.
    assert_eq!(marks(&items), ["lost 0.000 2 Vendor", "ended 0.200 Finished"]);
    let Some(LiveItem::Frame(frame)) = items.get(1) else { panic!("{items:?}") };
    assert_eq!((frame.position.samples, frame.bytes()), (2, &Client::sound(0, 1_600, 2)));
}

#[tokio::test(start_paused = true)]
async fn sound_within_a_pause_is_not_heard() {
    let mut program = Program::new();
    let (mut client, session) = program.talking().await;
    client.talk(5).await.unwrap();
    client.pause().await.unwrap();
    client.send(Message::Binary(Client::sound(8_000, 1_600, 2))).await.unwrap();
    client.resume(Duration::from_secs(1)).await.unwrap();
    client.talk(1).await.unwrap();
    client.close("end").await.unwrap();
    let items = all(session).await;
    assert_eq!(heard(&items), 6 * 1_600);
    assert_eq!(marks(&items), ["paused 1.000", "resumed 2.000", "ended 2.200 Finished"]);
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_minutes_is_heard() {
    let mut program = Program::with(options().with_memory(8 << 20, 64 << 20));
    let (mut client, session) = program.talking().await;
    client.talk(1_500).await.unwrap();
    client.close("end").await.unwrap();
    let items = all(session).await;
    assert_eq!((heard(&items), marks(&items)), (2_400_000, vec!["ended 300.000 Finished".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn whatever_a_client_does_its_session_ends_once_and_its_place_is_free_again() {
    let mut program = Program::with(options().with_sessions(1));
    for seed in 0..200 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut client = program.client().await;
        if rng.u8(..10) > 0 {
            client.open().await.unwrap();
        }
        for _ in 0..rng.usize(..30) {
            // What is sent to a socket that is gone is lost.
            let _ = misbehave(&mut client, &mut rng).await;
        }
        if rng.bool() {
            drop(client);
        }
        // By now every patience has come to its end.
        tokio::time::sleep(Duration::from_secs(40)).await;
        if let Some(Some(session)) = program.sessions.next().now_or_never() {
            let items = all(session.unwrap()).await;
            let ends = items.iter().filter(|item| matches!(item, LiveItem::Ended { .. })).count();
            assert!(ends == 1 && matches!(items.last(), Some(LiveItem::Ended { .. })), "seed {seed}: {items:?}");
        }
        assert!(program.has_none(), "seed {seed}");
    }
}

async fn misbehave(client: &mut Client, rng: &mut fastrand::Rng) -> connector_core::Result<()> {
    let kinds = ["open", "ping", "paused", "resumed", "discarded", "update", "error", "close", "moonlight"];
    match rng.u8(..20) {
        0 => client.twist(|message| message["seq"] = json!(3)),
        1 => client.twist(|message| message["position"] = json!("PT99999S")),
        2 => client.twist(|message| message["parameters"] = json!([])),
        3..=5 => client.straighten(),
        6 => client.send(Message::Text("hello".to_owned())).await?,
        7 => client.send(Message::Binary(vec![0; rng.usize(..10_000)].into())).await?,
        8 => tokio::time::sleep(Duration::from_secs(rng.u64(..15))).await,
        9 => client.pause().await?,
        10 => client.resume(Duration::from_secs(rng.u64(..15))).await?,
        11 | 12 => client.say(kinds[rng.usize(..kinds.len())], json!({})).await?,
        _ => client.talk(rng.usize(..20)).await?,
    }
    Ok(())
}
