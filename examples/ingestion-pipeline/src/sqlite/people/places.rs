//! The places of people at sources, as rows.

use chrono::{DateTime, Utc};
use connector_core::{Agent, AgentRef, AgentState, Origin, Result};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use crate::sqlite::columns::{json, parsed, text, time};
use crate::sqlite::queries::{failed, query_of};

/// Who said something of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Import,
    Sync,
}

impl By {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Sync => "sync",
        }
    }

    fn read(word: &str) -> Self {
        if word == "sync" { Self::Sync } else { Self::Import }
    }
}

/// A person at a source, as it is stored.
#[derive(Clone, Debug)]
pub(super) struct Membership {
    pub(super) number: i64,
    pub(super) person: String,
    pub(super) source: String,
    pub(super) agent: Agent,
    pub(super) came: By,
    pub(super) until: Option<DateTime<Utc>>,
    pub(super) ended_by: Option<By>,
}

pub(super) async fn at_source(connection: &mut SqliteConnection, origin: &Origin) -> Result<Vec<Membership>> {
    let rows = query_of("SELECT * FROM memberships WHERE tenant = ? AND source = ? ORDER BY number", origin)
        .fetch_all(connection)
        .await;
    rows.map_err(failed)?.iter().map(membership).collect()
}

pub(super) async fn of_person(
    connection: &mut SqliteConnection,
    tenant: &str,
    person: &str,
) -> Result<Vec<Membership>> {
    let rows = sqlx::query("SELECT * FROM memberships WHERE tenant = ? AND person = ? ORDER BY number")
        .bind(tenant)
        .bind(person)
        .fetch_all(connection)
        .await;
    rows.map_err(failed)?.iter().map(membership).collect()
}

pub(super) async fn insert(connection: &mut SqliteConnection, tenant: &str, new: &Membership) -> Result<()> {
    sqlx::query(
        "INSERT INTO memberships (tenant, person, source, agent, came, until, ended_by) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(tenant)
    .bind(&new.person)
    .bind(&new.source)
    .bind(json(&new.agent)?)
    .bind(new.came.as_str())
    .bind(new.until.map(text))
    .bind(new.ended_by.map(By::as_str))
    .execute(connection)
    .await
    .map(drop)
    .map_err(failed)
}

pub(super) async fn update(connection: &mut SqliteConnection, changed: &Membership) -> Result<()> {
    sqlx::query("UPDATE memberships SET person = ?, agent = ?, came = ?, until = ?, ended_by = ? WHERE number = ?")
        .bind(&changed.person)
        .bind(json(&changed.agent)?)
        .bind(changed.came.as_str())
        .bind(changed.until.map(text))
        .bind(changed.ended_by.map(By::as_str))
        .bind(changed.number)
        .execute(connection)
        .await
        .map(drop)
        .map_err(failed)
}

fn membership(row: &SqliteRow) -> Result<Membership> {
    Ok(Membership {
        number: row.get("number"),
        person: row.get("person"),
        source: row.get("source"),
        agent: parsed(row.get("agent"))?,
        came: By::read(row.get("came")),
        until: row.get::<Option<&str>, _>("until").map(time).transpose()?,
        ended_by: row.get::<Option<&str>, _>("ended_by").map(By::read),
    })
}

pub(super) fn is_gone(state: AgentState) -> bool {
    matches!(state, AgentState::Inactive | AgentState::Deleted)
}

/// What both know of a person, the newer first.
pub(super) fn filled(newer: AgentRef, older: &AgentRef) -> AgentRef {
    AgentRef {
        id: newer.id.or_else(|| older.id.clone()),
        login: newer.login.or_else(|| older.login.clone()),
        name: newer.name.or_else(|| older.name.clone()),
        email: newer.email.or_else(|| older.email.clone()),
    }
}
