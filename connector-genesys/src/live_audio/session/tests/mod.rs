//! A session, told what happens, with messages as the vendor writes them.

mod ends;
mod expected;
mod property;
mod states;
mod timeline;

use connector_core::{AudioFormat, SampleFormat, Speaker};
use serde_json::{Value, json};

use super::*;

const ORGANIZATION: &str = "7c0f6f0e-52a1-4f0b-9d3b-0b6f5a1c2d3e";
const SESSION: &str = "0d9a4c56-1b2e-4e8f-8a77-6c5d4e3f2a1b";
const CALL: &str = "c0de0001-4a1b-4c2d-8e3f-0a1b2c3d4e5f";
const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

fn start() -> DateTime<Utc> {
    "2026-10-19T08:00:00Z".parse().unwrap()
}

fn rules() -> Rules {
    Rules {
        organization: ORGANIZATION.to_owned(),
        session: SESSION.to_owned(),
        l16: None,
        silence: TimeDelta::seconds(20),
        keeps_raw: true,
    }
}

fn offer(channels: &[&str]) -> Value {
    json!({ "type": "audio", "format": "PCMU", "channels": channels, "rate": 8_000 })
}

fn stereo() -> Value {
    offer(&["external", "internal"])
}

/// What `open` says, with these offers.
fn opening(media: &[Value]) -> Value {
    json!({ "organizationId": ORGANIZATION, "conversationId": CALL, "media": media, "language": "en-US",
        "participant": { "id": "9a970001-0000-4000-8000-00000000c001", "ani": "+15550100",
            "aniName": "Synthetic Caller", "dnis": "+15550199" },
        "customConfig": { "tenant": "acme" } })
}

/// The vendor, on the other side of a session.
struct Vendor {
    session: Session,
    now: DateTime<Utc>,
    /// The number of its last message, and of the last one of ours that it has seen.
    number: u64,
    seen: u64,
    position: f64,
}

impl Vendor {
    fn new() -> Self {
        Self::with(rules())
    }

    fn with(rules: Rules) -> Self {
        Self { session: Session::new(rules, start()), now: start(), number: 0, seen: 0, position: 0.0 }
    }

    /// One whose session is open, in stereo.
    fn open() -> Self {
        let mut vendor = Self::new();
        vendor.says("open", opening(&[stereo()]));
        vendor
    }

    fn does(&mut self, input: Input<'_>) -> Vec<Effect> {
        let mut out = Vec::new();
        self.session.step(self.now, input, &mut out);
        self.seen += sent(&out).len() as u64;
        out
    }

    /// The next message, as it should be.
    fn says(&mut self, kind: &str, parameters: Value) -> Vec<Effect> {
        self.number += 1;
        let message = json!({ "version": "2", "id": SESSION, "type": kind, "seq": self.number, "serverseq": self.seen,
            "position": format!("PT{}S", self.position), "parameters": parameters });
        self.sends(&message)
    }

    fn sends(&mut self, message: &Value) -> Vec<Effect> {
        self.does(Input::Text(&message.to_string()))
    }

    /// So many frames of 200 ms of both.
    fn talks(&mut self, frames: usize) -> Vec<Effect> {
        (0..frames)
            .flat_map(|_| {
                self.position = ((self.position + 0.2) * 1e6).round() / 1e6;
                self.does(Input::Binary(vec![0xFF; 3_200].into()))
            })
            .collect()
    }

    fn waits(&mut self, seconds: i64) -> Vec<Effect> {
        self.now += TimeDelta::seconds(seconds);
        self.does(Input::Tick)
    }
}

/// What was said.
fn sent(effects: &[Effect]) -> Vec<Value> {
    let texts = effects.iter().filter_map(|effect| if let Effect::Send(text) = effect { Some(text) } else { None });
    texts.map(|text| serde_json::from_str(text).unwrap()).collect()
}

/// The one message that was said, and nothing else done.
fn only(effects: &[Effect]) -> Value {
    let [Effect::Send(text)] = effects else { panic!("{effects:?}") };
    serde_json::from_str(text).unwrap()
}

fn message(kind: &str, number: u64, seen: u64, parameters: Value) -> Value {
    json!({ "version": "2", "id": SESSION, "type": kind, "seq": number, "clientseq": seen, "parameters": parameters })
}

/// What is handed on, in short.
fn handed_on(effects: &[Effect]) -> Vec<String> {
    let short = |effect: &Effect| match effect {
        Effect::Begin(_) => Some("begin".to_owned()),
        Effect::Frame { at, bytes } => Some(format!("frame {at} {}", bytes.len())),
        Effect::Paused { at } => Some(format!("paused {at}")),
        Effect::Resumed { at } => Some(format!("resumed {at}")),
        Effect::Lost { at, samples } => Some(format!("lost {at} {samples}")),
        Effect::End { at, how } => Some(format!("end {at} {how:?}")),
        Effect::Send(_) | Effect::Note(_) | Effect::Close => None,
    };
    effects.iter().filter_map(short).collect()
}

fn notes(effects: &[Effect]) -> Vec<Note> {
    effects.iter().filter_map(|effect| if let Effect::Note(note) = effect { Some(*note) } else { None }).collect()
}
