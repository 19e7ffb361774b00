//! Contacts that are over: by what was updated since an instant, and by a window of starts.

use chrono::{DateTime, Utc};
use connector_core::testing::http::Answer;
use connector_core::testing::{Fault, FaultPlan};
use serde_json::{Map, Value, json};

use super::ask::{Ask, asked_instant, instant, nothing, only, refused, version};
use super::contact::{Contact, Kind};
use super::ids::{UNIT, agent_id, skill, team_of};
use super::settings::Generation;
use super::state::State;
use super::tenant::Tenant;

/// From this version on the keys have their new names.
const NEW_NAMES: u32 = 31;

/// The part of a list that was asked for.
pub(super) struct Page<T> {
    pub(super) rows: Vec<T>,
    skip: usize,
    total: usize,
}

impl<T> Page<T> {
    /// From `skip` on, `top` rows or as many as one answer holds.
    pub(super) fn of(rows: Vec<T>, ask: &Ask<'_>, state: &State) -> Self {
        let (skip, total) = (ask.number("skip").unwrap_or_default() as usize, rows.len());
        let most = state.settings.most_rows;
        let top = ask.number("top").map_or(most, |top| (top as usize).min(most));
        Self { rows: rows.into_iter().skip(skip).take(top).collect(), skip, total }
    }

    /// Where this page is, and the next one and the one before, if there are any.
    pub(super) fn links(&self, ask: &Ask<'_>, state: &State) -> Value {
        let at = |skip: usize| {
            let mut link = state.origins.api.clone();
            link.set_path(ask.request.uri().path());
            let kept = ask.query.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("skip"));
            link.query_pairs_mut().extend_pairs(kept).append_pair("skip", &skip.to_string());
            json!(link.as_str())
        };
        let (shown, end) = (self.rows.len(), self.skip + self.rows.len());
        let next = if shown > 0 && end < self.total { at(end) } else { Value::Null };
        let previous = if self.skip > 0 { at(self.skip.saturating_sub(shown.max(1))) } else { Value::Null };
        json!({ "self": at(self.skip), "next": next, "previous": previous })
    }

    /// The envelope of a list, without its rows.
    pub(super) fn envelope(&self, ask: &Ask<'_>, tenant: &Tenant, state: &State) -> Map<String, Value> {
        let mut envelope = Map::new();
        envelope.insert("businessUnitId".to_owned(), json!(UNIT));
        envelope.insert("lastPollTime".to_owned(), json!(instant(state.now(tenant))));
        envelope.insert("totalRecords".to_owned(), json!(self.total));
        envelope.insert("_links".to_owned(), self.links(ask, state));
        envelope
    }
}

/// A list under its key, under `resultSet` if so set; nothing at all when it is empty.
pub(super) fn listed(mut envelope: Map<String, Value>, key: &str, rows: Vec<Value>, state: &State) -> Answer {
    if rows.is_empty() {
        return nothing();
    }
    envelope.insert(key.to_owned(), json!(rows));
    match state.settings.result_set {
        true => Answer::json(&json!({ "resultSet": envelope })),
        false => Answer::json(&envelope),
    }
}

/// Whether keys have their new names in this answer.
pub(super) fn has_new_names(ask: &Ask<'_>, state: &State) -> bool {
    match state.settings.generation {
        Generation::ByVersion => version(ask) >= NEW_NAMES,
        generation => generation == Generation::New,
    }
}

/// What is asked for: what was updated since, or what started in a window.
#[derive(Clone, Copy)]
enum Span {
    Updated(DateTime<Utc>),
    Started(DateTime<Utc>, DateTime<Utc>),
}

impl Span {
    fn of(ask: &Ask<'_>) -> Option<Self> {
        let at = |name| ask.get(name).map(asked_instant);
        match (at("updatedSince"), at("startDate"), at("endDate")) {
            (Some(since), None, None) => since.map(Self::Updated),
            (None, Some(from), Some(to)) => Some(Self::Started(from?, to?)),
            _ => None,
        }
    }
}

pub(super) fn completed(ask: &Ask<'_>, tenant: &Tenant, faults: &FaultPlan, state: &mut State) -> Answer {
    let Some(span) = Span::of(ask) else {
        return refused(400, "Give updatedSince, or startDate and endDate, in UTC with a Z");
    };
    match span {
        Span::Updated(_) => shift(ask, tenant, state, span),
        Span::Started(..) => arrive(ask, tenant, state, span),
    }
    let mut contacts = found(ask, tenant, state, span);
    let is_poll = matches!(span, Span::Updated(_));
    let out_of_order = is_poll && lose(ask, &mut contacts, faults, state);
    let page = Page::of(contacts, ask, state);
    let envelope = page.envelope(ask, tenant, state);
    let (now, new) = (state.now(tenant), has_new_names(ask, state));
    let mut rows = Vec::new();
    for contact in &page.rows {
        let row = contact.row(&tenant.scenario, now, state.updated(contact, now), &state.settings, new);
        let row = only(ask.get("fields"), row);
        if is_poll && faults.fire(Fault::Duplicate) {
            rows.push(row.clone());
        }
        rows.push(row);
    }
    if out_of_order {
        rows.reverse();
    }
    listed(envelope, "completedContacts", rows, state)
}

