//! Rows of people as they are shown and imported, and what an import amounted to.

use std::fmt;

use connector_core::{AgentRef, EmailAddress, Login, PersonName};
use serde::Serialize;

/// A row of the view `people_v1`: a person at a source, or one who is at none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PersonRow {
    /// Whose person it is.
    pub tenant: String,
    /// The person's key, unique in the tenant.
    pub person: String,
    /// The person's name.
    pub name: Option<PersonName>,
    /// Whether the person's calls are to be analysed.
    pub analyse: bool,
    /// The source; none for a person who is at no source.
    pub source: Option<String>,
    /// The source's id of the person.
    pub id: Option<String>,
    /// What the person logs in with there. In a drop folder it is the user's part of file names.
    pub login: Option<Login>,
    /// The person's e-mail address there.
    pub email: Option<EmailAddress>,
    /// The groups there, separated by `, `.
    pub groups: Option<String>,
    /// `active`, `inactive`, `deleted` or `unknown`, as the source says.
    pub state: Option<String>,
    /// When it ended: later calls of the person are not stored from this source.
    pub until: Option<String>,
    /// Where the row came from: `import` or `sync`.
    pub came: Option<String>,
}

/// A row of a file of people.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportRow {
    /// Its line in the file.
    pub line: u64,
    /// Whose person it is.
    pub tenant: String,
    /// The person's key.
    pub person: String,
    /// The person's name, where the file says.
    pub name: Option<PersonName>,
    /// Whether the person's calls are to be analysed, where the file says.
    pub analyse: Option<bool>,
    /// The source; none for a person who is at no source.
    pub source: Option<String>,
    /// Who the person is at that source.
    pub who: AgentRef,
}

/// A row that could not be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ImportTrouble {
    /// Its line in the file.
    pub line: u64,
    /// What is wrong with it, and what to do; without personal text.
    pub what: String,
    /// Whose row it is, where that could be read: tenant and person.
    #[serde(skip)]
    pub(crate) whose: Option<(String, String)>,
}

impl fmt::Display for ImportTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

/// What an import amounted to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ImportReport {
    /// Rows that were used.
    pub rows: u64,
    /// People who were not known.
    pub added: u64,
    /// People whose name or flag changed.
    pub changed: u64,
    /// Rows by which a person is at a source anew, or known there by something else.
    pub started: u64,
    /// Rows that ended: the person is not in that place any more.
    pub ended: u64,
    /// The rows that could not be used, by line.
    pub troubles: Vec<ImportTrouble>,
}

impl fmt::Display for ImportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rows, added, changed, started, ended, troubles } = self;
        write!(
            f,
            "{rows} rows: {added} people added, {changed} changed; {started} places started, {ended} ended; {} rows not used",
            troubles.len()
        )
    }
}
