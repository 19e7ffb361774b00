//! Recordings, one by one or in batches.

mod batch;
mod place;
mod single;
mod waiting;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use connector_core::http::{Link, MediaOptions};
use connector_core::{
    Conversation, Download, DownloadOptions, Error, JobCheck, Lookup, Priority, Recording, RecordingDownloader,
    RecordingOptions, RecordingSet, Result,
};

use crate::shared::Shared;
use crate::uses::RECORDINGS_CHECK;
use place::Place;

/// Recordings of calls.
///
/// For one call its metadata is asked for, then each recording of it by itself, which has the vendor make it ready in the
/// form that is set. One whose links are not there yet is an [`Outlook`](connector_core::Outlook) or
/// [`Lookup::NotReady`], never an error; one that was deleted, failed or lies in the archive is listed, and its download is
/// [`Lookup::Gone`]. With the setting `restore_archived` those in the archive are asked back. A recording with several files
/// is one recording for each of them, `<id>_<name of the file>`.
///
/// Several calls at once with [`Priority::Reconcile`] or [`Priority::Backfill`] are asked for in batches of 100, which takes
/// a few requests in place of two a recording. What comes of them is in the form that the vendor keeps, most often Ogg, and
/// has no times and no legs. Calls of which a batch lacks something are asked for one by one.
///
/// The permission is `recording:recording:view`; without `recording:recording:viewSensitiveData` recordings come with
/// silence in some places. That for the history does not cover them. The token is never sent to where recordings lie.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// use connector_core::testing::{FaultPlan, Scenario};
/// use connector_core::{Context, ConversationHistory, ConversationRef, Lookup, LookupOptions, RecordingDownloaderExt};
/// use connector_genesys::{Genesys, testing::Fake};
///
/// let fake = Fake::start(&Scenario::small(7), FaultPlan::none()).await?;
/// let genesys = Genesys::new(fake.config(), &Context::default())?;
/// # let recorded = fake.expected().into_iter().find(|call| !call.recordings.is_empty()).unwrap();
/// let id = ConversationRef::new(&recorded.conversation);
/// if let Lookup::Ready(call) = genesys.history().conversation(&id, LookupOptions::default()).await? {
///     let set = genesys.recordings().of(&call).await?;
///     assert_eq!(set.items[0].media_type.as_deref(), Some("audio/wav"));
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct GenesysRecordings {
    pub(crate) shared: Arc<Shared>,
}

impl fmt::Debug for GenesysRecordings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GenesysRecordings({})", self.shared.connection.cx.origin())
    }
}

#[async_trait]
impl RecordingDownloader for GenesysRecordings {
    fn patience(&self) -> Duration {
        self.shared.connection.config.recording_patience
    }

    async fn recordings(&self, of: &[Conversation], options: RecordingOptions) -> Vec<Result<RecordingSet>> {
        let mut answers = Vec::with_capacity(of.len());
        let mut known = match options.priority {
            Priority::Reconcile | Priority::Backfill if of.len() > 1 => self.by_batch(of, options.priority).await,
            _ => Vec::new(),
        }
        .into_iter();
        for call in of {
            answers.push(match known.next().flatten() {
                Some(set) => Ok(set),
                None => self.of_call(call, options.priority).await,
            });
        }
        answers
    }

    async fn download(&self, recording: &Recording, options: DownloadOptions) -> Result<Lookup<Download>> {
        let origin = self.shared.connection.cx.origin();
        let place = recording.locator.read::<Place>().map_err(|error| error.during("download").of(origin))?;
        let download = self.fetch(recording.locator.as_str(), &place, &options).await;
        download.map_err(|error| off_the_list(error).of(origin))
    }

    async fn check(&self) -> JobCheck {
        self.shared.check(&RECORDINGS_CHECK).await
    }
}

impl GenesysRecordings {
    async fn fetch(&self, locator: &str, place: &Place, options: &DownloadOptions) -> Result<Lookup<Download>> {
        let api = self.shared.connection.api().await?;
        let links = self.shared.links.source(locator, || self.link(place, options.priority));
        api.client.download(&links, options, &MediaOptions::default()).await
    }

    /// A link that is good now.
    async fn link(&self, place: &Place, priority: Priority) -> Result<Lookup<Link>> {
        match place {
            Place::One { conversation, recording, key, is_screen } => {
                let seen = self.look((conversation, recording), self.format(*is_screen), priority).await?;
                Ok(self.link_of(seen, key.as_deref()))
            }
            Place::Kept { conversation, recording, nth } => {
                self.kept_link((conversation, recording), *nth, priority).await
            }
        }
    }
}

/// A link that leads elsewhere than recordings may be fetched from.
fn off_the_list(error: Error) -> Error {
    let is_ours = error.is_forbidden() && error.status().is_none();
    if is_ours { error.advise("if recordings lie there, add the host to media_hosts") } else { error }
}
