//! The people of the tenants, and who they are at each source.

mod import;
mod list;
mod places;
mod roster;

pub use list::People;
pub(crate) use roster::Applied;
