//! Recordings, by Media Playback or from legacy files.

mod embedded;
mod legacy;
mod link;
mod place;
mod playback;
mod waiting;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use connector_core::http::MediaOptions;
use connector_core::{
    AgentRef, Conversation, Download, DownloadOptions, Expected, JobCheck, Lookup, Outlook, Priority, Recording,
    RecordingDownloader, RecordingOptions, RecordingSet, Result,
};

use crate::api::media::{Form, PERMISSION};
use crate::config::RecordingsFrom;
use crate::shared::Shared;
use place::Place;

/// A contact that nobody has, to see whether recordings may be asked for.
const NOBODY: &str = "1";

/// Recordings of calls.
///
/// Each question to Media Playback takes one of 150 in five minutes, and Media Playback is a licence that is billed. A call
/// has one file, which grows when a leg is added: its [`validator`](Recording::validator) is another one then.
/// [`segments`](Self::segments) are the parts of single agents. A recording that is not there yet is an
/// [`Outlook`](connector_core::Outlook) or [`Lookup::NotReady`], never an error; 403 is `is_forbidden`, with the permission
/// and the licence to look for.
///
/// The vendor documents Media Playback at <https://developer.niceincontact.com/API/MediaPlaybackAPI> and
/// <https://help.nice-incontact.com/content/recording/mediaplaybacksapis.htm>.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// use connector_core::testing::{FaultPlan, Scenario};
/// use connector_core::{Context, ConversationHistory, ConversationRef, Lookup, LookupOptions, RecordingDownloaderExt};
/// use connector_nice::{NiceCxone, testing::Fake};
///
/// let fake = Fake::start(&Scenario::small(7), FaultPlan::none()).await?;
/// let nice = NiceCxone::new(fake.config(), &Context::default())?;
/// # let recorded = fake.expected().into_iter().find(|call| !call.recordings.is_empty()).unwrap();
/// let id = ConversationRef::new(&recorded.conversation);
/// if let Lookup::Ready(call) = nice.history().conversation(&id, LookupOptions::default()).await? {
///     let set = nice.recordings().of(&call).await?;
///     assert_eq!(set.items.len(), 1);
///     assert_eq!(nice.recordings().segments(&call).await?.items.len(), call.legs.len());
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct NiceRecordings {
    pub(crate) shared: Arc<Shared>,
}

impl fmt::Debug for NiceRecordings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NiceRecordings({})", self.shared.connection.cx.origin())
    }
}

#[async_trait]
impl RecordingDownloader for NiceRecordings {
    fn patience(&self) -> Duration {
        self.shared.connection.config.recording_patience
    }

    async fn recordings(&self, of: &[Conversation], options: RecordingOptions) -> Vec<Result<RecordingSet>> {
        let mut answers = Vec::with_capacity(of.len());
        for call in of {
            let answer = self.of_call(call, options.priority).await;
            answers.push(self.shared.connection.note(answer));
        }
        answers
    }

    async fn download(&self, recording: &Recording, options: DownloadOptions) -> Result<Lookup<Download>> {
        let origin = self.shared.connection.cx.origin();
        let place = recording.locator.read::<Place>().map_err(|error| error.during("download").of(origin))?;
        let download = match &place {
            Place::File { contact, name } => self.download_file(contact, name, &options).await,
            _ => self.download_link(recording.locator.as_str(), &place, &options).await,
        };
        self.shared.connection.note(download).map_err(|error| error.of(origin))
    }

    async fn check(&self) -> JobCheck {
        let from = self.shared.connection.config.recordings_from;
        let asked = async {
            let api = self.shared.connection.api().await?;
            match from {
                RecordingsFrom::MediaPlayback => {
                    api.contact_played(NOBODY, Form::Download, Priority::Live).await.map(drop)
                }
                RecordingsFrom::LegacyFiles => api.call_logs(NOBODY, Priority::Live).await.map(drop),
            }
        };
        match from {
            RecordingsFrom::MediaPlayback => JobCheck::of(
                asked.await,
                "Search & Playback > Play/download recordings: Play Any, and the licence of Media Playback",
                PERMISSION,
            ),
            RecordingsFrom::LegacyFiles => {
                JobCheck::of(asked.await, "the files of contacts", crate::api::files::PERMISSION)
            }
        }
    }
}

impl NiceRecordings {
    /// One recording for each agent's part of a call, in place of the one file of all of them. Each names its leg in
    /// [`legs`](Recording::legs), if it is certain which one it is.
    ///
    /// # Errors
    /// `is_forbidden` with the permission that may be missing; those of a request.
    pub async fn segments(&self, call: &Conversation) -> Result<RecordingSet> {
        self.parts(call, None).await
    }

    /// One recording for each of this agent's parts of a call. The agent is known by the id, that of contacts or that of
    /// the directory of users.
    ///
    /// # Errors
    /// As for [`segments`](Self::segments).
    pub async fn segments_of(&self, call: &Conversation, agent: &AgentRef) -> Result<RecordingSet> {
        self.parts(call, Some(agent)).await
    }

    async fn parts(&self, call: &Conversation, agent: Option<&AgentRef>) -> Result<RecordingSet> {
        if was_never_recorded(call) {
            return Ok(RecordingSet::new(Vec::new(), Outlook::Never));
        }
        let answer = match self.shared.connection.config.recordings_from {
            RecordingsFrom::MediaPlayback => self.segments_by_playback(call, agent).await,
            // Each file is of one leg anyway.
            RecordingsFrom::LegacyFiles => self.by_files(call, Priority::Live).await.map(|mut set| {
                set.items.retain(|file| agent.is_none_or(|agent| is_of(call, file, agent)));
                set
            }),
        };
        self.shared.connection.note(answer)
    }

    async fn of_call(&self, call: &Conversation, priority: Priority) -> Result<RecordingSet> {
        if was_never_recorded(call) {
            return Ok(RecordingSet::new(Vec::new(), Outlook::Never));
        }
        match self.shared.connection.config.recordings_from {
            RecordingsFrom::MediaPlayback => self.by_playback(call, priority).await,
            RecordingsFrom::LegacyFiles => self.by_files(call, priority).await,
        }
    }

    async fn download_link(&self, locator: &str, place: &Place, options: &DownloadOptions) -> Result<Lookup<Download>> {
        let api = self.shared.connection.api().await?;
        let fresh = || link::link(&api, place, options.priority, self.soon());
        let links = self.shared.links.source(locator, fresh);
        api.client.download(&links, options, &MediaOptions::default()).await
    }
}

/// By the vendor's own word: no leg was logged.
fn was_never_recorded(call: &Conversation) -> bool {
    call.expected == Expected::None && call.legs.iter().all(|leg| leg.recorded == Some(false))
}

fn is_of(call: &Conversation, file: &Recording, agent: &AgentRef) -> bool {
    let mut legs = call.legs.iter().filter(|leg| file.legs.contains(&leg.id));
    legs.any(|leg| leg.agent.as_ref().is_some_and(|known| known.may_be(agent)))
}
