//! What the API tells of one contact, and of those that go on.

use chrono::{DateTime, TimeDelta, Utc};
use connector_core::testing::http::Answer;
use serde_json::{Map, Value, json};

use super::ask::{Ask, asked_instant, instant, nothing, only, refused, version};
use super::completed::{Page, has_new_names, listed, passes};
use super::contact::Contact;
use super::ids::{UNIT, agent_id, disposition_id, dispositions, names, skill, team_of};
use super::state::State;
use super::tenant::Tenant;

/// The states of contacts: description and category. `Released` is what code in the field knows; the other words are
/// invented, as every tenant has its own. Ids differ from fake to fake.
const STATES: [(&str, &str); 4] =
    [("Routing", "Queue"), ("Active", "Active"), ("Holding", "Held"), (RELEASED, "Final")];
const RELEASED: &str = "Released";

/// The id of a state, by its place.
fn state_id(tenant: &Tenant, place: usize) -> u64 {
    2 + tenant.scenario.seed % 7 + 3 * place as u64
}

pub(super) fn state_descriptions(ask: &Ask<'_>, tenant: &Tenant, state: &State, one: bool) -> Answer {
    let described = |place: usize| {
        json!({
            "ContactStateId": state_id(tenant, place),
            "ContactStateDescription": STATES[place].0,
            "ContactStateCategory": STATES[place].1,
        })
    };
    let rows = (0..STATES.len()).filter(|place| !one || state_id(tenant, *place).to_string() == ask.id());
    listed(Map::new(), "contactStateDescriptions", rows.map(described).collect(), state)
}

/// What a contact goes through: when which state begins.
fn course(contact: &Contact) -> Vec<(DateTime<Utc>, usize)> {
    let holds = contact.holds.iter().flat_map(|hold| [(hold.start, 2), (hold.end, 1)]);
    let talk = [(contact.started, 0), (contact.answered, 1)];
    talk.into_iter().chain(holds).chain([(contact.ended, 3)]).collect()
}

/// The state that a contact is in, and since when.
fn current(contact: &Contact, now: DateTime<Utc>) -> (DateTime<Utc>, usize) {
    let passed = course(contact).into_iter().take_while(|(at, _)| *at <= now);
    passed.last().unwrap_or((contact.started, 0))
}

/// Those that go on, and changed since. Whether a contact leaves this list when somebody hangs up or when the work after
/// it is done is not documented: here it is the former.
fn going_on<'a>(ask: &Ask<'_>, tenant: &'a Tenant, state: &'a State) -> Vec<&'a Contact> {
    let now = state.now(tenant);
    let since = ask.get("updatedSince").and_then(asked_instant).unwrap_or(DateTime::<Utc>::MIN_UTC);
    let begun =
        state.begun(tenant).filter(|contact| now < contact.ended && !contact.is_bad() && passes(ask, tenant, contact));
    begun.filter(|contact| current(contact, now).0 >= since).collect()
}

pub(super) fn active(ask: &Ask<'_>, tenant: &Tenant, state: &State) -> Answer {
    let page = Page::of(going_on(ask, tenant, state), ask, state);
    let now = state.now(tenant);
    let row = |contact: &&Contact| {
        let (changed, place) = current(contact, now);
        let mut row = contact.row(&tenant.scenario, now, changed, &state.settings, has_new_names(ask, state));
        row["stateId"] = json!(state_id(tenant, place));
        row["stateName"] = json!(STATES[place].0);
        row["contactStateCategory"] = json!(STATES[place].1);
        row["agentStartDate"] = json!(if now >= contact.answered { instant(contact.answered) } else { String::new() });
        forget_the_end(&mut row);
        only(ask.get("fields"), row)
    };
    listed(page.envelope(ask, tenant, state), "activeContacts", page.rows.iter().map(row).collect(), state)
}

/// Takes out what is not known of a contact that goes on.
fn forget_the_end(row: &mut Value) {
    let Some(row) = row.as_object_mut() else { return };
    row.retain(|key, _| {
        !["totalDurationSeconds", "agentSeconds", "endReason", "primaryDispositionId"].contains(&&**key)
    });
}

