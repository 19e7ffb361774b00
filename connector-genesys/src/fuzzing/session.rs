//! A session that is told anything.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::input::Input;
use super::{ORGANIZATION, SESSION};
use crate::live_audio::options::ByteOrder;
use crate::live_audio::session::{Effect, Input as Happens, Rules, Session};

/// The most characters of a message, as the vendor documents them.
const LONGEST: usize = 65_535;

/// The vendor, as far as it keeps to the protocol.
struct Vendor {
    session: Session,
    now: DateTime<Utc>,
    number: i64,
    seen: i64,
    done: Vec<Effect>,
}

/// A session, told what the bytes say: its messages are numbered, written in JSON and short enough, it begins and ends once
/// at most, and its positions never go back.
pub fn session(bytes: &[u8]) {
    let mut input = Input(bytes);
    let rules = Rules {
        organization: ORGANIZATION.to_owned(),
        session: SESSION.to_owned(),
        l16: input.one_of(&[None, Some(ByteOrder::Little), Some(ByteOrder::Big)]),
        silence: TimeDelta::seconds(20),
        keeps_raw: true,
    };
    let now = DateTime::UNIX_EPOCH;
    let mut vendor = Vendor { session: Session::new(rules, now), now, number: 0, seen: 0, done: Vec::new() };
    if input.byte() % 4 > 0 {
        let message = vendor.message("open", 0, 0, 0, &opening(&json!(["external", "internal"]), "PCMU"));
        vendor.happens(Happens::Text(&message.to_string()));
        assert!(vendor.done.iter().any(|effect| matches!(effect, Effect::Begin(_))), "it begins as it should");
    }
    while !input.is_empty() {
        vendor.does(&mut input);
    }
    for _ in 0..3 {
        vendor.now = vendor.session.due().unwrap_or(vendor.now);
        vendor.happens(Happens::Tick);
    }
    assert!(vendor.session.due().is_none(), "in the end it is over");
    check(&vendor.done);
}

impl Vendor {
    fn happens(&mut self, what: Happens<'_>) {
        let before = self.done.len();
        self.session.step(self.now, what, &mut self.done);
        self.seen += self.done[before..].iter().filter(|effect| matches!(effect, Effect::Send(_))).count() as i64;
    }

    fn waits(&mut self, seconds: i64) {
        self.now += TimeDelta::seconds(seconds);
        self.happens(Happens::Tick);
    }

    /// The next thing.
    fn does(&mut self, input: &mut Input<'_>) {
        match input.byte() % 32 {
            0..8 => {
                let message = self.any(input).to_string();
                self.happens(Happens::Text(&message));
            }
            8..13 => {
                let message = self.any(input).to_string();
                let message = input.spoil(message.as_bytes());
                self.happens(Happens::Text(&String::from_utf8_lossy(&message)));
            }
            13..15 => self.happens(Happens::Text(&String::from_utf8_lossy(input.piece()))),
            15..21 => self.happens(Happens::Binary(vec![input.byte(); usize::from(input.word())].into())),
            21..25 => self.waits(i64::from(input.byte() % 32)),
            25 => self.waits(i64::from(input.word())),
            26 => self.long(input),
            27 => self.happens(Happens::Stop),
            28 => self.happens(Happens::Deserted),
            29 => self.happens(Happens::Closed),
            30 => self.happens(Happens::Broken),
            _ => self.now -= TimeDelta::milliseconds(i64::from(input.word())),
        }
    }

    /// A message that is right but for what is off now and then.
    fn any(&mut self, input: &mut Input<'_>) -> Value {
        let kinds = ["open", "ping", "paused", "resumed", "discarded", "update", "error", "close", "dtmf"];
        let kind = input.one_of(&kinds);
        let mut off = || i64::from(input.byte()).saturating_sub(250).max(0);
        let (off, seen_off) = (off(), -off());
        let (position, start, length) = (input.word(), input.word(), input.word());
        let mut parameters = if kind == "open" {
            let both = json!(["external", "internal"]);
            let channels = [both, json!(["internal"]), json!([]), json!("external"), json!(["internal", "external"])];
            opening(&channels[usize::from(input.byte()) % channels.len()], input.one_of(&["PCMU", "L16", "", "OPUS"]))
        } else {
            json!({})
        };
        let more = json!({ "start": time(start), "discarded": time(length), "code": length,
            "reason": input.one_of(&["end", "error", "disconnect", ""]) });
        parameters.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        self.message(kind, off, seen_off, position, &parameters)
    }

