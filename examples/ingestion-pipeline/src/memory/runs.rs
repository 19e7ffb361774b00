//! What reconciliation needs of the store in memory: what is stored, and runs and gaps.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use connector_core::reconcile::{Archive, Gaps, ReconcileMode, Stored, StoredMedia, StoredVersion};
use connector_core::{Conversation, Origin, Result};

use super::{MemoryStore, State};
use crate::call::Media;
use crate::recover::{ReconcileLog, Run};

/// What is stored of one source.
#[derive(Debug)]
struct MemoryArchive(MemoryStore, Origin);

#[async_trait]
impl Archive for MemoryArchive {
    async fn stored(&self, of: &[Conversation]) -> Result<Vec<Option<Stored>>> {
        let tables = self.0.look();
        let stored = of.iter().map(|call| {
            let id = &call.this.id;
            let work = tables.work.iter().find(|work| work.row.origin == self.1 && work.row.conversation.id == *id);
            let call = tables.calls.get(&(self.1.clone(), id.clone()));
            let media = match (work.map(|work| &work.state), call.map(|call| call.media)) {
                (Some(State::Due | State::Leased { .. }), _) => StoredMedia::Pending,
                (_, None) => return None,
                (_, Some(Media::Complete)) => StoredMedia::Complete,
                (_, Some(Media::None)) => StoredMedia::None,
                (_, Some(Media::Missing | Media::Partial)) => StoredMedia::Missing,
            };
            let legs = call.iter().flat_map(|call| &call.document.legs);
            Some(legs.fold(Stored::new(media), |stored, leg| {
                let version = leg.revision.clone().map_or(StoredVersion::Unknown, StoredVersion::Revision);
                stored.with_leg(leg.id.clone(), version)
            }))
        });
        Ok(stored.collect())
    }
}

#[async_trait]
impl ReconcileLog for MemoryStore {
    fn archive(&self, origin: &Origin) -> Arc<dyn Archive> {
        Arc::new(MemoryArchive(self.clone(), origin.clone()))
    }

    async fn open_gaps(&self, origin: &Origin) -> Result<Gaps> {
        Ok(self.look().gaps.get(origin).cloned().unwrap_or_default())
    }

    async fn close_gaps(&self, origin: &Origin, from: DateTime<Utc>, reached: DateTime<Utc>) -> Result<Gaps> {
        let mut tables = self.look();
        let gaps = tables.gaps.entry(origin.clone()).or_default();
        gaps.close(from, reached);
        Ok(gaps.clone())
    }

    async fn open_run(&self, origin: &Origin, name: &str) -> Result<Option<Run>> {
        let tables = self.look();
        let is_it = |run: &&Run| run.origin == *origin && run.name == name && run.ended.is_none();
        Ok(tables.runs.iter().filter(is_it).max_by_key(|run| run.began).cloned())
    }

    async fn last_run(&self, origin: &Origin, mode: ReconcileMode) -> Result<Option<Run>> {
        let tables = self.look();
        let is_it = |run: &&Run| run.origin == *origin && run.report.mode == mode;
        Ok(tables.runs.iter().filter(is_it).max_by_key(|run| run.began).cloned())
    }

    async fn save_run(&self, run: &Run) -> Result<()> {
        let mut tables = self.look();
        let key = |run: &Run| (run.origin.clone(), run.name.clone(), run.began);
        tables.runs.retain(|known| key(known) != key(run));
        tables.runs.push(run.clone());
        Ok(())
    }
}
