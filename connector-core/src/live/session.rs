//! A session, from when somebody begins to send the sound of a call until nobody does.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_core::stream::BoxStream;

use super::feed::{self, LiveBudget, LiveFeed};
use super::{AudioFormat, LiveItems};
use crate::{ConversationRef, Origin, PhoneNumber, Raw, Result};

/// Sessions as they begin. An `Err` is the last item.
pub type LiveSessions = BoxStream<'static, Result<LiveSession>>;

/// The sound of a call from when somebody began to send it until nobody does. A call may have several, one after another.
///
/// Made by a connector with a [`LiveFeed`]. Dropping it lets the vendor know that nobody listens.
#[non_exhaustive]
pub struct LiveSession {
    /// Whose call it is.
    pub origin: Origin,
    /// The vendor's id of the session, unlike that of any other session of the source.
    pub id: String,
    /// The call.
    pub conversation: ConversationRef,
    /// When the first sample was taken, by our clock.
    pub began: DateTime<Utc>,
    /// How the sound is written down.
    pub format: Arc<AudioFormat>,
    /// The number of the customer, where the vendor tells it.
    pub customer: Option<PhoneNumber>,
    /// The number that was dialled, where the vendor tells it.
    pub dialled: Option<PhoneNumber>,
    /// The language that is spoken, such as `en-US`, where the vendor tells it.
    pub language: Option<String>,
    /// What the vendor said of it, kept as the [`RawPolicy`](crate::RawPolicy) says.
    pub raw: Option<Raw>,
    items: feed::Items,
}

impl LiveSession {
    /// A session, and the end that its items come in by.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
    /// use connector_core::{AudioFormat, ConversationRef, Frame, LiveBudget, LiveEnd, LiveItem, LiveSession, Origin, SampleFormat, Speaker};
    /// use futures_util::TryStreamExt;
    ///
    /// let format = AudioFormat::new(SampleFormat::MuLaw, 8_000, [Speaker::Customer, Speaker::Agent]);
    /// let (origin, call, began) = (Origin::new("acme", "cloud"), ConversationRef::new("c-1"), "2026-10-19T08:00:00Z".parse().unwrap());
    /// let (session, feed) = LiveSession::new(&origin, "s-1", call, began, format, &LiveBudget::default());
    ///
    /// feed.frame(0, vec![0xFF; 1600].into())?; // 100 ms of silence from both
    /// feed.end(800, LiveEnd::Finished);
    /// let mut items = session.into_items();
    /// let Some(LiveItem::Frame(frame)) = items.try_next().await? else { panic!() };
    /// assert_eq!((frame.position.to_string().as_str(), frame.channel(Speaker::Agent).len()), ("0.000", 800));
    /// # Ok(()) }
    /// ```
    pub fn new(
        origin: &Origin,
        id: impl Into<String>,
        conversation: ConversationRef,
        began: DateTime<Utc>,
        format: AudioFormat,
        budget: &LiveBudget,
    ) -> (Self, LiveFeed) {
        let format = Arc::new(format);
        let (feed, items) = feed::pair(format.clone(), budget);
        let session = Self {
            origin: origin.clone(),
            id: id.into(),
            conversation,
            began,
            format,
            customer: None,
            dialled: None,
            language: None,
            raw: None,
            items,
        };
        (session, feed)
    }

    /// What is heard in it, in the order of its positions. Dropping the stream lets the vendor know that nobody listens.
    pub fn into_items(self) -> LiveItems {
        self.items.into_stream()
    }
}

/// Numbers are not shown.
impl fmt::Debug for LiveSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveSession")
            .field("origin", &self.origin)
            .field("id", &self.id)
            .field("conversation", &self.conversation.id)
            .field("began", &self.began)
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}
