//! The people whose calls count, as rows and as a file.
//!
//! A person of a tenant has a key, such as an employee number, and is known at each source by an id, a login or an e-mail
//! address. Whoever leaves or moves keeps the calls that began before.

mod file;
mod rows;

pub use file::PeopleFile;
pub use rows::{ImportReport, ImportRow, ImportTrouble, PersonRow};
