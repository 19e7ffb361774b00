//! Lengths of time in documents: a number of seconds, with a fraction where there is one.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How an `Option<Duration>` is written and read: `#[serde(with = "Seconds")]`.
pub(crate) enum Seconds {}

impl Seconds {
    pub(crate) fn serialize<S: Serializer>(length: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        length.map(|length| length.as_secs_f64()).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        let seconds = Option::<f64>::deserialize(deserializer)?;
        seconds.map(Duration::try_from_secs_f64).transpose().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Seconds {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Seconds".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Option::<f64>::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Talk {
        #[serde(with = "Seconds")]
        length: Option<Duration>,
    }

    #[test]
    fn a_length_is_a_number_of_seconds() {
        let talk = Talk { length: Some(Duration::from_millis(130_500)) };
        assert_eq!(serde_json::to_string(&talk).unwrap(), r#"{"length":130.5}"#);
        assert_eq!(serde_json::from_str::<Talk>(r#"{"length":8}"#).unwrap().length, Some(Duration::from_secs(8)));
        assert!(serde_json::from_str::<Talk>(r#"{"length":-1}"#).is_err());
    }

    proptest! {
        #[test]
        fn every_length_up_to_a_month_comes_back_to_the_nanosecond(seconds in 0u64..2_700_000, nanos in 0u32..1_000_000_000) {
            let talk = Talk { length: Some(Duration::new(seconds, nanos)) };
            let json = serde_json::to_string(&talk).unwrap();
            prop_assert_eq!(serde_json::from_str::<Talk>(&json).unwrap(), talk);
        }
    }
}
