//! Values whose types are not what they should be: ids as numbers or texts, booleans as `"True"`, `""` for no date.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Rows;

/// Any scalar; whatever else there is counts as nothing.
#[derive(Debug, PartialEq)]
enum Scalar {
    Nothing,
    Flag(bool),
    Whole(i64),
    Real(f64),
    Text(String),
}

struct AnyScalar;

impl<'de> Visitor<'de> for AnyScalar {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
        Ok(Scalar::Flag(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar::Whole(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
        Ok(i64::try_from(value).map_or_else(|_| Scalar::Text(value.to_string()), Scalar::Whole))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Scalar, E> {
        Ok(Scalar::Real(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Scalar, E> {
        let value = value.trim();
        Ok(if value.is_empty() { Scalar::Nothing } else { Scalar::Text(value.to_owned()) })
    }

    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar::Nothing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Scalar, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Nothing)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Scalar, A::Error> {
        while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Nothing)
    }
}

fn scalar<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Scalar, D::Error> {
    deserializer.deserialize_any(AnyScalar)
}

/// A text, also where a number was sent: 12 for `12`, `"12"` and `12.0`.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match scalar(deserializer)? {
        Scalar::Nothing => None,
        Scalar::Flag(flag) => Some(flag.to_string()),
        Scalar::Whole(number) => Some(number.to_string()),
        Scalar::Real(number) => Some(number.to_string()),
        Scalar::Text(text) => Some(text),
    })
}

/// An id: a text, where 0 and -1 mean that there is none.
pub(crate) fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(text(deserializer)?.filter(|id| !matches!(id.as_str(), "0" | "-1")))
}

/// A whole number, also as a text or with a fraction of nothing.
pub(crate) fn int<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(number(deserializer)?.map(|number| number as i64))
}

/// A number, also as a text.
pub(crate) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    Ok(match scalar(deserializer)? {
        Scalar::Whole(number) => Some(number as f64),
        Scalar::Real(number) => Some(number),
        Scalar::Text(text) => text.parse().ok(),
        Scalar::Flag(_) | Scalar::Nothing => None,
    }
    .filter(|number: &f64| number.is_finite()))
}

/// `true`, `"True"`, `"true"`, 1.
pub(crate) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    Ok(match scalar(deserializer)? {
        Scalar::Flag(flag) => Some(flag),
        Scalar::Whole(number) => Some(number != 0),
        Scalar::Text(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Some(true),
            "false" | "no" | "0" => Some(false),
            _ => None,
        },
        Scalar::Real(_) | Scalar::Nothing => None,
    })
}

/// An instant in ISO 8601, with or without fraction and offset. Without one it is taken for UTC, which is what the vendor
/// documents for all of them.
pub(crate) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    Ok(match scalar(deserializer)? {
        Scalar::Text(text) => instant(&text),
        _ => None,
    })
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    let local = |text| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok();
    let day = |text: &str| text.parse::<NaiveDate>().ok().map(|day| day.and_time(NaiveTime::MIN));
    let spaced = text.replacen(' ', "T", 1);
    let zoned = DateTime::parse_from_rfc3339(&spaced).ok().map(|at| at.to_utc());
    // No call was made before 1970 or after 2200: such a date means that there is none.
    let at = zoned.or_else(|| local(spaced.as_str()).or_else(|| day(text)).map(|local| local.and_utc()))?;
    (0..7_258_118_400).contains(&at.timestamp()).then_some(at)
}

/// A list, where `null` is an empty one.
pub(crate) fn rows<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Rows, D::Error> {
    Ok(Option::<Rows>::deserialize(deserializer)?.unwrap_or_default())
}

/// A list of things; a thing that cannot be read is left out, and `null` is an empty list.
pub(crate) fn each<'de, D: Deserializer<'de>, T: serde::de::DeserializeOwned>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let rows = Option::<&serde_json::value::RawValue>::deserialize(deserializer)?;
    let rows: Rows = rows.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
    Ok(rows.iter().filter_map(|raw| super::row(raw)).collect())
}
