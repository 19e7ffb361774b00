//! The store that the loops work on.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use connector_core::{Cursor, Origin, Outcome, Receipt, Result};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::columns::{json, of_word, parsed, text, time};
use super::queries::{commit, failed, query_of};
use super::rows::{insert_event, insert_rejection, make_work, write_call};
use super::runs::insert_gap;
use super::store::SqliteStore;
use crate::call::{Message, StoredCall, StoredRecording};
use crate::store::WorkStore;
use crate::work::{Batch, Cause, Lease, Recorded, UnsettledRejection, WorkRow, after};

#[async_trait]
impl WorkStore for SqliteStore {
    async fn record(&self, batch: &Batch) -> Result<Recorded> {
        let mut transaction = self.write().await?;
        let mut recorded = Recorded::default();
        for event in &batch.events {
            let is_new = insert_event(&mut transaction, batch, event).await?;
            recorded.events += usize::from(is_new);
            recorded.repeated += usize::from(!is_new);
            if let Some(cause) = Cause::of(&event.kind) {
                make_work(&mut transaction, batch, event, cause, is_new).await?;
            }
        }
        for rejected in &batch.rejected {
            let is_new = insert_rejection(&mut transaction, batch, rejected).await?;
            recorded.rejected += usize::from(is_new);
            recorded.repeated += usize::from(!is_new);
        }
        for gap in &batch.gaps {
            insert_gap(&mut transaction, &batch.origin, gap).await?;
        }
        if let Some(cursor) = &batch.cursor {
            query_of("INSERT OR REPLACE INTO cursors (tenant, source, cursor) VALUES (?, ?, ?)", &batch.origin)
                .bind(cursor.as_str())
                .execute(&mut *transaction)
                .await
                .map_err(failed)?;
        }
        commit(transaction).await?;
        Ok(recorded)
    }

    async fn cursor(&self, origin: &Origin) -> Result<Option<Cursor>> {
        let row = query_of("SELECT cursor FROM cursors WHERE tenant = ? AND source = ?", origin)
            .fetch_optional(&self.readers)
            .await;
        Ok(row.map_err(failed)?.map(|row| Cursor::new(row.get::<String, _>(0))))
    }

    async fn lease(&self, of: &[Origin], now: DateTime<Utc>, length: Duration, limit: usize) -> Result<Vec<WorkRow>> {
        // A lease that ran out belonged to somebody who died over it: that counts as an attempt. The indexes are named so
        // that the search never passes through what is done, of which there is more every day.
        let rows = sqlx::query(
            "WITH asked AS (SELECT value ->> 'tenant', value ->> 'source' FROM json_each(?4))
             UPDATE work SET state = 'leased', lease = lower(hex(randomblob(8))), lease_until = ?2,
                             attempts = attempts + (state = 'leased')
             WHERE id IN (
                 SELECT id FROM (
                     SELECT * FROM (SELECT id, due FROM work INDEXED BY work_due
                                    WHERE state = 'due' AND due <= ?1 AND (tenant, source) IN asked
                                    ORDER BY due, id LIMIT ?3)
                     UNION ALL
                     SELECT id, due FROM work INDEXED BY work_leased
                     WHERE state = 'leased' AND lease_until <= ?1 AND (tenant, source) IN asked)
                 ORDER BY due, id LIMIT ?3)
             RETURNING id, lease, generation, tenant, source, reference, cause, facts, receipts, attempts, first_seen,
                       waiting_since, due",
        )
        .bind(now.timestamp_millis())
        .bind(after(now, length).timestamp_millis())
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .bind(json(&of)?)
        .fetch_all(&self.writer)
        .await;
        let mut rows = rows.map_err(failed)?;
        rows.sort_by_key(|row| (row.get::<i64, _>("due"), row.get::<i64, _>("id")));
        Ok(rows.iter().filter_map(readable_work_row).collect())
    }

    async fn next_due(&self, of: &[Origin]) -> Result<Option<DateTime<Utc>>> {
        let row = sqlx::query(
            "WITH asked AS (SELECT value ->> 'tenant', value ->> 'source' FROM json_each(?1))
             SELECT min(at) FROM (
                 SELECT * FROM (SELECT due AS at FROM work INDEXED BY work_due
                                WHERE state = 'due' AND (tenant, source) IN asked ORDER BY due LIMIT 1)
                 UNION ALL
                 SELECT lease_until FROM work INDEXED BY work_leased
                 WHERE state = 'leased' AND (tenant, source) IN asked)",
        )
        .bind(json(&of)?)
        .fetch_one(&self.readers)
        .await
        .map_err(failed)?;
        Ok(row.get::<Option<i64>, _>(0).and_then(DateTime::from_timestamp_millis))
    }

