//! Lists in pages: by number, or after a cursor.

use connector_core::http::RequestBuilder;
use connector_core::{Error, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::wire::list::{List, Rows};

/// A list of more pages than this does not end by itself.
const MOST_PAGES: u64 = 100_000;

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum At {
    /// The page with this number, from 1 on.
    Page(u64),
    /// The page after this cursor; the first one without.
    After(Option<String>),
}

/// The rows of a page, and where the next one begins.
pub(crate) struct Fetched<T> {
    pub(crate) rows: Rows<T>,
    pub(crate) next: Option<At>,
}

/// Asks for a page of so many rows.
pub(crate) async fn page<T>(request: RequestBuilder, at: &At, size: u32) -> Result<Fetched<T>>
where
    T: DeserializeOwned + Default,
{
    let request = request.query("pageSize", size);
    let request = match at {
        At::Page(number) => request.query("pageNumber", number),
        At::After(cursor) => cursor.iter().fold(request, |request, cursor| request.query("after", cursor)),
    };
    let answer = request.send().await?;
    let mut list = answer.json_if_any::<List<T>>()?.unwrap_or_default();
    let rows = list.entities.take();
    if rows.is_none() && (list.next_uri.is_some() || list.total.is_some_and(|total| total > 0)) {
        return Err(answer.unexpected("there is no list of entities, though it tells of some"));
    }
    let rows = rows.unwrap_or_default();
    let next = next(&list, at, rows.len(), size)?;
    Ok(Fetched { rows, next })
}

/// Where the next page begins. One without any row is the last.
fn next<T>(list: &List<T>, at: &At, came: usize, size: u32) -> Result<Option<At>> {
    let told = list.next_uri.as_deref();
    if came == 0 {
        return Ok(None);
    }
    let endless = || Error::invalid("the list does not come to an end");
    Ok(match at {
        At::Page(number) => {
            let more = match list.page_count.and_then(|count| u64::try_from(count).ok()) {
                Some(count) => told.is_some() && *number < count,
                // Lists of a queue's people do not count their pages.
                None => told.is_some() || came >= size as usize,
            };
            if more && *number >= MOST_PAGES {
                return Err(endless());
            }
            more.then_some(At::Page(number + 1))
        }
        At::After(here) => match told.map(cursor).transpose()? {
            Some(next) if here.as_ref() == Some(&next) => return Err(endless()),
            next => next.map(|next| At::After(Some(next))),
        },
    })
}

/// The cursor in the address of the next page.
fn cursor(address: &str) -> Result<String> {
    let root = Url::parse("https://api.example.com/").expect("it is an address");
    let address = root.join(address).ok();
    let pairs = address.iter().flat_map(Url::query_pairs).find(|(name, _)| name == "after");
    match pairs {
        Some((_, cursor)) if !cursor.is_empty() => Ok(cursor.into_owned()),
        _ => Err(Error::invalid("the address of the next page has no cursor")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Ref;

    fn list(next_uri: Option<&str>, page_count: Option<i64>) -> List<Ref> {
        List { next_uri: next_uri.map(str::to_owned), page_count, ..List::default() }
    }

    #[test]
    fn a_numbered_list_ends_with_its_last_page_or_without_a_next_one() {
        let next_of = |list: &List<Ref>, came| next(list, &At::Page(2), came, 100).expect("a page");
        for (next_uri, pages, came, goes_on) in [
            (Some("/x"), Some(3), 100, true),
            (Some("/x"), Some(3), 1, true),
            (Some("/x"), Some(2), 100, false),
            (None, Some(3), 100, false),
            (Some("/x"), Some(-1), 100, true),
            (Some("/x"), Some(3), 0, false),
            (Some("/x"), None, 7, true),
            (None, None, 100, true),
            (None, None, 99, false),
        ] {
            let expected = goes_on.then_some(At::Page(3));
            assert_eq!(next_of(&list(next_uri, pages), came), expected, "{next_uri:?} {pages:?} {came}");
        }
    }

    #[test]
    fn a_list_without_an_end_is_an_error() {
        let (full, teams) = (list(Some("/x"), None), list(Some("/api/v2/teams?after=c"), None));
        assert!(next(&full, &At::Page(MOST_PAGES), 1, 1).expect_err("too long").is_invalid());
        assert!(next(&full, &At::Page(MOST_PAGES - 1), 1, 1).is_ok());
        assert!(next(&teams, &At::After(Some("c".to_owned())), 1, 1).expect_err("itself").is_invalid());
    }

    #[test]
    fn a_list_of_cursors_goes_on_after_the_one_that_is_named() {
        let next_of = |next_uri| next(&list(next_uri, None), &At::After(None), 5, 5);
        let after = |cursor: &str| Some(At::After(Some(cursor.to_owned())));
        assert_eq!(next_of(Some("/api/v2/teams?pageSize=5&after=a%2Bb%3D")).expect("one"), after("a+b="));
        assert_eq!(next_of(Some("https://api.usw2.pure.cloud/api/v2/teams?after=c")).expect("one"), after("c"));
        assert_eq!(next_of(None).expect("an end"), None);
        for broken in ["/api/v2/teams?pageSize=5", "/api/v2/teams?after=", "http://[", ""] {
            assert!(next_of(Some(broken)).expect_err("no cursor").is_invalid(), "{broken}");
        }
    }
}
