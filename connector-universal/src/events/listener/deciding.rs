//! What becomes of stems that can be decided: sidecars are read, pairs handed on.

use connector_core::{Ack, Delivery, Error, Item, Result};
use connector_folder::Folder;
use tracing::{debug, warn};

use super::Listener;
use crate::MediaName;
use crate::conversation::agent;
use crate::events::ack::{FolderAck, HandedOn};
use crate::events::items::{reject, report};
use crate::events::pairing::{Decision, Verdict, Wait, judge, remember};
use crate::events::record::Record;
use crate::files::{File, Mark};
use crate::reading::{Content, read_sidecar};

/// Items in one delivery.
const AT_ONCE: usize = 64;
/// Stems about which the ledger is asked in one go.
const RECALLED_AT_ONCE: usize = 1000;

impl Listener {
    /// Everything that can be handed on now, up to a bound, in one delivery.
    pub(super) async fn deliver(&mut self) -> Result<Option<Delivery>> {
        self.recall().await?;
        while self.batch.len() < AT_ONCE {
            let now = self.shared.cx.clock().now();
            let Some((name, record, decision)) = self.inbox.next_ready(&self.rules, now) else { break };
            match self.act(&name, record, decision).await {
                Ok(Some((item, record))) => {
                    self.inbox.hand_on(&name);
                    self.batch.push((item, HandedOn { stem: name, record }));
                }
                Ok(None) => self.inbox.decided(&name),
                Err(error) if error.is_unauthorized() || error.is_config() => return Err(error),
                Err(error) => {
                    self.failed(&error);
                    self.inbox.put_off(&name, now);
                }
            }
        }
        if self.batch.is_empty() {
            return Ok(None);
        }
        let (items, handed_on) = self.batch.drain(..).unzip();
        let ack = Ack::new(FolderAck::new(self.shared.clone(), handed_on, self.told.0.clone()));
        Ok(Some(Delivery::new(items, self.shared.cx.clock().now(), ack)))
    }

    /// A file could not be read. The others go on.
    fn failed(&mut self, error: &Error) {
        if error.is_changed() || error.is_not_found() {
            debug!(origin = %self.shared.cx.origin(), "a file changed under our hands and is looked at again: {error}");
            self.list_at = self.shared.cx.clock().now();
        } else if self.file_trouble.as_ref() != Some(&error.to_string()) {
            self.file_trouble = Some(error.to_string());
            self.report(error);
        }
    }

    /// Asks the ledger about stems that are new here.
    async fn recall(&mut self) -> Result<()> {
        loop {
            let names = self.inbox.unknown(RECALLED_AT_ONCE);
            if names.is_empty() {
                return Ok(());
            }
            let notes = self.shared.ledger.get(&names).await?;
            for (name, note) in names.iter().zip(notes) {
                let record = Record::from_note(note.as_ref()).unwrap_or_else(|error| {
                    warn!(origin = %self.shared.cx.origin(), "a note is taken for none: {error}");
                    Record::default()
                });
                self.inbox.recall(name, record);
            }
        }
    }

    /// Carries out a decision: the item to hand on, and what is to be remembered once it is accepted.
    async fn act(&mut self, name: &str, mut record: Record, decision: Decision) -> Result<Option<(Item, Record)>> {
        match decision {
            Decision::Rest | Decision::Wait(_) => Ok(None),
            Decision::Report(about) => Ok(Some(report(record, about))),
            Decision::Refuse(marks, refused) => {
                if !self.may_touch(name, &marks) {
                    return Ok(None);
                }
                let there = self.inbox.files_of(name);
                check_files(&*self.shared.folder, &there).await?;
                Ok(Some(reject(record, marks, &there, refused)))
            }
            Decision::Take(media) => {
                let Some(parsed) = self.heard_of(name, &media) else { return Ok(None) };
                let call_at = self.shared.mapping.call_at(&parsed).at;
                remember(&mut record, Some(&media), None, call_at);
                let item = self.shared.ended(&parsed, &media, None).await?;
                Ok(Some((item, record)))
            }
            Decision::Read { media, sidecar, format } => {
                let Some(parsed) = self.heard_of(name, media.as_ref().unwrap_or(&sidecar)) else { return Ok(None) };
                if media.is_none() {
                    check_recording(&*self.shared.folder, &record).await?;
                }
                let content = read_sidecar(&*self.shared.folder, &sidecar, format, &self.shared.limits).await?;
                self.act_on_sidecar(name, record, &parsed, media.as_ref(), &sidecar, content).await
            }
        }
    }

