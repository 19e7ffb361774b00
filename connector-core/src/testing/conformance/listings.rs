//! Lists of people, groups and calls: complete, taken up again, dropped, with bad rows.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::task::Poll;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{StreamExt, TryStreamExt};

use super::seen::{Miss, Seen, some_of, timely};
use super::stage::{Stage, full_day, short_day};
use super::subject::{BadRows, Plan, Subject};
use crate::{
    AgentQuery, AgentRef, ConversationRef, Cursor, GroupQuery, HistoryQuery, Listing, Lookup, LookupOptions, Page,
};

/// How many bad rows the fake is asked for.
const BAD_ROWS: usize = 3;
/// How many positions of a listing are tried.
const POSITIONS: usize = 12;
/// A listing is dropped after so many polls at most.
const POLLS: usize = 40;

/// One of the connector's listings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    Agents,
    Groups,
    /// Calls that ended in a window that the history can span.
    History(DateTime<Utc>, DateTime<Utc>),
}

impl List {
    fn name(self) -> &'static str {
        match self {
            Self::Agents => "agents",
            Self::Groups => "groups",
            Self::History(..) => "history",
        }
    }
}

/// A row, as far as it is compared.
#[derive(Clone, Debug)]
struct Row {
    key: String,
    who: Option<AgentRef>,
}

/// The listings that the connector has, after the whole day.
async fn lists(stage: &Stage<'_>) -> Result<Vec<List>, Miss> {
    let mut lists = Vec::new();
    if stage.connector()?.directory().is_some() {
        lists.extend([List::Agents, List::Groups]);
    }
    if let Some(history) = stage.connector()?.history() {
        let window = TimeDelta::from_std(history.limits().max_window).unwrap_or(TimeDelta::days(365));
        let calls = &stage.plan.scenario.calls;
        let mut from = stage.plan.scenario.starts;
        let end = calls.iter().map(|call| call.ended()).max().unwrap_or(from) + TimeDelta::minutes(1);
        while from < end {
            let to = from.checked_add_signed(window).unwrap_or(end).min(end);
            lists.push(List::History(from, to));
            from = to;
        }
    }
    if lists.is_empty() {
        return Err(Miss::not_applicable("it lists neither people nor calls"));
    }
    stage.fake.play(stage.calls()).await.map_err(|error| Miss::failed(format!("the fake failed: {error}")))?;
    Ok(lists)
}

fn open(stage: &Stage<'_>, list: List, resume: Option<Cursor>) -> Result<Listing<Row>, Miss> {
    let directory = || stage.connector()?.directory().ok_or_else(|| Miss::not_applicable("it lists nobody"));
    let history = || stage.connector()?.history().ok_or_else(|| Miss::not_applicable("it has no history"));
    Ok(match list {
        List::Agents => {
            let mut query = AgentQuery::all();
            query.resume = resume;
            let key = |who: &AgentRef| who.id.clone().unwrap_or_else(|| who.reveal().to_owned());
            rows(directory()?.list_agents(query), move |agent| Row { key: key(&agent.who), who: Some(agent.who) })
        }
        List::Groups => {
            let query = GroupQuery { resume, ..GroupQuery::default() };
            rows(directory()?.list_groups(query), |group| Row { key: group.id, who: None })
        }
        List::History(from, to) => {
            let mut query = HistoryQuery::between(from, to);
            query.resume = resume;
            rows(history()?.ended(query), |call| Row { key: call.this.id, who: None })
        }
    })
}

fn rows<T: Send + 'static>(listing: Listing<T>, row: impl Fn(T) -> Row + Send + Copy + 'static) -> Listing<Row> {
    listing
        .map_ok(move |page| {
            let mut rows = Page::new(page.items.into_iter().map(row).collect());
            (rows.rejected, rows.resume) = (page.rejected, page.resume);
            rows
        })
        .boxed()
}

/// All pages of a listing.
async fn pages(stage: &Stage<'_>, list: List, resume: Option<Cursor>) -> Result<Vec<Page<Row>>, Miss> {
    let all = open(stage, list, resume)?.try_collect::<Vec<_>>();
    let pages = timely(stage.subject.patience(), "a listing", all).await?;
    pages.map_err(|error| Miss::failed(format!("the {} ended with an error: {error}", list.name())))
}

