//! What stands in the log of live sound, and what does not. In a process where each test listens to its log: whether something
//! is logged at all is decided for all threads together.

use chrono::TimeDelta;
use connector_core::inbound::{Hub, HubOptions};
use connector_core::socket::Message;
use connector_core::testing::{FaultPlan, Log, Scenario};
use connector_core::{Clock, Context, LiveAudioSource, LiveSession, LiveSessions, Secret};
use connector_genesys::testing::Fake;
use connector_genesys::testing::audiohook::{CONVERSATION, Client, Handshake};
use connector_genesys::{AudioKey, AudioOptions, Genesys};
use futures_util::StreamExt;
use http::StatusCode;
use serde_json::json;

const SECRET: &str = "c3ludGhldGljLWhtYWMta2V5LWZvci11bml0LXRlc3Q=";

struct Program {
    hub: Hub,
    clock: Clock,
    genesys: Genesys,
    sessions: LiveSessions,
}

fn options() -> AudioOptions {
    AudioOptions::new(AudioKey::new(Secret::literal("k-1"), Secret::literal(SECRET)))
}

impl Program {
    fn new(options: AudioOptions) -> Self {
        let hub = Hub::new(HubOptions::default());
        let cx = Context::default().for_source("acme", "cloud").with_inbound(&hub);
        let config = Fake::new(&Scenario::small(7), FaultPlan::none()).config().with_audio(options.with_route("r-1"));
        let genesys = Genesys::new(config, &cx).expect("settings that make sense");
        let sessions = genesys.live_audio().sessions();
        Self { hub, clock: cx.clock(), genesys, sessions }
    }

    fn handshake(&self) -> Handshake {
        let handshake = Handshake::new("/hooks/r-1/audiohook", "hooks.example.com").at(self.clock.now());
        handshake.with_key("k-1", Some(SECRET))
    }

    /// Somebody whose session is open, with one channel, and that session.
    async fn talking(&mut self, handshake: &Handshake) -> (Client, LiveSession) {
        let client = Client::connect(&self.hub, handshake).await.expect("a good handshake");
        let mut client = client.with_offers(&[&["external"]]);
        client.open().await.unwrap();
        (client, self.sessions.next().await.expect("a session").expect("a session"))
    }
}

/// The log of this thread, as long as the guard lives.
fn log() -> (Log, tracing::subscriber::DefaultGuard) {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
    let writer = log.clone();
    let guard = tracing::subscriber::set_default(subscriber.with_writer(move || writer.clone()).finish());
    (log, guard)
}

