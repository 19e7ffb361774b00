//! The people of the tenants, and who they are at each source.

mod import;
mod roster;

use chrono::{DateTime, Utc};
use connector_core::{Agent, AgentRef, AgentState, Origin, Result};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::{SqliteStore, failed, json, parsed, query_of, text, time};
use crate::people::PersonRow;
use crate::scope::Member;

pub(crate) use roster::Applied;

/// The people whose calls count, in the database of a [`SqliteStore`]. Several processes may change them.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// # let dir = tempfile::tempdir().unwrap();
/// # let path = dir.path().join("ingest.db");
/// use connector_core::{Clock, Origin};
/// use ingestion_pipeline::{PeopleFile, Scope, SqliteStore};
///
/// let store = SqliteStore::open(path).await?;
/// let drop = Origin::new("acme", "drop");
/// let file = PeopleFile::read("tenant,person,source,login\nacme,E-17,drop,kay\n".as_bytes(), &[drop.clone()])?;
/// let report = store.people().import(&file, Clock::system().now(), false).await?;
/// assert_eq!(report.added, 1);
/// let scope = Scope::of(store.people().members_of(&drop).await?);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct People {
    store: SqliteStore,
}

impl SqliteStore {
    /// The people whose calls count.
    pub fn people(&self) -> People {
        People { store: self.clone() }
    }
}

/// Who said something of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Import,
    Sync,
}

impl By {
    fn as_str(self) -> &'static str {
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
struct Membership {
    number: i64,
    person: String,
    source: String,
    agent: Agent,
    came: By,
    until: Option<DateTime<Utc>>,
    ended_by: Option<By>,
}

impl People {
    /// Everybody, by tenant, person and source.
    ///
    /// # Errors
    /// `is_storage`.
    pub async fn list(&self) -> Result<Vec<PersonRow>> {
        let rows = sqlx::query("SELECT * FROM people_v1 ORDER BY tenant, person, source, id, login, email")
            .fetch_all(&self.store.readers)
            .await;
        Ok(rows.map_err(failed)?.iter().map(person_row).collect())
    }

    /// Whose calls from this source are to be analysed, with those who left it or are no longer to be analysed.
    ///
    /// # Errors
    /// `is_storage`.
    pub async fn members_of(&self, origin: &Origin) -> Result<Vec<Member>> {
        let rows = query_of(
            "SELECT m.agent, CASE WHEN p.analyse THEN m.until ELSE min(p.stopped, coalesce(m.until, p.stopped)) END AS until
             FROM memberships m JOIN people p USING (tenant, person)
             WHERE m.tenant = ? AND m.source = ? AND (p.analyse OR p.stopped IS NOT NULL) ORDER BY m.number", origin)
        .fetch_all(&self.store.readers)
        .await
        .map_err(failed)?;
        let mut members = Vec::with_capacity(rows.len());
        for row in &rows {
            let agent: Agent = parsed(row.get("agent"))?;
            let until = row.get::<Option<&str>, _>("until").map(time).transpose()?;
            let aliases = agent.aliases.into_iter().map(|alias| AgentRef::default().with_id(alias));
            members.extend(std::iter::once(agent.who).chain(aliases).map(|who| Member { who, until }));
        }
        Ok(members)
    }

    /// A number that rises whenever anybody changes, by whichever process.
    ///
    /// # Errors
    /// `is_storage`.
    pub async fn changes(&self) -> Result<i64> {
        let row = sqlx::query("SELECT coalesce(max(changes), 0) FROM people_changes").fetch_one(&self.store.readers);
        Ok(row.await.map_err(failed)?.get(0))
    }
}

async fn note_change(connection: &mut SqliteConnection) -> Result<()> {
    sqlx::query(
        "INSERT INTO people_changes (one, changes) VALUES (1, 1) ON CONFLICT (one) DO UPDATE SET changes = changes + 1",
    )
    .execute(connection)
    .await
    .map(drop)
    .map_err(failed)
}

async fn at_source(connection: &mut SqliteConnection, origin: &Origin) -> Result<Vec<Membership>> {
    let rows = query_of("SELECT * FROM memberships WHERE tenant = ? AND source = ? ORDER BY number", origin)
        .fetch_all(connection)
        .await;
    rows.map_err(failed)?.iter().map(membership).collect()
}

async fn of_person(connection: &mut SqliteConnection, tenant: &str, person: &str) -> Result<Vec<Membership>> {
    let rows = sqlx::query("SELECT * FROM memberships WHERE tenant = ? AND person = ? ORDER BY number")
        .bind(tenant)
        .bind(person)
        .fetch_all(connection)
        .await;
    rows.map_err(failed)?.iter().map(membership).collect()
}

async fn insert(connection: &mut SqliteConnection, tenant: &str, new: &Membership) -> Result<()> {
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

async fn update(connection: &mut SqliteConnection, changed: &Membership) -> Result<()> {
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

fn is_gone(state: AgentState) -> bool {
    matches!(state, AgentState::Inactive | AgentState::Deleted)
}

/// What both know of a person, the newer first.
fn filled(newer: AgentRef, older: &AgentRef) -> AgentRef {
    AgentRef {
        id: newer.id.or_else(|| older.id.clone()),
        login: newer.login.or_else(|| older.login.clone()),
        name: newer.name.or_else(|| older.name.clone()),
        email: newer.email.or_else(|| older.email.clone()),
    }
}

fn person_row(row: &SqliteRow) -> PersonRow {
    let text = |column| row.get::<Option<String>, _>(column);
    PersonRow {
        tenant: row.get("tenant"),
        person: row.get("person"),
        name: text("name").map(Into::into),
        analyse: row.get("analyse"),
        source: text("source"),
        id: text("id"),
        login: text("login").map(Into::into),
        email: text("email").map(Into::into),
        groups: text("groups"),
        state: text("state"),
        until: text("until"),
        came: text("came"),
    }
}