pub(super) fn states(ask: &Ask<'_>, tenant: &Tenant, state: &State) -> Answer {
    let page = Page::of(going_on(ask, tenant, state), ask, state);
    let now = state.now(tenant);
    let row = |contact: &&Contact| {
        let (changed, place) = current(contact, now);
        let (first, last) = names(&tenant.scenario.agents[contact.agent]);
        let (team, team_name) = team_of(&tenant.scenario, contact.agent);
        let row = json!({
            "contactId": contact.id,
            "masterContactId": contact.master,
            "agentId": agent_id(contact.agent),
            "firstName": first,
            "lastName": last,
            "teamId": team,
            "teamName": team_name,
            "contactStateId": state_id(tenant, place),
            "contactStateName": STATES[place].0,
            "startDate": instant(contact.started),
            "lastUpdateTime": instant(changed),
            "skillId": skill(&tenant.scenario, &contact.queue).0,
            "skillName": contact.queue,
            "mediaTypeId": contact.media,
            "fromAddress": contact.from,
            "toAddress": contact.to,
        });
        only(ask.get("fields"), row)
    };
    listed(page.envelope(ask, tenant, state), "contactStates", page.rows.iter().map(row).collect(), state)
}

/// What each agent does. Names of states are CXone's own.
pub(super) fn agent_states(ask: &Ask<'_>, tenant: &Tenant, state: &State) -> Answer {
    let now = state.now(tenant);
    let busy: Vec<&Contact> =
        state.begun(tenant).filter(|contact| now < contact.ended && contact.has_agent()).collect();
    let row = |agent: usize| {
        let contact = busy.iter().find(|contact| contact.agent == agent);
        let name =
            contact.map_or("Available", |contact| if contact.outbound { "OutboundContact" } else { "InboundContact" });
        let row = json!({
            "agentId": agent_id(agent),
            "agentStateName": name,
            "contactId": contact.map(|contact| contact.id),
            "isACW": "False",
            "isOutbound": contact.is_some_and(|contact| contact.outbound),
            "startDate": instant(contact.map_or(tenant.scenario.starts, |contact| contact.started)),
            "openContacts": usize::from(contact.is_some()),
            "userName": tenant.scenario.agents[agent].email.reveal(),
        });
        only(ask.get("fields"), row)
    };
    let page = Page::of((0..tenant.scenario.agents.len()).collect(), ask, state);
    let envelope = page.envelope(ask, tenant, state);
    listed(envelope, "agentStates", page.rows.into_iter().map(row).collect(), state)
}

/// One contact, which stands under the key `contactId`.
pub(super) fn contact(ask: &Ask<'_>, tenant: &Tenant, state: &State) -> Answer {
    let Some(contact) = begun(ask.id(), tenant, state) else { return nothing() };
    let now = state.now(tenant);
    let is_over = contact.appears(&state.settings) <= now;
    let (changed, place) = current(contact, now);
    let updated = if is_over { state.updated(contact, now) } else { changed };
    let mut row = contact.row(&tenant.scenario, now, updated, &state.settings, has_new_names(ask, state));
    row["isActive"] = json!(!is_over);
    row["isWarehoused"] = json!(if is_over { "True" } else { "False" });
    row["stateId"] = json!(state_id(tenant, place));
    row["stateName"] = json!(STATES[place].0);
    if !is_over {
        forget_the_end(&mut row);
        row["totalDurationSeconds"] = json!((now - contact.started).num_seconds());
    }
    Answer::json(&json!({
        "businessUnitId": UNIT,
        "lastPollTime": instant(now),
        "contactId": only(ask.get("fields"), row),
    }))
}

