//! Names of recordings and sidecars: `YYYYMMDD-hhmmss_uid.ext`, or a pattern of the source's own.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use connector_core::Zone;
use serde::{Deserialize, Serialize};

use crate::sidecar::Format;
use crate::{Reason, Refused};

mod pattern;

pub use pattern::NamePattern;

/// The extensions of recordings, unless a source names its own.
pub const MEDIA_EXTENSIONS: [&str; 14] =
    ["wav", "mp3", "mp4", "m4a", "mpg", "wma", "webm", "aiff", "flac", "ogg", "gsm", "webex", "arf", "au"];

/// What the fields of a pattern are, for every message about a name that does not follow it.
const LEGEND: &str = "ts is YYYYMMDD-hhmmss, and the uid is not empty";

/// Which end of the call the time in a name means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefersTo {
    /// Its start.
    #[default]
    Start,
    /// Its end.
    End,
}

/// How the files of one source are named.
///
/// ```
/// use connector_universal::NameRules;
/// let rules = NameRules::new("America/New_York".parse().unwrap());
/// let name = rules.parse_media("20261102-235960_kay_lind.WAV").unwrap();
/// assert_eq!((name.uid.as_str(), name.extension.as_str()), ("kay_lind", "wav"));
/// assert_eq!(name.local.to_string(), "2026-11-03 00:00:00"); // second 60 is the next minute
/// assert_eq!(rules.time_zone.stamp(name.local).to_string(), "2026-11-03T05:00:00Z");
///
/// let refused = rules.parse_media("20261302-101500_kay.wav").unwrap_err();
/// assert_eq!(refused.to_string(), "bad_file_name: month 13 in the time: it goes from 01 to 12");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct NameRules {
    /// The zone of the time in the names.
    pub time_zone: Zone,
    /// What the stems look like.
    #[serde(default)]
    pub pattern: NamePattern,
    /// Which end of the call that time means.
    #[serde(default)]
    pub timestamp_refers_to: RefersTo,
    /// The extensions of recordings, in lower case.
    #[serde(default = "media_extensions")]
    pub media_extensions: Vec<String>,
    /// Whether `.yaml` is taken for `.yml`.
    #[serde(default)]
    pub accept_yaml: bool,
}

fn media_extensions() -> Vec<String> {
    MEDIA_EXTENSIONS.map(str::to_owned).to_vec()
}

/// What a file is, by its extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A recording.
    Media,
    /// Metadata of the recording with the same stem.
    Sidecar(Format),
    /// Metadata with the extension `.yaml`, which this source does not accept.
    Yaml,
    /// Anything else.
    Other,
}

/// What the name of a recording, or of its sidecar, says. Personal: `Debug` shows only extension and time.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MediaName {
    /// Everything before the last dot. Recording and sidecar have the same, byte for byte.
    pub stem: String,
    /// Everything after the last dot, in lower case.
    pub extension: String,
    /// The time as it stands in the name.
    pub stamp_text: String,
    /// The time on a clock of the source's zone, second 60 counted into the next minute.
    pub local: NaiveDateTime,
    /// Who was recorded: an extension, a login, an e-mail address.
    pub uid: String,
    /// What else the pattern picks out of the name: `dir`, `session`, `ani`, `dnis`, …
    pub parts: BTreeMap<String, String>,
}

impl fmt::Debug for MediaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MediaName({}_•••.{})", self.stamp_text, self.extension)
    }
}

impl NameRules {
    /// The default names, with times of this zone that mean the start of the call.
    pub fn new(time_zone: Zone) -> Self {
        Self {
            time_zone,
            pattern: NamePattern::default(),
            timestamp_refers_to: RefersTo::Start,
            media_extensions: media_extensions(),
            accept_yaml: false,
        }
    }

    /// What a file is, by its extension, letter case aside. A name without a stem or an extension is [`Kind::Other`].
    pub fn kind(&self, file_name: &str) -> Kind {
        let Some((_, extension)) = split_extension(file_name) else { return Kind::Other };
        let extension = extension.to_ascii_lowercase();
        match Format::of_extension(&extension) {
            Some(format) => Kind::Sidecar(format),
            None if extension == "yaml" && self.accept_yaml => Kind::Sidecar(Format::Yml),
            None if extension == "yaml" => Kind::Yaml,
            None if self.media_extensions.contains(&extension) => Kind::Media,
            None => Kind::Other,
        }
    }

    /// Reads the name of a recording.
    ///
    /// # Errors
    /// [`Reason::BadFileName`] if it does not follow the pattern. The detail quotes digits of the time and nothing else.
    pub fn parse_media(&self, file_name: &str) -> Result<MediaName, Refused> {
        match self.kind(file_name) {
            Kind::Media => self.parse(file_name),
            _ if split_extension(file_name).is_none() => Err(bad("the name has no extension".to_owned())),
            _ => Err(bad(format!("the extension is none of {}", self.media_extensions.join(", ")))),
        }
    }

