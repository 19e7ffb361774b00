//! What is heard of sessions that go as they should.

use serde_json::json;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_call_is_heard_where_it_belongs() {
    let mut program = Program::new();
    let (mut client, session) = program.talking().await;
    assert_eq!(session.conversation.id, connector_genesys::testing::audiohook::CONVERSATION);
    assert_eq!((session.origin.to_string().as_str(), session.language.as_deref()), ("acme/cloud", Some("en-US")));
    assert_eq!(session.customer.as_ref().unwrap().reveal(), "+15550100");
    assert_eq!(session.dialled.as_ref().unwrap().reveal(), "+15550199");
    assert_eq!(session.format.speakers, [Speaker::Customer, Speaker::Agent]);

    client.talk(5).await.unwrap();
    assert_eq!(client.ping().await.unwrap()["seq"], 2);
    client.talk(23).await.unwrap();
    client.pause().await.unwrap();
    tokio::time::sleep(Duration::from_millis(4_200)).await;
    client.resume(Duration::from_millis(4_200)).await.unwrap();
    client.talk(10).await.unwrap();
    client.discard(Duration::from_millis(400)).await.unwrap();
    client.talk(12).await.unwrap();
    assert_eq!(client.close("end").await.unwrap()["type"], "closed");

    let items = all(session).await;
    let expected = ["paused 5.600", "resumed 9.800", "lost 11.800 3200 Vendor", "ended 14.600 Finished"];
    assert_eq!((heard(&items), marks(&items)), (80_000, expected.map(str::to_owned).to_vec()));
    assert!(client.complaints().is_empty(), "{:?}", client.complaints());
}

#[tokio::test(start_paused = true)]
async fn a_session_begins_when_it_is_opened() {
    let mut program = Program::new();
    let mut client = program.client().await;
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert!(program.has_none());
    let before = program.clock.now();
    client.open().await.unwrap();
    assert_eq!(program.session().await.began, before);
}

#[tokio::test(start_paused = true)]
async fn a_probe_is_answered_and_nobody_hears_of_it() {
    let mut program = Program::new();
    let mut client = program.client().await;
    let [opened, closed] = client.probe().await.unwrap();
    assert_eq!((opened["type"].as_str(), closed["type"].as_str()), (Some("opened"), Some("closed")));
    assert_eq!((&opened["parameters"]["media"], &closed["parameters"]), (&json!([]), &json!({})));
    assert!(client.complaints().is_empty() && program.has_none());
}

#[tokio::test(start_paused = true)]
async fn one_channel_and_turned_channels_are_heard_as_they_are() {
    let mut program = Program::new();
    assert_eq!(program.genesys.live_audio().one_sided(), 0);
    for (offers, speakers) in [
        (vec![&["internal", "external"][..]], vec![Speaker::Agent, Speaker::Customer]),
        (vec![&["internal"][..], &["external"]], vec![Speaker::Customer]),
        (vec![&["internal"][..]], vec![Speaker::Agent]),
    ] {
        let mut client = program.client().await.with_offers(&offers);
        client.open().await.unwrap();
        let session = program.session().await;
        assert_eq!(session.format.speakers, speakers);
        client.talk(3).await.unwrap();
        client.close("end").await.unwrap();
        let items = all(session).await;
        assert_eq!((heard(&items), marks(&items)), (4_800, vec!["ended 0.600 Finished".to_owned()]));
        assert!(client.complaints().is_empty(), "{:?}", client.complaints());
    }
    assert_eq!(program.genesys.live_audio().one_sided(), 2);
}

#[tokio::test(start_paused = true)]
async fn many_sessions_are_heard_at_once() {
    let mut program = Program::new();
    let mut clients = Vec::new();
    for number in 0..40 {
        let mut client = program.client().await.with_conversation(format!("c-{number}"));
        client.open().await.unwrap();
        clients.push(client);
    }
    for (number, client) in clients.iter_mut().enumerate() {
        client.talk(number).await.unwrap();
    }
    for client in &mut clients {
        client.close("end").await.unwrap();
    }
    for number in 0..40 {
        let session = program.session().await;
        assert_eq!(session.conversation.id, format!("c-{number}"));
        assert_eq!(heard(&all(session).await), number * 1_600);
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_takes_nothing_loses_sound_and_holds_nobody_up() {
    let mut program = Program::with(options().with_memory(40_000, 60_000));
    let (mut client, session) = program.talking().await;
    let mut other = program.client().await;
    other.open().await.unwrap();
    // A hundred frames at once, of which twelve have room.
    client.talk(100).await.unwrap();
    assert_eq!(client.ping().await.unwrap()["type"], "pong");
    other.talk(100).await.unwrap();
    assert_eq!(other.ping().await.unwrap()["type"], "pong");
    client.close("end").await.unwrap();
    let items = all(session).await;
    assert_eq!(marks(&items), ["lost 2.400 140800 Us", "ended 20.000 Finished"]);
    assert_eq!(heard(&items), 12 * 1_600);
    // The other one had what was left.
    other.close("end").await.unwrap();
    assert_eq!(heard(&all(program.session().await).await), 6 * 1_600);
}

#[tokio::test(start_paused = true)]
async fn the_first_message_is_kept_as_the_policy_says() {
    for (policy, is_kept) in [(RawPolicy::Conversations, true), (RawPolicy::Nothing, false)] {
        let hub = Hub::new(HubOptions::default());
        let cx = context(&hub).with_raw(policy);
        let genesys = Genesys::new(config(options()), &cx).unwrap();
        let sessions = genesys.live_audio().sessions();
        let mut program = Program { hub, clock: cx.clock(), genesys, sessions };
        let (_client, session) = program.talking().await;
        let shown = format!("{session:?}");
        assert!(!shown.contains("+1555") && !shown.contains("Caller"), "{shown}");
        let raw = session.raw.map(|raw| String::from_utf8_lossy(&raw.bytes).into_owned());
        assert_eq!(raw.is_some_and(|raw| raw.contains("customConfig")), is_kept);
    }
}
