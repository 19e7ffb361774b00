//! A file of people: CSV with a header.

use std::collections::HashMap;
use std::io::{Read, Write};

use connector_core::{AgentRef, Error, Origin, Result};
use csv::{ReaderBuilder, StringRecord, Trim, Writer};

use super::rows::{ImportRow, ImportTrouble, PersonRow};

/// The columns, in the order in which they are written.
const COLUMNS: [&str; 8] = ["tenant", "person", "name", "analyse", "source", "login", "id", "email"];
/// Those that no file can do without.
const NEEDED: [&str; 3] = ["tenant", "person", "source"];
/// The largest file that is read, in bytes.
const LARGEST: u64 = 64 << 20;

/// The rows of a file of people, and what is wrong with the others.
///
/// CSV in UTF-8, separated by commas or semicolons, with a header that names the columns in any order: `tenant`, `person`
/// and `source` have to be there, `name`, `analyse` (yes or no), `login`, `id` and `email` may. A row is a person at a
/// source, known there by at least one of login, id and e-mail; a person at several sources, or with several logins, has
/// several rows, one at no source has one with an empty `source`. An empty name or flag leaves what is known as it is.
///
/// ```
/// use connector_core::Origin;
/// use ingestion_pipeline::PeopleFile;
///
/// let text = "person,tenant,source,login\nE-17,acme,drop,kay\nE-18,acme,dorp,lee\n";
/// let file = PeopleFile::read(text.as_bytes(), &[Origin::new("acme", "drop")])?;
/// assert_eq!(file.rows().len(), 1);
/// assert_eq!(file.troubles()[0].to_string(), "line 3: tenant acme has no source \"dorp\"; did you mean `drop`?");
/// # Ok::<_, connector_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct PeopleFile {
    pub(crate) rows: Vec<ImportRow>,
    pub(crate) troubles: Vec<ImportTrouble>,
}

impl PeopleFile {
    /// Reads a file whose people are at these sources.
    ///
    /// # Errors
    /// `is_config` when it has no header that can be used or is larger than 64 MiB, `is_storage` when it cannot be read.
    pub fn read(file: impl Read, sources: &[Origin]) -> Result<Self> {
        let mut bytes = Vec::new();
        file.take(LARGEST + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LARGEST {
            return Err(Error::config("the file of people is larger than 64 MiB").advise("import it in parts"));
        }
        let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
        let header = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let delimiter = if header.contains(&b';') && !header.contains(&b',') { b';' } else { b',' };
        let mut reader = ReaderBuilder::new().delimiter(delimiter).trim(Trim::All).from_reader(text);
        let columns = columns(reader.headers().map_err(|_| Error::config("the header is no UTF-8 text"))?)?;
        let mut read = Self::default();
        let mut claims = Claims::default();
        let mut lines = Lines { text, at: 0, line: 1 };
        for record in reader.records() {
            match record {
                Ok(record) => {
                    let row = Row { line: lines.of(record.position()), record: &record, columns: &columns };
                    match row.read(sources).and_then(|row| claims.check(row)) {
                        Ok(row) => read.rows.push(row),
                        Err(what) => read.troubles.push(row.trouble(what)),
                    }
                }
                Err(error) => {
                    let what = told(&error);
                    read.troubles.push(ImportTrouble { line: lines.of(error.position()), what, whose: None });
                }
            }
        }
        Ok(read)
    }

    /// The rows that can be used.
    pub fn rows(&self) -> &[ImportRow] {
        &self.rows
    }

    /// The rows that cannot.
    pub fn troubles(&self) -> &[ImportTrouble] {
        &self.troubles
    }

    /// Writes people as [`read`](Self::read) reads them. Where somebody is no longer is not written.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(people: &[PersonRow], to: impl Write) -> Result<()> {
        let mut writer = Writer::from_writer(to);
        let failed = |error: csv::Error| Error::storage("the people cannot be written").caused_by(error);
        writer.write_record(COLUMNS).map_err(failed)?;
        for (place, row) in people.iter().enumerate() {
            let same = |other: &PersonRow| (&other.tenant, &other.person) == (&row.tenant, &row.person);
            let is_here = |row: &PersonRow| row.source.is_some() && row.until.is_none();
            // Of a person who is nowhere any more the first row is written, without the place.
            let first = people[..place].iter().rev().take_while(|other| same(other)).count() == 0;
            let has_place = || people[place..].iter().take_while(|other| same(other)).any(is_here);
            if !is_here(row) && (!first || has_place()) {
                continue;
            }
            let there = Some(row).filter(|row| is_here(row));
            writer
                .write_record([
                    row.tenant.as_str(),
                    &row.person,
                    row.name.as_ref().map_or("", |name| name.reveal()),
                    if row.analyse { "yes" } else { "no" },
                    there.and_then(|row| row.source.as_deref()).unwrap_or_default(),
                    there.and_then(|row| row.login.as_ref()).map_or("", |login| login.reveal()),
                    there.and_then(|row| row.id.as_deref()).unwrap_or_default(),
                    there.and_then(|row| row.email.as_ref()).map_or("", |email| email.reveal()),
                ])
                .map_err(failed)?;
        }
        Ok(writer.flush()?)
    }
}

