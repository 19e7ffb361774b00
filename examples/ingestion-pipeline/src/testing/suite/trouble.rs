//! What is refused, rejected, handed on twice, and what a full disk does.

use std::time::Duration;

use connector_core::{Item, Vendor};
use tokio::time::sleep;

use super::doors::Act;
use super::source::{ended, rejected};
use super::stage::{Seen, Stage, check, stored, until};
use crate::store::WorkStore;
use crate::work::{Batch, Recorded};

pub(super) async fn redelivery(stage: Stage<'_>) -> Seen {
    let (doors, source) = (stage.open().await?, stage.source("acme", "drop"));
    doors.plan("record", [Act::FailBefore, Act::FailAfter]);
    source.offer([Item::Event(ended("c", 1)), Item::Event(ended("d", 1))]);
    let running = stage.start_one(&doors, &source);
    let report = stage.finish(&doors, &[&source], running).await?;
    check(source.refused() == 2, || format!("2 deliveries should have been refused, {} were", source.refused()))?;
    check((report.events, report.repeated) == (0, 2), || {
        format!("both events were stored before they were refused: 2 repeated were sought, recorded was {report}")
    })?;
    for id in ["c", "d"] {
        let (call, versions) = (stored(&doors, &source, id).await?, stage.sent.versions(&source, id));
        check((call.version, versions.as_slice()) == (1, &[1]), || {
            format!("{id} was told twice: version {} is stored, handed over were {versions:?}", call.version)
        })?;
    }
    // Whoever offers it once more, though it is settled, is told once more.
    let settled = source.settled().len();
    source.offer_event(ended("c", 1));
    let running = stage.start_one(&doors, &source);
    let report = stage.finish(&doors, &[&source], running).await?;
    check((report.events, report.repeated) == (0, 1), || format!("a known event was repeated, recorded was {report}"))?;
    check(source.settled().len() == settled + 1, || "a receipt that came again was not settled again".into())
}

pub(super) async fn outbox(stage: Stage<'_>) -> Seen {
    let (dying, source) = (stage.open().await?, stage.source("acme", "drop"));
    dying.plan("published", [Act::HangBefore]);
    source.offer_event(ended("c", 1));
    let running = stage.start_one(&dying, &source);
    until("the message is handed over", || !stage.sent.all().is_empty() && dying.all_done()).await?;
    running.kill().await;
    drop(dying);

    let doors = stage.open().await?;
    let waiting = doors.unpublished(source.origin(), "c").await?.len();
    check(waiting == 1, || format!("nobody noted that the message was published, yet {waiting} wait"))?;
    let running = stage.start_one(&doors, &source);
    stage.finish(&doors, &[&source], running).await?;
    let keys: Vec<String> = stage.sent.all().into_iter().map(|message| message.key).collect();
    check(keys == ["acme/drop/c#1", "acme/drop/c#1"], || format!("one key twice was sought, {keys:?} came"))?;
    let waiting = doors.unpublished(source.origin(), "c").await?.len();
    check(waiting == 0, || format!("all is published, yet {waiting} messages wait"))
}

pub(super) async fn dead_letters(stage: Stage<'_>) -> Seen {
    let (doors, source) = (stage.open().await?, stage.source("acme", "drop"));
    source.fail_settles(1);
    let running = stage.start_one(&doors, &source);
    for _ in 0..2 {
        source.offer([Item::Rejected(rejected(Some("bad"))), Item::Rejected(rejected(None))]);
    }
    let report = stage.finish(&doors, &[&source], running).await?;
    check((report.rejected, report.repeated) == (2, 2), || {
        format!("two rejections were told twice: 2 new and 2 repeated were sought, recorded was {report}")
    })?;
    check(source.settled().contains(&"bad".to_owned()), || "the source was not told of its rejection".into())?;

    let mut batch = Batch::new(source.origin().clone(), Vendor::UNIVERSAL, stage.clock.now(), None, Vec::new());
    batch.rejected.extend([rejected(Some("bad")), rejected(None)]);
    let recorded = doors.record(&batch).await?;
    check(recorded == Recorded { repeated: 2, ..Recorded::default() }, || {
        format!("rejections that are known and told were told again, recorded was {recorded:?}")
    })?;
    let of = std::slice::from_ref(source.origin());
    let waiting = doors.unsettled_rejections(of, 0, 9).await?;
    check(waiting.len() == 1 && waiting[0].receipt.as_str() == "bad", || {
        format!("what is offered again is to be settled again: {} wait", waiting.len())
    })?;
    let running = stage.start_one(&doors, &source);
    stage.finish(&doors, &[&source], running).await?;
    check(doors.unsettled_rejections(of, 0, 9).await?.is_empty(), || "a rejection that was told still waits".into())
}

/// Methods that write: they can fail after they did their work.
const WRITING: [&str; 5] = ["record", "lease", "commit", "finish", "rejection_settled"];

pub(super) async fn full_disk(stage: Stage<'_>) -> Seen {
    let (doors, source) = (stage.open().await?, stage.source("acme", "drop"));
    stage.sink.fail_puts(2);
    for method in ["record", "lease", "call", "commit", "unpublished", "finish", "park"] {
        doors.plan(method, [Act::FailBefore; 2]);
    }
    for method in ["cursor", "next_due", "published", "unsettled_rejections", "rejection_settled"] {
        doors.plan(method, [Act::FailBefore]);
    }
    for method in WRITING {
        doors.plan(method, [Act::FailAfter]);
    }
    source.offer([Item::Event(ended("c", 1)), Item::Rejected(rejected(Some("bad")))]);
    let running = stage.start_one(&doors, &source);
    until("the call is settled", || source.settled().contains(&"c/1".to_owned())).await?;
    // A finish that failed leaves its lease to run out.
    sleep(Duration::from_secs(300)).await;
    stage.finish(&doors, &[&source], running).await?;
    check(doors.all_done(), || "some methods were not called as often as the work needs them".into())?;
    let call = stored(&doors, &source, "c").await?;
    let versions = stage.sent.versions(&source, "c");
    check(call.version == 1 && stage.sink.has(&call, &source), || {
        format!("version {} is stored, its recording: {}", call.version, stage.sink.has(&call, &source))
    })?;
    check(!versions.is_empty() && versions.iter().all(|version| *version == 1), || {
        format!("messages of versions {versions:?} were handed over")
    })?;
    check(source.settled().contains(&"bad".to_owned()), || "the source was not told of its rejection".into())
}
