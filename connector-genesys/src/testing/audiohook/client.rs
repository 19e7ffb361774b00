//! What connects: a session of AudioHook from the side of Genesys Cloud, well behaved or not.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use connector_core::inbound::{Hub, Upgrade};
use connector_core::socket::{Connection, Message, Socket};
use connector_core::{Error, Result};
use http::{Request, StatusCode};
use serde_json::{Value, json};

use super::Handshake;

/// The conversation, unless another one is named.
pub const CONVERSATION: &str = "c0de0001-4a1b-4c2d-8e3f-0a1b2c3d4e5f";

/// The conversation and the participant of a probe.
pub const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

/// Samples in a second.
const RATE: u64 = 8_000;

/// Samples of one frame: 200 ms.
const FRAME: u64 = 1_600;

/// The most characters of a message.
const LONGEST: usize = 65_535;

/// The most bytes that are read of a message.
const MOST: usize = 1 << 20;

/// Changes a message before it is sent.
type Twist = Box<dyn FnMut(&mut Value) + Send>;

/// A session of AudioHook from the vendor's side.
///
/// It counts as the vendor does, and [complains](Self::complaints) about whatever the vendor would not accept. To misbehave,
/// [twist](Self::twist) its messages, [send](Self::send) what does not belong there, or do nothing at all.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> connector_core::Result<()> {
/// use connector_core::inbound::{Hub, HubOptions};
/// use connector_core::testing::{FaultPlan, Scenario};
/// use connector_core::{Context, LiveAudioSource, LiveEnd, LiveItem, Secret};
/// use connector_genesys::testing::{Fake, audiohook::{Client, Handshake}};
/// use connector_genesys::{AudioKey, AudioOptions, Genesys};
/// use futures_util::TryStreamExt;
///
/// let (hub, fake) = (Hub::new(HubOptions::default()), Fake::new(&Scenario::small(7), FaultPlan::none()));
/// let key = AudioKey::new(Secret::literal("k-1"), Secret::literal("c3ludGhldGlj"));
/// let config = fake.config().with_audio(AudioOptions::new(key).with_route("r-1"));
/// let genesys = Genesys::new(config, &Context::default().with_inbound(&hub))?;
/// let mut sessions = genesys.live_audio().sessions();
///
/// let handshake = Handshake::new("/hooks/r-1/audiohook", "hooks.example.com").with_key("k-1", Some("c3ludGhldGlj"));
/// let mut vendor = Client::connect(&hub, &handshake).await.unwrap();
/// vendor.open().await?;
/// vendor.talk(5).await?;
/// vendor.close("end").await?;
/// assert!(vendor.complaints().is_empty());
///
/// let items: Vec<_> = sessions.try_next().await?.unwrap().into_items().try_collect().await?;
/// let Some(LiveItem::Ended { at, how: LiveEnd::Finished }) = items.last() else { panic!("{items:?}") };
/// assert_eq!((items.len(), at.to_string()), (6, "1.000".to_owned()));
/// # Ok(()) }
/// ```
pub struct Client {
    socket: Socket,
    organization: String,
    session: String,
    conversation: String,
    offers: Vec<Value>,
    /// The number of its last message, and of the last one that it has heard.
    number: u64,
    seen: u64,
    /// In samples of one channel.
    position: u64,
    /// How many channels were agreed upon.
    channels: u64,
    twist: Option<Twist>,
    complaints: Vec<String>,
}

impl Client {
    /// Connects to a hub without a network, so that a test may pause the clock.
    ///
    /// # Errors
    /// The status of the answer where it is not let in.
    ///
    /// # Panics
    /// When the path of the handshake is none.
    pub async fn connect(hub: &Hub, handshake: &Handshake) -> Result<Self, StatusCode> {
        let (ours, theirs) = Connection::pair();
        let request = Request::get(handshake.target()).body(String::new());
        let mut request = request.expect("the target of the handshake is a path");
        *request.headers_mut() = handshake.headers();
        Upgrade::stand_in(&mut request, theirs);
        let answer = hub.answer(request).await;
        match answer.status() {
            StatusCode::SWITCHING_PROTOCOLS => Ok(Self::over(Socket::client(ours, MOST).await, handshake)),
            refused => Err(refused),
        }
    }

