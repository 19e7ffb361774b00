//! What a program logs while a test watches.

use std::io;
use std::mem::take;
use std::sync::{Arc, Mutex, PoisonError};

/// Collects what is written to it, for tests of what stands in a log. A clone is the same log.
///
/// A subscriber of `tracing-subscriber` writes to one after `.with_writer(move || log.clone())`.
///
/// ```
/// use std::io::Write;
/// use connector_core::testing::Log;
///
/// let log = Log::default();
/// writeln!(log.clone(), "a socket broke off")?;
/// assert_eq!(log.take(), "a socket broke off\n");
/// assert_eq!(log.take(), "");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// What was written since the last time.
    pub fn take(&self) -> String {
        let written = take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        String::from_utf8_lossy(&written).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
