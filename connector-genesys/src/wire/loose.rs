//! Values whose types are not what they should be: numbers as texts, texts as numbers, `""` for nothing.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use connector_core::Attributes;
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

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

/// A text that is personal.
pub(crate) fn personal<'de, D: Deserializer<'de>, T: From<String>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(text(deserializer)?.map(T::from))
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

/// An instant in ISO 8601, with or without fraction and offset; without an offset it is UTC, which all times of the vendor
/// are.
pub(crate) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    Ok(match scalar(deserializer)? {
        Scalar::Text(text) => instant(&text),
        _ => None,
    })
}

/// An instant as the number of milliseconds since 1970: the unit is not documented, the vendor names all its numbers of
/// milliseconds so and has no others.
pub(crate) fn millis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    Ok(int(deserializer)?.and_then(DateTime::from_timestamp_millis).filter(is_of_a_call))
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    let local = |text| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok();
    let day = |text: &str| text.parse::<NaiveDate>().ok().map(|day| day.and_time(NaiveTime::MIN));
    let spaced = text.replacen(' ', "T", 1);
    let zoned = DateTime::parse_from_rfc3339(&spaced).ok().map(|at| at.to_utc());
    zoned.or_else(|| local(spaced.as_str()).or_else(|| day(text)).map(|local| local.and_utc())).filter(is_of_a_call)
}

/// No call was made before 1970 or after 2200: such a date means that there is none.
fn is_of_a_call(at: &DateTime<Utc>) -> bool {
    (0..7_258_118_400).contains(&at.timestamp())
}

/// A list of things; a thing that cannot be read is left out, and whatever is no list is an empty one.
pub(crate) fn each<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let rows: Vec<Box<RawValue>> = raw(deserializer)?.unwrap_or_default();
    Ok(rows.iter().filter_map(|raw| super::row(raw)).collect())
}

/// The rows of a list as they came; whatever is no list is an empty one.
pub(crate) fn rows<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Box<RawValue>>, D::Error> {
    Ok(raw(deserializer)?.unwrap_or_default())
}

/// Texts by name; those that are empty, and whatever is none, are left out.
pub(crate) fn attributes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Attributes, D::Error> {
    let values: serde_json::Map<String, serde_json::Value> = raw(deserializer)?.unwrap_or_default();
    let text = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        serde_json::Value::Bool(_) | serde_json::Value::Number(_) => Some(value.to_string()),
        _ => None,
    };
    Ok(values.into_iter().filter_map(|(name, value)| Some((name, text(value)?))).collect())
}

/// An object; whatever is none is nothing.
pub(crate) fn object<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(super::row)
}

/// Texts; whatever is none is left out.
pub(crate) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let values: Vec<serde_json::Value> = raw(deserializer)?.unwrap_or_default();
    Ok(values.into_iter().filter_map(|value| value.as_str().map(|text| text.trim().to_owned())).collect())
}

fn raw<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(raw.get()).ok())
}
