//! Whose calls a subscription is about, while it runs.

use std::sync::Arc;

use tokio::sync::watch;

use crate::AgentRef;

/// A live handle on the people whose calls are to be heard. Clones share it: a change reaches every running stream.
///
/// ```
/// use connector_core::{AgentRef, Watch};
/// let kay = AgentRef::default().with_login("kay");
/// let watch = Watch::these([]);
/// assert!(!watch.covers(&kay));
/// watch.set([kay.clone()]);
/// assert!(watch.covers(&kay));
/// assert!(Watch::everyone().covers(&kay));
/// ```
#[derive(Clone, Debug)]
pub struct Watch(Arc<watch::Sender<Option<Arc<[AgentRef]>>>>);

impl Watch {
    /// Everybody, known or not.
    pub fn everyone() -> Self {
        Self::of(None)
    }

    /// These people and nobody else.
    pub fn these(people: impl IntoIterator<Item = AgentRef>) -> Self {
        Self::of(Some(people.into_iter().collect()))
    }

    fn of(people: Option<Arc<[AgentRef]>>) -> Self {
        Self(Arc::new(watch::Sender::new(people)))
    }

    /// From now on these people and nobody else.
    pub fn set(&self, people: impl IntoIterator<Item = AgentRef>) {
        self.0.send_replace(Some(people.into_iter().collect()));
    }

    /// The people watched now; `None` for everybody.
    pub fn people(&self) -> Option<Arc<[AgentRef]>> {
        self.0.borrow().clone()
    }

    /// Whether this person's calls are to be heard now.
    pub fn covers(&self, who: &AgentRef) -> bool {
        self.0.borrow().as_ref().is_none_or(|people| people.iter().any(|known| known.may_be(who)))
    }

    /// For connectors: something that waits for the next change.
    pub fn changes(&self) -> WatchChanges {
        WatchChanges(self.0.subscribe())
    }
}

/// Waits for changes of a [`Watch`].
#[derive(Debug)]
pub struct WatchChanges(watch::Receiver<Option<Arc<[AgentRef]>>>);

impl WatchChanges {
    /// Waits until the watch has changed since the last call. Never returns once all handles are gone.
    pub async fn next(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
