//! Where messages go once a call is stored.

use std::future::Future;

use async_trait::async_trait;
use connector_core::Result;

use crate::call::Message;

/// Hands a message to the next program. Any async closure from [`Message`] to `Result<()>` is one.
///
/// ```
/// use ingestion_pipeline::{Message, Outbox};
///
/// fn is_one(outbox: impl Outbox) {}
/// is_one(async |message: Message| {
///     println!("{}", message.key);
///     Ok(())
/// });
/// ```
///
/// A message may be handed over twice (the program may die between handing it over and noting so): its key tells.
#[async_trait]
pub trait Outbox: Send + Sync + 'static {
    /// Hands the message over. When this returns, the other side has it for good.
    async fn publish(&self, message: Message) -> Result<()>;
}

#[async_trait]
impl<F, Fut> Outbox for F
where
    F: Fn(Message) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<()>> + Send,
{
    async fn publish(&self, message: Message) -> Result<()> {
        self(message).await
    }
}
