//! Who works on conversations, and what the work needs.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use connector_core::{Clock, Connector, Origin, ResumeOptions};

use crate::live::Live;
use crate::outbox::Outbox;
use crate::progress::Progress;
use crate::scope::Scope;
use crate::sink::ObjectSink;
use crate::store::WorkStore;

/// How long a lease lasts without being renewed.
pub(crate) const LEASE: Duration = Duration::from_secs(60);

/// Works on conversations, one call of [`work`](Self::work) each.
pub(crate) struct Consumer {
    pub(crate) sources: HashMap<Origin, (Connector, Scope)>,
    pub(crate) store: Arc<dyn WorkStore>,
    pub(crate) sink: Arc<dyn ObjectSink>,
    pub(crate) outbox: Arc<dyn Outbox>,
    pub(crate) clock: Clock,
    pub(crate) resume: ResumeOptions,
    pub(crate) progress: Progress,
    /// Sound of calls that go on, where it is taken.
    pub(crate) live: Option<Arc<Live>>,
    /// How often in a row our own disk, database or queue failed.
    pub(crate) own_failures: AtomicU32,
}
