//! How sessions end.

use tokio::time::Instant;

use super::*;

/// The last item.
fn end(items: &[LiveItem]) -> LiveEnd {
    let Some(LiveItem::Ended { how, .. }) = items.last() else { panic!("{items:?}") };
    *how
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_dies_at_any_moment_breaks_the_session_off() {
    let mut program = Program::new();
    drop(program.client().await);
    settle().await;
    assert!(program.has_none());
    for moment in 0..4 {
        let (mut client, session) = program.talking().await;
        if moment > 0 {
            client.talk(moment).await.unwrap();
        }
        if moment > 1 {
            client.ping().await.unwrap();
        }
        if moment > 2 {
            client.pause().await.unwrap();
        }
        drop(client);
        let items = all(session).await;
        assert_eq!((heard(&items), end(&items)), (moment as u64 * 1_600, LiveEnd::BrokenOff));
    }
}

#[tokio::test(start_paused = true)]
async fn silence_is_waited_for_twenty_seconds() {
    let mut program = Program::new();
    let (mut client, session) = program.talking().await;
    tokio::time::sleep(Duration::from_secs(19)).await;
    client.ping().await.unwrap();
    let began = Instant::now();
    assert_eq!(end(&all(session).await), LiveEnd::BrokenOff);
    assert_eq!(began.elapsed(), Duration::from_secs(20));
    assert!(client.hear().await.unwrap_err().is_transient(), "the socket is closed");
}

#[tokio::test(start_paused = true)]
async fn whoever_drops_the_items_of_a_session_ends_it() {
    let mut program = Program::new();
    let (mut client, session) = program.talking().await;
    client.talk(1).await.unwrap();
    let mut items: LiveItems = session.into_items();
    items.try_next().await.unwrap();
    drop(items);
    let said = client.hear().await.unwrap();
    assert_eq!((said["type"].as_str(), said["parameters"]["reason"].as_str()), (Some("disconnect"), Some("completed")));
    client.talk(10).await.unwrap();
    assert_eq!(client.close("disconnect").await.unwrap()["type"], "closed");
    assert!(client.complaints().is_empty());
    // Others go on.
    program.talking().await;
}

#[tokio::test(start_paused = true)]
async fn a_session_that_comes_when_nobody_listens_any_more_is_ended() {
    let program = Program::new();
    let (mut opened, mut waiting) = (program.client().await, program.client().await);
    opened.open().await.unwrap();
    drop(program.sessions);
    assert_eq!(opened.hear().await.unwrap()["parameters"]["reason"], "completed");
    assert_eq!(opened.close("disconnect").await.unwrap()["type"], "closed");
    assert_eq!(waiting.open().await.unwrap()["type"], "opened");
    assert_eq!(waiting.hear().await.unwrap()["parameters"]["reason"], "completed");
    assert_eq!(waiting.close("disconnect").await.unwrap()["type"], "closed");
}

#[tokio::test(start_paused = true)]
async fn a_connector_that_is_closed_says_goodbye_to_all() {
    let mut program = Program::new();
    let (mut polite, heard_politely) = program.talking().await;
    let (mute, heard_mutely) = program.talking().await;
    let mut unopened = program.client().await;
    polite.talk(1).await.unwrap();
    let connector = program.genesys.connector();
    let began = Instant::now();
    let goodbye = async {
        assert_eq!(polite.hear().await.unwrap()["parameters"]["reason"], "completed");
        // What is on its way is still heard.
        polite.talk(1).await.unwrap();
        assert_eq!(polite.close("disconnect").await.unwrap()["type"], "closed");
        assert_eq!(unopened.hear().await.unwrap()["type"], "disconnect");
        drop(unopened);
    };
    let (closed, ()) = futures_util::future::join(connector.close(), goodbye).await;
    closed.unwrap();
    // The one who does not answer was waited for.
    assert_eq!(began.elapsed(), Duration::from_secs(5));
    let items = all(heard_politely).await;
    assert_eq!((heard(&items), end(&items)), (3_200, LiveEnd::Stopped));
    assert_eq!(end(&all(heard_mutely).await), LiveEnd::Stopped);
    drop(mute);
    assert_eq!(program.refusal().await, StatusCode::SERVICE_UNAVAILABLE);
    assert!(program.sessions.next().await.is_none(), "the stream ends");
    assert!(program.genesys.live_audio().sessions().next().await.is_none(), "and so does a later one");
    connector.close().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_call_that_ends_while_the_program_stops_is_whole() {
    let mut program = Program::new();
    let (mut client, session) = program.talking().await;
    let goodbye = async { client.close("end").await.unwrap() };
    futures_util::future::join(program.genesys.live_audio().close(), goodbye).await;
    assert_eq!(end(&all(session).await), LiveEnd::Finished);
}

#[tokio::test(start_paused = true)]
async fn who_never_closes_the_socket_has_it_closed() {
    let mut program = Program::with(options().with_sessions(1));
    let (mut client, session) = program.talking().await;
    client.say("close", serde_json::json!({ "reason": "end" })).await.unwrap();
    assert_eq!(client.hear().await.unwrap()["type"], "closed");
    assert_eq!(end(&all(session).await), LiveEnd::Finished);
    let began = Instant::now();
    assert!(client.hear().await.unwrap_err().is_transient());
    assert_eq!(began.elapsed(), Duration::from_secs(5));
    settle().await;
    program.talking().await;
}

#[tokio::test(start_paused = true)]
async fn who_does_not_read_is_given_up() {
    let mut program = Program::new();
    let (mut client, session) = program.talking().await;
    let mut pings = 0;
    // As many as may be answered, until nothing more fits on the way.
    while client.say("ping", serde_json::json!({})).await.is_ok() {
        pings += 1;
        assert!(pings < 5_000);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(pings > 100, "{pings}");
    assert_eq!(end(&all(session).await), LiveEnd::BrokenOff);
}
