//! Word of finished files from the operating system.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use futures_core::stream::BoxStream;
use futures_util::{StreamExt, stream};
use notify::event::{AccessKind, AccessMode, CreateKind, ModifyKind, RenameMode};
use notify::{Event, EventKind, RecursiveMode, Watcher};
use tokio::sync::Notify;

use crate::{FolderPath, Notice};

/// How many words wait for a listener. What comes after them is told as [`Notice::Missed`].
const CAPACITY: usize = 1024;

/// Among how many of the last words one is looked for that says the same.
const LOOK_BACK: usize = 64;

/// The words about the files directly below a directory; `None` when it cannot be watched.
pub(super) fn notices(root: &Path) -> Option<BoxStream<'static, Notice>> {
    let words = Arc::new(Words::default());
    let handler = handler(root, Arc::clone(&words));
    let watcher = notify::recommended_watcher(handler).and_then(|mut watcher| {
        watcher.watch(root, RecursiveMode::NonRecursive)?;
        Ok(watcher)
    });
    match watcher {
        Ok(watcher) => {
            let state = (words, watcher);
            Some(
                stream::unfold(state, |(words, watcher)| async { Some((words.next().await?, (words, watcher))) })
                    .boxed(),
            )
        }
        Err(error) => {
            tracing::warn!(kind = ?error.kind, "the folder cannot be watched; files are found by listing it alone");
            None
        }
    }
}

/// What turns the system's events into words. It never waits.
fn handler(root: &Path, words: Arc<Words>) -> impl FnMut(notify::Result<Event>) + Send + 'static {
    let root = root.to_owned();
    move |event| {
        let Ok(event) = event else { return words.add(Notice::Missed) };
        if event.need_rescan() {
            words.add(Notice::Missed);
        }
        for path in &event.paths {
            if *path == root && is_the_end(&event.kind) {
                return words.end();
            }
            if let (Some(word), Some(path)) = (word_of(&event.kind), child(&root, path)) {
                words.add(word(path));
            }
        }
    }
}

/// What an event says about a file. Its times and permissions are not its content, so a change of those says nothing.
fn word_of(kind: &EventKind) -> Option<fn(FolderPath) -> Notice> {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write))
        | EventKind::Modify(ModifyKind::Name(RenameMode::To)) => Some(Notice::Whole),
        EventKind::Create(CreateKind::Folder)
        | EventKind::Modify(ModifyKind::Metadata(_) | ModifyKind::Name(RenameMode::From | RenameMode::Both)) => None,
        EventKind::Create(_) | EventKind::Modify(_) => Some(Notice::Written),
        _ => None,
    }
}

/// Whether an event of the folder itself means that nothing more will be heard.
fn is_the_end(kind: &EventKind) -> bool {
    matches!(kind, EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)))
}

fn child(root: &Path, path: &Path) -> Option<FolderPath> {
    let name = path.strip_prefix(root).ok()?.to_str()?;
    FolderPath::new(name).ok().filter(|path| !path.as_str().contains('/'))
}

/// The words that nobody took yet.
#[derive(Default)]
struct Words {
    waiting: Mutex<Waiting>,
    added: Notify,
}

#[derive(Default)]
struct Waiting {
    words: VecDeque<Notice>,
    ended: bool,
}

impl Words {
    fn add(&self, word: Notice) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.words.len() < CAPACITY {
            if waiting.is_new(&word) {
                waiting.words.push_back(word);
            }
        } else if waiting.words.back() != Some(&Notice::Missed) {
            waiting.words.push_back(Notice::Missed);
        }
        drop(waiting);
        self.added.notify_one();
    }

    /// The folder is gone: that is the last word.
    fn end(&self) {
        self.add(Notice::Missed);
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).ended = true;
        self.added.notify_one();
    }

    async fn next(&self) -> Option<Notice> {
        loop {
            let added = self.added.notified();
            {
                let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(word) = waiting.words.pop_front() {
                    return Some(word);
                }
                if waiting.ended {
                    return None;
                }
            }
            added.await;
        }
    }
}

impl Waiting {
    /// Whether the last word about the same file, of those that wait, says another thing.
    fn is_new(&self, word: &Notice) -> bool {
        let about = |word: &Notice| match word {
            Notice::Whole(path) | Notice::Written(path) => Some(path.clone()),
            Notice::Missed => None,
        };
        let path = about(word);
        self.words.iter().rev().take(LOOK_BACK).find(|earlier| about(earlier) == path) != Some(word)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use notify::event::{DataChange, Flag, MetadataKind, RemoveKind};

    use super::*;

    fn path(name: &str) -> FolderPath {
        FolderPath::new(name).unwrap()
    }

    fn event(kind: EventKind, at: &str) -> notify::Result<Event> {
        Ok(Event::new(kind).add_path(PathBuf::from("/drop").join(at)))
    }

    const WRITTEN: EventKind = EventKind::Modify(ModifyKind::Data(DataChange::Any));
    const CLOSED: EventKind = EventKind::Access(AccessKind::Close(AccessMode::Write));

    async fn heard(events: impl IntoIterator<Item = notify::Result<Event>>) -> Vec<Notice> {
        let words = Arc::new(Words::default());
        let mut handle = handler(Path::new("/drop"), Arc::clone(&words));
        events.into_iter().for_each(&mut handle);
        words.waiting.lock().unwrap().ended = true;
        stream::unfold(words, |words| async { Some((words.next().await?, words)) }).collect().await
    }

    #[tokio::test]
    async fn a_thousand_writes_that_nobody_heard_of_are_one_word() {
        let mut events = vec![event(EventKind::Create(CreateKind::File), "a.wav")];
        events.extend((0..1000).flat_map(|_| [event(WRITTEN, "a.wav"), event(WRITTEN, "b.wav")]));
        events.extend([event(CLOSED, "a.wav"), event(WRITTEN, "a.wav")]);
        let [a, b] = [path("a.wav"), path("b.wav")];
        let expected = [Notice::Written(a.clone()), Notice::Written(b), Notice::Whole(a.clone()), Notice::Written(a)];
        assert_eq!(heard(events).await, expected);
    }

    #[tokio::test]
    async fn words_that_find_no_room_are_told_as_missed() {
        let heard = heard((0..3000).map(|n| event(CLOSED, &format!("{n}.wav")))).await;
        assert_eq!(heard.len(), CAPACITY + 1);
        assert_eq!(heard[CAPACITY - 1], Notice::Whole(path(&format!("{}.wav", CAPACITY - 1))));
        assert_eq!(heard[CAPACITY], Notice::Missed);
    }

    #[tokio::test]
    async fn trouble_and_overflow_are_missed_words() {
        let overflow = Event::new(EventKind::Other).set_flag(Flag::Rescan);
        assert_eq!(heard([Ok(overflow)]).await, [Notice::Missed]);
        assert_eq!(heard([Err(notify::Error::generic("odd"))]).await, [Notice::Missed]);
    }

    #[tokio::test]
    async fn other_events_say_nothing() {
        let read = EventKind::Access(AccessKind::Close(AccessMode::Read));
        let times = EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any));
        let away = EventKind::Modify(ModifyKind::Name(RenameMode::From));
        let removed = EventKind::Remove(RemoveKind::File);
        for kind in [read, times, away, removed, EventKind::Create(CreateKind::Folder)] {
            assert_eq!(heard([event(kind, "a.wav")]).await, [], "{kind:?}");
        }
        assert_eq!(heard([event(CLOSED, "processed/a.wav")]).await, [], "not directly below the folder");
        assert_eq!(heard([event(CLOSED, "a\nb.wav")]).await, []);
    }
}
