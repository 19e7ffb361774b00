use std::sync::Arc;

use futures_util::{StreamExt, stream};
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::live::{LostBy, SampleFormat};
use crate::wav::{Header, repair};
use crate::{ConversationRef, LiveBudget, LiveFeed, LiveSession, Origin, Speaker};

const BOTH: [Speaker; 2] = [Speaker::Customer, Speaker::Agent];

fn telephone() -> AudioFormat {
    AudioFormat::new(SampleFormat::MuLaw, 8_000, BOTH)
}

fn session(format: AudioFormat) -> (LiveItems, LiveFeed) {
    let (origin, call) = (Origin::new("acme", "cloud"), ConversationRef::new("c-1"));
    let began = "2026-10-19T08:00:00Z".parse().unwrap();
    let (session, feed) = LiveSession::new(&origin, "s-1", call, began, format, &LiveBudget::default());
    (session.into_items(), feed)
}

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("m.hernandez.wav")
    }

    /// Sound as the header tells it.
    fn sound(&self) -> Vec<u8> {
        let file = std::fs::read(self.path()).unwrap();
        let header = Header::parse(&file, Some(file.len() as u64)).unwrap();
        let told = header.data_in(file.len() as u64);
        assert!(!header.is_cut_short(file.len() as u64));
        file[told.start as usize..told.end as usize].to_vec()
    }

    fn is_empty(&self) -> bool {
        std::fs::read_dir(self.0.path()).unwrap().next().is_none()
    }
}

async fn record(items: LiveItems, place: &Place) -> Recorded {
    record_live(items, place.path(), RecordOptions::default()).await.unwrap().expect("some sound")
}

#[tokio::test]
async fn the_time_of_the_file_is_that_of_the_session() {
    let (place, (items, feed)) = (Place::new(), session(telephone()));
    feed.frame(0, vec![1; 2 * 800].into()).unwrap();
    feed.held(800);
    feed.paused(1_000); // 200 samples jumped over, a minute paused
    feed.resumed(481_000);
    feed.frame(481_000, vec![2; 2 * 800].into()).unwrap();
    feed.unheld(481_800);
    feed.lost(481_800, 100);
    feed.frame(481_900, vec![3; 2 * 100].into()).unwrap();
    feed.frame(481_950, vec![4; 2 * 100].into()).unwrap(); // half of it was told before
    feed.frame(481_000, vec![5; 2 * 100].into()).unwrap(); // all of it
    feed.frame(482_050, vec![6; 2 * 50].into()).unwrap();
    feed.paused(482_100);
    feed.end(482_300, LiveEnd::Finished);
    let recorded = record(items, &place).await;
    let stretches = [(1, 800), (0xFF, 480_200), (2, 800), (0xFF, 100), (3, 100), (4, 50), (6, 50), (0xFF, 200)];
    let expected: Vec<u8> = stretches.iter().flat_map(|(byte, samples)| vec![*byte; 2 * samples]).collect();
    assert!(place.sound() == expected, "the sound differs");
    assert_eq!((recorded.samples, recorded.lost, recorded.paused), (482_300, 300, 480_200));
    assert_eq!((recorded.end, recorded.is_whole()), (Some(LiveEnd::Finished), false));
}

/// What is told of a session; positions go on by these steps, or back.
#[derive(Clone, Debug)]
enum Told {
    Sound { after: i64, samples: u64 },
    Pause(u64),
    Resume(u64),
    Lost(u64),
}

