#![doc = include_str!("../README.md")]

mod ack;
mod client;
mod config;
mod events;
mod facts;
mod fields;
mod history;
mod housekeeping;
mod inbox;
mod items;
mod listener;
mod name;
mod pairing;
mod reading;
mod reason;
mod record;
mod recordings;
mod settler;
pub mod sidecar;
#[cfg(feature = "testing")]
pub mod testing;

pub use client::DropFolder;
pub use config::{DropFolderConfig, SidecarMode};
pub use events::DropFolderEvents;
pub use fields::{Directions, FieldMap};
pub use history::DropFolderHistory;
pub use name::{Kind, MEDIA_EXTENSIONS, MediaName, NamePattern, NameRules, RefersTo, split_extension};
pub use reason::{Reason, Refused};
pub use recordings::DropFolderRecordings;
pub use settler::DropFolderSettler;
