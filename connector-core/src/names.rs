//! Names that are safe to use as file names and object keys.

use sha2::{Digest, Sha256};

/// Longest escaped name: with an extension and a temporary suffix it stays under the 255 bytes of common file systems.
const LONGEST: usize = 180;

/// Device names that Windows reserves, whatever the extension.
const RESERVED: [&str; 22] = [
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "lpt1", "lpt2",
    "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

/// Turns any text into one path segment of `A–Z a–z 0–9 . _ - =`: two different texts never give the same segment.
///
/// Every other byte becomes `=XX` (and so does `=` itself, a leading or trailing dot, and the first letter of a name that
/// Windows reserves); a text whose segment would be longer than 180 bytes is cut and ends in `==` and its SHA-256.
///
/// ```
/// use connector_core::names::escape;
/// assert_eq!(escape("6f0c-17"), "6f0c-17");
/// assert_eq!(escape("../etc"), "=2E.=2Fetc");
/// assert_eq!(escape("joe@example.com"), "joe=40example.com");
/// assert!(escape(&"é".repeat(500)).len() <= 180);
/// ```
pub fn escape(text: &str) -> String {
    let reserved = RESERVED.contains(&text.split('.').next().unwrap_or("").to_ascii_lowercase().as_str());
    let mut escaped = String::with_capacity(text.len());
    for (index, byte) in text.bytes().enumerate() {
        let edge = index == 0 || index + 1 == text.len();
        let plain = match byte {
            b'.' => !edge,
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' => !(reserved && index == 0),
            _ => false,
        };
        if plain {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("={byte:02X}"));
        }
    }
    if text.is_empty() {
        return "=".to_owned();
    }
    if escaped.len() > LONGEST {
        let hash = hex::encode(Sha256::digest(text));
        escaped.truncate(LONGEST - hash.len() - 2);
        escaped.push_str("==");
        escaped.push_str(&hash);
    }
    escaped
}

/// Media types and their usual extensions; the first row of a type is the one used to name a file.
const MEDIA: [(&str, &str); 16] = [
    ("wav", "audio/wav"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("m4a", "audio/mp4"),
    ("mpg", "video/mpeg"),
    ("wma", "audio/x-ms-wma"),
    ("webm", "video/webm"),
    ("weba", "audio/webm"),
    ("aiff", "audio/aiff"),
    ("flac", "audio/flac"),
    ("ogg", "audio/ogg"),
    ("gsm", "audio/x-gsm"),
    ("webex", "application/x-webex"),
    ("arf", "application/x-webex-arf"),
    ("au", "audio/basic"),
    ("json", "application/json"),
];

/// The media type that belongs to a file extension, letter case aside.
pub fn media_type_of(extension: &str) -> Option<&'static str> {
    MEDIA.iter().find(|(known, _)| known.eq_ignore_ascii_case(extension)).map(|(_, media_type)| *media_type)
}

/// The file extension that belongs to a media type, parameters aside.
pub fn extension_of(media_type: &str) -> Option<&'static str> {
    let essence = media_type.split(';').next().unwrap_or("").trim();
    MEDIA.iter().find(|(_, known)| known.eq_ignore_ascii_case(essence)).map(|(extension, _)| *extension)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hostile_names_become_harmless() {
        for name in
            ["..", ".", "", "a/b", "a\0b", "line\nbreak", "con.wav", "NUL", "trailing.", "C:\\x", &"x".repeat(4000)]
        {
            let safe = escape(name);
            assert!(!safe.is_empty() && safe.len() <= LONGEST, "{name:?}");
            assert!(safe.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-=".contains(&b)), "{safe}");
            assert!(!safe.starts_with('.') && !safe.ends_with('.'), "{safe}");
            assert!(!RESERVED.contains(&safe.split('.').next().unwrap().to_ascii_lowercase().as_str()), "{safe}");
        }
    }

    proptest! {
        #[test]
        fn different_texts_give_different_names(texts in prop::collection::vec("[a-c=./2E]{0,6}|\\PC{0,300}", 1..40)) {
            let mut seen: HashMap<String, String> = HashMap::new();
            for text in texts {
                if let Some(other) = seen.insert(escape(&text), text.clone()) {
                    prop_assert_eq!(other, text);
                }
            }
        }
    }
}
