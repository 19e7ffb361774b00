//! What must hold for every sidecar, in any format.

use std::collections::HashSet;

use connector_universal::Reason;
use connector_universal::sidecar::{Format, Limits, parse};

/// Reads the bytes under the default limits and under narrow ones.
pub fn check(format: Format, bytes: &[u8]) {
    for limits in [Limits::default(), Limits { bytes: 64, fields: 2 }] {
        let read = parse(format, bytes, &limits);
        assert_eq!(read, parse(format, bytes, &limits), "the same bytes give the same answer");
        match read {
            Ok(sidecar) => {
                assert!(bytes.len() as u64 <= limits.bytes && std::str::from_utf8(bytes).is_ok());
                assert!(!sidecar.fields.is_empty() && sidecar.fields.len() <= limits.fields);
                let names: HashSet<_> = sidecar.fields.iter().map(|(name, _)| name).collect();
                assert_eq!(names.len(), sidecar.fields.len(), "no name occurs twice");
                assert!(names.iter().all(|name| !name.is_empty() && !name.contains('\0')));
                let size: usize = sidecar
                    .fields
                    .iter()
                    .map(|(name, value)| name.len() + value.iter().map(String::len).sum::<usize>())
                    .sum();
                // A character is written in at least one byte, and no escape is shorter than what it stands for.
                assert!(size <= bytes.len() * MOST_GROWTH, "nothing is multiplied");
                for (_, value) in &sidecar.fields {
                    let Some(value) = value else {
                        assert!(matches!(format, Format::Json | Format::Yml), "only JSON and YAML know null");
                        continue;
                    };
                    assert!(!value.contains('\0'));
                }
            }
            Err(refused) => {
                assert!(Reason::ALL.contains(&refused.reason) && !refused.detail.is_empty());
                assert_eq!(refused.reason == Reason::SidecarTooLarge, bytes.len() as u64 > limits.bytes);
                assert_eq!(
                    refused.reason == Reason::NotUtf8,
                    refused.reason != Reason::SidecarTooLarge && std::str::from_utf8(bytes).is_err()
                );
                assert!(refused.at.is_none_or(|at| !at.is_empty() && at.len() <= 64 && !at.contains(char::is_control)));
            }
        }
    }
}

/// YAML's `\L` and `\P` are two bytes for a character of three.
const MOST_GROWTH: usize = 2;
