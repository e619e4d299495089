//! JSON input: strict, and with errors that name the field but never show a
//! value, because the document may be a decrypted portfolio.

use std::fmt;

use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;

/// Why a text is not the document it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{problem} (line {line}, column {column})", Located(.field))]
pub struct JsonError {
    /// The field's path, such as `positions[3].quantity`; empty at the top.
    pub field: String,
    /// What is wrong with it.
    pub problem: JsonProblem,
    /// Line, from one.
    pub line: usize,
    /// Column, from one.
    pub column: usize,
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonProblem {
    /// Not JSON: also for `NaN`, `Infinity`, trailing commas and comments.
    #[error("not valid JSON")]
    Syntax,
    /// The text ends too early.
    #[error("the document ends in the middle")]
    Truncated,
    /// A field that the schema does not have.
    #[error("unknown field `{name}`, expected {allowed}")]
    UnknownField {
        /// The field's name.
        name: String,
        /// The names allowed.
        allowed: String,
    },
    /// A field that the schema needs.
    #[error("field `{0}` is missing")]
    MissingField(String),
    /// A field given twice.
    #[error("field `{0}` is given twice")]
    DuplicateField(String),
    /// A value of another type or an unknown name.
    #[error("wrong value: expected {0}")]
    WrongValue(String),
    /// A rule of the field itself.
    #[error("{0}")]
    Rule(String),
}

/// A field's path as the start of a sentence.
struct Located<'a>(&'a str);

impl fmt::Display for Located<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "" | "." => Ok(()),
            path => write!(f, "{path}: "),
        }
    }
}

/// Reads a document; anything after it but white space is refused.
///
/// # Errors
/// The first field that is wrong, without its value.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let document = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let field = error.path().to_string();
        let field = if matches!(field.as_str(), "." | "?") { String::new() } else { field };
        JsonError { field, ..JsonError::from(error.inner()) }
    })?;
    deserializer.end().map_err(|error| JsonError {
        field: String::new(),
        problem: JsonProblem::Syntax,
        line: error.line(),
        column: error.column(),
    })?;
    Ok(document)
}

/// Makes types that derive `Deserialize` with `remote = "Self"` readable from
/// JSON objects alone: a derived reader takes a list of the fields' values as
/// well, in which nothing says what is what.
macro_rules! objects_only {
    ($($name:ident),+) => {$(
        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Self, D::Error> {
                Self::deserialize($crate::json::ObjectsOnly(deserializer))
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Self::serialize(self, serializer)
            }
        }
    )+};
}
pub(crate) use objects_only;

/// Reads a structure from an object, and from nothing else.
pub(crate) struct ObjectsOnly<D>(pub(crate) D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for ObjectsOnly<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(ObjectVisitor(visitor))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        option unit unit_struct newtype_struct seq tuple tuple_struct map struct enum
        identifier ignored_any
    }
}

/// A visitor that says what it expects in the words of JSON.
struct ObjectVisitor<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for ObjectVisitor<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object, { ... }")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(map)
    }
}

/// An error without its values, and without the field's path.
impl From<&serde_json::Error> for JsonError {
    fn from(error: &serde_json::Error) -> Self {
        Self {
            field: String::new(),
            problem: problem(error),
            line: error.line(),
            column: error.column(),
        }
    }
}

/// Classifies an error by its message, dropping every quoted value.
fn problem(error: &serde_json::Error) -> JsonProblem {
    match error.classify() {
        serde_json::error::Category::Eof => return JsonProblem::Truncated,
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => {
            return JsonProblem::Syntax;
        }
        serde_json::error::Category::Data => {}
    }
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(text, _)| text);
    let name = |rest: &str| rest.split('`').next().unwrap_or_default().to_owned();
    if let Some(rest) = message.strip_prefix("unknown field `") {
        let allowed = rest.split_once(", expected ").map_or("no field", |(_, allowed)| allowed);
        return JsonProblem::UnknownField { name: name(rest), allowed: allowed.to_owned() };
    }
    if let Some(rest) = message.strip_prefix("missing field `") {
        return JsonProblem::MissingField(name(rest));
    }
    if let Some(rest) = message.strip_prefix("duplicate field `") {
        return JsonProblem::DuplicateField(name(rest));
    }
    if ["invalid type", "invalid value", "invalid length", "unknown variant"]
        .iter()
        .any(|prefix| message.starts_with(prefix))
    {
        let expected = message.rsplit_once("expected ").map_or("another value", |(_, text)| text);
        return JsonProblem::WrongValue(expected.to_owned());
    }
    if message.starts_with("data did not match") {
        return JsonProblem::WrongValue("one of the documented forms".to_owned());
    }
    JsonProblem::Rule(message.to_owned())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Document {
        rows: Vec<Row>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Row {
        amount: u8,
    }

    fn error(text: &str) -> String {
        parse::<Document>(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn errors_name_fields_and_never_values() {
        assert_eq!(
            error(r#"{"rows":[{"amount":"s3cret, expected x"}]}"#),
            "rows[0].amount: wrong value: expected u8 (line 1, column 39)"
        );
        assert_eq!(
            error(r#"{"rows":[{"amount":1,"extra":2}]}"#),
            "rows[0].extra: unknown field `extra`, expected `amount` (line 1, column 28)"
        );
        assert_eq!(
            error(r#"{"rows":[{}]}"#),
            "rows[0]: field `amount` is missing (line 1, column 11)"
        );
        assert_eq!(
            error(r#"{"rows":[{"amount":NaN}]}"#).split(" (").next(),
            Some("rows[0].amount: not valid JSON")
        );
        assert!(error(r#"{"rows":["#).contains("ends in the middle"));
        assert!(error(r#"{"rows":[]} x"#).contains("not valid JSON"));
    }
}
