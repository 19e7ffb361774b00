//! The script: what must come out, written before anything is played.

use std::fs;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use connector_core::Origin;
use connector_core::testing::conformance::ExpectedCall;
use connector_core::testing::{Clip, Scenario, ScenarioAgent};
use serde::{Deserialize, Serialize};

/// One conversation that must be stored: a line of `script.jsonl`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Line {
    /// Whose call it is.
    pub(crate) tenant: String,
    /// The source it comes from.
    pub(crate) source: String,
    /// The system behind the source.
    pub(crate) vendor: String,
    /// The call's id in the source.
    pub(crate) conversation: String,
    /// Its parts.
    pub(crate) legs: Vec<ScriptLeg>,
    /// Its recordings.
    pub(crate) recordings: Vec<ScriptRecording>,
    /// Its live audio.
    pub(crate) live: Vec<ScriptLive>,
}

impl Line {
    /// A call as a fake plays it: its legs have these ids, and their people are called so.
    pub(crate) fn of(
        origin: Origin,
        vendor: &str,
        scenario: &Scenario,
        call: ExpectedCall,
        legs: Vec<String>,
        name: fn(&ScenarioAgent) -> &str,
    ) -> Self {
        let legs = scenario.calls[call.call].legs().into_iter().zip(legs).map(|(leg, id)| ScriptLeg {
            id,
            agent: name(&scenario.agents[leg.agent]).to_owned(),
            started: leg.started,
            ended: leg.ended,
        });
        let recording = |clip: &Clip| ScriptRecording { sha256: Some(clip.sha256()), size: Some(clip.len()) };
        Self {
            tenant: origin.tenant.to_string(),
            source: origin.source.to_string(),
            vendor: vendor.to_owned(),
            legs: legs.collect(),
            recordings: call.recordings.iter().map(recording).collect(),
            conversation: call.conversation,
            live: Vec::new(),
        }
    }

    /// Whether it is about a call of this source.
    pub(crate) fn is_of(&self, origin: &Origin) -> bool {
        (&*self.tenant, &*self.source) == (&*origin.tenant, &*origin.source)
    }
}

/// A part of the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct ScriptLeg {
    /// The leg's id.
    pub(crate) id: String,
    /// Who took it.
    pub(crate) agent: String,
    /// When it started.
    pub(crate) started: DateTime<Utc>,
    /// When it ended.
    pub(crate) ended: DateTime<Utc>,
}

/// A recording of the conversation; `sha256` is null only where the audio was live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct ScriptRecording {
    /// SHA-256 of its bytes, in lower-case hex.
    pub(crate) sha256: Option<String>,
    /// Its size in bytes.
    pub(crate) size: Option<u64>,
}

/// A live audio session of the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct ScriptLive {
    /// The session's id.
    pub(crate) session: String,
    /// Whether it belongs to an event of a call: an agent is heard in it.
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
