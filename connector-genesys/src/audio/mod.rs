//! The sound of calls, as the vendor sends it: it connects to us by WebSocket, and signs that it is it.

#[cfg_attr(not(test), expect(dead_code, reason = "nobody connects yet"))]
mod door;
#[cfg_attr(not(test), expect(dead_code, reason = "nobody connects yet"))]
mod options;
mod refused;
mod signature;

pub use options::{AudioKey, AudioOptions, ByteOrder, DOOR};
