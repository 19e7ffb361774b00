//! What is known of a call, and newer facts about it: one into the other.

use crate::{Conversation, Direction, Expected, Leg};

impl Conversation {
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
                Some(known) => become_newer(known, leg),
                None => self.legs.push(leg),
            }
            taken_over += 1;
        }
        self.legs.sort_by(|a, b| (a.started.map(|s| s.at), &a.id).cmp(&(b.started.map(|s| s.at), &b.id)));
        taken_over
    }
}

/// Takes over a newer version. Times that it does not tell stay as they are: a change of metadata moves no clock.
fn become_newer(leg: &mut Leg, newer: Leg) {
    let older = std::mem::replace(leg, newer);
    leg.started = leg.started.or(older.started);
    leg.answered = leg.answered.or(older.answered);
    leg.ended = leg.ended.or(older.ended);
    leg.recorded = leg.recorded.or(older.recorded);
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
    use crate::{ConversationRef, Detail, Locator, Recording, Revision, Stamp, Vendor};

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
            let mut recording = Recording::new(id, ConversationRef::new("c"), Locator::new("x"));
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
