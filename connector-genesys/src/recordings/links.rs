//! Links to recordings that are good for a while.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use connector_core::http::Link;
use tokio::time::Instant;

/// How long a link is used again, so that not every cut costs a request. Organisations let links live between 2 and 60
/// minutes; one that ended earlier is refused by its host, and replaced.
const KEPT: Duration = Duration::from_secs(60);

/// The links of an organisation, by the locators of their recordings.
#[derive(Debug, Default)]
pub(crate) struct Links(Mutex<HashMap<String, (Link, Instant)>>);

impl Links {
    pub(crate) fn get(&self, locator: &str) -> Option<Link> {
        self.young().get(locator).map(|(link, _)| link.clone())
    }

    pub(crate) fn keep(&self, locator: &str, link: &Link) {
        self.young().insert(locator.to_owned(), (link.clone(), Instant::now()));
    }

    /// Without those that are too old.
    fn young(&self) -> MutexGuard<'_, HashMap<String, (Link, Instant)>> {
        let mut links = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        links.retain(|_, (_, since)| since.elapsed() < KEPT);
        links
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_link_is_used_again_for_a_short_while_only() {
        let (links, link) = (Links::default(), Link::new("https://media.example.com/1"));
        links.keep("a", &link);
        tokio::time::advance(KEPT - Duration::from_secs(1)).await;
        assert_eq!((links.get("a"), links.get("b")), (Some(link.clone()), None));
        links.keep("b", &link);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!((links.get("a"), links.young().len()), (None, 1));
    }
}
