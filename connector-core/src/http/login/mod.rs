//! Logging in: tokens, fetched once for all who wait for one.

mod exchange;
mod oauth;
mod token;

pub use exchange::Exchange;
pub use oauth::{ClientAuth, OAuth2};
pub(crate) use token::Login;
pub use token::{Token, TokenSource};
