//! Answers in which a venue refuses to answer: read as an account, they would be a
//! flat one.

use serde_json::{Map, Value};

use crate::import::{ImportError, forms, read_json};

/// Reads an answer of a bounded size, unless it is a venue's own error.
///
/// # Errors
/// When it is no JSON, or says that the venue refused.
pub(super) fn read(text: &str, what: &'static str) -> Result<Value, ImportError> {
    let value: Value = read_json(text, what)?;
    match value.as_object().and_then(refusal) {
        Some(message) => Err(ImportError::Refused { what, message }),
        None => Ok(value),
    }
}

/// What the venue says, when it refuses: `code` or `retCode` other than 0 beside a
/// message, or `error` or `errors`.
fn refusal(answer: &Map<String, Value>) -> Option<String> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let message = || {
        let names = ["msg", "retMsg", "message"];
        names.iter().find_map(|name| answer.get(*name)).map(text).unwrap_or_default()
    };
    for name in ["code", "retCode"] {
        match answer.get(name) {
            Some(Value::String(code)) if code != "0" => return Some(shown(code, &message())),
            Some(Value::Number(code)) if code.as_i64() != Some(0) => {
                return Some(shown(&code.to_string(), &message()));
            }
            _ => {}
        }
    }
    let errors = ["error", "errors"].iter().find_map(|name| answer.get(*name));
    let error = errors.filter(|error| !error.is_null())?;
    Some(forms::cut(&text(error)))
}

/// A code and a message, cut short.
fn shown(code: &str, message: &str) -> String {
    format!("{} {}", forms::cut(code), forms::cut(message))
}

/// The rows under a name of an answer, wherever envelopes hold it.
///
/// # Errors
/// When the answer is a venue's error or has no such rows.
pub(super) fn rows(
    text: &str,
    what: &'static str,
    is_row: impl Fn(&Map<String, Value>) -> bool,
) -> Result<Vec<Value>, ImportError> {
    read(text, what)?;
    forms::rows(text, what, is_row)
}

/// One object of an answer, wherever envelopes hold it.
///
/// # Errors
/// As [`rows`].
pub(super) fn object(
    text: &str,
    what: &'static str,
    is_it: impl Fn(&Map<String, Value>) -> bool,
    envelopes: &[&str],
) -> Result<Value, ImportError> {
    read(text, what)?;
    forms::object(text, what, is_it, envelopes)
}
