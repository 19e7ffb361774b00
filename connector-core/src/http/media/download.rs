//! A recording over HTTP: from any byte on, of one version, by links that may expire.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderName, IF_RANGE, LAST_MODIFIED, RANGE};
use http::{HeaderMap, StatusCode};

use crate::http::client::HttpClient;
use crate::http::request::{RequestBuilder, Streaming};
use crate::http::wire::Body;
use crate::{Download, DownloadOptions, Error, Lookup, Result, Validator};

/// A link to a recording. It may be signed: `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    address: String,
    signed: bool,
}

impl Link {
    /// This address.
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: address.into(), signed: false }
    }

    /// The same link, which is its own permission: not even the API's own host gets the token with it.
    pub fn signed(mut self) -> Self {
        self.signed = true;
        self
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link(•••)")
    }
}

/// Where a link to a recording is to be had, as often as it takes. Every closure of the right shape is one.
#[async_trait]
pub trait LinkSource: Send + Sync {
    /// A link that is good now.
    async fn link(&self) -> Result<Lookup<Link>>;
}

#[async_trait]
impl<F, Asked> LinkSource for F
where
    F: Fn() -> Asked + Send + Sync,
    Asked: Future<Output = Result<Lookup<Link>>> + Send,
{
    async fn link(&self) -> Result<Lookup<Link>> {
        self().await
    }
}

/// What is expected of a recording, and how it is fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MediaOptions {
    /// Its size in bytes, where it is known; another one is an error.
    pub size: Option<u64>,
    /// A larger one is refused; in bytes.
    pub max_size: u64,
    /// How many further links are asked for when one is refused.
    pub further_links: u32,
    /// The class of endpoints whose limits hold; see [`HttpClient::with_limits`].
    pub class: Option<String>,
}

/// Any size up to 8 GiB, 2 further links.
impl Default for MediaOptions {
    fn default() -> Self {
        Self { size: None, max_size: 8 << 30, further_links: 2, class: None }
    }
}

impl MediaOptions {
    /// The same options, for a recording of this many bytes.
    pub fn with_size(mut self, bytes: u64) -> Self {
        self.size = Some(bytes);
        self
    }

    /// The same options, refusing more bytes than this.
    pub fn with_max_size(mut self, bytes: u64) -> Self {
        self.max_size = bytes;
        self
    }

    /// The same options, within the limits of this class of endpoints.
    pub fn with_class(mut self, name: impl Into<String>) -> Self {
        self.class = Some(name.into());
        self
    }
}

/// What a media host made of a request.
enum Taken {
    Ready(Download),
    NotReady(Option<std::time::Duration>),
    /// The link is of no use, for this reason.
    Refused(Error),
    /// The bytes from there on are not to be had: from the beginning, then.
    FromZero,
}

