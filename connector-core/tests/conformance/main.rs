//! The conformance suite passes a connector that keeps the contract, and names the point that a broken one does not keep.
#![cfg(feature = "testing")]

mod centre;
mod jobs;
mod posting;
mod source;

use connector_core::Replay;
use connector_core::testing::conformance::{Point, run};

use centre::{Broken, Memory};
use posting::Posting;

#[tokio::test(start_paused = true)]
async fn a_connector_that_keeps_the_contract_passes_whatever_its_replay() {
    for (replay, without) in [
        (Replay::Redelivered, vec![Point::Cursors, Point::HttpRequests, Point::StartUpGap]),
        (Replay::FromCursor, vec![Point::HttpRequests, Point::StartUpGap]),
        (Replay::Lost, vec![Point::Cursors, Point::HttpRequests, Point::DroppedStream]),
    ] {
        let report = run(&Memory::new(replay, Broken::Nothing)).await;
        assert!(report.is_ok(), "{replay:?}\n{report}");
        assert_eq!(report.not_applicable(), without, "{replay:?}\n{report}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connector_that_is_called_by_http_and_keeps_the_contract_passes() {
    let report = run(&Posting(Broken::Nothing)).await;
    assert!(report.is_ok(), "\n{report}");
    assert_eq!(report.not_applicable(), [Point::Cursors, Point::StartUpGap], "\n{report}");
}

#[tokio::test(start_paused = true)]
async fn one_that_answers_before_it_is_safe() {
    let report = run(&Posting(Broken::AnswersEarly)).await;
    assert_eq!(report.failed(), [Point::HttpRequests], "\n{report}");
}

#[tokio::test(start_paused = true)]
async fn one_that_makes_two_deliveries_of_a_request() {
    let report = run(&Posting(Broken::SplitsRequests)).await;
    assert_eq!(report.failed(), [Point::HttpRequests], "\n{report}");
}

macro_rules! named {
    ($($name:ident: $replay:ident, $broken:ident => $point:ident;)*) => {
        $(
            #[tokio::test(start_paused = true)]
            async fn $name() {
                let report = run(&Memory::new(Replay::$replay, Broken::$broken)).await;
                assert_eq!(report.failed(), [Point::$point], "\n{report}");
            }
        )*

        #[test]
        fn every_point_that_applies_can_fail() {
            let mut shown: Vec<Point> = vec![$(Point::$point),*];
            shown.push(Point::HttpRequests); // below
            shown.sort();
            shown.dedup();
            assert_eq!(shown, Point::ALL);
        }
    };
}

named! {
    one_that_declares_too_little: Redelivered, DeclaresTooLittle => Traits;
    one_that_tells_what_it_does_not_declare: Redelivered, TellsUndeclared => Traits;
    one_that_promises_facts_and_brings_none: Redelivered, PromisesFacts => Traits;
    one_that_tells_wrong_times: Redelivered, WrongTimes => Events;
    one_that_invents_calls: FromCursor, InventsCalls => Events;
    one_that_rejects_good_rows: Redelivered, RejectsGoodRows => Events;
    one_that_drops_what_comes_out_of_order: FromCursor, DropsLateOnes => Events;
    one_that_waits_for_acks: Redelivered, WaitsForAcks => NextNeverWaits;
    one_that_forgets_refused_deliveries: Redelivered, ForgetsRefused => RefusedComesAgain;
    one_that_loses_without_a_gap: Lost, HidesLoss => RefusedComesAgain;
    one_that_forgets_old_cursors: FromCursor, ForgetsOldCursors => Cursors;
    one_that_ends_at_an_unreadable_cursor: FromCursor, ChokesOnCursors => Cursors;
    one_that_is_silent_about_an_unreadable_cursor: FromCursor, SilentOnCursors => Cursors;
    one_with_new_keys_after_half_an_accept: Redelivered, NewKeysAfterHalfAccept => HalfAccepted;
    one_that_starts_without_a_gap: Lost, NoStartUpGap => StartUpGap;
    one_with_two_streams: FromCursor, TwoStreams => OneStream;
    one_whose_refused_stream_goes_on: Redelivered, GoesOnAfterRefusal => OneStream;
    one_that_loses_what_it_held_when_dropped: Redelivered, LosesWhenDropped => DroppedStream;
    one_that_looks_at_the_watch_once: Redelivered, WatchesOnce => WatchChanges;
    one_that_hears_who_was_removed: FromCursor, NeverForgetsAnybody => WatchChanges;
    one_that_is_silent_about_bad_rows: Redelivered, SwallowsBadRows => BadRows;
    one_whose_stream_ends_at_a_bad_row: Redelivered, BadRowEndsStream => BadRows;
    one_whose_listing_ends_at_a_bad_row: FromCursor, BadRowEndsListing => BadRows;
    one_that_leaves_somebody_out: Redelivered, LeavesSomebodyOut => ListingsComplete;
    one_that_lists_once: Redelivered, ListsOnce => ListingsComplete;
    one_that_resumes_a_row_too_far: Redelivered, ResumesTooFar => ListingsResumed;
    one_that_loses_a_page_when_a_listing_is_dropped: Redelivered, LosesPageWhenDropped => ListingsDropped;
    one_whose_listing_goes_on_after_an_error: Redelivered, GoesOnAfterError => ListingErrors;
    one_to_which_an_unknown_call_is_an_error: Redelivered, UnknownIsError => ListingErrors;
    one_that_resumes_a_download_at_the_wrong_byte: Redelivered, WrongByte => RecordingsWhole;
    one_that_takes_not_ready_for_never: Redelivered, NotReadyIsNever => RecordingsWhole;
    one_that_gives_up_when_a_link_ends: Redelivered, TrustsOldLinks => RecordingsWhole;
    one_that_mixes_answers: Redelivered, MixesAnswers => RecordingsInOrder;
    one_to_which_a_deleted_recording_is_an_error: Redelivered, GoneIsError => RecordingsGone;
    one_that_settles_once: Redelivered, SettlesOnce => Settling;
    one_that_panics_at_a_strange_receipt: Redelivered, PanicsOnReceipts => Settling;
    one_whose_check_hangs: Redelivered, CheckHangs => Checks;
    one_whose_check_fails: FromCursor, CheckFails => Checks;
}
