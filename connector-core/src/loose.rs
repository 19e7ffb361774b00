//! Values that vendors send in other types than they document: numbers as texts, texts as numbers, booleans as `"True"`,
//! `""` for nothing.
//!
//! Functions for `#[serde(deserialize_with = "…")]`, beside `#[serde(default)]`. None of them fails on a value of another
//! type: what cannot be read is as good as not there, so that one odd field never costs a row.
//!
//! Those for lists and objects ([`each`], [`list`], [`rows`], [`object`], [`texts`], [`attributes`]) look at the JSON itself,
//! so it has to be in memory: read it by `serde_json::from_slice` or `from_str`. From a reader, or out of a
//! `serde_json::Value`, they fail.
//!
//! ```
//! use chrono::{DateTime, Utc};
//! use connector_core::loose;
//! use serde::Deserialize;
//!
//! #[derive(Debug, Default, Deserialize)]
//! #[serde(default)]
//! struct Call {
//!     #[serde(deserialize_with = "loose::text")]
//!     id: Option<String>,
//!     #[serde(deserialize_with = "loose::flag")]
//!     is_recorded: Option<bool>,
//!     #[serde(deserialize_with = "loose::time")]
//!     ended: Option<DateTime<Utc>>,
//! }
//!
//! let call: Call = serde_json::from_str(r#"{"id": 4711, "is_recorded": "True", "ended": "", "new": {}}"#).unwrap();
//! assert_eq!((call.id.as_deref(), call.is_recorded, call.ended), (Some("4711"), Some(true), None));
//! ```

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::Attributes;

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

/// Any list, of which it keeps what is made of each thing; whatever else there is counts as nothing.
struct AnyList<Keep>(Keep);

impl<'de, T, Keep: Fn(&RawValue) -> Option<T>> Visitor<'de> for AnyList<Keep> {
    type Value = Option<Vec<T>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut kept = Vec::new();
        while let Some(raw) = items.next_element::<&RawValue>()? {
            kept.extend((self.0)(raw));
        }
        Ok(Some(kept))
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Self::Value, A::Error> {
        AnyScalar.visit_map(fields).map(|_| None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

fn scalar<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Scalar, D::Error> {
    deserializer.deserialize_any(AnyScalar)
}

/// A text, also where a number was sent: 12 for `12`, `"12"` and `12.0`.
///
/// # Errors
/// Only where the input is no JSON.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match scalar(deserializer)? {
        Scalar::Nothing => None,
        Scalar::Flag(flag) => Some(flag.to_string()),
        Scalar::Whole(number) => Some(number.to_string()),
        Scalar::Real(number) => Some(number.to_string()),
        Scalar::Text(text) => Some(text),
    })
}

/// A text that is personal.
///
/// # Errors
/// Only where the input is no JSON.
pub fn personal<'de, D: Deserializer<'de>, T: From<String>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(text(deserializer)?.map(T::from))
}

/// A whole number, also as a text or with a fraction of nothing.
///
/// # Errors
/// Only where the input is no JSON.
pub fn int<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(number(deserializer)?.map(|number| number as i64))
}

/// A number, also as a text.
///
/// # Errors
/// Only where the input is no JSON.
pub fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    Ok(match scalar(deserializer)? {
        Scalar::Whole(number) => Some(number as f64),
        Scalar::Real(number) => Some(number),
        Scalar::Text(text) => text.parse().ok(),
        Scalar::Flag(_) | Scalar::Nothing => None,
    }
    .filter(|number: &f64| number.is_finite()))
}

/// `true`, `"True"`, `"true"`, 1.
///
/// # Errors
/// Only where the input is no JSON.
pub fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
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

/// An instant in ISO 8601, with or without fraction and offset; without an offset it is taken for UTC. An instant before 1970
/// or after 2200 is none.
///
/// # Errors
/// Only where the input is no JSON.
pub fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    Ok(match scalar(deserializer)? {
        Scalar::Text(text) => instant(&text),
        _ => None,
    })
}

/// An instant as the number of milliseconds since 1970.
///
/// # Errors
/// Only where the input is no JSON.
pub fn millis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
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
///
/// # Errors
/// Only where the input is no JSON.
pub fn each<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Ok(deserializer.deserialize_any(AnyList(row::<T>))?.unwrap_or_default())
}

/// A list of things, in which `None` stands for a thing that cannot be read; whatever is no list is nothing.
///
/// # Errors
/// Only where the input is no JSON.
pub fn list<'de, D, T>(deserializer: D) -> Result<Option<Vec<Option<T>>>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    deserializer.deserialize_any(AnyList(|raw: &RawValue| Some(row(raw))))
}

/// The rows of a list as they came; whatever is no list is an empty one.
///
/// # Errors
/// Only where the input is no JSON.
pub fn rows<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Box<RawValue>>, D::Error> {
    Ok(raw(deserializer)?.unwrap_or_default())
}

/// Texts by name; those that are empty, and whatever is none, are left out.
///
/// # Errors
/// Only where the input is no JSON.
pub fn attributes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Attributes, D::Error> {
    let values: serde_json::Map<String, Value> = raw(deserializer)?.unwrap_or_default();
    let text = |value: Value| match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    };
    Ok(values.into_iter().filter_map(|(name, value)| Some((name, text(value)?))).collect())
}

/// An object; whatever is none is nothing.
///
/// # Errors
/// Only where the input is no JSON.
pub fn object<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(row)
}