/// The legs of a call with their ends, asked by the id of any of them.
pub(super) fn hierarchy(ask: &Ask<'_>, tenant: &Tenant, state: &State) -> Answer {
    let Some(asked) = begun(ask.id(), tenant, state) else { return nothing() };
    let now = state.now(tenant);
    let legs = state.begun(tenant).filter(|contact| contact.master == asked.master);
    let children: Vec<Value> = legs
        .map(|leg| {
            let end = if leg.ended <= now { json!(instant(leg.ended)) } else { Value::Null };
            json!({ "contactId": leg.id, "startTime": instant(leg.started), "endTime": end })
        })
        .collect();
    Answer::json(&json!({ "masterContactId": asked.master, "childContacts": children }))
}

pub(super) fn state_history(ask: &Ask<'_>, tenant: &Tenant, state: &State) -> Answer {
    let Some(contact) = begun(ask.id(), tenant, state) else { return nothing() };
    let now = state.now(tenant);
    let course: Vec<_> = course(contact).into_iter().take_while(|(at, _)| *at <= now).collect();
    let row = |(index, (at, place)): (usize, &(DateTime<Utc>, usize))| {
        let until = course.get(index + 1).map_or(*at, |(next, _)| *next);
        json!({
            "stateIndex": index,
            "contactId": contact.id,
            "contactStateId": state_id(tenant, *place),
            "contactStateName": STATES[*place].0,
            "startDate": instant(*at),
            "duration": duration(until - *at),
            "agentId": agent_id(contact.agent),
            "skillId": skill(&tenant.scenario, &contact.queue).0,
            "skillName": contact.queue,
            "isWarehoused": true,
        })
    };
    listed(Map::new(), "contactStateHistory", course.iter().enumerate().map(row).collect(), state)
}

/// A length in the words of ISO 8601.
fn duration(length: TimeDelta) -> String {
    let millis = length.num_milliseconds();
    format!("PT{}.{:03}S", millis / 1_000, millis % 1_000)
}

pub(super) fn custom_data(ask: &Ask<'_>, tenant: &Tenant, state: &State) -> Answer {
    let Some(contact) = begun(ask.id(), tenant, state) else { return nothing() };
    let account = json!({ "name": "accountId", "value": format!("A-{}", contact.master % 1_000) });
    listed(Map::new(), "contactCustomData", vec![account, json!({ "name": "note", "value": "" })], state)
}

/// The disposition of a contact, once the work after it is done.
pub(super) fn disposition(ask: &Ask<'_>, tenant: &Tenant, state: &State) -> Answer {
    let now = state.now(tenant);
    let settled = begun(ask.id(), tenant, state).filter(|contact| contact.settles(&state.settings) <= now);
    let Some((contact, name)) = settled.and_then(|contact| Some((contact, contact.disposition.as_ref()?))) else {
        return nothing();
    };
    Answer::json(&json!({
        "dispositionId": disposition_id(&tenant.scenario, name),
        "dispositionName": name,
        "dispositionByAgendId": agent_id(contact.agent),
        "notes": "",
        "lastUpdated": instant(state.updated(contact, now)),
    }))
}

/// All dispositions. The keys of this list are not documented: they are those of the disposition of a contact.
pub(super) fn all_dispositions(ask: &Ask<'_>, tenant: &Tenant, state: &State) -> Answer {
    let names = dispositions(&tenant.scenario);
    let page = Page::of(names, ask, state);
    let row = |name: &&str| json!({ "dispositionId": disposition_id(&tenant.scenario, name), "dispositionName": name, "isActive": true });
    listed(page.envelope(ask, tenant, state), "dispositions", page.rows.iter().map(row).collect(), state)
}

/// The version of the API, whatever is asked of it.
pub(super) fn api_version(ask: &Ask<'_>) -> Answer {
    match version(ask) {
        0 => refused(404, "Version not found"),
        version => Answer::json(
            &json!({ "apiInfo": [{ "uri": ask.request.uri().path(), "version": format!("v{version}.0"), "verb": "GET" }] }),
        ),
    }
}

/// A contact that has begun, by its own id.
fn begun<'a>(id: &str, tenant: &'a Tenant, state: &'a State) -> Option<&'a Contact> {
    state.begun(tenant).find(|contact| contact.id.to_string() == id)
}
