//! One error type, whose predicates say what to do.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use crate::Origin;

/// What every fallible function of these libraries returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// How much of a vendor's answer an error keeps.
const BODY_LIMIT: usize = 512;

/// What went wrong, where, and what to do about it.
///
/// The kind is private: ask the predicates (`is_retryable`, `is_forbidden`, …), each of which documents what usually
/// causes it and what to do. What is an answer rather than trouble (a recording that is not ready, a call nobody
/// recorded) is a [`Lookup`](crate::Lookup), not an error.
///
/// `Display` is one line: who, doing what, what happened, what to do. Personal values and secrets never stand in it.
///
/// ```
/// use connector_core::{Error, Origin};
/// let error = Error::forbidden("the folder cannot be written to")
///     .during("settle")
///     .of(&Origin::new("acme", "drop"))
///     .advise("give the service write access, or set access = \"read-only\"");
/// assert!(error.is_forbidden() && !error.is_retryable());
/// assert_eq!(
///     error.to_string(),
///     "acme/drop: settle: the folder cannot be written to; give the service write access, or set access = \"read-only\""
/// );
/// ```
#[derive(thiserror::Error)]
#[error(transparent)]
pub struct Error(Box<Inner>);

#[derive(thiserror::Error)]
struct Inner {
    kind: Kind,
    message: String,
    origin: Option<Origin>,
    operation: Option<&'static str>,
    advice: Option<String>,
    status: Option<u16>,
    vendor_code: Option<String>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    body: Option<String>,
    #[source]
    cause: Option<Box<dyn StdError + Send + Sync>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Config,
    Transient,
    RateLimited,
    Unauthorized,
    Forbidden,
    NotFound,
    Invalid,
    TooLarge,
    Changed,
    AlreadySubscribed,
    Storage,
    Bug,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $make:ident, $ask:ident => $kind:ident;)*) => {
        impl Error {
            $(
                #[doc = concat!("An error for which [`", stringify!($ask), "`](Self::", stringify!($ask), ") is true.")]
                pub fn $make(message: impl Into<String>) -> Self {
                    Self::new(Kind::$kind, message.into())
                }

                $(#[$doc])*
                pub fn $ask(&self) -> bool {
                    self.0.kind == Kind::$kind
                }
            )*
        }
    };
}

