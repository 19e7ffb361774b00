//! Lengths and positions, as the vendor writes them: `PT1.25S`.

use std::fmt;

/// Nanoseconds in a second.
const SECOND: u64 = 1_000_000_000;

/// A length of time, or a position from the beginning of a stream, in nanoseconds: exact for every rate that divides a
/// second into whole ones, such as 8,000 samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StreamTime(u64);

impl StreamTime {
    /// Reads `PT`, digits, perhaps a fraction, `S`. What is finer than a nanosecond is cut off. `None` for anything else, and
    /// for more than 584 years.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let seconds = text.strip_prefix("PT")?.strip_suffix('S')?;
        let (whole, fraction) = match seconds.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (seconds, None),
        };
        let is_number = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
        // A whole number may be left out before a fraction; digits behind the point may not.
        if !is_number(whole) || fraction.unwrap_or(whole).is_empty() || !fraction.is_none_or(is_number) {
            return None;
        }
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        let digits = fraction.unwrap_or_default().bytes().chain(std::iter::repeat(b'0')).take(9);
        let nanos = digits.fold(0, |nanos, digit| nanos * 10 + u64::from(digit - b'0'));
        whole.checked_mul(SECOND)?.checked_add(nanos).map(Self)
    }

    /// How many samples last so long, to the nearest one.
    pub(crate) fn samples(self, rate: u32) -> u64 {
        let samples = (u128::from(self.0) * u128::from(rate) + u128::from(SECOND / 2)) / u128::from(SECOND);
        u64::try_from(samples).unwrap_or(u64::MAX)
    }

    /// So long after it.
    pub(crate) fn after(self, length: Self) -> Self {
        Self(self.0.saturating_add(length.0))
    }

    /// How long after an earlier one it is; nothing when that is the later one.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }
}

/// As the vendor writes it, without an exponent.
impl fmt::Display for StreamTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fraction = format!("{:09}", self.0 % SECOND);
        match fraction.trim_end_matches('0') {
            "" => write!(f, "PT{}S", self.0 / SECOND),
            fraction => write!(f, "PT{}.{fraction}S", self.0 / SECOND),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_sample_is_exact() {
        assert_eq!(StreamTime::parse("PT0.000125S").unwrap().samples(8_000), 1);
        assert_eq!(StreamTime::parse("PT9.8S").unwrap().samples(8_000), 78_400);
        assert_eq!(StreamTime::parse("PT.5S"), StreamTime::parse("PT0.5S"));
        assert_eq!(StreamTime::parse("PT0.0413S").unwrap().to_string(), "PT0.0413S");
        assert_eq!(StreamTime::parse("PT0012S").unwrap().to_string(), "PT12S");
        // Halfway and above is the next one.
        assert_eq!(StreamTime::parse("PT0.0000625S").unwrap().samples(8_000), 1);
        assert_eq!(StreamTime::parse("PT0.0000624S").unwrap().samples(8_000), 0);
    }

    #[test]
    fn what_is_no_length_is_none() {
        for text in [
            "",
            "PT",
            "PTS",
            "PT5.S",
            "PT.S",
            "PT1",
            "1S",
            "PT1s",
            "PT-1S",
            "PT+1S",
            "PT1e3S",
            "PT1M",
            "PT1.2.3S",
            "PT1,5S",
            "PT 1S",
            "pt1S",
            "PT18446744074S",
            "PT99999999999999999999S",
            "PT١S",
        ] {
            assert_eq!(StreamTime::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_longest_fits_and_nothing_overflows() {
        let longest = StreamTime(u64::MAX);
        assert_eq!(StreamTime::parse(&longest.to_string()), Some(longest));
        assert_eq!(longest.after(longest), longest);
        assert_eq!(StreamTime::default().since(longest), StreamTime::default());
        assert_eq!(longest.samples(u32::MAX), u64::MAX);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(nanos: u64) {
            let time = StreamTime(nanos);
            prop_assert_eq!(StreamTime::parse(&time.to_string()), Some(time));
        }

        #[test]
        fn nothing_that_is_read_panics(text in "(PT)?[0-9.]{0,30}S?|\\PC*") {
            let _ = StreamTime::parse(&text);
        }
    }
}
