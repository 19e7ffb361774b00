//! Runs of reconciliation and the gaps that are still open.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use connector_core::reconcile::{Archive, Gaps, ReconcileMode};
use connector_core::{Cursor, Gap, Origin, Result};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::archive::SqliteArchive;
use super::columns::{exact, json, parsed, text, time};
use super::queries::{commit, failed, query_of};
use super::store::SqliteStore;
use crate::recover::{ReconcileLog, Run};

#[async_trait]
impl ReconcileLog for SqliteStore {
    fn archive(&self, origin: &Origin) -> Arc<dyn Archive> {
        Arc::new(SqliteArchive::new(self.clone(), origin.clone()))
    }

    async fn open_gaps(&self, origin: &Origin) -> Result<Gaps> {
        gaps(&mut *self.readers.acquire().await.map_err(failed)?, origin).await
    }

    async fn close_gaps(&self, origin: &Origin, from: DateTime<Utc>, reached: DateTime<Utc>) -> Result<Gaps> {
        let mut transaction = self.write().await?;
        let mut gaps = gaps(&mut transaction, origin).await?;
        gaps.close(from, reached);
        query_of("DELETE FROM gaps WHERE tenant = ? AND source = ?", origin)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        for gap in gaps.open() {
            insert_gap(&mut transaction, origin, gap).await?;
        }
        commit(transaction).await?;
        Ok(gaps)
    }

    async fn open_run(&self, origin: &Origin, name: &str) -> Result<Option<Run>> {
        let row = query_of(
            "SELECT * FROM runs WHERE tenant = ? AND source = ? AND name = ? AND ended IS NULL ORDER BY began DESC LIMIT 1", origin)
            .bind(name)
            .fetch_optional(&self.readers)
            .await;
        row.map_err(failed)?.as_ref().map(run).transpose()
    }

    async fn last_run(&self, origin: &Origin, mode: ReconcileMode) -> Result<Option<Run>> {
        let row = query_of(
            "SELECT * FROM runs WHERE tenant = ? AND source = ? AND mode = ? ORDER BY began DESC LIMIT 1",
            origin,
        )
        .bind(mode.to_string())
        .fetch_optional(&self.readers)
        .await;
        row.map_err(failed)?.as_ref().map(run).transpose()
    }

    async fn save_run(&self, run: &Run) -> Result<()> {
        let done = query_of(
            "INSERT OR REPLACE INTO runs (tenant, source, name, mode, since, until, began, resume, reached, report, ended)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", &run.origin)
        .bind(&run.name)
        .bind(run.report.mode.to_string())
        .bind(exact(run.from))
        .bind(exact(run.to))
        .bind(exact(run.began))
        .bind(run.resume.as_ref().map(Cursor::as_str))
        .bind(text(run.report.reached))
        .bind(json(&run.report)?)
        .bind(run.ended.map(text))
        .execute(&self.writer)
        .await;
        done.map(drop).map_err(failed)
    }
}

/// Writes a gap down as a part of somebody else's transaction.
pub(super) async fn insert_gap(connection: &mut SqliteConnection, origin: &Origin, gap: &Gap) -> Result<()> {
    let done =
        query_of("INSERT OR IGNORE INTO gaps (tenant, source, since, until, why) VALUES (?, ?, ?, ?, ?)", origin)
            .bind(exact(gap.from))
            .bind(exact(gap.to))
            .bind(&gap.why)
            .execute(connection)
            .await;
    done.map(drop).map_err(failed)
}

async fn gaps(connection: &mut SqliteConnection, origin: &Origin) -> Result<Gaps> {
    let rows = query_of("SELECT since, until, why FROM gaps WHERE tenant = ? AND source = ?", origin)
        .fetch_all(connection)
        .await
        .map_err(failed)?;
    let gap = |row: &SqliteRow| Ok(Gap { from: time(row.get(0))?, to: time(row.get(1))?, why: row.get(2) });
    rows.iter().map(gap).collect()
}

fn run(row: &SqliteRow) -> Result<Run> {
    Ok(Run {
        origin: Origin::new(row.get::<&str, _>("tenant"), row.get::<&str, _>("source")),
        name: row.get("name"),
        from: time(row.get("since"))?,
        to: time(row.get("until"))?,
        began: time(row.get("began"))?,
        resume: row.get::<Option<String>, _>("resume").map(Cursor::new),
        report: parsed(row.get("report"))?,
        ended: row.get::<Option<&str>, _>("ended").map(time).transpose()?,
    })
}
