//! Reads tables, and says where an error is and what may be meant.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::ConfigError;

/// Reads tables and says where an error is.
pub(super) struct Reader<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
}

pub(super) type Table<'a> = Spanned<DeTable<'a>>;

impl<'a> Reader<'a> {
    /// Takes the tables `[[key]]` out of a table.
    pub(super) fn tables(
        &self,
        table: &mut DeTable<'a>,
        key: &str,
        whose: &str,
    ) -> Result<Vec<Table<'a>>, ConfigError> {
        table.remove(key).map_or(Ok(Vec::new()), |value| self.as_tables(value, key, whose))
    }

    pub(super) fn as_tables(
        &self,
        value: Spanned<DeValue<'a>>,
        key: &str,
        whose: &str,
    ) -> Result<Vec<Table<'a>>, ConfigError> {
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

    /// Takes a table `[key]` out of the file, if it is there.
    pub(super) fn take_section<T: Deserialize<'a>>(
        &self,
        file: &mut DeTable<'a>,
        key: &str,
    ) -> Result<Option<T>, ConfigError> {
        let Some(value) = file.remove(key) else { return Ok(None) };
        self.table(value, &format!("[{key}]"), &format!("`{key}`"), &format!("write [{key}]")).map(Some)
    }

    /// Takes a table out of that of a source, if it is there; `hint` says how to write it.
    pub(super) fn take_table<T: Deserialize<'a>>(
        &self,
        table: &mut Table<'a>,
        key: &str,
        whose: &str,
        hint: &str,
    ) -> Result<Option<T>, ConfigError> {
        let Some(value) = table.get_mut().remove(key) else { return Ok(None) };
        let whose = format!("`{key}` of {whose}");
        self.table(value, &whose, &whose, hint).map(Some)
    }

    fn table<T: Deserialize<'a>>(
        &self,
        value: Spanned<DeValue<'a>>,
        whose: &str,
        what: &str,
        hint: &str,
    ) -> Result<T, ConfigError> {
        let span = value.span();
        match value.into_inner() {
            DeValue::Table(table) => self.read(whose, Table::new(span, table)),
            _ => Err(self.at(span, format!("{what} is no table"), Some(hint.to_owned()))),
        }
    }

    pub(super) fn take_text(
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
    pub(super) fn take_name(
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

    pub(super) fn read<T: Deserialize<'a>>(&self, whose: &str, table: Table<'a>) -> Result<T, ConfigError> {
        self.read_beside(whose, table, &[])
    }

    /// Reads a table out of which these keys were taken before, if they were there.
    pub(super) fn read_beside<T: Deserialize<'a>>(
        &self,
        whose: &str,
        table: Table<'a>,
        taken: &[&str],
    ) -> Result<T, ConfigError> {
        let span = table.span();
        T::deserialize(toml::de::Deserializer::from(table)).map_err(|error| match error.span() {
            Some(_) => self.error(whose, error, taken),
            None => self.at(span, format!("{whose}: {}", error.message()), None),
        })
    }

    /// An error of the parser, with its place and, for a key that nobody knows, the key that may be meant.
    pub(super) fn error(&self, whose: &str, error: toml::de::Error, taken: &[&str]) -> ConfigError {
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

    pub(super) fn at(&self, span: Range<usize>, message: String, hint: Option<String>) -> ConfigError {
        ConfigError::at(self.file, self.text, span, message, hint)
    }

    fn at_key(&self, span: Range<usize>, message: String, hint: String) -> ConfigError {
        self.at(span, String::new(), Some(hint)).of_key(message)
    }
}

/// The known key that looks most like this one, if any does.
pub(super) fn nearest<'k>(key: &str, known: &[&'k str]) -> Option<&'k str> {
    let scored = known.iter().map(|known| (strsim::jaro_winkler(key, known), *known));
    scored.filter(|(score, _)| *score > 0.8).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, known)| known)
}
