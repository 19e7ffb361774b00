//! The contact centre behind the fake: who is refused, and what each endpoint answers.

use std::sync::{Mutex, MutexGuard, PoisonError};

use connector_core::testing::http::{Answer, Endpoint as _, Request};
use connector_core::testing::{Fault, FaultPlan, Scenario};
use serde_json::json;

use super::ask::{self, Ask, gateway, instant, refused};
use super::endpoint::{Access, Asked, Endpoint, Role};
use super::settings::Permission;
use super::state::{Origins, State};
use super::tenant::Tenant;
use super::{completed, directory, files, login, playback, reports, sessions};

/// What all hosts of one fake share: the day, its state, and what goes wrong.
pub(super) struct Centre {
    pub(super) tenant: Tenant,
    pub(super) faults: FaultPlan,
    state: Mutex<State>,
}

impl Centre {
    /// With its parts at these addresses.
    pub(super) fn new(scenario: Scenario, faults: FaultPlan, origins: Origins) -> Self {
        Self { tenant: Tenant::new(scenario), faults, state: Mutex::new(State::new(origins)) }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a request at one of the hosts.
    pub(super) fn answer(&self, request: &Request, at: Role) -> Answer {
        let (ask, mut state) = (ask::read(request, at), self.state());
        let answer = self.refusal(&ask, &mut state).unwrap_or_else(|| self.at(&ask, &mut state));
        state.asked.push(Asked::new(&ask, &answer));
        // As every server does: in whole seconds of its own clock.
        let date = state.now(&self.tenant).format("%a, %d %b %Y %H:%M:%S GMT");
        answer.with_header("date", date.to_string())
    }

    /// Why a request gets no answer, if it gets none.
    fn refusal(&self, ask: &Ask<'_>, state: &mut State) -> Option<Answer> {
        let access = ask.endpoint?.route().access;
        if matches!(access, Access::Issuer | Access::Media) {
            return None;
        }
        if !state.tokens.admit(ask.token().unwrap_or_default(), &self.faults) {
            return Some(gateway(401, "Unauthorized"));
        }
        if state.settings.unavailable > 0 {
            state.settings.unavailable -= 1;
            return Some(Answer::new(503));
        }
        if let Access::Permission(permission) = access
            && state.forbidden.contains(&permission)
        {
            let words = "The user does not have the permission";
            return Some(match permission {
                Permission::Playback => playback::forbidden(words),
                _ => refused(403, words),
            });
        }
        self.faults.fire(Fault::Throttled).then(|| state.throttle(ask))
    }

    fn at(&self, ask: &Ask<'_>, state: &mut State) -> Answer {
        let (tenant, faults) = (&self.tenant, &self.faults);
        match ask.endpoint {
            Some(Endpoint::Discovery) => login::discovery(state),
            Some(Endpoint::Configuration) => login::configuration(ask, tenant, state),
            Some(Endpoint::Jwks) => login::jwks(),
            Some(Endpoint::Token) => login::token(ask, tenant, state),
            Some(Endpoint::AccessKey) => login::access_key(ask, tenant, state),
            Some(Endpoint::Refresh) => login::refresh(ask, tenant, state),
            Some(Endpoint::Completed) => completed::completed(ask, tenant, faults, state),
            Some(Endpoint::ServerTime) => Answer::json(&json!({ "ServerTime": instant(state.now(tenant)) })),
            Some(Endpoint::BusinessUnit) => directory::business_unit(tenant, state),
            Some(Endpoint::Groups) => directory::groups(ask, tenant, state),
            Some(Endpoint::GroupAgents) => directory::group_agents(ask, tenant, state),
            Some(Endpoint::Teams) => directory::teams(ask, tenant, state),
            Some(Endpoint::Team) => directory::one_team(ask, tenant, state),
            Some(Endpoint::TeamAgents) => directory::team_agents(ask, tenant, state),
            Some(Endpoint::TeamsAgents) => directory::teams_agents(ask, tenant, state),
            Some(Endpoint::Agents) => directory::agents(ask, tenant, state),
            Some(Endpoint::Agent) => directory::one_agent(ask, tenant, state),
            Some(Endpoint::AgentGroups) => directory::agent_groups(ask, tenant, state),
            Some(Endpoint::Playback | Endpoint::PlaybackSegment) => playback::playback(ask, tenant, faults, state),
            Some(Endpoint::Media) => state.store.answer(ask.request, faults),
            Some(Endpoint::ContactFiles) => files::of_contact(ask, tenant, state),
            Some(Endpoint::File) => files::whole(ask, tenant, state),
            Some(Endpoint::ApiVersion) => reports::api_version(ask),
            Some(Endpoint::AgentStates) => reports::agent_states(ask, tenant, state),
            Some(Endpoint::Active) => reports::active(ask, tenant, state),
            Some(Endpoint::ContactStates) => reports::states(ask, tenant, state),
            Some(Endpoint::StateDescriptions) => reports::state_descriptions(ask, tenant, state, false),
            Some(Endpoint::StateDescription) => reports::state_descriptions(ask, tenant, state, true),
            Some(Endpoint::Contact) => reports::contact(ask, tenant, state),
            Some(Endpoint::Hierarchy) => reports::hierarchy(ask, tenant, state),
            Some(Endpoint::StateHistory) => reports::state_history(ask, tenant, state),
            Some(Endpoint::CustomData) => reports::custom_data(ask, tenant, state),
            Some(Endpoint::ContactDisposition) => reports::disposition(ask, tenant, state),
            Some(Endpoint::Dispositions) => reports::all_dispositions(ask, tenant, state),
            Some(Endpoint::JoinSession) => sessions::join(ask, tenant, state),
            Some(Endpoint::NextEvent) => sessions::next_event(ask, tenant, state),
            None => gateway(404, "Not Found"),
        }
    }
}
