//! An organisation without sockets, on a clock that tests pause.
#![allow(dead_code, reason = "each test uses what it needs")]

use std::sync::Arc;

use connector_core::testing::http::{Answer, Answers, InProcess, Request};
use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{
    Clock, Context, Conversation, ConversationHistory, ConversationRef, Lookup, LookupOptions, RecordingDownloaderExt,
    RecordingSet, Result, ResumeOptions,
};
use connector_genesys::testing::Fake;
use connector_genesys::{Genesys, GenesysConfig};
use futures_util::TryStreamExt;

/// A fake, and a client of it.
pub(crate) struct Org {
    pub(crate) fake: Arc<Fake>,
    pub(crate) genesys: Genesys,
    pub(crate) clock: Clock,
}

impl Org {
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
        change: impl FnOnce(GenesysConfig) -> GenesysConfig,
    ) -> Self {
        let fake = Arc::new(fake);
        let (answers, known) = (fake.answers(), fake.clone());
        Self::answered(fake, change, move |request: &Request| between(&known, request, answers.answer(request)))
    }

    /// With answers of its own.
    pub(crate) fn answered(
        fake: Arc<Fake>,
        change: impl FnOnce(GenesysConfig) -> GenesysConfig,
        answers: impl Answers,
    ) -> Self {
        let clock = Clock::starting_at(fake.scenario().starts);
        let cx = Context::default()
            .for_source("acme", "genesys")
            .with_clock(clock)
            .with_transport(Arc::new(InProcess::new(answers)));
        let genesys = Genesys::new(change(fake.config()), &cx).expect("the settings make sense");
        Self { fake, genesys, clock }
    }

    /// The first recorded call with so many legs.
    pub(crate) fn call_with(&self, legs: usize) -> usize {
        self.fake.scenario().recorded_call(legs).expect("the day has one like that")
    }

    pub(crate) fn id(&self, call: usize) -> String {
        self.fake.scenario().calls[call].id.clone()
    }

    /// What the history tells of a call.
    pub(crate) async fn facts(&self, call: usize) -> Conversation {
        match self.found(&self.id(call)).await.expect("an answer") {
            Lookup::Ready(call) => call,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn found(&self, id: &str) -> Result<Lookup<Conversation>> {
        self.genesys.history().conversation(&ConversationRef::new(id), LookupOptions::default()).await
    }

    pub(crate) async fn set(&self, call: &Conversation) -> RecordingSet {
        self.genesys.recordings().of(call).await.expect("an answer")
    }

    /// All bytes of a recording, cuts healed.
    pub(crate) async fn bytes(&self, recording: &connector_core::Recording) -> Result<Vec<u8>> {
        match self.genesys.recordings().whole(recording, ResumeOptions::default()).await? {
            Lookup::Ready(download) => Ok(download.bytes.try_collect::<Vec<_>>().await?.concat()),
            other => panic!("{other:?}"),
        }
    }
}

/// The JSON of an answer, changed.
pub(crate) fn changed(answer: &Answer, change: impl FnOnce(&mut serde_json::Value)) -> Answer {
    let mut body = serde_json::from_slice(&answer.body).expect("JSON");
    change(&mut body);
    Answer::json(&body).with_status(answer.status.as_u16())
}
