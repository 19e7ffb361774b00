//! A customer's contact with the centre, and its parts.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::seconds::Seconds;
use crate::{Leg, PhoneNumber, Raw, Recording, Stamp, Vendor};

/// Another id under which the same conversation is known, and what sort of id it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Alias {
    /// The sort of id: `session_id`, `contact_id`, `external_tag`, …
    pub kind: String,
    /// The id.
    pub value: String,
}

impl Alias {
    /// An id of a sort.
    pub fn new(kind: impl Into<String>, value: impl Into<String>) -> Self {
        Self { kind: kind.into(), value: value.into() }
    }
}

/// Names a conversation. Never a bare id: some vendors find a call only with its leg or its approximate time.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ConversationRef {
    /// The vendor's id of the whole contact.
    pub id: String,
    /// The leg that is meant, where one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leg: Option<String>,
    /// Other ids of the same conversation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<Alias>,
    /// Roughly when it took place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub around: Option<DateTime<Utc>>,
}

impl ConversationRef {
    /// A reference by the vendor's id.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), leg: None, aliases: Vec::new(), around: None }
    }

    /// The same reference to one leg.
    pub fn with_leg(mut self, leg: impl Into<String>) -> Self {
        self.leg = Some(leg.into());
        self
    }

    /// The same reference with another id.
    pub fn with_alias(mut self, kind: impl Into<String>, value: impl Into<String>) -> Self {
        self.aliases.push(Alias::new(kind, value));
        self
    }

    /// The same reference with an approximate time.
    pub fn with_around(mut self, around: DateTime<Utc>) -> Self {
        self.around = Some(around);
        self
    }

    /// Takes over what the other reference to the same conversation knows beyond this one.
    pub fn learn(&mut self, other: &Self) {
        for alias in &other.aliases {
            if !self.aliases.contains(alias) {
                self.aliases.push(alias.clone());
            }
        }
        self.around = self.around.or(other.around);
    }
}

impl fmt::Display for ConversationRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

/// Who called whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Direction {
    /// The customer called.
    Inbound,
    /// The centre called.
    Outbound,
    /// Colleagues called each other.
    Internal,
    /// Nobody said.
    #[default]
    Unknown,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
            Self::Internal => "internal",
            Self::Unknown => "call",
        })
    }
}

/// How much of a conversation's metadata this is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    /// An event mentioned it; the metadata must be fetched.
    #[default]
    Hint,
    /// A row of a listing: enough to compare, not all there is.
    Listed,
    /// All that the vendor tells.
    Full,
}

/// Which recordings the metadata promises.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Expected {
    /// It does not say.
    #[default]
    Unknown,
    /// There is none.
    None,
    /// There is at least one.
    Some,
    /// There are so many.
    Count(u32),
    /// There are these, with start and length.
    Segments(Vec<Segment>),
    /// They come by another way: another source, another file.
    Elsewhere,
}

/// A stretch of time that was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Segment {
    /// When it starts.
    pub started: Stamp,
    /// How long it is.
    #[serde(default, with = "Seconds", skip_serializing_if = "Option::is_none")]
    pub length: Option<Duration>,
}

/// Names and texts that a vendor tells beyond what has a field of its own. `Debug` shows the names only: among the texts
/// there are numbers and names of people.
///
/// It behaves like the map that it holds.
///
/// ```
/// use connector_core::Attributes;
/// let mut attributes = Attributes::default();
/// attributes.insert("contact_name".to_owned(), "Ana O'Neil".to_owned());
/// assert_eq!(attributes["contact_name"], "Ana O'Neil");
/// assert_eq!(format!("{attributes:?}"), "{\"contact_name\": •••}");
/// ```
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Attributes(BTreeMap<String, String>);

impl Deref for Attributes {
    type Target = BTreeMap<String, String>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Attributes {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl FromIterator<(String, String)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.keys().map(|name| (name, format_args!("•••")))).finish()
    }
}

