//! The calls of the past, from completed contacts.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use connector_core::http::{PageOf, pages};
use connector_core::{
    Conversation, ConversationHistory, ConversationRef, Detail, Gone, HistoryLimits, HistoryQuery, Hold, JobCheck,
    Listing, Lookup, LookupOptions, Priority, Result, Stamp,
};
use serde::{Deserialize, Serialize};

use crate::api::contacts::Span;
use crate::conversation::{conversation, conversations, join};
use crate::pages::{ANEW, contacts, last_change, name_of, next_skip};
use crate::people;
use crate::shared::{Shared, judge};
use crate::transport::Api;
use crate::uses::CONTACTS;
use crate::wire::contacts::{Contact, Hierarchy, State, read};
use crate::wire::list::List;

/// How late a call shows among the completed ones. Nothing is documented.
const LAG: Duration = Duration::from_secs(600);

/// The longest call that is reckoned with where updates cannot be asked for.
const LONGEST_CALL: TimeDelta = TimeDelta::hours(24);

/// Windows that began longer ago are read from [`LONGEST_CALL`] earlier on, instead of by all that was updated since.
const RECENT: TimeDelta = TimeDelta::days(2);

/// A window at first; one with more contacts than the vendor sends is halved.
const WINDOW: TimeDelta = TimeDelta::hours(6);
const SMALLEST_WINDOW: TimeDelta = TimeDelta::minutes(1);
const MOST: i64 = 10_000;

/// When to ask again for a call that goes on.
const GOES_ON: Duration = Duration::from_secs(60);

/// The name of the state in which a customer is on hold contains this. States are named by the tenant.
const HOLD: &str = "hold";

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

/// Where a listing is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Place {
    /// Among the contacts that started in a window.
    Started { from: DateTime<Utc>, to: DateTime<Utc>, at: Row },
    /// Among those that changed since the window began: some of them started before it.
    Updated { since: DateTime<Utc>, at: Row },
}

/// How far the pages of one question were read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    skip: usize,
    /// The last row before: the next page is asked for from it on. If another one comes, rows have moved.
    anchor: Option<String>,
    /// How often the pages were begun anew for that.
    anew: usize,
}

impl Row {
    fn skip(&self) -> usize {
        self.skip - usize::from(self.anchor.is_some() && self.skip > 0)
    }

    fn is_shifted(&self, found: &List) -> bool {
        let first = || found.rows.first().map(|raw| name_of(raw));
        self.anchor.is_some() && self.anew < ANEW && first() != self.anchor
    }

    /// The row that the next page begins with, after this one.
    fn after(&self, found: &List, top: usize) -> Option<Self> {
        if self.is_shifted(found) {
            return Some(Self { anew: self.anew + 1, ..Self::default() });
        }
        let skip = next_skip(found, self.skip(), top)?;
        // A page of one row would hold nothing else.
        let anchor = found.rows.last().filter(|_| top > 1).map(|raw| name_of(raw));
        Some(Self { skip, anchor, anew: self.anew })
    }
}

#[async_trait]
impl ConversationHistory for NiceHistory {
    fn limits(&self) -> HistoryLimits {
        HistoryLimits::lagging(LAG)
    }

