//! Parameter sets of the scenario family.
//!
//! | set | grid |
//! |---|---|
//! | `derive` | 23 regular, 8 tail and 2 skew scenarios: Derive, as deployed |
//! | `derive-test` | 23 regular, 6 tail and 2 skew scenarios: the published *test* parameters |
//! | `deribit-btc`, `deribit-eth` | 9 price buckets x 3 volatilities, 8 extended less a relief, roll by expiry, in coins: Deribit S:PM |
//! | `deribit-btc-approx`, `deribit-eth-approx` | 9 price buckets x 3 volatilities, 8 extended, roll shock: above Deribit |
//! | `deribit-cross-approx` | both of these: BTC and ETH in one account, the sum of both |
//! | `scan` | 16 and 8 tails, minimum delta charge: Paradex |
//! | `span-16` | the 16 scenarios of SPAN |
//! | `span-dynamic` | the same, with ranges that follow the market |
//!
//! A set is JSON of [`ParameterSpec`]'s fields; `params/models/scenario` holds
//! these. Every number is range-checked and an error names its field:
//!
//! ```
//! use zkmargin_params::scenario::parameters;
//! let json = parameters::by_name("derive").unwrap().json;
//! let broken = json.replacen("\"spot_shock\": 1.18", "\"spot_shock\": -1.18", 1);
//! let error = parameters::ScenarioModel::from_json(&broken).unwrap_err().to_string();
//! assert_eq!(error, "scenarios[0].spot_shock: -1.18 is out of range: allowed are 0 to 1000000");
//! ```

mod calibrated;
mod check;
mod spec;

use zkmargin_margin::ids::ModelDigest;

pub(crate) use calibrated::Ranges;
pub use spec::{
    BasisContingency, CollateralTerms, DeltaTier, ExpiryRoll, ExpirySpread, LossGroup,
    MarginFactors, MinimumCharge, MinimumTier, OtherContingency, ParameterSpec, RollShock,
    Scenario, SkewShock, VolShock, VolShockDirection,
};

use crate::scenario::error::{ScenarioError, read_json, read_toml};
use crate::symbol::Symbol;
use crate::toml_text;

/// What is read, in errors.
const WHAT: &str = "scenario parameter set";
/// Most scenarios of a set.
pub const MAX_SCENARIOS: usize = 40;
/// Most collateral rules of a set.
pub const MAX_COLLATERALS: usize = 1024;

/// A checked parameter set: the model of the scenario family.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "ParameterSpec", into = "ParameterSpec")]
pub struct ScenarioModel {
    spec: ParameterSpec,
}

impl ScenarioModel {
    /// Reads and checks a parameter set.
    ///
    /// # Errors
    /// When the text is too large or not the format, or a field breaks a rule.
    pub fn from_json(json: &str) -> Result<Self, ScenarioError> {
        Self::new(read_json(json, WHAT)?)
    }

    /// Reads and checks a parameter set in JSON, when the text begins with a
    /// brace, or in TOML.
    ///
    /// # Errors
    /// As [`ScenarioModel::from_json`].
    ///
    /// ```
    /// use zkmargin_params::scenario::ScenarioModel;
    /// let toml = r#"
    ///     name = "two-moves"
    ///     scenarios = [
    ///         { spot_shock = 1.1, vol_shock_direction = "up", dampening_factor = 1 },
    ///         { spot_shock = 0.9, vol_shock_direction = "up", dampening_factor = 1 },
    ///     ]
    ///     [vol_shock]
    ///     vol_range_up = 0.5
    /// "#;
    /// let error = ScenarioModel::from_text(toml).unwrap_err().to_string();
    /// assert!(error.contains("vol_shock: missing field `vol_range_down`"), "{error}");
    /// ```
    pub fn from_text(text: &str) -> Result<Self, ScenarioError> {
        match toml_text::is_json(text) {
            true => Self::from_json(text),
            false => Self::new(read_toml(text, WHAT)?),
        }
    }

    /// Checks a parameter set.
    ///
    /// # Errors
    /// [`ScenarioError::Field`] with the first field that breaks a rule.
    pub fn new(mut spec: ParameterSpec) -> Result<Self, ScenarioError> {
        check::check(&mut spec)?;
        let model = Self { spec };
        calibrated::check(&model)?;
        Ok(model)
    }

