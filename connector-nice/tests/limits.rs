//! The vendor's limits hold for each tenant, and who waits is served in the right order.

mod common;

use std::time::Duration;

use common::Tenant;
use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{
    Context, Conversation, ConversationRef, DownloadOptions, Lookup, Priority, RecordingDownloader, RecordingOptions,
    Vendor,
};
use connector_nice::testing::{Asked, Endpoint, Fake};
use futures_util::future::join_all;
use tokio::time::Instant;

const WINDOW: Duration = Duration::from_secs(300);
const ALLOWED: usize = 150;

/// A fake that would answer any number of requests: what holds is the client's own limit.
fn patient() -> Fake {
    let fake = Fake::new(&Scenario::small(7), FaultPlan::none());
    fake.change(|settings| settings.playback_limit = (usize::MAX, WINDOW));
    fake
}

fn call(id: &str) -> Conversation {
    Conversation::new(ConversationRef::new(id), Vendor::NICE)
}

fn options(priority: Priority) -> RecordingOptions {
    let mut options = RecordingOptions::default();
    options.priority = priority;
    options
}

fn playbacks(fake: &Fake) -> Vec<Asked> {
    fake.requests().into_iter().filter(|asked| asked.endpoint == Some(Endpoint::Playback)).collect()
}

/// The most requests within any window.
fn most(asked: &[Asked]) -> usize {
    let within = |from: Instant| asked.iter().filter(|asked| asked.at >= from && asked.at < from + WINDOW).count();
    asked.iter().map(|asked| within(asked.at)).max().unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn a_thousand_recordings_at_once_never_exceed_150_requests_in_five_minutes() {
    let tenant = Tenant::of(patient());
    let recorded = tenant.fake.contact_ids(tenant.call_with(1)).remove(0);
    let (job, began) = (tenant.nice.recordings(), Instant::now());
    let fetch = |number: usize| {
        let (job, id) = (job.clone(), recorded.clone());
        async move {
            let mut call = call(&id);
            call.this.around = Some("2026-10-19T08:00:00Z".parse().expect("a time"));
            let set = job.recordings(std::slice::from_ref(&call), options(Priority::Live)).await.remove(0)?;
            let recording = set.items.into_iter().next();
            // Every tenth asks for a link as well, unless there is one that was kept.
            match (number % 10, recording) {
                (0, Some(recording)) => job.download(&recording, DownloadOptions::default()).await,
                _ => Ok(Lookup::NotReady { retry_after: WINDOW }),
            }
        }
    };
    let done = join_all((0..1000).map(fetch)).await;
    assert!(done.iter().all(Result::is_ok));
    let asked = playbacks(&tenant.fake);
    assert!(asked.len() >= 1000, "{} requests", asked.len());
    assert_eq!(most(&asked), ALLOWED);
    let least = WINDOW * u32::try_from((asked.len() - 1) / ALLOWED).unwrap();
    assert!(began.elapsed() >= least && began.elapsed() < least + WINDOW, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn live_calls_go_before_reconcile_and_reconcile_before_backfill() {
    let tenant = Tenant::of(patient());
    let job = tenant.nice.recordings();
    let ask = |prefix: &str, count: usize, priority| {
        let ids: Vec<String> = (0..count).map(|number| format!("{prefix}{number}")).collect();
        let job = job.clone();
        join_all(ids.into_iter().map(move |id| {
            let job = job.clone();
            async move { job.recordings(&[call(&id)], options(priority)).await }
        }))
    };
    // Whoever came first has used up the window; the others come the wrong way round.
    ask("9", ALLOWED, Priority::Live).await;
    let _all = tokio::join!(
        ask("3", 100, Priority::Backfill),
        ask("2", 100, Priority::Reconcile),
        ask("1", 100, Priority::Live)
    );
    let order: String = playbacks(&tenant.fake)[ALLOWED..]
        .iter()
        .filter_map(|asked| asked.parameter("acd-call-id")?.chars().next())
        .collect();
    assert_eq!(order, format!("{}{}{}", "1".repeat(100), "2".repeat(100), "3".repeat(100)));
}

#[tokio::test(start_paused = true)]
async fn two_tenants_do_not_slow_each_other() {
    let cx = Context::default();
    let other = patient();
    other.rotate_credentials();
    let tenants = [patient(), other].map(|fake| Tenant::within(&cx, fake, |_, _, answer| answer, |config| config));
    let began = Instant::now();
    let ask = |tenant: &Tenant| {
        let job = tenant.nice.recordings();
        join_all((0..ALLOWED).map(move |number| {
            let job = job.clone();
            async move { job.recordings(&[call(&format!("9{number}"))], RecordingOptions::default()).await }
        }))
    };
    tokio::join!(ask(&tenants[0]), ask(&tenants[1]));
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    for tenant in &tenants {
        assert_eq!(playbacks(&tenant.fake).len(), ALLOWED);
    }
    ask(&tenants[0]).await;
    assert!(began.elapsed() >= WINDOW, "its own limit holds");
}

#[tokio::test(start_paused = true)]
async fn two_sources_of_one_tenant_share_its_limit() {
    let cx = Context::default();
    let tenant = Tenant::within(&cx, patient(), |_, _, answer| answer, |config| config);
    let transport = connector_core::testing::http::InProcess::new(tenant.fake.answers());
    let cx = cx.for_source("acme", "nice-again").with_transport(std::sync::Arc::new(transport));
    let again = connector_nice::NiceCxone::new(tenant.fake.config(), &cx).unwrap();
    let began = Instant::now();
    for nice in [&tenant.nice, &again] {
        let job = nice.recordings();
        join_all((0..100).map(|number| {
            let job = job.clone();
            async move { job.recordings(&[call(&format!("9{number}"))], RecordingOptions::default()).await }
        }))
        .await;
    }
    assert!(began.elapsed() >= WINDOW, "{:?}", began.elapsed());
    assert_eq!(most(&playbacks(&tenant.fake)), ALLOWED);
}
