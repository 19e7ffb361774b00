#![doc = include_str!("../README.md")]

mod client;
mod config;
mod conversation;
mod events;
mod files;
mod history;
mod name;
mod reading;
mod reason;
mod recordings;
mod settler;
mod shared;
pub mod sidecar;
#[cfg(feature = "testing")]
pub mod testing;

pub use client::DropFolder;
pub use config::{DropFolderConfig, SidecarMode};
pub use conversation::fields::{Directions, FieldMap};
pub use events::DropFolderEvents;
pub use history::DropFolderHistory;
pub use name::{Kind, MEDIA_EXTENSIONS, MediaName, NamePattern, NameRules, RefersTo, split_extension};
pub use reason::{Reason, Refused};
pub use recordings::DropFolderRecordings;
pub use settler::DropFolderSettler;
