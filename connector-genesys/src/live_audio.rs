//! The fifth job: the sound of calls while they go on.

mod connection;
pub(crate) mod door;
pub(crate) mod entrance;
pub(crate) mod keys;
mod lobby;
mod media;
mod message;
pub(crate) mod monitoring;
pub(crate) mod options;
mod pace;
mod refused;
pub(crate) mod session;
mod signature;
mod stream_time;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use connector_core::{Error, JobCheck, LiveAudioSource, LiveSessions, Result};
use futures_util::{StreamExt, stream};

use self::entrance::Entrance;
use self::lobby::Lobby;
use crate::shared::Shared;

/// The sound of calls as they happen, sent by the integration *AudioHook Monitor*: customer and agent on a channel each,
/// where the trunk records both.
///
/// Genesys Cloud connects to us, so it takes [`AudioOptions`](crate::AudioOptions) and a [`Hub`](connector_core::inbound::Hub) that can be reached
/// from outside, with a certificate of a public authority. [`Genesys::audio_url`](crate::Genesys::audio_url) is what to enter
/// in the integration. Which calls are sent is decided there: by queue, see
/// [`Genesys::audio_monitoring`](crate::Genesys::audio_monitoring), or by a flow.
///
/// A call may have several sessions: one for each queue and each connection. Positions are those of the vendor: pauses, and
/// sound that it lost, count. The customer's number is what the vendor names `ani`, and the dialled one `dnis`; how they are
/// told for an outbound call is not documented. A session that ends as
/// [`BrokenOff`](connector_core::LiveEnd::BrokenOff) may go on in another one of the same call.
///
/// Somebody has to listen before anybody is let in: until then, and when too many sessions go on or wait to be taken, the
/// vendor is answered with 503. Whoever drops the items of a session ends it. How often the vendor tries again is not
/// documented.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> connector_core::Result<()> {
/// use connector_core::inbound::{Hub, HubOptions};
/// use connector_core::testing::{FaultPlan, Scenario};
/// use connector_core::{Context, LiveAudioSource, LiveItem, Secret, Speaker};
/// use connector_genesys::testing::{Fake, audiohook::{Client, Handshake}};
/// use connector_genesys::{AudioKey, AudioOptions, Genesys};
/// use futures_util::TryStreamExt;
///
/// let hub = Hub::new(HubOptions::default());
/// let key = AudioKey::new(Secret::literal("k-1"), Secret::literal("c3ludGhldGlj"));
/// let options = AudioOptions::new(key).with_route("8b1f0c6e5d7a42f9");
/// let config = Fake::new(&Scenario::small(7), FaultPlan::none()).config().with_audio(options);
/// let genesys = Genesys::new(config, &Context::default().with_inbound(&hub))?;
/// let url = genesys.audio_url("https://hooks.example.com/hooks");
/// assert_eq!(url.as_deref(), Some("wss://hooks.example.com/hooks/8b1f0c6e5d7a42f9/audiohook"));
///
/// let mut sessions = genesys.live_audio().sessions();
/// # let handshake = Handshake::new("/hooks/8b1f0c6e5d7a42f9/audiohook", "hooks.example.com");
/// # let mut vendor = Client::connect(&hub, &handshake.with_key("k-1", Some("c3ludGhldGlj"))).await.unwrap();
/// # vendor.open().await?;
/// # vendor.talk(1).await?;
/// # vendor.close("end").await?;
/// if let Some(session) = sessions.try_next().await? {
///     println!("call {} since {}", session.conversation, session.began);
///     let mut items = session.into_items();
///     while let Some(item) = items.try_next().await? {
///         match item {
///             LiveItem::Frame(frame) => println!("{} samples", frame.channel(Speaker::Customer).len()),
///             LiveItem::Ended { at, how } => println!("over at {at}: {how:?}"),
///             _ => {}
///         }
///     }
/// }
/// # Ok(()) }
/// ```
///
/// # Errors
/// The stream of sessions ends at once with `is_config` where there are no options or no hub, and with
/// `is_already_subscribed` while somebody else listens.
#[derive(Clone)]
pub struct GenesysAudio {
    pub(crate) shared: Arc<Shared>,
}

impl GenesysAudio {
    /// Lets nobody connect any more, says goodbye to the sessions that go on, and waits until they are over: some seconds.
    /// The stream of sessions ends.
    pub async fn close(&self) {
        if let Some(entrance) = &self.shared.entrance {
            entrance.close().await;
        }
    }

    /// How many sessions brought one of customer and agent alone, since *Dual channel* is off for the recordings of their
    /// trunk. The first one is told in the log.
    pub fn one_sided(&self) -> u64 {
        self.shared.entrance.as_ref().map_or(0, Entrance::one_sided)
    }

    /// Where sessions wait.
    fn lobby(&self) -> Result<&Lobby> {
        let none = || {
            let advice = "give it the keys of the integration AudioHook Monitor";
            Error::config("there are no options for audio").advise(advice)
        };
        self.shared.entrance.as_ref().ok_or_else(none)?.lobby()
    }
}

#[async_trait]
impl LiveAudioSource for GenesysAudio {
    fn sessions(&self) -> LiveSessions {
        let origin = self.shared.connection.cx.origin();
        match self.lobby() {
            Ok(lobby) => lobby.listen(origin),
            Err(error) => stream::iter([Err(error.during("sessions").of(origin))]).boxed(),
        }
    }

    async fn check(&self) -> JobCheck {
        let connection = &self.shared.connection;
        let keys = async {
            self.lobby().map_err(|error| error.of(connection.cx.origin()))?;
            let options = connection.config.audio.as_ref();
            if let Some(options) = options { options.check(&connection.cx).await } else { Ok(()) }
        };
        JobCheck::of(keys.await, "a key of live sound", "let this program read it")
    }
}

impl fmt::Debug for GenesysAudio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GenesysAudio({})", self.shared.connection.cx.origin())
    }
}
