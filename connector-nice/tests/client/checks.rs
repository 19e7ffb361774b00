//! `check()` says what is missing in the vendor's words.

use std::time::Duration;

use connector_core::{
    ConversationHistory, ConversationRef, DownloadOptions, EventSource, HistoryQuery, JobCheck, Lookup, LookupOptions,
    RecordingDownloader, RecordingDownloaderExt, SourceItem, SubscribeRequest, Watch,
};
use connector_nice::RecordingsFrom;
use connector_nice::testing::Permission;
use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use super::*;

async fn checks(nice: &NiceCxone) -> [(&'static str, JobCheck); 4] {
    [
        ("agents", nice.directory().check().await),
        ("events", nice.events().check().await),
        ("history", nice.history().check().await),
        ("recordings", nice.recordings().check().await),
    ]
}

#[tokio::test(start_paused = true)]
async fn all_jobs_can_work() {
    let tenant = Tenant::new(2);
    for (job, check) in checks(&tenant.client()).await {
        assert!(matches!(check, JobCheck::Ok), "{job}: {check:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_permission_that_is_missing_is_named_and_only_its_job_suffers() {
    for (permission, jobs, words) in [
        (Permission::Employees, &["agents"][..], &["Employees", "View"][..]),
        (Permission::Contacts, &["events", "history"], &["ACD", "View", "contacts/completed"]),
        (Permission::Playback, &["recordings"], &["Search & Playback", "Play Any", "licence"]),
    ] {
        let tenant = Tenant::new(2);
        tenant.fake.forbid(permission);
        for (job, check) in checks(&tenant.client()).await {
            match check {
                JobCheck::Forbidden { missing, advice } if jobs.contains(&job) => {
                    let said = format!("{missing} {advice}");
                    for word in words {
                        assert!(said.contains(word), "{job}: {said} does not say {word}");
                    }
                }
                check => assert!(matches!(check, JobCheck::Ok) && !jobs.contains(&job), "{job}: {check:?}"),
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn wrong_credentials_are_said_by_every_job_and_never_shown() {
    let tenant = Tenant::new(1);
    let mut config = tenant.config();
    config.access_key_secret = Secret::literal("mistyped");
    for (job, check) in checks(&tenant.with(config)).await {
        let JobCheck::Failed { why, advice } = check else { panic!("{job}: {check:?}") };
        assert!(!format!("{why} {advice}").contains("mistyped"), "{job}: {why} {advice}");
        assert!(!advice.is_empty(), "{job}: {why}");
    }
    assert_eq!(tenant.fake.count(Endpoint::Token), 1);
}

/// Whether a path is one of those that were named. What stands in braces is an id, which has digits: a word is a path of
/// its own.
fn is_named(path: &str, named: &str) -> bool {
    let is_part = |(part, name): (&str, &str)| {
        part == name || (name.starts_with('{') && part.bytes().any(|letter| letter.is_ascii_digit()))
    };
    path.split('/').count() == named.split('/').count() && path.split('/').zip(named.split('/')).all(is_part)
}

/// Lets all jobs do all they can.
async fn work(tenant: &Tenant, nice: &NiceCxone) {
    for group in ["Sales", "Sales A"] {
        agents(nice, AgentQuery::all().in_group(group)).await.unwrap();
    }
    let somebody = tenant.fake.agent(&tenant.fake.scenario().agents[0]);
    nice.directory().find_agent(&somebody, LookupOptions::default()).await.unwrap();
    agents(nice, AgentQuery::all()).await.unwrap();
    let mut events = nice.events().deliveries(SubscribeRequest::new(Watch::everyone()));
    let until = Instant::now() + Duration::from_secs(120);
    while let Ok(item) = timeout_at(until, events.next()).await {
        if let SourceItem::Delivery(delivery) = item.expect("an item").expect("no error") {
            delivery.ack.accept().await.unwrap();
        }
    }
    let starts = tenant.fake.scenario().starts;
    let day = HistoryQuery::between(starts, starts + chrono::TimeDelta::hours(12));
    nice.history().ended(day).try_collect::<Vec<_>>().await.unwrap();
    for call in tenant.fake.expected() {
        let of = ConversationRef::new(&call.conversation);
        let found = nice.history().conversation(&of, LookupOptions::default()).await.unwrap();
        let Lookup::Ready(call) = found else { panic!("{found:?}") };
        let mut recordings = nice.recordings().of(&call).await.unwrap().items;
        recordings.extend(nice.recordings().segments(&call).await.unwrap().items);
        for recording in &recordings {
            nice.recordings().download(recording, DownloadOptions::default()).await.unwrap();
        }
    }
}

fn held_to_what_is_asked(tenant: &Tenant, nice: &NiceCxone) {
    let asked: std::collections::BTreeSet<String> =
        tenant.fake.requests().iter().filter(|asked| asked.has_token).map(|asked| asked.path.clone()).collect();
    let named: Vec<String> = nice.apis().into_iter().map(|api| format!("{} /{}", api.method, api.path)).collect();
    for path in &asked {
        assert!(named.iter().any(|named| is_named(path, named)), "{path} is not named");
    }
    for named in &named {
        assert!(asked.iter().any(|path| is_named(path, named)), "{named} is never asked for");
    }
}

#[tokio::test(start_paused = true)]
async fn all_that_is_asked_of_the_vendor_is_named_and_nothing_else() {
    let tenant = Tenant::new(60);
    let nice = tenant.with(tenant.config().with_api_version("v34.0"));
    work(&tenant, &nice).await;
    held_to_what_is_asked(&tenant, &nice);
    assert!(nice.apis().iter().any(|api| api.to_string().ends_with("Play Any; licence Media Playback)")));
}

#[tokio::test(start_paused = true)]
async fn what_the_settings_switch_on_is_named_as_well() {
    let tenant = Tenant::new(60);
    let somebody = tenant.fake.agent(&tenant.fake.scenario().agents[0]).id.unwrap();
    let config = tenant.config().with_active_every(Duration::from_secs(10)).with_sessions([somebody]);
    let nice = tenant.with(config.with_recordings_from(RecordingsFrom::LegacyFiles));
    work(&tenant, &nice).await;
    held_to_what_is_asked(&tenant, &nice);
    assert!(nice.apis().iter().all(|api| api.licence.is_none()), "legacy files need none");
    assert!(
        nice.apis().iter().any(|api| api.to_string().starts_with("events: POST incontactapi/services/v23.0/agent-"))
    );
}
