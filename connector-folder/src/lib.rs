//! placeholder
mod folder;
mod ledger;
pub use folder::{FileRead, Folder, FolderPath, Listed, Notice, Renamed, Version};
pub use ledger::{Ledger, Note};
