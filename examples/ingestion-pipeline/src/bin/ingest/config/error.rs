//! What is wrong with a configuration, shown where it stands, and never with a secret.

use std::fmt;
use std::ops::Range;

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

impl ConfigError {
    /// What is wrong with a file as a whole.
    pub(super) fn of_file(file: String, message: String, hint: &str) -> Self {
        Self { file, place: None, message, hint: Some(hint.to_owned()) }
    }

    /// What is wrong at a place of the text of a file. Of a line that may hold a secret only the key is told.
    pub(super) fn at(file: &str, whole: &str, span: Range<usize>, message: String, hint: Option<String>) -> Self {
        let start = span.start.min(whole.len());
        let line_start = whole[..start].rfind('\n').map_or(0, |end| end + 1);
        let text = whole[line_start..].lines().next().unwrap_or_default();
        let column = |at: usize| whole[line_start..at.clamp(line_start, line_start + text.len())].chars().count();
        let (mut columns, mut message, mut shown) = (column(start)..column(span.end), message, text.to_owned());
        if may_hold_secret(&whole[..line_start + text.len()], text) {
            // Neither the line nor what the parser says of it is fit to be shown.
            let key = text.split_once('=').map(|(key, _)| key);
            shown = key.map_or_else(|| "•••".to_owned(), |key| format!("{key}= •••"));
            message = key.map_or_else(|| "this".to_owned(), |key| format!("`{}`", key.trim())) + " cannot be read";
            columns =
                key.map_or(0..shown.chars().count(), |key| key.len() - key.trim_start().len()..key.trim_end().len());
        }
        let place = Place { line: whole[..start].matches('\n').count() + 1, text: shown, columns };
        Self { file: file.to_owned(), place: Some(place), message, hint }
    }

    /// The same of a key alone: what is said of it holds no value.
    pub(super) fn of_key(self, message: String) -> Self {
        Self { message, ..self }
    }
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