kinds! {
    /// A setting is wrong or missing.
    ///
    /// Usual causes: a name, address or path that is misspelt; a secret that is not there; settings that exclude each
    /// other; a certificate that is not trusted, where the network inspects TLS. Nothing took effect. Correct the
    /// configuration: the same will fail until then.
    config, is_config => Config;
    /// The other side or the network failed in a way that usually passes.
    ///
    /// Usual causes: a connection that broke off or took too long; a vendor that answers 408, 425, 500 or 502 to 504; a
    /// program that is stopping. The request may have taken effect, since its answer may be what was lost. Repeat it after
    /// [`retry_after`](Self::retry_after), or after pauses that grow. Clients of `http` have repeated what may be repeated
    /// already, so leave them minutes rather than seconds.
    transient, is_transient => Transient;
    /// The vendor asks us to slow down.
    ///
    /// Usual causes: the vendor answers 429, as other programs use the same account; too many requests wait here for the
    /// account's limits, or the vendor asked for a pause of more than a quarter of an hour. Nothing took effect. Wait as
    /// long as [`retry_after`](Self::retry_after) says; if it comes often, ask for less or have the limit raised.
    rate_limited, is_rate_limited => RateLimited;
    /// The credentials were refused.
    ///
    /// Usual causes: a secret that was changed or has expired, or that belongs to another account or region; an account
    /// that is locked. Nothing took effect. It is never retried with the same credentials, since accounts lock: have them
    /// checked. A changed secret is tried at once, the same one after an hour.
    unauthorized, is_unauthorized => Unauthorized;
    /// The credentials are good, but a permission or licence is missing; the message names it as the vendor does.
    ///
    /// Other causes: a local file or folder that the service may not open; a link that leads to a host off the
    /// `LinkPolicy`. Nothing took effect. Somebody has to grant it: the same will fail until then.
    forbidden, is_forbidden => Forbidden;
    /// What was named does not exist there: a group, a report, a folder.
    ///
    /// Usual causes: a name or id that is misspelt or was deleted; another account or region than meant. Nothing took
    /// effect. Check the name. That a call or a recording is not there is no error, but a [`Lookup`](crate::Lookup).
    not_found, is_not_found => NotFound;
    /// What arrived cannot be read, or the vendor cannot read what was sent.
    ///
    /// Usual causes: a file that is damaged or cut; a vendor whose answers changed, or that answers with a page of a proxy; a
    /// status such as 400 or 422. A request whose answer cannot be read may have taken effect. The same bytes will fail
    /// again: keep them and report.
    invalid, is_invalid => Invalid;
    /// Something is larger than the limit that was set.
    ///
    /// Usual causes: a limit below what the vendor sends; an answer that is packed to harm. It was refused before it was
    /// kept, but a request for it may have taken effect. Raise the limit if the size is right: the same will fail until then.
    too_large, is_too_large => TooLarge;
    /// The thing changed while it was read, or is no longer what was asked for.
    ///
    /// Usual causes: a recording that the vendor replaced, or whose SHA-256 or size is not the one announced; a file that is
    /// still written; a status 409 or 412. What was read is worthless: throw it away and start again with the new version.
    changed, is_changed => Changed;
    /// This source has a live stream already.
    ///
    /// Usual causes: two pipelines over one connector; a stream that is kept though nobody reads it. Nothing took effect, and
    /// the other stream goes on. Drop that one first.
    already_subscribed, is_already_subscribed => AlreadySubscribed;
    /// Our own disk, database or object store failed.
    ///
    /// Usual causes: it is full, locked, or gone. Nothing is lost: what was not confirmed comes again. Make room or bring it
    /// back, and repeat.
    storage, is_storage => Storage;
    /// A rule of this library was broken, by itself or by a part that you brought: an archive or a connector of your own.
    ///
    /// What took effect is not known. Repeating does not help; please report it with the message.
    bug, is_bug => Bug;
}

impl Error {
    fn new(kind: Kind, message: String) -> Self {
        Self(Box::new(Inner {
            kind,
            message,
            origin: None,
            operation: None,
            advice: None,
            status: None,
            vendor_code: None,
            request_id: None,
            retry_after: None,
            body: None,
            cause: None,
        }))
    }

    /// Whether the same request may succeed later without anybody doing anything: it is
    /// [`is_transient`](Self::is_transient), [`is_rate_limited`](Self::is_rate_limited), [`is_changed`](Self::is_changed) or
    /// [`is_storage`](Self::is_storage), whose pages say how. All others fail again until somebody has done something.
    pub fn is_retryable(&self) -> bool {
        matches!(self.0.kind, Kind::Transient | Kind::RateLimited | Kind::Changed | Kind::Storage)
    }

    /// How long the other side asked us to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The tenant and source concerned.
    pub fn origin(&self) -> Option<&Origin> {
        self.0.origin.as_ref()
    }

    /// What was being done, by the name of the method.
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// The HTTP status, where there was one.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The vendor's own error code.
    pub fn vendor_code(&self) -> Option<&str> {
        self.0.vendor_code.as_deref()
    }

    /// The id under which the vendor's support finds the request.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// The beginning of what the vendor answered.
    pub fn body(&self) -> Option<&str> {
        self.0.body.as_deref()
    }

    /// What to do, where it is known.
    pub fn advice(&self) -> Option<&str> {
        self.0.advice.as_deref()
    }

    /// What happened, without what to do about it; and that.
    pub(crate) fn into_told(mut self) -> (String, Option<String>) {
        let advice = self.0.advice.take();
        (self.to_string(), advice)
    }

    /// The same error, of this tenant and source.
    pub fn of(mut self, origin: &Origin) -> Self {
        self.0.origin = Some(origin.clone());
        self
    }

    /// The same error, met while doing this.
    pub fn during(mut self, operation: &'static str) -> Self {
        self.0.operation = Some(operation);
        self
    }

