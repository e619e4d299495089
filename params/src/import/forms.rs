//! The forms of an answer: a list of rows, a single row, either in an envelope.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::import::{ImportError, read_json};

/// What envelopes call their content.
const ENVELOPES: [&str; 5] = ["result", "data", "rows", "list", "answer"];
/// Envelopes in envelopes, at most.
const DEPTH: usize = 3;

/// The rows of an answer: `[row, ...]`, `row` alone, or either under `result`,
/// `data`, `rows` or `list`. `is_row` tells a row from an envelope.
pub(super) fn rows(
    text: &str,
    what: &'static str,
    is_row: impl Fn(&serde_json::Map<String, Value>) -> bool,
) -> Result<Vec<Value>, ImportError> {
    let mut value: Value = read_json(text, what)?;
    for _ in 0..=DEPTH {
        value = match value {
            Value::Array(rows) => return Ok(rows),
            Value::Object(row) if is_row(&row) => return Ok(vec![Value::Object(row)]),
            Value::Object(mut envelope) => {
                let content = ENVELOPES.iter().find_map(|name| envelope.remove(*name));
                content.ok_or(ImportError::NoRows { what })?
            }
            _ => break,
        };
    }
    Err(ImportError::NoRows { what })
}

/// Takes an answer that is one object out of its envelopes; `is_it` tells it.
pub(super) fn object(
    text: &str,
    what: &'static str,
    is_it: impl Fn(&serde_json::Map<String, Value>) -> bool,
    envelopes: &[&str],
) -> Result<Value, ImportError> {
    let mut value: Value = read_json(text, what)?;
    for _ in 0..=DEPTH {
        value = match value {
            Value::Object(object) if is_it(&object) => return Ok(Value::Object(object)),
            Value::Object(mut envelope) => {
                let names = envelopes.iter().chain(&ENVELOPES);
                let content = { names }.find_map(|name| envelope.remove(*name));
                content.ok_or(ImportError::NoRows { what })?
            }
            // Some clients put a single answer into a list.
            Value::Array(mut list) if list.len() == 1 => list.remove(0),
            _ => break,
        };
    }
    Err(ImportError::NoRows { what })
}

/// Reads one row; the error names the row and the field.
pub(super) fn row<T: DeserializeOwned>(row: &Value, name: &str) -> Result<T, ImportError> {
    deserialize(row).map_err(|(field, source)| ImportError::Row {
        name: cut(name),
        field: if field.is_empty() { String::new() } else { format!("{field}: ") },
        source,
    })
}

fn deserialize<'a, T: Deserialize<'a>>(row: &'a Value) -> Result<T, (String, serde_json::Error)> {
    serde_path_to_error::deserialize(row).map_err(|error| {
        let path = error.path().to_string();
        let path = if matches!(path.as_str(), "." | "?") { String::new() } else { path };
        (path, error.into_inner())
    })
}

/// What a row calls itself, for messages.
pub(super) fn name(row: &Value, field: &str, index: usize) -> String {
    match row.get(field).and_then(Value::as_str) {
        Some(name) => name.to_owned(),
        None => format!("row {}", index + 1),
    }
}

/// A name for messages: 40 characters at most.
pub(super) fn cut(name: &str) -> String {
    name.chars().take(40).collect()
}
