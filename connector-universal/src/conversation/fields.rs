//! From the fields of a sidecar, and the parts of a name, to the common vocabulary.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::TimeDelta;
use connector_core::{Alias, Conversation, Direction, Leg, Named, PhoneNumber, Stamp};
use serde::{Deserialize, Serialize};

use crate::sidecar::Sidecar;

/// Which fields of a source say what.
///
/// Each list names fields, the most trusted first; letter case, spaces and signs do not count, so `Caller ID` is
/// `caller_id`. A field that no list names is not lost: all of them stay in the conversation's attributes.
///
/// ```
/// use std::collections::BTreeMap;
/// use connector_core::{Conversation, ConversationRef, Direction, Vendor};
/// use connector_universal::{FieldMap, sidecar::{Format, Limits, parse}};
///
/// let mut map: FieldMap = serde_json::from_str(r#"{"queue": ["team"], "directions": {"ausgehend": "outbound"}}"#).unwrap();
/// let sidecar = parse(Format::Yml, b"Team: Renewals\ndirection: Ausgehend\nstage: Won\n", &Limits::default()).unwrap();
///
/// let mut call = Conversation::new(ConversationRef::new("c-1"), Vendor::UNIVERSAL);
/// map.fill(Some(&sidecar), &BTreeMap::new(), &mut call);
/// assert_eq!(call.direction, Direction::Outbound);
/// assert_eq!(call.legs[0].queue.as_ref().unwrap().to_string(), "Renewals");
/// assert_eq!(call.attributes["stage"], "Won");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct FieldMap {
    /// The customer's number. Without one it is the number called in an outbound call, else the calling one.
    pub customer: Vec<String>,
    /// Who called whom.
    pub direction: Vec<String>,
    /// The calling number.
    pub ani: Vec<String>,
    /// The called number.
    pub dnis: Vec<String>,
    /// How long the call took, in seconds; decimals are allowed.
    pub duration: Vec<String>,
    /// The queue.
    pub queue: Vec<String>,
    /// The skill.
    pub skill: Vec<String>,
    /// The campaign.
    pub campaign: Vec<String>,
    /// How the agent classified the call.
    pub disposition: Vec<String>,
    /// Other ids of the call: the sort of id, and the fields that hold one.
    pub aliases: BTreeMap<String, Vec<String>>,
    /// The words for directions.
    pub directions: Directions,
}

impl Default for FieldMap {
    fn default() -> Self {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        Self {
            customer: list(&["customer_number", "customer_phone", "caller_id", "contact_phone"]),
            direction: list(&["direction", "dir", "call_direction"]),
            ani: list(&["ani", "caller_id", "calling_number", "from_number"]),
            dnis: list(&["dnis", "called_number", "dialed_number", "to_number"]),
            duration: list(&["duration_seconds", "duration", "call_duration"]),
            queue: list(&["queue", "queue_name"]),
            skill: list(&["skill", "skill_name"]),
            campaign: list(&["campaign", "campaign_name"]),
            disposition: list(&["disposition", "disposition_name", "call_outcome"]),
            aliases: [
                ("session_id".to_owned(), list(&["session_id", "five9_session_id", "session"])),
                ("external_id".to_owned(), list(&["external_id"])),
            ]
            .into(),
            directions: Directions::default(),
        }
    }
}

impl FieldMap {
    /// Puts what a sidecar and a name say into a conversation and its one leg, which is made if there is none.
    ///
    /// Where both say something, the sidecar is believed. Empty and null fields say nothing. Start and end are to be set
    /// before: where one of them is known, the duration gives the other.
    pub fn fill(&self, sidecar: Option<&Sidecar>, parts: &BTreeMap<String, String>, conversation: &mut Conversation) {
        let known = Known { sidecar, parts };
        known.keep(&mut conversation.attributes);
        self.fill_parties(&known, conversation);
        self.fill_aliases(&known, conversation);
        let duration = known.all(&self.duration).find_map(seconds);
        complete(&mut conversation.started, &mut conversation.ended, duration);
        if conversation.legs.is_empty() {
            let mut leg = Leg::new(conversation.this.id.clone());
            (leg.started, leg.ended) = (conversation.started, conversation.ended);
            conversation.legs.push(leg);
        }
        let leg = &mut conversation.legs[0];
        complete(&mut leg.started, &mut leg.ended, duration);
        let named = |names: &[String]| known.all(names).next().map(Named::by_name);
        leg.queue = named(&self.queue).or(leg.queue.take());
        leg.skill = named(&self.skill).or(leg.skill.take());
        leg.campaign = named(&self.campaign).or(leg.campaign.take());
        if let Some(disposition) = named(&self.disposition) {
            leg.dispositions = vec![disposition];
        }
    }

