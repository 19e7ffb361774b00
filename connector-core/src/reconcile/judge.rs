//! One listed conversation against what is stored of it: rules without I/O.

use std::time::Duration;

use super::{Found, Stored, StoredMedia};
use crate::{Conversation, Expected, Leg};

/// What is wrong with a conversation, if anything: of several things the one whose remedy covers the others.
pub(super) fn judge(listed: Conversation, stored: Option<&Stored>, tolerance: Duration) -> Option<Found> {
    let Some(stored) = stored else { return Some(Found::MissingCall(listed)) };
    if lacks_recording(&listed, stored) {
        return Some(Found::MissingRecording(listed));
    }
    if listed.legs.iter().any(|leg| is_news(leg, stored)) {
        return Some(Found::Changed(listed));
    }
    let (call, audio) = (stored.call.or_else(|| length_to_hear(&listed))?, stored.audio?);
    let differs = stored.media == StoredMedia::Complete && call.abs_diff(audio) > tolerance;
    differs.then_some(Found::DurationMismatch { conversation: listed, call, audio })
}

/// A leg that is not stored, or is stored in an older version. Without a listed revision nothing can be said.
fn is_news(leg: &Leg, stored: &Stored) -> bool {
    match stored.legs.iter().find(|known| known.id == leg.id) {
        None => true,
        Some(known) => leg.revision.as_ref().is_some_and(|listed| known.version.is_older_than(listed)),
    }
}

fn lacks_recording(listed: &Conversation, stored: &Stored) -> bool {
    match stored.media {
        StoredMedia::Pending => false,
        StoredMedia::Complete => match (&listed.expected, stored.recordings) {
            (Expected::Count(counted), Some(count)) => {
                u64::try_from(count).is_ok_and(|count| count < u64::from(*counted))
            }
            _ => false,
        },
        StoredMedia::Missing => promise(listed) != Some(false),
        StoredMedia::None => promise(listed) == Some(true),
    }
}

/// Whether the source says that this call has a recording to be had from it; `None` where it does not say.
fn promise(listed: &Conversation) -> Option<bool> {
    match &listed.expected {
        Expected::Elsewhere | Expected::None | Expected::Count(0) => Some(false),
        Expected::Segments(segments) if segments.is_empty() => Some(false),
        Expected::Some | Expected::Count(_) | Expected::Segments(_) => Some(true),
        Expected::Unknown => {
            let named = !listed.recordings.is_empty() || listed.legs.iter().any(|leg| leg.recorded == Some(true));
            named.then_some(true)
        }
    }
}

