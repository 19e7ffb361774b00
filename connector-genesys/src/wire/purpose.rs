//! What somebody is in a call, as both of the vendor's models say it.

/// Who calls, or is called: through a queue, or directly.
pub(crate) const CUSTOMERS: [&str; 2] = ["customer", "external"];
/// Who works there: reached through a queue, or directly.
pub(crate) const AGENTS: [&str; 2] = ["agent", "user"];
