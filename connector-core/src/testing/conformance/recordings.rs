//! Recordings: whole, in order, or gone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use sha2::{Digest, Sha256};
use tokio::time::sleep;

use super::expected::ExpectedCall;
use super::seen::{Miss, Seen, timely};
use super::stage::{Stage, full_day, short_day};
use super::subject::{Plan, Subject};
use crate::testing::{Clip, Fault, FaultPlan};
use crate::{
    Conversation, ConversationRef, DownloadOptions, Lookup, LookupOptions, Outlook, Recording, RecordingDownloader,
    RecordingDownloaderExt, RecordingOptions, ResumeOptions,
};

/// What goes wrong with recordings alone.
pub(super) const FAULTS: [Fault; 3] = [Fault::CutDownload, Fault::NotReady, Fault::ExpiredLink];

/// How often each of them happens, and at which of so many opportunities: nobody has to bear the same twice in a row.
const TIMES: usize = 3;
const EVERY: usize = 2;

fn job(stage: &Stage<'_>) -> Result<Arc<dyn RecordingDownloader>, Miss> {
    stage.connector()?.recordings().ok_or_else(|| Miss::not_applicable("it fetches no recordings"))
}

/// The calls of the whole day, each with the facts that there are: from its events, or else from the history.
async fn calls(stage: &Stage<'_>) -> Result<Vec<(ExpectedCall, Conversation)>, Miss> {
    let mut facts: BTreeMap<String, Conversation> = BTreeMap::new();
    if stage.connector()?.events().is_some() {
        let mut hearing = stage.listen().await?;
        stage.hear_all(&mut hearing).await?;
        let told = hearing.heard.events.into_iter().filter_map(|event| event.facts);
        facts.extend(told.map(|told| (told.this.id.clone(), *told)));
    } else {
        stage.fake.play(stage.calls()).await?;
    }
    let mut calls = Vec::new();
    for expected in stage.expected(stage.calls()) {
        let call = match (facts.remove(&expected.conversation), stage.connector()?.history()) {
            (Some(facts), _) => facts,
            (None, Some(history)) => {
                let of = ConversationRef::new(&expected.conversation);
                match history.conversation(&of, LookupOptions::default()).await? {
                    Lookup::Ready(call) => call,
                    _ => return Err(Miss::failed(format!("the history does not know {of}"))),
                }
            }
            (None, None) => {
                Conversation::new(ConversationRef::new(&expected.conversation), stage.connector()?.vendor().clone())
            }
        };
        calls.push((expected, call));
    }
    Ok(calls)
}

/// The recordings of one call, once all of them are there.
async fn of_call(job: &Arc<dyn RecordingDownloader>, call: &Conversation) -> Result<Vec<Recording>, Miss> {
    loop {
        let mut answers = job.recordings(std::slice::from_ref(call), RecordingOptions::default()).await;
        let Some(answer) = answers.pop().filter(|_| answers.is_empty()) else {
            return Err(Miss::failed("not one answer to the question about one call"));
        };
        let set = answer?;
        match set.outlook {
            Outlook::More { retry_after } => sleep(retry_after).await,
            _ => return Ok(set.items),
        }
    }
}

/// All bytes of a recording, cuts healed.
async fn fetch(job: &Arc<dyn RecordingDownloader>, recording: &Recording) -> Result<Vec<u8>, Miss> {
    loop {
        let options = ResumeOptions { pause: Duration::from_millis(5), ..ResumeOptions::default() };
        match job.whole(recording, options).await? {
            Lookup::Ready(download) => {
                let pieces: Vec<_> = download.bytes.try_collect().await?;
                return Ok(pieces.concat());
            }
            Lookup::NotReady { retry_after } => sleep(retry_after).await,
            Lookup::Gone(why) => return Err(Miss::failed(format!("a recording that is there: {why}"))),
        }
    }
}

