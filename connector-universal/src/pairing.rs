//! Which files belong together, and what is to be done with them: rules without I/O.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use connector_folder::{FolderPath, Version};

use crate::config::SidecarMode;
use crate::record::{Mark, Record, Taken, TakenSidecar};
use crate::sidecar::{Format, Sidecar};
use crate::{Kind, NameRules, Reason, Refused};

/// The rules of one source.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) names: NameRules,
    pub(crate) sidecar: SidecarMode,
    pub(crate) grace: Duration,
    pub(crate) required_fields: Vec<String>,
    pub(crate) media_limit: u64,
    pub(crate) sidecar_limit: u64,
    pub(crate) update_window: Duration,
}

/// A file that lies in the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) path: FolderPath,
    pub(crate) version: Version,
    /// Since when this version is known to be whole; `None` while it may still grow.
    pub(crate) whole: Option<DateTime<Utc>>,
    /// Whether it was unchanged for the whole settle time, rather than whole by word alone.
    pub(crate) quiet: bool,
}

impl File {
    pub(crate) fn mark(&self) -> Mark {
        Mark { path: self.path.clone(), version: self.version.clone() }
    }
}

/// What is to be done with the files of one stem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Nothing, until something changes.
    Rest,
    /// Nothing yet.
    Wait(Wait),
    /// These files cannot be used.
    Refuse(Vec<Mark>, Refused),
    /// The recording is complete without a sidecar.
    Take(File),
    /// The sidecar is to be read: it belongs to the recording, or updates one that was taken.
    Read { media: Option<File>, sidecar: File, format: Format },
}

/// What files wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// A file may still grow.
    Settling,
    /// The recording's sidecar.
    Metadata,
    /// The recording's sidecar, up to this time.
    MetadataUntil(DateTime<Utc>),
    /// The sidecar's recording.
    Recording,
    /// A sidecar with all required fields.
    RequiredFields,
    /// Somebody to ask for the calls of this agent.
    Watched,
}

/// What a sidecar that was read amounts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Recording and metadata are complete.
    Take,
    /// New metadata for a recording that was taken.
    Update,
    /// The metadata that was taken already, once more.
    Repeat,
    /// Nothing yet.
    Wait(Wait),
    /// The sidecar cannot be used.
    Refuse(Refused),
}

