//! What a source stands on whose vendor calls by HTTP.
//!
//! A program makes one [`Hub`], mounts it in its own server, and gives it to its connectors by
//! [`Context::with_inbound`]. A connector registers a [`Receiver`] under a route ([`route_of`]); the receiver turns each
//! request into items and hands them to an [`Intake`], whose other end is the stream of the source. Libraries open no
//! port.
//!
//! One request is one delivery. It is answered with success only when the delivery was accepted; else with 503, upon
//! which the vendor sends it again.
//!
//! With the feature `sockets` as well, a request may become a WebSocket: see `Upgrade`.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> connector_core::Result<()> {
//! use std::sync::Arc;
//! use bytes::Bytes;
//! use connector_core::inbound::{Admit, Held, Hub, HubOptions, Intake, IntakeOptions, Receiver, Submitted, refused, route_of, secret_eq};
//! use connector_core::{Clock, Gap, Item, Origin, SourceItem};
//! use futures_util::future::{BoxFuture, FutureExt, join};
//! use futures_util::StreamExt;
//! use http::{Request, Response, request::Parts};
//! use http_body_util::Full;
//! use secrecy::SecretString;
//!
//! #[derive(Debug)]
//! struct Calls { origin: Origin, key: SecretString, intake: Intake, clock: Clock }
//!
//! impl Receiver for Calls {
//!     fn origin(&self) -> &Origin {
//!         &self.origin
//!     }
//!     fn admit<'a>(&'a self, head: &'a Parts) -> BoxFuture<'a, Result<Admit, Box<Response<Bytes>>>> {
//!         let given = head.headers.get("x-key").map_or(&b""[..], |key| key.as_bytes());
//!         let admitted = secret_eq(given, &self.key).then(|| Admit::new(64 << 10)).ok_or_else(refused);
//!         async { admitted }.boxed()
//!     }
//!     fn receive(&self, request: Request<Bytes>) -> BoxFuture<'static, Response<Bytes>> {
//!         let (intake, now) = (self.intake.clone(), self.clock.now());
//!         async move {
//!             // Read from the body by a real one.
//!             let items = vec![Item::Gap(Gap { from: now, to: now, why: "nobody called".into() })];
//!             intake.submit(items, Held::of(&request), now).await.answer()
//!         }
//!         .boxed()
//!     }
//! }
//!
//! let hub = Hub::new(HubOptions::default());
//! let (origin, intake) = (Origin::new("acme", "calls"), Intake::new(IntakeOptions::default()));
//! let route = route_of(&origin, &SecretString::from("the key of the listener, kept for years"));
//! let calls = Calls { origin, key: "k-1".into(), intake: intake.clone(), clock: Clock::default() };
//! let registration = hub.register(&route, Arc::new(calls))?;
//!
//! let mut events = intake.listen();
//! let request = Request::post(format!("{}ended", registration.path())).header("x-key", "k-1");
//! let request = request.body(Full::new(Bytes::from("{}"))).unwrap();
//! let store = async {
//!     while let Some(item) = events.next().await {
//!         if let SourceItem::Delivery(delivery) = item? {
//!             return delivery.ack.accept().await; // once it is stored
//!         }
//!     }
//!     Ok(())
//! };
//! let (answer, stored) = join(hub.answer(request), store).await;
//! assert!(stored.is_ok() && answer.status() == 200);
//! # Ok(()) }
//! ```

mod body;
mod hub;
mod intake;
mod keys;
mod memory;
mod options;
mod receiver;
#[cfg(feature = "sockets")]
mod upgrade;

pub use hub::{AnswerBody, Hub, Registration};
pub use intake::{Intake, IntakeOptions, Submitted};
pub use keys::{hmac_sha256, route_of, secret_eq, secret_is_one_of};
pub use memory::Held;
pub use options::HubOptions;
pub use receiver::{Admit, Receiver, Rest, busy, refused};
#[cfg(feature = "sockets")]
pub use upgrade::Upgrade;

use crate::Context;

/// With the feature `inbound`.
impl Context {
    /// The same context, whose connectors hear by this hub.
    pub fn with_inbound(self, hub: &Hub) -> Self {
        self.with_part(hub.clone())
    }

    /// The hub of the program; `None` where nobody can call it.
    pub fn inbound(&self) -> Option<&Hub> {
        self.given()
    }
}