    /// A session over a socket that was opened with this handshake.
    pub fn over(socket: Socket, handshake: &Handshake) -> Self {
        let channels = [&["external", "internal"][..], &["external"], &["internal"]];
        let offer =
            |channels: &&[&str]| json!({ "type": "audio", "format": "PCMU", "channels": channels, "rate": RATE });
        Self {
            socket,
            organization: handshake.organization().to_owned(),
            session: handshake.session().to_owned(),
            conversation: CONVERSATION.to_owned(),
            offers: channels.iter().map(offer).collect(),
            number: 0,
            seen: 0,
            position: 0,
            channels: 2,
            twist: None,
            complaints: Vec::new(),
        }
    }

    /// The same client, of this conversation.
    pub fn with_conversation(mut self, id: impl Into<String>) -> Self {
        self.conversation = id.into();
        self
    }

    /// The same client, offering sound of these channels, one offer each.
    pub fn with_offers(mut self, channels: &[&[&str]]) -> Self {
        let offer =
            |channels: &&[&str]| json!({ "type": "audio", "format": "PCMU", "channels": channels, "rate": RATE });
        self.offers = channels.iter().map(offer).collect();
        self
    }

    /// From here on changes each message like this before it is sent.
    pub fn twist(&mut self, twist: impl FnMut(&mut Value) + Send + 'static) {
        self.twist = Some(Box::new(twist));
    }

    /// From here on sends messages as they should be.
    pub fn straighten(&mut self) {
        self.twist = None;
    }

    /// Sends a message.
    ///
    /// # Errors
    /// Those of a socket.
    pub async fn say(&mut self, kind: &str, parameters: Value) -> Result<()> {
        self.number += 1;
        let mut message = json!({ "version": "2", "id": self.session, "type": kind, "seq": self.number,
            "serverseq": self.seen, "position": time(self.position), "parameters": parameters });
        if let Some(twist) = &mut self.twist {
            twist(&mut message);
        }
        self.send(Message::Text(message.to_string())).await
    }

    /// Sends anything.
    ///
    /// # Errors
    /// Those of a socket.
    pub async fn send(&mut self, message: Message) -> Result<()> {
        self.socket.send(message).await
    }

    /// What `open` says.
    pub fn opening(&self) -> Value {
        json!({ "organizationId": self.organization, "conversationId": self.conversation, "media": self.offers,
            "participant": { "id": "9a970001-0000-4000-8000-00000000c001", "ani": "+15550100",
                "aniName": "Synthetic Caller", "dnis": "+15550199" },
            "language": "en-US", "customConfig": { "tenant": "acme" } })
    }

    /// Opens the session. The answer is `opened`, when it went well.
    ///
    /// # Errors
    /// As [`hear`](Self::hear).
    pub async fn open(&mut self) -> Result<Value> {
        self.say("open", self.opening()).await?;
        self.hear().await
    }

    /// Tries the connection out: opens and closes a session of nothing. The answers are `opened` and `closed`, when it went
    /// well.
    ///
    /// # Errors
    /// As [`hear`](Self::hear).
    pub async fn probe(&mut self) -> Result<[Value; 2]> {
        self.conversation = NOBODY.to_owned();
        let mut opening = self.opening();
        opening["participant"] = json!({ "id": NOBODY, "ani": "", "aniName": "", "dnis": "" });
        self.say("open", opening).await?;
        Ok([self.hear().await?, self.close("end").await?])
    }

    /// Asks whether anybody is there. The answer is `pong`, when it went well.
    ///
    /// # Errors
    /// As [`hear`](Self::hear).
    pub async fn ping(&mut self) -> Result<Value> {
        self.say("ping", json!({})).await?;
        self.hear().await
    }

    /// Sends so many frames of 200 ms, one right after the other. Their bytes are those of [`sound`](Self::sound).
    ///
    /// # Errors
    /// Those of a socket.
    pub async fn talk(&mut self, frames: usize) -> Result<()> {
        for _ in 0..frames {
            self.speak(Self::sound(self.position, FRAME, self.channels)).await?;
        }
        Ok(())
    }

    /// Sends a frame of this sound: samples of all channels in turn.
    ///
    /// # Errors
    /// Those of a socket.
    pub async fn speak(&mut self, sound: Bytes) -> Result<()> {
        self.position += sound.len() as u64 / self.channels;
        self.send(Message::Binary(sound)).await
    }

