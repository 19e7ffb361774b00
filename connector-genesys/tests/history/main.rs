//! The calls of the past.
#![cfg(feature = "testing")]

mod listing;
mod lookup;
mod org;
