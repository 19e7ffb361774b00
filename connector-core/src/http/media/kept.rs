//! Links to recordings that are good for a while.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Link;

/// For connectors: links by the locators of their recordings, each for a short time, so that not every cut of a download
/// costs a request. One that ended earlier is refused by its host, and replaced.
///
/// ```
/// use std::time::Duration;
/// use connector_core::http::{KeptLinks, Link};
/// let links = KeptLinks::new(Duration::from_secs(60));
/// links.keep("recording 7", &Link::new("https://media.example.com/7?signature=1"));
/// assert!(links.get("recording 7").is_some() && links.get("recording 8").is_none());
/// ```
pub struct KeptLinks {
    time: Duration,
    links: Mutex<HashMap<String, (Link, Instant)>>,
}

impl KeptLinks {
    /// Keeps each for so long.
    pub fn new(time: Duration) -> Self {
        Self { time, links: Mutex::default() }
    }

    /// The link to a recording, if there is one that is good.
    pub fn get(&self, locator: &str) -> Option<Link> {
        self.young().get(locator).map(|(link, _)| link.clone())
    }

    /// Keeps a link to a recording.
    pub fn keep(&self, locator: &str, link: &Link) {
        self.young().insert(locator.to_owned(), (link.clone(), Instant::now()));
    }

    /// Without those that are too old.
    fn young(&self) -> MutexGuard<'_, HashMap<String, (Link, Instant)>> {
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        links.retain(|_, (_, since)| since.elapsed() < self.time);
        links
    }
}

/// How many there are; nothing of a link is shown.
impl fmt::Debug for KeptLinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeptLinks({})", self.young().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_link_is_used_again_for_a_short_while_only() {
        let time = Duration::from_secs(60);
        let (links, link) = (KeptLinks::new(time), Link::new("https://media.example.com/1"));
        links.keep("a", &link);
        tokio::time::advance(time - Duration::from_secs(1)).await;
        assert_eq!((links.get("a"), links.get("b")), (Some(link.clone()), None));
        links.keep("b", &link);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!((links.get("a"), links.young().len()), (None, 1));
        assert_eq!(format!("{links:?}"), "KeptLinks(1)");
    }
}