    /// The sound of so many samples of each channel: each byte says where it belongs.
    pub fn sound(position: u64, samples: u64, channels: u64) -> Bytes {
        let bytes = position * channels..(position + samples) * channels;
        bytes.map(|byte| (byte % 251) as u8).collect::<Vec<_>>().into()
    }

    /// Begins a pause.
    ///
    /// # Errors
    /// Those of a socket.
    pub async fn pause(&mut self) -> Result<()> {
        self.say("paused", json!({})).await
    }

    /// Ends a pause that lasted so long.
    ///
    /// # Errors
    /// Those of a socket.
    pub async fn resume(&mut self, lasted: Duration) -> Result<()> {
        let gap = self.leave_out(lasted);
        self.say("resumed", gap).await
    }

    /// Loses so much sound.
    ///
    /// # Errors
    /// Those of a socket.
    pub async fn discard(&mut self, length: Duration) -> Result<()> {
        let gap = self.leave_out(length);
        self.say("discarded", gap).await
    }

    /// Ends the session, and the socket after the answer: `closed`, when it went well. Everything else that comes before it
    /// is passed over.
    ///
    /// # Errors
    /// As [`hear`](Self::hear).
    pub async fn close(&mut self, reason: &str) -> Result<Value> {
        self.say("close", json!({ "reason": reason })).await?;
        loop {
            let heard = self.hear().await?;
            if heard["type"] == "closed" {
                self.socket.close().await?;
                return Ok(heard);
            }
        }
    }

    /// The next message.
    ///
    /// # Errors
    /// Those of a socket. `is_transient` as well where it was closed.
    pub async fn hear(&mut self) -> Result<Value> {
        let message = self.socket.next().await?.ok_or_else(|| Error::transient("the socket was closed"))?;
        let Message::Text(text) = message else {
            self.complaints.push("something else than a text".to_owned());
            return Ok(Value::Null);
        };
        let heard: Value = serde_json::from_str(&text).unwrap_or_default();
        self.judge(&text, &heard);
        self.seen += 1;
        if let Some(media) = heard["parameters"]["media"].as_array() {
            self.agree(media);
        }
        Ok(heard)
    }

    /// What was not as it has to be.
    pub fn complaints(&self) -> &[String] {
        &self.complaints
    }

    /// Where it is in the stream, in samples of one channel.
    pub fn position(&self) -> u64 {
        self.position
    }

    fn leave_out(&mut self, length: Duration) -> Value {
        let start = self.position;
        self.position += u64::try_from(length.as_micros()).unwrap_or(0) * RATE / 1_000_000;
        json!({ "start": time(start), "discarded": time(self.position - start) })
    }

    fn judge(&mut self, text: &str, heard: &Value) {
        let is_pong = heard["type"] == "pong";
        let seen = heard["clientseq"].as_u64();
        for (is_right, wrong) in [
            (text.chars().count() <= LONGEST, "too long"),
            (heard["version"] == "2", "another version"),
            (heard["id"] == self.session.as_str(), "another session"),
            (heard["seq"].as_u64() == Some(self.seen + 1), "a wrong number"),
            (seen.is_some_and(|seen| seen <= self.number), "it has seen what was not sent"),
            (!is_pong || seen == Some(self.number), "a pong for another ping"),
            (heard["parameters"].is_object(), "no parameters"),
        ] {
            if !is_right {
                self.complaints.push(format!("{wrong}: {text}"));
            }
        }
    }

    fn agree(&mut self, media: &[Value]) {
        if media.len() > 1 || media.iter().any(|entry| !self.offers.contains(entry)) {
            self.complaints.push(format!("what was not offered: {media:?}"));
        }
        let channels = media.first().and_then(|entry| entry["channels"].as_array());
        self.channels = channels.map_or(self.channels, |channels| channels.len() as u64);
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({}, {} messages, {} heard)", self.session, self.number, self.seen)
    }
}

/// As the vendor writes it: one sample is 125 µs.
fn time(samples: u64) -> String {
    let fraction = format!(".{:06}", samples % RATE * 125);
    format!("PT{}{}S", samples / RATE, fraction.trim_end_matches('0').trim_end_matches('.'))
}
