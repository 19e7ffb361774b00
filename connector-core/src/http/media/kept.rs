//! Links to recordings that are good for a while.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::{Link, LinkSource};
use crate::Lookup;

/// For connectors: links by the locators of their recordings, each for a short time, so that not every cut of a download
/// costs a request. One that ended earlier is refused by its host, and replaced.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// use std::time::Duration;
/// use connector_core::Lookup;
/// use connector_core::http::{KeptLinks, Link, LinkSource};
///
/// let (links, link) = (KeptLinks::new(Duration::from_secs(60)), Link::new("https://media.example.com/7?signature=1"));
/// links.keep("recording 7", &link);
/// let source = links.source("recording 7", || async { Ok(Lookup::NotReady { retry_after: Duration::from_secs(5) }) });
/// assert_eq!(source.link().await?, Lookup::Ready(link));
/// # Ok(()) }
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

    /// Links for a download: the one that is kept, then fresh ones, which are kept. Whoever asks a second time was refused
    /// with the first link.
    pub fn source<'a>(&'a self, locator: &'a str, fresh: impl LinkSource + 'a) -> impl LinkSource + 'a {
        let state = Arc::new((AtomicBool::new(true), fresh));
        move || {
            let state = Arc::clone(&state);
            async move {
                let (is_first, fresh) = &*state;
                if is_first.swap(false, Ordering::Relaxed)
                    && let Some(link) = self.get(locator)
                {
                    return Ok(Lookup::Ready(link));
                }
                let link = fresh.link().await?;
                if let Lookup::Ready(link) = &link {
                    self.keep(locator, link);
                }
                Ok(link)
            }
        }
    }

    fn get(&self, locator: &str) -> Option<Link> {
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
    use std::future::ready;

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

    #[tokio::test]
    async fn a_kept_link_comes_first_and_a_fresh_one_takes_its_place() {
        let links = KeptLinks::new(Duration::from_secs(60));
        let [old, new] = ["1", "2"].map(|name| Lookup::Ready(Link::new(format!("https://media.example.com/{name}"))));
        let fresh = |link: &Lookup<Link>| {
            links.source("a", {
                let link = link.clone();
                move || ready(Ok(link.clone()))
            })
        };
        let first = fresh(&old);
        assert_eq!(first.link().await.unwrap(), old, "none was kept");
        let second = fresh(&new);
        assert_eq!((second.link().await.unwrap(), second.link().await.unwrap()), (old, new.clone()));
        let none = Lookup::NotReady { retry_after: Duration::ZERO };
        let third = fresh(&none);
        assert_eq!((third.link().await.unwrap(), third.link().await.unwrap()), (new, none), "the fresh one was kept");
    }
}
