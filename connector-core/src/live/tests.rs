//! Sessions: what is handed in comes out, within its bounds.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, TryStreamExt};
use proptest::prelude::*;

use super::*;
use crate::{ConversationRef, Origin, Result, Speaker};

fn session(budget: &LiveBudget) -> (LiveSession, LiveFeed) {
    let format = AudioFormat::new(SampleFormat::MuLaw, 8_000, [Speaker::Customer, Speaker::Agent]);
    let began = "2026-10-19T08:00:00Z".parse().unwrap();
    LiveSession::new(&Origin::new("acme", "cloud"), "s-1", ConversationRef::new("c-1"), began, format, budget)
}

/// All that is there by now.
fn there(items: &mut LiveItems) -> Vec<LiveItem> {
    std::iter::from_fn(|| items.next().now_or_never().flatten()).map(Result::unwrap).collect()
}

#[tokio::test]
async fn the_items_come_out_as_they_went_in_and_the_end_is_the_last() {
    let (session, feed) = session(&LiveBudget::default());
    feed.frame(0, vec![0x80; 4].into()).unwrap();
    feed.paused(2);
    feed.resumed(8_000);
    feed.frame(8_000, vec![0xFF; 2].into()).unwrap();
    feed.end(8_001, LiveEnd::Finished);
    let items: Vec<_> = session.into_items().try_collect().await.unwrap();
    let [LiveItem::Frame(first), LiveItem::Paused { .. }, LiveItem::Resumed { at }, LiveItem::Frame(last), end] =
        &items[..]
    else {
        panic!("{items:?}")
    };
    assert_eq!((first.samples(), first.end(), last.position), (2, 2, *at));
    assert_eq!(at.to_string(), "1.000");
    let LiveItem::Ended { at, how } = end else { panic!("{end:?}") };
    assert_eq!((at.samples, how.is_whole()), (8_001, true));
}

#[test]
fn a_channel_is_that_of_its_speaker() {
    let format = AudioFormat::new(SampleFormat::MuLaw, 8_000, [Speaker::Customer, Speaker::Agent]);
    let frame = Frame::new(&Arc::new(format), 0, vec![0x00, 0x80, 0x7F, 0xFF].into()).unwrap();
    // The loudest and the most quiet of both signs, from table 2 of G.711, in 16 bits.
    assert_eq!(frame.channel(Speaker::Customer).collect::<Vec<_>>(), [-32_124, 0]);
    assert_eq!(frame.channel(Speaker::Agent).collect::<Vec<_>>(), [32_124, 0]);
    assert_eq!(frame.channel(Speaker::Mixed).len(), 0);

    let format = AudioFormat::new(SampleFormat::Pcm16, 16_000, []);
    let frame = Frame::new(&Arc::new(format), 0, vec![0x00, 0x80, 0x01, 0x00].into()).unwrap();
    assert_eq!(frame.channel(Speaker::Mixed).collect::<Vec<_>>(), [i16::MIN, 1]);
}

#[test]
fn half_a_sample_is_no_sound() {
    let (_session, feed) = session(&LiveBudget::default());
    assert!(feed.frame(0, vec![0; 3].into()).unwrap_err().is_invalid());
}

#[test]
fn what_finds_no_room_is_one_lost_piece_and_the_end_is_told_all_the_same() {
    let budget = LiveBudget::new(1_000, 1_500);
    let (session, feed) = session(&budget);
    for n in 0..10 {
        feed.frame(n * 200, vec![0; 400].into()).unwrap();
    }
    let mut items = session.into_items();
    // One frame has room; the second would be beyond the session's bytes.
    let said = there(&mut items);
    let [LiveItem::Frame(_), LiveItem::Lost { at, samples, by: LostBy::Us }] = said[..] else { panic!("{said:?}") };
    assert_eq!((at.samples, samples, budget.free()), (200, 1_800, 1_500));
    feed.frame(2_000, vec![0; 400].into()).unwrap();
    feed.frame(2_200, vec![0; 800].into()).unwrap();
    feed.end(2_600, LiveEnd::Finished);
    let said = there(&mut items);
    assert!(
        matches!(said[..], [LiveItem::Frame(_), LiveItem::Lost { samples: 400, .. }, LiveItem::Ended { .. }]),
        "{said:?}"
    );
}

