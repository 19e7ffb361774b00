//! What is stored, for comparisons with a source's history.

use std::time::Duration;

use async_trait::async_trait;
use connector_core::reconcile::{Archive, Stored, StoredMedia, StoredVersion};
use connector_core::{Conversation, Error, Origin, Result, Revision};
use serde::Deserialize;
use sqlx::Row;

use super::{SqliteStore, failed, json, parsed, query_of, time};

/// The [`Archive`] of one source.
#[derive(Clone, Debug)]
pub struct SqliteArchive {
    store: SqliteStore,
    origin: Origin,
}

/// A call as the query below writes it: its place in the question, whether it is worked on, its media, how many recordings
/// it has, how long they play, and its legs.
#[derive(Deserialize)]
struct Answer(usize, Option<u8>, Option<String>, (usize, Option<f64>), Vec<Leg>);

/// Its id, the time of its revision and its fingerprint.
#[derive(Deserialize)]
struct Leg(String, Option<String>, Option<String>);

impl SqliteArchive {
    /// What is stored of a source.
    pub fn new(store: SqliteStore, origin: Origin) -> Self {
        Self { store, origin }
    }

    /// What is stored of these calls, by the place of each.
    async fn answers(&self, of: &[Conversation]) -> Result<Vec<Answer>> {
        let ids: Vec<&str> = of.iter().map(|call| call.this.id.as_str()).collect();
        // One row for the whole batch: handing over each row by itself costs more than finding it.
        let row = query_of(
            "SELECT json_group_array(json_array(
                 ids.key, w.state IN ('due', 'leased'), c.media,
                 json((SELECT json_array(count(*), CASE WHEN count(*) = count(length_s) THEN sum(length_s) END)
                       FROM recordings r WHERE (r.tenant, r.source, r.conversation) = (?1, ?2, ids.value))),
                 json((SELECT json_group_array(json_array(leg, revised, fingerprint)) FROM legs l
                       WHERE (l.tenant, l.source, l.conversation) = (?1, ?2, ids.value)))))
             FROM json_each(?3) ids
             LEFT JOIN calls c ON (c.tenant, c.source, c.conversation) = (?1, ?2, ids.value)
             LEFT JOIN work w ON (w.tenant, w.source, w.conversation) = (?1, ?2, ids.value)",
            &self.origin,
        )
        .bind(json(&ids)?)
        .fetch_one(&self.store.readers)
        .await
        .map_err(failed)?;
        parsed(row.get(0))
    }
}

#[async_trait]
impl Archive for SqliteArchive {
    async fn stored(&self, of: &[Conversation]) -> Result<Vec<Option<Stored>>> {
        // Two readers at once: ids lie anywhere in the tables, and finding them is all the work there is.
        let (first, second) = of.split_at(of.len() / 2);
        let answers = tokio::try_join!(self.answers(first), self.answers(second))?;
        let mut stored: Vec<Option<Stored>> = vec![None; of.len()];
        for (offset, answers) in [(0, answers.0), (first.len(), answers.1)] {
            for answer in answers {
                let unasked = || Error::bug("the database answered for a call that it was not asked for");
                let place = stored.get_mut(offset + answer.0).ok_or_else(unasked)?;
                *place = call(answer)?;
            }
        }
        Ok(stored)
    }
}

/// A call that is stored, or is being worked on.
fn call(Answer(_, is_open, media, (recordings, audio), legs): Answer) -> Result<Option<Stored>> {
    let media = match media.as_deref() {
        _ if is_open == Some(1) => StoredMedia::Pending,
        None => return Ok(None),
        Some("complete") => StoredMedia::Complete,
        Some("missing") => StoredMedia::Missing,
        Some("none") => StoredMedia::None,
        Some(_) => StoredMedia::Pending,
    };
    let mut stored = Stored::new(media).with_recordings(recordings);
    stored.audio = audio.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    for Leg(leg, revised, fingerprint) in legs {
        stored = stored.with_leg(leg, version(revised.as_deref(), fingerprint)?);
    }
    Ok(Some(stored))
}

fn version(revised: Option<&str>, fingerprint: Option<String>) -> Result<StoredVersion> {
    Ok(match (revised, fingerprint) {
        (Some(revised), Some(fingerprint)) => StoredVersion::Revision(Revision::new(time(revised)?, fingerprint)),
        (None, Some(fingerprint)) => StoredVersion::Fingerprint(fingerprint),
        _ => StoredVersion::Unknown,
    })
}
