//! When a dropped file is whole.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{FolderPath, Version};

/// Decides when a file is whole: by what was observed over time, and by word of it. It does no I/O and reads no clock.
///
/// A file is whole once the same [`Version`] was observed twice, the quiet time or more apart. Its modification time is only
/// ever compared for equality, since an uploader may set it to anything. Word that the file was closed makes the next
/// observation whole at once; word that it is written to starts everything anew.
///
/// Memory is proportional to the files that are known: [`forget`](Self::forget) those that are done with.
///
/// ```
/// use connector_folder::{FolderPath, Settled, Settling, Version};
/// use std::time::Duration;
///
/// let mut settling = Settling::new(Duration::from_secs(30));
/// let path = FolderPath::new("20261019-140253_joe.wav").unwrap();
/// let start = "2026-10-19T14:10:00Z".parse().unwrap();
///
/// let wait = settling.observe(start, &path, &Version::new(1000, None));
/// assert_eq!(wait, Settled::Until("2026-10-19T14:10:30Z".parse().unwrap()));
///
/// let later = start + Duration::from_secs(30);
/// assert_eq!(settling.observe(later, &path, &Version::new(1000, None)), Settled::Whole);
/// ```
#[derive(Debug)]
pub struct Settling {
    quiet: TimeDelta,
    files: HashMap<FolderPath, Known>,
}

/// What an observation says about a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It is whole.
    Whole,
    /// It may still grow. Unless it does, an observation at this time or later finds it whole.
    Until(DateTime<Utc>),
}

/// What is known of one file.
#[derive(Debug, Default)]
struct Known {
    seen: Option<Seen>,
    word: Word,
}

/// The version that was observed last, and from when to when it was observed.
#[derive(Debug)]
struct Seen {
    version: Version,
    first: DateTime<Utc>,
    last: DateTime<Utc>,
    again: bool,
}

/// Word that the file was closed.
#[derive(Debug, Default, PartialEq, Eq)]
enum Word {
    #[default]
    None,
    /// It holds for the next observation, whatever version that is.
    Pending,
    /// It held for the version that was observed last.
    Given,
}

impl Settling {
    /// A machine that takes a file for whole once it was seen unchanged for this long.
    pub fn new(quiet: Duration) -> Self {
        Self { quiet: TimeDelta::from_std(quiet).unwrap_or(TimeDelta::MAX), files: HashMap::new() }
    }

    /// The file has this version now.
    pub fn observe(&mut self, now: DateTime<Utc>, path: &FolderPath, version: &Version) -> Settled {
        let known = self.files.entry(path.clone()).or_default();
        let same = known.seen.as_ref().is_some_and(|seen| seen.version == *version);
        known.word = match known.word {
            Word::Pending => Word::Given,
            Word::Given if same => Word::Given,
            _ => Word::None,
        };
        let seen = match known.seen.take().filter(|seen| same && seen.last <= now) {
            Some(seen) => Seen { last: now, again: true, ..seen },
            None => Seen { version: version.clone(), first: now, last: now, again: false },
        };
        let whole = known.word == Word::Given || seen.is_quiet(self.quiet);
        let until = seen.first.checked_add_signed(self.quiet).unwrap_or(DateTime::<Utc>::MAX_UTC);
        known.seen = Some(seen);
        if whole { Settled::Whole } else { Settled::Until(until) }
    }

    /// Somebody who knows says that the file is whole: the next observation is, whatever version it finds.
    pub fn closed(&mut self, path: &FolderPath) {
        self.files.entry(path.clone()).or_default().word = Word::Pending;
    }

    /// Somebody writes to the file: the quiet time starts anew with the next observation, and a former word is void.
    pub fn written(&mut self, path: &FolderPath) {
        if let Some(known) = self.files.get_mut(path) {
            *known = Known::default();
        }
    }

    /// Whether the version that was observed last had been observed unchanged for the whole quiet time. A file that is
    /// whole by word alone is not quiet yet.
    pub fn is_quiet(&self, path: &FolderPath) -> bool {
        self.files.get(path).and_then(|known| known.seen.as_ref()).is_some_and(|seen| seen.is_quiet(self.quiet))
    }

