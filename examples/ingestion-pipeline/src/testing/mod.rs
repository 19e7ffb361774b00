//! For whoever tests an own store: feature `testing`.

pub(crate) mod offers;
pub mod suite;
