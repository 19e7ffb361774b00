//! What people and other programs read.

use chrono::{DateTime, Utc};
use connector_core::{Origin, Result};
use serde::Serialize;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};

use super::columns::{text, time};
use super::queries::{failed, query_of};
use super::store::SqliteStore;

/// Which calls to list.
#[derive(Clone, Debug, Default)]
pub struct CallFilter {
    /// Only of this tenant.
    pub tenant: Option<String>,
    /// Only from this source.
    pub source: Option<String>,
    /// Only calls that started at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// At most so many, the latest first.
    pub limit: Option<u32>,
}

/// A row of the view `calls_v1`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CallRow {
    /// Whose call it is.
    pub tenant: String,
    /// The source it came from.
    pub source: String,
    /// The system behind the source.
    pub vendor: String,
    /// The call's id in the source.
    pub conversation: String,
    /// The call's version, counted from 1.
    pub version: u32,
    /// `inbound`, `outbound`, `internal` or `unknown`.
    pub direction: String,
    /// When it started.
    pub started: Option<String>,
    /// When it ended.
    pub ended: Option<String>,
    /// How long it took, in seconds.
    pub duration_s: Option<f64>,
    /// Who took it, separated by commas.
    pub agents: String,
    /// `complete`, `partial`, `missing` or `none`.
    pub media: String,
    /// How many recordings are stored.
    pub recordings: u32,
    /// When it was stored first.
    pub stored: String,
    /// When this version was stored.
    pub updated: String,
}

/// A row of the view `recordings_v1`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecordingRow {
    /// Whose call it is.
    pub tenant: String,
    /// The source it came from.
    pub source: String,
    /// The call's id in the source.
    pub conversation: String,
    /// The recording's id in the call.
    pub recording: String,
    /// SHA-256 of its bytes, in lower-case hex.
    pub sha256: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its key in the object store.
    pub object: String,
}

/// An event of a call, as it was heard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EventRow {
    /// What happened.
    pub kind: String,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// When it was heard.
    pub received: DateTime<Utc>,
}

/// How much is stored and how much is still to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Calls stored.
    pub calls: u64,
    /// Recordings stored.
    pub recordings: u64,
    /// Bytes of recordings stored.
    pub bytes: u64,
    /// Downloads that were taken up again.
    pub resumed: u64,
    /// Conversations still to be worked on.
    pub open: u64,
    /// Dead letters.
    pub dead_letters: u64,
    /// Dead letters whose source has not been told yet.
    pub unsettled: u64,
}

impl SqliteStore {
    /// Lists calls, the latest first.
    ///
    /// # Errors
    /// `is_storage`.
    pub async fn calls(&self, filter: &CallFilter) -> Result<Vec<CallRow>> {
        let mut query: QueryBuilder<Sqlite> = QueryBuilder::new("SELECT * FROM calls_v1 WHERE TRUE");
        if let Some(tenant) = &filter.tenant {
            query.push(" AND tenant = ").push_bind(tenant);
        }
        if let Some(source) = &filter.source {
            query.push(" AND source = ").push_bind(source);
        }
        if let Some(since) = filter.since {
            query.push(" AND started >= ").push_bind(text(since));
        }
        query.push(" ORDER BY started DESC, tenant, source, conversation LIMIT ");
        query.push_bind(filter.limit.map_or(-1, i64::from));
        let rows = query.build().fetch_all(&self.readers).await.map_err(failed)?;
        Ok(rows.iter().map(call_row).collect())
    }

    /// Lists the recordings of a source.
    ///
    /// # Errors
    /// `is_storage`.
    pub async fn recordings(&self, origin: &Origin) -> Result<Vec<RecordingRow>> {
        let rows = query_of(
            "SELECT * FROM recordings_v1 WHERE tenant = ? AND source = ? ORDER BY conversation, recording",
            origin,
        )
        .fetch_all(&self.readers)
        .await
        .map_err(failed)?;
        Ok(rows.iter().map(recording_row).collect())
    }

    /// How many downloads of a source were taken up again.
    ///
    /// # Errors
    /// `is_storage`.
    pub async fn resumed(&self, origin: &Origin) -> Result<u64> {
        let query = "SELECT coalesce(sum(resumed), 0) FROM recordings WHERE tenant = ? AND source = ?";
        let row = query_of(query, origin).fetch_one(&self.readers).await.map_err(failed)?;
        Ok(u64::try_from(row.get::<i64, _>(0)).unwrap_or_default())
    }

