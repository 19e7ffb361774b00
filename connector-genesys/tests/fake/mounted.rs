//! The fake on a `wiremock` server.

use connector_core::http::{AccountKey, HttpClient, HttpOptions};
use connector_core::{Context, Vendor};
use connector_genesys::testing::mount;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;

#[tokio::test]
async fn the_fake_answers_what_nothing_before_it_does() {
    let server = MockServer::start().await;
    Mock::given(path("/api/v2/groups")).respond_with(ResponseTemplate::new(418)).mount(&server).await;
    let fake = mount(&server, &Scenario::small(7)).await;
    let key = AccountKey::new(Vendor::GENESYS, "mounted");
    let api = fake.region().api().clone();
    let client = HttpClient::new(&Context::default(), &key, api, &HttpOptions::default()).expect("a client");
    let error = client.get("api/v2/users").send().await.expect_err("no token");
    assert_eq!(error.status(), Some(401));
    assert!(client.get("api/v2/groups").send().await.is_err());
    assert_eq!((fake.count(Endpoint::Users), fake.count(Endpoint::Groups)), (1, 0));
    assert_ne!(fake.media().host_str(), fake.region().api().host_str());
}
