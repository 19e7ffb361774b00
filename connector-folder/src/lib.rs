#![doc = include_str!("../README.md")]

mod disk;
mod folder;
mod ledger;
mod local;
mod settling;
mod template;

pub use folder::{FileRead, Folder, FolderPath, Listed, Notice, Renamed, Version};
pub use ledger::{FileLedger, Ledger, MemoryLedger, Note};
pub use local::LocalFolder;
pub use settling::{Settled, Settling, is_temporary};
pub use template::{Field, Parts, Template};