pub(super) async fn whole(subject: &dyn Subject) -> Seen {
    let possible = subject.faults();
    let faults = FAULTS.into_iter().filter(|fault| possible.contains(fault));
    let faults = faults.fold(FaultPlan::none(), |plan, fault| plan.with(fault, TIMES).every(fault, EVERY));
    let mut plan = Plan::calm(full_day());
    plan.faults = faults.clone();
    let stage = Stage::new(subject, plan).await?;
    let (job, patience) = (job(&stage)?, subject.patience());
    let mut count = 0;
    let mut longest = None;
    for (expected, call) in calls(&stage).await? {
        let recordings = timely(patience, "recordings()", of_call(&job, &call)).await??;
        let mut hashes = BTreeSet::new();
        for recording in recordings {
            let bytes = timely(patience, "download()", fetch(&job, &recording)).await??;
            hashes.insert(hex::encode(Sha256::digest(&bytes)));
            if longest.as_ref().is_none_or(|(_, known): &(_, Vec<u8>)| known.len() < bytes.len()) {
                longest = Some((recording, bytes));
            }
        }
        if hashes != expected.recordings.iter().map(Clip::sha256).collect() {
            return Err(Miss::failed(format!("the recordings of {} are others, or spoilt", expected.conversation)));
        }
        count += hashes.len();
    }
    if let Some((fault, left)) = faults.unfired().first() {
        return Err(Miss::failed(format!("{left} × {fault} did not happen")));
    }
    if let Some((recording, bytes)) = longest {
        timely(patience, "download()", from_the_middle(&job, &recording, &bytes)).await??;
    }
    Ok(format!("{count} recordings with {faults}, and one from its middle"))
}

/// Fetches the second half of a recording alone, held to the version of the first.
async fn from_the_middle(job: &Arc<dyn RecordingDownloader>, recording: &Recording, whole: &[u8]) -> Result<(), Miss> {
    let Lookup::Ready(first) = job.download(recording, DownloadOptions::default()).await? else {
        return Err(Miss::failed("a recording that was there is not there any more"));
    };
    let from = whole.len() as u64 / 2;
    let options = DownloadOptions { from, validator: first.validator.clone(), ..DownloadOptions::default() };
    drop(first);
    let Lookup::Ready(rest) = job.download(recording, options).await? else {
        return Err(Miss::failed("a recording that was there is not there any more"));
    };
    if rest.from != from {
        return Err(Miss::failed(format!("asked for byte {from} of the same version, it started at {}", rest.from)));
    }
    let pieces: Vec<_> = rest.bytes.try_collect().await?;
    if pieces.concat() == whole[whole.len() / 2..] {
        return Ok(());
    }
    Err(Miss::failed("the second half does not fit the first"))
}

pub(super) async fn in_order(subject: &dyn Subject) -> Seen {
    let stage = Stage::calm(subject, short_day()).await?;
    let job = job(&stage)?;
    let mut calls = calls(&stage).await?;
    calls.reverse();
    let unknown = Conversation::new(ConversationRef::new("no-such-call-0"), stage.connector()?.vendor().clone());
    let mut asked: Vec<Conversation> = calls.iter().map(|(_, call)| call.clone()).collect();
    asked.insert(asked.len() / 2, unknown);
    let answers = job.recordings(&asked, RecordingOptions::default());
    let answers = timely(subject.patience(), "recordings()", answers).await?;
    if answers.len() != asked.len() {
        return Err(Miss::failed(format!("{} answers to {} calls", answers.len(), asked.len())));
    }
    for (call, answer) in asked.iter().zip(&answers) {
        let Ok(set) = answer else { continue };
        let recorded =
            calls.iter().any(|(expected, _)| expected.conversation == call.this.id && !expected.recordings.is_empty());
        let awaited = matches!(set.outlook, Outlook::More { .. });
        let strange = set.items.iter().any(|recording| recording.conversation.id != call.this.id);
        if strange || (recorded && set.items.is_empty() && !awaited) {
            return Err(Miss::failed(format!("the answer in the place of {} is not about it", call.this)));
        }
    }
    Ok(format!("{} answers in the order of the calls", answers.len()))
}

pub(super) async fn gone(subject: &dyn Subject) -> Seen {
    let stage = Stage::calm(subject, short_day()).await?;
    let (job, patience) = (job(&stage)?, subject.patience());
    let mut known = Vec::new();
    for (_, call) in calls(&stage).await? {
        known.extend(timely(patience, "recordings()", of_call(&job, &call)).await??);
    }
    stage.fake.delete_recordings().await.map_err(|error| Miss::failed(format!("the fake failed: {error}")))?;
    for recording in &known {
        match timely(patience, "download()", job.download(recording, DownloadOptions::default())).await? {
            Ok(Lookup::Gone(_)) => {}
            Ok(_) => return Err(Miss::failed("a recording that was deleted is not gone")),
            Err(error) => return Err(Miss::failed(format!("a recording that was deleted is an error: {error}"))),
        }
    }
    Ok(format!("{} recordings that were deleted are gone", known.len()))
}
