//! Sound of calls that go on: sessions, and what is heard in them.

mod feed;
mod format;
mod frame;
mod item;
#[cfg(feature = "files")]
mod record;
mod session;
#[cfg(test)]
mod tests;

pub use feed::{LiveBudget, LiveFeed};
pub use format::{AudioFormat, Position, SampleFormat};
pub use frame::{Frame, Samples};
pub use item::{LiveEnd, LiveItem, LiveItems, LostBy};
#[cfg(feature = "files")]
pub use record::{RecordOptions, Recorded, record_live};
pub use session::{LiveSession, LiveSessions};
