//! `ingest.toml`: tenants, their sources, and where things lie.
#![cfg_attr(
    not(any(feature = "genesys", feature = "nice", feature = "universal")),
    allow(dead_code, unused, reason = "a build without any source")
)]

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use connector_core::length;
use ingestion_pipeline::Schedule;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

mod listen;
mod live;
mod reconcile;
mod scope;

pub(crate) use listen::{ListenSettings, TlsFiles};
pub(crate) use live::LiveSettings;
pub(crate) use scope::{AgentSettings, CallsOf, ScopeSettings};

/// The whole configuration.
#[derive(Debug)]
pub(crate) struct Config {
    /// Where database and recordings lie.
    pub(crate) data: PathBuf,
    pub(crate) pipeline: PipelineSettings,
    /// Where vendors call the program; none of them does where there is nothing.
    pub(crate) listen: Option<ListenSettings>,
    /// What becomes of sound that is heard while calls go on.
    pub(crate) live: LiveSettings,
    pub(crate) sources: Vec<Source>,
}

/// The keys that sources of every kind have beside their own.
const SHARED: [&str; 4] = ["calls_of", "filter", "agents", "reconcile"];

/// How the pipeline works.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PipelineSettings {
    /// Conversations worked on at once.
    #[serde(deserialize_with = "at_least_one")]
    pub(crate) at_once: usize,
    /// How long work under way may take once the pipeline is to stop.
    #[serde(deserialize_with = "length::deserialize")]
    pub(crate) deadline: Duration,
}

impl Default for PipelineSettings {
    fn default() -> Self {
        Self { at_once: 4, deadline: Duration::from_secs(20) }
    }
}

/// One source of one tenant.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) tenant: String,
    pub(crate) name: String,
    pub(crate) scope: ScopeSettings,
    /// When its history is compared with what is stored, by itself.
    pub(crate) reconcile: Option<Schedule>,
    pub(crate) kind: SourceKind,
}

/// What a source is, with the settings of that kind.
#[derive(Debug)]
pub(crate) enum SourceKind {
    /// A drop folder at a path.
    #[cfg(feature = "universal")]
    Universal(PathBuf, Box<connector_universal::DropFolderConfig>),
    /// An organisation of Genesys Cloud.
    #[cfg(feature = "genesys")]
    Genesys(Box<connector_genesys::GenesysConfig>),
    /// A tenant of CXone.
    #[cfg(feature = "nice")]
    Nice(Box<connector_nice::NiceConfig>),
}

/// The kinds of sources that this build has.
const KINDS: &[&str] = &[
    #[cfg(feature = "genesys")]
    "genesys",
    #[cfg(feature = "nice")]
    "nice",
    #[cfg(feature = "universal")]
    "universal",
];

impl SourceKind {
    /// The word for it in the configuration.
    pub(crate) fn word(&self) -> &'static str {
        match *self {
            #[cfg(feature = "universal")]
            Self::Universal(..) => "universal",
            #[cfg(feature = "genesys")]
            Self::Genesys(..) => "genesys",
            #[cfg(feature = "nice")]
            Self::Nice(..) => "nice",
        }
    }

    /// What its vendor calls. None where the source looks for itself.
    pub(crate) fn doors(&self) -> &'static [Door] {
        match *self {
            #[cfg(feature = "universal")]
            Self::Universal(..) => &[],
            #[cfg(feature = "genesys")]
            Self::Genesys(ref settings) if settings.audio.is_some() => {
                &[Door { key: "audio", what: "Connection URI", rest: connector_genesys::DOOR, is_socket: true }]
            }
            #[cfg(feature = "genesys")]
            Self::Genesys(_) => &[],
            #[cfg(feature = "nice")]
            Self::Nice(ref settings) if settings.push.is_some() => {
                &[Door { key: "push", what: "call ended", rest: connector_nice::DOOR, is_socket: false }]
            }
            #[cfg(feature = "nice")]
            Self::Nice(_) => &[],
        }
    }
}

/// An address that a vendor calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Door {
    /// The key in the configuration that opens it.
    pub(crate) key: &'static str,
    /// What it is for, in the vendor's words.
    pub(crate) what: &'static str,
    /// What stands behind the route in it.
    pub(crate) rest: &'static str,
    /// Whether it is that of a WebSocket.
    pub(crate) is_socket: bool,
}

