//! What a point comes to.

use std::any::Any;
use std::future::Future;
use std::time::Duration;

use tokio::time::timeout;

use crate::Error;

/// How a point ends: what was seen, or why it does not hold.
pub(super) type Seen = Result<String, Miss>;

/// Why a point is not passed.
#[derive(Debug)]
pub(super) enum Miss {
    Failed(String),
    NotApplicable(String),
}

impl Miss {
    pub(super) fn failed(seen: impl Into<String>) -> Self {
        Self::Failed(seen.into())
    }

    pub(super) fn not_applicable(why: impl Into<String>) -> Self {
        Self::NotApplicable(why.into())
    }
}

/// An error where there should be none.
impl From<Error> for Miss {
    fn from(error: Error) -> Self {
        Self::Failed(format!("an error: {error}"))
    }
}

/// A panic, as a failure.
pub(super) fn panicked(panic: &(dyn Any + Send)) -> Miss {
    let words = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Miss::failed(format!("it panicked: {}", words.unwrap_or("without words")))
}

/// What a future gives, unless it takes longer than it may.
pub(super) async fn timely<T>(within: Duration, what: &str, future: impl Future<Output = T>) -> Result<T, Miss> {
    timeout(within, future).await.map_err(|_| Miss::failed(format!("{what} did not return within {within:?}")))
}

/// Some of many texts, for a person.
pub(super) fn some_of(texts: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = texts.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match texts.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