/// Where each column stands.
fn columns(header: &StringRecord) -> Result<HashMap<&'static str, usize>> {
    let mut places = HashMap::new();
    for (place, name) in header.iter().enumerate() {
        let Some(column) = COLUMNS.into_iter().find(|known| known.eq_ignore_ascii_case(name)) else {
            let error = Error::config(format!("line 1: there is no column {name:?}"));
            return Err(match nearest(name, COLUMNS) {
                Some(nearest) => error.advise(format!("did you mean `{nearest}`?")),
                None => error.advise(format!("the columns are {}", COLUMNS.join(", "))),
            });
        };
        if places.insert(column, place).is_some() {
            return Err(Error::config(format!("line 1: the column `{column}` is there twice")).advise("leave one out"));
        }
    }
    match NEEDED.into_iter().find(|needed| !places.contains_key(needed)) {
        Some(missing) => Err(Error::config(format!("line 1: the column `{missing}` is missing"))
            .advise("the first line names the columns, such as tenant,person,name,analyse,source,login,id,email")),
        None => Ok(places),
    }
}

/// Counts lines, as an editor does.
struct Lines<'t> {
    text: &'t [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line of a row that begins here, or behind the ends of lines that stand here.
    fn of(&mut self, position: Option<&csv::Position>) -> u64 {
        let start = position.map_or(self.at, |position| usize::try_from(position.byte()).unwrap_or(usize::MAX));
        while let Some(byte) = self.text.get(self.at).filter(|byte| self.at < start || b"\r\n".contains(byte)) {
            self.line += u64::from(*byte == b'\n');
            self.at += 1;
        }
        self.line
    }
}

struct Row<'a> {
    line: u64,
    record: &'a StringRecord,
    columns: &'a HashMap<&'static str, usize>,
}

