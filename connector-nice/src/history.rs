//! The calls of the past, from completed contacts.

mod walk;
mod whole;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use connector_core::http::pages;
use connector_core::{
    Conversation, ConversationHistory, ConversationRef, HistoryLimits, HistoryQuery, JobCheck, Listing, Lookup,
    LookupOptions, Result,
};

use crate::shared::Shared;
use walk::Walk;
use whole::whole;

/// How late a call shows among the completed ones. Nothing is documented.
const LAG: Duration = Duration::from_secs(600);

/// The calls of the past. A call whose parts are on different pages comes in parts, which merge.
///
/// A listing brings what completed contacts tell: legs, numbers, times, dispositions, in whole seconds where the vendor counts
/// in them. One call by its id brings holds, custom data and the true ends as well, and takes some requests for each leg. Comparisons
/// reckon with 10 minutes until a call is listed; how late it really shows is not documented.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// use chrono::TimeDelta;
/// use connector_core::testing::{FaultPlan, Scenario};
/// use connector_core::{Context, ConversationHistory, Detail, HistoryQuery, ListingExt, Lookup, LookupOptions};
/// use connector_nice::{NiceCxone, testing::Fake};
/// use futures_util::TryStreamExt;
///
/// let day = Scenario::small(7);
/// let fake = Fake::start(&day, FaultPlan::none()).await?;
/// let history = NiceCxone::new(fake.config(), &Context::default())?.history();
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
/// `is_forbidden` where the role lacks *ACD*; `is_invalid` for a stored position that cannot be read; those of a request.
#[derive(Clone)]
pub struct NiceHistory {
    pub(crate) shared: Arc<Shared>,
}

impl fmt::Debug for NiceHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NiceHistory({})", self.shared.connection.cx.origin())
    }
}

#[async_trait]
impl ConversationHistory for NiceHistory {
    fn limits(&self) -> HistoryLimits {
        HistoryLimits::lagging(LAG)
    }

    fn ended(&self, query: HistoryQuery) -> Listing<Conversation> {
        let shared = self.shared.clone();
        let walk = Walk::new(&query, shared.connection.cx.clock().now());
        pages(walk.first(), query.resume, move |place| {
            let shared = shared.clone();
            async move {
                let page = walk.page(&shared, place).await;
                shared.connection.note(page)
            }
        })
    }

    async fn conversation(&self, of: &ConversationRef, options: LookupOptions) -> Result<Lookup<Conversation>> {
        let found = whole(&self.shared, &of.id, options.priority).await;
        self.shared.connection.note(found)
    }

    async fn check(&self) -> JobCheck {
        self.shared.check_contacts().await
    }
}
