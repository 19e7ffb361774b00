//! What the loops need of a database.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use connector_core::{Cursor, Origin, Receipt, Result};

use crate::call::{Message, StoredCall};
use crate::work::{Batch, Lease, Recorded, UnsettledRejection, WorkRow};

/// Where work, metadata and outgoing messages are kept. Ours is [`SqliteStore`](crate::SqliteStore).
///
/// A row of work is `due` at a time, `leased` until a time, or `done`. Every method is one transaction: when it returns,
/// what it did is durable. Whatever a method does may be done twice with the same result.
#[async_trait]
pub trait WorkStore: Debug + Send + Sync + 'static {
    /// Writes down all that a delivery brings, with its cursor, or nothing.
    ///
    /// An event whose key is known changes nothing, except that a receipt not yet held is added. Events that make work
    /// ([`Cause::of`](crate::Cause::of)) make a row of work due, or widen the row that is there: facts are
    /// [merged](connector_core::Conversation::merge), receipts united, the greater cause stands, and its generation rises.
    /// A finished row begins anew with the cause of the event; one that was given up keeps its cause, for that is owed still.
    ///
    /// A rejection is written down once for its receipt, or for what it says where it has none. One with a receipt is to be
    /// settled again each time it is offered.
    async fn record(&self, batch: &Batch) -> Result<Recorded>;

    /// The position stored with the last batch of a source.
    async fn cursor(&self, origin: &Origin) -> Result<Option<Cursor>>;

    /// Leases up to `limit` rows of these sources that are due, or whose lease has run out, the longest due first. A lease
    /// that ran out counts as an attempt in vain.
    async fn lease(&self, of: &[Origin], now: DateTime<Utc>, length: Duration, limit: usize) -> Result<Vec<WorkRow>>;

    /// When the next row of these sources is due; `None` when there is nothing to do.
    async fn next_due(&self, of: &[Origin]) -> Result<Option<DateTime<Utc>>>;

    /// Prolongs a lease. `false` when it is lost.
    async fn renew(&self, lease: &Lease, until: DateTime<Utc>) -> Result<bool>;

    /// What is stored of a call.
    async fn call(&self, origin: &Origin, conversation: &str) -> Result<Option<StoredCall>>;

    /// Whether a call is stored, is being worked on or waits for it, or was given up: what is heard of it belongs to it,
    /// whoever took part.
    async fn is_known(&self, origin: &Origin, conversation: &str) -> Result<bool>;

    /// Stores the next version of a call, and its message to be published, in one transaction.
    ///
    /// `false`, and nothing is stored, when the lease is lost or the version before it is not `call.version - 1`.
    async fn commit(&self, lease: &Lease, call: &StoredCall) -> Result<bool>;

    /// The messages of a call that have not been published, in the order of their versions.
    async fn unpublished(&self, origin: &Origin, conversation: &str) -> Result<Vec<Message>>;

    /// Notes that a message was published.
    async fn published(&self, key: &str, at: DateTime<Utc>) -> Result<()>;

    /// Ends the work on a row, whose receipts up to now are settled. If something arrived since it was leased, it is due
    /// again at once.
    async fn finish(&self, lease: &Lease, settled: &[Receipt], now: DateTime<Utc>) -> Result<()>;

    /// Gives a row back, to be due at a time, or earlier if something arrived since it was leased. `failed` says why it was in
    /// vain, which counts as an attempt.
    async fn park(&self, lease: &Lease, due: DateTime<Utc>, failed: Option<&str>) -> Result<()>;

    /// Gives a row up: it is not due again until something new arrives, and a dead letter says why.
    async fn bury(&self, lease: &Lease, reason: &str, detail: &str, now: DateTime<Utc>) -> Result<()>;

    /// Up to `limit` rejections of these sources of which the source has not been told, with ids above `after`, in order.
    async fn unsettled_rejections(&self, of: &[Origin], after: i64, limit: usize) -> Result<Vec<UnsettledRejection>>;

    /// Notes that the source was told of a rejection.
    async fn rejection_settled(&self, id: i64, at: DateTime<Utc>) -> Result<()>;
}

/// Hands the signature of every method of [`WorkStore`] to a macro, for stores that wrap others.
#[cfg(any(test, feature = "testing"))]
macro_rules! each_method {
    ($then:ident) => {
        $then! {
            fn record(&self, batch: &$crate::work::Batch) -> $crate::work::Recorded;
            fn cursor(&self, origin: &connector_core::Origin) -> Option<connector_core::Cursor>;
            fn lease(
                &self,
                of: &[connector_core::Origin],
                now: chrono::DateTime<chrono::Utc>,
                length: std::time::Duration,
                limit: usize
            ) -> Vec<$crate::work::WorkRow>;
            fn next_due(&self, of: &[connector_core::Origin]) -> Option<chrono::DateTime<chrono::Utc>>;
            fn renew(&self, lease: &$crate::work::Lease, until: chrono::DateTime<chrono::Utc>) -> bool;
            fn call(&self, origin: &connector_core::Origin, conversation: &str) -> Option<$crate::call::StoredCall>;
            fn is_known(&self, origin: &connector_core::Origin, conversation: &str) -> bool;
            fn commit(&self, lease: &$crate::work::Lease, call: &$crate::call::StoredCall) -> bool;
            fn unpublished(&self, origin: &connector_core::Origin, conversation: &str) -> Vec<$crate::call::Message>;
            fn published(&self, key: &str, at: chrono::DateTime<chrono::Utc>) -> ();
            fn finish(
                &self,
                lease: &$crate::work::Lease,
                settled: &[connector_core::Receipt],
                now: chrono::DateTime<chrono::Utc>
            ) -> ();
            fn park(&self, lease: &$crate::work::Lease, due: chrono::DateTime<chrono::Utc>, failed: Option<&str>) -> ();
            fn bury(
                &self,
                lease: &$crate::work::Lease,
                reason: &str,
                detail: &str,
                now: chrono::DateTime<chrono::Utc>
            ) -> ();
            fn unsettled_rejections(
                &self,
                of: &[connector_core::Origin],
                after: i64,
                limit: usize
            ) -> Vec<$crate::work::UnsettledRejection>;
            fn rejection_settled(&self, id: i64, at: chrono::DateTime<chrono::Utc>) -> ();
        }
    };
}
#[cfg(any(test, feature = "testing"))]
pub(crate) use each_method;
