//! What stands in the log, and what does not.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use super::*;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Log {
    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut self.0.lock().unwrap())).unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn the_log_names_sessions_and_calls_and_nobody() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
    let _guard = tracing::subscriber::set_default(subscriber.with_writer(log.clone()).finish());
    // While there is one subscriber alone, the test whose thread is the first to log decides for all that nobody listens.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());

    let mut program = Program::new();
    let (mut warnings, mut all_of_it) = (Vec::new(), String::new());
    for _ in 0..2 {
        let handshake = program.handshake();
        let mut client = Client::connect(&program.hub, &handshake).await.unwrap().with_offers(&[&["external"]]);
        client.open().await.unwrap();
        let session = program.session().await;
        client.say("error", json!({ "code": 429, "message": "Synthetic Caller of +15550100" })).await.unwrap();
        client.say("Synthetic Caller", json!({ "reason": "+15550100" })).await.unwrap();
        client.close("end").await.unwrap();
        let (lines, id) = (all(session).await.len(), handshake.session().to_owned());
        assert_eq!(lines, 1);
        settle().await;
        let said = log.take();
        let warned = said.lines().filter(|line| line.contains("WARN"));
        warnings.push(warned.map(|line| line.contains(&id) && line.contains("acme/cloud")).collect::<Vec<_>>());
        assert!(said.contains(connector_genesys::testing::audiohook::CONVERSATION), "{said}");
        all_of_it.push_str(&said);
    }
    // That the trunk sends one channel is said once; the error of each session has its own line.
    assert_eq!(warnings, [vec![true, true], vec![true]], "{all_of_it}");
    assert!(all_of_it.contains("Dual channel") && all_of_it.contains("error 429"), "{all_of_it}");

    // A socket that dies, a message that is none, and a farewell.
    let (client, session) = program.talking().await;
    drop((client, session));
    let (mut client, session) = program.talking().await;
    client.send(connector_core::socket::Message::Text("Synthetic Caller +15550100".to_owned())).await.unwrap();
    client.close("disconnect").await.unwrap();
    drop(session);
    program.genesys.live_audio().close().await;
    assert_eq!(program.refusal().await, StatusCode::SERVICE_UNAVAILABLE);
    all_of_it.push_str(&log.take());
    for secret in ["555", "Caller", "k-1", SECRET, "tenant", "en-US", "r-1"] {
        assert!(!all_of_it.contains(secret), "{secret} in {all_of_it}");
    }
}