/// Decides about the files of one stem, as far as that is possible without reading any.
pub(crate) fn decide(
    rules: &Rules,
    now: DateTime<Utc>,
    first_seen: DateTime<Utc>,
    files: &[File],
    record: &Record,
) -> Decision {
    let files = files.iter().filter(|file| !record.is_rejected(&file.mark()));
    let (mut media, mut sidecars, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for file in files {
        match rules.names.kind(file.path.name()) {
            Kind::Media => media.push(file),
            Kind::Sidecar(format) => sidecars.push((file, format)),
            Kind::Yaml | Kind::Other => others.push(file),
        }
    }
    if let Some(refusal) = refuse_names(rules, &media, &sidecars, &others) {
        return refusal;
    }
    if let Some(refusal) = refuse_numbers(rules, &media, &sidecars, record) {
        return refusal;
    }
    let sidecar = sidecars.first().copied();
    let taken = record.taken.as_ref();
    match media.first().filter(|media| taken.is_none_or(|taken| taken.media != media.mark())) {
        Some(media) => decide_recording(rules, now, first_seen, media, sidecar),
        None => sidecar.map_or(Decision::Rest, |(sidecar, format)| decide_update(sidecar, format, taken)),
    }
}

/// Names that do not follow the pattern. A sidecar goes where its recording goes.
fn refuse_names(rules: &Rules, media: &[&File], sidecars: &[(&File, Format)], others: &[&File]) -> Option<Decision> {
    let whole = |files: &[&File]| files.iter().copied().find(|file| file.whole.is_some()).cloned();
    if let Some(other) = whole(others) {
        let name = other.path.name();
        let refused = match rules.names.kind(name) {
            Kind::Yaml => rules.names.parse_sidecar(name).err(),
            _ => rules.names.parse_media(name).err(),
        };
        return refused.map(|refused| Decision::Refuse(vec![other.mark()], refused));
    }
    let media = whole(media)?;
    let refused = rules.names.parse_media(media.path.name()).err()?;
    let whole_sidecars = sidecars.iter().filter(|(file, _)| file.whole.is_some()).map(|(file, _)| file.mark());
    Some(Decision::Refuse(std::iter::once(media.mark()).chain(whole_sidecars).collect(), refused))
}

/// Too many files of one stem, and files that are too large: known without reading a byte.
fn refuse_numbers(rules: &Rules, media: &[&File], sidecars: &[(&File, Format)], record: &Record) -> Option<Decision> {
    let settled = |files: &[&File], refused: Refused| {
        if files.iter().all(|file| file.whole.is_some()) {
            Decision::Refuse(files.iter().map(|file| file.mark()).collect(), refused)
        } else {
            Decision::Wait(Wait::Settling)
        }
    };
    let taken_name = record.taken.as_ref().map(|taken| &taken.media.path);
    if media.len() > 1 || media.first().is_some_and(|media| taken_name.is_some_and(|taken| *taken != media.path)) {
        let detail = "another recording has the same name but for its extension: nobody can say which one the metadata describes";
        return Some(settled(media, Refused::new(Reason::AmbiguousMedia, detail)));
    }
    let sidecar_files: Vec<&File> = sidecars.iter().map(|(file, _)| *file).collect();
    if rules.sidecar == SidecarMode::None && !sidecars.is_empty() {
        let detail = "the recordings of this source come without metadata: see the setting sidecar";
        return Some(settled(&sidecar_files, Refused::new(Reason::SidecarNotExpected, detail)));
    }
    if sidecars.len() > 1 {
        let detail = "exactly one metadata file belongs to a recording; the recording waits for it";
        return Some(settled(&sidecar_files, Refused::new(Reason::MoreThanOneSidecar, detail)));
    }
    if let Some(media) = media.first().filter(|media| media.version.size > rules.media_limit) {
        let detail = format!(
            "{} bytes, and the limit is {}: see the setting media_limit",
            media.version.size, rules.media_limit
        );
        let both: Vec<&File> = std::iter::once(*media).chain(sidecar_files).collect();
        return Some(settled(&both, Refused::new(Reason::MediaTooLarge, detail)));
    }
    let sidecar = sidecar_files.first().filter(|sidecar| sidecar.version.size > rules.sidecar_limit)?;
    let detail = format!("{} bytes, and the limit is {}", sidecar.version.size, rules.sidecar_limit);
    Some(settled(&[sidecar], Refused::new(Reason::SidecarTooLarge, detail)))
}

fn decide_recording(
    rules: &Rules,
    now: DateTime<Utc>,
    first_seen: DateTime<Utc>,
    media: &File,
    sidecar: Option<(&File, Format)>,
) -> Decision {
    let Some((sidecar, format)) = sidecar else {
        let until = first_seen + TimeDelta::from_std(rules.grace).unwrap_or(TimeDelta::MAX);
        return match rules.sidecar {
            _ if media.whole.is_none() => Decision::Wait(Wait::Settling),
            SidecarMode::Required => Decision::Wait(Wait::Metadata),
            SidecarMode::Optional if now < until => Decision::Wait(Wait::MetadataUntil(until)),
            SidecarMode::Optional | SidecarMode::None => Decision::Take(media.clone()),
        };
    };
    if media.whole.is_none() || sidecar.whole.is_none() {
        return Decision::Wait(Wait::Settling);
    }
    Decision::Read { media: Some(media.clone()), sidecar: sidecar.clone(), format }
}

/// A sidecar without a recording that is still to be taken.
fn decide_update(sidecar: &File, format: Format, taken: Option<&Taken>) -> Decision {
    match taken {
        None => Decision::Wait(Wait::Recording),
        Some(taken) if taken.sidecar.as_ref().is_some_and(|known| known.mark == sidecar.mark()) => Decision::Rest,
        Some(_) if sidecar.whole.is_none() => Decision::Wait(Wait::Settling),
        Some(_) => Decision::Read { media: None, sidecar: sidecar.clone(), format },
    }
}

/// Judges a sidecar that was read.
pub(crate) fn judge(
    rules: &Rules,
    media: Option<&File>,
    sidecar: &File,
    hash: &str,
    content: Result<&Sidecar, &Refused>,
    record: &Record,
) -> Verdict {
    let content = match content {
        Ok(content) => content,
        // Whole by word alone, and it does not parse: perhaps the uploader closes the file more than once.
        Err(refused) if refused.reason == Reason::NotReadable && !sidecar.quiet => {
            return Verdict::Wait(Wait::Settling);
        }
        Err(refused) => return Verdict::Refuse(refused.clone()),
    };
    let missing = rules.required_fields.iter().find(|field| content.get(field).is_none());
    if media.is_some() {
        return missing.map_or(Verdict::Take, |_| Verdict::Wait(Wait::RequiredFields));
    }
    let Some(taken) = &record.taken else { return Verdict::Wait(Wait::Recording) };
    match (&taken.sidecar, missing) {
        (Some(known), _) if known.hash == hash => Verdict::Repeat,
        (Some(_), _) if is_too_late(rules, taken, sidecar) => {
            let hours = rules.update_window.as_secs() / 3600;
            let detail = format!("updates are taken up to {hours} hours after the call: see the setting update_window");
            Verdict::Refuse(Refused::new(Reason::UpdateWindowClosed, detail))
        }
        (_, Some(missing)) => {
            let detail = "this source requires the field; the metadata that was taken stays as it is";
            Verdict::Refuse(Refused::new(Reason::MetadataIncomplete, detail).with_at(missing))
        }
        (_, None) => Verdict::Update,
    }
}

/// The first sidecar of a recording is never too late: only a newer version of one is an update.
fn is_too_late(rules: &Rules, taken: &Taken, sidecar: &File) -> bool {
    let window = TimeDelta::from_std(rules.update_window).unwrap_or(TimeDelta::MAX);
    let closes = taken.call_at.checked_add_signed(window).unwrap_or(DateTime::<Utc>::MAX_UTC);
    sidecar.whole.is_some_and(|seen| seen > closes)
}

/// What is remembered once the pair, or the update, is accepted.
pub(crate) fn remember(
    record: &mut Record,
    media: Option<&File>,
    sidecar: Option<(&File, &str)>,
    call_at: DateTime<Utc>,
) {
    let sidecar = sidecar.map(|(file, hash)| TakenSidecar { mark: file.mark(), hash: hash.to_owned() });
    match (media, &mut record.taken) {
        (Some(media), taken) => *taken = Some(Taken { media: media.mark(), sidecar, call_at }),
        (None, Some(taken)) => taken.sidecar = sidecar.or_else(|| taken.sidecar.take()),
        (None, None) => {}
    }
}