    /// Reads the name of a sidecar, which follows the same pattern.
    ///
    /// # Errors
    /// [`Reason::YamlExtension`] for `.yaml` where the source does not accept it, else [`Reason::BadFileName`]. A sidecar
    /// whose name is an id rather than a time and a uid is a bad name here.
    pub fn parse_sidecar(&self, file_name: &str) -> Result<(Format, MediaName), Refused> {
        match self.kind(file_name) {
            Kind::Sidecar(format) => Ok((format, self.parse(file_name)?)),
            Kind::Yaml => {
                Err(Refused::new(Reason::YamlExtension, "the extension is .yaml: name it .yml, or set accept_yaml"))
            }
            _ => Err(bad("the extension is none of xml, json, csv, yml".to_owned())),
        }
    }

    /// Reads a name whatever its extension.
    pub(crate) fn parse(&self, file_name: &str) -> Result<MediaName, Refused> {
        check_characters(file_name)?;
        let Some((stem, extension)) = split_extension(file_name) else {
            return Err(bad("the name has no extension".to_owned()));
        };
        let Some(parts) = self.pattern.split(stem) else {
            return Err(bad(format!("the name does not follow the pattern {}: {LEGEND}", self.pattern)));
        };
        let (time, uid) = (parts.get("ts").unwrap_or_default(), parts.get("uid").unwrap_or_default());
        check_uid(uid)?;
        let others = parts.iter().filter(|(field, _)| !["ts", "uid"].contains(field));
        Ok(MediaName {
            stem: stem.to_owned(),
            extension: extension.to_ascii_lowercase(),
            stamp_text: time.to_owned(),
            local: local_time(time)?,
            uid: uid.to_owned(),
            parts: others.map(|(field, text)| (field.to_owned(), text.to_owned())).collect(),
        })
    }
}

/// Stem and extension: what stands before and after the last dot. `None` if either is empty.
///
/// ```
/// use connector_universal::split_extension;
/// assert_eq!(split_extension("20261102-101500_kay@example.com.wav"), Some(("20261102-101500_kay@example.com", "wav")));
/// assert_eq!(split_extension(".wav"), None);
/// ```
pub fn split_extension(file_name: &str) -> Option<(&str, &str)> {
    file_name.rsplit_once('.').filter(|(stem, extension)| !stem.is_empty() && !extension.is_empty())
}

fn bad(detail: String) -> Refused {
    Refused::new(Reason::BadFileName, detail)
}

fn check_characters(file_name: &str) -> Result<(), Refused> {
    match file_name.chars().find(|c| *c == '/' || c.is_control()) {
        Some('/') => Err(bad("the name holds a slash".to_owned())),
        Some(control) => Err(bad(format!("the name holds the control character U+{:04X}", u32::from(control)))),
        None => Ok(()),
    }
}

fn check_uid(uid: &str) -> Result<(), Refused> {
    if uid.is_empty() {
        return Err(bad("the uid is empty".to_owned()));
    }
    if uid.bytes().all(|byte| byte == b'.') {
        return Err(bad("the uid is nothing but dots: write an extension, a login or an e-mail address".to_owned()));
    }
    Ok(())
}

/// The time `YYYYMMDD-hhmmss` as a clock showed it. Second 60 is second 59 plus one, in any minute.
fn local_time(text: &str) -> Result<NaiveDateTime, Refused> {
    let bytes = text.as_bytes();
    let shaped = bytes.len() == 15
        && bytes.iter().enumerate().all(|(index, byte)| if index == 8 { *byte == b'-' } else { byte.is_ascii_digit() });
    if !shaped {
        return Err(bad(format!("the time in the name is not eight digits, a dash and six digits: {LEGEND}")));
    }
    let number =
        |from: usize, to: usize| bytes[from..to].iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    let (year, month, day) = (number(0, 4), number(4, 6), number(6, 8));
    let (hour, minute, second) = (number(9, 11), number(11, 13), number(13, 15));
    for (what, value, least, most) in [
        ("month", month, 1, 12),
        ("day", day, 1, 31),
        ("hour", hour, 0, 23),
        ("minute", minute, 0, 59),
        ("second", second, 0, 60),
    ] {
        if !(least..=most).contains(&value) {
            return Err(bad(format!("{what} {value:02} in the time: it goes from {least:02} to {most}")));
        }
    }
    let date = i32::try_from(year).ok().and_then(|year| NaiveDate::from_ymd_opt(year, month, day));
    let local = date.and_then(|date| date.and_hms_opt(hour, minute, second.min(59)));
    let local = local.ok_or_else(|| bad(format!("the calendar has no day {year:04}-{month:02}-{day:02}")))?;
    Ok(local + TimeDelta::seconds(i64::from(second == 60)))
}

#[cfg(test)]
mod tests;
