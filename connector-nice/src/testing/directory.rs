//! Groups, teams and agents. Numbers come as texts and truths as words here and there, as they do at CXone.

use connector_core::testing::http::Answer;
use serde_json::{Map, Value, json};

use super::ask::{Ask, instant, nothing, only, refused};
use super::completed::{Page, listed};
use super::ids::{UNIT, agent_id, group_id, group_index, names, place, team_id, team_of};
use super::state::State;
use super::tenant::Tenant;

pub(super) fn groups(ask: &Ask<'_>, tenant: &Tenant, state: &State) -> Answer {
    let rows = (0..tenant.scenario.groups.len()).map(|group| self::group(tenant, group));
    list(ask, tenant, state, "groups", with_bad(rows.collect(), state, json!({ "groupId": {}, "groupName": 7 })))
}

/// Those who belong to a group: everybody who does not, with `assigned=false`.
pub(super) fn group_agents(ask: &Ask<'_>, tenant: &Tenant, state: &State) -> Answer {
    let Some(group) = place(ask.id(), tenant.scenario.groups.len(), group_id) else {
        return refused(404, "Group not found");
    };
    let assigned = ask.flag("assigned").unwrap_or(true);
    let rows = all_agents(tenant).filter(|(agent, _)| (group_index(&tenant.scenario, *agent) == group) == assigned);
    list(ask, tenant, state, "agents", agent_rows(rows, state))
}

pub(super) fn teams(ask: &Ask<'_>, tenant: &Tenant, state: &State) -> Answer {
    let rows = (0..tenant.scenario.groups.len()).map(|group| team(tenant, group));
    list(ask, tenant, state, "teams", rows.collect())
}

pub(super) fn one_team(ask: &Ask<'_>, tenant: &Tenant, state: &State) -> Answer {
    match place(ask.id(), tenant.scenario.groups.len(), team_id) {
        Some(group) => list(ask, tenant, state, "teams", vec![team(tenant, group)]),
        None => refused(404, "Team not found"),
    }
}

/// The agents of a team, which are nested: the pages count agents, the list holds one team.
pub(super) fn team_agents(ask: &Ask<'_>, tenant: &Tenant, state: &State) -> Answer {
    let Some(group) = place(ask.id(), tenant.scenario.groups.len(), team_id) else {
        return refused(404, "Team not found");
    };
    let rows = all_agents(tenant).filter(|(agent, _)| group_index(&tenant.scenario, *agent) == group);
    let page = Page::of(agent_rows(rows, state), ask, state);
    if page.rows.is_empty() {
        return nothing();
    }
    let mut team = team(tenant, group);
    let envelope = page.envelope(ask, tenant, state);
    team["agents"] = page.rows.into_iter().map(|row| only(ask.get("fields"), row)).collect();
    listed(envelope, "teams", vec![team], state)
}

/// All teams with their agents.
pub(super) fn teams_agents(ask: &Ask<'_>, tenant: &Tenant, state: &State) -> Answer {
    let with_agents = |group: usize| {
        let agents = all_agents(tenant).filter(|(agent, _)| group_index(&tenant.scenario, *agent) == group);
        let mut team = team(tenant, group);
        team["agents"] = agents.map(|(_, row)| only(ask.get("fields"), row)).collect();
        team
    };
    let teams = (0..tenant.scenario.groups.len()).map(with_agents).collect();
    listed(Map::new(), "teams", teams, state)
}

pub(super) fn agents(ask: &Ask<'_>, tenant: &Tenant, state: &State) -> Answer {
    let wanted = ask.get("searchString").map(str::to_lowercase);
    let says = |row: &Value| {
        let text = ["firstName", "lastName", "userName"].map(|key| row[key].as_str().unwrap_or_default()).join(" ");
        wanted.as_ref().is_none_or(|wanted| text.to_lowercase().contains(wanted))
    };
    let active = ask.flag("isActive").unwrap_or(true);
    let rows = all_agents(tenant).filter(|(_, row)| active && says(row));
    list(ask, tenant, state, "agents", agent_rows(rows, state))
}

/// One agent, by its id or by that of its user.
pub(super) fn one_agent(ask: &Ask<'_>, tenant: &Tenant, state: &State) -> Answer {
    let found = all_agents(tenant)
        .find(|(agent, _)| agent_id(*agent).to_string() == ask.id() || tenant.scenario.agents[*agent].id == ask.id());
    match found {
        Some((_, row)) => list(ask, tenant, state, "agents", vec![row]),
        None => refused(404, "Agent not found"),
    }
}

