//! The fake on a `wiremock` server.

use connector_core::http::{AccountKey, HttpClient, HttpOptions};
use connector_core::testing::Scenario;
use connector_core::{Context, Vendor};
use connector_nice::testing::{Endpoint, mount};
use serde_json::Value;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

#[tokio::test]
async fn the_fake_answers_what_nothing_before_it_does() {
    let server = MockServer::start().await;
    Mock::given(path("/auth/jwks")).respond_with(ResponseTemplate::new(418)).mount(&server).await;
    let fake = mount(&server, &Scenario::small(7)).await;
    let key = AccountKey::new(Vendor::named("nice"), "mounted");
    let client = HttpClient::new(&Context::default(), &key, fake.issuer(), &HttpOptions::default()).expect("a client");
    let tenant = client.get(".well-known/cxone-configuration").query("tenantId", fake.tenant_id());
    let found: Value = tenant.send().await.expect("an answer").json().expect("JSON");
    assert_eq!(found["api_endpoint"], server.uri());
    assert!(client.get("auth/jwks").send().await.is_err());
    assert_eq!((fake.count(Endpoint::Configuration), fake.count(Endpoint::Jwks)), (1, 0));
    assert_ne!(fake.media().host_str(), fake.api().host_str());
}
