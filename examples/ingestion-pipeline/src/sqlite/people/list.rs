//! Who the people are, and a number that rises when that changes.

use connector_core::{Agent, AgentRef, Origin, Result};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use crate::people::PersonRow;
use crate::scope::Member;
use crate::sqlite::columns::{parsed, time};
use crate::sqlite::queries::{failed, query_of};
use crate::sqlite::store::SqliteStore;

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
    pub(super) store: SqliteStore,
}

impl SqliteStore {
    /// The people whose calls count.
    pub fn people(&self) -> People {
        People { store: self.clone() }
    }
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

pub(super) async fn note_change(connection: &mut SqliteConnection) -> Result<()> {
    sqlx::query(
        "INSERT INTO people_changes (one, changes) VALUES (1, 1) ON CONFLICT (one) DO UPDATE SET changes = changes + 1",
    )
    .execute(connection)
    .await
    .map(drop)
    .map_err(failed)
}

pub(super) async fn add_person(
    connection: &mut SqliteConnection,
    tenant: &str,
    person: &str,
    name: Option<&str>,
    analyse: bool,
) -> Result<()> {
    sqlx::query("INSERT OR IGNORE INTO people (tenant, person, name, analyse) VALUES (?, ?, ?, ?)")
        .bind(tenant)
        .bind(person)
        .bind(name)
        .bind(analyse)
        .execute(connection)
        .await
        .map(drop)
        .map_err(failed)
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
