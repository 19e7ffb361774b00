//! The sound of calls while they go on.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use super::JobCheck;
use crate::LiveSessions;

/// Takes the sound of calls while they go on.
#[async_trait]
pub trait LiveAudioSource: Debug + Send + Sync + 'static {
    /// Sessions as they begin. Only one stream at a time: a second one ends at once with
    /// [`is_already_subscribed`](crate::Error::is_already_subscribed). While there is none, no session is taken.
    fn sessions(&self) -> LiveSessions;

    /// Whether this job can work, and what is missing if not.
    async fn check(&self) -> JobCheck;
}

/// The same job, shared.
#[async_trait]
impl<Job: LiveAudioSource + ?Sized> LiveAudioSource for Arc<Job> {
    fn sessions(&self) -> LiveSessions {
        (**self).sessions()
    }

    async fn check(&self) -> JobCheck {
        (**self).check().await
    }
}
