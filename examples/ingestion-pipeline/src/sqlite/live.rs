//! Sessions of sound.

use async_trait::async_trait;
use connector_core::{Origin, Result};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Row, Sqlite};

use super::columns::{exact, json, of_word, parsed, text, time};
use super::queries::{failed, query_of};
use super::store::SqliteStore;
use crate::session::{LiveStore, SessionRow, SessionState};

/// The columns behind those that name the source.
const COLUMNS: &str =
    "session, conversation, began, state, file, ended, samples, rate, speakers, lost, whole, parts, matched, updated";

#[async_trait]
impl LiveStore for SqliteStore {
    async fn begin(&self, row: &SessionRow) -> Result<bool> {
        let query = query_of(
            "INSERT OR IGNORE INTO live (tenant, source, session, conversation, began, state, file, ended, samples, rate,
                                         speakers, lost, whole, parts, matched, updated)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
            &row.origin,
        );
        let done = bound(query, row)?.execute(&self.writer).await;
        Ok(done.map_err(failed)?.rows_affected() == 1)
    }

    async fn change(&self, from: SessionState, row: &SessionRow) -> Result<bool> {
        let query = query_of(
            "UPDATE live SET conversation = ?4, began = ?5, state = ?6, file = ?7, ended = ?8, samples = ?9, rate = ?10,
                             speakers = ?11, lost = ?12, whole = ?13, parts = ?14, matched = ?15, updated = ?16
             WHERE (tenant, source, session, state) = (?1, ?2, ?3, ?17)",
            &row.origin,
        );
        let done = bound(query, row)?.bind(from.as_str()).execute(&self.writer).await;
        Ok(done.map_err(failed)?.rows_affected() == 1)
    }

    async fn of_call(&self, origin: &Origin, conversation: &str) -> Result<Vec<SessionRow>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM live WHERE tenant = ? AND source = ? AND conversation = ? ORDER BY began, session"
        );
        self.sessions(&sql, origin, conversation).await
    }

    async fn kept(&self, origin: &Origin, state: SessionState) -> Result<Vec<SessionRow>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM live INDEXED BY live_kept
             WHERE tenant = ? AND source = ? AND state = ? AND file IS NOT NULL ORDER BY began, session"
        );
        self.sessions(&sql, origin, state.as_str()).await
    }
}

impl SqliteStore {
    async fn sessions(&self, sql: &str, origin: &Origin, of: &str) -> Result<Vec<SessionRow>> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(&*origin.tenant)
            .bind(&*origin.source)
            .bind(of)
            .fetch_all(&self.readers)
            .await
            .map_err(failed)?;
        rows.iter().map(|row| session(origin, row)).collect()
    }
}

fn bound<'q>(
    query: Query<'q, Sqlite, SqliteArguments>,
    row: &'q SessionRow,
) -> Result<Query<'q, Sqlite, SqliteArguments>> {
    Ok(query
        .bind(&row.session)
        .bind(&row.conversation)
        .bind(exact(row.began))
        .bind(row.state.as_str())
        .bind(&row.file)
        .bind(row.ended.map(text))
        .bind(number(row.samples))
        .bind(row.rate)
        .bind(json(&row.speakers)?)
        .bind(number(row.lost))
        .bind(row.whole)
        .bind(json(&row.parts)?)
        .bind(row.matched.map(text))
        .bind(text(row.updated)))
}

fn number(samples: u64) -> i64 {
    i64::try_from(samples).unwrap_or(i64::MAX)
}

fn session(origin: &Origin, row: &SqliteRow) -> Result<SessionRow> {
    Ok(SessionRow {
        origin: origin.clone(),
        session: row.get("session"),
        conversation: row.get("conversation"),
        began: time(row.get("began"))?,
        state: of_word(row.get::<&str, _>("state"))?,
        file: row.get("file"),
        ended: row.get::<Option<&str>, _>("ended").map(time).transpose()?,
        samples: row.get::<i64, _>("samples").unsigned_abs(),
        rate: row.get("rate"),
        speakers: parsed(row.get("speakers"))?,
        lost: row.get::<i64, _>("lost").unsigned_abs(),
        whole: row.get("whole"),
        parts: parsed(row.get("parts"))?,
        matched: row.get::<Option<&str>, _>("matched").map(time).transpose()?,
        updated: time(row.get("updated"))?,
    })
}
