//! A store at whose doors work can be interrupted: before it did something, and after, but before anybody knows.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use connector_core::{Cursor, Origin, Receipt, Result};
use tokio::task::yield_now;

use super::MemoryStore;
use crate::call::{Message, StoredCall};
use crate::store::WorkStore;
use crate::work::{Batch, Lease, Recorded, UnsettledRejection, WorkRow};

#[derive(Debug)]
pub(crate) struct Interrupted(pub(crate) MemoryStore);

macro_rules! interrupted {
    ($(fn $name:ident(&self $(, $arg:ident: $type:ty)*) -> $answer:ty;)*) => {
        #[async_trait]
        impl WorkStore for Interrupted {
            $(
                async fn $name(&self $(, $arg: $type)*) -> Result<$answer> {
                    yield_now().await;
                    let answer = self.0.$name($($arg),*).await;
                    yield_now().await;
                    answer
                }
            )*
        }
    };
}

interrupted! {
    fn record(&self, batch: &Batch) -> Recorded;
    fn cursor(&self, origin: &Origin) -> Option<Cursor>;
    fn lease(&self, of: &[Origin], now: DateTime<Utc>, length: Duration, limit: usize) -> Vec<WorkRow>;
    fn next_due(&self, of: &[Origin]) -> Option<DateTime<Utc>>;
    fn renew(&self, lease: &Lease, until: DateTime<Utc>) -> bool;
    fn call(&self, origin: &Origin, conversation: &str) -> Option<StoredCall>;
    fn is_known(&self, origin: &Origin, conversation: &str) -> bool;
    fn commit(&self, lease: &Lease, call: &StoredCall) -> bool;
    fn unpublished(&self, origin: &Origin, conversation: &str) -> Vec<Message>;
    fn published(&self, key: &str, at: DateTime<Utc>) -> ();
    fn finish(&self, lease: &Lease, settled: &[Receipt], now: DateTime<Utc>) -> ();
    fn park(&self, lease: &Lease, due: DateTime<Utc>, failed: Option<&str>) -> ();
    fn bury(&self, lease: &Lease, reason: &str, detail: &str, now: DateTime<Utc>) -> ();
    fn unsettled_rejections(&self, of: &[Origin], after: i64, limit: usize) -> Vec<UnsettledRejection>;
    fn rejection_settled(&self, id: i64, at: DateTime<Utc>) -> ();
}