#[tokio::test(start_paused = true)]
async fn the_log_names_sessions_and_calls_and_nobody() {
    let (log, _guard) = log();
    let mut program = Program::new(options());
    let (mut warnings, mut all_of_it) = (Vec::new(), String::new());
    for _ in 0..2 {
        let handshake = program.handshake();
        let (mut client, session) = program.talking(&handshake).await;
        client.say("error", json!({ "code": 429, "message": "Synthetic Caller of +15550100" })).await.unwrap();
        client.say("Synthetic Caller", json!({ "reason": "+15550100" })).await.unwrap();
        client.close("end").await.unwrap();
        drop(session.into_items().collect::<Vec<_>>().await);
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        let said = log.take();
        let warned = said.lines().filter(|line| line.contains("WARN"));
        let names = |line: &str| line.contains(handshake.session()) && line.contains("acme/cloud");
        warnings.push(warned.map(names).collect::<Vec<_>>());
        assert!(said.contains(CONVERSATION), "{said}");
        all_of_it.push_str(&said);
    }
    // That the trunk sends one channel is said once; the error of each session has its own line.
    assert_eq!(warnings, [vec![true, true], vec![true]], "{all_of_it}");
    assert!(all_of_it.contains("Dual channel") && all_of_it.contains("error 429"), "{all_of_it}");

    // A socket that dies, a message that is none, and a farewell.
    let handshake = program.handshake();
    let (client, session) = program.talking(&handshake).await;
    drop(client);
    drop(session.into_items().collect::<Vec<_>>().await);
    let handshake = program.handshake();
    let (mut client, _session) = program.talking(&handshake).await;
    client.send(Message::Text("Synthetic Caller +15550100".to_owned())).await.unwrap();
    client.close("disconnect").await.unwrap();
    program.genesys.live_audio().close().await;
    let refused = Client::connect(&program.hub, &program.handshake()).await.unwrap_err();
    assert_eq!(refused, StatusCode::SERVICE_UNAVAILABLE);
    let rest = log.take();
    for words in ["broke off", "no JSON object", "finds nobody"] {
        assert!(rest.contains(words), "{words} in {rest}");
    }
    all_of_it.push_str(&rest);
    for secret in ["+1555", "Caller", "k-1", SECRET, "tenant", "en-US", "r-1"] {
        assert!(!all_of_it.contains(secret), "{secret} in {all_of_it}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_one_line_in_the_log_without_anything_that_was_sent() {
    let (log, _guard) = log();
    let whole = Program::new(options());
    drop(Client::connect(&whole.hub, &whole.handshake()).await.expect("a good handshake"));
    assert_eq!(log.take(), "", "who is let in makes no noise here");
    let unread = AudioKey::new(Secret::literal("k-2"), Secret::file("/nowhere/at/all"));
    let half = Program::new(options().with_key(unread));
    drop(Client::connect(&half.hub, &half.handshake()).await.expect("a good handshake"));
    let told = log.take();
    assert!(told.lines().count() == 1 && told.contains("/nowhere/at/all") && !told.contains("refused"), "{told}");

    let handshake = || whole.handshake();
    let refused = [
        (handshake().without_header("x-api-key"), "no single API key", false),
        (handshake().with_session("marta"), "ids that are no UUIDs", false),
        (handshake().without_header("host"), "no single host", false),
        (handshake().without_header("signature"), "half a signature", false),
        (handshake().with_header("signature", "marta"), "unreadable signature", false),
        (handshake().covering(&["host"]), "signature without a required component", false),
        (handshake().covering(&["host", "host"]), "signature of an unknown component", false),
        (handshake().with_parameters("x=\"marta\""), "wrong parameters of the signature", false),
        (handshake().with_parameters("alg=\"marta\""), "other algorithm", false),
        (handshake().with_nonce("marta"), "short nonce", false),
        (handshake().with_header("x-api-key", "marta"), "signature for another key", false),
        (handshake(), "signature from the future", false),
        (handshake(), "expired signature", true),
        (handshake().with_key("marta", Some(SECRET)), "unknown key", false),
        (handshake().with_key("k-1", Some("Zm8=")), "wrong signature", true),
        (handshake().with_key("k-1", None), "unsigned", false),
    ];
    for (handshake, reason, is_unread) in refused {
        let program = if is_unread { &half } else { &whole };
        let seconds = match reason {
            "signature from the future" => 60,
            "expired signature" => -60,
            _ => 0,
        };
        // A refusal takes its time.
        let handshake = handshake.at(program.clock.now() + TimeDelta::seconds(seconds));
        let status = Client::connect(&program.hub, &handshake).await.expect_err(reason);
        let told = log.take();
        assert!(status == StatusCode::UNAUTHORIZED && told.lines().count() == 1, "{status} {told}");
        assert!(told.contains("acme/cloud") && told.contains(&format!("reason={reason}")), "{reason}: {told}");
        assert_eq!(told.contains("/nowhere/at/all"), is_unread, "{told}");
        let values: Vec<_> = handshake.headers().values().map(|value| value.to_str().unwrap().to_owned()).collect();
        let secret = ["marta", SECRET, "k-1", handshake.session()];
        let shown = values.iter().map(String::as_str).chain(secret).find(|value| told.contains(value));
        assert_eq!(shown, None, "{told}");
    }

    let once = handshake();
    drop(Client::connect(&whole.hub, &once).await.expect("a good handshake"));
    assert_eq!(log.take(), "");
    assert_eq!(Client::connect(&whole.hub, &once).await.unwrap_err(), StatusCode::UNAUTHORIZED);
    assert!(log.take().contains("reason=replayed"));
}
