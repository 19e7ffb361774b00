//! What the tests of this crate share: a store in memory, a scripted source, and short ways to say things.

mod bench;
mod day;
mod disk;
mod failing;
mod interrupted;
mod live;
mod source;
mod surroundings;

pub(crate) use bench::Bench;
pub(crate) use day::{at, batch, changed, ended, event, origin, told, with_receipt};
pub(crate) use disk::Disk;
pub(crate) use failing::FailingStore;
pub(crate) use live::{Caller, FakeLive, RATE};
pub(crate) use source::{FakeSource, piece_by_piece, ready, recording};
pub(crate) use surroundings::{MemorySink, Sent, until};

pub(crate) use crate::memory::State;