    /// The fields.
    pub fn spec(&self) -> &ParameterSpec {
        &self.spec
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// The set of the second underlying, where there is one: checked with this one.
    pub fn second(&self) -> Option<Self> {
        self.spec.second.as_deref().map(|spec| Self { spec: spec.clone() })
    }

    /// How an asset counts as collateral in the market of an underlying; `None` when
    /// the set has no rule for it.
    pub fn collateral(&self, asset: &Symbol, underlying: &Symbol) -> Option<&CollateralTerms> {
        let own = self.spec.underlying_collateral.as_ref().filter(|_| asset == underlying);
        own.or_else(|| self.spec.collaterals.get(asset))
    }

    /// The canonical JSON without `source` and `notes`: fixed order of fields,
    /// collaterals by symbol, the shortest decimals that give back each number,
    /// no white space.
    pub fn to_canonical_json(&self) -> String {
        let mut bare = self.spec.clone();
        let second = bare.second.as_deref_mut().map(|set| (&mut set.source, &mut set.notes));
        for (source, notes) in [(&mut bare.source, &mut bare.notes)].into_iter().chain(second) {
            source.clear();
            notes.clear();
        }
        // Texts and finite numbers: nothing here can fail.
        serde_json::to_string(&bare).unwrap_or_default()
    }

    /// Digest of the name and all parameters, however the file is written.
    pub fn digest(&self) -> ModelDigest {
        ModelDigest::of(self.to_canonical_json().as_bytes())
    }
}

impl TryFrom<ParameterSpec> for ScenarioModel {
    type Error = ScenarioError;

    fn try_from(spec: ParameterSpec) -> Result<Self, ScenarioError> {
        Self::new(spec)
    }
}

impl From<ScenarioModel> for ParameterSpec {
    fn from(model: ScenarioModel) -> Self {
        model.spec
    }
}

/// A shipped parameter set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScenarioPreset {
    /// Its name, which is also the set's.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// The JSON.
    pub json: &'static str,
}

impl ScenarioPreset {
    /// The checked set.
    ///
    /// # Errors
    /// Never for a shipped set: a test reads them all.
    pub fn model(&self) -> Result<ScenarioModel, ScenarioError> {
        ScenarioModel::from_json(self.json)
    }
}

/// The shipped parameter sets, by name.
pub const fn all() -> &'static [ScenarioPreset] {
    &[
        ScenarioPreset {
            name: "bybit-pm-approx",
            about: "Bybit's portfolio margin of BTC and ETH, approximated: a grid of 10 % and a \
                    charge on short options",
            json: include_str!("../../../models/scenario/bybit-pm-approx.json"),
        },
        ScenarioPreset {
            name: "deribit-btc",
            about: "Deribit S:PM of BTC, in coins: up to a net delta of 20 million USD",
            json: include_str!("../../../models/scenario/deribit-btc.json"),
        },
        ScenarioPreset {
            name: "deribit-btc-approx",
            about: "Deribit S:PM of BTC, approximated: never less than the venue asks for",
            json: include_str!("../../../models/scenario/deribit-btc-approx.json"),
        },
        ScenarioPreset {
            name: "deribit-cross-approx",
            about: "BTC and ETH in one account, in USD: the sum of Deribit's margins of both, \
                    without the offsets of X:PM",
            json: include_str!("../../../models/scenario/deribit-cross-approx.json"),
        },
        ScenarioPreset {
            name: "deribit-eth",
            about: "Deribit S:PM of ETH, in coins: up to a net delta of 20 million USD",
            json: include_str!("../../../models/scenario/deribit-eth.json"),
        },
        ScenarioPreset {
            name: "deribit-eth-approx",
            about: "Deribit S:PM of ETH, approximated: never less than the venue asks for",
            json: include_str!("../../../models/scenario/deribit-eth-approx.json"),
        },
        ScenarioPreset {
            name: "derive",
            about: "Derive PMRM_2 as deployed: 33 scenarios with skew, discounts, contingencies",
            json: include_str!("../../../models/scenario/derive.json"),
        },
        ScenarioPreset {
            name: "derive-test",
            about: "Derive PMRM_2 with the public TEST parameters, lower than those deployed",
            json: include_str!("../../../models/scenario/derive-test.json"),
        },
        ScenarioPreset {
            name: "okx-pm-approx",
            about: "OKX's portfolio margin of BTC and ETH, approximated: MR1, MR4, MR6, MR7",
            json: include_str!("../../../models/scenario/okx-pm-approx.json"),
        },
        ScenarioPreset {
            name: "scan",
            about: "Paradex SCAN: 16 scenarios and 8 tails, minimum delta charge",
            json: include_str!("../../../models/scenario/scan.json"),
        },
        ScenarioPreset {
            name: "span-16",
            about: "SPAN: 16 scenarios of a price and a volatility scan range",
            json: include_str!("../../../models/scenario/span-16.json"),
        },
        ScenarioPreset {
            name: "span-arrays",
            about: "SPAN's scanning loss over published risk arrays",
            json: include_str!("../../../models/scenario/span-arrays.json"),
        },
        ScenarioPreset {
            name: "span-dynamic",
            about: "SPAN whose scan ranges follow the market: a rule, calibrated every epoch",
            json: include_str!("../../../models/scenario/span-dynamic.json"),
        },
    ]
}

/// The shipped parameter set of a name.
pub fn by_name(name: &str) -> Option<&'static ScenarioPreset> {
    all().iter().find(|preset| preset.name == name)
}
