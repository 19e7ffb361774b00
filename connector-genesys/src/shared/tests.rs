//! What a job lacks.

use std::sync::Arc;

use connector_core::testing::http::{Answer, Answers, InProcess, Request};
use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{Context, ConversationHistory, RecordingDownloader};

use super::*;
use crate::testing::{Endpoint, Fake};
use crate::uses::{AGENTS_CHECK, EVENTS_CHECK, RECORDINGS_CHECK};
use crate::{GenesysHistory, GenesysRecordings};

pub(crate) fn centre() -> (Fake, Shared) {
    let fake = Fake::new(&Scenario::small(7), FaultPlan::none());
    let shared = answered(&fake, fake.answers());
    (fake, shared)
}

pub(crate) fn answered(fake: &Fake, answers: impl Answers) -> Shared {
    let cx = Context::default().with_transport(Arc::new(InProcess::new(answers)));
    Shared::new(Connection::new(cx, fake.config())).expect("no route that could be taken")
}

#[tokio::test(start_paused = true)]
async fn each_job_names_the_permission_that_it_lacks() {
    let (fake, shared) = centre();
    let jobs: [(&str, &[Probe]); 3] =
        [("agents", &AGENTS_CHECK), ("events", &EVENTS_CHECK), ("recordings", &RECORDINGS_CHECK)];
    for (job, probes) in jobs {
        assert!(matches!(shared.check(probes).await, JobCheck::Ok), "{job}");
    }
    // All that would be enough is taken away, as far as analytics, recordings and the rest go.
    let all = fake.requests().into_iter().filter_map(|asked| asked.endpoint).flat_map(Endpoint::permissions).copied();
    all.collect::<BTreeSet<_>>().into_iter().for_each(|permission| fake.forbid(permission));
    for (job, probes) in jobs {
        let JobCheck::Forbidden { missing, advice } = shared.check(probes).await else { panic!("{job}") };
        let named: BTreeSet<&str> = missing.split(", ").collect();
        let expected: BTreeSet<&str> = probes.iter().filter_map(|probe| probe.permission).collect();
        assert_eq!(named, expected, "{job}");
        assert!(advice.contains("OAuth client"), "{advice}");
    }
}

#[tokio::test(start_paused = true)]
async fn analytics_alone_do_not_give_recordings() {
    let (fake, shared) = centre();
    Endpoint::Recording.permissions().iter().for_each(|permission| fake.forbid(*permission));
    let shared = Arc::new(shared);
    assert!(matches!(GenesysHistory { shared: shared.clone() }.check().await, JobCheck::Ok));
    let recordings = GenesysRecordings { shared };
    let JobCheck::Forbidden { missing, .. } = recordings.check().await else { panic!("it is forbidden") };
    assert_eq!(missing, "recording:recording:view");
    Endpoint::Details.permissions().iter().for_each(|permission| fake.forbid(*permission));
    let history = GenesysHistory { shared: recordings.shared.clone() };
    let JobCheck::Forbidden { missing, .. } = history.check().await else { panic!("it is forbidden") };
    assert_eq!(missing, "analytics:conversationDetail:view");
}

#[tokio::test(start_paused = true)]
async fn a_missing_permission_is_said_before_what_failed_by_chance() {
    let (fake, _) = centre();
    fake.forbid("groups:team:view");
    let answers = fake.answers();
    let shared = answered(&fake, move |request: &Request| match request.uri().path() {
        "/api/v2/users" => Answer::json(&()).with_status(503),
        _ => answers.answer(request),
    });
    let JobCheck::Forbidden { missing, .. } = shared.check(&AGENTS_CHECK).await else { panic!("it is forbidden") };
    assert_eq!(missing, "groups:team:view");
    assert!(matches!(shared.check(&AGENTS_CHECK[..1]).await, JobCheck::Failed { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_not_there_is_a_failure_and_a_call_that_is_not_there_is_none() {
    let (fake, _) = centre();
    for status in [400, 404] {
        let answers = fake.answers();
        let shared = answered(&fake, move |request: &Request| match request.uri().path() {
            "/oauth/token" => answers.answer(request),
            _ => Answer::json(&()).with_status(status),
        });
        assert!(matches!(shared.check(&AGENTS_CHECK).await, JobCheck::Failed { .. }), "{status}");
        assert!(matches!(shared.check(&RECORDINGS_CHECK).await, JobCheck::Ok), "{status}");
    }
}