/// A configuration that cannot be used: which file, which line, what is wrong, what to write instead.
#[derive(Debug)]
pub(crate) struct ConfigError {
    file: String,
    place: Option<Place>,
    message: String,
    hint: Option<String>,
}

/// The line in question and the columns meant.
#[derive(Debug)]
struct Place {
    line: usize,
    text: String,
    columns: Range<usize>,
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(Place { line, text, columns }) = &self.place else {
            write!(f, "{}: {}", self.file, self.message)?;
            return self.hint.iter().try_for_each(|hint| write!(f, "; {hint}"));
        };
        writeln!(f, "{}:{line}: {}", self.file, self.message)?;
        writeln!(f, "{line:>5} | {text}")?;
        let (lead, marks) = (" ".repeat(columns.start), "^".repeat(columns.len().max(1)));
        write!(f, "      | {lead}{marks}")?;
        self.hint.iter().try_for_each(|hint| write!(f, " {hint}"))
    }
}

impl Config {
    /// Reads a configuration file. Paths in it are relative to it.
    pub(crate) fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError {
            file: path.display().to_string(),
            place: None,
            message: format!("cannot be read: {error}"),
            hint: Some("write one, or name another with --config".to_owned()),
        })?;
        let directory = path.parent().unwrap_or(Path::new(""));
        Self::parse(&path.display().to_string(), &text, directory)
    }

    fn parse(file: &str, text: &str, directory: &Path) -> Result<Self, ConfigError> {
        let reader = Reader { file, text };
        let mut document = DeTable::parse(text).map_err(|error| reader.error("the file", error, &[]))?;
        let tenants = document.get_mut().remove("tenant");
        let listen = reader.take_listen(document.get_mut(), directory)?;
        let live = reader.take_live(document.get_mut())?;
        let Rest { data, pipeline, .. } = reader.read("the file", document)?;
        let tenants = tenants.map_or(Ok(Vec::new()), |tenants| reader.as_tables(tenants, "tenant", "the file"))?;
        let mut sources: Vec<Source> = Vec::new();
        for mut tenant in tenants {
            let span = tenant.span();
            let tables = reader.tables(tenant.get_mut(), "source", "a tenant")?;
            let id = reader.take_name(&mut tenant, "id", "a tenant", &span)?;
            reader.read::<Nothing>(&format!("tenant {id:?}"), tenant)?;
            for table in tables {
                let span = table.span();
                let source = reader.source(&id, table, directory)?;
                if sources.iter().any(|known| (&known.tenant, &known.name) == (&source.tenant, &source.name)) {
                    let message = format!("there are two sources {:?} of tenant {id:?}", source.name);
                    return Err(reader.at(span, message, Some("give each its own name".to_owned())));
                }
                if let (None, Some(door)) = (&listen, source.kind.doors().first()) {
                    let message =
                        format!("the vendor of source {:?} is to call, but there is no [listen]", source.name);
                    let hint = format!("add [listen], or leave `{}` out", door.key);
                    return Err(reader.at(span, message, Some(hint)));
                }
                sources.push(source);
            }
        }
        Ok(Self { data: directory.join(data), pipeline, listen, live, sources })
    }
}

/// What is left of a table when everything known was taken out of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rest {
    #[serde(default = "default_data")]
    data: PathBuf,
    #[serde(default)]
    pipeline: PipelineSettings,
    /// Taken out before; here so that a slip of the pen finds it.
    #[serde(default, rename = "tenant")]
    _tenant: IgnoredAny,
    #[serde(default, rename = "listen")]
    _listen: IgnoredAny,
    #[serde(default, rename = "live")]
    _live: IgnoredAny,
}

fn default_data() -> PathBuf {
    "data".into()
}

/// Reads tables and says where an error is.
struct Reader<'a> {
    file: &'a str,
    text: &'a str,
}

type Table<'a> = Spanned<DeTable<'a>>;

