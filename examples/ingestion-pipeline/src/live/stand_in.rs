//! Recording, repairing and matching in their plainest form.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;

use chrono::{DateTime, Utc};
use connector_core::{
    AgentRef, AudioFormat, Conversation, LiveEnd, LiveItem, LiveItems, Result, SampleFormat, wav::Header,
};
use futures_util::TryStreamExt;

use super::spool::failed;

pub(crate) struct Recorded {
    pub(crate) samples: u64,
    pub(crate) lost: u64,
    pub(crate) whole: bool,
}

/// A header for sound of so many bytes.
pub(crate) fn header(format: &AudioFormat, len: u64) -> Vec<u8> {
    let channels = format.speakers.len() as u16;
    match format.samples {
        SampleFormat::MuLaw => {
            let mut out = Vec::new();
            let len = len as u32;
            out.extend(b"RIFF");
            out.extend((50 + len + len % 2).to_le_bytes());
            out.extend(b"WAVEfmt ");
            out.extend(18u32.to_le_bytes());
            out.extend(7u16.to_le_bytes());
            out.extend(channels.to_le_bytes());
            out.extend(format.rate.to_le_bytes());
            out.extend((format.rate * u32::from(channels)).to_le_bytes());
            out.extend(channels.to_le_bytes());
            out.extend(8u16.to_le_bytes());
            out.extend(0u16.to_le_bytes());
            out.extend(b"fact");
            out.extend(4u32.to_le_bytes());
            out.extend((len / u32::from(channels.max(1))).to_le_bytes());
            out.extend(b"data");
            out.extend(len.to_le_bytes());
            out
        }
        _ => connector_core::wav::pcm16(channels, format.rate, len).to_vec(),
    }
}

pub(crate) async fn record(mut items: LiveItems, format: &AudioFormat, path: &Path) -> Result<Recorded> {
    let mut file: Option<File> = None;
    let (mut at, mut lost, mut whole) = (0u64, 0u64, false);
    let io = |error: std::io::Error| failed(&error);
    let silence = |samples: u64| vec![0xFFu8; samples as usize * format.block()];
    while let Some(item) = items.try_next().await? {
        match item {
            LiveItem::Frame(frame) => {
                let file = match &mut file {
                    Some(file) => file,
                    None => {
                        let mut new = File::create(path).map_err(io)?;
                        new.write_all(&header(format, 0)).map_err(io)?;
                        file.insert(new)
                    }
                };
                let gap = frame.position.samples.saturating_sub(at);
                file.write_all(&silence(gap)).map_err(io)?;
                file.write_all(frame.bytes()).map_err(io)?;
                at = frame.end();
            }
            LiveItem::Lost { samples, .. } => lost += samples,
            LiveItem::Ended { at: end, how } => {
                whole = how == LiveEnd::Finished && lost == 0;
                if let Some(file) = &mut file {
                    file.write_all(&silence(end.samples.saturating_sub(at))).map_err(io)?;
                    at = end.samples.max(at);
                }
            }
            _ => {}
        }
    }
    if let Some(mut file) = file {
        file.seek(SeekFrom::Start(0)).map_err(io)?;
        file.write_all(&header(format, at * format.block() as u64)).map_err(io)?;
    } else {
        at = 0;
    }
    Ok(Recorded { samples: at, lost, whole })
}

pub(crate) fn repair(path: &Path) -> Result<Option<Header>> {
    let io = |error: std::io::Error| failed(&error);
    let mut file = OpenOptions::new().read(true).write(true).open(path).map_err(io)?;
    let size = file.metadata().map_err(io)?.len();
    let mut beginning = Vec::new();
    (&mut file).take(1 << 16).read_to_end(&mut beginning).map_err(io)?;
    let Ok(mut found) = Header::parse(&beginning, Some(size)) else { return Ok(None) };
    let block = u64::from(found.block_align);
    let len = (size - found.data_start) / block * block;
    if len == 0 {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(found.data_start - 4)).map_err(io)?;
    file.write_all(&(len as u32).to_le_bytes()).map_err(io)?;
    found.data_len = Some(len);
    Ok(Some(found))
}

#[derive(Clone, Debug)]
pub(crate) struct AgentTime {
    pub(crate) leg: String,
    pub(crate) agent: AgentRef,
    pub(crate) from: DateTime<Utc>,
    pub(crate) to: Option<DateTime<Utc>>,
}

pub(crate) fn agent_times(call: &Conversation) -> Vec<AgentTime> {
    let of = |leg: &connector_core::Leg| {
        Some(AgentTime {
            leg: leg.id.clone(),
            agent: leg.agent.clone()?,
            from: leg.answered?.at,
            to: leg.ended.map(|stamp| stamp.at),
        })
    };
    call.legs.iter().filter_map(of).collect()
}

#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) began: DateTime<Utc>,
    pub(crate) samples: u64,
    pub(crate) rate: u32,
}

#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) session: usize,
    pub(crate) samples: Range<u64>,
    pub(crate) times: Vec<usize>,
}

pub(crate) fn parts(times: &[AgentTime], spans: &[Span], keep: bool) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut covered = DateTime::<Utc>::MIN_UTC;
    for (session, span) in spans.iter().enumerate() {
        let sample = |at: DateTime<Utc>| {
            let nanos = (at - span.began).to_std().map_or(0, |time| time.as_nanos());
            ((nanos * u128::from(span.rate) + 500_000_000) / 1_000_000_000).min(span.samples.into()) as u64
        };
        let begin = sample(covered);
        let mut edges = vec![begin, span.samples];
        edges.extend(times.iter().flat_map(|time| [Some(time.from), time.to]).flatten().map(sample));
        edges.retain(|edge| *edge >= begin);
        edges.sort_unstable();
        edges.dedup();
        for pair in edges.windows(2) {
            let of: Vec<usize> = (0..times.len())
                .filter(|n| sample(times[*n].from) <= pair[0] && times[*n].to.map_or(span.samples, sample) >= pair[1])
                .collect();
            if !of.is_empty() || keep {
                parts.push(Part { session, samples: pair[0]..pair[1], times: of });
            }
        }
        covered = covered.max(span.began + super::length_of(span.samples, span.rate));
    }
    parts
}
