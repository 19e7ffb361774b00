//! Ways in for the fuzz targets, to rooms that are not public. Each panics where a rule does not hold.

mod door;
mod input;
mod notification;
mod session;

pub use self::door::door;
pub use self::notification::notification;
pub use self::session::session;

const ORGANIZATION: &str = "7c0f6f0e-52a1-4f0b-9d3b-0b6f5a1c2d3e";
const SESSION: &str = "0d9a4c56-1b2e-4e8f-8a77-6c5d4e3f2a1b";

#[cfg(test)]
mod tests;
