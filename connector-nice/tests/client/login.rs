//! Logging in, discovery, and where tokens go.

use connector_core::http::ClientAuth;
use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{
    ConversationHistory, ConversationRef, DownloadOptions, EventSource, HistoryQuery, Lookup, LookupOptions,
    RecordingDownloader, RecordingOptions, SubscribeRequest, Watch,
};

use super::*;

#[tokio::test(start_paused = true)]
async fn one_login_and_one_discovery_serve_all_jobs() {
    let tenant = Tenant::new(4);
    let nice = tenant.client();
    agents(&nice, AgentQuery::all()).await.unwrap();
    let day = HistoryQuery::between(
        tenant.fake.scenario().starts,
        tenant.fake.scenario().starts + chrono::TimeDelta::hours(12),
    );
    nice.history().ended(day).try_collect::<Vec<_>>().await.unwrap();
    agents(&nice, AgentQuery::all()).await.unwrap();
    for endpoint in [Endpoint::Discovery, Endpoint::Token, Endpoint::Configuration] {
        assert_eq!(tenant.fake.count(endpoint), 1, "{endpoint}");
    }
    let asked = tenant.fake.requests();
    let configuration = asked.iter().find(|asked| asked.endpoint == Some(Endpoint::Configuration)).unwrap();
    assert!(!configuration.has_token, "discovery needs no token");
    assert_eq!(configuration.parameter("tenantId"), Some(tenant.fake.tenant_id()));
    assert_eq!(tenant.hosts(true), ["api-na1.example.com"]);
}