    fn ended(&self, query: HistoryQuery) -> Listing<Conversation> {
        let shared = self.shared.clone();
        let is_recent = shared.connection.cx.clock().now() - query.from <= RECENT;
        let starts = if is_recent { query.from } else { query.from - LONGEST_CALL };
        let walk = Walk { from: query.from, to: query.to, is_recent, priority: query.priority };
        let first = Place::Started { from: starts, to: (starts + WINDOW).min(query.to), at: Row::default() };
        pages(first, query.resume, move |place| {
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
        check(&self.shared).await
    }
}

/// Whether completed contacts may be read.
pub(crate) async fn check(shared: &Shared) -> JobCheck {
    let now = shared.connection.cx.clock().now();
    let asked = async {
        let span = Span::Updated(now - TimeDelta::minutes(5));
        let types = &shared.connection.config.media_types;
        shared.connection.api().await?.completed(span, types, (0, 1), Priority::Live).await.map(drop)
    };
    judge(asked.await, CONTACTS, "give it to the role of the access key's user")
}

/// What a listing is about.
#[derive(Clone, Copy)]
struct Walk {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    is_recent: bool,
    priority: Priority,
}

impl Walk {
    async fn page(self, shared: &Shared, place: Place) -> Result<PageOf<Conversation, Place>> {
        let config = &shared.connection.config;
        let (span, at) = match &place {
            Place::Started { from, to, at } => (Span::Started(*from, *to), at),
            Place::Updated { since, at } => (Span::Updated(*since), at),
        };
        let api = shared.connection.api().await?;
        let found = api.completed(span, &config.media_types, (at.skip(), config.page), self.priority).await?.0;
        if let Span::Started(from, to) = span
            && at.skip == 0
            && found.total.is_some_and(|total| total > MOST)
            && to - from > SMALLEST_WINDOW
        {
            let half = from + (to - from) / 2;
            return Ok(PageOf::new(Vec::new(), Some(Place::Started { from, to: half, at: Row::default() })));
        }
        let (contacts, rejected) = contacts(&found, &config.media_types);
        let next = self.next(span, at.after(&found, config.page), last_change(&contacts));
        // What started in the window was listed by its start.
        let again = |contact: &Contact| {
            matches!(span, Span::Updated(_)) && contact.contact_start_date.is_some_and(|start| start >= self.from)
        };
        let wanted = contacts.into_iter().filter(|contact| self.wants(contact) && !again(contact));
        // A bad row is told of once: the second pass sees it again.
        let rejected = if matches!(span, Span::Updated(_)) { Vec::new() } else { rejected };
        let mut calls = conversations(wanted);
        people::name(shared, &mut calls, self.priority).await?;
        Ok(PageOf::new(calls, next).with_rejected(rejected))
    }

    /// Whether a contact may belong to a call that ended in the window.
    fn wants(self, contact: &Contact) -> bool {
        let begins = contact.contact_start_date.is_none_or(|start| start < self.to);
        begins && contact.ended().is_none_or(|end| end >= self.from)
    }

    fn next(self, span: Span, further: Option<Row>, last: Option<DateTime<Utc>>) -> Option<Place> {
        match (span, further) {
            (Span::Started(from, to), Some(at)) => Some(Place::Started { from, to, at }),
            (Span::Started(_, to), None) if to < self.to => {
                Some(Place::Started { from: to, to: (to + WINDOW).min(self.to), at: Row::default() })
            }
            (Span::Started(..), None) => {
                self.is_recent.then_some(Place::Updated { since: self.from, at: Row::default() })
            }
            // By the last change, not by the number of rows: a contact that changes meanwhile moves all behind it up.
            (Span::Updated(since), Some(at)) if at.skip > 0 && last.is_some_and(|last| last > since) => {
                last.map(|since| Place::Updated { since, at: Row::default() })
            }
            (Span::Updated(since), further) => further.map(|at| Place::Updated { since, at }),
        }
    }
}

/// All that the vendor tells of one call.
async fn whole(shared: &Shared, id: &str, priority: Priority) -> Result<Lookup<Conversation>> {
    let api = shared.connection.api().await?;
    let Some(raw) = api.contact(id, priority).await? else { return Ok(Lookup::Gone(Gone::Unknown)) };
    let Some(first) = read(&raw) else { return Ok(Lookup::Gone(Gone::Unknown)) };
    let master = first.master().unwrap_or(id).to_owned();
    let family = api.hierarchy(&master, priority).await?.unwrap_or_default();
    let legs = legs(shared, &api, first, &master, &family, priority).await?;
    if legs.iter().any(|leg| leg.is_active == Some(true)) {
        return Ok(Lookup::NotReady { retry_after: GOES_ON });
    }
    let mut parts = legs.iter().filter_map(conversation);
    let Some(mut call) = parts.next() else { return Ok(Lookup::Gone(Gone::Unknown)) };
    parts.for_each(|part| join(&mut call, part));
    for leg in &mut call.legs {
        let child = family.child_contacts.iter().find(|child| child.contact_id.as_deref() == Some(&leg.id));
        if let Some(end) = child.and_then(|child| child.end_time) {
            leg.ended = Some(Stamp::vendor(end));
        }
        if leg.totals.holds != Some(0) {
            leg.holds = holds(&api.states(&leg.id, priority).await?);
        }
        if leg.dispositions.iter().any(|one| one.name.is_none())
            && let Some(said) = api.disposition(&leg.id, priority).await?
        {
            let known = leg.dispositions.iter_mut().filter(|one| one.id == said.disposition_id);
            known.for_each(|one| one.name.clone_from(&said.disposition_name));
        }
    }
    call.ended = call.legs.iter().filter_map(|leg| leg.ended).max_by_key(|stamp| stamp.at).or(call.ended);
    for data in api.custom_data(&master, priority).await? {
        if let (Some(name), Some(value)) = (data.name, data.value) {
            call.attributes.insert(format!("custom.{name}"), value);
        }
    }
    people::name(shared, std::slice::from_mut(&mut call), priority).await?;
    call.detail = Detail::Full;
    Ok(Lookup::Ready(call))
}

/// The contacts of a call, each as the list of completed ones tells it: what one contact's own endpoint tells has fewer
/// fields, and would look like another version of the same.
async fn legs(
    shared: &Shared,
    api: &Api,
    first: Contact,
    master: &str,
    family: &Hierarchy,
    priority: Priority,
) -> Result<Vec<Contact>> {
    let mut ids: BTreeSet<String> = [first.contact_id.clone(), Some(master.to_owned())].into_iter().flatten().collect();
    ids.extend(family.child_contacts.iter().filter_map(|child| child.contact_id.clone()));
    let starts: Vec<DateTime<Utc>> =
        family.child_contacts.iter().filter_map(|child| child.start_time).chain(first.contact_start_date).collect();
    let mut legs = Vec::new();
    if let (Some(from), Some(to)) = (starts.iter().min(), starts.iter().max()) {
        let span = Span::Started(*from - TimeDelta::seconds(1), *to + TimeDelta::seconds(1));
        let (types, top) = (&shared.connection.config.media_types, shared.connection.config.page);
        let mut skip = Some(0);
        while let Some(at) = skip {
            let found = api.completed(span, types, (at, top), priority).await?.0;
            skip = next_skip(&found, at, top);
            legs.extend(contacts(&found, types).0.into_iter().filter(|leg| leg.master() == Some(master)));
        }
    }
    for id in ids {
        if legs.iter().any(|leg| leg.contact_id.as_ref() == Some(&id)) {
            continue;
        }
        let leg = if first.contact_id.as_ref() == Some(&id) {
            Some(first.clone())
        } else {
            api.contact(&id, priority).await?.and_then(|raw| read(&raw))
        };
        legs.extend(leg);
    }
    Ok(legs)
}

/// The stretches on hold among the states of a contact.
fn holds(states: &[State]) -> Vec<Hold> {
    let is_hold =
        |state: &State| state.contact_state_name.as_deref().is_some_and(|name| name.to_lowercase().contains(HOLD));
    let hold = |(index, state): (usize, &State)| {
        let started = state.start_date?;
        let next = states.get(index + 1).and_then(|next| next.start_date).map(Stamp::vendor);
        let length = state.duration.as_deref().and_then(length);
        let derived = length.and_then(|length| started.checked_add_signed(length)).map(Stamp::derived);
        Some(Hold { started: Stamp::vendor(started), ended: next.or(derived) })
    };
    states.iter().enumerate().filter(|(_, state)| is_hold(state)).filter_map(hold).collect()
}

/// A length in seconds, or in the form of ISO 8601: `PT1M21.5S`.
fn length(text: &str) -> Option<TimeDelta> {
    let milliseconds = |seconds: f64| TimeDelta::try_milliseconds((seconds * 1000.0).round() as i64);
    if let Ok(seconds) = text.parse::<f64>() {
        return milliseconds(seconds);
    }
    let (mut seconds, mut number, mut is_time) = (0.0, String::new(), false);
    for letter in text.strip_prefix('P')?.chars() {
        let unit = match letter {
            'T' if number.is_empty() => {
                is_time = true;
                continue;
            }
            'D' => 86_400.0,
            'H' => 3_600.0,
            'M' if is_time => 60.0,
            'S' => 1.0,
            _ => {
                number.push(letter);
                continue;
            }
        };
        seconds += number.parse::<f64>().ok()? * unit;
        number.clear();
    }
    number.is_empty().then_some(())?;
    milliseconds(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_in_both_forms() {
        for (text, milliseconds) in
            [("21", 21_000), ("21.5", 21_500), ("PT1M21.5S", 81_500), ("P1DT2H", 93_600_000), ("PT0S", 0)]
        {
            assert_eq!(length(text), Some(TimeDelta::milliseconds(milliseconds)), "{text}");
        }
        for text in ["", "P1", "PT1M2", "soon", "PTxS"] {
            assert_eq!(length(text), None, "{text}");
        }
    }

    #[test]
    fn a_hold_ends_with_the_next_state_or_after_its_length() {
        let state = |name: &str, at: &str, duration: &str| State {
            contact_state_name: Some(name.to_owned()),
            start_date: Some(at.parse().unwrap()),
            duration: Some(duration.to_owned()),
            ..State::default()
        };
        let states = [
            state("Active", "2026-03-01T11:40:00Z", "60"),
            state("Customer On Hold", "2026-03-01T11:41:00Z", "999"),
            state("Active", "2026-03-01T11:42:00Z", "60"),
            state("Holding", "2026-03-01T11:43:00Z", "PT30S"),
        ];
        let holds = holds(&states);
        let ends: Vec<String> = holds.iter().map(|hold| hold.ended.unwrap().to_string()).collect();
        assert_eq!(ends, ["2026-03-01T11:42:00Z", "2026-03-01T11:43:30Z"]);
    }
}
