//! Counting what is really there: the script against database and object store, from disk.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::Context as _;
use connector_core::Origin;
use ingestion_pipeline::{CallFilter, RecordingRow, SqliteStore};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::script::Line;

/// What came out of one source, or of all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Count {
    /// Calls that the script names.
    pub(crate) calls: u64,
    /// Calls of it that are stored, each once and byte for byte.
    pub(crate) stored: u64,
    /// Calls of it that are not stored.
    pub(crate) missing: u64,
    /// Calls or recordings that are stored more than once.
    pub(crate) duplicates: u64,
    /// Calls whose recordings are not those of the script.
    pub(crate) corrupt: u64,
    /// Calls of which every word was lost on the way.
    pub(crate) events_lost: u64,
    /// Calls that a comparison with the history found and fetched.
    pub(crate) recovered: u64,
    /// Recordings stored.
    pub(crate) recordings: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// Downloads that were taken up again after a cut.
    pub(crate) downloads_resumed: u64,
    /// Recordings that were not there yet when they were asked for.
    pub(crate) not_ready: u64,
    /// Requests that were answered with "too many".
    pub(crate) throttled: u64,
}

impl Count {
    /// Whether every call is stored once, and what nobody heard of was found by the comparison.
    pub(crate) fn is_whole(&self) -> bool {
        (self.stored, self.missing, self.duplicates, self.corrupt) == (self.calls, 0, 0, 0)
            && self.recovered >= self.events_lost
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.stored += other.stored;
        self.missing += other.missing;
        self.duplicates += other.duplicates;
        self.corrupt += other.corrupt;
        self.events_lost += other.events_lost;
        self.recovered += other.recovered;
        self.recordings += other.recordings;
        self.bytes += other.bytes;
        self.downloads_resumed += other.downloads_resumed;
        self.not_ready += other.not_ready;
        self.throttled += other.throttled;
    }
}

/// Counts what is stored of a source. `unheard` are the calls of which word was lost.
pub(crate) async fn recount(
    origin: &Origin,
    lines: &[&Line],
    store: &SqliteStore,
    objects: &Path,
    unheard: &BTreeSet<String>,
) -> anyhow::Result<Count> {
    let filter = CallFilter {
        tenant: Some(origin.tenant.to_string()),
        source: Some(origin.source.to_string()),
        ..CallFilter::default()
    };
    let mut found: HashMap<String, u64> = HashMap::new();
    for call in store.calls(&filter).await? {
        *found.entry(call.conversation).or_default() += 1;
    }
    let recordings = store.recordings(origin).await?;
    let mut count = Count { calls: lines.len() as u64, recordings: recordings.len() as u64, ..Count::default() };
    count.downloads_resumed = store.resumed(origin).await?;
    let mut by_call: HashMap<&str, Vec<&RecordingRow>> = HashMap::new();
    for recording in &recordings {
        count.bytes += recording.size;
        by_call.entry(&recording.conversation).or_default().push(recording);
    }
    for line in lines {
        count.events_lost += u64::from(unheard.contains(&line.conversation));
        let rows = by_call.remove(line.conversation.as_str()).unwrap_or_default();
        match found.remove(&line.conversation) {
            None => count.missing += 1,
            Some(times) => {
                count.duplicates += times - 1;
                match is_whole(line, &rows, objects)? {
                    true => count.stored += 1,
                    false => count.corrupt += 1,
                }
            }
        }
    }
    // Whatever the script does not know should not be there: something was stored twice under two names.
    count.duplicates += found.values().sum::<u64>();
    Ok(count)
}

/// Whether just the recordings of the script are there, byte for byte.
fn is_whole(line: &Line, rows: &[&RecordingRow], objects: &Path) -> anyhow::Result<bool> {
    let mut expected: Vec<&str> = line.recordings.iter().filter_map(|recording| recording.sha256.as_deref()).collect();
    let mut found = Vec::new();
    for row in rows {
        let hash = hash_of(&objects.join(&row.object))?;
        if hash.as_ref() != Some(&row.sha256) {
            return Ok(false);
        }
        found.extend(hash);
    }
    expected.sort_unstable();
    found.sort_unstable();
    Ok(expected == found)
}

fn hash_of(path: &Path) -> anyhow::Result<Option<String>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(Some(hex::encode(hash.finalize()))),
            n => hash.update(&buffer[..n]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::script::ScriptRecording;

    fn line(sha256: &str) -> Line {
        Line {
            tenant: "t".into(),
            source: "s".into(),
            vendor: "universal".into(),
            conversation: "c".into(),
            legs: Vec::new(),
            recordings: vec![ScriptRecording { sha256: Some(sha256.into()), size: Some(3) }],
            live: Vec::new(),
        }
    }

    fn row(recording: &str, sha256: &str) -> RecordingRow {
        RecordingRow {
            tenant: "t".into(),
            source: "s".into(),
            conversation: "c".into(),
            recording: recording.into(),
            sha256: sha256.into(),
            size: 3,
            object: format!("{recording}.wav"),
        }
    }

    #[test]
    fn whatever_is_not_just_so_is_not_whole() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("1.wav"), b"abc").unwrap();
        std::fs::write(home.path().join("2.wav"), b"xyz").unwrap();
        let hash = |bytes: &[u8]| hex::encode(Sha256::digest(bytes));
        let (abc, xyz) = (hash(b"abc"), hash(b"xyz"));
        let whole = |line: &Line, rows: &[&RecordingRow]| is_whole(line, rows, home.path()).unwrap();

        assert!(whole(&line(&abc), &[&row("1", &abc)]));
        assert!(!whole(&line(&abc), &[]), "not stored");
        assert!(!whole(&line(&abc), &[&row("2", &xyz)]), "another recording");
        assert!(!whole(&line(&abc), &[&row("2", &abc)]), "other bytes than the database says");
        assert!(!whole(&line(&abc), &[&row("3", &abc)]), "no such object");
        assert!(!whole(&line(&abc), &[&row("1", &abc), &row("2", &xyz)]), "one too many");
    }
}
