//! The shipped models: `params/models/simulation`.
//!
//! | model | scenarios | measure |
//! |---|---|---|
//! | `historical-es` | the last 250 days | expected shortfall at 97.5 %, a quarter stress |
//! | `filtered-es` | the same, scaled by volatility | the same |
//! | `monte-carlo-es` | 250 draws of Student's t from the epoch's seed | the same |
//! | `var-99` | the last 250 days | value at risk at 99 %, about a quarter stress |

use crate::simulation::error::SimulationError;
use crate::simulation::model::SimulationModel;

/// A shipped model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SimulationPreset {
    /// Its name, which is also the model's.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// The JSON.
    pub json: &'static str,
}

impl SimulationPreset {
    /// The checked model.
    ///
    /// # Errors
    /// Never for a shipped model: a test reads them all.
    pub fn model(&self) -> Result<SimulationModel, SimulationError> {
        SimulationModel::from_text(self.json)
    }
}

/// The shipped models, by name.
pub const fn all() -> &'static [SimulationPreset] {
    &[
        SimulationPreset {
            name: "filtered-es",
            about: "expected shortfall, the last 250 days scaled by volatility",
            json: include_str!("../../models/simulation/filtered-es.json"),
        },
        SimulationPreset {
            name: "historical-es",
            about: "expected shortfall, the last 250 days",
            json: include_str!("../../models/simulation/historical-es.json"),
        },
        SimulationPreset {
            name: "monte-carlo-es",
            about: "expected shortfall, 250 draws from the epoch's seed",
            json: include_str!("../../models/simulation/monte-carlo-es.json"),
        },
        SimulationPreset {
            name: "var-99",
            about: "value at risk at 99 %, the last 250 days",
            json: include_str!("../../models/simulation/var-99.json"),
        },
    ]
}

/// A shipped model.
pub fn by_name(name: &str) -> Option<&'static SimulationPreset> {
    all().iter().find(|preset| preset.name == name)
}
