//! The bytes of a recording between the source and the object store.

use bytes::Bytes;
use connector_core::{Error, Recording, Result};
use futures_core::stream::BoxStream;
use futures_util::{StreamExt, stream};
use sha2::{Digest, Sha256};
use tokio::time::timeout;

use super::consumer::Consumer;
use super::silence::SILENCE;
use crate::call::{StoredCall, StoredRecording};
use crate::sink::ours;

impl Consumer {
    /// Brings the bytes of a recording of a call into the object store. How often their download was taken up again is
    /// asked at the end.
    pub(super) async fn upload(
        &self,
        call: &StoredCall,
        recording: Recording,
        bytes: BoxStream<'static, Result<Bytes>>,
        resumed: impl FnOnce() -> u32,
    ) -> Result<StoredRecording> {
        let object = StoredCall::object_of(&call.prefix, &recording);
        let mut intake = Intake::new(bytes, recording.sha256.clone());
        let (sha256, size) = match self.sink.put(&object, intake.stream()).await {
            Ok(()) => intake.whole()?,
            Err(error) if intake.has_failed() => return Err(error.of(&call.origin)),
            Err(error) => return Err(ours(error)),
        };
        let stored = StoredRecording { recording, object, sha256, size, stored: self.clock.now(), resumed: resumed() };
        self.progress.fetched(&stored);
        Ok(stored)
    }
}

/// Counts and hashes what passes by, and compares it at the end with what the vendor promised: bytes that are not those
/// end in an error, so that they never take the place of good ones.
struct Intake {
    bytes: BoxStream<'static, Result<Bytes>>,
    promised: Option<String>,
    hash: Sha256,
    size: u64,
    state: State,
}

enum State {
    Flowing,
    Whole { sha256: String },
    Failed,
}

impl Intake {
    /// These bytes, whose SHA-256 in hex is to be this, where the vendor names one.
    fn new(bytes: BoxStream<'static, Result<Bytes>>, promised: Option<String>) -> Self {
        Self { bytes, promised, hash: Sha256::new(), size: 0, state: State::Flowing }
    }

    /// The bytes, for the sink.
    fn stream(&mut self) -> BoxStream<'_, Result<Bytes>> {
        stream::unfold(self, |intake| async move { intake.next().await.map(|piece| (piece, intake)) }).boxed()
    }

    /// Whether the source, not the sink, is the reason that it did not come to its end.
    fn has_failed(&self) -> bool {
        matches!(self.state, State::Failed)
    }

    /// The SHA-256 in lower-case hex and the size of what went through.
    fn whole(self) -> Result<(String, u64)> {
        match self.state {
            State::Whole { sha256 } => Ok((sha256, self.size)),
            _ => Err(Error::bug("an object sink must read to the end").during("put")),
        }
    }

    async fn next(&mut self) -> Option<Result<Bytes>> {
        if !matches!(self.state, State::Flowing) {
            return None;
        }
        let piece = match timeout(SILENCE, self.bytes.next()).await {
            Ok(Some(piece)) => piece,
            Ok(None) => self.compare().err().map(Err)?,
            Err(_) => Err(Error::transient(format!("no byte came within {} s", SILENCE.as_secs())).during("download")),
        };
        match &piece {
            Ok(bytes) => {
                if self.size > 0 {
                    step!(Uploading);
                }
                self.hash.update(bytes);
                self.size += bytes.len() as u64;
            }
            Err(_) => self.state = State::Failed,
        }
        Some(piece)
    }

    fn compare(&mut self) -> Result<()> {
        let sha256 = hex::encode(self.hash.finalize_reset());
        if self.promised.as_ref().is_some_and(|promised| !promised.eq_ignore_ascii_case(&sha256)) {
            return Err(
                Error::transient("the recording does not have the hash that the vendor names").during("download")
            );
        }
        self.state = State::Whole { sha256 };
        Ok(())
    }
}
