//! How events, work and calls become rows. Every function is a part of somebody else's transaction.

use connector_core::{CallEvent, Conversation, ConversationRef, Leg, Raw, Receipt, Rejected, Result};
use sqlx::{Row, SqliteConnection};

use super::archive::LegVersion;
use super::columns::{json, of_word, parsed, text, word};
use super::queries::{failed, query_of};
use crate::call::{StoredCall, StoredRecording};
use crate::work::{Batch, Cause};

fn raw_parts(raw: Option<&Raw>) -> Result<(Option<String>, Option<&[u8]>)> {
    Ok((raw.map(|raw| word(&raw.format)).transpose()?, raw.map(|raw| &raw.bytes[..])))
}

/// Returns whether the event was new.
pub(super) async fn insert_event(connection: &mut SqliteConnection, batch: &Batch, event: &CallEvent) -> Result<bool> {
    let (raw_format, raw) = raw_parts(event.raw.as_ref())?;
    let done = query_of(
        "INSERT OR IGNORE INTO events (tenant, source, key, conversation, kind, at, received, raw_format, raw)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        &batch.origin,
    )
    .bind(event.key.as_str())
    .bind(&event.conversation.id)
    .bind(event.kind.to_string())
    .bind(text(event.at.at))
    .bind(text(batch.received))
    .bind(raw_format)
    .bind(raw)
    .execute(connection)
    .await;
    Ok(done.map_err(failed)?.rows_affected() == 1)
}

/// Makes a row of work due, or widens the one that is there.
pub(super) async fn make_work(
    connection: &mut SqliteConnection,
    batch: &Batch,
    event: &CallEvent,
    cause: Cause,
    is_new: bool,
) -> Result<()> {
    let row = query_of(
        "SELECT id, state = 'done' AND trouble IS NULL AS finished, cause, facts, receipts, reference FROM work
         WHERE tenant = ? AND source = ? AND conversation = ?",
        &batch.origin,
    )
    .bind(&event.conversation.id)
    .fetch_optional(&mut *connection)
    .await
    .map_err(failed)?;
    let Some(row) = row else { return insert_work(connection, batch, event, cause).await };

    let mut receipts: Vec<Receipt> = parsed(row.get("receipts"))?;
    let new_receipt = event.receipt.as_ref().filter(|receipt| !receipts.contains(receipt));
    if !is_new && new_receipt.is_none() {
        return Ok(());
    }
    receipts.extend(new_receipt.cloned());
    let mut reference: ConversationRef = parsed(row.get("reference"))?;
    reference.learn(&event.conversation);
    let before: Cause = of_word(row.get::<&str, _>("cause"))?;
    // What was given up is still owed, so its cause stands.
    let cause = if row.get("finished") { cause } else { cause.max(before) };
    let facts = merged(row.get::<Option<String>, _>("facts").as_deref(), event.facts.as_deref())?;
    sqlx::query(
        "UPDATE work SET cause = ?1, facts = ?2, receipts = ?3, reference = ?4, generation = generation + 1,
                         state = CASE state WHEN 'leased' THEN 'leased' ELSE 'due' END,
                         due = CASE state WHEN 'due' THEN min(due, ?5) ELSE ?5 END,
                         waiting_since = CASE state WHEN 'done' THEN ?6 ELSE waiting_since END
         WHERE id = ?7",
    )
    .bind(word(&cause)?)
    .bind(facts)
    .bind(json(&receipts)?)
    .bind(json(&reference)?)
    .bind(batch.received.timestamp_millis())
    .bind(text(batch.received))
    .bind(row.get::<i64, _>("id"))
    .execute(connection)
    .await
    .map(drop)
    .map_err(failed)
}

async fn insert_work(connection: &mut SqliteConnection, batch: &Batch, event: &CallEvent, cause: Cause) -> Result<()> {
    let receipts: Vec<&Receipt> = event.receipt.iter().collect();
    query_of(
        "INSERT INTO work (tenant, source, conversation, vendor, reference, cause, facts, receipts, generation, state, due,
                           first_seen, waiting_since)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1, 'due', ?9, ?10, ?10)", &batch.origin)
    .bind(&event.conversation.id)
    .bind(batch.vendor.as_str())
    .bind(json(&event.conversation)?)
    .bind(word(&cause)?)
    .bind(event.facts.as_deref().map(json).transpose()?)
    .bind(json(&receipts)?)
    .bind(batch.received.timestamp_millis())
    .bind(text(batch.received))
    .execute(connection)
    .await
    .map(drop)
    .map_err(failed)
}

fn merged(known: Option<&str>, newer: Option<&Conversation>) -> Result<Option<String>> {
    match (known, newer) {
        (Some(known), Some(newer)) => {
            let mut facts: Conversation = parsed(known)?;
            facts.merge(newer.clone());
            json(&facts).map(Some)
        }
        (None, Some(newer)) => json(newer).map(Some),
        (known, None) => Ok(known.map(str::to_owned)),
    }
}

