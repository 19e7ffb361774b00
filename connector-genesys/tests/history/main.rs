//! The calls of the past.
#![cfg(feature = "testing")]

mod archive;
mod listing;
mod lookup;
mod moving;
mod named;
mod org;
