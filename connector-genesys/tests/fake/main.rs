//! The fake answers as the documentation says, asked without the client of this crate.

mod batches;
mod bulk;
mod channels;
mod directory;
mod event_bridge;
mod history;
mod mounted;
mod recordings;
mod samples;
mod snapshots;
mod socket_faults;
mod sockets;
mod trouble;

use bytes::Bytes;
use connector_core::testing::http::{Answer, Answers, Request};
use connector_core::testing::{FaultPlan, Scenario};
use connector_genesys::testing::{Endpoint, Fake, NotReady, fixtures};
use serde_json::{Value, json};

/// The header of the login with the fake's client.
const BASIC: &str = "Basic ZGVtby1jbGllbnQ6ZGVtby1jbGllbnQtc2VjcmV0";

/// Somebody who asks a fake, without sockets.
struct Caller {
    fake: Fake,
    answers: Box<dyn Answers>,
    token: String,
}

impl Caller {
    fn new(faults: FaultPlan) -> Self {
        let fake = Fake::new(&Scenario::small(7), faults);
        let answers = Box::new(fake.answers());
        let mut caller = Self { fake, answers, token: String::new() };
        caller.log_in();
        caller
    }

    fn calm() -> Self {
        Self::new(FaultPlan::none())
    }

    fn log_in(&mut self) {
        let answer = body(&self.send("POST", "/oauth/token", Some(BASIC), "grant_type=client_credentials"));
        self.token = answer["access_token"].as_str().expect("a token").to_owned();
    }

    fn send(&self, method: &str, path: &str, authorization: Option<&str>, body: &str) -> Answer {
        let mut request = http::Request::builder().method(method).uri(path);
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let request: Request = request.body(Bytes::copy_from_slice(body.as_bytes())).expect("a request");
        self.answers.answer(&request)
    }

    fn get(&self, path: &str) -> Answer {
        self.send("GET", path, Some(&format!("Bearer {}", self.token)), "")
    }

    /// The answer, which has to be 200.
    fn good(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}");
        body(&answer)
    }

    /// Sends this JSON.
    fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.send(method, path, Some(&format!("Bearer {}", self.token)), &body.to_string())
    }

    fn query(&self, query: &Value) -> Answer {
        let authorization = format!("Bearer {}", self.token);
        self.send("POST", "/api/v2/analytics/conversations/details/query", Some(&authorization), &query.to_string())
    }

    /// The rows of a list.
    fn rows(&self, path: &str) -> Vec<Value> {
        list(&self.good(path)["entities"])
    }
}

fn body(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().expect("a list").clone()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}
