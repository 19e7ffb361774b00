//! What is to be tidied up at the source.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::Priority;
use crate::{Receipt, Result};

/// Tidies up at the source once everything is stored: moves the dropped file, releases the lease.
#[async_trait]
pub trait Settler: Debug + Send + Sync + 'static {
    /// Says what became of the thing that the receipt stands for. Saying it twice is fine.
    async fn settle(&self, receipt: &Receipt, outcome: Outcome, options: SettleOptions) -> Result<()>;
}

/// The same job, shared.
#[async_trait]
impl<Job: Settler + ?Sized> Settler for Arc<Job> {
    async fn settle(&self, receipt: &Receipt, outcome: Outcome, options: SettleOptions) -> Result<()> {
        (**self).settle(receipt, outcome, options).await
    }
}

/// How to settle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SettleOptions {
    /// Who waits for it.
    pub priority: Priority,
}

/// What became of something that a source delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// Everything that belongs to it is stored.
    Stored,
    /// It cannot be used; the rejection is stored.
    Rejected {
        /// Why, for programs.
        reason: String,
        /// Where in it.
        at: Option<String>,
        /// Why, for people.
        detail: String,
    },
}
