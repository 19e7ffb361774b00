//! A whole recording as one stream, taken up again where it was cut off.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_core::stream::BoxStream;
use futures_util::{StreamExt, stream};
use sha2::{Digest, Sha256};

use super::{Download, DownloadOptions, RecordingDownloader};
use crate::{Error, Lookup, Priority, Recording, Result, Validator};

/// How stubbornly to go on after a cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResumeOptions {
    /// How many times in a row without a single new byte before giving up.
    pub attempts: u32,
    /// How long to wait after the first cut; doubled each time that brings no new byte.
    pub pause: Duration,
    /// Who waits for it.
    pub priority: Priority,
}

impl Default for ResumeOptions {
    fn default() -> Self {
        Self { attempts: 5, pause: Duration::from_millis(500), priority: Priority::Live }
    }
}

/// A recording on its way, cuts healed.
#[non_exhaustive]
pub struct WholeDownload {
    /// Its size, where the vendor tells it.
    pub size: Option<u64>,
    /// Which version it is. Two versions are never mixed: a change on the way is an error.
    pub validator: Option<Validator>,
    /// How often it had to be taken up again so far.
    pub resumed: Resumed,
    /// Its bytes. When the stream ends without an error they are all there.
    pub bytes: BoxStream<'static, Result<Bytes>>,
}

impl fmt::Debug for WholeDownload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WholeDownload")
            .field("size", &self.size)
            .field("validator", &self.validator)
            .finish_non_exhaustive()
    }
}

/// Counts how often a download was taken up again.
#[derive(Clone, Debug, Default)]
pub struct Resumed(Arc<AtomicU32>);

