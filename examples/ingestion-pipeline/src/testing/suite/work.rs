//! The work on one call: restarts, revisions, leases.

use std::time::Duration;

use connector_core::{Item, Vendor};
use tokio::time::sleep;

use super::doors::Act;
use super::source::{changed, ended, revision_of};
use super::stage::{Seen, Stage, check, stored, until};
use crate::call::{Media, StoredCall};
use crate::store::WorkStore;
use crate::work::Batch;

/// Where a process dies.
const DEATHS: [(&str, Act); 5] = [
    ("lease", Act::HangBefore),
    ("call", Act::HangBefore),
    ("commit", Act::HangBefore),
    ("commit", Act::HangAfter),
    ("finish", Act::HangBefore),
];

pub(super) fn restarts() -> impl Iterator<Item = (&'static str, Act)> {
    DEATHS.into_iter()
}

pub(super) async fn restart(stage: Stage<'_>, (method, act): (&'static str, Act)) -> Seen {
    let (dying, source) = (stage.open().await?, stage.source("acme", "drop"));
    let running = stage.start_one(&dying, &source);
    dying.plan(method, [act]);
    source.offer_event(ended("c", 1));
    until("the delivery is accepted", || source.all_accepted()).await?;
    sleep(Duration::from_secs(5)).await;
    running.kill().await;
    drop(dying);

    let doors = stage.open().await?;
    let running = stage.start_one(&doors, &source);
    stage.finish(&doors, &[&source], running).await?;
    let call = stored(&doors, &source, "c").await?;
    let what = format!("the process died {} {method}()", if act == Act::HangBefore { "before" } else { "after" });
    let is_whole = call.version == 1 && call.media == Media::Complete && stage.sink.has(&call, &source);
    check(is_whole, || format!("{what}: stored is version {} with {:?} recordings", call.version, call.media))?;
    let versions = stage.sent.versions(&source, "c");
    check(!versions.is_empty() && versions.iter().all(|version| *version == 1), || {
        format!("{what}: messages of versions {versions:?} were handed over")
    })?;
    check(source.settled().contains(&"c/1".to_owned()), || format!("{what}: the receipt is lost"))
}

/// The orders in which revisions are told.
pub(super) fn orders() -> impl Iterator<Item = [u32; 3]> {
    [[1, 2, 3], [1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]].into_iter()
}

pub(super) async fn revisions(stage: Stage<'_>, order: [u32; 3]) -> Seen {
    let (doors, source) = (stage.open().await?, stage.source("acme", "drop"));
    let running = stage.start_one(&doors, &source);
    // All at once, and everything twice.
    let events = order.iter().flat_map(|revision| [ended("together", *revision), changed("together", *revision)]);
    let together: Vec<Item> = events.map(Item::Event).collect();
    source.offer(together.clone());
    source.offer(together);
    // And one after another.
    for revision in order {
        for event in [ended("apart", revision), changed("apart", revision), ended("apart", revision)] {
            source.offer_event(event);
        }
        stage.rest(&doors, &[&source]).await?;
    }
    stage.finish(&doors, &[&source], running).await?;
    for id in ["together", "apart"] {
        let call = stored(&doors, &source, id).await?;
        let (found, versions) = (revision_of(&call.document), stage.sent.versions(&source, id));
        check(found == "3", || format!("told {id} as {order:?}: revision {found} is stored"))?;
        check(versions == (1..=call.version).collect::<Vec<_>>(), || {
            format!("told {id} as {order:?}: version {} is stored, handed over were {versions:?}", call.version)
        })?;
    }
    Ok(())
}

