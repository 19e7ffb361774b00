//! A folder in memory, which counts what is read from it and fails when it is told to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use connector_core::{Error, Result};
use connector_folder::{FileRead, Folder, FolderPath, Listed, Notice, Renamed, Version};
use futures_core::stream::BoxStream;
use futures_util::{StreamExt, stream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Clones are the same folder.
#[derive(Clone, Default)]
pub(crate) struct MemoryFolder(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    files: BTreeMap<String, (Content, Version)>,
    listener: Option<UnboundedSender<Notice>>,
    writes: i64,
    bytes_read: u64,
    read_only: bool,
    mute: bool,
    appears_whole: bool,
    listings: usize,
    stats: usize,
    pieces: usize,
    unreadable: Vec<String>,
    /// What fails, and with which words: `list`, `stat NAME`, `read NAME`.
    failing: BTreeSet<String>,
    unauthorized: bool,
}

#[derive(Clone)]
enum Content {
    Bytes(Bytes),
    /// So many bytes, which nobody should read.
    Sparse(u64),
}

impl MemoryFolder {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// A folder that cannot be written to by the connector.
    pub(crate) fn read_only(self) -> Self {
        self.state().read_only = true;
        self
    }

    /// A folder that gives no word of its files.
    pub(crate) fn mute(self) -> Self {
        self.state().mute = true;
        self
    }

    /// A folder in which files show only once they are complete.
    pub(crate) fn appearing_whole(self) -> Self {
        self.state().appears_whole = true;
        self
    }

    /// Every await of the folder gives way to others first, so that a stream can be dropped there.
    pub(crate) fn in_pieces(self, pieces: usize) -> Self {
        self.state().pieces = pieces;
        self
    }

    /// Puts a file there of which no word is given.
    pub(crate) fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        self.place(name, Content::Bytes(Bytes::copy_from_slice(content.as_ref())), None);
    }

    /// Puts a file there and says that it is whole.
    pub(crate) fn upload(&self, name: &str, content: impl AsRef<[u8]>) {
        self.put(name, content);
        self.say(Notice::Whole(FolderPath::new(name).unwrap()));
    }

    /// Puts a file there that was changed last at this time, if one believes it.
    pub(crate) fn upload_dated(&self, name: &str, content: impl AsRef<[u8]>, modified: DateTime<Utc>) {
        self.place(name, Content::Bytes(Bytes::copy_from_slice(content.as_ref())), Some(modified));
        self.say(Notice::Whole(FolderPath::new(name).unwrap()));
    }

    pub(crate) fn upload_sparse(&self, name: &str, size: u64) {
        self.place(name, Content::Sparse(size), None);
        self.say(Notice::Whole(FolderPath::new(name).unwrap()));
    }

    pub(crate) fn upload_pair(&self, stem: &str) {
        self.upload(&format!("{stem}.wav"), "RIFF");
        self.upload(&format!("{stem}.json"), super::JSON);
    }

    fn place(&self, name: &str, content: Content, modified: Option<DateTime<Utc>>) {
        let mut state = self.state();
        state.writes += 1;
        let usual = DateTime::UNIX_EPOCH + TimeDelta::seconds(state.writes);
        let size = match &content {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::Sparse(size) => *size,
        };
        let version = Version::new(size, Some(modified.unwrap_or(usual)));
        state.files.insert(name.to_owned(), (content, version));
    }

    pub(crate) fn say(&self, notice: Notice) {
        if let Some(listener) = &self.state().listener {
            let _ = listener.send(notice);
        }
    }

    /// Ends the stream of words, as when the system takes the watch away.
    pub(crate) fn fall_silent(&self) {
        self.state().listener = None;
    }

    pub(crate) fn take_away(&self, name: &str) {
        self.state().files.remove(name).expect("it was there");
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.state().files.contains_key(name)
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.state().files.keys().cloned().collect()
    }

    pub(crate) fn text(&self, name: &str) -> String {
        match &self.state().files[name].0 {
            Content::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
            Content::Sparse(size) => format!("{size} bytes"),
        }
    }

    pub(crate) fn bytes_read(&self) -> u64 {
        self.state().bytes_read
    }

    pub(crate) fn listings(&self) -> usize {
        self.state().listings
    }

    pub(crate) fn stats(&self) -> usize {
        self.state().stats
    }

    pub(crate) fn fail(&self, what: &str) {
        self.state().failing.insert(what.to_owned());
    }

    pub(crate) fn heal(&self, what: &str) {
        assert!(self.state().failing.remove(what), "{what} did not fail");
    }

    pub(crate) fn lock_out(&self) {
        self.state().unauthorized = true;
    }

    pub(crate) fn show_unreadable(&self, about: &str) {
        self.state().unreadable.push(about.to_owned());
    }

    fn try_to(&self, what: &str) -> Result<()> {
        if self.state().unauthorized {
            return Err(Error::unauthorized("the password was refused"));
        }
        if self.state().failing.contains(what) {
            return Err(Error::storage("the folder itself cannot be opened"));
        }
        Ok(())
    }

    async fn give_way(&self) {
        let pieces = self.state().pieces;
        for _ in 0..pieces {
            tokio::task::yield_now().await;
        }
    }
}

