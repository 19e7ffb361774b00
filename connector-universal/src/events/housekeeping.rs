//! What is done from time to time: deleting old files, and forgetting what is long gone.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use connector_core::Result;
use connector_folder::{FolderPath, Listed};
use futures_util::TryStreamExt;
use tracing::info;

use super::inbox::Inbox;
use super::record::{Record, Sight};
use crate::settler::{PROCESSED, REJECTED};
use crate::shared::Shared;

/// What is not touched for this long is forgotten, unless files are kept longer.
const REMEMBERED: Duration = Duration::from_secs(30 * 86_400);

impl Shared {
    /// Deletes what is old, where that is asked for, and forgets what is long gone.
    pub(crate) async fn keep_house(&self, inbox: &mut Inbox, now: DateTime<Utc>) -> Result<()> {
        if let Some(purge_after) = self.config.purge_after {
            let age = TimeDelta::from_std(purge_after).unwrap_or(TimeDelta::MAX);
            self.note_first_sight(inbox, now).await?;
            if self.folder.writable().await? {
                self.purge_moved(age, now).await?;
                self.purge_unpaired(inbox, age, now).await?;
            }
        }
        self.forget(inbox, now).await
    }

    /// The age of a file that waits for its counterpart counts from when it was seen first: that must survive a restart.
    async fn note_first_sight(&self, inbox: &mut Inbox, now: DateTime<Utc>) -> Result<()> {
        let unnoted = inbox.unpaired().filter(|(_, record, sights)| record.sights != *sights);
        let noted: Vec<(String, Record)> =
            unnoted.map(|(name, record, sights)| (name.clone(), Record { sights, ..record.clone() })).collect();
        if noted.is_empty() {
            return Ok(());
        }
        self.ledger.put(noted.iter().map(|(name, record)| (name.clone(), record.to_note(now))).collect()).await?;
        noted.into_iter().for_each(|(name, record)| inbox.recall(&name, record));
        Ok(())
    }

    /// Files that were moved are deleted by the day in the name of the directory they were moved to.
    async fn purge_moved(&self, age: TimeDelta, now: DateTime<Utc>) -> Result<()> {
        for place in [PROCESSED, REJECTED] {
            let mut days = self.folder.list(&FolderPath::new(place)?);
            while let Some(entry) = days.try_next().await? {
                let Listed::Directory { path: day } = entry else { continue };
                let Ok(date) = day.name().parse::<NaiveDate>() else { continue };
                // The last moment of that day, so that no file goes early.
                let moved = date.and_hms_opt(23, 59, 59).map(|end| end.and_utc());
                if moved.is_some_and(|moved| now - moved > age) {
                    self.purge_day(&day).await?;
                }
            }
        }
        Ok(())
    }

    async fn purge_day(&self, day: &FolderPath) -> Result<()> {
        let mut files = self.folder.list(day);
        let mut count = 0;
        while let Some(entry) = files.try_next().await? {
            if let Listed::File { path, .. } = entry {
                count += usize::from(self.folder.remove(&path).await?);
            }
        }
        info!(origin = %self.cx.origin(), "deleted {count} files of {}", day.as_str());
        match self.folder.remove(day).await {
            // Somebody else put something there that is no file.
            Err(error) if error.is_changed() => Ok(()),
            removed => removed.map(drop),
        }
    }

    async fn purge_unpaired(&self, inbox: &mut Inbox, age: TimeDelta, now: DateTime<Utc>) -> Result<()> {
        let waiting = inbox.unpaired().flat_map(|(.., sights)| sights);
        let old: Vec<Sight> = waiting.filter(|sight| now - sight.at > age).collect();
        for Sight { mark: file, .. } in old {
            // What lies there by now may be another file, which has time.
            if self.folder.stat(&file.path).await?.as_ref() == Some(&file.version) {
                info!(origin = %self.cx.origin(), "deleting {}, which waited for its counterpart for too long", file.path);
                self.folder.remove(&file.path).await?;
            }
            inbox.gone(&file.path);
        }
        Ok(())
    }

    /// What still lies there stays remembered.
    async fn forget(&self, inbox: &Inbox, now: DateTime<Utc>) -> Result<()> {
        let keep =
            TimeDelta::from_std(self.config.purge_after.unwrap_or_default().max(REMEMBERED)).unwrap_or(TimeDelta::MAX);
        let mut forgotten_at = self.forgotten_at.lock().await;
        if forgotten_at.is_some_and(|last| now - last < keep / 4) {
            return Ok(());
        }
        let notes = inbox.remembered().map(|(name, record)| (name.clone(), record.to_note(now))).collect::<Vec<_>>();
        for notes in notes.chunks(1000) {
            self.ledger.put(notes.to_vec()).await?;
        }
        self.ledger.forget(now.checked_sub_signed(keep).unwrap_or(DateTime::<Utc>::MIN_UTC)).await?;
        *forgotten_at = Some(now);
        Ok(())
    }
}