#[tokio::test(start_paused = true)]
async fn the_client_says_who_it_is_in_the_header_or_in_the_form() {
    for (style, in_form) in
        [(ClientAuth::Basic, false), (ClientAuth::Form, true), (ClientAuth::Basic, true), (ClientAuth::Form, false)]
    {
        let tenant = Tenant::new(1);
        tenant.fake.change(|settings| {
            settings.client_in_form = in_form;
            settings.client_in_header = !in_form;
        });
        let found = agents(&tenant.with(tenant.config().with_client_auth(style)), AgentQuery::all()).await;
        if (style == ClientAuth::Form) == in_form {
            assert_eq!(found.unwrap().len(), 12, "{style:?}");
        } else {
            let error = found.unwrap_err();
            assert!(error.is_unauthorized(), "{style:?}: {error}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_access_key_alone_logs_in_where_the_tenant_lives() {
    let tenant = Tenant::new(1);
    let config = NiceConfig::regional("na1", literals(tenant.fake.access_key())).with_host("example.com");
    assert_eq!(agents(&tenant.with(config), AgentQuery::all()).await.unwrap().len(), 12);
    assert_eq!((tenant.fake.count(Endpoint::AccessKey), tenant.fake.count(Endpoint::Token)), (1, 0));
    assert!(tenant.hosts(false).contains(&"na1.nice-incontact.com".to_owned()), "{:?}", tenant.hosts(false));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_dies_in_the_middle_of_a_listing_is_replaced() {
    let tenant = Tenant::new(1);
    let nice = tenant.with(tenant.config().with_page(5));
    let mut pages = nice.directory().list_agents(AgentQuery::all());
    let mut people = pages.try_next().await.unwrap().unwrap().items;
    tenant.fake.end_tokens();
    while let Some(page) = pages.try_next().await.unwrap() {
        people.extend(page.items);
    }
    assert_eq!(people.len(), 12);
    assert_eq!(tenant.fake.count(Endpoint::Token), 2, "once more, and no more");
    assert_eq!(tenant.fake.requests().iter().filter(|asked| asked.status == 401).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_replaced_before_it_ends() {
    let tenant = Tenant::new(1);
    let nice = tenant.client();
    agents(&nice, AgentQuery::all()).await.unwrap();
    tokio::time::advance(std::time::Duration::from_secs(3_400)).await;
    agents(&nice, AgentQuery::all()).await.unwrap();
    assert_eq!(tenant.fake.count(Endpoint::Token), 2);
    assert!(tenant.fake.requests().iter().all(|asked| asked.status != 401), "nobody had to be told");
}

#[tokio::test(start_paused = true)]
async fn a_credential_file_that_changes_is_taken_up_without_a_restart() {
    let tenant = Tenant::new(1);
    let home = tempfile::tempdir().unwrap();
    let [id, secret] = ["id", "secret"].map(|name| home.path().join(name));
    let write = || {
        let key = tenant.fake.access_key();
        std::fs::write(&id, key.0 + "\n").unwrap();
        std::fs::write(&secret, key.1 + "\n").unwrap();
    };
    write();
    let mut config = tenant.config();
    (config.access_key_id, config.access_key_secret) = (Secret::file(&id), Secret::file(&secret));
    let nice = tenant.with(config);
    agents(&nice, AgentQuery::all()).await.unwrap();

    tenant.fake.rotate_credentials();
    assert!(agents(&nice, AgentQuery::all()).await.unwrap_err().is_unauthorized(), "the file is still the old one");
    let logins = tenant.fake.count(Endpoint::Token);
    assert!(agents(&nice, AgentQuery::all()).await.unwrap_err().is_unauthorized());
    assert_eq!(tenant.fake.count(Endpoint::Token), logins, "what was refused is not tried again");

    write();
    assert_eq!(agents(&nice, AgentQuery::all()).await.unwrap().len(), 12);
}

#[tokio::test(start_paused = true)]
async fn wrong_credentials_are_tried_once_by_all_jobs_together() {
    let tenant = Tenant::new(1);
    let mut config = tenant.config();
    config.access_key_secret = Secret::literal("mistyped");
    let nice = tenant.with(config);
    for _ in 0..3 {
        let error = agents(&nice, AgentQuery::all()).await.unwrap_err();
        assert!(error.is_unauthorized() && !error.is_retryable(), "{error}");
        assert!(!error.to_string().contains("mistyped"), "{error}");
        let error =
            nice.history().conversation(&ConversationRef::new("1"), LookupOptions::default()).await.unwrap_err();
        assert!(error.is_unauthorized(), "{error}");
    }
    let mut events = nice.events().deliveries(SubscribeRequest::new(Watch::everyone()));
    assert!(events.try_next().await.unwrap_err().is_unauthorized(), "the stream ends: waiting would not help");
    assert_eq!(tenant.fake.count(Endpoint::Token), 1, "the account is not locked by us");
}

/// The fake's answers, but one of them leads elsewhere.
fn leading_to(fake: &Fake, path: &'static str, key: &'static str, place: &'static str) -> impl Answers + use<> {
    let answers = fake.answers();
    move |request: &Request| {
        let answer = answers.answer(request);
        if !request.uri().path().ends_with(path) {
            return answer;
        }
        let mut body: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
        body[key] = place.into();
        Answer::json(&body)
    }
}

#[tokio::test(start_paused = true)]
async fn discovery_that_leads_to_a_foreign_host_is_refused() {
    for (path, key) in [("openid-configuration", "token_endpoint"), ("cxone-configuration", "api_endpoint")] {
        for place in
            ["https://evil.example.net/auth/token", "https://example.com.evil.net/", "http://api-na1.example.com/"]
        {
            let tenant = Tenant::new(1);
            let nice = tenant.answered(tenant.config(), leading_to(&tenant.fake, path, key, place));
            let error = agents(&nice, AgentQuery::all()).await.unwrap_err();
            assert!(!error.is_retryable(), "{key} {place}: {error}");
            assert!(tenant.hosts(false).iter().all(|host| !host.contains("evil")), "{key}: {:?}", tenant.hosts(false));
            assert_eq!(tenant.hosts(true), [""; 0], "{key} {place}");
            if key == "token_endpoint" {
                assert_eq!(tenant.fake.count(Endpoint::Token), 0, "no credentials go there");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_has_to_be_on_the_list() {
    let tenant = Tenant::new(1);
    let mut config = tenant.config();
    config.hosts.retain(|host| host != "example.com");
    let error = agents(&tenant.with(config.clone()), AgentQuery::all()).await.unwrap_err();
    assert!(error.is_forbidden() && error.to_string().contains("api-na1.example.com"), "{error}");
    assert!(error.advice().is_some_and(|advice| advice.contains("hosts")), "{error:?}");
    let nice = tenant.with(config.with_host("api-na1.example.com"));
    assert_eq!(agents(&nice, AgentQuery::all()).await.unwrap().len(), 12);
}

#[tokio::test(start_paused = true)]
async fn no_token_goes_to_a_host_of_recordings() {
    let scenario = Scenario::day(4, 7);
    let tenant = Tenant { fake: Fake::new(&scenario, FaultPlan::none()), ..Tenant::new(1) };
    let nice = tenant.client();
    let call = tenant.fake.expected().into_iter().find(|call| !call.recordings.is_empty()).unwrap();
    let of = ConversationRef::new(&call.conversation);
    let Lookup::Ready(call) = nice.history().conversation(&of, LookupOptions::default()).await.unwrap() else {
        panic!("no such call")
    };
    let set = nice.recordings().recordings(&[call], RecordingOptions::default()).await.remove(0).unwrap();
    let Lookup::Ready(download) = nice.recordings().download(&set.items[0], DownloadOptions::default()).await.unwrap()
    else {
        panic!("no recording")
    };
    assert!(!download.bytes.try_collect::<Vec<_>>().await.unwrap().is_empty());
    assert!(tenant.fake.count(Endpoint::Media) > 0);
    assert_eq!(tenant.fake.leaked_tokens(), 0);
    assert_eq!(tenant.hosts(true), ["api-na1.example.com"]);
}

#[tokio::test(start_paused = true)]
async fn an_api_that_moved_is_discovered_again() {
    let tenant = Tenant::new(1);
    let (answers, is_gone) = (tenant.fake.answers(), Arc::new(Mutex::new(false)));
    let gone = is_gone.clone();
    let nice = tenant.answered(tenant.config(), move |request: &Request| {
        if *gone.lock().unwrap() && request.uri().path().contains("incontactapi") {
            return Answer::new(200).with_body("[").cut_after(0);
        }
        answers.answer(request)
    });
    agents(&nice, AgentQuery::all()).await.unwrap();
    *is_gone.lock().unwrap() = true;
    assert!(agents(&nice, AgentQuery::all()).await.unwrap_err().is_retryable());
    *is_gone.lock().unwrap() = false;
    agents(&nice, AgentQuery::all()).await.unwrap();
    assert_eq!((tenant.fake.count(Endpoint::Configuration), tenant.fake.count(Endpoint::Token)), (2, 1));
}
