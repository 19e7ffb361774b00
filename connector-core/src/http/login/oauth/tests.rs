use std::sync::{Arc, Mutex};

use http::header::AUTHORIZATION;

use super::*;
use crate::Clock;
use crate::testing::http::{Answer, InProcess, Request};

const GOOD: &str =
    r#"{"access_token":"t","token_type":"bearer","expires_in":3600,"id_token":"who","refresh_token":"r"}"#;

fn source(style: ClientAuth, person: bool) -> OAuth2 {
    let endpoint = "https://auth.example.com/token?v=1".parse().unwrap();
    let client = (Secret::literal("app"), Secret::literal("s&cret"));
    let login = match person {
        true => OAuth2::password(endpoint, client, (Secret::literal("key"), Secret::literal("pass word"))),
        false => OAuth2::client_credentials(endpoint, client),
    };
    login.with_client_auth(style).with_scope("calls:read")
}

async fn log_in(source: &OAuth2, answer: Answer) -> (Result<Token>, Request) {
    let asked = Arc::new(Mutex::new(Request::default()));
    let noted = asked.clone();
    let wire = InProcess::new(move |request: &Request| {
        *noted.lock().unwrap() = request.clone();
        answer.clone()
    });
    let exchange = Exchange::new(Arc::new(wire), Clock::default());
    let texts: Vec<SecretString> = ["app", "s&cret", "key", "pass word"].map(SecretString::from).into();
    let token = source.log_in(&texts[..source.secrets().len()], &exchange).await;
    let asked = asked.lock().unwrap().clone();
    (token, asked)
}

fn form(request: &Request) -> Vec<(String, String)> {
    let mut fields: Vec<_> = url::form_urlencoded::parse(request.body()).into_owned().collect();
    fields.sort();
    fields
}

#[tokio::test]
async fn both_grants_are_asked_for_in_both_styles() {
    let (token, asked) = log_in(&source(ClientAuth::Basic, true), Answer::new(200).with_body(GOOD)).await;
    let token = token.unwrap();
    assert_eq!((token.text().expose_secret(), token.id_token().unwrap().expose_secret()), ("t", "who"));
    // app:s%26cret, as RFC 6749 has it
    assert_eq!(asked.headers()[AUTHORIZATION], "Basic YXBwOnMlMjZjcmV0");
    let expected =
        [("grant_type", "password"), ("password", "pass word"), ("scope", "calls:read"), ("username", "key")];
    assert_eq!(form(&asked), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));

    let (_, asked) = log_in(&source(ClientAuth::Form, false), Answer::new(200).with_body(GOOD)).await;
    assert!(!asked.headers().contains_key(AUTHORIZATION));
    let expected = [
        ("client_id", "app"),
        ("client_secret", "s&cret"),
        ("grant_type", "client_credentials"),
        ("scope", "calls:read"),
    ];
    assert_eq!(form(&asked), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[tokio::test]
async fn what_the_endpoint_refuses_says_what_to_do() {
    type Ask = fn(&Error) -> bool;
    let table: [(u16, &str, Ask); 9] = [
        (400, r#"{"error":"invalid_grant","error_description":"kay@example.com"}"#, Error::is_unauthorized),
        (401, r#"{"error":"invalid_client"}"#, Error::is_unauthorized),
        (401, "<html>no</html>", Error::is_unauthorized),
        (400, r#"{"error":"invalid_scope"}"#, Error::is_forbidden),
        (400, r#"{"error":"unsupported_grant_type"}"#, Error::is_config),
        (429, r#"{"error":"slow_down"}"#, Error::is_rate_limited),
        (503, "busy", Error::is_transient),
        (200, r#"{"token":"t"}"#, Error::is_invalid),
        (302, "", Error::is_invalid),
    ];
    for (status, body, ask) in table {
        let source = source(ClientAuth::Basic, true);
        let (token, _) = log_in(&source, Answer::new(status).with_body(body)).await;
        let error = token.unwrap_err();
        assert!(ask(&error), "{status} {body}: {error:?}");
        let shown = format!("{error:?} {source:?}");
        assert!(!shown.contains("kay") && !shown.contains("s&cret"), "{shown}");
    }
}
