//! The calls of the past: pairs that lie in the folder, or were moved to `processed/` and not deleted yet.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use connector_core::{
    Conversation, ConversationHistory, ConversationRef, Cursor, Error, Gone, HistoryLimits, HistoryQuery, JobCheck,
    Listing, Lookup, LookupOptions, Page, Rejected, Result,
};
use connector_folder::{FolderPath, Listed, Version, is_temporary};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::files::File;
use crate::reading::{ReadSidecar, read_media, read_sidecar};
use crate::settler::{PROCESSED, is_marked};
use crate::shared::Shared;
use crate::sidecar::Format;
use crate::{Kind, SidecarMode, split_extension};

/// Calls in one page.
const PAGE: usize = 64;
/// A pair is moved some time after its call: so long before the first day asked for, calls may still have ended later.
const LONGEST_CALL: TimeDelta = TimeDelta::days(1);

/// What the folder still shows of the past: pairs that wait there, and those in `processed/` that were not purged.
///
/// A pair that was stored and then lost in the archive is found again, with its metadata and its recording's place.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// # let home = tempfile::tempdir()?; let path = home.path();
/// use chrono::TimeDelta;
/// use connector_core::{Context, ConversationHistory, HistoryQuery, ListingExt};
/// use connector_folder::{LocalFolder, MemoryLedger};
/// use connector_universal::{DropFolder, DropFolderConfig};
/// use futures_util::TryStreamExt;
///
/// let moved = path.join("processed/2026-11-02");
/// std::fs::create_dir_all(&moved)?;
/// std::fs::write(moved.join("20261102-101500_kay_lind.mp3"), "some sound")?;
/// std::fs::write(moved.join("20261102-101500_kay_lind.yml"), "stage: Won")?;
///
/// let folder = LocalFolder::open(path)?;
/// let calls = DropFolder::new(DropFolderConfig::new("UTC"), folder, MemoryLedger::new(), &Context::default())?;
/// let day = "2026-11-02T00:00:00Z".parse().unwrap();
/// let mut found = calls.history().ended(HistoryQuery::between(day, day + TimeDelta::days(1))).items(|row| eprintln!("{row}"));
/// assert_eq!(found.try_next().await?.unwrap().attributes["stage"], "Won");
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct DropFolderHistory {
    pub(crate) shared: Arc<Shared>,
}

impl fmt::Debug for DropFolderHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DropFolderHistory({})", self.shared.cx.origin())
    }
}

#[async_trait]
impl ConversationHistory for DropFolderHistory {
    /// A pair needs its settle time and, where sidecars are optional, the grace time before it counts.
    fn limits(&self) -> HistoryLimits {
        let config = &self.shared.config;
        let grace = if config.sidecar == SidecarMode::Optional { config.grace } else { Duration::ZERO };
        let mut limits = HistoryLimits::lagging(config.settle + config.rescan + grace);
        limits.retention = config.purge_after;
        limits
    }

    fn ended(&self, query: HistoryQuery) -> Listing<Conversation> {
        let shared = self.shared.clone();
        let pages = stream::once(async move { Walk::start(shared, query).await }).map_ok(|walk| {
            stream::try_unfold(walk, |mut walk| async {
                let page = walk.next().await?;
                Ok(page.map(|page| (page, walk)))
            })
        });
        pages.try_flatten().boxed()
    }

    async fn conversation(&self, of: &ConversationRef, _: LookupOptions) -> Result<Lookup<Conversation>> {
        let around = of.around.unwrap_or_else(|| self.shared.cx.clock().now());
        let query = HistoryQuery::between(around - LONGEST_CALL, self.shared.cx.clock().now());
        let walk = Walk::start(self.shared.clone(), query).await?;
        for place in &walk.places {
            let files = self.shared.files_in(place).await?;
            if let Some(pair) = files.get(&of.id) {
                return Ok(match self.shared.told(pair).await {
                    Ok(Some(call)) => Lookup::Ready(call),
                    Ok(None) => Lookup::NotReady { retry_after: self.limits().lag },
                    Err(refused) => return Err(Error::invalid(refused.to_string()).of(self.shared.cx.origin())),
                });
            }
        }
        Ok(Lookup::Gone(Gone::Unknown))
    }

    async fn check(&self) -> JobCheck {
        self.shared.check().await
    }
}

/// A listing under way: directory by directory, stem by stem.
struct Walk {
    shared: Arc<Shared>,
    query: HistoryQuery,
    /// The directories that are still to be walked, the last one first.
    places: Vec<FolderPath>,
    /// The stems of the directory that is walked, beyond the position.
    stems: BTreeMap<String, Pair>,
    place: FolderPath,
}

/// The files of one stem.
#[derive(Debug, Default)]
struct Pair {
    media: Vec<File>,
    sidecars: Vec<(File, Format)>,
}