/// Texts; whatever is none is left out.
///
/// # Errors
/// Only where the input is no JSON.
pub fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let values: Vec<Value> = raw(deserializer)?.unwrap_or_default();
    Ok(values.into_iter().filter_map(|value| value.as_str().map(|text| text.trim().to_owned())).collect())
}

/// Reads one object; whatever is none is nothing. One with a key twice is read by the last of them.
pub fn row<T: DeserializeOwned>(raw: &RawValue) -> Option<T> {
    if !raw.get().starts_with('{') {
        return None;
    }
    let once = || serde_json::from_str::<Value>(raw.get()).and_then(|value| serde_json::from_str(&value.to_string()));
    serde_json::from_str(raw.get()).ok().or_else(|| once().ok())
}

fn raw<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(raw.get()).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(default)]
    struct Row {
        #[serde(deserialize_with = "text")]
        text: Option<String>,
        #[serde(deserialize_with = "int")]
        int: Option<i64>,
        #[serde(deserialize_with = "number")]
        number: Option<f64>,
        #[serde(deserialize_with = "flag")]
        flag: Option<bool>,
        #[serde(deserialize_with = "time")]
        time: Option<DateTime<Utc>>,
        #[serde(deserialize_with = "millis")]
        millis: Option<DateTime<Utc>>,
        #[serde(deserialize_with = "each")]
        each: Vec<Row>,
        #[serde(deserialize_with = "list")]
        list: Option<Vec<Option<Row>>>,
        #[serde(deserialize_with = "object")]
        object: Option<Box<Row>>,
        #[serde(deserialize_with = "texts")]
        texts: Vec<String>,
        #[serde(deserialize_with = "counted")]
        rows: usize,
        #[serde(deserialize_with = "attributes")]
        attributes: Attributes,
    }

    fn counted<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
        Ok(rows(deserializer)?.len())
    }

    fn read(field: &str, value: &str) -> Row {
        serde_json::from_str(&format!(r#"{{"{field}": {value}}}"#)).unwrap()
    }

    #[test]
    fn a_value_of_any_type_costs_no_row() {
        let odd = [
            "null",
            "true",
            "0",
            "-1",
            "1.5",
            "1e400",
            "\"\"",
            "\" \"",
            "\"odd\"",
            "[]",
            "[1, {}]",
            "{}",
            "{\"a\": [1]}",
        ];
        for field in [
            "text",
            "int",
            "number",
            "flag",
            "time",
            "millis",
            "each",
            "list",
            "object",
            "texts",
            "rows",
            "attributes",
            "unknown",
        ] {
            for value in odd {
                // Only a number that no type can hold is no JSON to the reader.
                if value != "1e400" {
                    read(field, value);
                }
            }
        }
    }

    #[test]
    fn what_is_meant_is_read() {
        for value in ["12", "\"12\"", "\" 12 \"", "12.0"] {
            assert_eq!(read("int", value).int, Some(12), "{value}");
            assert_eq!(read("number", value).number, Some(12.0), "{value}");
            assert_eq!(read("text", value).text.as_deref(), Some("12"), "{value}");
        }
        for (value, meant) in [("true", true), ("\"True\"", true), ("1", true), ("\"no\"", false), ("0", false)] {
            assert_eq!(read("flag", value).flag, Some(meant), "{value}");
        }
        let at = "2026-09-21T14:00:00Z".parse().ok();
        for value in
            ["2026-09-21T14:00:00Z", "2026-09-21T16:00:00.000+02:00", "2026-09-21 14:00:00", "2026-09-21T14:00:00.0"]
        {
            assert_eq!(read("time", &format!("\"{value}\"")).time, at, "{value}");
        }
        assert_eq!(read("millis", "1789999200000").millis, at);
        for value in ["\"0001-01-01T00:00:00Z\"", "\"9999-12-31T23:59:59Z\"", "-1"] {
            assert_eq!((read("time", value).time, read("millis", value).millis), (None, None), "{value}");
        }
    }

    #[test]
    fn a_bad_row_of_a_list_costs_the_row() {
        let rows = read("each", r#"[{"int": 1}, 7, null, "x", {"int": 2, "int": 3}, [{}]]"#).each;
        assert_eq!(rows.iter().map(|row| row.int).collect::<Vec<_>>(), [Some(1), Some(3)]);
        let rows = read("list", r#"[{"int": 1}, 7, {"int": 2, "int": 3}]"#).list.unwrap();
        assert_eq!(rows.iter().map(|row| row.as_ref()?.int).collect::<Vec<_>>(), [Some(1), None, Some(3)]);
        assert_eq!(read("list", "[]").list, Some(vec![]));
        for none in ["null", "1", "1.5", "true", "\"x\"", r#"{"int": 1}"#] {
            assert_eq!((read("list", none).list, read("each", none).each), (None, vec![]), "{none}");
        }
        assert_eq!(read("texts", r#"["a", 1, " b ", null]"#).texts, ["a", "b"]);
        assert_eq!(read("object", r#"{"int": "5"}"#).object.unwrap().int, Some(5));
        assert_eq!(read("rows", r#"[{"int": 1}, 7]"#).rows, 2);
        let attributes = read("attributes", r#"{"a": " b ", "c": 1, "d": "", "e": null, "f": {}}"#).attributes;
        let told: Vec<_> = attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(told, [("a", "b"), ("c", "1")]);
    }
}
