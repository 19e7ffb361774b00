//! `check()` says what is missing in the vendor's words.

use connector_core::{
    ConversationHistory, ConversationRef, EventSource, HistoryQuery, JobCheck, Lookup, LookupOptions,
    RecordingDownloader, RecordingOptions,
};
use connector_nice::testing::Permission;

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

/// Whether a path is one of those that were named: what stands in braces is anything.
fn is_named(path: &str, named: &str) -> bool {
    let (mut parts, mut names) = (path.split('/'), named.split('/'));
    parts.clone().count() == names.clone().count()
        && parts.all(|part| names.next().is_some_and(|name| name == part || name.starts_with('{')))
}

#[tokio::test(start_paused = true)]
async fn all_that_is_asked_of_the_vendor_is_named_and_nothing_else() {
    let tenant = Tenant::new(60);
    let nice = tenant.with(tenant.config().with_api_version("v34.0"));
    for group in ["Sales", "Sales A"] {
        agents(&nice, AgentQuery::all().in_group(group)).await.unwrap();
    }
    let somebody = tenant.fake.agent(&tenant.fake.scenario().agents[0]);
    nice.directory().find_agent(&somebody, LookupOptions::default()).await.unwrap();
    agents(&nice, AgentQuery::all()).await.unwrap();
    let starts = tenant.fake.scenario().starts;
    let day = HistoryQuery::between(starts, starts + chrono::TimeDelta::hours(12));
    nice.history().ended(day).try_collect::<Vec<_>>().await.unwrap();
    for call in tenant.fake.expected() {
        let of = ConversationRef::new(&call.conversation);
        if let Lookup::Ready(call) = nice.history().conversation(&of, LookupOptions::default()).await.unwrap() {
            nice.recordings().recordings(&[call], RecordingOptions::default()).await.remove(0).unwrap();
        }
    }
    let asked: std::collections::BTreeSet<String> =
        tenant.fake.requests().iter().filter(|asked| asked.has_token).map(|asked| asked.path.clone()).collect();
    let named: Vec<String> = nice.apis().into_iter().map(|api| format!("GET /{}", api.path)).collect();
    for path in &asked {
        assert!(named.iter().any(|named| is_named(path, named)), "{path} is not named");
    }
    for named in &named {
        assert!(asked.iter().any(|path| is_named(path, named)), "{named} is never asked for");
    }
    assert!(nice.apis().iter().any(|api| api.to_string().ends_with("Play Any; licence Media Playback)")));
}