    fn fill_parties(&self, known: &Known<'_>, conversation: &mut Conversation) {
        let mut directions = known.all(&self.direction).map(|text| self.directions.of(text));
        if let Some(direction) = directions.find(|direction| *direction != Direction::Unknown) {
            conversation.direction = direction;
        }
        let number = |names: &[String]| known.all(names).next().map(PhoneNumber::from);
        conversation.ani = number(&self.ani).or(conversation.ani.take());
        conversation.dnis = number(&self.dnis).or(conversation.dnis.take());
        let customer = match conversation.direction {
            // The calling number of an outbound call is the centre's, whatever the field's other uses.
            Direction::Outbound => {
                let others: Vec<_> = self.customer.iter().filter(|name| !self.ani.contains(name)).cloned().collect();
                number(&others).or_else(|| conversation.dnis.clone())
            }
            Direction::Inbound => number(&self.customer).or_else(|| conversation.ani.clone()),
            _ => number(&self.customer),
        };
        conversation.customer = customer.or(conversation.customer.take());
    }

    fn fill_aliases(&self, known: &Known<'_>, conversation: &mut Conversation) {
        for (kind, names) in &self.aliases {
            for value in known.all(names) {
                let alias = Alias::new(kind, value);
                if !conversation.this.aliases.contains(&alias) {
                    conversation.this.aliases.push(alias);
                }
            }
        }
    }
}

/// All that was said about a call.
struct Known<'a> {
    sidecar: Option<&'a Sidecar>,
    parts: &'a BTreeMap<String, String>,
}

impl<'a> Known<'a> {
    /// Every text under one of these names that is not empty: those of the sidecar first, each in the order of the names.
    fn all(&self, names: &[String]) -> impl Iterator<Item = &'a str> {
        let fields = self.sidecar.into_iter().flat_map(|sidecar| &sidecar.fields);
        let fields: Vec<_> = fields.map(|(name, value)| (name, value.as_deref().unwrap_or_default())).collect();
        let parts: Vec<_> = self.parts.iter().map(|(name, value)| (name, value.as_str())).collect();
        let mut found = Vec::new();
        for said in [fields, parts] {
            for name in names {
                found.extend(said.iter().filter(|(other, _)| same(name, other)).map(|(_, value)| value.trim()));
            }
        }
        found.into_iter().filter(|value| !value.is_empty())
    }

    /// Keeps every field as text. A part of the name gives way to a field of the same name.
    fn keep(&self, attributes: &mut BTreeMap<String, String>) {
        for (name, value) in self.sidecar.into_iter().flat_map(|sidecar| &sidecar.fields) {
            if let Some(value) = value {
                attributes.insert(name.clone(), value.clone());
            }
        }
        for (name, value) in self.parts {
            attributes.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
}

/// Whether two names have the same letters and digits.
fn same(a: &str, b: &str) -> bool {
    let letters =
        |name: &str| name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<Vec<_>>();
    letters(a) == letters(b)
}

/// A length in seconds. Anything else is left as an attribute.
fn seconds(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.parse().ok()?).ok()
}

/// Computes the end that is missing.
pub(crate) fn complete(started: &mut Option<Stamp>, ended: &mut Option<Stamp>, duration: Option<Duration>) {
    let Some(length) = duration.and_then(|duration| TimeDelta::from_std(duration).ok()) else { return };
    match (&*started, &*ended) {
        (Some(start), None) => *ended = start.at.checked_add_signed(length).map(Stamp::derived),
        (None, Some(end)) => *started = end.at.checked_sub_signed(length).map(Stamp::derived),
        _ => {}
    }
}

/// The words that a source has for directions, letter case aside.
///
/// `I`, `IN`, `INBOUND`, `O`, `OUT`, `OUTBOUND`, `INT` and `INTERNAL` are known; a source can add words or change them.
///
/// ```
/// use connector_core::Direction;
/// use connector_universal::Directions;
/// let directions: Directions = serde_json::from_str(r#"{"Manual": "outbound"}"#).unwrap();
/// assert_eq!(directions.of("MANUAL"), Direction::Outbound);
/// assert_eq!(directions.of("in"), Direction::Inbound);
/// assert_eq!(directions.of("sideways"), Direction::Unknown);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "BTreeMap<String, Direction>", into = "BTreeMap<String, Direction>")]
pub struct Directions(BTreeMap<String, Direction>);

impl Directions {
    /// What a word means; [`Direction::Unknown`] if nobody said.
    pub fn of(&self, word: &str) -> Direction {
        self.0.get(&word.trim().to_uppercase()).copied().unwrap_or_default()
    }
}

impl Default for Directions {
    fn default() -> Self {
        use Direction::{Inbound, Internal, Outbound};
        let words = [
            ("I", Inbound),
            ("IN", Inbound),
            ("INBOUND", Inbound),
            ("O", Outbound),
            ("OUT", Outbound),
            ("OUTBOUND", Outbound),
            ("INT", Internal),
            ("INTERNAL", Internal),
        ];
        Self(words.map(|(word, direction)| (word.to_owned(), direction)).into())
    }
}

impl From<BTreeMap<String, Direction>> for Directions {
    fn from(words: BTreeMap<String, Direction>) -> Self {
        let mut all = Self::default();
        all.0.extend(words.into_iter().map(|(word, direction)| (word.to_uppercase(), direction)));
        all
    }
}

impl From<Directions> for BTreeMap<String, Direction> {
    fn from(directions: Directions) -> Self {
        directions.0
    }
}

#[cfg(test)]
mod tests;
