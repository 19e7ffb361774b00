use futures_util::FutureExt;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000 + second, 0).unwrap()
}

fn note(second: i64, text: &str) -> Note {
    Note { touched: at(second), text: text.to_owned() }
}

fn home() -> (TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("taken.ledger");
    (home, path)
}

fn contents(ledger: &FileLedger) -> HashMap<String, Note> {
    ledger.notes.read().clone()
}

async fn put(ledger: &FileLedger, key: &str, note: Note) {
    ledger.put(vec![(key.to_owned(), note)]).await.unwrap();
}

#[tokio::test]
async fn a_last_line_torn_at_any_byte_is_cut_off() {
    let (_home, path) = home();
    let ledger = FileLedger::open(&path).unwrap();
    put(&ledger, "one", note(1, "first\nof two lines")).await;
    let before = contents(&ledger);
    let good = fs::read(&path).unwrap();
    ledger.put(vec![("one".into(), note(2, "é")), ("two".into(), note(2, "second"))]).await.unwrap();
    drop(ledger);
    let whole = fs::read(&path).unwrap();

    for end in 0..whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        let ledger = FileLedger::open(&path).unwrap_or_else(|error| panic!("torn at {end}: {error}"));
        let expected = if end >= good.len() { before.clone() } else { HashMap::new() };
        assert_eq!(contents(&ledger), expected, "torn at {end}");
        let left = fs::read(&path).unwrap();
        assert!(good.starts_with(&left) && left.ends_with(b"\n"), "torn at {end}");
        put(&ledger, "later", note(3, "third")).await;
        drop(ledger);
        let mut expected = expected;
        expected.insert("later".into(), note(3, "third"));
        assert_eq!(contents(&FileLedger::open(&path).unwrap()), expected, "torn at {end}, written on");
    }
}

#[tokio::test]
async fn a_last_line_whose_middle_never_reached_the_disk_is_cut_off() {
    let (_home, path) = home();
    let ledger = FileLedger::open(&path).unwrap();
    put(&ledger, "one", note(1, "first")).await;
    let good = fs::read(&path).unwrap().len();
    put(&ledger, "two", note(2, &"x".repeat(9000))).await;
    drop(ledger);
    let mut bytes = fs::read(&path).unwrap();
    bytes[good + 100..good + 4196].fill(0);
    fs::write(&path, bytes).unwrap();
    let ledger = FileLedger::open(&path).unwrap();
    assert_eq!(ledger.get(&["one".into(), "two".into()]).await.unwrap(), [Some(note(1, "first")), None]);
}

#[tokio::test]
async fn damage_before_the_last_line_is_an_error_that_says_where() {
    let (_home, path) = home();
    let ledger = FileLedger::open(&path).unwrap();
    put(&ledger, "one", note(1, "alpha")).await;
    put(&ledger, "two", note(2, "beta")).await;
    drop(ledger);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("alpha", "alphq")).unwrap();
    let error = FileLedger::open(&path).unwrap_err();
    assert!(error.is_invalid() && error.to_string().contains("line 2 "), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), text.replace("alpha", "alphq"), "nothing was cut off");
}

#[tokio::test]
async fn a_ledger_that_is_open_cannot_be_opened_again() {
    let (_home, path) = home();
    let ledger = FileLedger::open(&path).unwrap();
    let error = FileLedger::open(&path).unwrap_err();
    assert!(error.is_config() && error.to_string().contains("open already"), "{error}");
    drop(ledger);
    FileLedger::open(&path).unwrap();
}

#[test]
fn a_missing_directory_is_an_error_that_says_what_to_do() {
    let (_home, path) = home();
    let error = FileLedger::open(path.join("missing.ledger")).unwrap_err();
    assert!(error.is_not_found() && error.advice().is_some(), "{error}");
}

#[tokio::test]
async fn a_file_full_of_what_no_longer_stands_is_written_anew() {
    let (_home, path) = home();
    let ledger = FileLedger::open(&path).unwrap();
    let mut largest = 0;
    for round in 0..60 {
        let batch = (0..100).map(|n| (format!("key {n}"), note(round, "taken")));
        ledger.put(batch.collect()).await.unwrap();
        largest = largest.max(fs::metadata(&path).unwrap().len());
    }
    assert!(ledger.log.lock().await.written <= SMALL, "it was written anew when that was due, not every time");
    put(&ledger, "after", note(99, "taken")).await;
    let expected = contents(&ledger);
    assert_eq!(expected.len(), 101);
    let one_round = log::write_all(&expected, io::sink()).unwrap();
    assert!(largest < one_round * 14, "{largest} bytes for notes of {one_round}");
    assert!(!beside(&path, ".new").exists());
    drop(ledger);
    assert_eq!(contents(&FileLedger::open(&path).unwrap()), expected);
}

#[tokio::test]
async fn forgetting_makes_the_file_small_again() {
    let (_home, path) = home();
    let ledger = FileLedger::open(&path).unwrap();
    let batch = (0..2000).map(|n| (format!("key {n}"), note(n, "taken")));
    ledger.put(batch.collect()).await.unwrap();
    let large = fs::metadata(&path).unwrap().len();
    assert_eq!(ledger.forget(at(1990)).await.unwrap(), 1990);
    assert_eq!(ledger.forget(at(1990)).await.unwrap(), 0);
    assert!(fs::metadata(&path).unwrap().len() < large / 50);
    drop(ledger);
    assert_eq!(contents(&FileLedger::open(&path).unwrap()).len(), 10);
}