    async fn act_on_sidecar(
        &mut self,
        name: &str,
        mut record: Record,
        parsed: &MediaName,
        media: Option<&File>,
        sidecar: &File,
        content: Content,
    ) -> Result<Option<(Item, Record)>> {
        let judged = content.parsed.as_ref();
        let verdict = judge(&self.rules, media, sidecar, &content.hash, judged, &record);
        let read = content.into_read(sidecar);
        let call_at = self.shared.mapping.call_at(parsed).at;
        let item = match (verdict, read, media) {
            (Verdict::Refuse(refused), ..) => {
                let there = self.inbox.files_of(name);
                return Ok(Some(reject(record, vec![sidecar.mark()], &there, refused)));
            }
            (Verdict::Wait(wait), ..) => {
                self.inbox.wait(name, wait);
                return Ok(None);
            }
            (Verdict::Take, Some(read), Some(media)) => {
                remember(&mut record, Some(media), Some((sidecar, &read.hash)), call_at);
                self.shared.ended(parsed, media, Some((&read, sidecar))).await?
            }
            (Verdict::Update | Verdict::Repeat, Some(read), _) => {
                remember(&mut record, None, Some((sidecar, &read.hash)), call_at);
                self.shared.changed(parsed, &read, sidecar)
            }
            (Verdict::Take | Verdict::Update | Verdict::Repeat, ..) => return Ok(None),
        };
        Ok(Some((item, record)))
    }

    /// The name of a file whose owner is watched; others are left alone until they are.
    fn heard_of(&mut self, name: &str, file: &File) -> Option<MediaName> {
        let Ok(parsed) = self.shared.mapping.names.parse(file.path.name()) else {
            // A sidecar of an id: it describes a recording of another source.
            self.inbox.wait(name, Wait::Recording);
            return None;
        };
        if self.watch.covers(&agent(&parsed)) {
            return Some(parsed);
        }
        self.inbox.wait(name, Wait::Watched);
        None
    }

    /// Whether somebody is watched whose files these may be. A name that cannot be read may be anybody's.
    fn may_touch(&mut self, name: &str, files: &[Mark]) -> bool {
        let mut names = files.iter().filter_map(|file| self.shared.mapping.names.parse(file.path.name()).ok());
        let may_touch = names.all(|name| self.watch.covers(&agent(&name)));
        if !may_touch {
            self.inbox.wait(name, Wait::Watched);
        }
        may_touch
    }
}

/// Whether files are all there as they were seen. That one was moved away is noticed late, and no refusal is to stand on
/// it.
///
/// # Errors
/// `is_changed` if one is not.
async fn check_files(folder: &dyn Folder, files: &[Mark]) -> Result<()> {
    for file in files {
        if folder.stat(&file.path).await?.as_ref() != Some(&file.version) {
            return Err(Error::changed("a file of this name changed or is gone"));
        }
    }
    Ok(())
}

/// Whether the recording whose metadata a sidecar may update is the one that was taken.
///
/// # Errors
/// `is_changed` if there is another one, of which there was no word yet.
async fn check_recording(folder: &dyn Folder, record: &Record) -> Result<()> {
    let Some(taken) = &record.taken else { return Ok(()) };
    let Some(version) = folder.stat(&taken.media.path).await? else { return Ok(()) };
    let there = Mark { path: taken.media.path.clone(), version };
    if there == taken.media || record.is_rejected(&there) {
        return Ok(());
    }
    Err(Error::changed("the recording came anew"))
}
