//! Which recordings a call has, when, and their bytes.
#![cfg(feature = "testing")]

mod batch;
mod downloads;
mod listing;
#[path = "../history/org.rs"]
mod org;
