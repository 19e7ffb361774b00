//! The calls of the past.

mod archive;
mod place;
mod slice;
mod walk;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use connector_core::http::pages;
use connector_core::{
    Conversation, ConversationHistory, ConversationRef, Detail, Error, Gone, HistoryLimits, HistoryQuery, JobCheck,
    Listing, Lookup, LookupOptions, Priority, Result,
};

use crate::conversation::conversation;
use crate::people;
use crate::shared::Shared;
use crate::uses::HISTORY_CHECK;
use walk::Walk;

/// How late a call shows in the history. "Some minutes" is all that is said of it.
const LAG: Duration = Duration::from_secs(600);

/// How far back the history reaches: about a year and a half is all that is said of it.
const RETENTION: Duration = Duration::from_secs(540 * 86_400);

/// The longest window: the documentation of the query names 7 days in one place and 31 in another.
const WINDOW: Duration = Duration::from_secs(7 * 86_400);

/// When to ask again for a call that goes on.
const GOES_ON: Duration = Duration::from_secs(60);

/// When to ask again for a call that is over, but not yet in the history.
const NOT_LISTED: Duration = Duration::from_secs(30);

/// The calls of the past.
///
/// A listing asks for the days on which calls of the window may have begun, from a day before it on, and keeps those that
/// ended in the window. Rows that repeat are told once; where rows have moved between two pages, the pages are begun anew.
/// With [`Priority::Backfill`] it is a job in the background that searches the vendor's archive, which takes fewer requests
/// and reaches further back, but lacks about the last day; what the archive lacks is asked for as usual. A listing of either
/// sort can be taken up again from any of its positions, in another process as well.
///
/// Legs are people who answered, by the ids that events have. A row and one call by its id have the same legs in the same
/// versions; one call by its id takes a second request for the names of wrap-up codes and for what flows and scripts wrote
/// down (`custom.…`). Without the permission `conversation:communication:view`, or long after the call, these are missing.
/// Logins of people who are not known yet are asked for, a hundred at once; without an answer there are their ids.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// use chrono::TimeDelta;
/// use connector_core::testing::{FaultPlan, Scenario};
/// use connector_core::{Context, ConversationHistory, Detail, HistoryQuery, ListingExt, Lookup, LookupOptions};
/// use connector_genesys::{Genesys, testing::Fake};
/// use futures_util::TryStreamExt;
///
/// let day = Scenario::small(7);
/// let fake = Fake::start(&day, FaultPlan::none()).await?;
/// let history = Genesys::new(fake.config(), &Context::default())?.history();
/// let query = HistoryQuery::between(day.starts, day.starts + TimeDelta::days(1));
/// let mut calls = history.ended(query).items(|row| eprintln!("left out: {row}"));
/// let call = calls.try_next().await?.unwrap();
/// println!("{} began {:?}, {} legs", call.this, call.started, call.legs.len());
///
/// let Lookup::Ready(whole) = history.conversation(&call.this, LookupOptions::default()).await? else { panic!() };
/// assert_eq!(whole.detail, Detail::Full);
/// # Ok(()) }
/// ```
///
/// # Errors
/// `is_forbidden` without the permission `analytics:conversationDetail:view`; `is_invalid` for a stored position that cannot
/// be read; `is_transient` for a job that takes too long, whose listing goes on from its position; those of a request.
#[derive(Clone)]
pub struct GenesysHistory {
    pub(crate) shared: Arc<Shared>,
}

impl fmt::Debug for GenesysHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GenesysHistory({})", self.shared.connection.cx.origin())
    }
}

#[async_trait]
impl ConversationHistory for GenesysHistory {
    fn limits(&self) -> HistoryLimits {
        let mut limits = HistoryLimits::lagging(LAG);
        (limits.max_window, limits.retention) = (WINDOW, Some(RETENTION));
        limits
    }

    fn ended(&self, query: HistoryQuery) -> Listing<Conversation> {
        let shared = self.shared.clone();
        let walk = Walk::new(query.from, query.to, query.priority);
        pages(walk.first(), query.resume, move |place| {
            let (shared, walk) = (shared.clone(), walk.clone());
            async move {
                let origin = shared.connection.cx.origin();
                walk.page(&shared, place).await.map_err(|error| advised(error).of(origin))
            }
        })
    }

    async fn conversation(&self, of: &ConversationRef, options: LookupOptions) -> Result<Lookup<Conversation>> {
        whole(&self.shared, &of.id, options.priority).await
    }

    async fn check(&self) -> JobCheck {
        self.shared.check(&HISTORY_CHECK).await
    }
}

fn advised(error: Error) -> Error {
    match error.status() {
        _ if error.is_forbidden() => error.advise(crate::api::analytics::advice()),
        Some(400) => error.advise("ask for windows of more than a month ago with the priority of a backfill"),
        _ => error,
    }
}

/// All that the vendor tells of one call.
async fn whole(shared: &Shared, id: &str, priority: Priority) -> Result<Lookup<Conversation>> {
    let api = shared.connection.api().await?;
    let told = api.detail(id, priority).await?;
    let live = match api.conversation(id, priority).await {
        // The history has all but the names and what scripts wrote down.
        Err(error) if error.is_forbidden() => None,
        live => live?,
    };
    let is_over = live.as_ref().is_some_and(|live| live.end_time.is_some());
    let Some(told) = told else {
        return Ok(match (live, is_over) {
            (None, _) => Lookup::Gone(Gone::Unknown),
            (Some(_), true) => Lookup::NotReady { retry_after: NOT_LISTED },
            (Some(_), false) => Lookup::NotReady { retry_after: GOES_ON },
        });
    };
    if told.conversation_end.is_none() {
        return Ok(Lookup::NotReady { retry_after: if is_over { NOT_LISTED } else { GOES_ON } });
    }
    let Some(mut call) = conversation(&told, live.as_ref()) else { return Ok(Lookup::Gone(Gone::Unknown)) };
    call.detail = Detail::Full;
    people::name_one(shared, &mut call).await;
    Ok(Lookup::Ready(call))
}
