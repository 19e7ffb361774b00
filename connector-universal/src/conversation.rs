//! From names, metadata and headers to the common vocabulary.

pub(crate) mod fields;

use connector_core::wav::Header;
use connector_core::{
    AgentRef, Conversation, ConversationRef, Detail, Expected, Locator, Recording, Revision, Speaker, Stamp, Validator,
    Vendor, names,
};

use self::fields::complete;
use crate::reading::{Media, ReadSidecar};
use crate::{FieldMap, MediaName, NameRules, RefersTo};

/// The agent whose id stands in a name.
pub(crate) fn agent(name: &MediaName) -> AgentRef {
    let agent = AgentRef::default().with_login(name.uid.as_str());
    if name.uid.contains('@') { agent.with_email(name.uid.as_str()) } else { agent }
}

/// How a name is turned into facts.
#[derive(Clone, Debug)]
pub(crate) struct Mapping {
    pub(crate) names: NameRules,
    pub(crate) fields: FieldMap,
    pub(crate) channels: Option<Vec<Speaker>>,
}

impl Mapping {
    /// The time in a name.
    pub(crate) fn call_at(&self, name: &MediaName) -> Stamp {
        self.names.time_zone.stamp(name.local)
    }

    /// All that name, metadata and header say of a call.
    pub(crate) fn conversation(
        &self,
        name: &MediaName,
        media: Option<&Media>,
        sidecar: Option<&ReadSidecar>,
    ) -> Conversation {
        let stamp = self.call_at(name);
        let mut call = Conversation::new(ConversationRef::new(&name.stem).with_around(stamp.at), Vendor::UNIVERSAL);
        match self.names.timestamp_refers_to {
            RefersTo::Start => call.started = Some(stamp),
            RefersTo::End => call.ended = Some(stamp),
        }
        self.fields.fill(sidecar.map(|sidecar| &sidecar.content), &name.parts, &mut call);
        let length = media.and_then(|media| media.header.as_ref()).and_then(Header::duration);
        complete(&mut call.started, &mut call.ended, length);
        for leg in &mut call.legs {
            leg.agent = Some(agent(name));
            leg.revision = revision(media, sidecar);
            leg.recorded = media.map(|_| true);
            (leg.started, leg.ended) = (call.started, call.ended);
        }
        if let Some(media) = media {
            call.recordings.push(self.recording(&call, name, media));
        }
        call.expected = if media.is_some() { Expected::Count(1) } else { Expected::Unknown };
        call.detail = Detail::Full;
        call
    }

    fn recording(&self, call: &Conversation, name: &MediaName, media: &Media) -> Recording {
        let words = serde_json::to_string(&media.mark).expect("a path and a version can be written as JSON");
        let mut recording = Recording::new(&name.stem, call.this.clone(), Locator::new(words));
        recording.legs = call.legs.iter().map(|leg| leg.id.clone()).collect();
        recording.part = Some((1, 1));
        recording.started = call.started;
        recording.size = Some(media.mark.version.size);
        recording.media_type = names::media_type_of(&name.extension).map(str::to_owned);
        recording.validator = Some(Validator::new(media.mark.version.to_string()));
        if let Some(header) = &media.header {
            recording.length = header.duration();
            let speakers = self.channels.as_ref();
            recording.channels = speakers.filter(|speakers| speakers.len() == usize::from(header.channels)).cloned();
        }
        recording
    }
}

/// The version of the metadata: when all of it was there first, and what it says.
fn revision(media: Option<&Media>, sidecar: Option<&ReadSidecar>) -> Option<Revision> {
    let seen = media.map(|media| media.seen).into_iter().chain(sidecar.map(|sidecar| sidecar.seen)).max()?;
    let fingerprint = sidecar.map_or_else(|| "no sidecar".to_owned(), |sidecar| sidecar.hash.clone());
    Some(Revision::new(seen, fingerprint))
}
