//! The shipped models: `params/models/settlement`.
//!
//! | model | what it is |
//! |---|---|
//! | `derive-standard` | Derive's standard margin of BTC and ETH, as deployed |

use crate::settlement::error::SettlementError;
use crate::settlement::model::SettlementModel;

/// A shipped model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettlementPreset {
    /// Its name, which is also the model's.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// The JSON.
    pub json: &'static str,
}

impl SettlementPreset {
    /// The checked model.
    ///
    /// # Errors
    /// Never for a shipped model: a test reads them all.
    pub fn model(&self) -> Result<SettlementModel, SettlementError> {
        SettlementModel::from_text(self.json)
    }
}

/// The shipped models, by name.
pub const fn all() -> &'static [SettlementPreset] {
    &[SettlementPreset {
        name: "derive-standard",
        about: "Derive's standard margin of BTC and ETH: shorts bounded by what an expiry can lose",
        json: include_str!("../../models/settlement/derive-standard.json"),
    }]
}

/// A shipped model.
pub fn by_name(name: &str) -> Option<&'static SettlementPreset> {
    all().iter().find(|preset| preset.name == name)
}