impl<'a> Reader<'a> {
    /// Takes the tables `[[key]]` out of a table.
    fn tables(&self, table: &mut DeTable<'a>, key: &str, whose: &str) -> Result<Vec<Table<'a>>, ConfigError> {
        table.remove(key).map_or(Ok(Vec::new()), |value| self.as_tables(value, key, whose))
    }

    fn as_tables(&self, value: Spanned<DeValue<'a>>, key: &str, whose: &str) -> Result<Vec<Table<'a>>, ConfigError> {
        let span = value.span();
        let wrong = || {
            self.at(span.clone(), format!("{key} in {whose} is no list of tables"), Some(format!("write [[{key}]]")))
        };
        let DeValue::Array(values) = value.into_inner() else { return Err(wrong()) };
        let as_table = |value: Spanned<DeValue<'a>>| {
            let span = value.span();
            match value.into_inner() {
                DeValue::Table(table) => Ok(Spanned::new(span, table)),
                _ => Err(wrong()),
            }
        };
        values.into_iter().map(as_table).collect()
    }

    fn source(&self, tenant: &str, mut table: Table<'a>, directory: &Path) -> Result<Source, ConfigError> {
        let span = table.span();
        let name = self.take_name(&mut table, "name", "a source", &span)?;
        let whose = format!("source {name:?}");
        let reconcile = self.take_reconcile(&mut table, &whose)?;
        let kind = self.take_text(&mut table, "kind", &whose, &span)?;
        let has_agents = kind != "universal";
        let scope = self.take_scope(&mut table, &whose, has_agents)?;
        let kind = match kind.as_str() {
            #[cfg(feature = "universal")]
            "universal" => {
                let path = self.take_text(&mut table, "path", &whose, &span)?;
                SourceKind::Universal(directory.join(path), Box::new(self.read_beside(&whose, table, &SHARED)?))
            }
            #[cfg(feature = "genesys")]
            "genesys" => {
                let settings: connector_genesys::GenesysConfig = self.read_beside(&whose, table, &SHARED)?;
                SourceKind::Genesys(Box::new(settings.below(directory)))
            }
            #[cfg(feature = "nice")]
            "nice" => {
                let settings: connector_nice::NiceConfig = self.read_beside(&whose, table, &SHARED)?;
                SourceKind::Nice(Box::new(settings.below(directory)))
            }
            _ => {
                let known = KINDS.iter().map(|kind| format!("{kind:?}")).collect::<Vec<_>>().join(", ");
                let hint = format!("the kinds of this build are: {known}");
                return Err(self.at(span, format!("{whose} is of an unknown kind {kind:?}"), Some(hint)));
            }
        };
        Ok(Source { tenant: tenant.to_owned(), name, scope, reconcile, kind })
    }

    fn take_text(
        &self,
        table: &mut Table<'a>,
        key: &str,
        whose: &str,
        span: &Range<usize>,
    ) -> Result<String, ConfigError> {
        let Some(value) = table.get_mut().remove(key) else {
            let hint =
                match nearest(key, &table.get_ref().keys().map(|known| known.get_ref().as_ref()).collect::<Vec<_>>()) {
                    Some(similar) => format!("is `{similar}` a slip of the pen?"),
                    None => format!("write {key} = \"…\""),
                };
            return Err(self.at(span.clone(), format!("{whose} has no key `{key}`"), Some(hint)));
        };
        match value.get_ref().as_str() {
            Some(text) => Ok(text.to_owned()),
            None => Err(self.at(value.span(), format!("`{key}` is no text"), Some("put it in quotes".to_owned()))),
        }
    }

    /// A name that is part of keys and paths.
    fn take_name(
        &self,
        table: &mut Table<'a>,
        key: &str,
        whose: &str,
        span: &Range<usize>,
    ) -> Result<String, ConfigError> {
        let place = table.get_ref().get(key).map_or_else(|| span.clone(), Spanned::span);
        let name = self.take_text(table, key, whose, span)?;
        if name.is_empty() || name.contains('/') || name.contains(char::is_whitespace) {
            let message = format!("`{key}` of {whose} is {name:?}");
            return Err(self.at(place, message, Some("a name has letters, no / and no spaces".to_owned())));
        }
        Ok(name)
    }

    fn read<T: Deserialize<'a>>(&self, whose: &str, table: Table<'a>) -> Result<T, ConfigError> {
        self.read_beside(whose, table, &[])
    }

