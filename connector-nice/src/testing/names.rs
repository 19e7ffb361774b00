//! Texts that look like what an identity service hands out.

use serde_json::Value;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 with padding.
pub(super) fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let [a, b, c] = [0, 1, 2].map(|index| u32::from(group.get(index).copied().unwrap_or_default()));
        let bits = a << 16 | b << 8 | c;
        for place in 0..4 {
            let letter = ALPHABET[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= group.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

/// A token with these claims, in the form of a JWT that nobody signed.
pub(super) fn jwt(claims: &Value) -> String {
    let part = |bytes: &[u8]| base64(bytes).trim_end_matches('=').replace('+', "-").replace('/', "_");
    let head = br#"{"typ":"JWT","alg":"RS256","kid":"k1"}"#;
    format!("{}.{}.{}", part(head), part(claims.to_string().as_bytes()), part(b"nobody signed this"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_its_rfc() {
        let texts = ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map(|text| base64(text.as_bytes()));
        assert_eq!(texts, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]);
        assert_eq!(base64(&[0xfb, 0xff]), "+/8=");
    }

    #[test]
    fn a_token_has_three_parts_without_letters_that_an_url_would_change() {
        let token = jwt(&serde_json::json!({ "sub": "??>>~~ÿÿ" }));
        assert_eq!(token.split('.').count(), 3);
        assert!(token.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter)), "{token}");
    }
}
