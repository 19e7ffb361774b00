//! Counting what is really there: the script against database and object store, from disk.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::Path;

use anyhow::Context as _;
use connector_core::SampleFormat;
use connector_core::wav::{Encoding, Header};
use ingestion_pipeline::{CallFilter, LiveStore, RecordingRow, SessionRow, SessionState, SqliteStore};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::part::{Part, Sound};
use super::script::Line;

/// What ids of recordings of live sound begin with.
const LIVE: &str = "live-";
/// How far a part of a session may be off, in samples, for times are rounded.
const TOLERANCE: u64 = 16;
/// How far a session may begin from where it was sent, in samples: a message is on its way for so long at most.
const ON_ITS_WAY: u64 = 16_000;

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
    /// Sessions of live audio.
    pub(crate) live_sessions: u64,
    /// Those of them that were joined with their calls.
    pub(crate) live_matched: u64,
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
        self.live_sessions += other.live_sessions;
        self.live_matched += other.live_matched;
    }
}

/// Counts what is stored of a source.
pub(super) async fn recount(
    part: &dyn Part,
    lines: &[&Line],
    store: &SqliteStore,
    objects: &Path,
) -> anyhow::Result<Count> {
    let (origin, unheard) = (&part.origin(), part.lost());
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
        let (live, rows): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.recording.starts_with(LIVE));
        let sessions = store.of_call(origin, &line.conversation).await?;
        count.live_sessions += sessions.len() as u64;
        count.live_matched += sessions.iter().filter(|session| session.state == SessionState::Matched).count() as u64;
        let sound = part.sound(&line.conversation);
        match found.remove(&line.conversation) {
            None => count.missing += 1,
            Some(times) => {
                count.duplicates += times - 1;
                let is_heard = has_sessions(line, &sessions) && is_heard(sound.as_ref(), &sessions, &live, objects)?;
                match is_heard && is_whole(line, &rows, objects)? {
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

/// Whether just the sessions of the script are there.
fn has_sessions(line: &Line, sessions: &[SessionRow]) -> bool {
    let mut expected: Vec<_> = line.live.iter().map(|live| (live.session.as_str(), live.matched)).collect();
    let is_matched = |session: &SessionRow| session.state == SessionState::Matched;
    let mut found: Vec<_> = sessions.iter().map(|session| (session.session.as_str(), is_matched(session))).collect();
    expected.sort_unstable();
    found.sort_unstable();
    expected == found
}

/// Whether just what agents had of a call is there, sample for sample, each part where it should begin and end.
fn is_heard(
    sound: Option<&Sound>,
    sessions: &[SessionRow],
    rows: &[&RecordingRow],
    objects: &Path,
) -> anyhow::Result<bool> {
    let Some(sound) = sound else { return Ok(rows.is_empty()) };
    let Some(mut left) = parts(sound, sessions) else { return Ok(false) };
    for row in rows {
        let path = objects.join(&row.object);
        if hash_of(&path)?.as_ref() != Some(&row.sha256) {
            return Ok(false);
        }
        let file = std::fs::read(path)?;
        let part = left.iter().position(|part| data_of(&file).is_some_and(|data| is_at(part, &sound.bytes, data)));
        let Some(part) = part else { return Ok(false) };
        left.remove(part);
    }
    Ok(left.is_empty())
}

/// What must be stored of a call, in its samples: agents' times by the clock on which sessions began. `None` where one did
/// not begin about when its first sample was sent.
fn parts(sound: &Sound, sessions: &[SessionRow]) -> Option<Vec<Range<u64>>> {
    let mut parts = Vec::new();
    for (id, sent) in &sound.sessions {
        let row = sessions.iter().find(|row| row.session == *id)?;
        let began = u64::try_from((row.began - sound.started).num_microseconds()? * 8 / 1_000).ok()?;
        if began.abs_diff(sent.start) > ON_ITS_WAY {
            return None;
        }
        let place = |sample: u64| (sample + sent.start).saturating_sub(began).clamp(sent.start, sent.end);
        let of_session = sound.agents.iter().map(|agent| place(agent.start)..place(agent.end));
        parts.extend(of_session.filter(|part| !part.is_empty()));
    }
    Some(parts)
}

/// The samples of a file, where they are such as calls have and not just silence.
fn data_of(file: &[u8]) -> Option<&[u8]> {
    let size = file.len() as u64;
    let header = Header::parse(file, Some(size)).ok()?;
    let is_of_calls = (header.encoding, header.channels, header.sample_rate) == (Encoding::MuLaw, 2, 8_000);
    let data = header.data_in(size);
    let data = file.get(usize::try_from(data.start).ok()?..usize::try_from(data.end).ok()?)?;
    let is_silent = data.iter().all(|byte| *byte == SampleFormat::MuLaw.silence());
    (is_of_calls && !is_silent).then_some(data)
}

/// Whether samples are those of a call near there.
fn is_at(part: &Range<u64>, sound: &[u8], data: &[u8]) -> bool {
    let length = data.len() as u64 / 2;
    let starts = part.start.saturating_sub(TOLERANCE)..=part.start + TOLERANCE;
    starts.filter(|start| (start + length).abs_diff(part.end) <= TOLERANCE).any(|start| {
        let start = usize::try_from(2 * start).unwrap_or(usize::MAX);
        sound.get(start..).is_some_and(|sound| sound.starts_with(data))
    })
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
    use std::io::Cursor;
    use std::time::Duration;

    use chrono::TimeDelta;
    use connector_core::Origin;
    use connector_core::testing::Clip;
    use connector_core::wav::{Layout, Writer};

    use super::*;
    use crate::demo::script::{ScriptLive, ScriptRecording};

    const SILENCE: u8 = 0xFF;

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

    fn session(id: &str, state: SessionState) -> SessionRow {
        let mut row = SessionRow::new(Origin::new("t", "s"), id, "c", "2026-10-19T19:00:00Z".parse().unwrap());
        row.state = state;
        row
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

    #[test]
    fn sound_that_is_not_that_of_the_call_or_elsewhere_is_not_heard() {
        let home = tempfile::tempdir().unwrap();
        let call = Clip::stereo(3, Duration::from_secs(4)).mu_law();
        let store = |name: &str, sound: &[u8]| {
            let mut writer = Writer::new(Cursor::new(Vec::new()), Layout::mu_law(2, 8_000)).unwrap();
            writer.write(sound).unwrap();
            let file = writer.finish().unwrap().into_inner();
            std::fs::write(home.path().join(format!("{name}.wav")), &file).unwrap();
            row(name, &hex::encode(Sha256::digest(&file)))
        };
        let part = |name: &str, from: usize, to: usize| store(name, &call[2 * from..2 * to]);
        // It began 800 samples before its first one was sent.
        let sessions = [session("s-1", SessionState::Matched)];
        let started = sessions[0].began - TimeDelta::milliseconds(25);
        let (agents, sent) = (vec![200..6_200, 19_200..25_200], vec![("s-1".to_owned(), 1_000..31_000)]);
        let sound = Sound { bytes: call.clone(), started, agents, sessions: sent };
        let heard = |rows: &[&RecordingRow]| is_heard(Some(&sound), &sessions, rows, home.path()).unwrap();

        let (first, second) = (part("1", 1_000, 7_000), part("2", 20_000, 26_000));
        assert!(heard(&[&second, &first]));
        assert!(!heard(&[&first]), "one too few");
        assert!(!heard(&[&first, &second, &part("3", 0, 500)]), "one too many");
        assert!(!heard(&[&first, &part("4", 20_000, 21_000)]), "too short");
        assert!(!heard(&[&part("5", 1_100, 7_100), &second]), "elsewhere");
        assert!(!heard(&[&store("6", &[SILENCE; 12_000]), &second]), "silence");
        let mut noise = call[2_000..14_000].to_vec();
        noise[6_000] ^= 0x10;
        assert!(!heard(&[&store("7", &noise), &second]), "another sample");
        assert!(!heard(&[&row("1", &second.sha256), &second]), "other bytes than the database says");
        assert!(!is_heard(None, &[], &[&first], home.path()).unwrap(), "nobody sent any");
        let late = [session("s-2", SessionState::Matched)];
        assert!(!is_heard(Some(&sound), &late, &[&second, &first], home.path()).unwrap(), "another session");
        assert!(is_heard(None, &[], &[], home.path()).unwrap());
    }

    #[test]
    fn a_session_that_is_not_in_the_script_or_not_matched_is_seen() {
        let mut line = line("");
        line.live = vec![ScriptLive { session: "s-1".into(), matched: true }];
        assert!(has_sessions(&line, &[session("s-1", SessionState::Matched)]));
        assert!(!has_sessions(&line, &[session("s-1", SessionState::Empty)]));
        assert!(!has_sessions(&line, &[]));
        let twice = ["s-1", "s-1.2"].map(|id| session(id, SessionState::Matched));
        assert!(!has_sessions(&line, &twice));
    }
}
