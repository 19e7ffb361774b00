//! Login and discovery.

use super::*;

#[test]
fn discovery_leads_from_the_issuer_to_the_api() {
    let caller = Caller::calm();
    let discovery = body(&caller.send("GET", "/.well-known/openid-configuration", None, ""));
    assert_eq!(discovery["token_endpoint"], "https://login.example.com/auth/token");
    let tenant = caller.fake.tenant_id();
    let found = caller.send("GET", &format!("/.well-known/cxone-configuration?tenantId={tenant}"), None, "");
    assert_eq!(body(&found)["api_endpoint"], "https://api-na1.example.com");
    for name in ["private", "ui_endpoint", "auth_endpoint", "api_endpoint", "domain", "uhDomain"] {
        assert!(!body(&found)[name].is_null(), "{name}");
    }
    assert_eq!(caller.send("GET", "/.well-known/cxone-configuration?tenantId=other", None, "").status, 404);
}

#[test]
fn a_wrong_client_key_or_grant_gets_no_token() {
    let caller = Caller::calm();
    let form = caller.form();
    assert_eq!(caller.login(&form).status, 200);
    for (was, is, status) in [
        ("client_secret=demo", "client_secret=x", 401),
        ("password=access", "password=x", 400),
        ("grant_type=password", "grant_type=client_credentials", 400),
    ] {
        let answer = caller.login(&form.replace(was, is));
        assert_eq!(answer.status, status, "{is}");
        assert!(body(&answer)["errorDescription"].is_string());
    }
}

#[test]
fn the_client_pair_comes_as_a_basic_header_or_as_fields() {
    let caller = Caller::calm();
    let (key, secret) = caller.fake.access_key();
    let form = format!("grant_type=password&username={key}&password={secret}");
    let basic = |pair: &str| {
        let request = http::Request::builder().method("POST").uri("/auth/token").header("authorization", pair);
        caller.answers.answer(&request.body(Bytes::from(form.clone())).expect("a request")).status
    };
    // demo-client:demo-client-secret
    let good = "Basic ZGVtby1jbGllbnQ6ZGVtby1jbGllbnQtc2VjcmV0";
    assert_eq!((basic(good), basic("Basic eDp4")), (200.try_into().unwrap(), 401.try_into().unwrap()));
    assert_eq!(caller.login(&form).status, 401);
    caller.fake.change(|settings| settings.client_in_form = true);
    assert_eq!((basic(good).as_u16(), caller.login(&caller.form()).status.as_u16()), (401, 200));
}

#[test]
fn an_unknown_an_ended_and_a_rotated_token_are_refused() {
    let mut caller = Caller::calm();
    assert_eq!(caller.send("GET", "/incontactapi/services/v23.0/contacts/completed", None, "").status, 401);
    caller.fake.end_tokens();
    assert_eq!(body(&caller.get("/incontactapi/services/v23.0/server-time")), json!({ "message": "Unauthorized" }));
    let before = caller.form();
    caller.fake.rotate_credentials();
    assert_eq!(caller.login(&before).status, 400);
    caller.log_in();
    assert!(!caller.completed(DAY).is_empty());
    caller.fake.log_in_fails();
    assert_eq!(caller.login(&caller.form()).status, 401);
}

#[tokio::test(start_paused = true)]
async fn a_token_dies_after_its_life() {
    let caller = Caller::calm();
    tokio::time::advance(std::time::Duration::from_secs(3_599)).await;
    assert!(!caller.completed(DAY).is_empty());
    tokio::time::advance(std::time::Duration::from_secs(1)).await;
    assert_eq!(caller.get("/incontactapi/services/v23.0/contacts/completed").status, 401);
}

#[test]
fn the_regional_login_renews_its_token_under_other_keys() {
    let caller = Caller::calm();
    let (key, secret) = caller.fake.access_key();
    let pair = json!({ "accessKeyId": key, "accessKeySecret": secret }).to_string();
    let first = body(&caller.send("POST", "/authentication/v1/token/access-key", None, &pair));
    let renew = json!({ "token": first["refresh_token"] }).to_string();
    let fresh = body(&caller.send("POST", "/public/user/refresh", None, &renew));
    assert!(fresh["token"].is_string() && fresh["refreshToken"].is_string() && fresh["access_token"].is_null());
    assert_eq!(fresh["tokenExpirationTimeSec"], 3_600);
    assert_eq!(caller.send("POST", "/public/user/refresh", None, &renew).status, 401);
    assert_eq!(caller.send("POST", "/authentication/v1/token/access-key", None, "{}").status, 401);
}