impl Resumed {
    /// The count so far.
    pub fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

pub(super) async fn whole(
    job: &(impl RecordingDownloader + Clone),
    recording: &Recording,
    options: ResumeOptions,
) -> Result<Lookup<WholeDownload>> {
    let first = DownloadOptions { priority: options.priority, ..DownloadOptions::default() };
    let first = job.download(recording, first).await?;
    Ok(first.map(|download| heal(Arc::new(job.clone()), recording.clone(), options, download)))
}

fn heal(
    job: Arc<dyn RecordingDownloader>,
    recording: Recording,
    options: ResumeOptions,
    first: Download,
) -> WholeDownload {
    let resumed = Resumed::default();
    let (size, validator) = (first.size, first.validator.clone());
    let healing = Healing {
        job,
        options,
        size,
        validator: validator.clone(),
        position: 0,
        hash: recording.sha256.is_some().then(Sha256::new),
        recording,
        fruitless: 0,
        resumed: resumed.clone(),
        bytes: Some(first.bytes),
    };
    let bytes = stream::unfold(Some(healing), |healing| async {
        let mut healing = healing?;
        match healing.next().await {
            Ok(Some(bytes)) => Some((Ok(bytes), Some(healing))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    });
    WholeDownload { size, validator, resumed, bytes: bytes.boxed() }
}

/// A download between two cuts.
struct Healing {
    job: Arc<dyn RecordingDownloader>,
    recording: Recording,
    options: ResumeOptions,
    size: Option<u64>,
    validator: Option<Validator>,
    position: u64,
    /// Of the bytes so far, where the recording says what it has to come to.
    hash: Option<Sha256>,
    fruitless: u32,
    resumed: Resumed,
    bytes: Option<BoxStream<'static, Result<Bytes>>>,
}

impl Healing {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        loop {
            let cut = match self.bytes.as_mut() {
                None => self.reopen().await.err(),
                Some(bytes) => match bytes.next().await {
                    Some(Ok(bytes)) if bytes.is_empty() => continue,
                    Some(Ok(bytes)) => {
                        self.position += bytes.len() as u64;
                        self.fruitless = 0;
                        if let Some(hash) = &mut self.hash {
                            hash.update(&bytes);
                        }
                        return Ok(Some(bytes));
                    }
                    Some(Err(error)) => Some(error),
                    None if self.size.is_none_or(|size| size == self.position) => return self.verify().map(|()| None),
                    None => Some(self.ended_early()),
                },
            };
            if let Some(error) = cut {
                self.bytes = None;
                self.wait_or_give_up(error).await?;
            }
        }
    }

    fn verify(&mut self) -> Result<()> {
        let (Some(hash), Some(expected)) = (self.hash.take(), &self.recording.sha256) else { return Ok(()) };
        if hex::encode(hash.finalize()).eq_ignore_ascii_case(expected) {
            return Ok(());
        }
        Err(Error::changed("the recording does not have the SHA-256 that was announced").during("download"))
    }

    fn ended_early(&self) -> Error {
        let size = self.size.unwrap_or_default();
        Error::transient(format!("the recording ended after {} of {size} bytes", self.position)).during("download")
    }

    async fn wait_or_give_up(&mut self, error: Error) -> Result<()> {
        if !error.is_retryable() || error.is_changed() || self.fruitless >= self.options.attempts {
            return Err(error);
        }
        let pause = self.options.pause * 2u32.saturating_pow(self.fruitless);
        tokio::time::sleep(error.retry_after().unwrap_or(pause)).await;
        self.fruitless += 1;
        Ok(())
    }

    async fn reopen(&mut self) -> Result<()> {
        let options =
            DownloadOptions { from: self.position, validator: self.validator.clone(), priority: self.options.priority };
        match self.job.download(&self.recording, options).await? {
            Lookup::Ready(download) if download.from == self.position && download.validator == self.validator => {
                self.bytes = Some(download.bytes);
                self.resumed.0.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
            Lookup::Ready(_) => {
                Err(Error::changed("the recording became another version on the way").during("download"))
            }
            Lookup::NotReady { retry_after } => {
                Err(Error::transient("the recording is not to be had for the moment").with_retry_after(retry_after))
            }
            Lookup::Gone(why) => Err(Error::not_found(format!("the recording vanished on the way: {why}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use futures_util::TryStreamExt;

    use super::*;
    use crate::{
        Conversation, ConversationRef, JobCheck, Locator, RecordingDownloaderExt, RecordingOptions, RecordingSet,
        Vendor,
    };

    /// Serves `content` and cuts each answer after the next of `cuts` bytes.
    #[derive(Clone, Debug)]
    struct Cutting {
        content: Bytes,
        cuts: Arc<Mutex<Vec<usize>>>,
        versions: Arc<Mutex<Vec<&'static str>>>,
    }

    #[async_trait]
    impl RecordingDownloader for Cutting {
        fn patience(&self) -> Duration {
            Duration::ZERO
        }

        async fn recordings(&self, _: &[Conversation], _: RecordingOptions) -> Vec<Result<RecordingSet>> {
            Vec::new()
        }

        async fn download(&self, _: &Recording, options: DownloadOptions) -> Result<Lookup<Download>> {
            let version = self.versions.lock().unwrap().pop().unwrap_or("v1");
            let from = if options.validator.as_ref().is_some_and(|v| v.as_str() != version) { 0 } else { options.from };
            let rest = self.content.slice(from as usize..);
            let bytes = match self.cuts.lock().unwrap().pop() {
                Some(cut) if cut < rest.len() => vec![Ok(rest.slice(..cut)), Err(Error::transient("cut"))],
                _ => vec![Ok(rest)],
            };
            let mut download = Download::new(stream::iter(bytes).boxed());
            download.from = from;
            download.size = Some(self.content.len() as u64);
            download.validator = Some(Validator::new(version));
            Ok(Lookup::Ready(download))
        }

        async fn check(&self) -> JobCheck {
            JobCheck::Ok
        }
    }

    fn cutting(content: Bytes, cuts: Vec<usize>, versions: Vec<&'static str>) -> Cutting {
        Cutting { content, cuts: Arc::new(cuts.into()), versions: Arc::new(versions.into()) }
    }

    async fn fetch(cuts: Vec<usize>, versions: Vec<&'static str>) -> Result<(Vec<u8>, u32)> {
        let content = Bytes::from_iter((0..1000u32).map(|n| n as u8));
        let job: Arc<dyn RecordingDownloader> = Arc::new(cutting(content, cuts, versions));
        let recording = Recording::new("1", ConversationRef::new("c"), Locator::new("x"));
        let Lookup::Ready(download) = job.whole(&recording, ResumeOptions::default()).await? else {
            panic!("not ready")
        };
        let bytes = download.bytes.try_fold(Vec::new(), |mut all, piece| async move {
            all.extend_from_slice(&piece);
            Ok(all)
        });
        Ok((bytes.await?, download.resumed.count()))
    }

    #[tokio::test(start_paused = true)]
    async fn cuts_are_healed_and_counted() {
        let (bytes, resumed) = fetch(vec![1, 500, 0, 10], vec![]).await.unwrap();
        assert!(bytes.iter().enumerate().all(|(n, byte)| *byte == n as u8));
        assert_eq!((bytes.len(), resumed), (1000, 4));
    }

    #[tokio::test(start_paused = true)]
    async fn cuts_without_progress_end_it() {
        assert!(fetch(vec![0; 50], vec![]).await.unwrap_err().is_transient());
    }

    #[tokio::test(start_paused = true)]
    async fn two_versions_are_never_mixed() {
        let error = fetch(vec![300], vec!["v2", "v1"]).await.unwrap_err();
        assert!(error.is_changed(), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_job_by_its_own_type_heals_cuts_as_well_and_has_to_answer() {
        let job = cutting(Bytes::from_static(b"abcdef"), vec![2, 2], vec![]);
        let recording = Recording::new("1", ConversationRef::new("c"), Locator::new("x"));
        let Lookup::Ready(download) = job.whole(&recording, ResumeOptions::default()).await.unwrap() else {
            panic!("not ready")
        };
        assert_eq!(download.bytes.try_collect::<Vec<_>>().await.unwrap().concat(), b"abcdef");
        let call = Conversation::new(ConversationRef::new("c"), Vendor::named("acme-cloud"));
        assert!(job.of(&call).await.unwrap_err().is_bug(), "it gives no answer at all");
    }
}