pub(super) fn agent_groups(ask: &Ask<'_>, tenant: &Tenant, state: &State) -> Answer {
    match place(ask.id(), tenant.scenario.agents.len(), agent_id) {
        Some(agent) => {
            let group = group(tenant, group_index(&tenant.scenario, agent));
            listed(Map::new(), "agentGroups", vec![group], state)
        }
        None => refused(404, "Agent not found"),
    }
}

pub(super) fn business_unit(tenant: &Tenant, state: &State) -> Answer {
    let unit = json!({
        "businessUnitId": UNIT,
        "businessUnitName": tenant.scenario.company,
        "tenantId": tenant.id,
        "defaultTimeZone": "UTC",
        "isActive": "True",
    });
    listed(Map::new(), "businessUnits", vec![unit], state)
}

/// A page of a list.
fn list(ask: &Ask<'_>, tenant: &Tenant, state: &State, key: &str, rows: Vec<Value>) -> Answer {
    let page = Page::of(rows, ask, state);
    let envelope = page.envelope(ask, tenant, state);
    listed(envelope, key, page.rows.into_iter().map(|row| only(ask.get("fields"), row)).collect(), state)
}

/// Everybody, by index.
fn all_agents(tenant: &Tenant) -> impl Iterator<Item = (usize, Value)> {
    (0..tenant.scenario.agents.len()).map(|agent| (agent, self::agent(tenant, agent)))
}

fn agent_rows(rows: impl Iterator<Item = (usize, Value)>, state: &State) -> Vec<Value> {
    let bad = json!({ "agentId": null, "userName": ["nobody"], "isActive": "perhaps", "teamId": {} });
    with_bad(rows.map(|(_, row)| row).collect(), state, bad)
}

/// The rows, with as many that make no sense as are to be there, the first one in second place.
fn with_bad(mut rows: Vec<Value>, state: &State, bad: Value) -> Vec<Value> {
    for _ in 0..state.settings.bad_rows {
        rows.insert(rows.len().min(1), bad.clone());
    }
    rows
}

fn agent(tenant: &Tenant, agent: usize) -> Value {
    let who = &tenant.scenario.agents[agent];
    let ((first, last), (team, team_name)) = (names(who), team_of(&tenant.scenario, agent));
    let id = agent_id(agent);
    let updated = tenant.scenario.starts - chrono::TimeDelta::days(1 + agent as i64);
    let mut row = json!({
        "agentId": if agent % 3 == 1 { json!(id.to_string()) } else { json!(id) },
        "userName": who.email.reveal(),
        "firstName": first,
        "middleName": "",
        "lastName": last,
        "emailAddress": who.email.reveal(),
        "isActive": match agent % 4 { 1 => json!("True"), 3 => json!("true"), _ => json!(true) },
        "teamId": if agent % 2 == 1 { json!(team.to_string()) } else { json!(team) },
        "teamName": team_name,
        "reportToId": null,
        "isSupervisor": if agent % 5 == 2 { json!("False") } else { json!(false) },
        "lastUpdated": instant(updated),
        "inactiveDate": "",
        "internalId": format!("E-{}", 1_042 + agent),
        "timeZone": "UTC",
        "DivisionNo": 1,
    });
    // Both spellings are seen.
    row[if agent.is_multiple_of(2) { "userID" } else { "userId" }] = json!(who.id);
    row
}

fn group(tenant: &Tenant, group: usize) -> Value {
    let id = group_id(group);
    json!({
        "groupId": if group % 2 == 1 { json!(id.to_string()) } else { json!(id) },
        "groupName": tenant.scenario.groups[group].name,
        "notes": "",
        "isActive": if group % 2 == 1 { json!("True") } else { json!(true) },
        "lastUpdated": instant(tenant.scenario.starts - chrono::TimeDelta::days(30)),
    })
}

fn team(tenant: &Tenant, group: usize) -> Value {
    let id = team_id(group);
    let count =
        (0..tenant.scenario.agents.len()).filter(|agent| group_index(&tenant.scenario, *agent) == group).count();
    json!({
        "teamId": if group % 2 == 1 { json!(id.to_string()) } else { json!(id) },
        "teamName": format!("{} A", tenant.scenario.groups[group].name),
        "isActive": true,
        "agentCount": count,
        "lastUpdateTime": instant(tenant.scenario.starts - chrono::TimeDelta::days(30)),
        "divisionNo": 1,
    })
}
