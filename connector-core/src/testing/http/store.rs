//! The store behind an API: files, and links to them that are good for a while.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use url::Url;

use super::answer::{Answer, Request};
use crate::testing::{Clip, Fault, FaultPlan};

/// What a store says of a second way to log in. Not documented by any vendor; object stores answer so.
const TWO_LOGINS: u16 = 400;

/// A store of recordings, as vendors have them: whoever has a signed link needs no token, and may show none.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use std::time::Duration;
/// use connector_core::testing::http::{Link, Request, Store};
/// use connector_core::testing::{Clip, FaultPlan};
///
/// let clip = Clip::mono(7, Duration::from_secs(1));
/// let mut store = Store::new("X-Signature");
/// let link = store.link(&"https://media.example.com".parse().unwrap(), Link::new(clip, Duration::from_secs(60)));
/// let request: Request = http::Request::get(link.as_str()).body("".into()).unwrap();
/// assert_eq!(store.answer(&request, &FaultPlan::none()).body, clip.wav());
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Store {
    /// The parameter that holds the signature.
    signature: &'static str,
    links: Vec<Link>,
    is_empty: bool,
}

/// A link to a file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Link {
    clip: Clip,
    kind: String,
    extension: String,
    ends: Instant,
    uses: usize,
}

impl Link {
    /// To a WAV file, for so long from now on.
    pub fn new(clip: Clip, life: Duration) -> Self {
        let (kind, extension) = ("audio/wav".to_owned(), "wav".to_owned());
        Self { clip, kind, extension, ends: Instant::now() + life, uses: usize::MAX }
    }

    /// The same link to a file that is said to be of this type. Its bytes are those of the WAV file all the same.
    pub fn with_kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = kind.into();
        self
    }

    /// The same link to a file whose name ends so.
    pub fn with_extension(mut self, extension: impl Into<String>) -> Self {
        self.extension = extension.into();
        self
    }

    /// The same link, which works only so often.
    pub fn with_uses(mut self, uses: usize) -> Self {
        self.uses = uses;
        self
    }

    fn is_good(&self) -> bool {
        self.uses > 0 && Instant::now() < self.ends
    }
}

impl Store {
    /// An empty one, whose links are signed in this parameter.
    pub fn new(signature: &'static str) -> Self {
        Self { signature, links: Vec::new(), is_empty: false }
    }

    /// A new link into the store, which is at this address.
    pub fn link(&mut self, at: &Url, link: Link) -> Url {
        let number = self.links.len() + 1;
        let mut url = at.clone();
        url.set_path(&format!("media/{number}.{}", link.extension));
        self.links.push(link);
        url.query_pairs_mut().append_pair(self.signature, &format!("{number:08x}"));
        url
    }

    /// Ends all links that there are.
    pub fn end_links(&mut self) {
        self.links.iter_mut().for_each(|link| link.uses = 0);
    }

    /// Deletes all files. Links to them are good, and lead to nothing.
    pub fn delete_all(&mut self) {
        self.is_empty = true;
    }

    /// The file behind a link, or the part of it that is asked for. It knows links that end ([`Fault::ExpiredLink`]) and
    /// answers that break off half way ([`Fault::CutDownload`]).
    pub fn answer(&mut self, request: &Request, faults: &FaultPlan) -> Answer {
        if request.headers().contains_key(http::header::AUTHORIZATION) {
            return refused(TWO_LOGINS, "InvalidArgument");
        }
        let Some(link) = self.signed(request) else { return refused(403, "AccessDenied") };
        if link.is_good() && faults.fire(Fault::ExpiredLink) {
            link.uses = 0;
        }
        if !link.is_good() {
            return refused(403, "AccessDenied");
        }
        link.uses -= 1;
        let link = link.clone();
        if self.is_empty {
            return refused(404, "NoSuchKey");
        }
        let content = Bytes::from(link.clip.wav());
        let etag = format!("\"{:x}-{:x}\"", link.clip.seed(), content.len());
        let answer = Answer::media(request, &content, &etag).with_header("content-type", &link.kind);
        let half = answer.body.len() / 2;
        if answer.status.is_success() && half > 0 && faults.fire(Fault::CutDownload) {
            return answer.cut_after(half);
        }
        answer
    }

    /// The link that a request has, if it is signed.
    fn signed(&mut self, request: &Request) -> Option<&mut Link> {
        let file = request.uri().path().rsplit('/').next()?;
        let number: usize = file.split_once('.')?.0.parse().ok()?;
        let query = request.uri().query().unwrap_or_default();
        let signature = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == self.signature)?.1;
        self.links.get_mut(number.checked_sub(1)?).filter(|_| signature == format!("{number:08x}"))
    }
}

/// As an object store refuses.
fn refused(status: u16, code: &str) -> Answer {
    let words = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code></Error>");
    Answer::new(status).with_header("content-type", "application/xml").with_body(words)
}
