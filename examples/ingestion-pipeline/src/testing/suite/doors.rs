//! The doors of a store: where a point lets it fail or stand still, and where the clock waits for it.

use std::collections::{HashMap, VecDeque};
use std::future::{Future, pending};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, mpsc};

use async_trait::async_trait;
use connector_core::{Error, Result};
use futures_util::future::poll_immediate;

use crate::store::{WorkStore, each_method};

/// What happens when a method is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// It fails, and did nothing.
    FailBefore,
    /// It did its work, and nobody comes to know.
    FailAfter,
    /// It never begins.
    HangBefore,
    /// It did its work, and never returns.
    HangAfter,
}

/// A store as one process has it open. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Doors {
    store: Arc<dyn WorkStore>,
    acts: Arc<Mutex<HashMap<&'static str, VecDeque<Act>>>>,
}

impl Doors {
    pub(super) fn new(store: Arc<dyn WorkStore>) -> Self {
        Self { store, acts: Arc::default() }
    }

    /// What happens at the next calls of a method, one after another.
    pub(super) fn plan(&self, method: &'static str, acts: impl IntoIterator<Item = Act>) {
        self.acts().entry(method).or_default().extend(acts);
    }

    /// Whether all that was planned has happened.
    pub(super) fn all_done(&self) -> bool {
        self.acts().values().all(VecDeque::is_empty)
    }

    fn acts(&self) -> MutexGuard<'_, HashMap<&'static str, VecDeque<Act>>> {
        self.acts.lock().expect("nobody panics while holding the lock")
    }

    fn next(&self, method: &'static str) -> Option<Act> {
        self.acts().get_mut(method)?.pop_front()
    }
}

/// Lets tokio's clock stand, where it is paused, while something else than tokio works: a database's own threads.
pub(super) async fn still<T>(work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    if let Some(answer) = poll_immediate(&mut work).await {
        return answer;
    }
    let (_done, is_done) = mpsc::channel::<()>();
    // A paused clock does not go on while there is blocking work. This ends when `_done` is dropped.
    tokio::task::spawn_blocking(move || is_done.recv());
    work.await
}

fn full(method: &'static str) -> Error {
    Error::storage("the disk is full").during(method)
}

macro_rules! with_doors {
    ($(fn $name:ident(&self $(, $arg:ident: $type:ty)* $(,)?) -> $answer:ty;)*) => {
        #[async_trait]
        impl WorkStore for Doors {
            $(
                async fn $name(&self $(, $arg: $type)*) -> Result<$answer> {
                    const METHOD: &str = stringify!($name);
                    let act = self.next(METHOD);
                    match act {
                        Some(Act::FailBefore) => return Err(full(METHOD)),
                        Some(Act::HangBefore) => return pending().await,
                        _ => {}
                    }
                    let answer = still(self.store.$name($($arg),*)).await;
                    match act {
                        Some(Act::FailAfter) => Err(full(METHOD)),
                        Some(Act::HangAfter) => pending().await,
                        _ => answer,
                    }
                }
            )*
        }
    };
}

each_method!(with_doors);
