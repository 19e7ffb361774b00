//! A vendor's API as a function from requests to answers, and three places to host it.
//!
//! A fake implements [`Answers`]. [`InProcess`] puts it in the place of the network, for tests that pause the clock.
//! [`TestServer`] hosts it on a port of this machine, where it can also cut bodies. With the feature `wiremock`,
//! [`mount`] hands it to a `wiremock::MockServer`.
//!
//! What most fakes need beside that: a table of [`endpoints!`], a request as it reads there ([`Ask`]) and as it is remembered
//! ([`Asked`]), the [`Tokens`] that are good, and the [`Store`] of recordings. What is left is the vendor's: its shapes, and what
//! it knows.
//!
//! ```
//! use std::sync::Mutex;
//! use std::time::Duration;
//! use connector_core::testing::http::{Answer, Answers, Ask, Endpoint as _, Request, Tokens, endpoints};
//! use connector_core::testing::{Fault, FaultPlan, Scenario};
//!
//! endpoints! {
//!     /// What Acme Cloud can be asked, and whether a token has to come along.
//!     pub enum Endpoint: bool;
//!
//!     /// The login.
//!     Token, POST, false, "oauth/token";
//!     /// The calls of the day.
//!     Calls, GET, true, "v2/calls";
//! }
//!
//! struct Acme {
//!     scenario: Scenario,
//!     faults: FaultPlan,
//!     tokens: Mutex<Tokens>,
//! }
//!
//! impl Answers for Acme {
//!     fn answer(&self, request: &Request) -> Answer {
//!         let (ask, mut tokens) = (Ask::new(request), self.tokens.lock().unwrap());
//!         let Some(endpoint): Option<Endpoint> = ask.endpoint else { return Answer::new(404) };
//!         if endpoint.route().access && !tokens.admit(ask.token().unwrap_or_default(), &self.faults) {
//!             return Answer::new(401);
//!         }
//!         match endpoint {
//!             Endpoint::Token => {
//!                 tokens.hand_out("t-1", Duration::from_secs(3_600));
//!                 Answer::json(&serde_json::json!({ "access_token": "t-1" }))
//!             }
//!             Endpoint::Calls => Answer::json(&self.scenario.calls.iter().map(|call| &call.id).collect::<Vec<_>>()),
//!         }
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let (scenario, faults) = (Scenario::small(7), FaultPlan::none().refuse_tokens(1));
//! let acme = Acme { scenario, faults: faults.clone(), tokens: Mutex::default() };
//! let ask = |request: http::request::Builder| acme.answer(&request.body("".into()).unwrap()).status.as_u16();
//! let calls = || http::Request::get("/v2/calls").header("authorization", "Bearer t-1");
//! assert_eq!((ask(calls()), ask(http::Request::post("/oauth/token"))), (401, 200));
//! assert_eq!((ask(calls()), faults.fired(Fault::Unauthorized)), (401, 1));
//! assert_eq!((ask(http::Request::post("/oauth/token")), ask(calls())), (200, 200));
//! # }
//! ```

mod answer;
mod ask;
mod endpoints;
mod in_process;
#[cfg(feature = "wiremock")]
mod mounted;
mod server;
mod store;
mod tokens;

pub use answer::{Answer, Answers, Request};
pub use ask::{Ask, Asked};
pub use endpoints::{Endpoint, Route, endpoints};
pub use in_process::InProcess;
#[cfg(feature = "wiremock")]
pub use mounted::mount;
pub use server::TestServer;
#[cfg(test)]
pub(crate) use server::serve;
pub use store::{Link, Store};
pub use tokens::Tokens;
