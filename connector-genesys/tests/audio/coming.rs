//! Who is let in.

use bytes::Bytes;
use connector_core::JobCheck;
use connector_core::inbound::Upgrade;
use connector_core::socket::Connection;
use http::Request;
use tokio::time::Instant;

use super::*;

#[tokio::test(start_paused = true)]
async fn nobody_is_let_in_before_somebody_listens_or_after() {
    let program = Program::new();
    drop(program.client().await);
    let Program { hub, clock, genesys, sessions } = program;
    drop(sessions);
    let program = Program { hub, clock, genesys, sessions: futures_util::stream::empty().boxed() };
    assert_eq!(program.refusal().await, StatusCode::SERVICE_UNAVAILABLE);
    let mut program = Program { sessions: program.genesys.live_audio().sessions(), ..program };
    program.talking().await;
}

#[tokio::test(start_paused = true)]
async fn one_listens_at_a_time() {
    let mut program = Program::new();
    let refused = program.genesys.live_audio().sessions().try_next().await.unwrap_err();
    assert!(refused.is_already_subscribed() && refused.to_string().starts_with("acme/cloud: sessions"), "{refused}");
    // The one who listens goes on listening.
    program.talking().await;
}

#[tokio::test(start_paused = true)]
async fn there_are_as_many_sessions_as_there_is_room_for() {
    let mut program = Program::with(options().with_sessions(2));
    let (mut one, _heard) = program.talking().await;
    let (_other, _also) = program.talking().await;
    assert_eq!(program.refusal().await, StatusCode::SERVICE_UNAVAILABLE);
    one.close("end").await.unwrap();
    settle().await;
    program.talking().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_finds_no_room_may_come_again_with_the_same_handshake() {
    let mut program = Program::with(options().with_sessions(1));
    let (mut one, _heard) = program.talking().await;
    let handshake = program.handshake();
    for _ in 0..2 {
        assert_eq!(Client::connect(&program.hub, &handshake).await.unwrap_err(), StatusCode::SERVICE_UNAVAILABLE);
    }
    one.close("end").await.unwrap();
    settle().await;
    drop(Client::connect(&program.hub, &handshake).await.expect("there is room"));
    settle().await;
    assert_eq!(Client::connect(&program.hub, &handshake).await.unwrap_err(), StatusCode::UNAUTHORIZED, "and once");
}

#[tokio::test(start_paused = true)]
async fn sessions_that_nobody_takes_are_as_many_as_there_may_be() {
    let mut program = Program::with(options().with_sessions(2));
    for _ in 0..2 {
        let mut client = program.client().await;
        client.open().await.unwrap();
        client.close("end").await.unwrap();
        settle().await;
    }
    assert_eq!(program.refusal().await, StatusCode::SERVICE_UNAVAILABLE);
    program.session().await;
    program.client().await.probe().await.unwrap();
    // A probe takes no place for good.
    settle().await;
    program.client().await.open().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_has_no_business_here_cannot_tell_that_there_is_a_door() {
    let program = Program::new();
    let good = program.handshake();
    let asks = |path: &str, method: &str, is_socket: bool, headers: http::HeaderMap| {
        let mut request = Request::builder().method(method).uri(path).body(String::new()).unwrap();
        *request.headers_mut() = headers;
        if is_socket {
            Upgrade::stand_in(&mut request, Connection::pair().1);
        }
        request
    };
    let (path, elsewhere) = ("/hooks/r-1/audiohook", "/hooks/r-2/audiohook");
    let wrong = program.handshake().with_header("signature", "sig1=:AAAA:");
    for request in [
        asks(elsewhere, "GET", true, program.handshake().headers()),
        asks(path, "GET", true, wrong.headers()),
        asks(path, "GET", true, http::HeaderMap::new()),
        asks(path, "GET", false, program.handshake().headers()),
        asks(path, "POST", true, program.handshake().headers()),
    ] {
        let began = Instant::now();
        let answer = program.hub.answer(request).await;
        assert_eq!((answer.status(), began.elapsed()), (StatusCode::UNAUTHORIZED, Duration::from_millis(500)));
        assert_eq!(answer.body(), &Bytes::from_static(b"unauthorized\n"));
    }
    // The good one is good once.
    assert!(Client::connect(&program.hub, &good).await.is_ok());
    assert_eq!(Client::connect(&program.hub, &good).await.unwrap_err(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_is_missing_is_said() {
    let hub = Hub::new(HubOptions::default());
    let with = |config: GenesysConfig, cx: &Context| Genesys::new(config, cx).unwrap();
    let without = Fake::new(&Scenario::small(7), FaultPlan::none()).config();
    let nowhere = Context::default().for_source("acme", "cloud");
    for (genesys, words) in
        [(with(without, &context(&hub)), "no options for audio"), (with(config(options()), &nowhere), "no hub")]
    {
        let audio = genesys.live_audio();
        let error = audio.sessions().try_next().await.unwrap_err();
        assert!(error.is_config() && error.to_string().contains(words), "{error}");
        let JobCheck::Failed { why, advice } = audio.check().await else { panic!("{words}") };
        assert!(why.contains(words) && !advice.is_empty(), "{why}");
    }
}

#[tokio::test]
async fn a_check_reads_the_keys() {
    let hub = Hub::new(HubOptions::default());
    let genesys = Genesys::new(config(options()), &context(&hub)).unwrap();
    assert_eq!(genesys.live_audio().check().await, JobCheck::Ok);
    let key = AudioKey::new(Secret::literal("k-1"), Secret::file("/nowhere/secret"));
    let genesys = Genesys::new(config(AudioOptions::new(key).with_route("r-2")), &context(&hub)).unwrap();
    assert!(matches!(genesys.live_audio().check().await, JobCheck::Failed { .. }));
}

#[tokio::test]
async fn a_route_has_to_be_there_and_is_that_of_one_source() {
    let hub = Hub::new(HubOptions::default());
    let _genesys = Genesys::new(config(options()), &context(&hub)).unwrap();
    let taken = Genesys::new(config(options()), &context(&hub).for_source("acme", "other")).unwrap_err();
    assert!(taken.is_config() && taken.to_string().contains("acme/cloud"), "{taken}");
    let key = AudioKey::new(Secret::literal("k-1"), Secret::literal(SECRET));
    let none = Genesys::new(config(AudioOptions::new(key)), &context(&hub)).unwrap_err();
    assert!(none.is_config() && none.to_string().contains("route"), "{none}");
}

#[tokio::test]
async fn a_connector_has_the_job_where_there_are_options_for_it() {
    let hub = Hub::new(HubOptions::default());
    let genesys = Genesys::new(config(options()), &context(&hub)).unwrap();
    assert!(genesys.connector().live_audio().is_some());
    assert_eq!(genesys.audio_url("https://h.example.com/hooks").unwrap(), "wss://h.example.com/hooks/r-1/audiohook");
    let without = Fake::new(&Scenario::small(7), FaultPlan::none()).config();
    let genesys = Genesys::new(without, &context(&hub)).unwrap();
    assert!(genesys.connector().live_audio().is_none() && genesys.audio_url("https://h.example.com").is_none());
}
