//! What is stored, for comparisons with a source's history.

use std::time::Duration;

use async_trait::async_trait;
use connector_core::reconcile::{Archive, Stored, StoredMedia, StoredVersion};
use connector_core::{Conversation, Origin, Result, Revision};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{SqliteStore, failed, json, time};

/// The [`Archive`] of one source.
#[derive(Clone, Debug)]
pub struct SqliteArchive {
    store: SqliteStore,
    origin: Origin,
}

impl SqliteArchive {
    /// What is stored of a source.
    pub fn new(store: SqliteStore, origin: Origin) -> Self {
        Self { store, origin }
    }

    /// Runs a query over the ids of these conversations, which are its third parameter.
    async fn rows(&self, sql: &'static str, of: &[Conversation]) -> Result<Vec<SqliteRow>> {
        let ids: Vec<&str> = of.iter().map(|call| call.this.id.as_str()).collect();
        let rows = sqlx::query(sql)
            .bind(&*self.origin.tenant)
            .bind(&*self.origin.source)
            .bind(json(&ids)?)
            .fetch_all(&self.store.readers)
            .await;
        rows.map_err(failed)
    }
}

#[async_trait]
impl Archive for SqliteArchive {
    async fn stored(&self, of: &[Conversation]) -> Result<Vec<Option<Stored>>> {
        let calls = self
            .rows(
                "SELECT c.media, w.state IN ('due', 'leased') AS open,
                        (SELECT CASE WHEN count(*) = count(length_s) THEN sum(length_s) END FROM recordings r
                         WHERE (r.tenant, r.source, r.conversation) = (?1, ?2, ids.value)) AS audio
                 FROM json_each(?3) ids
                 LEFT JOIN calls c ON (c.tenant, c.source, c.conversation) = (?1, ?2, ids.value)
                 LEFT JOIN work w ON (w.tenant, w.source, w.conversation) = (?1, ?2, ids.value)
                 ORDER BY ids.key",
                of,
            )
            .await?;
        let mut stored: Vec<Option<Stored>> = calls.iter().map(call).collect();
        let legs = self
            .rows(
                "SELECT ids.key, l.leg, l.revised, l.fingerprint FROM json_each(?3) ids
                 JOIN legs l ON (l.tenant, l.source, l.conversation) = (?1, ?2, ids.value)",
                of,
            )
            .await?;
        for row in &legs {
            let place = usize::try_from(row.get::<i64, _>(0)).unwrap_or(usize::MAX);
            let Some(call) = stored.get_mut(place).and_then(Option::as_mut) else { continue };
            *call = call.clone().with_leg(row.get::<String, _>(1), version(row)?);
        }
        Ok(stored)
    }
}

/// A call that is stored, or is being worked on.
fn call(row: &SqliteRow) -> Option<Stored> {
    let is_open = row.get::<Option<bool>, _>("open").unwrap_or(false);
    let media = match row.get::<Option<&str>, _>("media") {
        _ if is_open => StoredMedia::Pending,
        None => return None,
        Some("complete") => StoredMedia::Complete,
        Some("missing") => StoredMedia::Missing,
        Some("none") => StoredMedia::None,
        Some(_) => StoredMedia::Pending,
    };
    let mut stored = Stored::new(media);
    stored.audio = row.get::<Option<f64>, _>("audio").and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    Some(stored)
}

fn version(row: &SqliteRow) -> Result<StoredVersion> {
    Ok(match (row.get::<Option<&str>, _>(2), row.get::<Option<String>, _>(3)) {
        (Some(revised), Some(fingerprint)) => StoredVersion::Revision(Revision::new(time(revised)?, fingerprint)),
        (None, Some(fingerprint)) => StoredVersion::Fingerprint(fingerprint),
        _ => StoredVersion::Unknown,
    })
}
