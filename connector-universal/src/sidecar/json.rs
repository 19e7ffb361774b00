//! JSON sidecars: one object of texts, numbers, `true`, `false` and `null`.

use std::fmt;

use serde::Deserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::fields::{Fields, not_readable};
use crate::Refused;

/// Reads the object. Numbers keep the spelling that stands there, whatever their size.
pub(super) fn parse(text: &str, fields: &mut Fields) -> Result<(), Refused> {
    let mut refused = None;
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = reader.deserialize_map(Object { fields, refused: &mut refused }).and_then(|()| reader.end());
    match (refused, read) {
        (Some(refused), _) => Err(refused),
        (None, Err(error)) => Err(broken(&error)),
        (None, Ok(())) => Ok(()),
    }
}

/// Says where the text is broken, in words of our own: those of the parser may quote a value.
fn broken(error: &serde_json::Error) -> Refused {
    let detail = match error.classify() {
        serde_json::error::Category::Eof => "the text ends too early: it is no whole JSON object",
        serde_json::error::Category::Data => "a JSON sidecar is one object of fields",
        _ => "it is not JSON",
    };
    not_readable(detail).with_at(format!("line {}, column {}", error.line(), error.column()))
}

struct Object<'a> {
    fields: &'a mut Fields,
    refused: &'a mut Option<Refused>,
}

impl Object<'_> {
    /// Keeps our own refusal, which the parser's error could not carry.
    fn keep<T, E: Error>(&mut self, result: Result<T, Refused>) -> Result<T, E> {
        result.map_err(|refused| {
            *self.refused = Some(refused);
            E::custom("refused")
        })
    }

    fn value(&mut self, index: usize, raw: &str) -> Result<(), Refused> {
        let value = match raw.as_bytes().first() {
            Some(b'{' | b'[') => return Err(self.fields.nested(index)),
            Some(b'n') => None,
            Some(b'"') => Some(serde_json::from_str(raw).map_err(|_| {
                not_readable("the text holds an escape that is no character").with_at(self.fields.place(index))
            })?),
            _ => Some(raw.to_owned()),
        };
        self.fields.set(index, value)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            let opened = self.fields.open(name);
            let index = self.keep(opened)?;
            let raw = map.next_value::<&RawValue>()?;
            let set = self.value(index, raw.get());
            self.keep(set)?;
        }
        Ok(())
    }
}
