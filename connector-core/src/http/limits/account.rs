//! What belongs to an account at a vendor, whoever uses it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::time::Instant;

use super::limiter::{EndpointClass, Limits};
use crate::{Error, Result, Vendor};

/// How long refused credentials are not tried again, if they do not change.
const LOCKED_OUT: Duration = Duration::from_secs(3600);

/// Names an account at a vendor: whatever the vendor counts requests by, such as a tenant, a domain, an access key's id.
///
/// `Debug` hides the identity, which may be a login.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct AccountKey {
    vendor: Vendor,
    identity: String,
}

impl AccountKey {
    /// The account with this identity at a vendor.
    pub fn new(vendor: Vendor, identity: impl Into<String>) -> Self {
        Self { vendor, identity: identity.into() }
    }

    /// Whose account it is.
    pub fn vendor(&self) -> &Vendor {
        &self.vendor
    }
}

impl fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/•••", self.vendor)
    }
}

/// What all clients of an account share: its limits, and the memory of credentials that were refused.
///
/// ```
/// use connector_core::{Context, Vendor};
/// use connector_core::http::AccountKey;
/// let cx = Context::default();
/// let key = AccountKey::new(Vendor::named("acme-cloud"), "tenant-7");
/// let (one, other) = (cx.account(&key), cx.for_source("acme", "emea").account(&key));
/// assert!(std::sync::Arc::ptr_eq(&one, &other));
/// ```
pub struct Account {
    key: AccountKey,
    classes: Mutex<HashMap<String, EndpointClass>>,
    refused: Mutex<HashMap<Fingerprint, Instant>>,
}

/// SHA-256 of the texts of credentials.
pub(crate) type Fingerprint = [u8; 32];

impl Account {
    fn new(key: AccountKey) -> Self {
        Self { key, classes: Mutex::default(), refused: Mutex::default() }
    }

    /// Whose account it is.
    pub fn key(&self) -> &AccountKey {
        &self.key
    }

    /// The class of endpoints with this name. Who names it first sets its limits.
    pub fn class(&self, name: &str, limits: &Limits) -> EndpointClass {
        let mut classes = self.classes.lock().unwrap_or_else(PoisonError::into_inner);
        classes.entry(name.to_owned()).or_insert_with(|| EndpointClass::new(limits)).clone()
    }

    /// Refuses credentials that were refused within the last hour. After that one attempt goes through.
    pub(crate) fn may_try(&self, credentials: &Fingerprint) -> Result<()> {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        match refused.get_mut(credentials) {
            Some(until) if *until > now => {
                Err(Error::unauthorized("the vendor refused these credentials; they are not tried again for now")
                    .advise("have them checked; a changed secret is tried at once"))
            }
            Some(until) => {
                *until = now + LOCKED_OUT;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Remembers that these credentials were refused.
    pub(crate) fn refuse(&self, credentials: Fingerprint) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        refused.retain(|_, until| *until + LOCKED_OUT > now);
        refused.insert(credentials, now + LOCKED_OUT);
    }

    /// Forgets that these credentials were refused.
    pub(crate) fn trust(&self, credentials: &Fingerprint) {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).remove(credentials);
    }
}

/// Not what was refused, which is made of passwords.
impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("key", &self.key).finish_non_exhaustive()
    }
}

/// The accounts in use. One that nobody uses any more is forgotten.
#[derive(Debug, Default)]
pub(crate) struct Accounts(Mutex<HashMap<AccountKey, Weak<Account>>>);

impl Accounts {
    pub(crate) fn get(&self, key: &AccountKey) -> Arc<Account> {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(account) = accounts.get(key).and_then(Weak::upgrade) {
            return account;
        }
        accounts.retain(|_, account| account.strong_count() > 0);
        let account = Arc::new(Account::new(key.clone()));
        accounts.insert(key.clone(), Arc::downgrade(&account));
        account
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(identity: &str) -> AccountKey {
        AccountKey::new(Vendor::named("acme"), identity)
    }

    #[test]
    fn an_account_that_nobody_uses_any_more_is_forgotten() {
        let accounts = Accounts::default();
        for n in 0..1000 {
            accounts.get(&key(&n.to_string()));
        }
        let _kept = accounts.get(&key("kept"));
        assert_eq!(accounts.0.lock().unwrap().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn two_accounts_do_not_slow_each_other_and_one_shares_its_limit() {
        let accounts = Accounts::default();
        let limits = Limits::none().with_rate(1, Duration::from_secs(60));
        let (ours, theirs) = (accounts.get(&key("ours")), accounts.get(&key("theirs")));
        let start = Instant::now();
        for account in [&ours, &theirs] {
            drop(account.class("calls", &limits).acquire(crate::Priority::Live).await.unwrap());
        }
        assert_eq!(start.elapsed().as_secs(), 0);
        drop(accounts.get(&key("ours")).class("calls", &limits).acquire(crate::Priority::Live).await.unwrap());
        assert_eq!(start.elapsed().as_secs(), 60);
    }

    #[tokio::test(start_paused = true)]
    async fn refused_credentials_are_tried_again_after_an_hour_and_then_once() {
        let account = Account::new(key("x"));
        account.refuse([1; 32]);
        assert!(account.may_try(&[1; 32]).unwrap_err().is_unauthorized());
        assert!(account.may_try(&[2; 32]).is_ok());
        tokio::time::advance(LOCKED_OUT).await;
        assert!(account.may_try(&[1; 32]).is_ok());
        assert!(account.may_try(&[1; 32]).is_err());
    }

    #[test]
    fn the_identity_is_not_shown() {
        assert_eq!(format!("{:?}", key("kay@example.com")), "acme/•••");
    }
}
