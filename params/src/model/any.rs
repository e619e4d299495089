//! Models of any family.

use serde::Deserialize;
use serde::de::IgnoredAny;
use zkmargin_margin::ids::ModelDigest;

use crate::model::{ModelError, StandardModel};
use crate::scenario::{ScenarioError, ScenarioModel, parameters};
use crate::settlement::SettlementError;
use crate::settlement::model::SettlementModel;
use crate::simulation::SimulationError;
use crate::simulation::model::SimulationModel;
use crate::{presets, settlement, simulation, toml_text};

/// A model of any family.
#[derive(Clone, Debug, PartialEq)]
pub enum AnyModel {
    /// Of the standard family.
    Standard(Box<StandardModel>),
    /// Of the scenario family.
    Scenario(Box<ScenarioModel>),
    /// Of the simulation family.
    Simulation(Box<SimulationModel>),
    /// Of the settlement family.
    Settlement(Box<SettlementModel>),
}

/// Why a model is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnyModelError {
    /// As one of the standard family.
    #[error(transparent)]
    Standard(#[from] ModelError),
    /// As one of the scenario family.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// As one of the simulation family.
    #[error(transparent)]
    Simulation(#[from] SimulationError),
    /// As one of the settlement family.
    #[error(transparent)]
    Settlement(#[from] SettlementError),
}

/// What tells the families apart: one has scenarios, one a rule that makes a set
/// of them, one charges by underlying.
#[derive(Deserialize)]
struct Probe {
    scenarios: Option<IgnoredAny>,
    set: Option<IgnoredAny>,
    underlyings: Option<IgnoredAny>,
}

impl AnyModel {
    /// Reads a model, in JSON or TOML: one with `scenarios` is of the scenario
    /// family, one with `set` of the simulation family, one with `underlyings` of the
    /// settlement family.
    ///
    /// # Errors
    /// As [`StandardModel::from_text`], [`ScenarioModel::from_text`],
    /// [`SimulationModel::from_text`] or [`SettlementModel::from_text`].
    ///
    /// ```
    /// use zkmargin_params::model::AnyModel;
    /// let text = zkmargin_params::scenario::parameters::by_name("scan").unwrap().json;
    /// assert!(matches!(AnyModel::from_text(text)?, AnyModel::Scenario(_)));
    /// # Ok::<(), zkmargin_params::model::AnyModelError>(())
    /// ```
    pub fn from_text(text: &str) -> Result<Self, AnyModelError> {
        let probe: Option<Probe> = match toml_text::is_json(text) {
            true => serde_json::from_str(text).ok(),
            false => toml_text::read(text).ok(),
        };
        match probe {
            Some(Probe { scenarios: Some(_), .. }) => {
                Ok(Self::Scenario(ScenarioModel::from_text(text)?.into()))
            }
            Some(Probe { set: Some(_), .. }) => {
                Ok(Self::Simulation(SimulationModel::from_text(text)?.into()))
            }
            Some(Probe { underlyings: Some(_), .. }) => {
                Ok(Self::Settlement(SettlementModel::from_text(text)?.into()))
            }
            _ => Ok(Self::Standard(StandardModel::from_text(text)?.into())),
        }
    }

    /// The shipped model of a name.
    pub fn by_name(name: &str) -> Option<Result<Self, AnyModelError>> {
        if let Some(preset) = presets::by_name(name) {
            return Some(preset.model().map(|m| Self::Standard(m.into())).map_err(Into::into));
        }
        if let Some(preset) = parameters::by_name(name) {
            return Some(preset.model().map(|m| Self::Scenario(m.into())).map_err(Into::into));
        }
        if let Some(preset) = simulation::presets::by_name(name) {
            return Some(preset.model().map(|m| Self::Simulation(m.into())).map_err(Into::into));
        }
        let preset = settlement::presets::by_name(name)?;
        Some(preset.model().map(|m| Self::Settlement(m.into())).map_err(Into::into))
    }

    /// The names of all shipped models.
    pub fn names() -> impl Iterator<Item = &'static str> {
        let standard = presets::all().iter().map(|preset| preset.name);
        let scenario = parameters::all().iter().map(|preset| preset.name);
        let simulation = simulation::presets::all().iter().map(|preset| preset.name);
        let settlement = settlement::presets::all().iter().map(|preset| preset.name);
        standard.chain(scenario).chain(simulation).chain(settlement)
    }

    /// The digest: the public input `MODEL`.
    pub fn digest(&self) -> ModelDigest {
        match self {
            Self::Standard(model) => model.digest(),
            Self::Scenario(model) => model.digest(),
            Self::Simulation(model) => model.digest(),
            Self::Settlement(model) => model.digest(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_model_is_found_by_its_name_and_by_its_text() {
        let mut names: Vec<_> = AnyModel::names().collect();
        for name in &names {
            let model = AnyModel::by_name(name).unwrap().unwrap();
            let text = match &model {
                AnyModel::Standard(_) => presets::by_name(name).unwrap().json,
                AnyModel::Scenario(_) => parameters::by_name(name).unwrap().json,
                AnyModel::Simulation(_) => simulation::presets::by_name(name).unwrap().json,
                AnyModel::Settlement(_) => settlement::presets::by_name(name).unwrap().json,
            };
            assert_eq!(AnyModel::from_text(text).unwrap(), model);
        }
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "a name stands for two models");
        assert!(AnyModel::by_name("nasdaq").is_none());
        let error = AnyModel::from_text("{\"scenarios\": 1}").unwrap_err();
        assert!(matches!(error, AnyModelError::Scenario(_)));
        assert!(matches!(AnyModel::from_text("[").unwrap_err(), AnyModelError::Standard(_)));
    }
}
