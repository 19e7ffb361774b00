//! A contact: one agent's part in a call, a chat, or a row that makes no sense.

use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};
use connector_core::Direction;
use connector_core::testing::{Happening, Party, Scenario, ScenarioCall, ScenarioLeg};
use serde_json::{Map, Value, json};

use super::ask::instant;
use super::ids;
use super::settings::Settings;

/// Ids of media types.
pub(super) const PHONE_CALL: u64 = 4;
const CHAT: u64 = 3;

/// Which of the day's things it is, by its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Call(usize),
    Chat(usize),
    Abandoned(usize),
    Bad(usize),
}

#[derive(Clone)]
pub(super) struct Contact {
    pub(super) kind: Kind,
    pub(super) id: u64,
    pub(super) master: u64,
    pub(super) agent: usize,
    pub(super) started: DateTime<Utc>,
    pub(super) answered: DateTime<Utc>,
    pub(super) ended: DateTime<Utc>,
    pub(super) holds: Vec<Range<DateTime<Utc>>>,
    /// The work after it.
    pub(super) wrap_up: TimeDelta,
    pub(super) outbound: bool,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) queue: String,
    pub(super) media: u64,
    pub(super) recorded: bool,
    /// Whether somebody passed it on to this agent.
    pub(super) passed_on: bool,
    /// What the agent said of it after the work.
    pub(super) disposition: Option<String>,
    end_reason: &'static str,
}

impl Contact {
    /// The contacts of a call: one per leg. The first one is the master.
    pub(super) fn of_call(scenario: &Scenario, index: usize) -> Vec<Self> {
        let call = &scenario.calls[index];
        let legs = call.legs();
        let last = legs.len().saturating_sub(1);
        legs.into_iter()
            .enumerate()
            .map(|(place, leg)| Self::of_leg(scenario, index, leg, place, place == last))
            .collect()
    }

    fn of_leg(scenario: &Scenario, index: usize, leg: ScenarioLeg, place: usize, is_last: bool) -> Self {
        let call = &scenario.calls[index];
        let outbound = call.direction == Direction::Outbound;
        let (customer, centre) = (digits(call.customer.reveal()), digits(call.centre.reveal()));
        let (from, to) = if outbound { (centre, customer) } else { (customer, centre) };
        let master = ids::first_contact(scenario.seed) + 100 * index as u64;
        Self {
            kind: Kind::Call(index),
            id: master + 34 * place as u64,
            master,
            agent: leg.agent,
            started: leg.started,
            answered: leg.answered,
            ended: leg.ended,
            holds: leg.holds,
            wrap_up: if is_last { call.done() - call.ended() } else { TimeDelta::zero() },
            outbound,
            from,
            to,
            queue: call.queue.clone(),
            media: PHONE_CALL,
            recorded: call.recorded,
            passed_on: place > 0,
            disposition: is_last.then(|| call.disposition.clone()),
            end_reason: if is_last { end_reason(call) } else { "Contact Transferred" },
        }
    }

    /// A chat, which is no call and has no recording. Its id has 15 digits, as those of digital contacts have.
    pub(super) fn chat(scenario: &Scenario, index: usize) -> Self {
        let started = scenario.starts + TimeDelta::minutes(45 + 60 * index as i64);
        let id = ids::first_contact(scenario.seed) * 1_000 + index as u64;
        Self {
            kind: Kind::Chat(index),
            id,
            master: id,
            agent: index % scenario.agents.len().max(1),
            started,
            answered: started + TimeDelta::seconds(4),
            ended: started + TimeDelta::seconds(240),
            holds: Vec::new(),
            wrap_up: TimeDelta::seconds(5),
            outbound: false,
            from: "visitor".to_owned(),
            to: "chat".to_owned(),
            queue: scenario.calls.first().map(|call| call.queue.clone()).unwrap_or_default(),
            media: CHAT,
            recorded: false,
            passed_on: false,
            disposition: None,
            end_reason: "Contact Ended",
        }
    }

    /// A call that nobody answered, some minutes after another one began.
    pub(super) fn abandoned(after: &Self, index: usize) -> Self {
        let started = after.started + TimeDelta::minutes(3);
        let ended = started + TimeDelta::seconds(20);
        Self {
            kind: Kind::Abandoned(index),
            id: after.id + 80,
            master: after.id + 80,
            started,
            answered: ended,
            ended,
            holds: Vec::new(),
            wrap_up: TimeDelta::zero(),
            outbound: false,
            recorded: false,
            passed_on: false,
            disposition: None,
            end_reason: "Contact Hung Up",
            ..after.clone()
        }
    }

    /// A row that makes no sense, which shows up with a call.
    pub(super) fn bad(of: &Self, index: usize) -> Self {
        Self { kind: Kind::Bad(index), id: of.id + 90, master: of.id + 90, recorded: false, ..of.clone() }
    }

    /// Whether its row makes no sense.
    pub(super) fn is_bad(&self) -> bool {
        matches!(self.kind, Kind::Bad(_))
    }

    /// Whether somebody took it.
    pub(super) fn has_agent(&self) -> bool {
        !matches!(self.kind, Kind::Abandoned(_))
    }

    /// When it shows among the completed ones.
    pub(super) fn appears(&self, settings: &Settings) -> DateTime<Utc> {
        self.ended + settings.appears_after
    }