impl HttpClient {
    /// Fetches a recording by a link, for a [`RecordingDownloader`](crate::RecordingDownloader).
    ///
    /// It starts at the byte asked for if the host still has that version, and otherwise at 0. The version is the host's
    /// ETag, or its modification time and size; without either, every download starts at 0. A link that the host refuses
    /// (status 400, 401, 403, 404, 410) is replaced. The token is never sent to a host other than the API's own.
    ///
    /// The stream is cut off by `is_transient` when bytes are missing at its end;
    /// [`whole`](crate::RecordingDownloaderExt::whole) heals that.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> connector_core::Result<()> {
    /// use std::sync::Arc;
    /// use connector_core::http::{AccountKey, HttpClient, HttpOptions, Link, LinkPolicy, MediaOptions};
    /// use connector_core::testing::http::{Answer, InProcess, Request};
    /// use connector_core::{Context, DownloadOptions, Lookup, Vendor};
    ///
    /// // A vendor that gives out links to a store of recordings.
    /// let vendor = InProcess::new(|request: &Request| match request.uri().host() {
    ///     Some("media.example.com") => Answer::new(200).with_header("content-length", "5").with_body("audio"),
    ///     _ => Answer::json(&serde_json::json!({"url": "https://media.example.com/7?signature=x"})),
    /// });
    /// let cx = Context::default().with_transport(Arc::new(vendor));
    /// let account = AccountKey::new(Vendor::named("acme-cloud"), "tenant-7");
    /// let base = "https://api.example.com".parse().unwrap();
    /// let client = HttpClient::new(&cx, &account, base, &HttpOptions::default())?
    ///     .with_links(LinkPolicy::own_host_only().with_host("media.example.com"));
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Found {
    ///     url: String,
    /// }
    /// // Asked for again whenever a link has expired.
    /// let links = || async {
    ///     let found: Found = client.get("calls/7/recording").send().await?.json()?;
    ///     Ok(Lookup::Ready(Link::new(found.url).signed()))
    /// };
    /// let download = client.download(&links, &DownloadOptions::default(), &MediaOptions::default()).await?;
    /// assert!(matches!(download, Lookup::Ready(download) if download.size == Some(5)));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// `is_forbidden` for a link off the [`LinkPolicy`](super::LinkPolicy); `is_too_large`; `is_changed` when its size is
    /// not the one expected; what the host says when the last link was refused; those of [`RequestBuilder::send`].
    pub async fn download(
        &self,
        links: &dyn LinkSource,
        options: &DownloadOptions,
        media: &MediaOptions,
    ) -> Result<Lookup<Download>> {
        let mut wanted = Wanted::new(options);
        let mut further = media.further_links;
        loop {
            let link = match links.link().await? {
                Lookup::Ready(link) => link,
                Lookup::NotReady { retry_after } => return Ok(Lookup::NotReady { retry_after }),
                Lookup::Gone(why) => return Ok(Lookup::Gone(why)),
            };
            let request = self.get_link(&link.address).during("download").priority(options.priority);
            let request = if link.signed { request.without_token() } else { request };
            let request = media.class.iter().fold(request, |request, name| request.class(name));
            let taken = wanted.take(&request, media).await.map_err(|error| request.named(error))?;
            match taken {
                Taken::Ready(download) => return Ok(Lookup::Ready(download)),
                Taken::NotReady(wait) => {
                    let retry_after = wait.unwrap_or(std::time::Duration::from_secs(60));
                    return Ok(Lookup::NotReady { retry_after });
                }
                Taken::FromZero => wanted = Wanted { from: 0, version: None },
                Taken::Refused(error) if further == 0 => return Err(request.named(error)),
                Taken::Refused(_) => further -= 1,
            }
        }
    }
}

/// From which byte on, and of which version.
struct Wanted<'a> {
    from: u64,
    version: Option<&'a Validator>,
}

impl<'a> Wanted<'a> {
    /// Bytes of an unknown version are never put together.
    fn new(options: &'a DownloadOptions) -> Self {
        match &options.validator {
            Some(version) if options.from > 0 => Self { from: options.from, version: Some(version) },
            _ => Self { from: 0, version: None },
        }
    }

    async fn take(&self, request: &RequestBuilder, media: &MediaOptions) -> Result<Taken> {
        let answer = match self.version {
            Some(version) => {
                let request = request.clone().header(RANGE, format!("bytes={}-", self.from));
                request.header(IF_RANGE, condition(version)).stream().await?
            }
            None => request.clone().stream().await?,
        };
        let range = text(&answer.headers, CONTENT_RANGE).and_then(Range::parse);
        match answer.status {
            StatusCode::OK => {
                let size = text(&answer.headers, CONTENT_LENGTH).and_then(|length| length.parse().ok());
                self.whole(answer, size, media).map(Taken::Ready)
            }
            StatusCode::PARTIAL_CONTENT => match (range, self.version) {
                (Some(range), Some(version))
                    if range.first == Some(self.from)
                        && range.total.is_some()
                        && validator(&answer.headers, range.total).as_ref() == Some(version) =>
                {
                    ready(answer, self.from, 0, range.total, media).map(Taken::Ready)
                }
                (_, Some(_)) => Ok(Taken::FromZero),
                _ => Err(Error::invalid("the host sent a part that was not asked for")),
            },
            StatusCode::RANGE_NOT_SATISFIABLE if self.version.is_some() => {
                let total = range.and_then(|range| range.total);
                if total == Some(self.from) && validator(&answer.headers, total).as_ref() == self.version {
                    let rest = Streaming { body: stream::empty().boxed(), ..answer };
                    return ready(rest, self.from, 0, total, media).map(Taken::Ready);
                }
                Ok(Taken::FromZero)
            }
            status if status.is_success() => {
                let now = request.settings.cx.clock().now();
                Ok(Taken::NotReady(crate::http::retry::retry_after(&answer.headers, now)))
            }
            _ => refused(answer, request).await,
        }
    }