    /// The ids of up to ten calls of a source that begin with this text; only the one, where one is just that.
    ///
    /// # Errors
    /// `is_storage`.
    pub async fn find_call(&self, tenant: &str, source: &str, id: &str) -> Result<Vec<String>> {
        let rows = sqlx::query(
            "SELECT conversation FROM calls WHERE tenant = ?1 AND source = ?2 AND substr(conversation, 1, length(?3)) = ?3
             ORDER BY conversation LIMIT 10",
        )
        .bind(tenant)
        .bind(source)
        .bind(id.trim_end_matches('…'))
        .fetch_all(&self.readers)
        .await
        .map_err(failed)?;
        let found: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        Ok(if found.first().is_some_and(|first| first == id) { vec![id.to_owned()] } else { found })
    }

    /// The events of a call in the order in which they were heard.
    ///
    /// # Errors
    /// `is_storage`.
    pub async fn events_of(&self, origin: &Origin, conversation: &str) -> Result<Vec<EventRow>> {
        let rows = query_of(
            "SELECT kind, at, received FROM events WHERE tenant = ? AND source = ? AND conversation = ? ORDER BY received, at", origin)
        .bind(conversation)
        .fetch_all(&self.readers)
        .await
        .map_err(failed)?;
        let event =
            |row: &SqliteRow| Ok(EventRow { kind: row.get(0), at: time(row.get(1))?, received: time(row.get(2))? });
        rows.iter().map(event).collect()
    }

    /// When each version of a call was handed to the analysis queue.
    ///
    /// # Errors
    /// `is_storage`.
    pub async fn published_of(&self, origin: &Origin, conversation: &str) -> Result<Vec<DateTime<Utc>>> {
        let rows = query_of(
            "SELECT published FROM outbox WHERE tenant = ? AND source = ? AND conversation = ? AND published IS NOT NULL
             ORDER BY published", origin)
        .bind(conversation)
        .fetch_all(&self.readers)
        .await
        .map_err(failed)?;
        rows.iter().map(|row| time(row.get(0))).collect()
    }

    /// How much is stored and how much is still to do.
    ///
    /// # Errors
    /// `is_storage`.
    pub async fn tally(&self) -> Result<Tally> {
        let row = sqlx::query(
            "SELECT (SELECT count(*) FROM calls), (SELECT count(*) FROM recordings),
                    (SELECT coalesce(sum(size), 0) FROM recordings), (SELECT coalesce(sum(resumed), 0) FROM recordings),
                    (SELECT count(*) FROM work WHERE state <> 'done'), (SELECT count(*) FROM dead_letters),
                    (SELECT count(*) FROM dead_letters WHERE receipt IS NOT NULL AND settled IS NULL)",
        )
        .fetch_one(&self.readers)
        .await
        .map_err(failed)?;
        let count = |index: usize| row.get::<i64, _>(index).unsigned_abs();
        Ok(Tally {
            calls: count(0),
            recordings: count(1),
            bytes: count(2),
            resumed: count(3),
            open: count(4),
            dead_letters: count(5),
            unsettled: count(6),
        })
    }
}

fn call_row(row: &SqliteRow) -> CallRow {
    CallRow {
        tenant: row.get("tenant"),
        source: row.get("source"),
        vendor: row.get("vendor"),
        conversation: row.get("conversation"),
        version: row.get("version"),
        direction: row.get("direction"),
        started: row.get("started"),
        ended: row.get("ended"),
        duration_s: row.get("duration_s"),
        agents: row.get("agents"),
        media: row.get("media"),
        recordings: row.get("recordings"),
        stored: row.get("stored"),
        updated: row.get("updated"),
    }
}

fn recording_row(row: &SqliteRow) -> RecordingRow {
    RecordingRow {
        tenant: row.get("tenant"),
        source: row.get("source"),
        conversation: row.get("conversation"),
        recording: row.get("recording"),
        sha256: row.get("sha256"),
        size: row.get::<i64, _>("size").unsigned_abs(),
        object: row.get("object"),
    }
}
