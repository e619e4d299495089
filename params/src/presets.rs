//! Shipped parameter sets.
//!
//! They are the venues' published rules at the time named in
//! `params/models/README.md`, not live data: whoever runs a market publishes
//! the model it uses, and its digest is in every proof.

use crate::model::{ModelError, StandardModel};

/// A shipped parameter set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Its name, which is also the model's.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// The model's JSON.
    pub json: &'static str,
}

impl Preset {
    /// The model.
    ///
    /// # Errors
    /// Never for a shipped preset: a test reads them all.
    pub fn model(&self) -> Result<StandardModel, ModelError> {
        StandardModel::from_json(self.json)
    }
}

/// The shipped parameter sets, by name.
pub const fn all() -> &'static [Preset] {
    &[
        Preset {
            name: "aave-like",
            about: "lending: loan-to-value and liquidation thresholds per collateral, borrowings",
            json: include_str!("../models/aave-like.json"),
        },
        Preset {
            name: "binance-usdm",
            about: "Binance USD-margined futures: full leverage brackets, haircut collateral",
            json: include_str!("../models/binance-usdm.json"),
        },
        Preset {
            name: "bybit-options-approx",
            about: "Bybit's short options in cross margin, initial margin at the mark",
            json: include_str!("../models/bybit-options-approx.json"),
        },
        Preset {
            name: "deribit-standard-approx",
            about: "Deribit's standard margin of options on BTC and ETH, in USD",
            json: include_str!("../models/deribit-standard-approx.json"),
        },
        Preset {
            name: "dydx-v4",
            about: "dYdX v4 perpetuals: liquidity tiers, maintenance fraction, open-interest caps",
            json: include_str!("../models/dydx-v4.json"),
        },
        Preset {
            name: "dynamic",
            about: "perpetuals whose rates follow from volatility and liquidity, epoch by epoch",
            json: include_str!("../models/dynamic.json"),
        },
        Preset {
            name: "hyperliquid",
            about: "Hyperliquid perpetuals: tiered maximum leverage, maintenance half of initial",
            json: include_str!("../models/hyperliquid.json"),
        },
    ]
}

/// The shipped parameter set of a name.
pub fn by_name(name: &str) -> Option<&'static Preset> {
    all().iter().find(|preset| preset.name == name)
}
