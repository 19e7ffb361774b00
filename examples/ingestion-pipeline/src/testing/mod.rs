//! For whoever tests an own store: feature `testing`.

pub mod suite;
