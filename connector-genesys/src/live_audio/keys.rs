//! What an integration of Genesys Cloud proves with that it is one.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use connector_core::{Context, Error, Result, Secret};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::{Deserialize, Serialize};

/// How to write a client secret.
const WRITE_IT: &str =
    "write it as it stands in the integration of Genesys Cloud: letters, digits, + and /, with = at its end";

/// Base64 of RFC 4648 section 4. Bits behind the last byte are passed over: what a person made up may have some.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// What an integration of Genesys Cloud proves with that it is one.
///
/// ```
/// use connector_core::Secret;
/// use connector_genesys::AudioKey;
/// let key = AudioKey::new(Secret::environment("AUDIOHOOK_KEY"), Secret::file("/run/secrets/audiohook"));
/// assert!(key.secret.is_some());
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AudioKey {
    /// The *API key* of the integration.
    pub key: Secret,
    /// The *client secret* of the integration, which it signs with: in base64 with the letters `A-Z a-z 0-9 + /`, padded
    /// with `=`, of any length. Without one, nobody can tell who uses the key: see
    /// [`AudioOptions::allow_unsigned`](crate::AudioOptions::allow_unsigned).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
}

impl AudioKey {
    /// An API key with its client secret.
    pub fn new(key: Secret, secret: Secret) -> Self {
        Self { key, secret: Some(secret) }
    }

    /// An API key of an integration that has no client secret.
    pub fn unsigned(key: Secret) -> Self {
        Self { key, secret: None }
    }

    /// What stands there now.
    ///
    /// # Errors
    /// `is_config` when one of both is empty or the secret is not base64; those of the source of secrets.
    pub(super) async fn resolve(&self, cx: &Context) -> Result<Resolved> {
        let key = cx.secrets().resolve(&self.key).await?;
        let secret = match &self.secret {
            Some(secret) => Some(bytes_of(&cx.secrets().resolve(secret).await?)?),
            None => None,
        };
        not_empty(&key)?;
        Ok(Resolved { key, secret })
    }

    /// What can be said of texts that stand in the settings themselves.
    pub(super) fn validate(&self) -> Result<()> {
        self.key.text().map_or(Ok(()), not_empty)?;
        self.secret.as_ref().and_then(Secret::text).map_or(Ok(()), |text| bytes_of(text).map(drop))
    }
}

/// An API key as it stands now.
pub(super) struct Resolved {
    pub(super) key: SecretString,
    pub(super) secret: Option<SecretSlice<u8>>,
}

fn not_empty(key: &SecretString) -> Result<()> {
    if key.expose_secret().is_empty() {
        return Err(Error::config("an API key of audio is empty").advise("write that of the integration"));
    }
    Ok(())
}

fn bytes_of(secret: &SecretString) -> Result<SecretSlice<u8>> {
    let bytes = BASE64.decode(secret.expose_secret());
    // The cause would tell which letter stands where.
    let bytes = bytes.map_err(|_| Error::config("a client secret of audio is not base64").advise(WRITE_IT))?;
    if bytes.is_empty() {
        let advice = "leave it out where the integration has none, and set allow_unsigned";
        return Err(Error::config("a client secret of audio is empty").advise(advice));
    }
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_secret_is_the_bytes_that_it_stands_for() {
        for (text, bytes) in
            [("c3ludGhldGlj", &b"synthetic"[..]), ("Zh==", b"f"), ("+/8=", &[0xfb, 0xff]), ("AA==", &[0])]
        {
            let secret = AudioKey::new(Secret::literal("k-1"), Secret::literal(text))
                .resolve(&Context::default())
                .await
                .unwrap()
                .secret
                .unwrap();
            assert_eq!(secret.expose_secret(), bytes, "{text}");
        }
        let unsigned = AudioKey::unsigned(Secret::literal("k-1")).resolve(&Context::default()).await.unwrap();
        assert!(unsigned.secret.is_none() && unsigned.key.expose_secret() == "k-1");
    }
}
