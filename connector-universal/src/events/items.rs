//! From files to the items of a delivery.

use connector_core::{CallEvent, CallEventKind, EventKey, Item, Result};

use super::record::Record;
use crate::conversation::agent;
use crate::files::{File, Mark, receipt};
use crate::reading::{Media, ReadSidecar, read_media};
use crate::shared::Shared;
use crate::{MediaName, Reason, Refused};

impl Shared {
    /// A recording, with its metadata if it has any, becomes the end of a call.
    pub(crate) async fn ended(
        &self,
        name: &MediaName,
        media: &File,
        sidecar: Option<(&ReadSidecar, &File)>,
    ) -> Result<Item> {
        let media = read_media(&*self.folder, media, &name.extension).await?;
        let hash = sidecar.map_or("-", |(read, _)| read.hash.as_str());
        let key = format!("{}|{hash}|{}", name.stem, media.mark.version);
        let marks: Vec<Mark> =
            std::iter::once(media.mark.clone()).chain(sidecar.map(|(_, file)| file.mark())).collect();
        let read = sidecar.map(|(read, _)| read);
        Ok(self.event(CallEventKind::Ended, key, &marks, name, Some(&media), read))
    }

    /// A sidecar without its recording becomes a change of metadata.
    pub(crate) fn changed(&self, name: &MediaName, read: &ReadSidecar, file: &File) -> Item {
        let key = format!("{}|{}", name.stem, read.hash);
        self.event(CallEventKind::MetadataChanged, key, &[file.mark()], name, None, Some(read))
    }

    fn event(
        &self,
        kind: CallEventKind,
        key: String,
        marks: &[Mark],
        name: &MediaName,
        media: Option<&Media>,
        read: Option<&ReadSidecar>,
    ) -> Item {
        let call = self.mapping.conversation(name, media, read);
        let at = call.ended.or(call.started).unwrap_or_else(|| self.mapping.call_at(name));
        let mut event = CallEvent::new(EventKey::new(key), call.this.clone(), kind, at);
        event.agent = Some(agent(name));
        event.revision = call.legs.first().and_then(|leg| leg.revision.clone());
        event.receipt = Some(receipt(marks));
        event.raw = read.filter(|_| self.cx.raw().keeps_conversations()).map(ReadSidecar::raw);
        event.facts = Some(Box::new(call));
        Item::Event(event)
    }
}

/// A file with a name that cannot be read becomes a rejection without a receipt: nobody could say what to move.
pub(crate) fn report(mut record: Record, about: String) -> (Item, Record) {
    let detail = "the name is not UTF-8, or no name that every system takes: rename the file";
    record.reported = true;
    (Item::Rejected(Refused::new(Reason::UnreadableName, detail).rejects(about)), record)
}

/// Files that cannot be used become a rejection, which is remembered until they are out of the way.
pub(crate) fn reject(mut record: Record, marks: Vec<Mark>, there: &[Mark], refused: Refused) -> (Item, Record) {
    let what = marks.first().map(|mark| mark.path.to_string()).unwrap_or_default();
    let rejected = refused.rejects(what).with_receipt(receipt(&marks));
    record.reject(&marks, there);
    (Item::Rejected(rejected), record)
}
