//! The fake answers as the documentation says, asked without the client of this crate.

mod completed;
mod directory;
mod login;
mod mounted;
mod recordings;
mod reports;
mod samples;
mod sessions;
mod trouble;

use bytes::Bytes;
use connector_core::testing::http::{Answer, Answers, Request};
use connector_core::testing::{Fault, FaultPlan, Scenario};
use connector_nice::testing::{Endpoint, Fake, Generation, NotReady, Permission, PlaybackShape, fixtures};
use serde_json::{Value, json};

/// Somebody who asks a fake, without sockets.
struct Caller {
    fake: Fake,
    answers: Box<dyn Answers>,
    token: String,
}

impl Caller {
    fn new(calls: usize, faults: FaultPlan) -> Self {
        let fake = Fake::new(&Scenario::day(calls, 7), faults);
        let answers = Box::new(fake.answers());
        let mut caller = Self { fake, answers, token: String::new() };
        caller.log_in();
        caller
    }

    fn calm() -> Self {
        Self::new(12, FaultPlan::none())
    }

    fn log_in(&mut self) {
        let answer = self.login(&self.form());
        self.token = body(&answer)["access_token"].as_str().expect("a token").to_owned();
    }

    /// The fields of a login.
    fn form(&self) -> String {
        let ((client, client_secret), (key, secret)) = (self.fake.client(), self.fake.access_key());
        format!("grant_type=password&username={key}&password={secret}&client_id={client}&client_secret={client_secret}")
    }

    fn login(&self, form: &str) -> Answer {
        self.send("POST", "/auth/token", None, form)
    }

    fn send(&self, method: &str, path: &str, token: Option<&str>, body: &str) -> Answer {
        let mut request = http::Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request: Request = request.body(Bytes::copy_from_slice(body.as_bytes())).expect("a request");
        self.answers.answer(&request)
    }

    fn get(&self, path: &str) -> Answer {
        self.send("GET", path, Some(&self.token), "")
    }

    /// The answer of the ACD API, which has to be 200.
    fn acd(&self, path: &str) -> Value {
        let answer = self.get(&format!("/incontactapi/services/v23.0/{path}"));
        assert_eq!(answer.status, 200, "{path}");
        body(&answer)
    }

    /// The calls, chats aside, of a list of completed contacts.
    fn completed(&self, query: &str) -> Vec<Value> {
        let answer = self.get(&format!("/incontactapi/services/v23.0/contacts/completed?mediaTypeId=4&{query}"));
        if answer.status == 204 {
            return Vec::new();
        }
        body(&answer)["completedContacts"].as_array().expect("a list").clone()
    }
}

fn body(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

/// Everything that started on the day.
const DAY: &str = "startDate=2026-10-19T00:00:00Z&endDate=2026-10-20T00:00:00Z";
/// Everything that was updated on the day.
const SINCE: &str = "updatedSince=2026-10-19T00:00:00.000Z";
