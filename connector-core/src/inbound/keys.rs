//! Routes that nobody guesses, and secrets compared so that nobody learns from the time it takes.

use std::hint::black_box;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::Origin;

/// The block of SHA-256, in bytes.
const BLOCK: usize = 64;

/// How much of the hash stands in a route: 128 bits.
const ROUTE_BYTES: usize = 16;

/// The route of a source: 32 hex digits that stay the same for as long as the key does, and that nobody guesses who does
/// not have it.
///
/// It is HMAC-SHA256 of tenant and source under the key, cut to 128 bits. Another key makes other routes: every vendor
/// then has to be told the new addresses.
///
/// ```
/// use connector_core::{Origin, inbound::route_of};
/// let key = "the key of the listener, kept for years".into();
/// let route = route_of(&Origin::new("acme", "calls"), &key);
/// assert_eq!(route.len(), 32);
/// assert_ne!(route, route_of(&Origin::new("acme", "chats"), &key));
/// ```
pub fn route_of(origin: &Origin, key: &SecretString) -> String {
    let length = (origin.tenant.len() as u64).to_be_bytes();
    let parts: [&[u8]; 4] = [b"route 1\0", &length, origin.tenant.as_bytes(), origin.source.as_bytes()];
    hex::encode(&hmac_sha256(key.expose_secret().as_bytes(), &parts)[..ROUTE_BYTES])
}

/// Whether what was sent is the secret. How long it takes tells nothing of where they differ. An empty secret equals
/// nothing.
///
/// ```
/// use connector_core::inbound::secret_eq;
/// assert!(secret_eq("hunter2", &"hunter2".into()));
/// assert!(!secret_eq("", &"".into()));
/// ```
pub fn secret_eq(given: impl AsRef<[u8]>, secret: &SecretString) -> bool {
    let secret = secret.expose_secret().as_bytes();
    // Equal hashes are equal texts, and a difference of hashes says nothing of the texts.
    let (given, expected) = (Sha256::digest(given.as_ref()), Sha256::digest(secret));
    let difference = given.iter().zip(expected).fold(0, |difference, (a, b)| black_box(difference | (a ^ b)));
    difference == 0 && !secret.is_empty()
}

/// Whether what was sent is one of these secrets, all of which are looked at: the old and the new one while a vendor is
/// told the new one.
pub fn secret_is_one_of<'a>(given: impl AsRef<[u8]>, secrets: impl IntoIterator<Item = &'a SecretString>) -> bool {
    secrets.into_iter().fold(false, |found, secret| found | secret_eq(given.as_ref(), secret))
}

/// HMAC-SHA256 (RFC 2104) of these parts, one behind the other.
///
/// ```
/// use connector_core::inbound::hmac_sha256;
/// assert_eq!(hmac_sha256(b"key", &[b"a ", b"text"]), hmac_sha256(b"key", &[b"a text"]));
/// assert_eq!(hmac_sha256(b"key", &[])[..4], [0x5d, 0x5d, 0x13, 0x95]);
/// ```
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut block = [0; BLOCK];
    match block.get_mut(..key.len()) {
        Some(start) => start.copy_from_slice(key),
        None => block[..32].copy_from_slice(&Sha256::digest(key)),
    }
    let mut inner = Sha256::new_with_prefix(block.map(|byte| byte ^ 0x36));
    parts.iter().for_each(|part| inner.update(part));
    Sha256::new_with_prefix(block.map(|byte| byte ^ 0x5c)).chain_update(inner.finalize()).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cases 1, 2 and 6 of RFC 4231.
    #[test]
    fn the_hash_is_that_of_the_rfc() {
        for (key, text, hash) in [
            (vec![0x0b; 20], "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (
                b"Jefe".to_vec(),
                "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                vec![0xaa; 131],
                "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ] {
            assert_eq!(hex::encode(hmac_sha256(&key, &[text.as_bytes()])), hash);
        }
    }

    #[test]
    fn routes_stay_for_years_and_differ_by_tenant_source_and_key() {
        let route = |tenant, source, key: &str| route_of(&Origin::new(tenant, source), &key.into());
        // Vendors hold this address: it must never change.
        assert_eq!(route("acme", "calls", "a key"), PINNED);
        let routes = [
            route("acme", "calls", "a key"),
            route("acme", "calls", "another key"),
            route("acme", "call", "a key"),
            // The same letters, cut elsewhere.
            route("acmec", "alls", "a key"),
        ];
        let distinct: std::collections::BTreeSet<_> = routes.iter().collect();
        assert_eq!(distinct.len(), routes.len());
    }

    /// Made by `hmac.new(b"a key", b"route 1\0" + (4).to_bytes(8, "big") + b"acmecalls", "sha256").hexdigest()[:32]` of
    /// Python.
    const PINNED: &str = "a9897f4a5f18c3c180aa433fe5579e83";

    #[test]
    fn a_secret_equals_itself_and_nothing_else() {
        let secret = SecretString::from("hunter2");
        for (given, is_equal) in
            [("hunter2", true), ("hunter", false), ("hunter22", false), ("Hunter2", false), ("", false)]
        {
            assert_eq!(secret_eq(given, &secret), is_equal, "{given}");
        }
        assert!(!secret_eq("", &SecretString::from("")), "a secret that was left empty opens nothing");
    }

    #[test]
    fn while_keys_are_changed_both_are_good() {
        let keys = [SecretString::from("old"), SecretString::from("new"), SecretString::from("")];
        for (given, is_good) in [("old", true), ("new", true), ("older", false), ("", false)] {
            assert_eq!(secret_is_one_of(given, &keys), is_good, "{given}");
        }
    }
}