fn keys(pages: &[Page<Row>]) -> BTreeSet<String> {
    pages.iter().flat_map(|page| &page.items).map(|row| row.key.clone()).collect()
}

/// What a listing lacks, in words.
fn missing(stage: &Stage<'_>, list: List, pages: &[Page<Row>]) -> Vec<String> {
    let keys = keys(pages);
    let scenario = &stage.plan.scenario;
    match list {
        List::Agents => {
            let listed: Vec<&AgentRef> =
                pages.iter().flat_map(|page| &page.items).filter_map(|row| row.who.as_ref()).collect();
            let is_missing = |who: &AgentRef| !listed.iter().any(|listed| listed.may_be(who));
            let people = scenario.agents.iter().map(|agent| stage.fake.agent(agent));
            people.filter(is_missing).map(|who| format!("agent {who}")).collect()
        }
        List::Groups if keys.len() < scenario.groups.len() => {
            vec![format!("{} groups", scenario.groups.len() - keys.len())]
        }
        List::Groups => Vec::new(),
        List::History(from, to) => {
            let ended = |call: usize| scenario.calls.get(call).is_some_and(|call| (from..to).contains(&call.ended()));
            let calls = stage.fake.expected().into_iter().filter(|call| ended(call.call));
            calls.map(|call| call.conversation).filter(|id| !keys.contains(id)).collect()
        }
    }
}

fn is_complete(stage: &Stage<'_>, list: List, pages: &[Page<Row>]) -> Result<(), Miss> {
    let missing = missing(stage, list, pages);
    if missing.is_empty() {
        return Ok(());
    }
    Err(Miss::failed(format!("the {} lacks {}", list.name(), some_of(&missing))))
}

pub(super) async fn complete(subject: &dyn Subject) -> Seen {
    let stage = Stage::calm(subject, full_day()).await?;
    let mut count = 0;
    for list in lists(&stage).await? {
        let first = pages(&stage, list, None).await?;
        is_complete(&stage, list, &first)?;
        let again = keys(&pages(&stage, list, None).await?);
        if again != keys(&first) {
            let words = format!("the {} had {} rows, and then {}", list.name(), keys(&first).len(), again.len());
            return Err(Miss::failed(words));
        }
        count += again.len();
    }
    Ok(format!("{count} rows, twice"))
}

pub(super) async fn resumed(subject: &dyn Subject) -> Seen {
    let stage = Stage::calm(subject, full_day()).await?;
    let mut positions = 0;
    for list in lists(&stage).await? {
        let all = pages(&stage, list, None).await?;
        let step = all.len().div_ceil(POSITIONS).max(1);
        for index in (0..all.len()).step_by(step) {
            let Some(position) = all[index].resume.clone() else { continue };
            let mut together = keys(&all[..=index]);
            together.extend(keys(&pages(&stage, list, Some(position)).await?));
            let missed: Vec<String> = keys(&all).difference(&together).cloned().collect();
            if !missed.is_empty() {
                let words = format!("the {} from after page {} lacks {}", list.name(), index + 1, some_of(&missed));
                return Err(Miss::failed(words));
            }
            positions += 1;
        }
    }
    match positions {
        0 => Err(Miss::not_applicable("its listings have no positions")),
        positions => Ok(format!("taken up again from {positions} positions")),
    }
}

pub(super) async fn dropped(subject: &dyn Subject) -> Seen {
    let stage = Stage::calm(subject, full_day()).await?;
    let mut drops = 0;
    for list in lists(&stage).await? {
        let rows = keys(&pages(&stage, list, None).await?).len();
        for polls in 0..POLLS {
            let stage = Stage::calm(subject, full_day()).await?;
            lists(&stage).await?;
            if poll(&stage, list, polls).await? {
                break;
            }
            let left = keys(&pages(&stage, list, None).await?).len();
            if left < rows {
                let words = format!("{left} of {rows} rows after one was dropped after {polls} polls");
                return Err(Miss::failed(format!("the {} had {words}", list.name())));
            }
            drops += 1;
        }
    }
    Ok(format!("complete after each of {drops} that were dropped"))
}