/// How long the recordings should play: the stretches that were recorded, else from the first answer to the end, else
/// the whole call.
fn length_to_hear(listed: &Conversation) -> Option<Duration> {
    if let Expected::Segments(segments) = &listed.expected {
        return segments.iter().map(|segment| segment.length).sum();
    }
    let answered = listed.legs.iter().filter_map(|leg| leg.answered).map(|stamp| stamp.at).min();
    match (answered, listed.ended) {
        (Some(answered), Some(ended)) => (ended.at - answered).to_std().ok(),
        _ => listed.duration(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::super::StoredVersion;
    use super::*;
    use crate::{ConversationRef, Locator, Recording, Revision, Segment, Stamp, Vendor};

    const TOLERANCE: Duration = Duration::from_secs(10);

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-10-19T{text}Z").parse().unwrap()
    }

    fn listed(fingerprint: &str) -> Conversation {
        let mut leg = Leg::new("1");
        leg.revision = Some(Revision::new(at("18:15:00"), fingerprint));
        let mut listed = Conversation::new(ConversationRef::new("c"), Vendor::UNIVERSAL);
        listed.legs.push(leg);
        listed
    }

    fn stored(version: StoredVersion) -> Stored {
        Stored::new(StoredMedia::Complete).with_leg("1", version)
    }

    fn found(listed: Conversation, stored: &Stored) -> &'static str {
        match judge(listed, Some(stored), TOLERANCE) {
            None => "nothing",
            Some(Found::MissingCall(_)) => "missing call",
            Some(Found::Changed(_)) => "changed",
            Some(Found::MissingRecording(_)) => "missing recording",
            Some(Found::DurationMismatch { .. }) => "duration mismatch",
        }
    }

    #[test]
    fn what_is_not_there_is_missing() {
        assert!(matches!(judge(listed("a"), None, TOLERANCE), Some(Found::MissingCall(_))));
    }

    #[test]
    fn only_what_supersedes_the_stored_version_is_a_change() {
        let version = |time, fingerprint| stored(StoredVersion::Revision(Revision::new(at(time), fingerprint)));
        assert_eq!(found(listed("b"), &version("18:03:00", "a")), "changed");
        assert_eq!(found(listed("b"), &version("18:03:00", "b")), "nothing", "fetched earlier, says the same");
        assert_eq!(found(listed("b"), &version("18:30:00", "a")), "nothing", "what is stored is newer");
    }

    #[test]
    fn a_fingerprint_alone_and_no_version_at_all_are_enough_to_compare() {
        assert_eq!(found(listed("b"), &stored(StoredVersion::Fingerprint("a".into()))), "changed");
        assert_eq!(found(listed("b"), &stored(StoredVersion::Fingerprint("b".into()))), "nothing");
        assert_eq!(found(listed("b"), &stored(StoredVersion::Unknown)), "changed");
    }

    #[test]
    fn a_leg_more_is_a_change_and_a_leg_less_is_none() {
        let same = StoredVersion::Fingerprint("a".into());
        let mut two = listed("a");
        two.legs.push(Leg::new("2"));
        assert_eq!(found(two, &stored(same.clone())), "changed");
        assert_eq!(found(listed("a"), &stored(same).with_leg("2", StoredVersion::Unknown)), "nothing");
    }

    #[test]
    fn a_source_without_revisions_changes_nothing() {
        let mut silent = listed("a");
        silent.legs[0].revision = None;
        assert_eq!(found(silent, &stored(StoredVersion::Unknown)), "nothing");
    }

    #[test]
    fn a_recording_is_missing_when_it_was_given_up_or_is_promised_after_all() {
        let promises = |expected: Expected| {
            let mut listed = listed("a");
            listed.expected = expected;
            listed
        };
        let segment = Segment { started: Stamp::vendor(at("18:00:00")), length: None };
        for (expected, given_up, none) in [
            (Expected::Unknown, true, false),
            (Expected::Some, true, true),
            (Expected::Count(2), true, true),
            (Expected::Segments(vec![segment]), true, true),
            (Expected::None, false, false),
            (Expected::Count(0), false, false),
            (Expected::Segments(vec![]), false, false),
            (Expected::Elsewhere, false, false),
        ] {
            for (media, missing) in [
                (StoredMedia::Missing, given_up),
                (StoredMedia::None, none),
                (StoredMedia::Complete, false),
                (StoredMedia::Pending, false),
            ] {
                let stored = Stored { media, ..stored(StoredVersion::Fingerprint("a".into())) };
                let wanted = if missing { "missing recording" } else { "nothing" };
                assert_eq!(found(promises(expected.clone()), &stored), wanted, "{expected:?} {media:?}");
            }
        }
    }

    #[test]
    fn fewer_recordings_than_the_source_counts_are_a_missing_one() {
        let counted = |expected| Conversation { expected, ..listed("a") };
        let stored =
            |media, count| Stored { media, ..stored(StoredVersion::Fingerprint("a".into())) }.with_recordings(count);
        for (count, found_of_two) in
            [(0, "missing recording"), (1, "missing recording"), (2, "nothing"), (3, "nothing")]
        {
            assert_eq!(
                found(counted(Expected::Count(2)), &stored(StoredMedia::Complete, count)),
                found_of_two,
                "{count}"
            );
            assert_eq!(found(counted(Expected::Count(2)), &stored(StoredMedia::Pending, count)), "nothing", "{count}");
            assert_eq!(found(counted(Expected::Some), &stored(StoredMedia::Complete, count)), "nothing", "{count}");
        }
    }

    #[test]
    fn a_named_recording_and_a_recorded_leg_are_promises_too() {
        let stored = Stored { media: StoredMedia::None, ..stored(StoredVersion::Fingerprint("a".into())) };
        let mut named = listed("a");
        named.recordings.push(Recording::new("1", ConversationRef::new("c"), Locator::new("x")));
        let mut recorded = listed("a");
        recorded.legs[0].recorded = Some(true);
        let mut not_recorded = listed("a");
        not_recorded.legs[0].recorded = Some(false);
        assert_eq!(found(named, &stored), "missing recording");
        assert_eq!(found(recorded, &stored), "missing recording");
        assert_eq!(found(not_recorded, &stored), "nothing");
    }

    #[test]
    fn a_missing_recording_outranks_a_change_since_its_remedy_covers_both() {
        let stored = Stored { media: StoredMedia::Missing, ..stored(StoredVersion::Unknown) };
        assert_eq!(found(listed("a"), &stored), "missing recording");
    }

    #[test]
    fn lengths_are_compared_only_where_both_are_known_and_everything_is_stored() {
        let mut call = listed("a");
        call.started = Some(Stamp::vendor(at("18:00:00")));
        call.ended = Some(Stamp::vendor(at("18:01:40")));
        let with = |media, audio: Option<u64>| Stored {
            media,
            audio: audio.map(Duration::from_secs),
            ..stored(StoredVersion::Fingerprint("a".into()))
        };
        assert_eq!(found(call.clone(), &with(StoredMedia::Complete, Some(90))), "nothing", "within the tolerance");
        assert_eq!(found(call.clone(), &with(StoredMedia::Complete, Some(89))), "duration mismatch");
        assert_eq!(found(call.clone(), &with(StoredMedia::Complete, Some(111))), "duration mismatch");
        assert_eq!(found(call.clone(), &with(StoredMedia::Complete, None)), "nothing");
        assert_eq!(found(call.clone(), &with(StoredMedia::Pending, Some(1))), "nothing");
        assert_eq!(found(listed("a"), &with(StoredMedia::Complete, Some(1))), "nothing", "a call without times");
        let known = Stored { call: Some(Duration::from_secs(20)), ..with(StoredMedia::Complete, Some(20)) };
        assert_eq!(found(call.clone(), &known), "nothing", "the stored metadata knows better");
        call.legs[0].answered = Some(Stamp::vendor(at("18:00:40")));
        assert_eq!(found(call.clone(), &with(StoredMedia::Complete, Some(60))), "nothing", "ringing is not heard");
        let segment =
            |secs| Segment { started: Stamp::vendor(at("18:00:40")), length: Some(Duration::from_secs(secs)) };
        call.expected = Expected::Segments(vec![segment(10), segment(15)]);
        assert_eq!(found(call.clone(), &with(StoredMedia::Complete, Some(25))), "nothing", "only parts were recorded");
        call.expected = Expected::Segments(vec![segment(10), Segment { length: None, ..segment(15) }]);
        assert_eq!(found(call, &with(StoredMedia::Complete, Some(500))), "nothing", "a part of unknown length");
    }
}