/// A whole contact of a customer: one or more [legs](Leg), which are also the unit in which it is stored and compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Conversation {
    /// Its ids.
    pub this: ConversationRef,
    /// Who runs the system it took place in.
    pub vendor: Vendor,
    /// Who called whom.
    #[serde(default)]
    pub direction: Direction,
    /// The calling number, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ani: Option<PhoneNumber>,
    /// The called number, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dnis: Option<PhoneNumber>,
    /// The customer's number, derived by the vendor's rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<PhoneNumber>,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Stamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Stamp>,
    /// Its parts in time order.
    #[serde(default)]
    pub legs: Vec<Leg>,
    /// What else the vendor tells, as text.
    #[serde(default)]
    pub attributes: Attributes,
    /// Which recordings the metadata promises.
    #[serde(default)]
    pub expected: Expected,
    /// The recordings that the metadata itself names, where it does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recordings: Vec<Recording>,
    /// How much of the metadata this is.
    #[serde(default)]
    pub detail: Detail,
    /// What the vendor sent. It is kept beside the document, not in it.
    #[serde(skip)]
    pub raw: Option<Raw>,
}

impl Conversation {
    /// A conversation of which nothing else is known yet.
    pub fn new(this: ConversationRef, vendor: Vendor) -> Self {
        Self {
            this,
            vendor,
            direction: Direction::Unknown,
            ani: None,
            dnis: None,
            customer: None,
            started: None,
            ended: None,
            legs: Vec::new(),
            attributes: Attributes::default(),
            expected: Expected::Unknown,
            recordings: Vec::new(),
            detail: Detail::Hint,
            raw: None,
        }
    }

    /// How long it took, where both ends are known.
    pub fn duration(&self) -> Option<Duration> {
        (self.ended?.at - self.started?.at).to_std().ok()
    }

    /// Puts newer facts about the same conversation into this one, leg by leg.
    ///
    /// A leg is replaced only by one that [supersedes](Leg::supersedes) it, and what belongs to the whole follows the
    /// legs: facts whose legs are all old news change nothing, facts without legs fill only what is not known yet. When
    /// every leg is new the attributes are replaced, else added to, since nobody says which leg they came with. A
    /// recording is described by whoever spoke last. Returns whether anything changed.
    pub fn merge(&mut self, newer: Self) -> bool {
        let before = self.clone();
        self.this.learn(&newer.this);
        for recording in newer.recordings {
            match self.recordings.iter_mut().find(|known| known.id == recording.id) {
                Some(known) => *known = recording,
                None => self.recordings.push(recording),
            }
        }
        let names_legs = !newer.legs.is_empty();
        let taken_over = self.merge_legs(newer.legs);
        if names_legs && taken_over == 0 {
            return *self != before;
        }
        let take = Precedence { newer: taken_over > 0 };
        take.option(&mut self.ani, newer.ani);
        take.option(&mut self.dnis, newer.dnis);
        take.option(&mut self.customer, newer.customer);
        take.option(&mut self.started, newer.started);
        take.option(&mut self.ended, newer.ended);
        take.option(&mut self.raw, newer.raw);
        take.known(&mut self.direction, newer.direction, Direction::Unknown);
        take.known(&mut self.expected, newer.expected, Expected::Unknown);
        if taken_over == self.legs.len() && names_legs {
            self.attributes = newer.attributes;
        } else if taken_over > 0 {
            self.attributes.extend(newer.attributes.0);
        } else {
            newer.attributes.0.into_iter().for_each(|(key, value)| {
                self.attributes.entry(key).or_insert(value);
            });
        }
        self.detail = self.detail.max(newer.detail);
        *self != before
    }

    /// Returns how many legs are new or were replaced.
    fn merge_legs(&mut self, newer: Vec<Leg>) -> usize {
        let mut taken_over = 0;
        for leg in newer {
            match self.legs.iter_mut().find(|known| known.id == leg.id) {
                Some(known) if !leg.supersedes(known) => continue,
                Some(known) => known.become_newer(leg),
                None => self.legs.push(leg),
            }
            taken_over += 1;
        }
        self.legs.sort_by(|a, b| (a.started.map(|s| s.at), &a.id).cmp(&(b.started.map(|s| s.at), &b.id)));
        taken_over
    }
}

