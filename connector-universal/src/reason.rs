//! Why a dropped file is not taken.

use std::fmt;

use connector_core::Rejected;
use serde::{Deserialize, Serialize};

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)*) => {
        /// Why a file, or a pair of files, is not taken: for programs. `Display` and serde give it in `snake_case`.
        ///
        /// ```
        /// use connector_universal::Reason;
        /// assert_eq!(Reason::NestedField.to_string(), "nested_field");
        /// assert!(Reason::ALL.contains(&Reason::MediaTooLarge));
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[$doc])* $variant,)*
        }

        impl Reason {
            /// Every reason there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The reason as it stands in logs, notes and outputs.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

reasons! {
    /// The name of a recording does not follow the source's pattern.
    BadFileName = "bad_file_name",
    /// The name of a file is not UTF-8, or holds a line break or a backslash.
    UnreadableName = "unreadable_name",
    /// Two recordings have one stem, so nobody can say which one the sidecar describes.
    AmbiguousMedia = "ambiguous_media",
    /// A recording is larger than the limit. Not a byte of it was read.
    MediaTooLarge = "media_too_large",
    /// Two sidecars have one stem.
    MoreThanOneSidecar = "more_than_one_sidecar",
    /// A sidecar came to a source whose recordings have none.
    SidecarNotExpected = "sidecar_not_expected",
    /// The sidecar ends in `.yaml`; the extension is `.yml`, unless the source accepts both.
    YamlExtension = "yaml_extension",
    /// A newer version of a sidecar came too long after the call.
    UpdateWindowClosed = "update_window_closed",
    /// A field that the source requires is missing.
    MetadataIncomplete = "metadata_incomplete",
    /// The sidecar is longer than the limit.
    SidecarTooLarge = "sidecar_too_large",
    /// The sidecar is not UTF-8.
    NotUtf8 = "not_utf8",
    /// The sidecar is broken, or not of the format that its extension names.
    NotReadable = "not_readable",
    /// The sidecar holds no fields.
    NoFields = "no_fields",
    /// The sidecar holds more fields than the limit.
    TooManyFields = "too_many_fields",
    /// A field has no name.
    EmptyFieldName = "empty_field_name",
    /// Two fields have one name.
    DuplicateField = "duplicate_field",
    /// A field holds further fields or a list. Sidecars are flat.
    NestedField = "nested_field",
    /// A CSV sidecar is a header and one record; this one has none or several.
    NotExactlyOneRecord = "not_exactly_one_record",
    /// An XML sidecar declares a document type.
    DtdNotAllowed = "dtd_not_allowed",
    /// An XML field has an attribute.
    AttributeNotAllowed = "attribute_not_allowed",
    /// An XML field uses an entity other than `amp`, `lt`, `gt`, `quot` and `apos`.
    UnknownEntity = "unknown_entity",
    /// A YAML sidecar holds more than one document.
    MoreThanOneDocument = "more_than_one_document",
    /// A YAML sidecar marks a value with an anchor (`&name`).
    AnchorNotAllowed = "anchor_not_allowed",
    /// A YAML sidecar repeats a value by an alias (`*name`).
    AliasNotAllowed = "alias_not_allowed",
    /// A YAML sidecar gives a value a type (`!!int`).
    TagNotAllowed = "tag_not_allowed",
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name or a sidecar that cannot be used, and why. The same bytes are refused again.
///
/// No value, login or number of the file stands in it, so that it is fit for a log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused {
    /// Why, for programs.
    pub reason: Reason,
    /// Where: a field's name, or `line 3, column 7`.
    pub at: Option<String>,
    /// What is wrong and what it should be like, for people.
    pub detail: String,
}

impl Refused {
    /// A refusal of the whole file.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, at: None, detail: detail.into() }
    }

    /// The same refusal, with the place in the file.
    pub fn with_at(mut self, at: impl Into<String>) -> Self {
        self.at = Some(at.into());
        self
    }

    /// The refusal as an item of a listing or a stream. `what` is the file's name, masked.
    pub fn rejects(self, what: impl Into<String>) -> Rejected {
        let mut rejected = Rejected::new(what, self.reason.as_str(), self.detail);
        rejected.at = self.at;
        rejected
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)?;
        if let Some(at) = &self.at {
            write!(f, " at {at}")?;
        }
        write!(f, ": {}", self.detail)
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_reason_is_the_same_everywhere() {
        for reason in Reason::ALL {
            let stored = serde_json::to_string(reason).unwrap();
            assert_eq!(stored, format!("\"{reason}\""));
            assert_eq!(serde_json::from_str::<Reason>(&stored).unwrap(), *reason);
        }
    }

    #[test]
    fn a_refusal_becomes_one_line_of_a_listing() {
        let refused = Refused::new(Reason::NestedField, "sidecars are flat").with_at("contact");
        assert_eq!(refused.to_string(), "nested_field at contact: sidecars are flat");
        let rejected = refused.rejects("20261102-101500_•••.json");
        assert_eq!(rejected.to_string(), "20261102-101500_•••.json: nested_field at contact (sidecars are flat)");
    }
}