    /// The host sends all of it: what we have is skipped if it is the same version.
    fn whole(&self, answer: Streaming, size: Option<u64>, media: &MediaOptions) -> Result<Download> {
        let same = self.version.is_some_and(|version| validator(&answer.headers, size).as_ref() == Some(version));
        let from = if same && size.is_none_or(|size| self.from <= size) { self.from } else { 0 };
        ready(answer, from, from, size, media)
    }
}

async fn refused(answer: Streaming, request: &RequestBuilder) -> Result<Taken> {
    let status = answer.status.as_u16();
    let error = request.refusal(answer).await;
    match status {
        400 | 401 | 403 | 404 | 410 => Ok(Taken::Refused(error)),
        _ => Err(error),
    }
}

/// The bytes from `from` on, out of a body that starts `skip` bytes before it.
fn ready(answer: Streaming, from: u64, skip: u64, size: Option<u64>, media: &MediaOptions) -> Result<Download> {
    if answer.headers.get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        return Err(Error::invalid("the host packed the recording, which was not asked for"));
    }
    if size.is_some_and(|size| size > media.max_size) {
        return Err(Error::too_large(format!("the recording is larger than {} bytes", media.max_size)));
    }
    if let (Some(size), Some(expected)) = (size, media.size)
        && size != expected
    {
        return Err(Error::changed(format!("the recording has {size} bytes, and not {expected}")));
    }
    let version = validator(&answer.headers, size);
    let length = Length { at: from - skip, size: size.or(media.size), max: media.max_size };
    let mut download = Download::new(skipping(length.guard(answer.body), skip));
    download.from = from;
    download.size = size;
    download.validator = version;
    Ok(download)
}

/// Watches over the length of a body.
struct Length {
    at: u64,
    size: Option<u64>,
    max: u64,
}

impl Length {
    fn guard(self, body: Body) -> Body {
        stream::unfold(Some((self, body)), |watched| async {
            let (mut length, mut body) = watched?;
            let piece = match body.next().await {
                Some(piece) => piece.and_then(|piece| length.count(piece)),
                None if length.size.is_none_or(|size| size == length.at) => return None,
                None => Err(Error::transient(format!("the recording broke off after {} bytes", length.at))),
            };
            match piece {
                Ok(piece) => Some((Ok(piece), Some((length, body)))),
                Err(error) => Some((Err(error.during("download")), None)),
            }
        })
        .boxed()
    }

    fn count(&mut self, piece: Bytes) -> Result<Bytes> {
        self.at += piece.len() as u64;
        if self.at > self.max {
            return Err(Error::too_large(format!("the recording is larger than {} bytes", self.max)));
        }
        if self.size.is_some_and(|size| self.at > size) {
            return Err(Error::invalid("the recording has more bytes than the host says"));
        }
        Ok(piece)
    }
}

/// The body without its first bytes.
fn skipping(body: Body, skip: u64) -> Body {
    if skip == 0 {
        return body;
    }
    let rest = body.scan(skip, |skip, piece| {
        let piece = piece.map(|mut piece| {
            let cut = piece.len().min(usize::try_from(*skip).unwrap_or(usize::MAX));
            *skip -= cut as u64;
            piece.split_off(cut)
        });
        std::future::ready(Some(piece))
    });
    rest.filter(|piece| std::future::ready(!piece.as_ref().is_ok_and(Bytes::is_empty))).boxed()
}

/// What tells two versions apart: a strong ETag as it is, or `modification time;size`.
fn validator(headers: &HeaderMap, size: Option<u64>) -> Option<Validator> {
    if let Some(tag) = text(headers, ETAG).filter(|tag| tag.starts_with('"')) {
        return Some(Validator::new(tag));
    }
    let (modified, size) = (text(headers, LAST_MODIFIED)?, size?);
    Some(Validator::new(format!("{modified};{size}")))
}

/// What `If-Range` takes of it.
fn condition(version: &Validator) -> &str {
    match version.as_str() {
        tag if tag.starts_with('"') => tag,
        modified => modified.rsplit_once(';').map_or(modified, |(modified, _)| modified),
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// `bytes 5-9/10` or `bytes */10`.
struct Range {
    first: Option<u64>,
    total: Option<u64>,
}

impl Range {
    fn parse(text: &str) -> Option<Self> {
        let (span, total) = text.trim().strip_prefix("bytes")?.trim().split_once('/')?;
        let first = span.split_once('-').and_then(|(first, _)| first.trim().parse().ok());
        Some(Self { first, total: total.trim().parse().ok() })
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests;
