//! A disk on which there is only so much room.

use std::sync::{Arc, Mutex};

use connector_core::{Error, Result};

/// The room that a sink and a store share: endless, until it is limited. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk(Arc<Mutex<Option<usize>>>);

impl Disk {
    /// From now on there is room for so many bytes.
    pub(crate) fn limit(&self, bytes: usize) {
        *self.0.lock().unwrap() = Some(bytes);
    }

    /// Somebody made room, as much as is ever needed.
    pub(crate) fn make_room(&self) {
        *self.0.lock().unwrap() = None;
    }

    pub(crate) fn is_limited(&self) -> bool {
        self.0.lock().unwrap().is_some()
    }

    /// Takes so many bytes, or none.
    pub(crate) fn take(&self, bytes: usize) -> Result<()> {
        let mut left = self.0.lock().unwrap();
        let Some(room) = &mut *left else { return Ok(()) };
        let full = || Error::storage("the disk is full").advise("free some space on the disk; nothing was lost");
        *room = room.checked_sub(bytes).ok_or_else(full)?;
        Ok(())
    }

    pub(crate) fn give_back(&self, bytes: usize) {
        self.0.lock().unwrap().iter_mut().for_each(|room| *room += bytes);
    }
}
