//! Compares a made-up history with what `ingest` has stored.
//!
//! `reconcile fill DB CALLS` stores all but a thousand of so many calls, `reconcile compare DB CALLS` finds those, and
//! `reconcile ids DB` reads the ids alone, as the least that any comparison has to do.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use connector_core::reconcile::{Reconcile, ReconcileMode, ReconcileRequest};
use connector_core::{
    Conversation, ConversationHistory, ConversationRef, Gone, HistoryLimits, HistoryQuery, JobCheck, Leg, Listing,
    Lookup, LookupOptions, Origin, Page, Revision, Stamp, Vendor,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use ingestion_pipeline::{ReconcileLog, SqliteStore};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

const PAGE: usize = 500;
/// How many calls are not stored.
const MISSING: usize = 1_000;

fn origin() -> Origin {
    Origin::new("acme", "source")
}

fn id(number: usize) -> String {
    format!("{number:016x}-6f0c-4a17-b0d5")
}

/// Makes up its calls, evenly over ten days, as they are asked for.
#[derive(Clone, Copy, Debug)]
struct History {
    calls: usize,
    start: DateTime<Utc>,
}

impl History {
    fn new(calls: usize) -> Self {
        Self { calls, start: DateTime::from_timestamp(1_791_504_000, 0).unwrap_or_default() }
    }

    fn ended_at(&self, place: usize) -> DateTime<Utc> {
        self.start + TimeDelta::milliseconds(place as i64 * 864_000_000 / self.calls as i64)
    }

    /// The calls end in another order than that of their ids, as everywhere.
    fn number_at(&self, place: usize) -> usize {
        place * 618_033_989 % self.calls
    }

    fn call(&self, place: usize) -> Conversation {
        let (number, ended) = (self.number_at(place), self.ended_at(place));
        let mut leg = Leg::new("1");
        leg.revision = Some(Revision::new(ended, format!("{number:064x}")));
        let mut call = Conversation::new(ConversationRef::new(id(number)), Vendor::UNIVERSAL);
        call.ended = Some(Stamp::vendor(ended));
        call.legs.push(leg);
        call
    }
}

#[async_trait::async_trait]
impl ConversationHistory for History {
    fn limits(&self) -> HistoryLimits {
        HistoryLimits::lagging(Duration::from_secs(600))
    }

    fn ended(&self, query: HistoryQuery) -> Listing<Conversation> {
        let this = *self;
        let place = |time: DateTime<Utc>| (time - this.start).num_milliseconds() * this.calls as i64 / 864_000_000;
        let (from, to) = (place(query.from).max(0) as usize, (place(query.to).max(0) as usize + 1).min(this.calls));
        let page = move |start| (start..to.min(start + PAGE)).map(|place| this.call(place)).collect();
        stream::iter((from..to).step_by(PAGE)).map(move |start| Ok(Page::new(page(start)))).boxed()
    }

    async fn conversation(
        &self,
        _: &ConversationRef,
        _: LookupOptions,
    ) -> connector_core::Result<Lookup<Conversation>> {
        Ok(Lookup::Gone(Gone::Unknown))
    }

    async fn check(&self) -> JobCheck {
        JobCheck::Ok
    }
}

/// A connection in a hurry: what it writes need not outlive a crash.
async fn pool(path: &str) -> sqlx::Result<SqlitePool> {
    let options = SqliteConnectOptions::new().filename(path);
    let options = options.synchronous(SqliteSynchronous::Off).pragma("cache_size", "-1000000");
    SqlitePoolOptions::new().max_connections(1).connect_with(options).await
}

/// Writes the rows that so many stored calls would have left.
async fn fill(path: &str, calls: usize) -> anyhow::Result<()> {
    SqliteStore::open(path).await?.close().await; // makes the tables
    let history = History::new(calls);
    let pool = pool(path).await?;
    let mut transaction = pool.begin().await?;
    for place in (0..calls).filter(|place| place % (calls / MISSING) != 0) {
        let (number, ended) = (history.number_at(place), history.ended_at(place).to_rfc3339());
        sqlx::query(
            "INSERT INTO calls (tenant, source, conversation, version, document, media, prefix, vendor, direction, ended,
                                agents, first_seen, stored, updated)
             VALUES ('acme', 'source', ?1, 1, '{}', 'none', '', 'universal', 'inbound', ?2, '', ?2, ?2, ?2)",
        )
        .bind(id(number))
        .bind(&ended)
        .execute(&mut *transaction)
        .await?;
        sqlx::query(
            "INSERT INTO versions VALUES ('acme', 'source', ?1, 'none', 0, NULL, json_array(json_array('1', ?2, ?3)))",
        )
        .bind(id(number))
        .bind(&ended)
        .bind(format!("{number:064x}"))
        .execute(&mut *transaction)
        .await?;
        sqlx::query(
            "INSERT INTO work (tenant, source, conversation, vendor, reference, cause, receipts, generation, state, due,
                               first_seen, waiting_since)
             VALUES ('acme', 'source', ?1, 'universal', '{}', 'ended', '[]', 1, 'done', 0, ?2, ?2)",
        )
        .bind(id(number))
        .bind(&ended)
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await?;
    pool.close().await;
    Ok(())
}

async fn compare(path: &str, calls: usize) -> anyhow::Result<()> {
    let history = History::new(calls);
    let end = history.start + TimeDelta::days(10);
    let request = ReconcileRequest::between(ReconcileMode::Manual, history.start, end);
    let archive = SqliteStore::open(path).await?.archive(&origin());
    let run = Reconcile::new(Arc::new(history), archive, request, end + TimeDelta::days(1));
    let (mut report, mut steps) = (run.report(), run.steps());
    while let Some(step) = steps.try_next().await? {
        report.add(&step);
    }
    println!("{report}");
    // Windows overlap, and a call in two of them is found twice.
    ensure!(report.detected >= MISSING as u64 && report.changed == 0, "that is not what is missing");
    Ok(())
}

async fn ids(path: &str) -> anyhow::Result<()> {
    let pool = pool(path).await?;
    let mut rows = sqlx::query_scalar::<_, String>("SELECT conversation FROM versions").fetch(&pool);
    let mut count = 0;
    while rows.try_next().await?.is_some() {
        count += 1;
    }
    println!("{count} ids");
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let calls = |text: &String| text.parse().context("CALLS is a number");
    match arguments.as_slice() {
        [what, path, count] if what == "fill" => fill(path, calls(count)?).await,
        [what, path, count] if what == "compare" => compare(path, calls(count)?).await,
        [what, path] if what == "ids" => ids(path).await,
        _ => bail!("fill DB CALLS, compare DB CALLS or ids DB"),
    }
}
