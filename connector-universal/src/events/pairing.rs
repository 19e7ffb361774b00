//! Which files belong together, and what is to be done with them: rules without I/O.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::record::{Record, Taken, TakenSidecar};
use crate::DropFolderConfig;
use crate::config::SidecarMode;
use crate::files::{File, Mark};
use crate::sidecar::{Format, Limits, Sidecar};
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

impl Rules {
    pub(super) fn new(config: &DropFolderConfig, names: &NameRules, limits: &Limits) -> Self {
        Self {
            names: names.clone(),
            sidecar: config.sidecar,
            grace: config.grace,
            required_fields: config.required_fields.clone(),
            media_limit: config.media_limit,
            sidecar_limit: limits.bytes,
            update_window: config.update_window,
        }
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
    /// A file has a name, shown here masked, by which it cannot be spoken of.
    Report(String),
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
pub(crate) fn decide(rules: &Rules, now: DateTime<Utc>, files: &[File], record: &Record) -> Decision {
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
        Some(media) => decide_recording(rules, now, media, sidecar),
        None => sidecar.map_or(Decision::Rest, |(sidecar, format)| decide_update(sidecar, format, taken)),
    }
}

/// Names that do not follow the pattern. A sidecar goes where its recording goes.
fn refuse_names(rules: &Rules, media: &[&File], sidecars: &[(&File, Format)], others: &[&File]) -> Option<Decision> {
    let refused = |file: &File| match rules.names.kind(file.path.name()) {
        Kind::Yaml => rules.names.parse_sidecar(file.path.name()).err(),
        _ => rules.names.parse_media(file.path.name()).err(),
    };
    let mut refusals = others.iter().filter(|file| file.whole).filter_map(|file| Some((file.mark(), refused(file)?)));
    if let Some((first, why)) = refusals.next() {
        let alike = refusals.filter(|(_, refused)| *refused == why).map(|(mark, _)| mark);
        return Some(Decision::Refuse(std::iter::once(first).chain(alike).collect(), why));
    }
    let media = media.iter().find(|file| file.whole)?;
    let why = refused(media)?;
    let whole_sidecars = sidecars.iter().filter(|(file, _)| file.whole).map(|(file, _)| file.mark());
    Some(Decision::Refuse(std::iter::once(media.mark()).chain(whole_sidecars).collect(), why))
}

/// Too many files of one stem, and files that are too large: known without reading a byte.
///
/// A file that was taken, and still lies there, is no longer one of too many: those that came after it are.
fn refuse_numbers(rules: &Rules, media: &[&File], sidecars: &[(&File, Format)], record: &Record) -> Option<Decision> {
    let settled = |files: &[&File], refused: Refused| {
        if files.iter().all(|file| file.whole) {
            Decision::Refuse(files.iter().map(|file| file.mark()).collect(), refused)
        } else {
            Decision::Wait(Wait::Settling)
        }
    };
    let taken = record.taken.as_ref();
    let strangers: Vec<&File> =
        media.iter().copied().filter(|media| taken.is_none_or(|taken| taken.media.path != media.path)).collect();
    if strangers.len() > 1 || (taken.is_some() && !strangers.is_empty()) {
        let detail = "another recording has the same name but for its extension: nobody can say which one the metadata describes";
        return Some(settled(&strangers, Refused::new(Reason::AmbiguousMedia, detail)));
    }
    let sidecar_files: Vec<&File> = sidecars.iter().map(|(file, _)| *file).collect();
    if rules.sidecar == SidecarMode::None && !sidecars.is_empty() {
        let detail = "the recordings of this source come without metadata: see the setting sidecar";
        return Some(settled(&sidecar_files, Refused::new(Reason::SidecarNotExpected, detail)));
    }
    if sidecars.len() > 1 {
        let taken = taken.and_then(|taken| taken.sidecar.as_ref()).map(|sidecar| &sidecar.mark);
        let others: Vec<&File> = sidecar_files.into_iter().filter(|file| taken != Some(&file.mark())).collect();
        let detail = "exactly one metadata file belongs to a recording, which waits for it or has another one";
        return Some(settled(&others, Refused::new(Reason::MoreThanOneSidecar, detail)));
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

fn decide_recording(rules: &Rules, now: DateTime<Utc>, media: &File, sidecar: Option<(&File, Format)>) -> Decision {
    let Some((sidecar, format)) = sidecar else {
        let grace = TimeDelta::from_std(rules.grace).unwrap_or(TimeDelta::MAX);
        let until = media.first_seen.checked_add_signed(grace).unwrap_or(DateTime::<Utc>::MAX_UTC);
        return match rules.sidecar {
            _ if !media.whole => Decision::Wait(Wait::Settling),
            SidecarMode::Required => Decision::Wait(Wait::Metadata),
            SidecarMode::Optional if now < until => Decision::Wait(Wait::MetadataUntil(until)),
            SidecarMode::Optional | SidecarMode::None => Decision::Take(media.clone()),
        };
    };
    if !media.whole || !sidecar.whole {
        return Decision::Wait(Wait::Settling);
    }
    Decision::Read { media: Some(media.clone()), sidecar: sidecar.clone(), format }
}

/// A sidecar without a recording that is still to be taken.
fn decide_update(sidecar: &File, format: Format, taken: Option<&Taken>) -> Decision {
    match taken {
        None => Decision::Wait(Wait::Recording),
        Some(taken) if taken.sidecar.as_ref().is_some_and(|known| known.mark == sidecar.mark()) => Decision::Rest,
        // Word alone is not enough: the whole pair may be coming again, with the recording last.
        Some(_) if !sidecar.quiet => Decision::Wait(Wait::Settling),
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
        // Whole by word alone: perhaps the uploader closes the file more than once, and this is not the end of it.
        Err(_) if !sidecar.quiet => return Verdict::Wait(Wait::Settling),
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
    sidecar.first_seen > closes
}

/// What is remembered once the pair, or the update, is accepted.
pub(crate) fn remember(
    record: &mut Record,
    media: Option<&File>,
    sidecar: Option<(&File, &str)>,
    call_at: DateTime<Utc>,
) {
    record.sights.clear();
    let sidecar = sidecar.map(|(file, hash)| TakenSidecar { mark: file.mark(), hash: hash.to_owned() });
    match (media, &mut record.taken) {
        (Some(media), taken) => *taken = Some(Taken { media: media.mark(), sidecar, call_at }),
        (None, Some(taken)) => taken.sidecar = sidecar.or_else(|| taken.sidecar.take()),
        (None, None) => {}
    }
}

#[cfg(test)]
mod tests;
