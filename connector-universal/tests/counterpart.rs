//! The uploader and the misbehaving folder do what they say.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use connector_core::Zone;
use connector_core::testing::{Fault, FaultPlan, Scenario};
use connector_folder::{Folder, FolderPath, LocalFolder, Notice};
use connector_universal::sidecar::{Format, Limits, parse};
use connector_universal::testing::{MisbehavingFolder, Uploader};
use connector_universal::{Kind, NameRules};
use futures_util::{StreamExt, TryStreamExt};

const BERLIN: &str = "Europe/Berlin";

fn uploader(directory: &Path, faults: FaultPlan) -> Uploader {
    Uploader::new(directory, Scenario::small(7), BERLIN.parse().unwrap(), faults)
}

fn names(directory: &Path) -> BTreeSet<String> {
    fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn every_recorded_call_is_dropped_with_a_sidecar_that_can_be_read() {
    let home = tempfile::tempdir().unwrap();
    let uploader = uploader(home.path(), FaultPlan::none());
    uploader.play(Duration::from_secs(1)).await.unwrap();
    let rules = NameRules::new(BERLIN.parse().unwrap());
    let mut formats = BTreeSet::new();
    for call in uploader.expected() {
        let recording = fs::read(home.path().join(format!("{}.wav", call.conversation))).unwrap();
        assert_eq!(recording.len() as u64, call.size);
        let name = rules.parse_media(&format!("{}.wav", call.conversation)).unwrap();
        assert_eq!((name.uid, rules.time_zone.stamp(name.local).at), (call.agent, call.started));
        let starts = |name: &&String| name.starts_with(&format!("{}.", call.conversation)) && !name.ends_with(".wav");
        let names = names(home.path());
        let sidecar = names.iter().find(starts).unwrap();
        let Kind::Sidecar(format) = rules.kind(sidecar) else { panic!("{sidecar}") };
        let text = fs::read(home.path().join(sidecar)).unwrap();
        let sidecar = parse(format, &text, &Limits::default()).unwrap();
        let seconds: f64 = sidecar.get("duration_seconds").unwrap().parse().unwrap();
        assert_eq!((seconds * 1000.0).round() as i64, (call.ended - call.started).num_milliseconds());
        assert!(sidecar.get("contact_name").is_some_and(|name| !name.is_empty()));
        assert!(
            ["caller_id", "called_number", "direction", "queue", "disposition"].map(|f| sidecar.has(f)) == [true; 5]
        );
        formats.insert(format.extension());
    }
    assert_eq!(formats, Format::ALL.map(Format::extension).into());
    assert_eq!(names(home.path()).len(), 22);
}

/// Contacts with quotes, commas, ampersands and umlauts come out of every format as they went in.
#[tokio::test(start_paused = true)]
async fn contacts_that_need_escaping_are_the_same_in_every_format() {
    let home = tempfile::tempdir().unwrap();
    let scenario = Scenario::day(64, 3);
    let uploader = Uploader::new(home.path(), scenario, Zone::UTC, FaultPlan::none());
    uploader.play(Duration::ZERO).await.unwrap();
    let rules = NameRules::new(Zone::UTC);
    let mut contacts = BTreeSet::new();
    for name in names(home.path()) {
        if let Kind::Sidecar(format) = rules.kind(&name) {
            let sidecar = parse(format, &fs::read(home.path().join(name)).unwrap(), &Limits::default()).unwrap();
            contacts.insert(sidecar.get("contact_name").unwrap().to_owned());
        }
    }
    assert_eq!(contacts.len(), 8, "no format spoils a name: {contacts:?}");
    assert!(contacts.contains("Rosa \"Bibi\" Ekwall") && contacts.contains("- Anton <West>"));
}

#[tokio::test(start_paused = true)]
async fn a_day_that_is_given_up_again_and_again_still_drops_every_file_once() {
    let home = tempfile::tempdir().unwrap();
    let faults = FaultPlan::none().half_write_files(3).reorder_events(4);
    let uploader = uploader(home.path(), faults.clone());
    let mut rounds = 0;
    // Each round is shorter than a pause: every call is given up after it, and half-written files half way.
    while tokio::time::timeout(Duration::from_millis(20), uploader.play(Duration::from_millis(30))).await.is_err() {
        rounds += 1;
        assert!(rounds < 1000);
    }
    assert!(rounds > 10, "{rounds}");
    assert_eq!((uploader.dropped(), names(home.path()).len()), (11, 22));
    assert_eq!(faults.unfired(), []);
    for call in uploader.expected() {
        let size = fs::metadata(home.path().join(format!("{}.wav", call.conversation))).unwrap().len();
        assert_eq!(size, call.size);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_away_does_not_come_again_after_a_break() {
    let home = tempfile::tempdir().unwrap();
    let uploader = uploader(home.path(), FaultPlan::none());
    let first = tokio::time::timeout(Duration::from_secs(35), uploader.play(Duration::from_secs(10))).await;
    assert!(first.is_err() && uploader.dropped() == 4, "{}", uploader.dropped());
    for name in names(home.path()) {
        fs::remove_file(home.path().join(name)).unwrap();
    }
    uploader.play(Duration::from_secs(10)).await.unwrap();
    assert_eq!((uploader.dropped(), names(home.path()).len()), (11, 14));
}

#[tokio::test(start_paused = true)]
async fn a_second_upload_waits_until_the_first_is_gone_but_not_for_ever() {
    let home = tempfile::tempdir().unwrap();
    let faults = FaultPlan::none().repeat_deliveries(1);
    let uploader = uploader(home.path(), faults.clone());
    let started = tokio::time::Instant::now();
    let play = uploader.play(Duration::ZERO);
    let first = uploader.expected().remove(0).conversation;
    let take_away = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(names(home.path()).len(), 22, "nothing came again so far");
        for name in names(home.path()).iter().filter(|name| name.starts_with(&first)) {
            fs::remove_file(home.path().join(name)).unwrap();
        }
    };
    let (played, ()) = tokio::join!(play, take_away);
    played.unwrap();
    assert_eq!(names(home.path()).len(), 22, "the pair is there again");
    assert!(started.elapsed() < Duration::from_secs(4) && faults.unfired().is_empty());

    let stuck = tempfile::tempdir().unwrap();
    let uploader = self::uploader(stuck.path(), FaultPlan::none().repeat_deliveries(1));
    let started = tokio::time::Instant::now();
    uploader.play(Duration::ZERO).await.unwrap();
    assert!((10..11).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn faults_show_in_the_folder_as_they_happen() {
    let home = tempfile::tempdir().unwrap();
    let faults = FaultPlan::none().half_write_files(1).reorder_events(1);
    let uploader = uploader(home.path(), faults);
    let call = uploader.expected().remove(0);
    let halfway = tokio::time::timeout(Duration::from_millis(100), uploader.play(Duration::ZERO)).await;
    assert!(halfway.is_err());
    let recording = home.path().join(format!("{}.wav", call.conversation));
    assert_eq!(fs::metadata(&recording).unwrap().len(), call.size / 2, "half of it, under its own name");
    assert!(home.path().join(format!("{}.xml", call.conversation)).exists(), "and its sidecar before it");
    assert_eq!(uploader.dropped(), 0);
    uploader.play(Duration::ZERO).await.unwrap();
    assert_eq!(fs::metadata(&recording).unwrap().len(), call.size);
}

#[test]
fn two_calls_of_a_second_have_names_of_their_own() {
    let mut scenario = Scenario::day(3, 1);
    let mut twin = scenario.calls[0].clone();
    twin.recorded = true;
    scenario.calls = vec![twin.clone(), twin.clone(), twin];
    let expected = Uploader::new("/nowhere", scenario, Zone::UTC, FaultPlan::none()).expected();
    let seconds: Vec<_> = expected.iter().map(|call| (call.started - expected[0].started).num_seconds()).collect();
    assert_eq!(seconds, [0, 1, 2]);
    assert_eq!(expected.iter().map(|call| &call.conversation).collect::<BTreeSet<_>>().len(), 3);
    let shown = format!("{expected:?}");
    assert!(!shown.contains(&expected[0].agent), "{shown}");
}

#[tokio::test]
async fn a_header_probe_and_a_second_half_meet_no_cut() {
    let home = tempfile::tempdir().unwrap();
    let faults = FaultPlan::none().cut_downloads(1);
    let folder = MisbehavingFolder::new(LocalFolder::open(home.path()).unwrap(), faults.clone());
    let content: Vec<u8> = (0..500_000u32).map(|n| (n / 251) as u8).collect();
    let write = async |name: &str, content: &[u8]| {
        let path = FolderPath::new(name).unwrap();
        folder.write(&path, content.to_vec().into()).await.unwrap();
        path
    };
    let recording = write("20261102-101500_kay.wav", &content).await;
    let small = write("20261102-101600_kay.wav", &content[..70_000]).await;
    let sidecar = write("20261102-101500_kay.json", &content).await;

    let mut probe = folder.read(&recording, 0, None).await.unwrap().bytes;
    assert!(probe.try_next().await.unwrap().unwrap().len() >= 64 * 1024, "enough for a header");
    drop(probe);
    for (path, from) in [(&recording, 1), (&small, 0), (&sidecar, 0)] {
        folder.read(path, from, None).await.unwrap().bytes.try_collect::<Vec<_>>().await.unwrap();
    }
    assert_eq!(faults.fired(Fault::CutDownload), 0);

    let pieces: Vec<_> = folder.read(&recording, 0, None).await.unwrap().bytes.collect().await;
    let (last, good) = pieces.split_last().unwrap();
    assert!(last.as_ref().unwrap_err().is_transient());
    let good: Vec<u8> = good.iter().flat_map(|piece| piece.as_ref().unwrap().to_vec()).collect();
    assert_eq!(good, content[..250_000]);
    let whole = folder.read(&recording, 0, None).await.unwrap().bytes.try_collect::<Vec<_>>().await.unwrap().concat();
    assert!(whole == content && faults.unfired().is_empty());
}

#[cfg(feature = "watch")]
#[tokio::test]
async fn words_of_whole_files_are_lost_and_words_of_temporary_ones_are_not_counted() {
    let home = tempfile::tempdir().unwrap();
    let faults = FaultPlan::none().lose_events(1);
    let folder = MisbehavingFolder::new(LocalFolder::open(home.path()).unwrap(), faults.clone());
    let mut notices = folder.notices().unwrap();
    fs::write(home.path().join("20261102-101500_kay.wav.filepart"), "x").unwrap();
    fs::rename(home.path().join("20261102-101500_kay.wav.filepart"), home.path().join("20261102-101500_kay.wav"))
        .unwrap();
    fs::write(home.path().join("20261102-101500_kay.json"), "{}").unwrap();
    let mut whole = Vec::new();
    while whole.last().is_none_or(|name: &String| !name.ends_with("json")) {
        if let Some(Notice::Whole(path)) = notices.next().await {
            whole.push(path.as_str().to_owned());
        }
    }
    assert_eq!(whole, ["20261102-101500_kay.wav.filepart", "20261102-101500_kay.json"]);
    assert_eq!(faults.fired(Fault::LostEvent), 1);
}
