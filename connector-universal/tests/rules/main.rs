//! The rules for dropped files, end to end, each test named after its rule.
//!
//! N: names. M: metadata files. S: size, cadence, folders, retention. U: updates. V: names with more in them.

#[path = "../common/mod.rs"]
mod common;

mod folders;
mod names;
mod retention;
mod sidecars;
mod updates;
mod variants;
