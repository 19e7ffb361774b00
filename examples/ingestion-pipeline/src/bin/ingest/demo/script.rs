//! The script: what must come out, written before anything is played.

use std::fs;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One conversation that must be stored: a line of `script.jsonl`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) tenant: String,
    pub(crate) source: String,
    pub(crate) vendor: String,
    pub(crate) conversation: String,
    pub(crate) legs: Vec<ScriptLeg>,
    pub(crate) recordings: Vec<ScriptRecording>,
    pub(crate) live: Vec<ScriptLive>,
}

/// A part of the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ScriptLeg {
    pub(crate) id: String,
    pub(crate) agent: String,
    pub(crate) started: DateTime<Utc>,
    pub(crate) ended: DateTime<Utc>,
}

/// A recording of the conversation; `sha256` is null only where the audio was live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ScriptRecording {
    pub(crate) sha256: Option<String>,
    pub(crate) size: Option<u64>,
}

/// A live audio session of the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ScriptLive {
    pub(crate) session: String,
    pub(crate) matched: bool,
}

/// Writes the script, one line a conversation.
pub(crate) fn write(path: &Path, lines: &[Line]) -> anyhow::Result<()> {
    let mut file = BufWriter::new(fs::File::create(path).with_context(|| format!("cannot write {}", path.display()))?);
    for line in lines {
        serde_json::to_writer(&mut file, line)?;
        file.write_all(b"\n")?;
    }
    file.flush()?;
    Ok(())
}

/// Reads the script back: what is counted is what was written, not what the player remembers.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<Line>> {
    let file = fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    BufReader::new(file).lines().map(|line| Ok(serde_json::from_str(&line?)?)).collect()
}
