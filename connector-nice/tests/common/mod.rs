//! A tenant without sockets, on a clock that tests pause.
#![allow(dead_code, reason = "each test uses what it needs")]

use std::sync::Arc;

use connector_core::testing::http::{Answer, Answers, InProcess, Request};
use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{
    Clock, Context, Conversation, ConversationHistory, ConversationRef, Lookup, LookupOptions, RecordingDownloader,
    RecordingDownloaderExt, RecordingSet, Result, ResumeOptions,
};
use connector_nice::testing::Fake;
use connector_nice::{NiceConfig, NiceCxone};
use futures_util::TryStreamExt;

/// A fake, and a client of it.
pub(crate) struct Tenant {
    pub(crate) fake: Arc<Fake>,
    pub(crate) nice: NiceCxone,
    pub(crate) clock: Clock,
}

impl Tenant {
    /// Of a day whose time is that of the tests' clock.
    pub(crate) fn new(faults: FaultPlan) -> Self {
        Self::of(Fake::new(&Scenario::small(7), faults))
    }

    pub(crate) fn of(fake: Fake) -> Self {
        Self::with(fake, |_, _, answer| answer, |config| config)
    }

    /// With what lies between the client and the fake, and other settings.
    pub(crate) fn with(
        fake: Fake,
        between: impl Fn(&Fake, &Request, Answer) -> Answer + Send + Sync + 'static,
        change: impl FnOnce(NiceConfig) -> NiceConfig,
    ) -> Self {
        Self::within(&Context::default(), fake, between, change)
    }

    pub(crate) fn within(
        cx: &Context,
        fake: Fake,
        between: impl Fn(&Fake, &Request, Answer) -> Answer + Send + Sync + 'static,
        change: impl FnOnce(NiceConfig) -> NiceConfig,
    ) -> Self {
        let fake = Arc::new(fake);
        let clock = Clock::starting_at(fake.scenario().starts);
        let (answers, known) = (fake.answers(), fake.clone());
        let answer = move |request: &Request| between(&known, request, answers.answer(request));
        let cx = cx.for_source("acme", "nice").with_clock(clock).with_transport(Arc::new(InProcess::new(answer)));
        let nice = NiceCxone::new(change(fake.config()), &cx).expect("the settings make sense");
        Self { fake, nice, clock }
    }

    /// The first recorded call with so many legs.
    pub(crate) fn call_with(&self, legs: usize) -> usize {
        self.fake.scenario().recorded_call(legs).expect("the day has one like that")
    }

    /// What the history tells of a call.
    pub(crate) async fn facts(&self, call: usize) -> Conversation {
        facts(&self.nice, &self.fake.contact_ids(call)[0]).await
    }

    pub(crate) async fn set(&self, call: &Conversation) -> RecordingSet {
        self.nice.recordings().of(call).await.expect("an answer")
    }
}

pub(crate) async fn facts(nice: &NiceCxone, id: &str) -> Conversation {
    match nice.history().conversation(&ConversationRef::new(id), LookupOptions::default()).await {
        Ok(Lookup::Ready(call)) => call,
        other => panic!("{other:?}"),
    }
}

/// All bytes of a recording, cuts healed.
pub(crate) async fn bytes<Job: RecordingDownloader + Clone>(
    job: &Job,
    recording: &connector_core::Recording,
) -> Result<Vec<u8>> {
    match job.whole(recording, ResumeOptions::default()).await? {
        Lookup::Ready(download) => Ok(download.bytes.try_collect::<Vec<_>>().await?.concat()),
        other => panic!("{other:?}"),
    }
}
