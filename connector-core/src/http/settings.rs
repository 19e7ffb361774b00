//! What a client knows: where the API is, how to log in, how much is allowed.

use std::collections::HashMap;
use std::sync::Arc;

use url::Url;

use super::errors::VendorErrors;
use super::limits::Account;
use super::limits::{EndpointClass, Limits, RateHeaders};
use super::links::LinkPolicy;
use super::login::Login;
use super::retry::RetryPolicy;
use super::wire::Transport;
use crate::Context;

/// The longest answer that is read whole, in bytes, unless a request says otherwise.
const MAX_BODY: u64 = 64 << 20;

/// What all requests of a client have in common.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) cx: Context,
    pub(crate) account: Arc<Account>,
    pub(crate) base: Url,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) login: Option<Arc<Login>>,
    pub(crate) errors: Arc<dyn VendorErrors>,
    pub(crate) links: LinkPolicy,
    pub(crate) retry: RetryPolicy,
    pub(crate) rate_headers: RateHeaders,
    pub(crate) max_body: u64,
    pub(crate) limits: HashMap<String, Limits>,
}

impl Settings {
    /// Those of a client that nobody has told anything yet.
    pub(crate) fn new(cx: &Context, account: Arc<Account>, base: Url, transport: Arc<dyn Transport>) -> Self {
        Self {
            cx: cx.clone(),
            account,
            base,
            transport,
            login: None,
            errors: Arc::new(()),
            links: LinkPolicy::own_host_only(),
            retry: RetryPolicy::default(),
            rate_headers: RateHeaders::NONE,
            max_body: MAX_BODY,
            limits: HashMap::new(),
        }
    }

    /// The limits of a class of endpoints, as they are shared by all clients of the account.
    pub(crate) fn class(&self, name: &str) -> EndpointClass {
        let limits = self.limits.get(name).cloned().unwrap_or_default();
        self.account.class(name, &limits)
    }
}
