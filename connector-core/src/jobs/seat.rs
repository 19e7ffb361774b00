//! That a source is listened to by one at a time.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::{StreamExt, stream};

use crate::{Error, Events, Origin, Result, SourceItem};

/// For connectors: what hears a source, as long as somebody asks it for more.
pub trait Listen: Send + 'static {
    /// The next thing that it hears. An error is the last one.
    fn next(&mut self) -> impl Future<Output = Result<SourceItem>> + Send;
}

/// For connectors: the seat of the one who listens to a source. Clones are the same seat.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// use connector_core::{Listen, Origin, Result, Seat, SourceItem, SourceStatus};
/// use futures_util::TryStreamExt;
///
/// struct Ears;
///
/// impl Listen for Ears {
///     async fn next(&mut self) -> Result<SourceItem> {
///         Ok(SourceItem::Status(SourceStatus::Live))
///     }
/// }
///
/// let (seat, origin) = (Seat::default(), Origin::new("acme", "cloud"));
/// let mut events = seat.deliveries(&origin, || Ears);
/// assert!(events.try_next().await?.is_some());
/// assert!(seat.deliveries(&origin, || Ears).try_next().await.unwrap_err().is_already_subscribed());
/// drop(events);
/// assert!(seat.deliveries(&origin, || Ears).try_next().await?.is_some());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Seat(Arc<AtomicBool>);

impl Seat {
    /// The stream of a listener, which has the seat until the stream is dropped or ends. Where somebody has it, the stream
    /// ends at once with [`is_already_subscribed`](Error::is_already_subscribed).
    pub fn deliveries<L: Listen>(&self, origin: &Origin, listener: impl FnOnce() -> L) -> Events {
        let Some(taken) = self.take() else {
            let error = Error::already_subscribed("somebody listens to this source already");
            return stream::iter([Err(error.during("deliveries").of(origin))]).boxed();
        };
        stream::unfold(Some((listener(), taken)), |listening| async {
            let (mut listener, taken) = listening?;
            match listener.next().await {
                Ok(item) => Some((Ok(item), Some((listener, taken)))),
                Err(error) => Some((Err(error), None)),
            }
        })
        .boxed()
    }

    fn take(&self) -> Option<Taken> {
        (!self.0.swap(true, Ordering::AcqRel)).then(|| Taken(self.0.clone()))
    }
}

/// The seat, taken.
struct Taken(Arc<AtomicBool>);

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt;

    use super::*;
    use crate::SourceStatus;

    /// Hears so much, and then trouble.
    struct Ears(usize);

    impl Listen for Ears {
        async fn next(&mut self) -> Result<SourceItem> {
            self.0 = self.0.checked_sub(1).ok_or_else(|| Error::transient("deaf"))?;
            Ok(SourceItem::Status(SourceStatus::Live))
        }
    }

    #[tokio::test]
    async fn an_error_is_the_last_item_and_gives_the_seat_back() {
        let (seat, origin) = (Seat::default(), Origin::new("acme", "cloud"));
        let mut events = seat.deliveries(&origin, || Ears(2));
        let refused = seat.deliveries(&origin, || Ears(9)).try_next().await.unwrap_err();
        assert!(
            refused.is_already_subscribed() && refused.to_string().starts_with("acme/cloud: deliveries"),
            "{refused}"
        );
        assert!(events.try_next().await.unwrap().is_some() && events.try_next().await.unwrap().is_some());
        assert!(events.try_next().await.unwrap_err().is_transient());
        assert!(events.try_next().await.unwrap().is_none());
        assert!(seat.clone().deliveries(&origin, || Ears(1)).try_next().await.unwrap().is_some());
    }
}