impl Walk {
    async fn start(shared: Arc<Shared>, query: HistoryQuery) -> Result<Self> {
        let first = (query.from - LONGEST_CALL).date_naive();
        let mut places = Vec::new();
        let mut days = shared.folder.list(&FolderPath::new(PROCESSED)?);
        while let Some(entry) = days.try_next().await? {
            let Listed::Directory { path } = entry else { continue };
            if path.name().parse::<NaiveDate>().is_ok_and(|day| day >= first) {
                places.push(path);
            }
        }
        places.push(FolderPath::root());
        // The folder itself comes first (taken from the end), then day by day: what is moved meanwhile shows twice rather
        // than never.
        places.sort_by(|a, b| b.cmp(a));
        let mut walk = Self { shared, query, places, stems: BTreeMap::new(), place: FolderPath::root() };
        walk.go_on_from_position().await?;
        Ok(walk)
    }

    /// A position is a directory and the last stem of it that was told.
    async fn go_on_from_position(&mut self) -> Result<()> {
        let Some(position) = self.query.resume.take() else { return Ok(()) };
        let (place, stem) = position.as_str().split_once('\n').unwrap_or_default();
        self.places.retain(|known| known.as_str() >= place);
        if self.places.last().is_some_and(|known| known.as_str() == place) {
            self.open_next().await?;
            self.stems = self.stems.split_off(stem);
            self.stems.remove(stem);
        }
        Ok(())
    }

    async fn open_next(&mut self) -> Result<bool> {
        let Some(place) = self.places.pop() else { return Ok(false) };
        self.stems = self.shared.files_in(&place).await?;
        self.place = place;
        Ok(true)
    }

    /// The next page with anything on it.
    async fn next(&mut self) -> Result<Option<Page<Conversation>>> {
        let mut page = Page::new(Vec::new());
        while page.items.len() + page.rejected.len() < PAGE {
            let Some((stem, pair)) = self.stems.pop_first() else {
                let is_full = !page.items.is_empty() || !page.rejected.is_empty();
                if is_full || !self.open_next().await? {
                    return Ok(is_full.then_some(page));
                }
                continue;
            };
            page.resume = Some(Cursor::new(format!("{}\n{stem}", self.place.as_str())));
            match self.shared.told(&pair).await {
                Ok(Some(call)) if self.is_asked_for(&call) => page.items.push(call),
                Ok(_) => {}
                Err(refused) => page.rejected.push(*refused),
            }
        }
        Ok(Some(page))
    }

    fn is_asked_for(&self, call: &Conversation) -> bool {
        let ended = call.ended.or(call.started).map(|stamp| stamp.at);
        ended.is_none_or(|ended| (self.query.from..self.query.to).contains(&ended))
    }
}

impl Shared {
    /// The files of a directory, by stem. What was moved beside a file of the same name came later and is no call of its
    /// own.
    async fn files_in(&self, place: &FolderPath) -> Result<BTreeMap<String, Pair>> {
        let now = self.cx.clock().now();
        let mut stems: BTreeMap<String, Pair> = BTreeMap::new();
        let mut entries = self.folder.list(place);
        while let Some(entry) = entries.try_next().await? {
            let Listed::File { path, version } = entry else { continue };
            if is_temporary(path.name()) {
                continue;
            }
            let Some((stem, _)) = split_extension(path.name()).filter(|(stem, _)| !is_marked(stem)) else { continue };
            let pair = stems.entry(stem.to_owned()).or_default();
            match self.mapping.names.kind(path.name()) {
                Kind::Media => pair.media.push(seen(now, path, version)),
                Kind::Sidecar(format) => pair.sidecars.push((seen(now, path, version), format)),
                Kind::Yaml | Kind::Other => {}
            }
        }
        Ok(stems)
    }

    /// What a pair says; `None` while it is not complete.
    async fn told(&self, pair: &Pair) -> Result<Option<Conversation>, Box<Rejected>> {
        let ([media], sidecars) = (pair.media.as_slice(), pair.sidecars.as_slice()) else { return Ok(None) };
        let what = media.path.to_string();
        let name =
            self.mapping.names.parse_media(media.path.name()).map_err(|refused| Box::new(refused.rejects(&what)))?;
        let failed = |error: Error| Box::new(Rejected::new(&what, "not_read", error.to_string()));
        let read = match sidecars {
            [] if self.config.sidecar == SidecarMode::Required => return Ok(None),
            [] => None,
            [(sidecar, format)] => {
                let content = read_sidecar(&*self.folder, sidecar, *format, &self.limits).await.map_err(failed)?;
                if let Err(refused) = &content.parsed {
                    return Err(Box::new(refused.clone().rejects(sidecar.path.to_string())));
                }
                content.into_read(sidecar)
            }
            _ => return Ok(None),
        };
        let media = read_media(&*self.folder, media, &name.extension).await.map_err(failed)?;
        let mut call = self.mapping.conversation(&name, Some(&media), read.as_ref());
        // Nobody knows when this version was seen first, and it may be older than one that is stored: it is as old as can be.
        let oldest = call.started.or(call.ended).map(|stamp| stamp.at);
        for revision in call.legs.iter_mut().filter_map(|leg| leg.revision.as_mut()) {
            revision.at = oldest.unwrap_or(revision.at);
        }
        call.raw = read.as_ref().filter(|_| self.cx.raw().keeps_conversations()).map(ReadSidecar::raw);
        Ok(Some(call))
    }
}

fn seen(now: DateTime<Utc>, path: FolderPath, version: Version) -> File {
    File { path, version, first_seen: now, whole: true, quiet: true }
}