/// Writes a rejection down, unless it is known, and returns whether it was new. A known one whose source offers it again
/// is to be settled once more; one without a receipt is known when the same was said of the same thing.
pub(super) async fn insert_rejection(
    connection: &mut SqliteConnection,
    batch: &Batch,
    rejected: &Rejected,
) -> Result<bool> {
    let receipt = rejected.receipt.as_ref().map(Receipt::as_str);
    if let Some(receipt) = receipt {
        let known = query_of(
            "UPDATE dead_letters SET settled = NULL WHERE tenant = ? AND source = ? AND receipt = ?",
            &batch.origin,
        )
        .bind(receipt)
        .execute(&mut *connection)
        .await;
        if known.map_err(failed)?.rows_affected() > 0 {
            return Ok(false);
        }
    }
    let (raw_format, raw) = raw_parts(rejected.raw.as_ref())?;
    let done = query_of(
        "INSERT INTO dead_letters (tenant, source, what, reason, place, detail, received, receipt, raw_format, raw)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10
         WHERE ?8 IS NOT NULL OR NOT EXISTS (
             SELECT 1 FROM dead_letters WHERE (tenant, source, what, reason, detail) = (?1, ?2, ?3, ?4, ?6)
             AND conversation IS NULL AND receipt IS NULL AND place IS ?5 AND raw IS ?10)",
        &batch.origin,
    )
    .bind(&rejected.what)
    .bind(&rejected.reason)
    .bind(&rejected.at)
    .bind(&rejected.detail)
    .bind(text(batch.received))
    .bind(receipt)
    .bind(raw_format)
    .bind(raw)
    .execute(connection)
    .await;
    Ok(done.map_err(failed)?.rows_affected() == 1)
}

/// Writes a version of a call with all that belongs to it: its recordings, its other ids, its message.
pub(super) async fn write_call(connection: &mut SqliteConnection, call: &StoredCall) -> Result<()> {
    write_document(connection, call).await?;
    write_aliases(connection, call).await?;
    for recording in &call.recordings {
        write_recording(connection, call, recording).await?;
    }
    write_version(connection, call).await?;
    write_message(connection, call).await
}

async fn write_document(connection: &mut SqliteConnection, call: &StoredCall) -> Result<()> {
    let document = &call.document;
    let agents: Vec<&str> = document.legs.iter().filter_map(|leg| leg.agent.as_ref()).map(|who| who.reveal()).collect();
    query_of(
        "INSERT OR REPLACE INTO calls (tenant, source, conversation, version, document, media, prefix, vendor, direction,
                                       started, ended, duration_s, agents, first_seen, stored, updated)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", &call.origin)
    .bind(&document.this.id)
    .bind(call.version)
    .bind(json(document)?)
    .bind(call.media.as_str())
    .bind(&call.prefix)
    .bind(document.vendor.as_str())
    .bind(word(&document.direction)?)
    .bind(document.started.map(|stamp| text(stamp.at)))
    .bind(document.ended.map(|stamp| text(stamp.at)))
    .bind(document.duration().map(|length| length.as_secs_f64()))
    .bind(agents.join(", "))
    .bind(text(call.first_seen))
    .bind(text(call.stored))
    .bind(text(call.updated))
    .execute(connection)
    .await
    .map(drop)
    .map_err(failed)
}

/// What a comparison will ask. It counts the vendor's recordings that are there, so they come first.
async fn write_version(connection: &mut SqliteConnection, call: &StoredCall) -> Result<()> {
    let leg = |leg: &Leg| {
        let revision = leg.revision.as_ref();
        LegVersion(leg.id.clone(), revision.map(|r| r.at.to_rfc3339()), revision.map(|r| r.fingerprint.clone()))
    };
    let legs: Vec<LegVersion> = call.document.legs.iter().map(leg).collect();
    query_of(
        "INSERT OR REPLACE INTO versions (tenant, source, conversation, media, recordings, audio_s, legs)
         SELECT ?1, ?2, ?3, ?4, count(*), CASE WHEN count(*) = count(length_s) THEN sum(length_s) END, ?5
         FROM recordings WHERE (tenant, source, conversation) = (?1, ?2, ?3) AND kind <> 'live'",
        &call.origin,
    )
    .bind(&call.document.this.id)
    .bind(call.media.as_str())
    .bind(json(&legs)?)
    .execute(connection)
    .await
    .map(drop)
    .map_err(failed)
}

async fn write_aliases(connection: &mut SqliteConnection, call: &StoredCall) -> Result<()> {
    for alias in &call.document.this.aliases {
        sqlx::query("INSERT OR IGNORE INTO aliases (tenant, kind, value, source, conversation) VALUES (?, ?, ?, ?, ?)")
            .bind(&*call.origin.tenant)
            .bind(&alias.kind)
            .bind(&alias.value)
            .bind(&*call.origin.source)
            .bind(&call.document.this.id)
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

async fn write_recording(connection: &mut SqliteConnection, call: &StoredCall, stored: &StoredRecording) -> Result<()> {
    query_of(
        "INSERT OR REPLACE INTO recordings (tenant, source, conversation, recording, description, kind, media_type, length_s,
                                            sha256, size, object, stored, resumed)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", &call.origin)
    .bind(&call.document.this.id)
    .bind(&stored.recording.id)
    .bind(json(&stored.recording)?)
    .bind(stored.recording.kind.to_string())
    .bind(&stored.recording.media_type)
    .bind(stored.recording.length.map(|length| length.as_secs_f64()))
    .bind(&stored.sha256)
    .bind(i64::try_from(stored.size).unwrap_or(i64::MAX))
    .bind(&stored.object)
    .bind(text(stored.stored))
    .bind(stored.resumed)
    .execute(connection)
    .await
    .map(drop)
    .map_err(failed)
}

async fn write_message(connection: &mut SqliteConnection, call: &StoredCall) -> Result<()> {
    let message = call.message();
    sqlx::query(
        "INSERT OR IGNORE INTO outbox (key, tenant, source, conversation, message, created) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(&message.key)
    .bind(&*call.origin.tenant)
    .bind(&*call.origin.source)
    .bind(&call.document.this.id)
    .bind(json(&message)?)
    .bind(text(call.updated))
    .execute(connection)
    .await
    .map(drop)
    .map_err(failed)
}