/// A crash while the file is written anew leaves the old file and part of the new one; a crash after the rename leaves
/// the new one alone.
#[tokio::test]
async fn a_crash_while_the_file_is_written_anew_loses_nothing() {
    let (_home, path) = home();
    let ledger = FileLedger::open(&path).unwrap();
    put(&ledger, "one", note(1, "first")).await;
    put(&ledger, "one", note(2, "second")).await;
    let expected = contents(&ledger);
    drop(ledger);
    let (old, new) = (fs::read(&path).unwrap(), beside(&path, ".new"));

    let mut whole = Vec::new();
    log::write_all(&expected, &mut whole).unwrap();
    for end in [0, 10, whole.len() - 1, whole.len()] {
        fs::write(&path, &old).unwrap();
        fs::write(&new, &whole[..end]).unwrap();
        assert_eq!(contents(&FileLedger::open(&path).unwrap()), expected, "{end} bytes of the new file");
        assert!(!new.exists());
    }
    fs::write(&path, &whole).unwrap();
    assert_eq!(contents(&FileLedger::open(&path).unwrap()), expected, "renamed");
}

#[tokio::test]
async fn a_new_file_that_cannot_be_written_costs_nothing() {
    let (_home, path) = home();
    let ledger = FileLedger::open(&path).unwrap();
    fs::create_dir(beside(&path, ".new")).unwrap();
    for round in 0..30 {
        let batch = (0..100).map(|n| (format!("key {n}"), note(round, "taken")));
        ledger.put(batch.collect()).await.unwrap();
    }
    let expected = contents(&ledger);
    drop(ledger);
    fs::remove_dir(beside(&path, ".new")).unwrap();
    assert_eq!(contents(&FileLedger::open(&path).unwrap()), expected);
}

/// The disk refuses a write: the batch is refused, and the next one that succeeds stands on a whole file.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_refused_write_leaves_the_ledger_as_it_was() {
    let (_home, path) = home();
    let ledger = FileLedger::open(&path).unwrap();
    for round in 0..9 {
        // It was written anew before, which made it shorter.
        ledger.log.lock().await.small = 0;
        put(&ledger, "one", note(round, &"first".repeat(100 - 10 * round as usize))).await;
    }
    let good = {
        let mut log = ledger.log.lock().await;
        std::mem::replace(&mut log.file, OpenOptions::new().write(true).open("/dev/full").unwrap())
    };
    let error = ledger.put(vec![("two".into(), note(2, "second"))]).await.unwrap_err();
    assert!(error.is_storage(), "{error}");
    assert_eq!(ledger.get(&["two".into()]).await.unwrap(), [None]);
    {
        // What a full disk leaves behind: half a line.
        (&good).write_all(b"{\"sum\":1,\"entry\":{\"pu").unwrap();
        let mut log = ledger.log.lock().await;
        assert!(log.torn);
        log.file = good;
    }
    put(&ledger, "three", note(3, "third")).await;
    let expected = contents(&ledger);
    drop(ledger);
    assert_eq!(contents(&FileLedger::open(&path).unwrap()), expected);
    assert_eq!(expected.len(), 2);
}

#[tokio::test]
async fn a_put_that_nobody_waits_for_leaves_the_ledger_consistent() {
    let (_home, path) = home();
    let ledger = FileLedger::open(&path).unwrap();
    for n in 0..50 {
        let mut given_up = Box::pin(ledger.put(vec![(format!("key {n}"), note(n, "taken"))]));
        for _ in 0..n % 3 {
            let _ = (&mut given_up).now_or_never();
            tokio::task::yield_now().await;
        }
    }
    put(&ledger, "last", note(99, "taken")).await;
    let expected = contents(&ledger);
    drop(ledger);
    assert_eq!(contents(&FileLedger::open(&path).unwrap()), expected);
    assert!(expected.contains_key("last"));
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_it_and_debug_shows_no_names() {
    use std::os::unix::fs::PermissionsExt;
    let (_home, path) = home();
    let ledger = FileLedger::open(&path).unwrap();
    put(&ledger, "drop/20261019-140253_joe.wav", note(1, "taken")).await;
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!format!("{ledger:?}").contains("joe"));
}

#[derive(Clone, Debug)]
enum Step {
    Put(Vec<(u8, i64, String)>),
    Forget(i64),
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let notes = prop::collection::vec((0u8..8, 0i64..100, ".{0,6}"), 0..4);
    let step = prop_oneof![
        6 => notes.prop_map(Step::Put),
        1 => (0i64..100).prop_map(Step::Forget),
        1 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..25)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever happens to it, the ledger in a file answers as the one in memory does.
    #[test]
    fn it_answers_as_the_one_in_memory(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (_home, path) = home();
            let model = MemoryLedger::new();
            let mut ledger = FileLedger::open(&path).unwrap();
            let keys: Vec<_> = (0u8..8).map(|key| key.to_string()).collect();
            for step in steps {
                match step {
                    Step::Put(notes) => {
                        let notes: Vec<_> =
                            notes.iter().map(|(key, second, text)| (key.to_string(), note(*second, text))).collect();
                        model.put(notes.clone()).await.unwrap();
                        ledger.put(notes).await.unwrap();
                        // No file is too small to be written anew, so that it happens again and again.
                        ledger.log.lock().await.small = 0;
                    }
                    Step::Forget(second) => {
                        let forgotten = model.forget(at(second)).await.unwrap();
                        prop_assert_eq!(ledger.forget(at(second)).await.unwrap(), forgotten);
                    }
                    Step::Reopen => {
                        drop(ledger);
                        ledger = FileLedger::open(&path).unwrap();
                    }
                }
                prop_assert_eq!(ledger.get(&keys).await.unwrap(), model.get(&keys).await.unwrap());
            }
            Ok(())
        })?;
    }
}
