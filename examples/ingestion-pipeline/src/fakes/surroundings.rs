//! The object store and the outbox of the tests, and how to wait.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use connector_core::{Error, Result};
use futures_core::stream::BoxStream;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, TryStreamExt};
use tokio::task::yield_now;

use super::disk::Disk;
use crate::call::Message;
use crate::sink::ObjectSink;

/// Objects in memory. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemorySink {
    objects: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    puts: Arc<Mutex<Vec<String>>>,
    failing: Arc<Mutex<Vec<Error>>>,
    disk: Arc<Mutex<Disk>>,
}

impl MemorySink {
    /// All objects lie on this disk.
    pub(crate) fn put_on(&self, disk: &Disk) {
        *self.disk.lock().unwrap() = disk.clone();
    }

    /// Makes as many puts fail as there are errors.
    pub(crate) fn fail(&self, errors: impl IntoIterator<Item = Error>) {
        self.failing.lock().unwrap().extend(errors);
    }

    pub(crate) fn object(&self, key: &str) -> Option<Vec<u8>> {
        self.objects.lock().unwrap().get(key).cloned()
    }

    pub(crate) fn count(&self) -> usize {
        self.objects.lock().unwrap().len()
    }

    /// The keys of all puts that came to their end, in order.
    pub(crate) fn puts(&self) -> Vec<String> {
        self.puts.lock().unwrap().clone()
    }
}

#[async_trait]
impl ObjectSink for MemorySink {
    async fn put(&self, key: &str, mut bytes: BoxStream<'_, Result<Bytes>>) -> Result<()> {
        let disk = self.disk.lock().unwrap().clone();
        let mut object = Vec::new();
        while let Some(piece) = bytes.try_next().await? {
            // What was half written is removed.
            disk.take(piece.len()).inspect_err(|_| disk.give_back(object.len()))?;
            object.extend_from_slice(&piece);
        }
        if let Some(error) = self.failing.lock().unwrap().pop() {
            return Err(error);
        }
        self.objects.lock().unwrap().insert(key.to_owned(), object);
        self.puts.lock().unwrap().push(key.to_owned());
        yield_now().await;
        Ok(())
    }
}

/// The messages that the outbox handed over. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sent {
    messages: Arc<Mutex<Vec<Message>>>,
    failing: Arc<Mutex<Vec<Error>>>,
}

impl Sent {
    pub(crate) fn fail(&self, errors: impl IntoIterator<Item = Error>) {
        self.failing.lock().unwrap().extend(errors);
    }

    /// The keys in the order in which they came.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.messages.lock().unwrap().iter().map(|message| message.key.clone()).collect()
    }

    /// An outbox that hands over to here.
    pub(crate) fn outbox(&self) -> impl Fn(Message) -> BoxFuture<'static, Result<()>> + Send + Sync + 'static {
        let sent = self.clone();
        move |message| {
            let sent = sent.clone();
            async move {
                let failure = sent.failing.lock().unwrap().pop();
                match failure {
                    Some(error) => return Err(error),
                    None => sent.messages.lock().unwrap().push(message),
                }
                yield_now().await;
                Ok(())
            }
            .boxed()
        }
    }
}

/// Waits for something to become true, at most so long on tokio's clock.
pub(crate) async fn until(what: &str, within: Duration, mut is_true: impl FnMut() -> bool) {
    let watching = async {
        while !is_true() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(within, watching).await.unwrap_or_else(|_| panic!("in vain waited for: {what}"));
}
