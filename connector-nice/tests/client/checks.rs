//! `check()` says what is missing in the vendor's words.

use connector_core::{ConversationHistory, EventSource, JobCheck, RecordingDownloader};
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
