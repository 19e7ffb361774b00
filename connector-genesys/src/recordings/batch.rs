//! Recordings of many calls at once, in the form that the vendor keeps.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use connector_core::http::Link;
use connector_core::{Conversation, Lookup, Outlook, Priority, Recording, RecordingKind, RecordingSet, Result};
use tokio::time::{Instant, sleep};

use super::GenesysRecordings;
use super::place::Place;
use crate::wire::recordings::BatchResult;

/// The most items of a batch.
const MOST: usize = 100;

/// How often a batch is asked how far it is. The vendor's own sample does so every five seconds.
const PAUSE: Duration = Duration::from_secs(5);

/// How long a batch is waited for. How long they take is not documented.
const LONGEST: Duration = Duration::from_secs(120);

/// The form that the vendor keeps, by the name of it that is not documented any further.
const AS_KEPT: &str = "NONE";

impl GenesysRecordings {
    /// The recordings of each of these calls, as far as batches have all of them. What comes of the others is for the way of
    /// single calls to find out, also what is wrong where a batch fails.
    pub(super) async fn by_batch(&self, of: &[Conversation], priority: Priority) -> Vec<Option<RecordingSet>> {
        let ids: BTreeSet<&str> = of.iter().map(|call| call.this.id.as_str()).collect();
        let items: Vec<(&str, Option<&str>)> = ids.into_iter().map(|id| (id, None)).collect();
        let mut results = Vec::new();
        for items in items.chunks(MOST) {
            match self.batch(items, priority).await {
                Ok(done) => results.extend(done.unwrap_or_default()),
                Err(error) => tracing::debug!(%error, "a batch of recordings failed"),
            }
        }
        let mut by_call: BTreeMap<&str, Vec<&BatchResult>> = BTreeMap::new();
        for one in results.iter().filter(|one| self.is_of_use(one)) {
            by_call.entry(one.conversation_id.as_deref().unwrap_or_default()).or_default().push(one);
        }
        let set = |call: &Conversation| self.of_results(call, by_call.get(call.this.id.as_str())?);
        of.iter().map(set).collect()
    }

    /// What came of a batch; `None` when it takes too long.
    async fn batch(&self, items: &[(&str, Option<&str>)], priority: Priority) -> Result<Option<Vec<BatchResult>>> {
        let api = self.shared.connection.api().await?;
        let (id, began) = (api.batch(items, priority).await?, Instant::now());
        loop {
            let progress = api.batch_progress(&id, priority).await?;
            if progress.is_done() {
                return Ok(Some(progress.results));
            }
            if began.elapsed() >= LONGEST {
                return Ok(None);
            }
            sleep(PAUSE).await;
        }
    }

    /// `None` when something is missing.
    fn of_results(&self, call: &Conversation, results: &[&BatchResult]) -> Option<RecordingSet> {
        let mut files: BTreeMap<&str, Vec<(&BatchResult, &Link)>> = BTreeMap::new();
        for one in results {
            let link = one.result_url.as_ref().filter(|_| !one.error_msg)?;
            files.entry(one.recording_id.as_deref()?).or_default().push((one, link));
        }
        let mut items = Vec::new();
        for (id, files) in files {
            for (nth, (one, link)) in files.iter().enumerate() {
                let name = if files.len() == 1 { id.to_owned() } else { format!("{id}_{nth}") };
                let place = Place::Kept { conversation: call.this.id.clone(), recording: id.to_owned(), nth };
                let mut recording = Recording::new(name, call.this.clone(), place.locator());
                recording.media_type.clone_from(&one.content_type);
                recording.kind = if is_video(one) { RecordingKind::Screen } else { RecordingKind::Call };
                self.shared.links.keep(recording.locator.as_str(), link);
                items.push(recording);
            }
        }
        Some(RecordingSet::new(items, Outlook::Complete))
    }

    /// What says nothing of its form is taken for sound, as what failed does.
    fn is_of_use(&self, one: &BatchResult) -> bool {
        let is_sound = one.content_type.as_deref().is_none_or(|form| form.trim_start().starts_with("audio/"));
        is_sound || is_video(one) && self.shared.connection.config.screens
    }

    /// A link to a file of a recording, in the form that the vendor keeps.
    pub(super) async fn kept_link(
        &self,
        (conversation, recording): (&str, &str),
        nth: usize,
        priority: Priority,
    ) -> Result<Lookup<Link>> {
        let done = self.batch(&[(conversation, Some(recording))], priority).await?;
        let Some(results) = done else { return Ok(Lookup::NotReady { retry_after: self.soon() }) };
        let mut files = results.into_iter().filter(|one| self.is_of_use(one) && !one.error_msg);
        if let Some(link) = files.nth(nth).and_then(|one| one.result_url) {
            return Ok(Lookup::Ready(link));
        }
        // By itself it says why.
        let seen = self.look((conversation, recording), Some(AS_KEPT), priority).await?;
        Ok(self.link_of(seen, None))
    }
}

fn is_video(one: &BatchResult) -> bool {
    one.content_type.as_deref().is_some_and(|form| form.trim_start().starts_with("video/"))
}
