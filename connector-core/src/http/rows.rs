//! Rows of a list, one by one: a bad row costs the row.

use super::PageOf;
use crate::Rejected;

/// The rows of a page, as far as they could be read.
///
/// ```
/// use connector_core::http::Rows;
///
/// let rows = Rows::read("agent", ["17", "x", "18"], |row| row.parse::<u32>().ok());
/// assert_eq!(rows.items, [17, 18]);
/// assert_eq!(rows.rejected[0].what, "agent 2 of a page");
/// assert_eq!(rows.into_page(Some(3)).next, Some(3));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rows<T> {
    /// Those that could be read.
    pub items: Vec<T>,
    /// Those that could not, with the reason `no_id`.
    pub rejected: Vec<Rejected>,
}

impl<T> Rows<T> {
    /// Reads each row by itself; one of which nothing comes has no id. `what` names a row in its rejection.
    pub fn read<R>(what: &str, rows: impl IntoIterator<Item = R>, read: impl Fn(R) -> Option<T>) -> Self {
        let mut found = Self { items: Vec::new(), rejected: Vec::new() };
        for (number, row) in rows.into_iter().enumerate() {
            match read(row) {
                Some(item) => found.items.push(item),
                None => {
                    let what = format!("{what} {} of a page", number + 1);
                    found.rejected.push(Rejected::new(what, "no_id", "it is no object with an id"));
                }
            }
        }
        found
    }

    /// A page of these rows, and where the next one starts.
    pub fn into_page<P>(self, next: Option<P>) -> PageOf<T, P> {
        PageOf::new(self.items, next).with_rejected(self.rejected)
    }
}
