//! What the header of a WAV file says: encoding, channels, sample rate, and where the sound lies; and files that are
//! written while the sound arrives.
//!
//! A recording's length and whether it arrived whole can be told from its first bytes and its size; the sound itself is
//! never read. All sizes are in bytes.

mod header;
mod layout;
mod repair;
mod write;

pub use header::{Encoding, Header};
pub use layout::Layout;
pub use repair::repair;
pub use write::Writer;

/// What stands for a size that nobody knows yet.
const UNKNOWN: u32 = u32::MAX;