/// Polls a listing so many times and drops it. Returns whether it was at its end.
async fn poll(stage: &Stage<'_>, list: List, polls: usize) -> Result<bool, Miss> {
    let mut listing = open(stage, list, None)?;
    let mut left = polls;
    let polled = poll_fn(|cx| {
        while left > 0 {
            left -= 1;
            match listing.poll_next_unpin(cx) {
                Poll::Ready(None) => return Poll::Ready(true),
                Poll::Ready(Some(_)) => {}
                Poll::Pending if left > 0 => return Poll::Pending,
                Poll::Pending => return Poll::Ready(false),
            }
        }
        Poll::Ready(false)
    });
    timely(stage.subject.patience(), "a listing", polled).await
}

pub(super) async fn errors_are_last(subject: &dyn Subject) -> Seen {
    let stage = Stage::calm(subject, short_day()).await?;
    let patience = subject.patience();
    let mut errors = 0;
    for list in lists(&stage).await? {
        let mut listing = open(&stage, list, Some(Cursor::new("\u{1}no position\u{1}")))?;
        let mut failed = false;
        while let Some(page) = timely(patience, "a listing", listing.next()).await? {
            if failed {
                return Err(Miss::failed(format!("the {} went on after an error", list.name())));
            }
            failed = page.is_err();
        }
        errors += usize::from(failed);
    }
    let options = LookupOptions::default;
    if let Some(directory) = stage.connector()?.directory() {
        let nobody = AgentRef::default().with_id("nobody-0").with_login("nobody-0").with_email("nobody-0@example.com");
        if timely(patience, "find_agent()", directory.find_agent(&nobody, options())).await??.is_some() {
            return Err(Miss::failed("it found an agent whom nobody knows"));
        }
    }
    if let Some(history) = stage.connector()?.history() {
        let unknown = ConversationRef::new("no-such-call-0").with_around(stage.plan.scenario.starts);
        let found = timely(patience, "conversation()", history.conversation(&unknown, options())).await??;
        if !matches!(found, Lookup::Gone(_)) {
            return Err(Miss::failed("a call that nobody knows is not gone"));
        }
    }
    Ok(format!("{errors} listings ended with an error where the position made no sense; nothing came after it"))
}

pub(super) async fn bad_rows(subject: &dyn Subject) -> Seen {
    let mut plan = Plan::calm(full_day());
    plan.bad_rows = BAD_ROWS;
    let stage = Stage::new(subject, plan).await?;
    let mut count = 0;
    if stage.connector()?.events().is_some() {
        let mut hearing = stage.listen().await?;
        stage.hear_all(&mut hearing).await?;
        hearing.until_quiet().await?;
        count += as_many("events", hearing.heard.rejected.len(), stage.fake.rejected().events)?;
    }
    count += bad_rows_of_listings(&stage).await?;
    match count {
        0 => Err(Miss::not_applicable("the fake offers no bad rows")),
        count => Ok(format!("{count} bad rows were rejected, and all others came")),
    }
}

async fn bad_rows_of_listings(stage: &Stage<'_>) -> Result<usize, Miss> {
    let lists = match lists(stage).await {
        Err(Miss::NotApplicable(_)) => return Ok(0),
        lists => lists?,
    };
    let calm = Stage::calm(stage.subject, full_day()).await?;
    self::lists(&calm).await?;
    let mut rejected = BadRows::default();
    for list in lists {
        let (good, mixed) = (pages(&calm, list, None).await?, pages(stage, list, None).await?);
        if keys(&mixed).len() < keys(&good).len() {
            return Err(Miss::failed(format!("the {} lacks good rows where there are bad ones", list.name())));
        }
        let count = match list {
            List::Agents => &mut rejected.agents,
            List::Groups => &mut rejected.groups,
            List::History(..) => &mut rejected.history,
        };
        *count += mixed.iter().map(|page| page.rejected.len()).sum::<usize>();
    }
    let bad = stage.fake.rejected();
    as_many("agents", rejected.agents, bad.agents)?;
    as_many("groups", rejected.groups, bad.groups)?;
    as_many("history", rejected.history, bad.history)?;
    Ok(rejected.agents + rejected.groups + rejected.history)
}

fn as_many(what: &str, rejected: usize, bad: usize) -> Result<usize, Miss> {
    if rejected == bad {
        return Ok(rejected);
    }
    Err(Miss::failed(format!("{bad} bad rows among the {what}, and {rejected} were rejected")))
}