    /// When the version that was observed last will have been unchanged for the whole quiet time.
    pub fn quiet_at(&self, path: &FolderPath) -> Option<DateTime<Utc>> {
        self.files.get(path)?.seen.as_ref()?.first.checked_add_signed(self.quiet)
    }

    /// Forgets a file.
    pub fn forget(&mut self, path: &FolderPath) {
        self.files.remove(path);
    }
}

impl Seen {
    fn is_quiet(&self, quiet: TimeDelta) -> bool {
        self.again && self.last - self.first >= quiet
    }
}

/// Whether a file name is one that uploaders use until a file is complete: `*.filepart`, `*.part`, `*.partial`, `*.tmp`,
/// `*.temp`, `*.incomplete`, `*.crdownload`, and names that start with `.` or `~`.
///
/// ```
/// use connector_folder::is_temporary;
/// assert!(is_temporary("call.wav.filepart") && is_temporary(".call.wav.Xy12"));
/// assert!(!is_temporary("call.wav"));
/// ```
pub fn is_temporary(name: &str) -> bool {
    const ENDS: [&str; 7] = ["filepart", "part", "partial", "tmp", "temp", "incomplete", "crdownload"];
    let end = name.rsplit_once('.').map(|(_, end)| end);
    name.starts_with(['.', '~']) || end.is_some_and(|end| ENDS.iter().any(|known| known.eq_ignore_ascii_case(end)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const QUIET: i64 = 30;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000 + second, 0).unwrap()
    }

    fn file() -> FolderPath {
        FolderPath::new("20261019-140253_joe.wav").unwrap()
    }

    fn settling() -> Settling {
        Settling::new(Duration::from_secs(QUIET as u64))
    }

    fn sized(size: u64) -> Version {
        Version::new(size, None)
    }

    #[test]
    fn an_old_modification_time_says_nothing() {
        let mut settling = settling();
        let ancient = Version::new(10, Some(at(-1_000_000)));
        assert_eq!(settling.observe(at(0), &file(), &ancient), Settled::Until(at(QUIET)));
        assert_eq!(settling.observe(at(29), &file(), &ancient), Settled::Until(at(QUIET)));
        assert_eq!(settling.observe(at(30), &file(), &ancient), Settled::Whole);
    }

    #[test]
    fn one_observation_is_never_enough() {
        let mut settling = Settling::new(Duration::ZERO);
        assert_eq!(settling.observe(at(0), &file(), &sized(1)), Settled::Until(at(0)));
        assert_eq!(settling.observe(at(0), &file(), &sized(1)), Settled::Whole);
    }

    #[test]
    fn growth_starts_the_quiet_time_anew() {
        let mut settling = settling();
        settling.observe(at(0), &file(), &sized(1));
        assert_eq!(settling.observe(at(40), &file(), &sized(2)), Settled::Until(at(70)));
        assert_eq!(settling.observe(at(69), &file(), &sized(2)), Settled::Until(at(70)));
        assert_eq!(settling.observe(at(80), &file(), &sized(2)), Settled::Whole);
        assert_eq!(settling.observe(at(81), &file(), &sized(3)), Settled::Until(at(111)), "whole files may change");
    }

    #[test]
    fn a_closed_file_is_whole_in_any_version_but_not_quiet() {
        let mut settling = settling();
        settling.observe(at(0), &file(), &sized(1));
        settling.closed(&file());
        assert_eq!(settling.observe(at(1), &file(), &sized(2)), Settled::Whole);
        assert!(!settling.is_quiet(&file()));
        assert_eq!(settling.observe(at(2), &file(), &sized(2)), Settled::Whole, "it stays so");
        assert_eq!(settling.observe(at(3), &file(), &sized(3)), Settled::Until(at(33)), "another version has no word");
        settling.observe(at(33), &file(), &sized(3));
        assert!(settling.is_quiet(&file()));
    }

    #[test]
    fn writing_makes_a_former_word_void() {
        let mut settling = settling();
        settling.closed(&file());
        settling.written(&file());
        assert_eq!(settling.observe(at(5), &file(), &sized(1)), Settled::Until(at(35)));
        settling.written(&file());
        assert_eq!(settling.observe(at(35), &file(), &sized(1)), Settled::Until(at(65)), "the quiet time starts anew");
        settling.written(&file());
        settling.closed(&file());
        assert_eq!(settling.observe(at(36), &file(), &sized(1)), Settled::Whole);
    }

    #[test]
    fn a_clock_that_steps_back_only_makes_it_wait() {
        let mut settling = settling();
        settling.observe(at(100), &file(), &sized(1));
        assert_eq!(settling.observe(at(0), &file(), &sized(1)), Settled::Until(at(30)));
        assert_eq!(settling.observe(at(30), &file(), &sized(1)), Settled::Whole);
    }

    #[test]
    fn an_endless_quiet_time_does_not_overflow() {
        let mut settling = Settling::new(Duration::MAX);
        settling.observe(at(0), &file(), &sized(1));
        assert_eq!(settling.observe(at(9_999), &file(), &sized(1)), Settled::Until(DateTime::<Utc>::MAX_UTC));
    }

    #[test]
    fn what_is_forgotten_starts_anew() {
        let mut settling = settling();
        let other = FolderPath::new("other.wav").unwrap();
        for path in [&file(), &other] {
            settling.observe(at(0), path, &sized(1));
            settling.observe(at(40), path, &sized(1));
        }
        settling.forget(&file());
        assert!(!settling.is_quiet(&file()) && settling.is_quiet(&other));
    }

    #[test]
    fn temporary_names_are_told_in_any_case() {
        for name in ["a.wav.filepart", "a.PART", "a.Partial", "a.tmp", "a.temp", "a.incomplete", "a.crdownload"] {
            assert!(is_temporary(name), "{name}");
        }
        for name in [".a.wav.Xy12", "~a.wav", ".", "~"] {
            assert!(is_temporary(name), "{name}");
        }
        for name in ["a.wav", "part", "a.part.wav", "a.parts", "tmp", "a~", "", "20261019-140253_tmp.wav"] {
            assert!(!is_temporary(name), "{name}");
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Observe(u64),
        Closed,
        Written,
    }

    fn steps() -> impl Strategy<Value = Vec<(i64, Step)>> {
        let step = prop_oneof![
            6 => (0u64..3).prop_map(Step::Observe),
            1 => Just(Step::Closed),
            1 => Just(Step::Written),
        ];
        prop::collection::vec((0i64..40, step), 1..60)
    }

    proptest! {
        /// A file is whole exactly when it should be: after the whole quiet time in one version, or by a word that nothing
        /// made void. The model keeps the whole story and looks back over it.
        #[test]
        fn a_file_is_never_whole_too_early(steps in steps()) {
            let mut settling = settling();
            let mut story: Vec<(i64, Step)> = Vec::new();
            let mut now = 0;
            for (wait, step) in steps {
                now += wait;
                story.push((now, step.clone()));
                match step {
                    Step::Closed => settling.closed(&file()),
                    Step::Written => settling.written(&file()),
                    Step::Observe(size) => {
                        let settled = settling.observe(at(now), &file(), &sized(size));
                        let quiet = quiet_for(&story, size).is_some_and(|time| time >= QUIET);
                        prop_assert_eq!(settled == Settled::Whole, quiet || vouched_for(&story, size), "{:?}", story);
                        prop_assert_eq!(settling.is_quiet(&file()), quiet);
                        if let Settled::Until(until) = settled {
                            prop_assert!(until > at(now));
                        }
                    }
                }
            }
        }
    }

    /// For how long the version was observed again and again, back from the end of the story.
    fn quiet_for(story: &[(i64, Step)], size: u64) -> Option<i64> {
        let last = story.last()?.0;
        let unbroken = story.iter().rev().take_while(|(_, step)| match step {
            Step::Observe(seen) => *seen == size,
            Step::Closed => true,
            Step::Written => false,
        });
        let mut times = unbroken.filter(|(_, step)| matches!(step, Step::Observe(_))).map(|(time, _)| *time);
        times.next()?;
        times.last().map(|first| last - first)
    }

    /// Whether a word of closing stands behind the version: nothing was written since, and the first observation after it
    /// and all since found this version.
    fn vouched_for(story: &[(i64, Step)], size: u64) -> bool {
        let since = story.iter().rposition(|(_, step)| matches!(step, Step::Closed));
        since.is_some_and(|since| {
            story[since + 1..].iter().all(|(_, step)| matches!(step, Step::Observe(seen) if *seen == size))
        })
    }
}
