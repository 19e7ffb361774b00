//! Recordings among the legacy files of contacts, for tenants without Media Playback.

use connector_core::{
    Conversation, Download, DownloadOptions, Error, Gone, Lookup, Priority, Recording, RecordingSet, Result, Stamp,
    Validator,
};

use super::NiceRecordings;
use super::embedded::embedded;
use super::place::Place;
use super::playback::lacks_legs;
use super::waiting::Extent;
use crate::api::files::PERMISSION;
use crate::wire::files::File;

/// The largest file that is fetched, in bytes: it comes whole within JSON, and cannot be taken up in the middle. What the
/// vendor allows is not documented.
const LARGEST: u64 = 100 << 20;

const MEDIA_TYPE: &str = "audio/wav";

impl NiceRecordings {
    pub(super) async fn by_files(&self, call: &Conversation, priority: Priority) -> Result<RecordingSet> {
        let api = self.shared.connection.api().await?;
        let mut items = Vec::new();
        for contact in contacts(call) {
            items.extend(recordings(call, contact, api.call_logs(contact, priority).await?));
        }
        let extent = match () {
            () if items.is_empty() => Extent::Nothing,
            () if lacks_legs(call, &items) => Extent::Part,
            () => Extent::Whole,
        };
        Ok(RecordingSet::new(items, self.outlook(call, extent, None)))
    }

    /// The file as it is now, if it still is.
    pub(super) async fn download_file(
        &self,
        contact: &str,
        name: &str,
        options: &DownloadOptions,
    ) -> Result<Lookup<Download>> {
        let api = self.shared.connection.api().await?;
        let files = api.call_logs(contact, options.priority).await?;
        let Some(file) = files.into_iter().find(|file| file.full_file_name.as_deref() == Some(name)) else {
            return Ok(Lookup::Gone(Gone::Deleted));
        };
        if file.size().is_some_and(|size| size > LARGEST) {
            return Err(Error::too_large(format!("the recording is larger than {LARGEST} bytes"))
                .advise("legacy files come whole within JSON; Media Playback has no such limit")
                .during("download"));
        }
        let version = version(&file);
        let is_same = version.is_some() && options.validator == version;
        let from = if is_same { options.from } else { 0 };
        let answer = match api.file(name, options.priority).stream_success().await {
            Ok(answer) => answer,
            Err(error) if error.is_not_found() => return Ok(Lookup::Gone(Gone::Deleted)),
            Err(error) if error.is_forbidden() => return Err(error.advise(PERMISSION)),
            Err(error) => return Err(error),
        };
        let mut download = Download::new(embedded(answer.body, from, file.size(), LARGEST));
        (download.from, download.size, download.validator) = (from, file.size(), version);
        Ok(Lookup::Ready(download))
    }
}

/// Whose files to ask for: each leg has its own.
fn contacts(call: &Conversation) -> Vec<&str> {
    let legs: Vec<&str> =
        call.legs.iter().filter(|leg| leg.recorded != Some(false)).map(|leg| leg.id.as_str()).collect();
    if call.legs.is_empty() { vec![&call.this.id] } else { legs }
}

fn recordings(call: &Conversation, contact: &str, mut files: Vec<File>) -> Vec<Recording> {
    // In an order that a further file does not change.
    files.sort_by(|a, b| (a.create_date, &a.full_file_name).cmp(&(b.create_date, &b.full_file_name)));
    let recording = |(index, file): (usize, File)| {
        let id = if index == 0 { contact.to_owned() } else { format!("{contact}-{}", index + 1) };
        let version = version(&file);
        let place = Place::File { contact: contact.to_owned(), name: file.full_file_name.clone()? };
        let mut recording = Recording::new(id, call.this.clone(), place.locator());
        recording.legs = vec![contact.to_owned()];
        recording.size = file.size();
        recording.media_type = Some(MEDIA_TYPE.to_owned());
        recording.validator = version;
        let leg = call.legs.iter().find(|leg| leg.id == contact);
        recording.started = leg.and_then(|leg| leg.started).map(|began| Stamp::derived(began.at));
        Some(recording)
    };
    files.into_iter().enumerate().filter_map(recording).collect()
}

/// Which version of the file it is, by the time when it was made or changed; `None` where that is not told.
fn version(file: &File) -> Option<Validator> {
    let at = file.modified_date.or(file.create_date)?;
    Some(Validator::new(format!("{};{}", at.timestamp_millis(), file.size().unwrap_or_default())))
}
