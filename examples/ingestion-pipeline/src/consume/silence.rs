//! How long a source is waited for.

use std::future::Future;
use std::time::Duration;

use connector_core::{Error, Result};

/// A source that gives no sign for so long is not waited for any longer.
pub(crate) const SILENCE: Duration = Duration::from_secs(600);

/// Waits for a source's answer, but not for ever.
pub(super) async fn in_time<T>(answer: impl Future<Output = Result<T>>) -> Result<T> {
    let silent = || Error::transient(format!("the source gave no answer within {} s", SILENCE.as_secs()));
    tokio::time::timeout(SILENCE, answer).await.unwrap_or_else(|_| Err(silent()))
}
