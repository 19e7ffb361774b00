//! What a job lacks, and what is asked of the vendor.

use std::collections::BTreeSet;

use connector_core::{AgentRef, GroupQuery, JobCheck, LookupOptions};

use super::*;

#[tokio::test(start_paused = true)]
async fn the_directory_can_work_and_asks_little() {
    let fake = calm();
    assert_eq!(client(&fake).directory().check().await, JobCheck::Ok);
    let asked: Vec<_> = fake.requests().into_iter().filter(|asked| asked.has_token).collect();
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|asked| asked.query.contains(&("pageSize".to_owned(), "1".to_owned()))));
}

#[tokio::test(start_paused = true)]
async fn a_permission_that_is_missing_is_named() {
    for (taken, missing) in [
        (&["routing:queue:view"][..], "routing:queue:view"),
        (&["groups:team:view"], "groups:team:view"),
        (&["groups:team:view", "routing:queue:view"], "groups:team:view, routing:queue:view"),
    ] {
        let fake = calm();
        taken.iter().for_each(|permission| fake.forbid(*permission));
        let JobCheck::Forbidden { missing: named, advice } = client(&fake).directory().check().await else {
            panic!("{missing} is missing")
        };
        assert_eq!(named, missing);
        assert!(advice.contains("OAuth client"), "{advice}");
    }
    let fake = calm();
    fake.forbid("recording:recording:view");
    assert_eq!(client(&fake).directory().check().await, JobCheck::Ok);
}

#[tokio::test(start_paused = true)]
async fn wrong_credentials_are_said_and_never_shown() {
    let fake = calm();
    let mut config = fake.config();
    config.client_secret = connector_core::Secret::literal("mistyped");
    let check = answered(config, fake.answers()).directory().check().await;
    let JobCheck::Failed { why, advice } = check else { panic!("{check:?}") };
    assert!(!format!("{why} {advice}").contains("mistyped") && !advice.is_empty(), "{why} {advice}");
    assert_eq!(fake.count(Endpoint::Token), 1);
}

/// All endpoints that the directory may ask, as the fake knows them.
const ENDPOINTS: [Endpoint; 8] = [
    Endpoint::Users,
    Endpoint::User,
    Endpoint::Groups,
    Endpoint::GroupMembers,
    Endpoint::Queues,
    Endpoint::QueueMembers,
    Endpoint::Teams,
    Endpoint::TeamMembers,
];

/// A method and path with `{}` for whatever stands in braces.
fn plain(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[tokio::test(start_paused = true)]
async fn all_that_the_directory_asks_is_named_with_its_permission_and_nothing_else() {
    let fake = calm();
    let genesys = with_page(&fake, 5);
    for group in ["Sales", "Sales A", "Sales line"] {
        agents(&genesys, AgentQuery::all().in_group(group)).await.unwrap();
    }
    agents(&genesys, AgentQuery::all()).await.unwrap();
    let person = fake.agent(&fake.scenario().agents[0]);
    let by_login = AgentRef { id: None, ..person.clone() };
    for who in [person, by_login] {
        genesys.directory().find_agent(&who, LookupOptions::default()).await.unwrap().expect("somebody");
    }
    genesys.directory().list_groups(GroupQuery::default()).try_collect::<Vec<_>>().await.unwrap();
    genesys.directory().check().await;
    genesys.audio_monitoring(&[]).await.unwrap();

    let asked: BTreeSet<Endpoint> =
        fake.requests().iter().filter(|asked| asked.has_token).map(|asked| asked.endpoint.expect("known")).collect();
    let asked: BTreeSet<String> = asked.iter().map(|endpoint| plain(&endpoint.to_string())).collect();
    let apis = genesys.apis();
    let of_agents = || apis.iter().filter(|api| api.job == "agents");
    let named: BTreeSet<String> = of_agents().map(|api| plain(&format!("{} /{}", api.method, api.path))).collect();
    assert_eq!(asked, named);
    for api in of_agents() {
        let path = plain(&format!("{} /{}", api.method, api.path));
        let endpoint = ENDPOINTS.iter().find(|known| plain(&known.to_string()) == path).expect("an endpoint");
        assert_eq!(api.permission, endpoint.permissions().first().copied(), "{path}");
    }
}

#[test]
fn the_permission_to_give_is_the_first_of_those_that_are_enough() {
    const REST: [Endpoint; 16] = [
        Endpoint::OpenChannel,
        Endpoint::SetSubscriptions,
        Endpoint::Conversation,
        Endpoint::Details,
        Endpoint::Detail,
        Endpoint::SubmitJob,
        Endpoint::Job,
        Endpoint::JobResults,
        Endpoint::JobAvailability,
        Endpoint::RecordingMetadata,
        Endpoint::Recording,
        Endpoint::RecordingSettings,
        Endpoint::Restore,
        Endpoint::SubmitBatch,
        Endpoint::Batch,
        Endpoint::Users,
    ];
    let fake = calm();
    let client = |restoring| answered(fake.config().with_restore_archived(restoring), fake.answers());
    for api in client(true).apis().iter().filter(|api| api.job != "agents") {
        let path = plain(&format!("{} /{}", api.method, api.path));
        let endpoint = REST.iter().find(|known| plain(&known.to_string()) == path).unwrap_or_else(|| panic!("{path}"));
        assert_eq!(api.permission, endpoint.permissions().first().copied(), "{path}");
    }
    let usual = client(false).apis();
    let more: Vec<_> = client(true).apis().into_iter().filter(|api| !usual.contains(api)).collect();
    let [api] = &more[..] else { panic!("{more:?}") };
    assert_eq!((api.method, api.permission), ("PUT", Some("recording:recording:restore")));
}
