//! Lists of a paged endpoint, which can be saved in the middle and taken up again.

use futures_util::{StreamExt, stream};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Cursor, Error, Listing, Page, Rejected, Result};

/// One page, and the position of the next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageOf<T, P> {
    /// The rows that could be read.
    pub items: Vec<T>,
    /// The rows that could not.
    pub rejected: Vec<Rejected>,
    /// Where the next page starts; `None` after the last.
    pub next: Option<P>,
}

impl<T, P> PageOf<T, P> {
    /// A page of these rows, and where the next one starts.
    pub fn new(items: Vec<T>, next: Option<P>) -> Self {
        Self { items, rejected: Vec::new(), next }
    }

    /// The same page, with these rows that could not be read.
    pub fn with_rejected(mut self, rejected: Vec<Rejected>) -> Self {
        self.rejected.extend(rejected);
        self
    }
}

/// Makes a list out of a function that fetches the page at a position: an offset, a vendor's token, a window of time.
///
/// It starts at `first`, or where a stored cursor says. The cursor of each page is its `next`, as JSON: a position must not
/// hold a secret, such as a signed link. An error ends the list, and so does a page whose next page is itself.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// use connector_core::http::{PageOf, pages};
/// use futures_util::TryStreamExt;
///
/// // ten rows, four to a page
/// let fetch = |skip: usize| async move {
///     let rows: Vec<_> = (skip..10).take(4).collect();
///     let next = (skip + 4 < 10).then_some(skip + 4);
///     Ok(PageOf::new(rows, next))
/// };
/// let first = pages(0, None, fetch).try_next().await?.unwrap();
/// let rest: Vec<_> = pages(0, first.resume, fetch).try_collect().await?;
/// assert_eq!(rest.iter().flat_map(|page| &page.items).count(), 6);
/// # Ok(()) }
/// ```
pub fn pages<T, P, F, Fetched>(first: P, resume: Option<Cursor>, mut fetch: F) -> Listing<T>
where
    T: Send + 'static,
    P: Serialize + DeserializeOwned + Send + 'static,
    F: FnMut(P) -> Fetched + Send + 'static,
    Fetched: Future<Output = Result<PageOf<T, P>>> + Send + 'static,
{
    let start = match resume {
        None => Ok(first),
        Some(cursor) => serde_json::from_str(cursor.as_str()).map_err(|_| {
            Error::invalid("the stored position of this list cannot be read")
                .advise("start the list from its beginning")
        }),
    };
    let pages = stream::try_unfold(Some(start), move |position| {
        let asked = position.map(|position| position.and_then(|position| Ok((cursor(&position)?, fetch(position)))));
        async move {
            let Some(asked) = asked else { return Ok(None) };
            let (here, fetched) = asked?;
            let PageOf { items, rejected, next } = fetched.await?;
            let resume = next.as_ref().map(cursor).transpose()?;
            if resume.as_ref() == Some(&here) {
                return Err(Error::invalid("the vendor names a page as its own next page"));
            }
            Ok(Some((Page { items, rejected, resume }, next.map(Ok))))
        }
    });
    pages.boxed()
}

fn cursor(position: &impl Serialize) -> Result<Cursor> {
    serde_json::to_string(position).map(Cursor::new).map_err(|_| Error::bug("a position cannot be written as JSON"))
}

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt;

    use super::*;

    fn hundred(resume: Option<Cursor>, fails_at: u32) -> Listing<u32> {
        pages(0u32, resume, move |skip| async move {
            if skip == fails_at {
                return Err(Error::transient("gone"));
            }
            let bad = Rejected::new(format!("row {skip}"), "odd", "it is odd");
            Ok(PageOf::new((skip..skip + 10).collect(), (skip < 90).then_some(skip + 10)).with_rejected(vec![bad]))
        })
    }

    #[tokio::test]
    async fn a_list_that_failed_is_taken_up_where_it_was() {
        let (mut rows, mut resume, mut rejected) = (Vec::new(), None, 0);
        let mut listing = hundred(None, 50);
        let error = loop {
            match listing.try_next().await {
                Ok(page) => {
                    let page = page.unwrap();
                    rows.extend(page.items);
                    rejected += page.rejected.len();
                    resume = page.resume;
                }
                Err(error) => break error,
            }
        };
        assert!(error.is_transient());
        assert!(listing.try_next().await.unwrap().is_none(), "an error is the last item");
        let rest: Vec<_> = hundred(resume, 1000).try_collect().await.unwrap();
        rows.extend(rest.iter().flat_map(|page| &page.items));
        rejected += rest.iter().map(|page| page.rejected.len()).sum::<usize>();
        assert_eq!((rows, rejected), ((0..100).collect(), 10));
        assert_eq!(rest.last().unwrap().resume, None);
    }

    #[tokio::test]
    async fn a_position_that_cannot_be_read_is_an_error_and_asks_nobody() {
        let listing: Listing<u32> = pages(0u32, Some(Cursor::new("{")), |_| async { panic!("asked") });
        assert!(listing.try_collect::<Vec<_>>().await.unwrap_err().is_invalid());
    }

    #[tokio::test]
    async fn a_page_that_follows_itself_does_not_go_on_for_ever() {
        let listing: Listing<u32> = pages("a".to_owned(), None, |page| async { Ok(PageOf::new(vec![1], Some(page))) });
        assert!(listing.try_collect::<Vec<_>>().await.unwrap_err().is_invalid());
    }
}
