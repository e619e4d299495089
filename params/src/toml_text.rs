//! Models in TOML: the fields of the JSON, under the same names.

use serde::de::DeserializeOwned;

/// A text that is not TOML, or not the format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message} at line {line} column {column}")]
pub struct TomlError {
    /// The field, as in JSON: `scenarios[3].spot_shock`; `.` is the whole text.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in bytes, from 1.
    pub column: usize,
}

/// Whether a text is meant as JSON: a model in JSON is an object, and no TOML
/// document begins with a brace.
pub(crate) fn is_json(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_start().starts_with('{')
}

/// Reads TOML; errors name the field.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, TomlError> {
    let fail = |path: String, error: &toml::de::Error| {
        let start = error.span().map_or(0, |span| span.start);
        let before = text.get(..start).unwrap_or_default();
        let (line, column) = match before.rsplit_once('\n') {
            Some((lines, rest)) => (lines.matches('\n').count() + 2, rest.len() + 1),
            None => (1, before.len() + 1),
        };
        TomlError { path, message: error.message().trim().replace('\n', " "), line, column }
    };
    let reader =
        toml::de::Deserializer::parse(text).map_err(|error| fail(".".to_owned(), &error))?;
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let path = error.path().to_string();
        fail(path, error.inner())
    })
}

#[cfg(test)]
mod tests {
    use crate::model::StandardModel;
    use crate::presets;
    use crate::scenario::{ScenarioModel, parameters};

    /// The same fields in TOML; absent ones are no nulls in either.
    fn toml(json: &str) -> String {
        let value: toml::Value = serde_json::from_str(json).unwrap();
        toml::to_string(&value).unwrap()
    }

    #[test]
    fn shipped_models_are_the_same_in_toml() {
        for preset in presets::all() {
            let model = StandardModel::from_text(&toml(preset.json)).unwrap();
            assert_eq!(model.digest(), preset.model().unwrap().digest(), "{}", preset.name);
        }
        for preset in parameters::all() {
            let model = ScenarioModel::from_text(&toml(preset.json)).unwrap();
            assert_eq!(model, preset.model().unwrap(), "{}", preset.name);
            assert_eq!(ScenarioModel::from_text(preset.json).unwrap(), model);
        }
    }

    #[test]
    fn the_documented_examples_are_models() {
        let text = include_str!("../models/README.md");
        let blocks: Vec<String> = text
            .split("\n\n")
            .filter(|block| block.starts_with("    name = "))
            .map(|block| block.lines().map(|line| format!("{}\n", line.trim_start())).collect())
            .collect();
        assert_eq!(StandardModel::from_text(&blocks[0]).unwrap().name(), "one-coin");
        assert_eq!(ScenarioModel::from_text(&blocks[1]).unwrap().name(), "two-moves");
    }

    #[test]
    fn errors_name_field_line_and_column() {
        let text = toml(parameters::by_name("derive-test").unwrap().json);
        let refused = |text: &str| ScenarioModel::from_text(text).unwrap_err().to_string();
        let typed = refused(&text.replacen("spot_shock = 1.18", "spot_shock = \"x\"", 1));
        let expected = "not a scenario parameter set: scenarios[0].spot_shock: invalid type: \
            string \"x\", expected f64 at line ";
        assert!(typed.starts_with(expected), "{typed}");
        // The same rule with the same path as in JSON.
        let range = refused(&text.replacen("spot_shock = 1.18", "spot_shock = -1.18", 1));
        assert!(range.starts_with("scenarios[0].spot_shock: -1.18 is out of range"), "{range}");
        assert!(refused("name = \n").ends_with("at line 1 column 8"), "{}", refused("name = \n"));
        let twice = refused("name = \"a\"\nname = \"b\"\n");
        assert!(twice.contains("duplicate key") && twice.contains("line 2"), "{twice}");
        assert!(refused("nan = nan").contains("unknown field"));
    }
}