    async fn renew(&self, lease: &Lease, until: DateTime<Utc>) -> Result<bool> {
        let done = sqlx::query("UPDATE work SET lease_until = ? WHERE id = ? AND lease = ? AND state = 'leased'")
            .bind(until.timestamp_millis())
            .bind(lease.row)
            .bind(&lease.token)
            .execute(&self.writer)
            .await;
        Ok(done.map_err(failed)?.rows_affected() == 1)
    }

    async fn call(&self, origin: &Origin, conversation: &str) -> Result<Option<StoredCall>> {
        let row = query_of(
            "SELECT version, document, media, prefix, first_seen, stored, updated FROM calls
             WHERE tenant = ? AND source = ? AND conversation = ?",
            origin,
        )
        .bind(conversation)
        .fetch_optional(&self.readers)
        .await
        .map_err(failed)?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(StoredCall {
            origin: origin.clone(),
            version: row.get(0),
            document: parsed(row.get(1))?,
            media: of_word(row.get::<&str, _>(2))?,
            prefix: row.get(3),
            first_seen: time(row.get(4))?,
            stored: time(row.get(5))?,
            updated: time(row.get(6))?,
            recordings: self.recordings_of(origin, conversation).await?,
        }))
    }

    async fn is_known(&self, origin: &Origin, conversation: &str) -> Result<bool> {
        let row = query_of(
            "SELECT EXISTS (SELECT 1 FROM calls WHERE (tenant, source, conversation) = (?1, ?2, ?3))
                 OR EXISTS (SELECT 1 FROM work WHERE (tenant, source, conversation) = (?1, ?2, ?3)
                            AND (state <> 'done' OR trouble IS NOT NULL))",
            origin,
        )
        .bind(conversation)
        .fetch_one(&self.readers)
        .await;
        Ok(row.map_err(failed)?.get(0))
    }

    async fn commit(&self, lease: &Lease, call: &StoredCall) -> Result<bool> {
        let mut transaction = self.write().await?;
        let ours = sqlx::query(
            "SELECT 1 FROM work WHERE id = ?1 AND lease = ?2 AND state = 'leased'
             AND ?3 = 1 + coalesce((SELECT version FROM calls WHERE tenant = ?4 AND source = ?5 AND conversation = ?6), 0)",
        )
        .bind(lease.row)
        .bind(&lease.token)
        .bind(call.version)
        .bind(&*call.origin.tenant)
        .bind(&*call.origin.source)
        .bind(&call.document.this.id)
        .fetch_optional(&mut *transaction)
        .await
        .map_err(failed)?;
        if ours.is_none() {
            return Ok(false);
        }
        write_call(&mut transaction, call).await?;
        commit(transaction).await?;
        Ok(true)
    }

    async fn unpublished(&self, origin: &Origin, conversation: &str) -> Result<Vec<Message>> {
        let rows = query_of(
            "SELECT message FROM outbox WHERE tenant = ? AND source = ? AND conversation = ? AND published IS NULL
             ORDER BY message ->> 'version'",
            origin,
        )
        .bind(conversation)
        .fetch_all(&self.readers)
        .await
        .map_err(failed)?;
        rows.iter().map(|row| parsed(row.get(0))).collect()
    }

    async fn published(&self, key: &str, at: DateTime<Utc>) -> Result<()> {
        let done = sqlx::query("UPDATE outbox SET published = ? WHERE key = ? AND published IS NULL")
            .bind(text(at))
            .bind(key)
            .execute(&self.writer)
            .await;
        done.map(drop).map_err(failed)
    }

    async fn finish(&self, lease: &Lease, settled: &[Receipt], now: DateTime<Utc>) -> Result<()> {
        let mut transaction = self.write().await?;
        let row = sqlx::query("SELECT receipts, generation FROM work WHERE id = ? AND lease = ? AND state = 'leased'")
            .bind(lease.row)
            .bind(&lease.token)
            .fetch_optional(&mut *transaction)
            .await
            .map_err(failed)?;
        let Some(row) = row else { return Ok(()) };
        let mut receipts: Vec<Receipt> = parsed(row.get(0))?;
        receipts.retain(|receipt| !settled.contains(receipt));
        let arrived_since = row.get::<i64, _>(1) > lease.generation;
        sqlx::query(
            "UPDATE work SET state = ?1, due = ?2, lease = NULL, lease_until = NULL, attempts = 0, trouble = NULL,
                             receipts = ?3, facts = CASE WHEN ?1 = 'done' THEN NULL ELSE facts END,
                             waiting_since = ?4
             WHERE id = ?5",
        )
        .bind(if arrived_since { "due" } else { "done" })
        .bind(now.timestamp_millis())
        .bind(json(&receipts)?)
        .bind(text(now))
        .bind(lease.row)
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        commit(transaction).await
    }

    async fn park(&self, lease: &Lease, due: DateTime<Utc>, trouble: Option<&str>) -> Result<()> {
        let done = sqlx::query(
            "UPDATE work SET state = 'due', due = CASE WHEN generation > ?2 THEN min(due, ?1) ELSE ?1 END,
                             lease = NULL, lease_until = NULL, attempts = attempts + (?3 IS NOT NULL), trouble = ?3
             WHERE id = ?4 AND lease = ?5 AND state = 'leased'",
        )
        .bind(due.timestamp_millis())
        .bind(lease.generation)
        .bind(trouble)
        .bind(lease.row)
        .bind(&lease.token)
        .execute(&self.writer)
        .await;
        done.map(drop).map_err(failed)
    }

    async fn bury(&self, lease: &Lease, reason: &str, detail: &str, now: DateTime<Utc>) -> Result<()> {
        let mut transaction = self.write().await?;
        let buried = sqlx::query(
            "UPDATE work SET state = CASE WHEN generation > ?1 THEN 'due' ELSE 'done' END,
                             lease = NULL, lease_until = NULL, attempts = 0, trouble = ?2
             WHERE id = ?3 AND lease = ?4 AND state = 'leased' RETURNING tenant, source, conversation",
        )
        .bind(lease.generation)
        .bind(detail)
        .bind(lease.row)
        .bind(&lease.token)
        .fetch_optional(&mut *transaction)
        .await
        .map_err(failed)?;
        if let Some(row) = buried {
            sqlx::query(
                "INSERT INTO dead_letters (tenant, source, conversation, what, reason, detail, received)
                 VALUES (?, ?, ?, 'call', ?, ?, ?)",
            )
            .bind(row.get::<String, _>(0))
            .bind(row.get::<String, _>(1))
            .bind(row.get::<String, _>(2))
            .bind(reason)
            .bind(detail)
            .bind(text(now))
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        }
        commit(transaction).await
    }

    async fn unsettled_rejections(&self, of: &[Origin], after: i64, limit: usize) -> Result<Vec<UnsettledRejection>> {
        let rows = sqlx::query(
            "SELECT id, tenant, source, receipt, reason, place, detail FROM dead_letters
             WHERE receipt IS NOT NULL AND settled IS NULL AND id > ?
               AND (tenant, source) IN (SELECT value ->> 'tenant', value ->> 'source' FROM json_each(?))
             ORDER BY id LIMIT ?",
        )
        .bind(after)
        .bind(json(&of)?)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(&self.readers)
        .await
        .map_err(failed)?;
        let rejection = |row: &SqliteRow| UnsettledRejection {
            id: row.get(0),
            origin: Origin::new(row.get::<String, _>(1), row.get::<String, _>(2)),
            receipt: Receipt::new(row.get::<String, _>(3)),
            outcome: Outcome::Rejected { reason: row.get(4), at: row.get(5), detail: row.get(6) },
        };
        Ok(rows.iter().map(rejection).collect())
    }

    async fn rejection_settled(&self, id: i64, at: DateTime<Utc>) -> Result<()> {
        let done = sqlx::query("UPDATE dead_letters SET settled = ? WHERE id = ?")
            .bind(text(at))
            .bind(id)
            .execute(&self.writer)
            .await;
        done.map(drop).map_err(failed)
    }
}

