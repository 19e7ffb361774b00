//! Samples of what a vendor answers, and each of them changed in every place.
//!
//! What a connector reads has to survive whatever a vendor changes: fields that are new, missing, or say something strange.
//!
//! ```
//! use connector_core::testing::fixtures;
//! use serde_json::json;
//!
//! let call = json!({ "id": "c-7", "parties": [{ "muted": true }] });
//! let strange = fixtures::values(&call, |_| vec![json!(null)]);
//! let told: Vec<String> = strange.map(|changed| changed.to_string()).collect();
//! assert_eq!(told, ["/id: null", "/parties/0/muted: null"]);
//!
//! let missing = fixtures::missing(&call);
//! assert_eq!(missing.last().unwrap().answer, json!({ "id": "c-7", "parties": [{}] }));
//! ```

use std::fmt;

use serde_json::{Map, Value, json};

/// Makes a function for each sample of a vendor's answers, and `all()`, which has each with its name.
///
/// The files lie in the folder `fixtures` beside the file in which this is written.
///
/// ```ignore
/// connector_core::testing::fixtures! {
///     /// `GET v2/calls/{id}`: a call that is over.
///     call, "call.json";
/// }
/// let call: serde_json::Value = serde_json::from_str(call())?;
/// ```
#[macro_export]
macro_rules! fixtures {
    ($($(#[$doc:meta])* $name:ident, $file:literal;)*) => {
        $(
            $(#[$doc])*
            pub fn $name() -> &'static str {
                include_str!(concat!("fixtures/", $file))
            }
        )*

        /// All of them, each with its name.
        pub fn all() -> Vec<(&'static str, &'static str)> {
            vec![$((stringify!($name), $name())),*]
        }
    };
}

#[doc(inline)]
pub use crate::fixtures;

/// An answer that was changed in one place. `Display` is the place and what is there now.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Changed {
    /// Where, as a JSON pointer: `/parties/0/muted`.
    pub place: String,
    /// What is there now; `None` when nothing is.
    pub now: Option<Value>,
    /// The whole answer.
    pub answer: Value,
}

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.now {
            Some(now) => write!(f, "{}: {now}", self.place),
            None => write!(f, "{}: missing", self.place),
        }
    }
}

/// The answer with each value replaced by each of `others`: those that are neither lists nor objects, in order.
pub fn values(answer: &Value, others: impl Fn(&Value) -> Vec<Value>) -> impl Iterator<Item = Changed> {
    replaced(answer, |value| !is_branch(value), others)
}

/// The answer with each list and object below the top replaced by each of `others`.
pub fn lists_and_objects(answer: &Value, others: impl Fn(&Value) -> Vec<Value>) -> impl Iterator<Item = Changed> {
    replaced(answer, is_branch, others)
}

/// The answer without one of its values each time: those that are neither lists nor objects.
pub fn missing(answer: &Value) -> impl Iterator<Item = Changed> {
    places(answer, |value| !is_branch(value)).into_iter().map(|place| {
        let mut answer = answer.clone();
        let (parent, key) = place.rsplit_once('/').unwrap_or_default();
        match (answer.pointer_mut(parent), key.parse::<usize>()) {
            (Some(Value::Object(fields)), _) => drop(fields.remove(&key.replace("~1", "/").replace("~0", "~"))),
            (Some(Value::Array(items)), Ok(place)) => drop(items.remove(place)),
            _ => {}
        }
        Changed { place, now: None, answer }
    })
}

/// The answer with a field in each of its objects that nobody knows, of one type after the other.
pub fn unknown_fields(answer: &Value) -> impl Iterator<Item = Value> {
    let unknown = [
        json!(null),
        json!(7),
        json!("text"),
        json!([1, { "a": [] }]),
        json!({ "id": [], "contactId": [], "a": null }),
    ];
    unknown.into_iter().map(|unknown| {
        let mut answer = answer.clone();
        objects(&mut answer, &mut |fields| drop(fields.insert("someThingNew".to_owned(), unknown.clone())));
        answer
    })
}

/// Values that nobody expects.
pub fn strange() -> Vec<Value> {
    let texts = ["", "something.new", "9999999999999999999999", "0001-01-01T00:00:00"].map(Value::from);
    let others = [json!(null), json!(-1), json!(1e300), json!(u64::MAX), json!(true)];
    let branches = [json!([]), json!([1]), json!({ "a": {} })];
    texts.into_iter().chain(others).chain(branches).collect()
}

fn replaced(
    answer: &Value,
    is_meant: fn(&Value) -> bool,
    others: impl Fn(&Value) -> Vec<Value>,
) -> impl Iterator<Item = Changed> {
    places(answer, is_meant).into_iter().flat_map(move |place| {
        let others = answer.pointer(&place).map(&others).unwrap_or_default();
        let change = move |other: Value| {
            let mut answer = answer.clone();
            if let Some(value) = answer.pointer_mut(&place) {
                *value = other.clone();
            }
            Changed { place: place.clone(), now: Some(other), answer }
        };
        others.into_iter().map(change)
    })
}

fn is_branch(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

/// The places below the top of what is meant.
fn places(answer: &Value, is_meant: fn(&Value) -> bool) -> Vec<String> {
    let below: Vec<(String, &Value)> = match answer {
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| (key.replace('~', "~0").replace('/', "~1"), value)).collect()
        }
        Value::Array(items) => items.iter().enumerate().map(|(place, item)| (place.to_string(), item)).collect(),
        _ => Vec::new(),
    };
    let of_one = |(step, value): (String, &Value)| {
        let itself = is_meant(value).then(|| format!("/{step}"));
        let inside: Vec<String> = places(value, is_meant).iter().map(|place| format!("/{step}{place}")).collect();
        itself.into_iter().chain(inside)
    };
    below.into_iter().flat_map(of_one).collect()
}

fn objects(value: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(|value| objects(value, change));
            change(fields);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| objects(item, change)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_changed_once_and_nothing_else() {
        let answer = json!({ "a/b": [1, { "~": true }], "empty": {} });
        let told = |changes: Vec<Changed>| changes.iter().map(Changed::to_string).collect::<Vec<_>>();
        assert_eq!(told(values(&answer, |_| vec![json!(7)]).collect()), ["/a~1b/0: 7", "/a~1b/1/~0: 7"]);
        let branches: Vec<Changed> = lists_and_objects(&answer, |_| vec![json!(7)]).collect();
        assert_eq!(branches[1].answer, json!({ "a/b": [1, 7], "empty": {} }));
        assert_eq!(told(branches), ["/a~1b: 7", "/a~1b/1: 7", "/empty: 7"]);
        let without: Vec<Value> = missing(&answer).map(|changed| changed.answer).collect();
        assert_eq!(without, [json!({ "a/b": [{ "~": true }], "empty": {} }), json!({ "a/b": [1, {}], "empty": {} })]);
    }

    #[test]
    fn every_object_has_a_field_that_nobody_knows() {
        let all: Vec<Value> = unknown_fields(&json!([{ "a": {} }])).collect();
        assert_eq!(all[1], json!([{ "a": { "someThingNew": 7 }, "someThingNew": 7 }]));
        assert_eq!(all.len(), 5);
    }
}
