//! Which handshakes were here before.

use std::collections::{HashSet, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use connector_core::inbound::hmac_sha256;

use crate::live_audio::refused::Refused;

/// How long a nonce is remembered: longer than any signature is good. Our own rule, the vendor asks for none.
const REMEMBERED: TimeDelta = TimeDelta::seconds(15);

/// How many nonces are remembered, of 32 bytes each. That many connections in 15 s are none of a contact centre.
const MOST: usize = 50_000;

/// A nonce with its key, as a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Nonce([u8; 32]);

impl Nonce {
    pub(super) fn of(key: &[u8], nonce: &str) -> Self {
        Self(hmac_sha256(key, &[nonce.as_bytes()]))
    }
}

/// The nonces of late, by the order in which they came.
///
/// Only who has a secret puts something in. When it is full it refuses: to forget one that still counts would let it in
/// again.
pub(super) struct Nonces {
    pub(super) most: usize,
    pub(super) known: HashSet<Nonce>,
    pub(super) until: VecDeque<(DateTime<Utc>, Nonce)>,
}

impl Default for Nonces {
    fn default() -> Self {
        Self { most: MOST, known: HashSet::new(), until: VecDeque::new() }
    }
}

impl Nonces {
    /// Notes one, unless it is known.
    pub(super) fn take(&mut self, nonce: Nonce, now: DateTime<Utc>) -> Result<(), Refused> {
        while let Some((until, old)) = self.until.front()
            && *until <= now
        {
            self.known.remove(old);
            self.until.pop_front();
        }
        if self.known.contains(&nonce) {
            return Err(Refused::Replayed);
        }
        if self.known.len() >= self.most {
            return Err(Refused::TooMany);
        }
        self.known.insert(nonce);
        self.until.push_back((now + REMEMBERED, nonce));
        Ok(())
    }
}