impl SqliteStore {
    async fn recordings_of(&self, origin: &Origin, conversation: &str) -> Result<Vec<StoredRecording>> {
        let rows = query_of(
            "SELECT description, object, sha256, size, stored, resumed FROM recordings
             WHERE tenant = ? AND source = ? AND conversation = ? ORDER BY recording",
            origin,
        )
        .bind(conversation)
        .fetch_all(&self.readers)
        .await
        .map_err(failed)?;
        let recording = |row: &SqliteRow| {
            Ok(StoredRecording {
                recording: parsed(row.get(0))?,
                object: row.get(1),
                sha256: row.get(2),
                size: row.get::<i64, _>(3).unsigned_abs(),
                stored: time(row.get(4))?,
                resumed: row.get(5),
            })
        };
        rows.iter().map(recording).collect()
    }
}

fn work_row(row: &SqliteRow) -> Result<WorkRow> {
    Ok(WorkRow {
        lease: Lease { row: row.get("id"), token: row.get("lease"), generation: row.get("generation") },
        origin: Origin::new(row.get::<String, _>("tenant"), row.get::<String, _>("source")),
        conversation: parsed(row.get("reference"))?,
        cause: of_word(row.get::<&str, _>("cause"))?,
        facts: row.get::<Option<String>, _>("facts").as_deref().map(parsed).transpose()?,
        receipts: parsed(row.get("receipts"))?,
        attempts: row.get("attempts"),
        first_seen: time(row.get("first_seen"))?,
        waiting_since: time(row.get("waiting_since"))?,
    })
}

/// A row that cannot be read keeps its lease, so that it is tried again later and the others go on.
fn readable_work_row(row: &SqliteRow) -> Option<WorkRow> {
    let id: i64 = row.get("id");
    work_row(row).inspect_err(|error| tracing::error!(task = id, "a row of work cannot be read: {error}")).ok()
}
