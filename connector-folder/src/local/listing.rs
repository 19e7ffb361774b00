//! A directory, read some entries at a time.

use std::path::Path;
use std::sync::Arc;

use connector_core::Result;

use super::entry::Entry;
use super::place::Entries;
use crate::folder::masked_name;
use crate::{FolderPath, Listed};

/// A directory on its way to being listed.
pub(super) struct Lister {
    root: Arc<Path>,
    dir: FolderPath,
    entries: Option<Entries>,
}

impl Lister {
    pub(super) fn new(root: Arc<Path>, dir: FolderPath) -> Self {
        Self { root, dir, entries: None }
    }

    /// About that many entries more; none at the end.
    pub(super) fn next_batch(&mut self, size: usize) -> Result<Vec<Listed>> {
        if self.entries.is_none() {
            self.entries = Entries::open(&self.root, self.dir.as_str())?;
        }
        let Some(entries) = &mut self.entries else { return Ok(Vec::new()) };
        let mut batch = Vec::with_capacity(size);
        while batch.len() < size {
            let Some(entry) = entries.next() else { break };
            batch.extend(entry?.map(|entry| listed(&self.dir, entry)));
        }
        Ok(batch)
    }
}

fn listed(dir: &FolderPath, (name, version): Entry) -> Listed {
    match (name.to_str().and_then(|name| dir.join(name).ok()), version) {
        (Some(path), Some(version)) => Listed::File { path, version },
        (Some(path), None) => Listed::Directory { path },
        (None, _) => Listed::Unreadable { about: masked_name(&name.to_string_lossy()) },
    }
}