    /// Reads a table out of which these keys were taken before, if they were there.
    fn read_beside<T: Deserialize<'a>>(&self, whose: &str, table: Table<'a>, taken: &[&str]) -> Result<T, ConfigError> {
        let span = table.span();
        T::deserialize(toml::de::Deserializer::from(table)).map_err(|error| match error.span() {
            Some(_) => self.error(whose, error, taken),
            None => self.at(span, format!("{whose}: {}", error.message()), None),
        })
    }

    /// An error of the parser, with its place and, for a key that nobody knows, the key that may be meant.
    fn error(&self, whose: &str, error: toml::de::Error, taken: &[&str]) -> ConfigError {
        let span = error.span().unwrap_or_default();
        let mut quoted = error.message().split('`').skip(1).step_by(2);
        if error.message().starts_with("unknown field") {
            let key = quoted.next().unwrap_or_default();
            let known: Vec<&str> = quoted.chain(taken.iter().copied()).collect();
            let hint = nearest(key, &known).map_or_else(
                || format!("the keys are {}", known.join(", ")),
                |nearest| format!("did you mean `{nearest}`?"),
            );
            return self.at_key(span, format!("{whose} has no key `{key}`"), hint);
        }
        if error.message().starts_with("missing field") {
            let key = quoted.next().unwrap_or_default();
            return self.at_key(span, format!("{whose} lacks the key `{key}`"), format!("write {key} = …"));
        }
        if error.message().starts_with("unknown variant") {
            let word = quoted.next().unwrap_or_default();
            let hint = nearest(word, &quoted.collect::<Vec<_>>()).map(|nearest| format!("did you mean \"{nearest}\"?"));
            return self.at(span, format!("{whose}: {}", error.message()), hint);
        }
        self.at(span, format!("{whose}: {}", error.message()), None)
    }

    /// A mistake about a key alone: what is said of it holds no value.
    fn at_key(&self, span: Range<usize>, message: String, hint: String) -> ConfigError {
        ConfigError { message, ..self.at(span, String::new(), Some(hint)) }
    }

    fn at(&self, span: Range<usize>, message: String, hint: Option<String>) -> ConfigError {
        let start = span.start.min(self.text.len());
        let line_start = self.text[..start].rfind('\n').map_or(0, |end| end + 1);
        let text = self.text[line_start..].lines().next().unwrap_or_default();
        let column = |at: usize| self.text[line_start..at.clamp(line_start, line_start + text.len())].chars().count();
        let (mut columns, mut message, mut shown) = (column(start)..column(span.end), message, text.to_owned());
        if may_hold_secret(&self.text[..line_start + text.len()], text) {
            // Neither the line nor what the parser says of it is fit to be shown.
            let key = text.split_once('=').map(|(key, _)| key);
            shown = key.map_or_else(|| "•••".to_owned(), |key| format!("{key}= •••"));
            message = key.map_or_else(|| "this".to_owned(), |key| format!("`{}`", key.trim())) + " cannot be read";
            columns =
                key.map_or(0..shown.chars().count(), |key| key.len() - key.trim_start().len()..key.trim_end().len());
        }
        let place = Place { line: self.text[..start].matches('\n').count() + 1, text: shown, columns };
        ConfigError { file: self.file.to_owned(), place: Some(place), message, hint }
    }
}

/// Whether there may be a secret in a line, the last one of this text. A line without a key goes on with the one before.
fn may_hold_secret(text: &str, line: &str) -> bool {
    let keyed = if line.contains('=') { Some(line) } else { text.lines().rev().find(|line| line.contains('=')) };
    let keys = keyed.into_iter().flat_map(|line| line.split_inclusive('=').filter_map(|part| part.strip_suffix('=')));
    keys.filter_map(|key| key.rsplit(['{', ',', ' ', '\t']).find(|word| !word.is_empty())).any(is_secret)
}

/// Whether a key may hold a secret; also one that is written wrongly.
fn is_secret(key: &str) -> bool {
    const WORDS: [&str; 4] = ["password", "secret", "token", "key"];
    let key = key.to_ascii_lowercase();
    let is_nearly = |part: &str| WORDS.iter().any(|word| strsim::damerau_levenshtein(part, word) <= 1);
    WORDS.iter().any(|word| key.contains(word)) || key.split(['_', '-', '.']).any(is_nearly)
}

/// The known key that looks most like this one, if any does.
fn nearest<'k>(key: &str, known: &[&'k str]) -> Option<&'k str> {
    let scored = known.iter().map(|known| (strsim::jaro_winkler(key, known), *known));
    scored.filter(|(score, _)| *score > 0.8).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, known)| known)
}

fn at_least_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    match u16::deserialize(deserializer)? {
        0 => Err(serde::de::Error::custom("0 calls at once would never get anywhere; write 1 or more")),
        n => Ok(n.into()),
    }
}

#[cfg(test)]
mod tests;
