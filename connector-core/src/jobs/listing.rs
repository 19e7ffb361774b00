//! Lists that come in pages, keep going when a row is bad, and can be taken up again from a stored position.

use futures_core::Stream;
use futures_core::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt, future, stream};

use crate::{Cursor, Rejected, Result};

/// A list in pages. `Err` is always the last item; one that ends without it is complete but for the rows it rejected.
pub type Listing<T> = BoxStream<'static, Result<Page<T>>>;

/// A piece of a [`Listing`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page<T> {
    /// The rows that could be read.
    pub items: Vec<T>,
    /// The rows that could not.
    pub rejected: Vec<Rejected>,
    /// Where to go on after this page; `None` when it was the last one or the list has no positions.
    pub resume: Option<Cursor>,
}

impl<T> Page<T> {
    /// A page of these rows.
    pub fn new(items: Vec<T>) -> Self {
        Self { items, rejected: Vec::new(), resume: None }
    }

    /// For connectors: the list that is this page alone.
    pub fn into_listing(self) -> Listing<T>
    where
        T: Send + 'static,
    {
        stream::iter([Ok(self)]).boxed()
    }
}

/// Conveniences on a [`Listing`].
pub trait ListingExt<T>: Sized {
    /// The rows one by one, and a word on each row that could not be read: it is said, never silent. Whoever has to know
    /// whether the list was whole takes the pages as they come: [`rejected`](Page::rejected) is empty in all of them.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
    /// use connector_core::{Listing, ListingExt, Page, Rejected};
    /// use futures_util::{StreamExt, TryStreamExt, stream};
    ///
    /// let mut page = Page::new(vec!["first", "third"]);
    /// page.rejected.push(Rejected::new("row 2", "no_id", "it has no id"));
    /// let listing: Listing<&str> = stream::iter([Ok(page)]).boxed();
    ///
    /// let mut rows = listing.items(|row| eprintln!("left out: {row}"));
    /// while let Some(row) = rows.try_next().await? {
    ///     println!("{row}");
    /// }
    /// # Ok(()) }
    /// ```
    fn items(self, rejected: impl FnMut(Rejected) + Send + 'static) -> BoxStream<'static, Result<T>>;
}

impl<T: Send + 'static> ListingExt<T> for Listing<T> {
    fn items(self, mut rejected: impl FnMut(Rejected) + Send + 'static) -> BoxStream<'static, Result<T>> {
        self.map_ok(move |page| {
            page.rejected.into_iter().for_each(&mut rejected);
            stream::iter(page.items.into_iter().map(Ok))
        })
        .try_flatten()
        .boxed()
    }
}

/// For connectors: ends a stream after its first error, as the contract of every stream here demands.
pub fn until_error<T>(stream: impl Stream<Item = Result<T>>) -> impl Stream<Item = Result<T>> {
    stream.scan(false, |failed, item| {
        if *failed {
            return future::ready(None);
        }
        *failed = item.is_err();
        future::ready(Some(item))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[tokio::test]
    async fn a_bad_row_costs_the_row_and_an_error_ends_the_list() {
        let mut page = Page::new(vec![1, 2]);
        page.rejected.push(Rejected::new("row 3", "no_id", "it has no id").with_at("id"));
        let pages = [Ok(page), Err(Error::transient("gone")), Ok(Page::new(vec![9]))];
        let listing: Listing<i32> = until_error(stream::iter(pages)).boxed();
        let (tell, told) = std::sync::mpsc::channel();
        let rows: Vec<_> = listing.items(move |row| tell.send(row.to_string()).unwrap()).collect().await;
        assert_eq!(rows.iter().filter_map(|row| row.as_ref().ok()).collect::<Vec<_>>(), [&1, &2]);
        assert!(rows.last().unwrap().as_ref().is_err_and(Error::is_transient));
        assert_eq!(told.try_recv().unwrap(), "row 3: no_id at id (it has no id)");
    }
}
