//! Personal values: text that must not reach a log.
//!
//! [`Debug`](std::fmt::Debug) and [`Display`](std::fmt::Display) are masked; `.reveal()` is the only way to the text, so
//! every place that shows one can be found by searching for that word. Serialisation keeps the text: it goes to a
//! store, not to a log.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What stands in a log in place of a personal value.
const MASK: &str = "•••";

macro_rules! personal {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps a text, which from here on shows only where it is asked for.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text itself. Never hand it to a log.
            pub fn reveal(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(MASK)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(MASK)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::new(text)
            }
        }
    };
}

personal!(
    /// A telephone number or SIP address, as the vendor sent it.
    ///
    /// ```
    /// let number = connector_core::PhoneNumber::new("+15550100142");
    /// assert_eq!(format!("{number} {number:?}"), "••• •••");
    /// assert_eq!(number.masked(), "+1 555 •••• 42");
    /// assert_eq!(number.reveal(), "+15550100142");
    /// ```
    PhoneNumber
);
personal!(
    /// The name that a person logs in with. In some systems it is an e-mail address.
    Login
);
personal!(
    /// The name of a person.
    PersonName
);
personal!(
    /// An e-mail address.
    EmailAddress
);

impl PhoneNumber {
    /// The number with all but its first four and last two digits hidden, for a person who has to recognise it.
    ///
    /// Anything that is not a number of at least ten digits is hidden whole.
    pub fn masked(&self) -> String {
        let plus = if self.0.starts_with('+') { "+" } else { "" };
        let digits: Vec<char> = self.0.chars().filter(char::is_ascii_digit).collect();
        let is_number = self.0.chars().all(|c| c.is_ascii_digit() || "+-(). ".contains(c));
        if !is_number || digits.len() < 10 {
            return MASK.to_owned();
        }
        let area: String = digits[1..4].iter().collect();
        let tail: String = digits[digits.len() - 2..].iter().collect();
        format!("{plus}{} {area} •••• {tail}", digits[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_format_shows_the_text() {
        let name = PersonName::new("Nadia Verne");
        for shown in [format!("{name}"), format!("{name:?}"), format!("{:#?}", Some(&name))] {
            assert!(!shown.contains("Nadia"), "{shown}");
        }
    }

    #[test]
    fn short_numbers_and_addresses_are_hidden_whole() {
        for text in ["4417", "sip:kay@example.com", ""] {
            assert_eq!(PhoneNumber::new(text).masked(), MASK);
        }
    }

    #[test]
    fn a_store_gets_the_text() {
        let login = Login::new("kay@example.com");
        let json = serde_json::to_string(&login).unwrap();
        assert_eq!(json, "\"kay@example.com\"");
        assert_eq!(serde_json::from_str::<Login>(&json).unwrap(), login);
    }
}
