//! Margin models of the simulation family.
//!
//! ```json
//! {
//!   "name": "filtered-es",
//!   "set": { "rule": "filtered", "scenarios": 250, "horizon": 1, "lambda": 0.97 },
//!   "confidence": 0.975,
//!   "weights": { "shortfall": 0.75, "stress": 0.25 },
//!   "procyclicality": "stressed-observations",
//!   "maintenance_factor": 1.2, "initial_factor": 1.5,
//!   "vol": { "per_fall": 2, "per_rise": 0.5, "most": 1.5, "power": 0.3, "least_vol": 0.1 },
//!   "stress": [{ "name": "2020-03-12", "factors": { "BTC": 0.63, "ETH": 0.57 }, "vol": 1.8 }],
//!   "add_ons": { "linear_maintenance": 0.002, "linear_initial": 0.002 },
//!   "collaterals": { "USDC": { "maintenance_haircut": 0.005, "initial_haircut": 0.01 } }
//! }
//! ```
//!
//! `N` scenarios have a tail of `m = ceil((1 - confidence) N)`; the expected
//! shortfall is the mean of the `m` largest losses, the value at risk the least of
//! them. A level needs its factor times the weighted sum of these and of the
//! largest stress loss, none of them below zero, and the add-ons.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use zkmargin_margin::ids::ModelDigest;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::simulation::stress_columns;

use crate::simulation::error::{SimulationError, within};
use crate::simulation::rule::SetRule;
use crate::simulation::set::{LEAST_FACTOR, MOST_FACTOR};
use crate::symbol::{Symbol, unique_map};
use crate::toml_text;

/// Scenarios that a market may have which is proved: those that a shape has.
pub const PROVED_SCENARIOS: [usize; 2] =
    [Shape::Small.simulation_scenarios(), Shape::Deep.simulation_scenarios()];
/// The least weight on stressed observations of Art. 28(1)(b) of EU 153/2013.
const LEAST_STRESS_WEIGHT: f64 = 0.25;
/// Factors, weights and fractions.
const FACTOR: std::ops::RangeInclusive<f64> = 0.0..=100.0;

/// The fields of a model's file, not yet checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    /// Its name: 1 to 64 printable ASCII characters.
    pub name: String,
    /// Where it is from; not in the digest.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// What should be known; not in the digest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// How scenarios are made.
    pub set: SetRule,
    /// Confidence of shortfall and value at risk.
    pub confidence: f64,
    /// What of them counts.
    pub weights: Measures,
    /// What keeps margin from following the market all too closely.
    pub procyclicality: Procyclicality,
    /// Factor on the risk, for maintenance margin.
    pub maintenance_factor: f64,
    /// Factor on the risk, for initial margin: at least as large.
    pub initial_factor: f64,
    /// What volatilities do when prices move.
    pub vol: VolResponse,
    /// Stress scenarios, named one by one.
    #[serde(default)]
    pub stress: Vec<StressMove>,
    /// Charges beside the risk.
    #[serde(default)]
    pub add_ons: AddOns,
    /// How collateral counts, by symbol.
    #[serde(default, deserialize_with = "unique_map", skip_serializing_if = "BTreeMap::is_empty")]
    pub collaterals: BTreeMap<Symbol, CollateralRule>,
}

/// Weights of the measures of risk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measures {
    /// Of the expected shortfall.
    #[serde(default)]
    pub shortfall: f64,
    /// Of the value at risk.
    #[serde(default)]
    pub var: f64,
    /// Of the largest stress loss.
    #[serde(default)]
    pub stress: f64,
}

/// The tool against procyclicality of Art. 28(1) of EU 153/2013 that a model uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Procyclicality {
    /// A buffer of a quarter in the factors, used up when margins rise.
    Buffer,
    /// At least a quarter of the weight on stressed observations.
    StressedObservations,
    /// A floor from a lookback of ten years, in the stress scenarios.
    Floor,
    /// None: margin follows the market.
    None,
}

/// What volatilities do: `sigma' = max(least_vol, sigma (1 + x g))`, where `x` is
/// `per_fall` times the log return of a fall, or `per_rise` times that of a rise,
/// at most `most`, and `g = (30 days / max(t, 1 day))^power`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VolResponse {
    /// Relative move of a volatility per log return of a falling price.
    pub per_fall: f64,
    /// The same of a rising price.
    pub per_rise: f64,
    /// The largest relative move at 30 days.
    pub most: f64,
    /// How moves grow for shorter tenors.
    pub power: f64,
    /// Least volatility in a scenario, per square root of a year.
    pub least_vol: f64,
}

/// A stress scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StressMove {
    /// Its name: the day, as a rule.
    pub name: String,
    /// Factor on the price of every underlying.
    #[serde(deserialize_with = "unique_map")]
    pub factors: BTreeMap<Symbol, f64>,
    /// Factor on volatilities at 30 days.
    pub vol: f64,
}

/// Charges per unit held or short, as fractions of the underlying's price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AddOns {
    /// Of perpetuals and futures, for both margins.
    pub linear_maintenance: f64,
    /// Added for initial margin.
    pub linear_initial: f64,
    /// Of options, for both margins.
    pub option_maintenance: f64,
    /// Added for initial margin.
    pub option_initial: f64,
}

/// How collateral counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CollateralRule {
    /// The underlying that its price moves with; absent, it stands still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub underlying: Option<Symbol>,
    /// Fraction of its value charged.
    pub maintenance_haircut: f64,
    /// Fraction added for initial margin.
    pub initial_haircut: f64,
}

/// A checked model of the simulation family.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "ModelSpec", into = "ModelSpec")]
pub struct SimulationModel {
    spec: ModelSpec,
}

