//! Who is behind an id, and what a job lacks.

use std::sync::Arc;
use std::time::Duration;

use connector_core::testing::http::{Answer, Answers, InProcess, Request};
use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{AgentDirectory, AgentQuery, Context, ConversationHistory, RecordingDownloader};
use futures_util::TryStreamExt;

use super::*;
use crate::testing::{Endpoint, Fake};
use crate::uses::{AGENTS_CHECK, EVENTS_CHECK, RECORDINGS_CHECK};
use crate::{GenesysDirectory, GenesysHistory, GenesysRecordings};

fn centre() -> (Fake, Shared) {
    let fake = Fake::new(&Scenario::small(7), FaultPlan::none());
    let shared = answered(&fake, fake.answers());
    (fake, shared)
}

fn answered(fake: &Fake, answers: impl Answers) -> Shared {
    let cx = Context::default().with_transport(Arc::new(InProcess::new(answers)));
    Shared::new(Connection::new(cx, fake.config())).expect("no route that could be taken")
}

#[tokio::test(start_paused = true)]
async fn somebody_is_asked_for_once_and_then_known() {
    let (fake, shared) = centre();
    let person = &fake.scenario().agents[3];
    let (first, second) = tokio::join!(shared.who(&person.id), shared.who(&person.id));
    assert_eq!((&first, first.login.as_ref()), (&second, Some(&person.login)));
    assert_eq!(shared.who(&person.id).await, first);
    assert_eq!(fake.count(Endpoint::Users), 1);
}

#[tokio::test(start_paused = true)]
async fn whom_the_watch_names_whole_nobody_asks_for() {
    let (fake, shared) = centre();
    let person = fake.agent(&fake.scenario().agents[3]);
    shared.people.learn(&person);
    assert_eq!(shared.who(person.id.as_deref().unwrap()).await, person);
    assert_eq!(fake.requests(), []);
}

#[tokio::test(start_paused = true)]
async fn an_id_that_nobody_has_is_all_there_is_for_some_minutes() {
    let (fake, shared) = centre();
    for _ in 0..3 {
        assert_eq!(shared.who("a-1").await, AgentRef::default().with_id("a-1"));
    }
    assert_eq!(fake.count(Endpoint::Users), 1);
    tokio::time::advance(Duration::from_secs(301)).await;
    shared.who("a-1").await;
    assert_eq!(fake.count(Endpoint::Users), 2);
    // Without any id the vendor would tell of everybody.
    assert_eq!(shared.who("").await, AgentRef::default().with_id(""));
    assert_eq!(fake.count(Endpoint::Users), 2);
}

#[tokio::test(start_paused = true)]
async fn whoever_cannot_be_asked_for_is_an_id_and_holds_nobody_up() {
    let (fake, shared) = centre();
    fake.change(|settings| settings.unavailable = 1_000);
    let (id, start) = (fake.scenario().agents[0].id.clone(), tokio::time::Instant::now());
    assert_eq!(shared.who(&id).await, AgentRef::default().with_id(&id));
    assert!(start.elapsed() <= Duration::from_secs(5), "{:?}", start.elapsed());
    fake.change(|settings| settings.unavailable = 0);
    tokio::time::advance(Duration::from_secs(16)).await;
    assert!(shared.who(&id).await.login.is_some());
}

#[tokio::test(start_paused = true)]
async fn whoever_else_the_vendor_sends_is_not_taken_for_the_person() {
    let (fake, _) = centre();
    let answers = fake.answers();
    // An answer to another question: the query is gone.
    let shared = answered(&fake, move |request: &Request| {
        let mut other = request.clone();
        if request.uri().path() == "/api/v2/users" {
            *other.uri_mut() = http::Uri::from_static("/api/v2/users");
        }
        answers.answer(&other)
    });
    assert_eq!(shared.who("a-1").await, AgentRef::default().with_id("a-1"));
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

#[tokio::test(start_paused = true)]
async fn a_listing_teaches_who_is_behind_the_ids() {
    let (fake, shared) = centre();
    let directory = GenesysDirectory { shared: Arc::new(shared) };
    directory.list_agents(AgentQuery::all()).try_collect::<Vec<_>>().await.unwrap();
    let asked = fake.requests().len();
    for person in &fake.scenario().agents {
        assert_eq!(directory.shared.who(&person.id).await.login.as_ref(), Some(&person.login));
        let meant = directory.shared.people.meant_by(&AgentRef::default().with_login(person.login.clone()));
        assert_eq!(meant.len(), 1);
    }
    assert_eq!(fake.requests().len(), asked);
}

#[test]
fn a_missing_permission_is_named_as_an_administrator_finds_it() {
    let JobCheck::Forbidden { missing, advice } = judge(Err(Error::forbidden("no")), "recording:recording:view") else {
        panic!("it is forbidden")
    };
    assert_eq!(missing, "recording:recording:view");
    assert!(advice.contains("OAuth client"), "{advice}");
    assert!(matches!(judge(Err(Error::transient("away")), ""), JobCheck::Failed { .. }));
    assert!(matches!(judge(Ok(()), ""), JobCheck::Ok));
}