    /// The same error, with what to do about it.
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.0.advice = Some(advice.into());
        self
    }

    /// The same error, with the HTTP status.
    pub fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    /// The same error, with the vendor's error code.
    pub fn with_vendor_code(mut self, code: impl Into<String>) -> Self {
        self.0.vendor_code = Some(code.into());
        self
    }

    /// The same error, with the vendor's request id.
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.0.request_id = Some(id.into());
        self
    }

    /// The same error, with the wait that the other side asked for.
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// The same error, with the beginning of the answer. The caller has cut out secrets and personal values.
    pub fn with_body(mut self, body: &str) -> Self {
        let end = body.floor_char_boundary(BODY_LIMIT);
        self.0.body = Some(body[..end].to_owned());
        self
    }

    /// The same error, with the error beneath it.
    pub fn caused_by(mut self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }
}

/// Trouble with a local file: missing, not permitted, or a disk that fails. An error of ours that went through a reader
/// comes out as it was.
impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind;
        let error = match error.downcast::<Self>() {
            Ok(ours) => return ours,
            Err(error) => error,
        };
        let make = match error.kind() {
            ErrorKind::NotFound => Self::not_found,
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Self::forbidden,
            _ => Self::storage,
        };
        make(error.to_string()).caused_by(error)
    }
}

/// For programs that take the bytes of a recording through a reader.
impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        use std::io::ErrorKind;
        let kind = match error.0.kind {
            Kind::NotFound => ErrorKind::NotFound,
            Kind::Unauthorized | Kind::Forbidden => ErrorKind::PermissionDenied,
            Kind::Invalid => ErrorKind::InvalidData,
            _ => ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

impl fmt::Display for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(origin) = &self.origin {
            write!(f, "{origin}: ")?;
        }
        if let Some(operation) = self.operation {
            write!(f, "{operation}: ")?;
        }
        f.write_str(&self.message)?;
        if let Some(status) = self.status {
            write!(f, " (status {status}")?;
            self.vendor_code.iter().try_for_each(|code| write!(f, ", {code}"))?;
            self.request_id.iter().try_for_each(|id| write!(f, ", request {id}"))?;
            f.write_str(")")?;
        }
        if let Some(wait) = self.retry_after {
            write!(f, "; wait {} s", wait.as_secs())?;
        }
        if let Some(advice) = &self.advice {
            write!(f, "; {advice}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("what", &self.to_string())
            .field("body", &self.0.body)
            .field("cause", &self.0.cause)
            .finish()
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_pointer_wide_and_can_cross_threads() {
        fn crosses<T: Send + Sync + 'static>() {}
        crosses::<Error>();
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn the_line_carries_all_that_the_vendor_said() {
        let error = Error::rate_limited("too many requests")
            .with_status(429)
            .with_vendor_code("too.many")
            .with_request_id("r-1")
            .with_retry_after(Duration::from_secs(2));
        assert_eq!(error.to_string(), "too many requests (status 429, too.many, request r-1); wait 2 s");
        assert!(error.is_retryable() && error.is_rate_limited());
    }

    #[test]
    fn a_body_is_cut_at_a_character() {
        let error = Error::invalid("odd").with_body(&"é".repeat(BODY_LIMIT));
        assert_eq!(error.body().unwrap().len(), BODY_LIMIT);
    }

    #[test]
    fn an_error_comes_through_a_reader_as_it_was() {
        let read = std::io::Error::from(Error::forbidden("no licence").with_status(403));
        assert_eq!(read.kind(), std::io::ErrorKind::PermissionDenied);
        let error = Error::from(read);
        assert!(error.is_forbidden());
        assert_eq!(error.status(), Some(403));
    }

    #[test]
    fn io_errors_keep_their_meaning() {
        use std::io::ErrorKind;
        for (kind, ask) in [
            (ErrorKind::NotFound, Error::is_not_found as fn(&Error) -> bool),
            (ErrorKind::PermissionDenied, Error::is_forbidden),
            (ErrorKind::StorageFull, Error::is_storage),
        ] {
            assert!(ask(&std::io::Error::from(kind).into()), "{kind}");
        }
    }
}
