//! The fields that a pattern may name.

/// A field that a pattern may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub(super) name: String,
    pub(super) expression: String,
    pub(super) free: bool,
}

impl Field {
    /// A field and the expression that matches it where a pattern does not bring its own.
    ///
    /// The name is of lower-case letters, digits and `_`. Write `[0-9]` for digits: `\d` takes those of every script.
    pub fn new(name: impl Into<String>, expression: impl Into<String>) -> Self {
        Self { name: name.into(), expression: expression.into(), free: false }
    }

    /// The same field, which can hold any text, separators included (a login). A pattern has room for one of these.
    pub fn free(mut self) -> Self {
        self.free = true;
        self
    }
}
