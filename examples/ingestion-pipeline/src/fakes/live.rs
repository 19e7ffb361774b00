//! A source of live sound that a test plays.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use connector_core::{
    AudioFormat, ConversationRef, Error, JobCheck, LiveAudioSource, LiveBudget, LiveEnd, LiveFeed, LiveSession,
    LiveSessions, Origin, Result, SampleFormat, Speaker,
};
use futures_util::{StreamExt, stream};
use tokio::sync::Notify;

/// Samples of a second.
pub(crate) const RATE: u64 = 8_000;

/// Hands over the sessions that a test begins. Clones share them.
#[derive(Clone)]
pub(crate) struct FakeLive {
    origin: Origin,
    begun: Arc<Mutex<VecDeque<Result<LiveSession>>>>,
    more: Arc<Notify>,
}

impl FakeLive {
    pub(crate) fn new(origin: &Origin) -> Self {
        Self { origin: origin.clone(), begun: Arc::default(), more: Arc::default() }
    }

    /// A session of customer and agent begins.
    pub(crate) fn begin(&self, session: &str, conversation: &str, began: DateTime<Utc>) -> Caller {
        let format = AudioFormat::new(SampleFormat::MuLaw, 8_000, [Speaker::Customer, Speaker::Agent]);
        let call = ConversationRef::new(conversation);
        let (session, feed) =
            LiveSession::new(&self.origin, session, call, began, format, &LiveBudget::new(8 << 20, 64 << 20));
        self.begun.lock().unwrap().push_back(Ok(session));
        self.more.notify_one();
        Caller { feed, seconds: 0 }
    }

    /// The stream of sessions fails.
    pub(crate) fn fail(&self) {
        self.begun.lock().unwrap().push_back(Err(Error::transient("the line is down")));
        self.more.notify_one();
    }
}

impl fmt::Debug for FakeLive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FakeLive({})", self.origin)
    }
}

#[async_trait]
impl LiveAudioSource for FakeLive {
    fn sessions(&self) -> LiveSessions {
        let next = |source: Self| async move {
            loop {
                let begun = source.begun.lock().unwrap().pop_front();
                match begun {
                    Some(session) => return Some((session, source)),
                    None => source.more.notified().await,
                }
            }
        };
        stream::unfold(self.clone(), next).boxed()
    }

    async fn check(&self) -> JobCheck {
        JobCheck::Ok
    }
}

/// Whoever is heard in a session: every sample of the n-th second is n.
pub(crate) struct Caller {
    feed: LiveFeed,
    seconds: u64,
}

impl Caller {
    /// Both talk for so many seconds.
    pub(crate) fn talk(&mut self, seconds: u64) {
        for _ in 0..seconds {
            let sound = vec![u8::try_from(self.seconds).unwrap(); 2 * usize::try_from(RATE).unwrap()];
            self.feed.frame(self.seconds * RATE, sound.into()).unwrap();
            self.seconds += 1;
        }
    }

    /// So many seconds are lost on the way.
    pub(crate) fn lose(&mut self, seconds: u64) {
        self.feed.lost(self.seconds * RATE, seconds * RATE);
        self.seconds += seconds;
    }

    /// Both hang up.
    pub(crate) fn hang_up(self) {
        self.feed.end(self.seconds * RATE, LiveEnd::Finished);
    }

    /// Whether nobody listens any more, now or soon.
    pub(crate) async fn is_deserted(&self) -> bool {
        self.is_deserted_within(Duration::from_secs(25)).await
    }

    pub(crate) async fn is_deserted_within(&self, time: Duration) -> bool {
        tokio::time::timeout(time, self.feed.deserted()).await.is_ok()
    }
}