#[test]
fn one_session_cannot_take_what_is_left_to_all() {
    let budget = LiveBudget::new(10_000, 1_000);
    let ((one, feed), (other, others)) = (session(&budget), session(&budget));
    feed.frame(0, vec![0; 800].into()).unwrap();
    others.frame(0, vec![0; 800].into()).unwrap();
    assert_eq!(budget.free(), 72, "the second found no room");
    drop(one);
    assert_eq!(budget.free(), 1_000);
    others.frame(400, vec![0; 800].into()).unwrap();
    let said = there(&mut other.into_items());
    assert!(matches!(said[..], [LiveItem::Lost { samples: 400, .. }, LiveItem::Frame(_)]), "{said:?}");
}

#[test]
fn marks_find_room_where_sound_finds_none_and_are_bounded_as_well() {
    let budget = LiveBudget::new(500, 1 << 20);
    let (session, feed) = session(&budget);
    for n in 0..1_000 {
        feed.frame(n * 10, vec![0; 20].into()).unwrap();
        feed.paused(n * 10 + 10);
        feed.resumed(n * 10 + 10);
    }
    let items = there(&mut session.into_items());
    assert!(items.len() > 60 && items.len() < 140, "{}", items.len());
}

#[tokio::test]
async fn whoever_sends_knows_when_nobody_listens() {
    let (session, feed) = session(&LiveBudget::default());
    assert!(feed.deserted().now_or_never().is_none());
    drop(session.into_items());
    feed.deserted().await;
    feed.frame(0, vec![0; 2].into()).unwrap();
    assert_eq!(format!("{feed:?}"), "LiveFeed(0 items, 0 bytes waiting)");
}

#[tokio::test]
async fn a_feed_that_is_dropped_breaks_the_session_off() {
    let (session, feed) = session(&LiveBudget::default());
    feed.frame(0, vec![0; 20].into()).unwrap();
    let mut items = session.into_items();
    drop(feed);
    assert!(matches!(items.try_next().await.unwrap(), Some(LiveItem::Frame(_))));
    let Some(LiveItem::Ended { at, how: LiveEnd::BrokenOff }) = items.try_next().await.unwrap() else { panic!() };
    assert_eq!(at.samples, 10);
    assert!(items.try_next().await.unwrap().is_none());
}

#[test]
fn positions_are_times() {
    let format = AudioFormat::new(SampleFormat::MuLaw, 8_000, []);
    assert_eq!(format.position(1).since_start(), Duration::from_nanos(125_000));
    assert_eq!(format!("{:>8}", format.position(44_800)), "   5.600");
    assert_eq!(format.samples_in(Duration::from_nanos(5_600_000_000)), 44_800);
    assert_eq!(format.samples_in(Duration::from_nanos(62_500)), 1, "to the nearest");
}

proptest! {
    /// Whatever is handed in and taken, in whatever order: every sample is heard once or told as lost, in order.
    #[test]
    fn every_sample_is_heard_or_told_as_lost(steps in prop::collection::vec((1usize..300, any::<bool>()), 1..60)) {
        let budget = LiveBudget::new(1_000, 2_000);
        let (session, feed) = session(&budget);
        let (mut at, mut items, mut said) = (0, session.into_items(), Vec::new());
        for (samples, takes) in steps {
            feed.frame(at, vec![0; samples * 2].into()).unwrap();
            at += samples as u64;
            prop_assert!(budget.free() <= 2_000);
            if takes {
                said.extend(there(&mut items));
            }
        }
        feed.end(at, LiveEnd::Finished);
        said.extend(there(&mut items));
        let mut reached = 0;
        for item in &said {
            let (from, samples) = match item {
                LiveItem::Frame(frame) => (frame.position.samples, frame.samples()),
                LiveItem::Lost { at, samples, .. } => (at.samples, *samples),
                LiveItem::Ended { at, .. } => (at.samples, 0),
                other => panic!("{other:?}"),
            };
            prop_assert_eq!(from, reached);
            reached += samples;
        }
        prop_assert_eq!((reached, budget.free()), (at, 2_000));
    }
}
