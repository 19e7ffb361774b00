//! Secrets are asked for when they are needed, not held.

use std::fmt;
use std::path::PathBuf;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Error, Result};

/// Where a secret is to be had: the text itself, `env:NAME` or `file:PATH`.
///
/// A configuration holds this; [`SecretSource::resolve`] turns it into the text at the moment of use, so that a
/// password file that changes is taken up without a restart. Neither `Debug` nor serialisation shows a literal.
///
/// ```
/// use connector_core::Secret;
/// let secret: Secret = serde_json::from_str("\"env:ACME_PASSWORD\"").unwrap();
/// assert_eq!(format!("{secret:?}"), "env:ACME_PASSWORD");
/// assert_eq!(format!("{:?}", Secret::literal("hunter2")), "•••");
/// ```
#[derive(Clone)]
pub struct Secret(Place);

#[derive(Clone)]
enum Place {
    Literal(SecretString),
    Environment(String),
    File(PathBuf),
    Elsewhere(String),
}

impl Secret {
    /// The secret text itself.
    pub fn literal(text: impl Into<String>) -> Self {
        Self(Place::Literal(text.into().into()))
    }

    /// The value of an environment variable.
    pub fn environment(name: impl Into<String>) -> Self {
        Self(Place::Environment(name.into()))
    }

    /// The values of two environment variables, `NAME_ID` and `NAME_SECRET`, for credentials that come in pairs.
    pub fn environment_pair(name: &str) -> (Self, Self) {
        (Self::environment(format!("{name}_ID")), Self::environment(format!("{name}_SECRET")))
    }

    /// The content of a file, without the line end at its end.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Place::File(path.into()))
    }

    /// A name that only your own [`SecretSource`] understands, written `vault:NAME` in a configuration.
    pub fn elsewhere(name: impl Into<String>) -> Self {
        Self(Place::Elsewhere(name.into()))
    }

    /// The name given to [`Secret::elsewhere`], for a [`SecretSource`] of your own.
    pub fn name(&self) -> Option<&str> {
        match &self.0 {
            Place::Elsewhere(name) => Some(name),
            _ => None,
        }
    }

    /// The text given to [`Secret::literal`]: for settings that are checked before they are used.
    pub fn text(&self) -> Option<&SecretString> {
        match &self.0 {
            Place::Literal(text) => Some(text),
            _ => None,
        }
    }

    fn parse(text: &str) -> Self {
        match text.split_once(':') {
            Some(("env", name)) => Self::environment(name),
            Some(("file", path)) => Self::file(path),
            Some(("vault", name)) => Self::elsewhere(name),
            _ => Self::literal(text),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Literal(_) => f.write_str("•••"),
            Place::Environment(name) => write!(f, "env:{name}"),
            Place::File(path) => write!(f, "file:{}", path.display()),
            Place::Elsewhere(name) => write!(f, "vault:{name}"),
        }
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::parse(&text))
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{self:?}"))
    }
}

/// Turns a [`Secret`] into its text at the moment of use. Ours is [`EnvironmentAndFiles`]; yours may read a vault.
#[async_trait]
pub trait SecretSource: fmt::Debug + Send + Sync + 'static {
    /// The text of the secret as it stands now.
    ///
    /// # Errors
    /// `is_config` when it is not there; `is_transient` when it cannot be reached at the moment.
    async fn resolve(&self, secret: &Secret) -> Result<SecretString>;
}

/// Reads the environment, and reads files anew each time.
#[derive(Clone, Copy, Debug, Default)]
pub struct EnvironmentAndFiles;

#[async_trait]
impl SecretSource for EnvironmentAndFiles {
    #[expect(clippy::disallowed_methods, reason = "reading the environment is what it is for")]
    async fn resolve(&self, secret: &Secret) -> Result<SecretString> {
        match &secret.0 {
            Place::Literal(text) => Ok(text.expose_secret().into()),
            Place::Environment(name) => std::env::var(name)
                .map(SecretString::from)
                .map_err(|_| Error::config(format!("the environment variable {name} is not set"))),
            // A few bytes, read rarely: not worth a runtime's file system in a crate that has none.
            Place::File(path) => std::fs::read_to_string(path)
                .map(|text| SecretString::from(text.trim_end_matches(['\r', '\n'])))
                .map_err(|error| {
                    Error::config(format!("the secret file {} cannot be read", path.display())).caused_by(error)
                }),
            Place::Elsewhere(name) => Err(Error::config(format!("nobody here knows the secret vault:{name}"))
                .advise("give the Context a SecretSource that does")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn text_of(secret: Secret) -> Result<String> {
        EnvironmentAndFiles.resolve(&secret).await.map(|text| text.expose_secret().to_owned())
    }

    #[tokio::test]
    async fn a_file_is_read_anew_each_time_and_loses_its_line_end() {
        let path = std::env::temp_dir().join(format!("secret-{}", std::process::id()));
        std::fs::write(&path, "first\n").unwrap();
        let secret = Secret::parse(&format!("file:{}", path.display()));
        assert_eq!(text_of(secret.clone()).await.unwrap(), "first");
        std::fs::write(&path, "second\r\n").unwrap();
        assert_eq!(text_of(secret).await.unwrap(), "second");
        std::fs::remove_file(path).unwrap();
    }

    #[tokio::test]
    async fn what_is_missing_is_named_without_any_text() {
        for secret in [
            Secret::parse("env:SURELY_NOT_SET_ANYWHERE"),
            Secret::parse("file:/nowhere/at/all"),
            Secret::parse("vault:x"),
        ] {
            assert!(text_of(secret).await.unwrap_err().is_config());
        }
    }

    #[test]
    fn only_a_literal_has_its_text_at_hand() {
        assert_eq!(Secret::parse("hunter2").text().map(ExposeSecret::expose_secret), Some("hunter2"));
        for elsewhere in ["env:PATH", "file:/etc/hostname", "vault:x"] {
            assert!(Secret::parse(elsewhere).text().is_none(), "{elsewhere}");
        }
    }

    #[test]
    fn a_literal_never_leaves() {
        let secret = Secret::parse("hunter2");
        assert!(!serde_json::to_string(&secret).unwrap().contains("hunter2"));
        assert!(!format!("{secret:?}").contains("hunter2"));
    }
}
