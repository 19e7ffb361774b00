//! What a vendor allows an account, whoever uses it.

mod account;
mod limiter;

pub use account::{Account, AccountKey};
pub(crate) use account::{Accounts, Fingerprint};
pub use limiter::{EndpointClass, Limits, Permit, Rate, RateHeaders};