pub(super) async fn versions(stage: Stage<'_>) -> Seen {
    let (doors, source) = (stage.open().await?, stage.source("acme", "drop"));
    let (origin, now) = (source.origin().clone(), stage.clock.now());
    let of = std::slice::from_ref(&origin);
    let mut batch = Batch::new(origin.clone(), Vendor::UNIVERSAL, now, None, Vec::new());
    batch.events.push(ended("c", 1));
    doors.record(&batch).await?;
    let row = doors.lease(of, now, Duration::from_secs(60), 1).await?.pop();
    let Some(row) = row else { return check(false, || "an event that ends a call makes no work".into()) };
    let version = |version| {
        let document = row.facts.clone().unwrap_or_else(|| super::source::told("c", 1, "kay"));
        let prefix = StoredCall::prefix_of(&origin, &document, now);
        let (origin, recordings, media) = (origin.clone(), Vec::new(), Media::None);
        StoredCall { origin, version, document, recordings, media, prefix, first_seen: now, stored: now, updated: now }
    };
    for (number, is_next) in [(2, false), (1, true), (1, false), (3, false), (2, true), (1, false)] {
        let done = doors.commit(&row.lease, &version(number)).await?;
        check(done == is_next, || format!("commit() of version {number} said {done}"))?;
    }
    let call = stored(&doors, &source, "c").await?;
    let waiting: Vec<u32> = doors.unpublished(&origin, "c").await?.iter().map(|message| message.version).collect();
    check((call.version, waiting.as_slice()) == (2, &[1, 2]), || {
        format!("versions 1 and 2 were committed; stored is {}, to be published are {waiting:?}", call.version)
    })
}

pub(super) async fn generation(stage: Stage<'_>) -> Seen {
    let (doors, source) = (stage.open().await?, stage.source("acme", "drop"));
    source.hold();
    let running = stage.start_one(&doors, &source);
    source.offer_event(ended("c", 1));
    until("the recording is asked for", || source.downloads() == 1).await?;
    source.offer_event(changed("c", 2));
    until("the second delivery is accepted", || source.all_accepted()).await?;
    source.release();
    stage.finish(&doors, &[&source], running).await?;
    let call = stored(&doors, &source, "c").await?;
    let found = revision_of(&call.document);
    check(found == "2", || format!("revision 2 came while the call was worked on, stored is {found}"))?;
    let mut settled = source.settled();
    settled.sort();
    settled.dedup();
    check(settled == ["c/1", "c/2"], || format!("two receipts were owed, settled are {settled:?}"))
}

pub(super) async fn lost_lease(stage: Stage<'_>) -> Seen {
    let (slow, fast) = (stage.open().await?, stage.open().await?);
    // Two processes hear one source, each by a connector of its own.
    let (of_slow, of_fast) = (stage.source("acme", "drop"), stage.source("acme", "drop"));
    of_slow.hold();
    of_fast.hold();
    slow.plan("renew", [Act::FailBefore; 1_000]);
    let first = stage.start_one(&slow, &of_slow);
    of_slow.offer_event(ended("c", 1));
    until("the first process asks for the recording", || of_slow.downloads() == 1).await?;
    // It takes nothing else: it would take this very call again.
    slow.plan("lease", [Act::HangBefore]);
    let second = stage.start_one(&fast, &of_fast);
    until("the lease runs out, and the second process asks for the recording", || of_fast.downloads() == 1).await?;

    of_slow.release();
    until("the first process has the recording", || stage.sink.puts() == 1).await?;
    // It may commit now, and must not; the other one still has the lease.
    sleep(Duration::from_secs(5)).await;
    check(fast.call(of_fast.origin(), "c").await?.is_none(), || "who lost the lease committed a call".into())?;
    check(stage.sent.all().is_empty(), || "who lost the lease published a message".into())?;
    first.kill().await;
    of_fast.release();
    stage.finish(&fast, &[&of_fast], second).await?;
    let (call, versions) = (stored(&fast, &of_fast, "c").await?, stage.sent.versions(&of_fast, "c"));
    check((call.version, versions.as_slice()) == (1, &[1]), || {
        format!("one process worked: stored is version {}, handed over were {versions:?}", call.version)
    })
}