#[async_trait]
impl Folder for MemoryFolder {
    fn list(&self, dir: &FolderPath) -> BoxStream<'static, Result<Listed>> {
        let root = dir.as_str().is_empty();
        if root {
            self.state().listings += 1;
        }
        if let Err(error) = self.try_to("list") {
            return stream::iter([Err(error)]).boxed();
        }
        let prefix = if root { String::new() } else { format!("{}/", dir.as_str()) };
        let (mut entries, mut directories) = (Vec::new(), BTreeSet::new());
        for (name, (_, version)) in &self.state().files {
            let Some(below) = name.strip_prefix(&prefix) else { continue };
            match below.split_once('/') {
                Some((directory, _)) => drop(directories.insert(format!("{prefix}{directory}"))),
                None => entries.push(Listed::File { path: FolderPath::new(name).unwrap(), version: version.clone() }),
            }
        }
        entries.extend(directories.into_iter().map(|path| Listed::Directory { path: FolderPath::new(path).unwrap() }));
        if root {
            let unreadable = self.state().unreadable.clone();
            entries.extend(unreadable.into_iter().map(|about| Listed::Unreadable { about }));
        }
        let folder = self.clone();
        stream::iter(entries.into_iter().map(Ok))
            .then(move |entry| {
                let folder = folder.clone();
                async move {
                    folder.give_way().await;
                    entry
                }
            })
            .boxed()
    }

    async fn stat(&self, path: &FolderPath) -> Result<Option<Version>> {
        self.give_way().await;
        self.state().stats += 1;
        self.try_to(&format!("stat {}", path.as_str()))?;
        Ok(self.state().files.get(path.as_str()).map(|(_, version)| version.clone()))
    }

    async fn read(&self, path: &FolderPath, from: u64, only_if: Option<&Version>) -> Result<FileRead> {
        self.give_way().await;
        self.try_to(&format!("read {}", path.as_str()))?;
        let found = self.state().files.get(path.as_str()).cloned();
        let (content, version) = found.ok_or_else(|| Error::not_found("there is no such file"))?;
        if only_if.is_some_and(|wanted| *wanted != version) {
            return Err(Error::changed("the file is of another version"));
        }
        let Content::Bytes(bytes) = content else { panic!("nobody should read this") };
        let bytes = bytes.slice(usize::try_from(from).unwrap()..);
        let folder = self.clone();
        let pieces = stream::iter([bytes]).then(move |piece| {
            let folder = folder.clone();
            async move {
                folder.give_way().await;
                folder.state().bytes_read += piece.len() as u64;
                Ok(piece)
            }
        });
        Ok(FileRead::new(version, pieces.boxed()))
    }

    async fn rename(&self, from: &FolderPath, to: &FolderPath) -> Result<Renamed> {
        self.try_to(&format!("rename {}", from.as_str()))?;
        let mut state = self.state();
        assert!(!state.read_only, "nothing is moved in a folder that is only read");
        if state.files.contains_key(to.as_str()) {
            return Ok(Renamed::TargetTaken);
        }
        let Some(file) = state.files.remove(from.as_str()) else { return Ok(Renamed::SourceGone) };
        state.files.insert(to.as_str().to_owned(), file);
        Ok(Renamed::Done)
    }

    async fn write(&self, path: &FolderPath, content: Bytes) -> Result<()> {
        assert!(!self.state().read_only, "nothing is written to a folder that is only read");
        self.place(path.as_str(), Content::Bytes(content), None);
        Ok(())
    }

    async fn remove(&self, path: &FolderPath) -> Result<bool> {
        assert!(!self.state().read_only, "nothing is removed from a folder that is only read");
        let mut state = self.state();
        let prefix = format!("{}/", path.as_str());
        if state.files.keys().any(|name| name.starts_with(&prefix)) {
            return Err(Error::changed("the directory is not empty"));
        }
        Ok(state.files.remove(path.as_str()).is_some())
    }

    async fn writable(&self) -> Result<bool> {
        Ok(!self.state().read_only)
    }

    fn appears_whole(&self) -> bool {
        self.state().appears_whole
    }

    fn notices(&self) -> Option<BoxStream<'static, Notice>> {
        if self.state().mute {
            return None;
        }
        let (sender, receiver): (_, UnboundedReceiver<Notice>) = unbounded_channel();
        self.state().listener = Some(sender);
        Some(stream::unfold(receiver, |mut words| async { Some((words.recv().await?, words)) }).boxed())
    }
}

impl fmt::Debug for MemoryFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryFolder")
    }
}