    /// When the last word on it is said: the work after it is done, its disposition is known.
    pub(super) fn settles(&self, settings: &Settings) -> DateTime<Utc> {
        self.appears(settings) + self.wrap_up
    }

    /// As it is told among the completed contacts at some time.
    pub(super) fn row(
        &self,
        scenario: &Scenario,
        now: DateTime<Utc>,
        updated: DateTime<Utc>,
        to: &Settings,
        new: bool,
    ) -> Value {
        let done = now >= self.settles(to);
        let wrap_up = if done { self.wrap_up } else { TimeDelta::zero() };
        let mut total = self.ended - self.started;
        if to.total_contains_wrap_up {
            total += wrap_up;
        }
        let held: TimeDelta = self.holds.iter().map(|hold| hold.end - hold.start).sum();
        let (skill, campaign) = ids::skill(scenario, &self.queue);
        let agent = ids::agent_id(self.agent);
        let (first, last) = ids::names(&scenario.agents[self.agent]);
        let (team, team_name) = ids::team_of(scenario, self.agent);
        let transfer = if self.passed_on { (2, "ReAgent") } else { (0, "None") };
        let disposition = self.disposition.as_ref().filter(|_| done);
        let disposition = disposition.map(|name| ids::disposition_id(scenario, name));
        let seconds = |length: TimeDelta| match new {
            true => json!(length.num_seconds() as f64),
            false => json!(length.num_seconds()),
        };
        let media_name = if self.media == PHONE_CALL { "Phone Call" } else { "Chat" };
        let key = |now: &'static str, before: &'static str| if new { now } else { before };
        let row = [
            ("contactId", json!(self.id)),
            ("masterContactId", json!(self.master)),
            (key("contactStartDate", "contactStart"), json!(instant(self.started))),
            ("totalDurationSeconds", seconds(total)),
            ("agentSeconds", seconds(self.ended - self.answered)),
            (key("acwSeconds", "ACWSeconds"), seconds(wrap_up)),
            ("holdSeconds", seconds(held)),
            ("holdCount", json!(self.holds.len())),
            ("inQueueSeconds", seconds(self.answered - self.started)),
            ("preQueueSeconds", seconds(TimeDelta::zero())),
            (key("conferenceSeconds", "confSeconds"), seconds(TimeDelta::zero())),
            ("agentId", if self.agent % 4 == 3 { json!(agent.to_string()) } else { json!(agent) }),
            ("firstName", json!(first)),
            ("lastName", json!(last)),
            ("teamId", json!(team)),
            ("teamName", json!(team_name)),
            ("skillId", json!(skill)),
            ("skillName", json!(self.queue)),
            ("campaignId", json!(campaign)),
            ("campaignName", json!(scenario.company)),
            (key("mediaTypeId", "mediaType"), json!(self.media)),
            ("mediaTypeName", json!(media_name)),
            (key("fromAddress", "fromAddr"), json!(self.from)),
            (key("toAddress", "toAddr"), json!(self.to)),
            (
                "isOutbound",
                if self.agent % 5 == 4 {
                    json!(if self.outbound { "True" } else { "False" })
                } else {
                    json!(self.outbound)
                },
            ),
            ("isLogged", json!(self.recorded)),
            ("abandoned", json!(false)),
            ("endReason", json!(self.end_reason)),
            ("primaryDispositionId", json!(disposition)),
            ("secondaryDispositionId", Value::Null),
            ("dispositionNotes", json!("")),
            ("transferIndicatorId", json!(transfer.0)),
            ("transferIndicatorName", json!(transfer.1)),
            ("pointOfContactId", json!(skill + 1_000)),
            ("pointOfContactName", json!(if self.outbound { &self.from } else { &self.to })),
            ("lastUpdateTime", json!(instant(updated))),
            ("dateContactWarehoused", if done { json!(instant(updated)) } else { json!("") }),
        ];
        let mut row: Map<String, Value> = row.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let tag = if new {
            json!({ "tagId": 7, "tagName": "VIP" })
        } else {
            json!({ "TagId": 7, "TagName": "VIP", "Contact_Id": self.id })
        };
        row.insert("tags".to_owned(), if self.id.is_multiple_of(3) { json!([tag]) } else { json!([]) });
        if new {
            row.insert("divisionNo".to_owned(), json!(1));
        }
        if let Kind::Abandoned(_) = self.kind {
            // An agent that is not there is null here; 0 is possible as well.
            row.extend(
                ["agentId", "firstName", "lastName", "teamId", "teamName"].map(|key| (key.to_owned(), Value::Null)),
            );
            row.insert("abandoned".to_owned(), json!(true));
        }
        if self.is_bad() {
            row.insert("contactId".to_owned(), json!("not a number"));
            row.insert(key("contactStartDate", "contactStart").to_owned(), json!("some day"));
        }
        Value::Object(row)
    }
}

/// A number as CXone tells it in the samples: without its country.
fn digits(number: &str) -> String {
    number.trim_start_matches('+').trim_start_matches('1').to_owned()
}

/// One of these is told by CXone's samples ("Contact Hung Up"); the other words are invented.
fn end_reason(call: &ScenarioCall) -> &'static str {
    match call.timeline.iter().any(|moment| moment.what == Happening::End { by: Party::Agent }) {
        true => "Agent Hung Up",
        false => "Contact Hung Up",
    }
}