/// The contacts in a span that the other parameters let through, in order.
fn found<'a>(ask: &Ask<'_>, tenant: &'a Tenant, state: &State, span: Span) -> Vec<&'a Contact> {
    let now = state.now(tenant);
    let inside = |contact: &&Contact| match span {
        Span::Updated(since) => state.updated(contact, now) >= since,
        // That it is the start that counts is what the name says, not the documentation.
        Span::Started(from, to) => (from..=to).contains(&contact.started) && state.arriving != Some(contact.id),
    };
    let shown = state.completed(tenant).map(|contact| contact.id).collect::<Vec<_>>();
    let shown = tenant.contacts.iter().filter(|contact| shown.contains(&contact.id));
    let mut contacts: Vec<&Contact> = shown.filter(inside).filter(|contact| passes(ask, tenant, contact)).collect();
    let order = ask.get("orderBy").unwrap_or_default().to_ascii_lowercase();
    match order.split(' ').next() {
        Some("lastupdatetime") => contacts.sort_by_key(|contact| (state.updated(contact, now), contact.id)),
        Some("contactstart" | "contactstartdate") => contacts.sort_by_key(|contact| (contact.started, contact.id)),
        _ => contacts.sort_by_key(|contact| contact.id),
    }
    if order.ends_with(" desc") {
        contacts.reverse();
    }
    contacts
}

/// Whether the filters of a list of contacts let this one through.
pub(super) fn passes(ask: &Ask<'_>, tenant: &Tenant, contact: &Contact) -> bool {
    let is = |name: &str, value: u64| ask.number(name).is_none_or(|wanted| wanted == value);
    let says =
        |names: [&str; 2], value: &str| names.iter().all(|name| ask.get(name).is_none_or(|wanted| wanted == value));
    let (skill, campaign) = skill(&tenant.scenario, &contact.queue);
    is("mediaTypeId", contact.media)
        && is("agentId", agent_id(contact.agent))
        && is("teamId", team_of(&tenant.scenario, contact.agent).0)
        && is("skillId", skill)
        && is("campaignId", campaign)
        && ask.flag("isLogged").is_none_or(|wanted| wanted == contact.recorded)
        && says(["fromAddress", "fromAddr"], &contact.from)
        && says(["toAddress", "toAddr"], &contact.to)
}

/// Takes the calls out that no poll ever shows, and those that only the next poll shows. Which ones these are is decided
/// when a poll would show them first. Says whether some of them are late.
fn lose(ask: &Ask<'_>, contacts: &mut Vec<&Contact>, faults: &FaultPlan, state: &mut State) -> bool {
    if ask.number("skip").unwrap_or_default() == 0 {
        state.late.clear();
    }
    contacts.retain(|contact| {
        let Kind::Call(call) = contact.kind else { return true };
        let is_fresh = !state.lost.contains_key(&call);
        let is_lost = *state.lost.entry(call).or_insert_with(|| faults.fire(Fault::LostEvent));
        if is_fresh && !is_lost && faults.fire(Fault::Reordered) {
            state.late.insert(call);
        }
        !is_lost && !state.late.contains(&call)
    });
    !state.late.is_empty()
}

/// Updates a contact of the pages before this one, so that the rows behind it move up.
fn shift(ask: &Ask<'_>, tenant: &Tenant, state: &mut State, span: Span) {
    if state.settings.shifts == 0 || ask.number("skip").unwrap_or_default() == 0 {
        return;
    }
    let now = state.now(tenant);
    let Some(first) = found(ask, tenant, state, span).first().map(|contact| contact.id) else { return };
    state.touched.insert(first, now);
    state.settings.shifts -= 1;
}

/// Keeps the first contact of a window back until its first page is answered.
fn arrive(ask: &Ask<'_>, tenant: &Tenant, state: &mut State, span: Span) {
    state.arriving = None;
    if state.settings.arrivals > 0 && ask.number("skip").unwrap_or_default() == 0 {
        state.settings.arrivals -= 1;
        state.arriving = found(ask, tenant, state, span).first().map(|contact| contact.id);
    }
}
