//! Several sources, and whose calls count.

use std::time::Duration;

use async_trait::async_trait;
use connector_core::reconcile::{Archive, ReconcileMode, ReconcileRequest, Stored};
use connector_core::{AgentRef, CallEventKind, Conversation, Item, Result};

use super::source::{at, changed, ended, event, rejected, revision_of, told};
use super::stage::{Seen, Stage, check, stored, until};
use crate::pipeline::SourceOptions;
use crate::recover::Recovering;
use crate::scope::{Member, Scope};
use crate::store::WorkStore;

fn kay() -> Member {
    Member::new(AgentRef::default().with_login("kay"))
}

/// An archive that holds nothing, so that a reconciliation finds every call.
#[derive(Debug)]
struct Nothing;

#[async_trait]
impl Archive for Nothing {
    async fn stored(&self, of: &[Conversation]) -> Result<Vec<Option<Stored>>> {
        Ok(of.iter().map(|_| None).collect())
    }
}

pub(super) async fn outsiders(stage: Stage<'_>) -> Seen {
    let (doors, source) = (stage.open().await?, stage.source("acme", "drop"));
    let scope = Scope::of([kay()]).with_clock(stage.clock);
    let running = stage.start(&doors, &[(&source, SourceOptions::default().scope(scope.clone()))]);
    source.offer_event(event(CallEventKind::Ended, &told("theirs", 1, "lee")));
    let mut hint = event(CallEventKind::Ended, &told("hinted", 1, "lee"));
    hint.facts = None;
    source.know(told("hinted", 1, "lee"));
    source.offer_event(hint);
    source.offer_event(ended("ours", 1));
    stage.rest(&doors, &[&source]).await?;

    source.know(told("past", 1, "lee"));
    source.know(told("missed", 1, "kay"));
    let recovering = Recovering::new(source.connector(), doors.clone(), Nothing)
        .with_clock(stage.clock)
        .with_scope(scope)
        .with_patience(Duration::ZERO);
    recovering.run(ReconcileRequest::between(ReconcileMode::Manual, at(-60), at(60))).await?;
    stage.finish(&doors, &[&source], running).await?;

    for id in ["theirs", "hinted", "past"] {
        check(doors.call(source.origin(), id).await?.is_none(), || format!("the call {id} of an outsider is stored"))?;
        check(!doors.is_known(source.origin(), id).await?, || {
            format!("is_known() says that {id} is known, which is not stored and not worked on")
        })?;
    }
    for id in ["ours", "missed"] {
        let call = stored(&doors, &source, id).await?;
        check(stage.sink.has(&call, &source), || format!("the recording of {id} is not stored"))?;
    }
    let kept = (stage.sink.count(), stage.sent.all().len(), source.settled());
    check(kept == (2, 2, vec!["ours/1".into()]), || {
        format!("2 recordings, 2 messages and 1 receipt were sought, {kept:?} came")
    })
}

pub(super) async fn apart(stage: Stage<'_>) -> Seen {
    let doors = stage.open().await?;
    let sources = [stage.source("acme", "drop"), stage.source("acme", "other"), stage.source("zeta", "drop")];
    let of_all: Vec<_> = sources.iter().map(|source| (source, SourceOptions::default())).collect();
    let running = stage.start(&doors, &of_all);
    for source in &sources {
        let mut facts = told("c", 1, "kay");
        facts.attributes.insert("of".into(), source.origin().to_string());
        source.offer([Item::Event(event(CallEventKind::Ended, &facts)), Item::Rejected(rejected(Some("bad")))]);
    }
    let report = stage.finish(&doors, &sources.iter().collect::<Vec<_>>(), running).await?;
    check((report.events, report.rejected) == (3, 3), || {
        format!("3 sources told of an event and a rejection each, recorded were {report}")
    })?;
    for source in &sources {
        let (call, origin) = (stored(&doors, source, "c").await?, source.origin());
        let is_own = call.origin == *origin && call.document.attributes.get("of") == Some(&origin.to_string());
        check(is_own && stage.sink.has(&call, source), || format!("what is stored as {origin} is of another source"))?;
        check(stage.sent.versions(source, "c") == [1], || format!("{origin} does not have one message"))?;
        let mut settled = source.settled();
        settled.sort();
        check(settled == ["bad", "c/1"], || format!("{origin} was told {settled:?}"))?;
    }
    Ok(())
}

pub(super) async fn moved(stage: Stage<'_>) -> Seen {
    let mut doors = stage.open().await?;
    let (first, second) = (stage.source("acme", "drop"), stage.source("acme", "other"));
    let (of_first, of_second) = (Scope::of([kay()]), Scope::of([]));
    let (of_first, of_second) = (of_first.with_clock(stage.clock), of_second.with_clock(stage.clock));
    let sources = [
        (&first, SourceOptions::default().scope(of_first.clone())),
        (&second, SourceOptions::default().scope(of_second.clone())),
    ];
    let running = stage.start(&doors, &sources);
    first.offer_up_to("first 1", ended("before", 1));
    stage.rest(&doors, &[&first, &second]).await?;

    // Kay moves. One call began before, one that is stored is told of again with another agent, and one is new.
    let moved = stage.clock.now();
    of_first.set([kay().with_until(moved)]);
    of_second.set([kay()]);
    first.offer_up_to("first 2", ended("running", 1));
    first.offer_up_to("first 3", event(CallEventKind::MetadataChanged, &told("before", 2, "lee")));
    second.offer_up_to("second 1", ended("next", 1));
    second.offer_up_to("second 2", changed("next", 2));
    stage.rest(&doors, &[&first, &second]).await?;
    running.kill().await;

    doors = stage.open().await?;
    let running = stage.start(&doors, &sources);
    until("both sources are heard again", || first.subscriptions() == 2 && second.subscriptions() == 2).await?;
    stage.finish(&doors, &[&first, &second], running).await?;
    for (source, id, revision) in [(&first, "before", "2"), (&first, "running", "1"), (&second, "next", "2")] {
        let call = stored(&doors, source, id).await?;
        let found = revision_of(&call.document);
        check(found == revision, || format!("revision {revision} of the call {id} was sought, stored is {found}"))?;
        check(stage.sink.has(&call, source), || format!("the recording of {id} is not stored"))?;
    }
    for (source, other, id) in [(&first, &second, "before"), (&second, &first, "next")] {
        check(doors.call(other.origin(), id).await?.is_none(), || {
            format!("{id} of {} is stored as a call of {}", source.origin(), other.origin())
        })?;
    }
    for (source, cursor) in [(&first, "first 3"), (&second, "second 2")] {
        let from = source.heard_from();
        check(from.as_deref() == Some(cursor), || {
            format!("{} is to be heard from {cursor:?} on after a restart, it is from {from:?}", source.origin())
        })?;
    }
    Ok(())
}
