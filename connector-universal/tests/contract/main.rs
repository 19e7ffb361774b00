//! What a source promises to whoever listens to it, kept by a drop folder.

#[path = "../common/mod.rs"]
mod common;

mod again;
mod deliveries;
mod recordings;
mod trouble;