    fn message(&mut self, kind: &str, off: i64, seen_off: i64, position: u16, parameters: &Value) -> Value {
        self.number += 1;
        json!({ "version": "2", "id": SESSION, "type": kind, "seq": self.number + off, "serverseq": self.seen + seen_off,
            "position": time(position), "parameters": parameters })
    }

    /// An opening that is about as long as a message may be, with most of it in one place.
    fn long(&mut self, input: &mut Input<'_>) {
        let mut parameters = opening(&json!(["external"]), "PCMU");
        let filler = input.one_of(&["x", "é", " ", "\"", "\u{1f600}"]);
        let length = input.one_of(&[4_000, LONGEST, 70_000]) - usize::from(input.word() % 2_048).min(3_000);
        let filler = json!(filler.repeat(length));
        match input.byte() % 4 {
            0 => parameters["media"][0]["more"] = filler,
            1 => parameters["conversationId"] = filler,
            2 => parameters["participant"]["ani"] = filler,
            _ => parameters["language"] = filler,
        }
        let message = self.message("open", 0, 0, 0, &parameters).to_string();
        self.happens(Happens::Text(&message));
    }
}

fn opening(channels: &Value, format: &str) -> Value {
    json!({ "organizationId": ORGANIZATION, "conversationId": "c0de0001-4a1b-4c2d-8e3f-0a1b2c3d4e5f",
        "media": [{ "type": "audio", "format": format, "channels": channels, "rate": 8_000 }], "language": "en-US",
        "participant": { "ani": "+15550100", "dnis": "+15550199" } })
}

/// In tenths of seconds, up to one that is far beyond every call.
fn time(tenths: u16) -> String {
    match tenths {
        u16::MAX => "PT18446744073S".to_owned(),
        tenths => format!("PT{}.{}S", tenths / 10, tenths % 10),
    }
}

fn check(done: &[Effect]) {
    let texts = done.iter().filter_map(|effect| if let Effect::Send(text) = effect { Some(text) } else { None });
    let (mut opened, mut closed, mut left) = (0, 0, 0);
    for (at, text) in texts.enumerate() {
        assert!(text.chars().count() <= LONGEST, "{} characters", text.chars().count());
        let said: Value = serde_json::from_str(text).expect("what is said is JSON");
        assert_eq!(said["seq"], at + 1);
        assert!(said["parameters"].is_object() && said["id"].is_string() && said["clientseq"].is_u64());
        opened += u32::from(said["type"] == "opened");
        closed += u32::from(said["type"] == "closed");
        left += u32::from(said["type"] == "disconnect");
    }
    assert!(opened <= 1 && closed <= 1 && left <= 1);
    let (mut begins, mut ends, mut reached, mut block) = (0, 0, 0, 1);
    for effect in done {
        let (at, length) = match effect {
            Effect::Begin(beginning) => {
                begins += 1;
                block = beginning.format.block() as u64;
                continue;
            }
            Effect::Frame { at, bytes } => {
                assert!(!bytes.is_empty() && (bytes.len() as u64).is_multiple_of(block), "sound of no whole samples");
                (at, bytes.len() as u64 / block)
            }
            Effect::Lost { at, samples } => (at, *samples),
            Effect::Paused { at } | Effect::Resumed { at } => (at, 0),
            Effect::End { at, .. } => {
                ends += 1;
                (at, 0)
            }
            Effect::Send(_) | Effect::Note(_) | Effect::Close => continue,
        };
        assert!(begins == 1 && (ends == 0 || matches!(effect, Effect::End { .. })), "sound before or after all");
        assert!(*at >= reached, "from {reached} back to {at}");
        reached = at + length;
    }
    assert!(begins <= 1 && ends == begins);
}
