//! Memory for bodies, counted in bytes before they are read.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use http::Request;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The memory of a hub: that of all, and that of each tenant with a route.
#[derive(Debug)]
pub(crate) struct Memory {
    all: Arc<Semaphore>,
    per_tenant: usize,
    tenants: Mutex<HashMap<Arc<str>, Weak<Semaphore>>>,
}

impl Memory {
    pub(crate) fn new(bytes: usize, per_tenant: usize) -> Self {
        Self { all: semaphore(bytes), per_tenant, tenants: Mutex::default() }
    }

    /// The budget of a tenant: one for all of its routes.
    pub(crate) fn of(&self, tenant: &Arc<str>) -> Budget {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        let known = tenants.get(tenant).and_then(Weak::upgrade);
        let own = known.unwrap_or_else(|| {
            tenants.retain(|_, budget| budget.strong_count() > 0);
            let own = semaphore(self.per_tenant);
            tenants.insert(tenant.clone(), Arc::downgrade(&own));
            own
        });
        Budget { all: self.all.clone(), tenant: own }
    }
}

fn semaphore(bytes: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new((bytes / 1024).min(Semaphore::MAX_PERMITS)))
}

/// In KiB, rounded up; at least one, so that empty requests are bounded too.
fn kib(bytes: usize) -> usize {
    bytes.div_ceil(1024).max(1)
}

/// What a route may hold.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    all: Arc<Semaphore>,
    tenant: Arc<Semaphore>,
}

impl Budget {
    /// Room for so many bytes, if there is any right now.
    pub(crate) fn reserve(&self, bytes: usize) -> Option<Room> {
        self.take(kib(bytes))
    }

    fn take(&self, kib: usize) -> Option<Room> {
        let kib = u32::try_from(kib).ok()?;
        let tenant = self.tenant.clone().try_acquire_many_owned(kib).ok()?;
        let all = self.all.clone().try_acquire_many_owned(kib).ok()?;
        Some(Room { tenant, all })
    }

    /// Makes a room large enough for so many bytes; whether it could be done.
    pub(crate) fn grow(&self, room: &mut Room, bytes: usize) -> bool {
        let missing = kib(bytes).saturating_sub(room.all.num_permits());
        let Some(more) = (missing > 0).then(|| self.take(missing)) else { return true };
        let Some(more) = more else { return false };
        room.all.merge(more.all);
        room.tenant.merge(more.tenant);
        true
    }
}

/// Memory that is set aside, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Room {
    tenant: OwnedSemaphorePermit,
    all: OwnedSemaphorePermit,
}

impl Room {
    /// Gives back what so many bytes do not need.
    pub(crate) fn shrink(&mut self, bytes: usize) {
        let surplus = self.all.num_permits().saturating_sub(kib(bytes));
        drop((self.all.split(surplus), self.tenant.split(surplus)));
    }
}

/// The memory that a request holds: given back once the last clone is dropped.
///
/// A receiver hands it to [`Intake::submit`](super::Intake::submit), so that what a pipeline has not stored yet still
/// counts, though its request was answered long ago.
#[derive(Clone, Default)]
pub struct Held(Option<Arc<Room>>);

impl Held {
    /// That of a request that a [`Hub`](super::Hub) handed on.
    pub fn of<B>(request: &Request<B>) -> Self {
        request.extensions().get::<Self>().cloned().unwrap_or_default()
    }

    /// None, for tests.
    pub fn nothing() -> Self {
        Self::default()
    }

    pub(crate) fn new(room: Room) -> Self {
        Self(Some(Arc::new(room)))
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Held({} KiB)", self.0.as_ref().map_or(0, |room| room.all.num_permits()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_tenant_cannot_take_what_is_left_to_the_others() {
        let memory = Memory::new(10 << 10, 6 << 10);
        let (ours, theirs) = (memory.of(&"ours".into()), memory.of(&"theirs".into()));
        let held = ours.reserve(6 << 10).unwrap();
        assert!(ours.reserve(1).is_none());
        assert!(memory.of(&"ours".into()).reserve(1).is_none(), "another route of the same tenant");
        // What all have is less than what both may have: a failed attempt takes nothing.
        assert!(theirs.reserve(5 << 10).is_none());
        let other = theirs.reserve(4 << 10).unwrap();
        drop(held);
        assert!(ours.reserve(6 << 10).is_some());
        drop(other);
        assert!(theirs.reserve(6 << 10).is_some());
    }

    #[test]
    fn a_room_grows_as_far_as_the_budget_and_shrinks_to_what_it_holds() {
        let memory = Memory::new(8 << 10, 8 << 10);
        let budget = memory.of(&"acme".into());
        let mut room = budget.reserve(1).unwrap();
        assert!(budget.grow(&mut room, 8 << 10) && !budget.grow(&mut room, (8 << 10) + 1));
        assert!(budget.reserve(1).is_none());
        room.shrink(3 << 10);
        assert!(budget.reserve(5 << 10).is_some() && budget.reserve((5 << 10) + 1).is_none());
    }

    #[test]
    fn what_a_tenant_without_routes_still_holds_counts_when_it_comes_back() {
        let memory = Memory::new(8 << 10, 4 << 10);
        let held = memory.of(&"acme".into()).reserve(4 << 10).unwrap();
        assert!(memory.of(&"acme".into()).reserve(1).is_none());
        drop(held);
        for n in 0..100 {
            memory.of(&n.to_string().into());
        }
        assert!(memory.tenants.lock().unwrap().len() < 3, "tenants that are gone are forgotten");
    }
}
