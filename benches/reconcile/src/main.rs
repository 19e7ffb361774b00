//! Compares a history of so many calls with a SQLite store that holds all but about a thousand of them:
//! `cargo run --release --manifest-path benches/reconcile/Cargo.toml -- 1000000`

use std::{collections::HashMap, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use connector_core::{reconcile::*, *};
use futures_util::{StreamExt, TryStreamExt, stream};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};

const PAGE: usize = 500;

/// Makes up its calls, evenly over ten days, as they are asked for.
#[derive(Clone, Copy, Debug)]
struct History {
    calls: usize,
    start: DateTime<Utc>,
}

fn id(number: usize) -> String {
    format!("{number:016x}-6f0c-4a17-b0d5")
}

impl History {
    fn ended_at(&self, place: usize) -> DateTime<Utc> {
        self.start + TimeDelta::milliseconds(place as i64 * 864_000_000 / self.calls as i64)
    }

    /// The calls end in another order than that of their ids, as everywhere.
    fn call(&self, place: usize) -> Conversation {
        let (number, ended) = (place * 618_033_989 % self.calls, self.ended_at(place));
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

    async fn conversation(&self, _: &ConversationRef, _: LookupOptions) -> Result<Lookup<Conversation>> {
        Ok(Lookup::Gone(Gone::Unknown))
    }

    async fn check(&self) -> JobCheck {
        JobCheck::Ok
    }
}

#[derive(Debug)]
struct Sqlite(SqlitePool);

#[async_trait::async_trait]
impl Archive for Sqlite {
    async fn stored(&self, of: &[Conversation]) -> Result<Vec<Option<Stored>>> {
        let ids = serde_json::to_string(&of.iter().map(|call| &call.this.id).collect::<Vec<_>>()).expect("texts");
        // One row for the batch: handing rows over one by one costs more than finding them.
        let legs = sqlx::query_scalar(
            "SELECT json_group_array(json_array(conversation, leg, fingerprint)) FROM leg
             WHERE conversation IN (SELECT value FROM json_each(?))",
        );
        let legs: String = legs.bind(ids).fetch_one(&self.0).await.map_err(|e| Error::storage(e.to_string()))?;
        let mut stored: HashMap<String, Stored> = HashMap::with_capacity(of.len());
        for (id, leg, fingerprint) in serde_json::from_str::<Vec<(String, String, String)>>(&legs).expect("as asked") {
            let call = stored.remove(&id).unwrap_or_else(|| Stored::new(StoredMedia::Complete));
            stored.insert(id, call.with_leg(leg, StoredVersion::Fingerprint(fingerprint)));
        }
        Ok(of.iter().map(|call| stored.remove(&call.this.id)).collect())
    }
}

async fn fill(pool: &SqlitePool, calls: usize) -> sqlx::Result<()> {
    let table = "CREATE TABLE leg (conversation, leg, fingerprint, PRIMARY KEY (conversation, leg)) WITHOUT ROWID";
    sqlx::query(table).execute(pool).await?;
    let mut transaction = pool.begin().await?;
    for number in (0..calls).filter(|number| number % (calls / 1_000) != 0) {
        let insert = sqlx::query("INSERT INTO leg VALUES (?, '1', ?)");
        insert.bind(id(number)).bind(format!("{number:064x}")).execute(&mut *transaction).await?;
    }
    transaction.commit().await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let calls = std::env::args().nth(1).map_or(Ok(1_000_000), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let options = SqliteConnectOptions::new().filename(folder.path().join("store.db")).create_if_missing(true);
    let pool = SqlitePoolOptions::new().max_connections(1); // each has a cache of its own
    let pool = pool.connect_with(options.pragma("cache_size", "-32000")).await?;
    fill(&pool, calls).await?;
    let start: DateTime<Utc> = "2026-10-09T00:00:00Z".parse()?;
    let end = start + TimeDelta::days(10);
    let request = ReconcileRequest::between(ReconcileMode::Manual, start, end);
    let _ = std::fs::write("/proc/self/clear_refs", "5"); // the peak of the comparison alone
    let began = tokio::time::Instant::now();
    let history = Arc::new(History { calls, start });
    let run = Reconcile::new(history, Arc::new(Sqlite(pool)), request, end + TimeDelta::days(1));
    let (mut report, mut steps) = (run.report(), run.steps());
    while let Some(step) = steps.try_next().await? {
        report.add(&step);
    }
    let (took, status) = (began.elapsed().as_secs_f64(), std::fs::read_to_string("/proc/self/status")?);
    println!("{took:.2} s, {}; {report}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default());
    Ok(())
}
