//! Tokens: fetched when they are needed, once for all who wait, and again before they run out.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::exchange::Exchange;
use crate::http::limits::{Account, Fingerprint};
use crate::{Error, Result, Secret, SecretSource};

/// How long before its end a token is replaced; but never before half of its time.
const EARLY: Duration = Duration::from_secs(300);

/// How long to leave it at that after a refresh failed while the old token is still good.
const AGAIN: Duration = Duration::from_secs(30);

/// The longest life of a token that is believed.
const LONGEST_LIFE: Duration = Duration::from_secs(30 * 86_400);

/// Logs in somewhere. [`OAuth2`](super::OAuth2) is one; write your own for a vendor with a login of its own.
///
/// ```
/// use async_trait::async_trait;
/// use connector_core::http::{Exchange, Token, TokenSource};
/// use connector_core::{Result, Secret};
/// use secrecy::SecretString;
///
/// /// A key that is sent as it is.
/// #[derive(Debug)]
/// struct ApiKey(Secret);
///
/// #[async_trait]
/// impl TokenSource for ApiKey {
///     fn secrets(&self) -> Vec<Secret> {
///         vec![self.0.clone()]
///     }
///
///     async fn log_in(&self, secrets: &[SecretString], _: &Exchange) -> Result<Token> {
///         Ok(Token::new(secrets[0].clone()))
///     }
/// }
/// ```
#[async_trait]
pub trait TokenSource: fmt::Debug + Send + Sync + 'static {
    /// What it logs in with.
    fn secrets(&self) -> Vec<Secret>;

    /// Logs in. `secrets` are the texts of [`secrets`](Self::secrets), in their order, as they stand now.
    ///
    /// # Errors
    /// `is_unauthorized` when the credentials are wrong: they are not tried again until they change or an hour has
    /// passed. `is_transient` and `is_rate_limited` are tried again.
    async fn log_in(&self, secrets: &[SecretString], exchange: &Exchange) -> Result<Token>;
}

/// What a login gave. `Debug` shows none of it. Clones are the same token.
#[derive(Clone)]
pub struct Token(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    scheme: &'static str,
    text: SecretString,
    life: Option<Duration>,
    id_token: Option<SecretString>,
    worked: Arc<AtomicBool>,
}

impl Token {
    /// A bearer token that is good until it is refused.
    pub fn new(text: impl Into<SecretString>) -> Self {
        Self(Arc::new(Inner {
            scheme: "Bearer",
            text: text.into(),
            life: None,
            id_token: None,
            worked: Arc::default(),
        }))
    }

    /// The same token, good for this long.
    pub fn with_life(mut self, life: Duration) -> Self {
        Arc::make_mut(&mut self.0).life = Some(life.min(LONGEST_LIFE));
        self
    }

    /// The same token, with another word before it in the header `Authorization`: `Basic`.
    pub fn with_scheme(mut self, scheme: &'static str) -> Self {
        Arc::make_mut(&mut self.0).scheme = scheme;
        self
    }

    /// The same token, with what says who logged in.
    pub fn with_id_token(mut self, text: impl Into<SecretString>) -> Self {
        Arc::make_mut(&mut self.0).id_token = Some(text.into());
        self
    }

    /// The token itself.
    pub fn text(&self) -> &SecretString {
        &self.0.text
    }

    /// The OpenID token that came with it.
    pub fn id_token(&self) -> Option<&SecretString> {
        self.0.id_token.as_ref()
    }

    /// The value of the header `Authorization`; no log shows it.
    pub(crate) fn header(&self) -> Result<http::HeaderValue> {
        let mut value = http::HeaderValue::try_from(format!("{} {}", self.0.scheme, self.0.text.expose_secret()))
            .map_err(|_| Error::invalid("the token cannot stand in a header"))?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// The API took it.
    pub(crate) fn note_success(&self) {
        self.0.worked.store(true, Ordering::Relaxed);
    }

    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(•••)")
    }
}

/// The token of a client, and how to get the next one.
pub(crate) struct Login {
    source: Arc<dyn TokenSource>,
    secrets: Arc<dyn SecretSource>,
    account: Arc<Account>,
    exchange: Exchange,
    held: Mutex<Option<Held>>,
}

struct Held {
    token: Token,
    credentials: Fingerprint,
    /// When to replace it, and when it ends.
    ages: Option<(Instant, Instant)>,
}

impl Login {
    pub(crate) fn new(
        source: Arc<dyn TokenSource>,
        secrets: Arc<dyn SecretSource>,
        account: Arc<Account>,
        exchange: Exchange,
    ) -> Self {
        Self { source, secrets, account, exchange, held: Mutex::new(None) }
    }

    /// A token that is good as far as we know. Who comes while somebody logs in waits for that one.
    pub(crate) async fn token(&self) -> Result<Token> {
        let mut held = self.held.lock().await;
        let now = Instant::now();
        if let Some(held) = &*held
            && held.ages.is_none_or(|(replace, _)| now < replace)
        {
            return Ok(held.token.clone());
        }
        match (self.log_in().await, &mut *held) {
            (Ok(new), held) => Ok(held.insert(new).token.clone()),
            (Err(error), Some(Held { token, ages: Some((replace, end)), .. }))
                if error.is_retryable() && now < *end =>
            {
                *replace = now + AGAIN;
                Ok(token.clone())
            }
            (Err(error), _) => Err(error),
        }
    }

    /// The API refused this token with 401. Another one, if there is a sense in trying again: after one new login, or
    /// with what somebody else has fetched meanwhile.
    pub(crate) async fn after_refusal(&self, refused: &Token) -> Result<Option<Token>> {
        let mut held = self.held.lock().await;
        match &*held {
            Some(held) if !held.token.is(refused) => return Ok(Some(held.token.clone())),
            _ => *held = None,
        }
        let new = self.log_in().await?;
        if new.token.text().expose_secret() == refused.text().expose_secret() {
            self.account.refuse(new.credentials);
            return Ok(None);
        }
        Ok(Some(held.insert(new).token.clone()))
    }

    /// The API refused a second token in a row. If it never took that one, the credentials rest.
    pub(crate) async fn give_up(&self, refused: &Token) {
        let mut held = self.held.lock().await;
        let last = held.take_if(|held| held.token.is(refused));
        if let Some(last) = last.filter(|_| !refused.0.worked.load(Ordering::Relaxed)) {
            self.account.refuse(last.credentials);
        }
    }

    async fn log_in(&self) -> Result<Held> {
        let mut texts = Vec::new();
        let mut hash = Sha256::new();
        for secret in self.source.secrets() {
            let text = self.secrets.resolve(&secret).await?;
            hash.update((text.expose_secret().len() as u64).to_be_bytes());
            hash.update(text.expose_secret());
            texts.push(text);
        }
        let credentials = hash.finalize().into();
        self.account.may_try(&credentials)?;
        let began = Instant::now();
        match self.source.log_in(&texts, &self.exchange).await {
            Ok(token) => {
                self.account.trust(&credentials);
                let ages = token.0.life.map(|life| (began + life.saturating_sub(EARLY).max(life / 2), began + life));
                Ok(Held { token, credentials, ages })
            }
            Err(error) => {
                if error.is_unauthorized() {
                    self.account.refuse(credentials);
                }
                Err(error.during("log in"))
            }
        }
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests;
