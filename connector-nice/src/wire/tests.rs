//! What comes in many forms is read as one.

mod fields;
#[cfg(feature = "testing")]
mod mutated;
mod shapes;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::*;

/// Reads a value as a row.
fn read<T: DeserializeOwned>(value: &Value) -> Option<T> {
    row(&raw(value))
}

fn raw(value: &Value) -> Box<RawValue> {
    RawValue::from_string(value.to_string()).expect("JSON")
}