impl SimulationModel {
    /// Reads and checks a model in JSON, when the text begins with a brace, or in
    /// TOML.
    ///
    /// # Errors
    /// When the text is not the format, or a field breaks a rule.
    pub fn from_text(text: &str) -> Result<Self, SimulationError> {
        if !toml_text::is_json(text) {
            return Self::new(toml_text::read(text)?);
        }
        let mut reader = serde_json::Deserializer::from_str(text);
        let failed = |path: String, source| SimulationError::Json { what: WHAT, path, source };
        let spec = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let path = error.path().to_string();
            failed(path, error.into_inner())
        })?;
        reader.end().map_err(|source| failed("end of file".to_owned(), source))?;
        Self::new(spec)
    }

    /// Checks a model.
    ///
    /// # Errors
    /// With the first field that breaks a rule.
    pub fn new(spec: ModelSpec) -> Result<Self, SimulationError> {
        let named = (1..=64).contains(&spec.name.len());
        if !named || !spec.name.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(SimulationError::Name);
        }
        spec.set.check()?;
        within("confidence", spec.confidence, 0.5..=0.9999)?;
        for (field, value, range) in numbers(&spec) {
            within(field, value, range)?;
        }
        let Measures { shortfall, var, stress } = spec.weights;
        if shortfall + var + stress <= 0.0 {
            return Err(SimulationError::NoWeight);
        }
        if spec.initial_factor < spec.maintenance_factor {
            let (initial, maintenance) = (spec.initial_factor, spec.maintenance_factor);
            return Err(SimulationError::LevelOrder { initial, maintenance });
        }
        check_stress(&spec)?;
        Ok(Self { spec })
    }

    /// The fields.
    pub fn spec(&self) -> &ModelSpec {
        &self.spec
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// Scenarios in the tail: at least one, and not all.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the ceiling of a number from 0 to the count of scenarios"
    )]
    pub fn tail(&self) -> usize {
        let scenarios = self.spec.set.scenarios();
        // A hair less, so that 0.025 of 1,000 is 25 and not 26.
        let part = (1.0 - self.spec.confidence) * scenarios as f64 - 1e-9;
        (part.ceil() as usize).max(1)
    }

    /// The canonical JSON without `source` and `notes`.
    pub fn to_canonical_json(&self) -> String {
        let bare = ModelSpec { source: String::new(), notes: Vec::new(), ..self.spec.clone() };
        // Texts and finite numbers: nothing here can fail.
        serde_json::to_string(&bare).unwrap_or_default()
    }

    /// Digest of the name and all parameters, however the file is written.
    pub fn digest(&self) -> ModelDigest {
        ModelDigest::of(self.to_canonical_json().as_bytes())
    }
}

/// What is read, in errors.
const WHAT: &str = "simulation model";

type Number = (&'static str, f64, std::ops::RangeInclusive<f64>);

/// Every number with its name and range.
fn numbers(spec: &ModelSpec) -> Vec<Number> {
    let (vol, add) = (&spec.vol, &spec.add_ons);
    let mut all = vec![
        ("weights.shortfall", spec.weights.shortfall, FACTOR),
        ("weights.var", spec.weights.var, FACTOR),
        ("weights.stress", spec.weights.stress, FACTOR),
        ("maintenance_factor", spec.maintenance_factor, FACTOR),
        ("initial_factor", spec.initial_factor, FACTOR),
        ("vol.per_fall", vol.per_fall, FACTOR),
        ("vol.per_rise", vol.per_rise, FACTOR),
        ("vol.most", vol.most, FACTOR),
        ("vol.power", vol.power, 0.0..=1.0),
        ("vol.least_vol", vol.least_vol, 0.0..=10.0),
        ("add_ons.linear_maintenance", add.linear_maintenance, FACTOR),
        ("add_ons.linear_initial", add.linear_initial, FACTOR),
        ("add_ons.option_maintenance", add.option_maintenance, FACTOR),
        ("add_ons.option_initial", add.option_initial, FACTOR),
    ];
    for rule in spec.collaterals.values() {
        all.push(("collaterals.maintenance_haircut", rule.maintenance_haircut, 0.0..=1.0));
        all.push(("collaterals.initial_haircut", rule.initial_haircut, 0.0..=1.0));
    }
    for stress in &spec.stress {
        all.push(("stress.vol", stress.vol, 0.01..=100.0));
        let factors = stress.factors.values();
        all.extend(factors.map(|factor| ("stress.factors", *factor, LEAST_FACTOR..=MOST_FACTOR)));
    }
    all
}

/// Stress scenarios fit a row, are there when they weigh, and weigh enough when
/// the model says that they are its tool.
fn check_stress(spec: &ModelSpec) -> Result<(), SimulationError> {
    let most = stress_columns(spec.set.scenarios());
    let (found, weights) = (spec.stress.len(), spec.weights);
    if found > most || (weights.stress > 0.0 && found == 0) {
        return Err(SimulationError::StressCount { found, most });
    }
    let part = weights.stress / (weights.shortfall + weights.var + weights.stress);
    match spec.procyclicality {
        Procyclicality::StressedObservations if part < LEAST_STRESS_WEIGHT => {
            Err(SimulationError::StressWeight { part })
        }
        Procyclicality::Floor if found == 0 || weights.stress == 0.0 => {
            Err(SimulationError::StressWeight { part })
        }
        _ => Ok(()),
    }
}

impl TryFrom<ModelSpec> for SimulationModel {
    type Error = SimulationError;

    fn try_from(spec: ModelSpec) -> Result<Self, SimulationError> {
        Self::new(spec)
    }
}

impl From<SimulationModel> for ModelSpec {
    fn from(model: SimulationModel) -> Self {
        model.spec
    }
}