/// Which side wins where both know something.
struct Precedence {
    newer: bool,
}

impl Precedence {
    fn option<T>(&self, old: &mut Option<T>, new: Option<T>) {
        if new.is_some() && (self.newer || old.is_none()) {
            *old = new;
        }
    }

    fn known<T: PartialEq>(&self, old: &mut T, new: T, unknown: T) {
        if new != unknown && (self.newer || *old == unknown) {
            *old = new;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Revision;

    fn told(at: &str, fingerprint: &str, attributes: &[(&str, &str)]) -> Conversation {
        let mut leg = Leg::new("1");
        leg.revision = Some(Revision::new(at.parse().unwrap(), fingerprint));
        let mut told = Conversation::new(ConversationRef::new("c"), Vendor::UNIVERSAL);
        told.legs.push(leg);
        told.attributes = attributes.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        told
    }

    #[test]
    fn every_order_of_arrival_ends_alike() {
        let versions = [
            told("2026-10-19T18:03:00Z", "a", &[("stage", "Discovery"), ("notes", "")]),
            told("2026-10-19T18:15:00Z", "b", &[("stage", "Negotiation")]),
            told("2026-10-19T18:15:00Z", "c", &[("stage", "Won")]),
        ];
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mut kept = versions[order[0]].clone();
            for index in [order[1], order[2], order[0]] {
                kept.merge(versions[index].clone());
            }
            assert_eq!(kept, versions[2], "{order:?}");
        }
    }

    #[test]
    fn the_same_again_changes_nothing() {
        let told = told("2026-10-19T18:03:00Z", "a", &[("stage", "Discovery")]);
        assert!(!told.clone().merge(told));
    }

    #[test]
    fn an_update_that_says_nothing_of_a_time_leaves_it() {
        let mut kept = told("2026-10-19T18:03:00Z", "a", &[]);
        kept.legs[0].ended = Some(Stamp::derived("2026-10-19T18:02:00Z".parse().unwrap()));
        kept.legs[0].recorded = Some(true);
        let before = kept.legs[0].clone();
        assert!(kept.merge(told("2026-10-19T18:15:00Z", "b", &[])));
        assert_eq!((kept.legs[0].ended, kept.legs[0].recorded), (before.ended, before.recorded));
        assert_ne!(kept.legs[0].revision, before.revision);
    }

    #[test]
    fn another_leg_adds_its_attributes() {
        let mut kept = told("2026-10-19T18:03:00Z", "a", &[("first", "1")]);
        let mut second = told("2026-10-19T18:03:00Z", "b", &[("second", "2")]);
        second.legs[0].id = "2".into();
        assert!(kept.merge(second));
        assert_eq!((kept.legs.len(), kept.attributes.len()), (2, 2));
    }

    #[test]
    fn a_hint_fills_gaps_and_overwrites_nothing() {
        let mut kept = told("2026-10-19T18:03:00Z", "a", &[("stage", "Discovery")]);
        kept.ani = Some("+15550100142".into());
        let mut hint = Conversation::new(ConversationRef::new("c").with_alias("tag", "t"), Vendor::UNIVERSAL);
        hint.ani = Some("+15550100199".into());
        hint.dnis = Some("+15550100100".into());
        assert!(kept.merge(hint));
        assert_eq!(kept.ani, Some("+15550100142".into()));
        assert_eq!(kept.dnis, Some("+15550100100".into()));
        assert_eq!(kept.this.aliases.len(), 1);
    }

    #[test]
    fn a_newer_leg_brings_its_facts_and_a_hint_only_what_is_not_known() {
        let mut kept = told("2026-10-19T18:03:00Z", "a", &[]);
        (kept.direction, kept.expected, kept.detail) = (Direction::Inbound, Expected::Some, Detail::Listed);
        kept.ani = Some("+15550100142".into());

        let mut newer = told("2026-10-19T18:15:00Z", "b", &[]);
        (newer.direction, newer.expected, newer.detail) = (Direction::Outbound, Expected::Count(2), Detail::Full);
        newer.ani = Some("+15550100199".into());

        assert!(kept.merge(newer.clone()));
        assert_eq!(
            (kept.direction, &kept.expected, kept.detail),
            (Direction::Outbound, &Expected::Count(2), Detail::Full)
        );
        assert_eq!(kept.ani, newer.ani);

        let silent = told("2026-10-19T18:20:00Z", "c", &[]);
        assert!(kept.merge(silent));
        assert_eq!(
            (kept.direction, &kept.expected),
            (Direction::Outbound, &Expected::Count(2)),
            "nothing is unlearned"
        );

        let mut hint = Conversation::new(ConversationRef::new("c"), Vendor::UNIVERSAL);
        (hint.direction, hint.expected) = (Direction::Internal, Expected::None);
        assert!(!kept.merge(hint.clone()));
        let mut blank = Conversation::new(ConversationRef::new("c"), Vendor::UNIVERSAL);
        assert!(blank.merge(hint));
        assert_eq!((blank.direction, blank.expected), (Direction::Internal, Expected::None));
    }

    #[test]
    fn old_news_of_a_leg_change_nothing_of_the_whole() {
        let mut kept = told("2026-10-19T18:15:00Z", "b", &[("stage", "Won")]);
        let mut old = told("2026-10-19T18:03:00Z", "a", &[("stage", "Discovery"), ("notes", "old")]);
        old.ani = Some("+15550100142".into());
        let before = kept.clone();
        assert!(!kept.merge(old));
        assert_eq!(kept, before);
    }

    #[test]
    fn one_new_leg_of_two_adds_attributes_and_replaces_those_it_names() {
        let mut kept = told("2026-10-19T18:03:00Z", "a", &[("stage", "Discovery"), ("first", "1")]);
        let mut second = told("2026-10-19T18:03:00Z", "b", &[]);
        second.legs[0].id = "2".into();
        kept.merge(second);
        assert!(kept.merge(told("2026-10-19T18:20:00Z", "c", &[("stage", "Won")])));
        assert_eq!((kept.attributes["stage"].as_str(), kept.attributes["first"].as_str()), ("Won", "1"));
        let mut hint = told("2026-10-19T18:20:00Z", "c", &[]);
        hint.legs.clear();
        hint.attributes =
            [("stage".to_owned(), "Lost".to_owned()), ("more".to_owned(), "2".to_owned())].into_iter().collect();
        assert!(kept.merge(hint));
        assert_eq!((kept.attributes["stage"].as_str(), kept.attributes["more"].as_str()), ("Won", "2"));
    }

    #[test]
    fn a_recording_is_described_by_whoever_spoke_last() {
        let recording = |id: &str, size| {
            let mut recording = Recording::new(id, ConversationRef::new("c"), crate::Locator::new("x"));
            recording.size = Some(size);
            recording
        };
        let mut kept = told("2026-10-19T18:03:00Z", "a", &[]);
        kept.recordings = vec![recording("1", 10), recording("2", 20)];
        let mut newer = told("2026-10-19T18:03:00Z", "a", &[]);
        newer.recordings = vec![recording("2", 21), recording("3", 30)];
        assert!(kept.merge(newer));
        assert_eq!(kept.recordings, [recording("1", 10), recording("2", 21), recording("3", 30)]);
    }

    #[test]
    fn a_leg_without_revisions_is_replaced_by_whatever_comes_later() {
        let mut kept = told("2026-10-19T18:03:00Z", "a", &[]);
        kept.legs[0].revision = None;
        assert!(!kept.clone().merge(kept.clone()), "the same again");
        let mut later = kept.clone();
        later.legs[0].end_reason = Some("customer".to_owned());
        assert!(kept.merge(later.clone()));
        assert_eq!(kept, later);
    }
}