fn told() -> impl Strategy<Value = Told> {
    prop_oneof![
        4 => (prop_oneof![3 => Just(0), 1 => -20..60i64], 0..40u64).prop_map(|(after, samples)| Told::Sound { after, samples }),
        1 => (0..30u64).prop_map(Told::Pause),
        1 => (0..90u64).prop_map(Told::Resume),
        1 => (0..90u64).prop_map(Told::Lost),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_sample_stands_where_it_belongs(
        told in prop::collection::vec(told(), 0..20),
        samples in prop_oneof![Just(SampleFormat::MuLaw), Just(SampleFormat::Pcm16)],
        after in 0..50u64,
    ) {
        // So few samples a second that every other frame is written by itself.
        let format = Arc::new(AudioFormat::new(samples, 16, BOTH));
        let (mut items, mut model, mut here) = (Vec::new(), Vec::new(), 0u64);
        let mut next = 0u8;
        for told in told {
            let item = match told {
                Told::Sound { after, samples } => {
                    let at = here.saturating_add_signed(after);
                    next = next % 250 + 1;
                    let bytes = vec![next; samples as usize * format.block()];
                    let end = ((at + samples) as usize).max(model.len());
                    if samples > 0 {
                        // A sample that stands there already stays.
                        let from = model.len().max(at as usize);
                        model.resize(from, None);
                        model.resize(end, Some(next));
                        here = here.max(at + samples);
                    }
                    LiveItem::Frame(Frame::new(&format, at, bytes.into()).unwrap())
                }
                Told::Pause(after) => { here += after; LiveItem::Paused { at: format.position(here) } }
                Told::Resume(after) => { here += after; LiveItem::Resumed { at: format.position(here) } }
                Told::Lost(samples) => {
                    let at = format.position(here);
                    here += samples;
                    LiveItem::Lost { at, samples, by: LostBy::Us }
                }
            };
            items.push(Ok(item));
        }
        let has_sound = model.iter().any(Option::is_some);
        items.push(Ok(LiveItem::Ended { at: format.position(here + after), how: LiveEnd::Finished }));
        model.resize((here + after) as usize, None);

        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let place = Place::new();
        let items = stream::iter(items).boxed();
        let recorded = runtime.block_on(record_live(items, place.path(), RecordOptions::default())).unwrap();
        prop_assert_eq!(recorded.is_some(), has_sound);
        if let Some(recorded) = recorded {
            let silence = model.iter().filter(|sample| sample.is_none()).count() as u64;
            prop_assert_eq!((recorded.samples, recorded.lost + recorded.paused), (model.len() as u64, silence));
            let bytes = |sample: &Option<u8>| vec![sample.unwrap_or(samples.silence()); format.block()];
            prop_assert_eq!(place.sound(), model.iter().flat_map(bytes).collect::<Vec<_>>());
        } else {
            prop_assert!(place.is_empty());
        }
    }
}

#[tokio::test]
async fn a_session_without_sound_leaves_no_file() {
    let (place, (items, feed)) = (Place::new(), session(telephone()));
    feed.paused(0);
    feed.lost(10, 8_000);
    feed.frame(9_000, Bytes::new()).unwrap();
    feed.end(80_000, LiveEnd::Finished);
    assert!(record_live(items, place.path(), RecordOptions::default()).await.unwrap().is_none());
    assert!(place.is_empty());
}

#[tokio::test]
async fn whoever_stops_recording_leaves_a_file_that_is_little_behind_and_can_be_repaired() {
    let (place, (items, feed)) = (Place::new(), session(telephone()));
    let mut recording = Box::pin(record_live(items, place.path(), RecordOptions::default()));
    let sound: Vec<u8> = (0..2 * 75_000u32).map(|n| (n % 251) as u8).collect();
    for (n, piece) in sound.chunks(2 * 800).enumerate() {
        feed.frame(n as u64 * 800, piece.to_vec().into()).unwrap();
    }
    let size = || std::fs::metadata(place.path()).map_or(0, |metadata| metadata.len());
    while size() < 58 + sound.len() as u64 {
        tokio::select! {
            _ = &mut recording => panic!("it goes on"),
            () = tokio::time::sleep(Duration::from_millis(1)) => {}
        }
    }
    drop(recording);
    let told = place.sound();
    assert!(told.len() >= sound.len() - 5 * 16_000 && sound.starts_with(&told), "{} are told", told.len());
    assert_eq!(repair(place.path()).unwrap().unwrap().data_len, Some(sound.len() as u64));
    assert!(place.sound() == sound, "the sound differs");
}

#[tokio::test]
async fn a_connection_that_breaks_off_keeps_what_was_heard() {
    let (place, (items, feed)) = (Place::new(), session(telephone()));
    feed.frame(0, vec![7; 2 * 800].into()).unwrap();
    drop(feed);
    let recorded = record(items, &place).await;
    assert_eq!((recorded.end, recorded.lost, recorded.is_whole()), (Some(LiveEnd::BrokenOff), 0, false));
    assert_eq!(place.sound(), [7; 1_600]);

    let place = Place::new();
    let frame = Frame::new(&Arc::new(telephone()), 0, vec![7; 16].into()).unwrap();
    let items = [Ok(LiveItem::Frame(frame)), Err(Error::transient("the line is gone"))];
    let recorded = record(stream::iter(items).boxed(), &place).await;
    assert!(recorded.end.is_none() && recorded.error.is_some_and(|error| error.is_transient()));
    assert_eq!(place.sound(), [7; 16]);
}

#[tokio::test]
async fn trouble_with_the_file_is_told_without_its_name() {
    let place = Place::new();
    let try_at = async |path: PathBuf| {
        let (items, feed) = session(telephone());
        feed.frame(0, vec![7; 2 * 800].into()).unwrap();
        feed.end(800, LiveEnd::Finished);
        let error = record_live(items, path, RecordOptions::default()).await.unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("write the file of a live session") && !shown.contains("hernandez"), "{shown}");
        error
    };
    assert!(try_at(place.path().join("m.hernandez.wav")).await.is_not_found());
    std::fs::write(place.path(), "somebody else's").unwrap();
    assert!(try_at(place.path()).await.is_config());
    assert_eq!(std::fs::read(place.path()).unwrap(), b"somebody else's");
    // A disk that fails before any sound is on it.
    let path = place.0.path().join("second.wav");
    assert!(
        append(None, &path, Layout::mu_law(2, 8_000), &[Piece { silence: u64::MAX, sound: Bytes::new() }])
            .unwrap_err()
            .is_too_large()
    );
    assert!(!path.exists());
}

