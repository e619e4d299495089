//! The little of JSON that proof files use: texts without escapes, whole
//! numbers, objects. Everything else is refused while reading, and fields are
//! taken out by name, so that every complaint names its field.

use alloc::vec::Vec;
use core::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use crate::error::{JsonProblem, MalformedProof};

/// A JSON value of the three kinds.
#[derive(Debug)]
pub(super) enum Value<'a> {
    Text(&'a str),
    Number(u64),
    Object(Object<'a>),
}

/// The fields of an object, in the file's order.
#[derive(Debug)]
pub(super) struct Object<'a>(Vec<(&'a str, Value<'a>)>);

impl<'de> Deserialize<'de> for Value<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Values;
        impl<'de> Visitor<'de> for Values {
            type Value = Value<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a plain text, a whole number or an object")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value<'de>, E> {
                Ok(Value::Text(text))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Value<'de>, E> {
                Ok(Value::Number(number))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value<'de>, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Value::Object(Object(fields)))
            }
        }
        deserializer.deserialize_any(Values)
    }
}

impl<'a> Object<'a> {
    /// Reads a text that is one object.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, MalformedProof> {
        let problem = |error: serde_json::Error| MalformedProof::Json {
            line: error.line(),
            column: error.column(),
            problem: match error.classify() {
                serde_json::error::Category::Eof => JsonProblem::CutOff,
                serde_json::error::Category::Data => JsonProblem::Type,
                _ => JsonProblem::Syntax,
            },
        };
        match serde_json::from_slice(bytes).map_err(problem)? {
            Value::Object(object) => Ok(object),
            _ => Err(MalformedProof::Json { line: 1, column: 1, problem: JsonProblem::Type }),
        }
    }

    /// Whether a field is there.
    pub(super) fn has(&self, field: &str) -> bool {
        self.0.iter().any(|(name, _)| *name == field)
    }

    /// Takes a field out; it must be there once.
    fn take(&mut self, field: &'static str) -> Result<Value<'a>, MalformedProof> {
        let at = self.0.iter().position(|(name, _)| *name == field);
        let at = at.ok_or(MalformedProof::MissingField { field })?;
        let (_, value) = self.0.remove(at);
        match self.0.iter().any(|(name, _)| *name == field) {
            true => Err(MalformedProof::DuplicateField { field }),
            false => Ok(value),
        }
    }

    pub(super) fn text(&mut self, field: &'static str) -> Result<&'a str, MalformedProof> {
        match self.take(field)? {
            Value::Text(text) => Ok(text),
            _ => Err(MalformedProof::WrongType { field, expected: "a text" }),
        }
    }

    pub(super) fn number(&mut self, field: &'static str) -> Result<u64, MalformedProof> {
        match self.take(field)? {
            Value::Number(number) => Ok(number),
            _ => Err(MalformedProof::WrongType { field, expected: "a whole number below 2^64" }),
        }
    }

    pub(super) fn object(&mut self, field: &'static str) -> Result<Self, MalformedProof> {
        match self.take(field)? {
            Value::Object(object) => Ok(object),
            _ => Err(MalformedProof::WrongType { field, expected: "an object" }),
        }
    }

    /// Checks that every field was taken.
    pub(super) fn finish(self) -> Result<(), MalformedProof> {
        match self.0.first() {
            Some((name, _)) => {
                Err(MalformedProof::UnknownField { name: name.chars().take(64).collect() })
            }
            None => Ok(()),
        }
    }
}
