//! What the other rooms keep with a context, by its type: the context itself knows none of them.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
#[cfg(feature = "http")]
use std::sync::{Mutex, PoisonError};

type Map = BTreeMap<TypeId, Arc<dyn Any + Send + Sync>>;

/// Clones have what is shared in common, before and after, and keep what they were given.
#[derive(Clone, Default)]
pub(super) struct Parts {
    #[cfg(feature = "http")]
    shared: Arc<Mutex<Map>>,
    given: Map,
}

impl Parts {
    /// The one value of this type that all clones share, made by the first that asks.
    #[cfg(feature = "http")]
    pub(super) fn shared<T: Any + Send + Sync + Default>(&self) -> Arc<T> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let part = shared.entry(TypeId::of::<T>()).or_insert_with(|| Arc::new(T::default())).clone();
        part.downcast().expect("a part lies under its type")
    }

    /// The value of this type that this clone was given.
    pub(super) fn given<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.given.get(&TypeId::of::<T>()).and_then(|part| part.downcast_ref())
    }

    pub(super) fn give<T: Any + Send + Sync>(&mut self, part: T) {
        self.given.insert(TypeId::of::<T>(), Arc::new(part));
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn what_is_shared_is_one_and_what_is_given_stays_with_the_clone() {
        let parts = Parts::default();
        let mut clone = parts.clone();
        parts.shared::<AtomicU32>().fetch_add(1, Ordering::Relaxed);
        assert_eq!(clone.shared::<AtomicU32>().load(Ordering::Relaxed), 1);
        clone.give("tea");
        assert_eq!(clone.clone().given::<&str>(), Some(&"tea"));
        assert_eq!(parts.given::<&str>(), None);
    }
}