#[tokio::test]
async fn a_format_that_changes_or_fits_no_file_is_refused() {
    let frame = |format: AudioFormat, at| {
        let block = format.block();
        Ok(LiveItem::Frame(Frame::new(&Arc::new(format), at, vec![0; block].into()).unwrap()))
    };
    let other = AudioFormat::new(SampleFormat::Pcm16, 8_000, BOTH);
    let items = stream::iter([frame(telephone(), 0), frame(other, 1)]).boxed();
    assert!(record_live(items, Place::new().path(), RecordOptions::default()).await.unwrap_err().is_invalid());
    let crowd = AudioFormat::new(SampleFormat::MuLaw, 8_000, vec![Speaker::Mixed; 1 << 16]);
    let (place, items) = (Place::new(), stream::iter([frame(crowd, 0)]).boxed());
    assert!(record_live(items, place.path(), RecordOptions::default()).await.unwrap_err().is_config());
    assert!(place.is_empty());
}

#[tokio::test]
async fn a_position_from_nowhere_fills_no_disk() {
    for far in [8_000 * 3_601, u64::MAX - 800] {
        let options = RecordOptions::default().with_longest(Duration::from_secs(3_600));
        let (place, (items, feed)) = (Place::new(), session(telephone()));
        feed.frame(0, vec![7; 2 * 800].into()).unwrap();
        feed.frame(far, vec![7; 2 * 800].into()).unwrap();
        let recorded = record_live(items, place.path(), options).await.unwrap().unwrap();
        assert_eq!((recorded.samples, recorded.is_whole()), (800, false));
        assert!(recorded.lost > 8_000 * 3_000);
        assert_eq!(place.sound(), [7; 1_600]);
        feed.deserted().await;
    }
    // The end may be far away as well: as long as it may be, and no longer.
    let options = RecordOptions::default().with_longest(Duration::from_secs(10));
    let (place, (items, feed)) = (Place::new(), session(telephone()));
    feed.frame(0, vec![7; 2 * 800].into()).unwrap();
    feed.paused(800);
    feed.end(u64::MAX, LiveEnd::Finished);
    let recorded = record_live(items, place.path(), options).await.unwrap().unwrap();
    assert_eq!((recorded.samples, recorded.paused, recorded.is_whole()), (80_000, 79_200, false));
}

#[tokio::test]
async fn a_session_takes_little_memory() {
    let place = Place::new();
    let recording = record_live(session(telephone()).0, place.path(), RecordOptions::default());
    assert!(size_of_val(&recording) < 4 << 10, "{} bytes", size_of_val(&recording));
    let mut tape = Tape::of(&telephone(), &place.path(), &RecordOptions::default());
    for _ in 0..1_000 {
        tape.put(Piece { silence: 0, sound: vec![7; 1_600].into() }).await.unwrap();
        assert!(tape.size <= AT_ONCE.0, "{} bytes", tape.size);
    }
    for _ in 0..1_000 {
        tape.put(Piece { silence: 0, sound: vec![7; 2].into() }).await.unwrap();
        assert!(tape.batch.len() <= AT_ONCE.1, "{} pieces", tape.batch.len());
    }
}
