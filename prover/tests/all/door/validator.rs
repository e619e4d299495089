//! What the stored schemas use of JSON Schema, and nothing else: a keyword that is not
//! known here fails the test.

use regex_lite::Regex;
use serde_json::{Map, Value};
use zkmargin_prover::schema;

/// A schema that documents are held to.
pub(crate) struct Validator(Value);

/// Keywords that say nothing of validity.
const ANNOTATIONS: [&str; 5] = ["$schema", "$id", "$defs", "title", "description"];

impl Validator {
    /// Of a file, by its schema's name.
    pub(crate) fn of(name: &str) -> Self {
        let document = schema::by_name(name).unwrap_or_else(|| panic!("{name}")).document();
        Self(serde_json::from_str(&document).unwrap())
    }

    /// What is wrong with a document.
    pub(crate) fn fault(&self, document: &Value) -> Option<String> {
        check(&self.0, &self.0, document).err()
    }

    pub(crate) fn is_valid(&self, document: &Value) -> bool {
        self.fault(document).is_none()
    }
}

/// Holds a value to a schema of a resource.
fn check(resource: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let keywords = match schema {
        Value::Bool(true) => return Ok(()),
        Value::Bool(false) => return Err("nothing is allowed here".to_owned()),
        schema => schema.as_object().expect("a schema is an object"),
    };
    for (keyword, rule) in keywords {
        keyword_holds(resource, keywords, (keyword, rule), value)
            .map_err(|fault| format!("{fault} ({keyword})"))?;
    }
    Ok(())
}

fn keyword_holds(
    resource: &Value,
    schema: &Map<String, Value>,
    (keyword, rule): (&str, &Value),
    value: &Value,
) -> Result<(), String> {
    let count = || usize::try_from(rule.as_u64().unwrap()).unwrap();
    let size = |found: Option<usize>, allowed: &dyn Fn(usize) -> bool| {
        ensure(found.is_none_or(allowed), || format!("its size is {found:?}"))
    };
    let valid = |schema: &Value| check(resource, schema, value).is_ok();
    let all = |rules: &Value| rules.as_array().unwrap().iter().filter(|rule| valid(rule)).count();
    match keyword {
        "type" => ensure(is_of_type(rule, value), || "another type".to_owned()),
        "const" => ensure(rule == value, || format!("not {rule}")),
        "enum" => ensure(rule.as_array().unwrap().contains(value), || format!("not of {rule}")),
        "pattern" => {
            let pattern = Regex::new(rule.as_str().unwrap()).unwrap();
            ensure(value.as_str().is_none_or(|text| pattern.is_match(text)), || format!("{rule}"))
        }
        "minimum" => ensure(is_at_least(value, rule), || "too small".to_owned()),
        "maximum" => ensure(is_at_least(rule, value), || "too large".to_owned()),
        "maxLength" => size(value.as_str().map(|t| t.chars().count()), &|n| n <= count()),
        "minItems" => size(value.as_array().map(Vec::len), &|n| n >= count()),
        "maxItems" => size(value.as_array().map(Vec::len), &|n| n <= count()),
        "minProperties" => size(value.as_object().map(Map::len), &|n| n >= count()),
        "oneOf" => ensure(all(rule) == 1, || format!("{} of these hold", all(rule))),
        "anyOf" => ensure(all(rule) > 0, || "none of these holds".to_owned()),
        "not" => ensure(!valid(rule), || "it holds".to_owned()),
        "$ref" => refer(resource, rule.as_str().unwrap(), value),
        "items" => {
            let mut items = value.as_array().into_iter().flatten();
            items.try_for_each(|item| check(resource, rule, item))
        }
        "required" | "properties" | "additionalProperties" | "propertyNames" => {
            let Some(fields) = value.as_object() else { return Ok(()) };
            fields_hold(resource, schema, (keyword, rule), fields)
        }
        other if ANNOTATIONS.contains(&other) => Ok(()),
        other => panic!("the keyword {other} is not known here"),
    }
}

fn fields_hold(
    resource: &Value,
    schema: &Map<String, Value>,
    (keyword, rule): (&str, &Value),
    fields: &Map<String, Value>,
) -> Result<(), String> {
    let named =
        |name: &str| schema.get("properties").is_some_and(|named| named.get(name).is_some());
    match keyword {
        "required" => {
            let mut names = rule.as_array().unwrap().iter().map(|name| name.as_str().unwrap());
            let missing = names.find(|name| !fields.contains_key(*name));
            missing.map_or(Ok(()), |name| Err(format!("{name} is missing")))
        }
        "propertyNames" => {
            fields.keys().try_for_each(|name| check(resource, rule, &Value::from(name.as_str())))
        }
        _ => fields
            .iter()
            .filter_map(|(name, value)| match keyword {
                "properties" => Some((name, rule.get(name)?, value)),
                _ => (!named(name)).then_some((name, rule, value)),
            })
            .try_for_each(|(name, schema, value)| {
                check(resource, schema, value).map_err(|fault| format!("{name}: {fault}"))
            }),
    }
}

/// A reference into the resource itself, or to one that it bundles.
fn refer(resource: &Value, place: &str, value: &Value) -> Result<(), String> {
    match place.strip_prefix('#') {
        Some(pointer) => {
            let schema = resource.pointer(pointer).unwrap_or_else(|| panic!("{place}"));
            check(resource, schema, value)
        }
        None => {
            let bundled = resource["$defs"].as_object().unwrap().values();
            let bundled = bundled.into_iter().find(|other| other["$id"] == place);
            let bundled = bundled.unwrap_or_else(|| panic!("{place} is not bundled"));
            check(bundled, bundled, value)
        }
    }
}

fn is_of_type(rule: &Value, value: &Value) -> bool {
    let is = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        other => panic!("the type {other} is not known"),
    };
    match rule {
        Value::String(name) => is(name),
        names => names.as_array().unwrap().iter().any(|name| is(name.as_str().unwrap())),
    }
}

/// Of two numbers; anything else is at least everything.
fn is_at_least(value: &Value, least: &Value) -> bool {
    match (value.as_u64(), least.as_u64()) {
        (Some(value), Some(least)) => value >= least,
        _ => match (value.as_f64(), least.as_f64()) {
            (Some(value), Some(least)) => value >= least,
            _ => true,
        },
    }
}

fn ensure(holds: bool, fault: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(fault()) }
}