impl Row<'_> {
    fn get(&self, column: &str) -> Option<&str> {
        let place = self.columns.get(column)?;
        self.record.get(*place).filter(|text| !text.is_empty())
    }

    fn read(&self, sources: &[Origin]) -> Result<ImportRow, String> {
        let needed = |column| self.get(column).ok_or(format!("`{column}` is empty"));
        let (tenant, person) = (needed("tenant")?.to_owned(), needed("person")?.to_owned());
        let analyse = self.get("analyse").map(yes_or_no).transpose()?;
        let source = self.get("source").map(str::to_owned);
        let who = AgentRef {
            id: self.get("id").map(Into::into),
            login: self.get("login").map(Into::into),
            name: None,
            email: self.get("email").map(Into::into),
        };
        let is_told = who != AgentRef::default();
        match &source {
            Some(source) => is_a_source(sources, &tenant, source)?,
            None if is_told => return Err("`source` is empty, but there is a login, id or e-mail".to_owned()),
            None => is_a_tenant(sources, &tenant)?,
        }
        if source.is_some() && !is_told {
            return Err("login, id and e-mail are all empty: write the one by which the source knows the person".into());
        }
        let name = self.get("name").map(Into::into);
        Ok(ImportRow { line: self.line, tenant, person, name, analyse, source, who })
    }

    fn trouble(&self, what: String) -> ImportTrouble {
        let whose = self.get("tenant").zip(self.get("person"));
        ImportTrouble { line: self.line, what, whose: whose.map(|(tenant, person)| (tenant.into(), person.into())) }
    }
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "1" => Ok(true),
        "no" | "false" | "0" => Ok(false),
        _ => Err("`analyse` is neither yes nor no".to_owned()),
    }
}

fn is_a_tenant(sources: &[Origin], tenant: &str) -> Result<(), String> {
    if sources.iter().any(|origin| &*origin.tenant == tenant) {
        return Ok(());
    }
    let known = sources.iter().map(|origin| &*origin.tenant);
    Err(format!("there is no tenant {tenant:?}{}", suggestion(tenant, known)))
}

fn is_a_source(sources: &[Origin], tenant: &str, source: &str) -> Result<(), String> {
    is_a_tenant(sources, tenant)?;
    let mut known = sources.iter().filter(|origin| &*origin.tenant == tenant).map(|origin| &*origin.source);
    if known.clone().any(|known| known == source) {
        return Ok(());
    }
    Err(format!("tenant {tenant} has no source {source:?}{}", suggestion(source, &mut known)))
}

fn suggestion<'k>(text: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    nearest(text, known).map(|nearest| format!("; did you mean `{nearest}`?")).unwrap_or_default()
}

fn nearest<'k>(text: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let scored = known.into_iter().map(|known| (strsim::jaro_winkler(&text.to_lowercase(), known), known));
    scored.filter(|(score, _)| *score > 0.8).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, known)| known)
}

/// What is wrong with a row, without its text.
fn told(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("it has {len} fields, the header has {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "it is no UTF-8 text".to_owned(),
        _ => "it cannot be read".to_owned(),
    }
}

/// What earlier rows of the file said.
#[derive(Default)]
struct Claims {
    /// Who has an id, login or e-mail at a source, and on which line.
    places: HashMap<(String, String, &'static str, String), (String, u64)>,
    flags: HashMap<(String, String), (bool, u64)>,
}

impl Claims {
    fn check(&mut self, row: ImportRow) -> Result<ImportRow, String> {
        let whose = (row.tenant.clone(), row.person.clone());
        if let (Some(analyse), Some((before, line))) = (row.analyse, self.flags.get(&whose))
            && analyse != *before
        {
            return Err(format!("`analyse` is not what line {line} says of the same person"));
        }
        let mut keys = Vec::new();
        if let Some(source) = &row.source {
            let told = [
                ("id", row.who.id.clone()),
                ("login", row.who.login.as_ref().map(|login| login.reveal().to_lowercase())),
                ("email", row.who.email.as_ref().map(|email| email.reveal().to_lowercase())),
            ];
            let told = told.into_iter().filter_map(|(what, text)| Some((what, text?)));
            keys.extend(told.map(|(what, text)| (row.tenant.clone(), source.clone(), what, text)));
        }
        for key in &keys {
            if let Some((person, line)) = self.places.get(key)
                && (*person != row.person || key.2 != "email")
            {
                let what = key.2;
                return Err(format!("the same {what} at the same source stands on line {line}"));
            }
        }
        self.places.extend(keys.into_iter().map(|key| (key, (row.person.clone(), row.line))));
        if let Some(analyse) = row.analyse {
            self.flags.insert(whose, (analyse, row.line));
        }
        Ok(row)
    }
}

#[cfg(test)]
mod tests;
