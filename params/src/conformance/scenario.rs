//! Scenario portfolio margin, in the schema of the published PMRM_2 cases: a
//! file holds one case, or a `scenario_base` and `scenario_cases` that are JSON
//! merge patches (RFC 7386) of it.

mod integer;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use zkmargin_margin::ids::{CALL_SUFFIX, PUT_SUFFIX};

use crate::conformance::{CaseAccount, ConformanceError, Figure, Options, TOLERANCE, deserialize};
use crate::scenario::account::Worst;
use crate::scenario::black76::OptionType;
use crate::scenario::market::{ExpiryFeed, Instrument, MarketSpec};
use crate::scenario::parameters::{
    BasisContingency, CollateralTerms, LossGroup, MarginFactors, OtherContingency, ParameterSpec,
    Scenario, SkewShock, VolShock,
};
use crate::scenario::{
    Assessment, Position, RiskTable, ScenarioError, ScenarioMarket, ScenarioModel,
    ScenarioPortfolio, assess,
};
use crate::symbol::Symbol;

/// Most cases of one file.
const MAX_CASES: usize = 1000;
/// Rounding of sums, relative to the gross value summed up.
const ROUNDING: f64 = 1e-14;

/// Cases that differ from a base.
#[derive(Deserialize)]
pub(super) struct Collection {
    scenario_base: Value,
    scenario_cases: BTreeMap<String, Value>,
}

/// A case of the published schema.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ScenarioCase {
    pub(crate) name: String,
    scenario: Account,
    parameters: Parameters,
    expected: Expected,
}

#[derive(Clone, Debug, Deserialize)]
struct Account {
    spot: f64,
    spot_confidence: f64,
    cash: f64,
    stable_price: f64,
    perp: Option<Perpetual>,
    #[serde(default)]
    collaterals: Vec<Collateral>,
    #[serde(default)]
    options: Vec<OptionPosition>,
    #[serde(default)]
    feeds: Vec<ExpiryFeed>,
}

#[derive(Clone, Debug, Deserialize)]
struct Perpetual {
    amount: f64,
    price: f64,
    confidence: f64,
    unrealised_pnl: f64,
    unrealised_funding: f64,
}

#[derive(Clone, Debug, Deserialize)]
struct Collateral {
    amount: f64,
    price: f64,
    confidence: f64,
    is_risk_cancelling: bool,
    im_haircut: f64,
    mm_haircut: f64,
    confidence_factor: Option<f64>,
}

#[derive(Clone, Debug, Deserialize)]
struct OptionPosition {
    expiry_seconds: u64,
    strike: f64,
    is_call: bool,
    mark_vol: f64,
    amount: f64,
}

#[derive(Clone, Debug, Deserialize)]
struct Parameters {
    scenarios: Vec<Scenario>,
    skew_shock: Option<SkewShock>,
    vol_shock: VolShock,
    margin: MarginFactors,
    basis_contingency: Option<BasisContingency>,
    other_contingency: CaseContingency,
}

/// [`OtherContingency`] with what stands there for information.
#[derive(Clone, Copy, Debug, Deserialize)]
struct CaseContingency {
    peg_loss_threshold: f64,
    peg_loss_factor: f64,
    conf_threshold: f64,
    conf_margin: f64,
    mm_perp_percent: f64,
    im_perp_percent: f64,
    mm_option_percent: f64,
    im_option_percent: f64,
}

/// The margins, and what else the case says.
#[derive(Clone, Debug, Deserialize)]
struct Expected {
    im: f64,
    mm: f64,
    mark_to_market: Option<f64>,
    option_mark_to_market: Option<f64>,
    collateral_mark_to_market: Option<f64>,
    worst_regular_loss: Option<f64>,
    worst_tail_loss: Option<f64>,
    worst_skew_loss: Option<f64>,
    basis_contingency: Option<f64>,
    worst_scenario_group: Option<LossGroup>,
}

/// Runs all cases of a collection, by number.
pub(super) fn run_collection(
    collection: &Collection,
    options: Options,
) -> Result<Vec<Figure>, ConformanceError> {
    let mut figures = Vec::new();
    for case in cases(collection)? {
        figures.extend(case.run(options)?);
    }
    Ok(figures)
}

/// All cases as accounts.
pub(super) fn accounts(collection: &Collection) -> Result<Vec<CaseAccount>, ConformanceError> {
    cases(collection)?.iter().map(ScenarioCase::account).collect()
}

/// The cases of a collection.
fn cases(collection: &Collection) -> Result<Vec<ScenarioCase>, ConformanceError> {
    let count = collection.scenario_cases.len();
    if count > MAX_CASES {
        return Err(ConformanceError::TooManyCases { count, most: MAX_CASES });
    }
    let case = |(number, patch): (&String, &Value)| {
        let mut whole = collection.scenario_base.clone();
        merge(&mut whole, patch);
        let mut case: ScenarioCase = deserialize(whole)?;
        case.name = format!("{number} {}", case.name);
        Ok(case)
    };
    collection.scenario_cases.iter().map(case).collect()
}

/// RFC 7386: objects merge, null removes, everything else replaces.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Value::Object(target) = target else { return };
    for (key, value) in patch {
        match value {
            Value::Null => drop(target.remove(key)),
            value => merge(target.entry(key.clone()).or_insert(Value::Null), value),
        }
    }
}

/// Lists an option under a name of its strike. A case may hold one contract
/// twice; at two volatilities it is two instruments, with a name each.
fn listed(
    instruments: &mut BTreeMap<Symbol, Instrument>,
    strike: &str,
    suffix: &str,
    terms: Instrument,
) -> Result<Symbol, ConformanceError> {
    let mut copy = String::new();
    loop {
        let name = format!("{strike}{copy}{suffix}");
        let refused = || ConformanceError::Range { case: name.clone(), field: "symbol" };
        let symbol = Symbol::new(&name).map_err(|_| refused())?;
        match instruments.get(&symbol) {
            Some(other) if *other != terms => copy.push('X'),
            _ => {
                instruments.insert(symbol.clone(), terms);
                return Ok(symbol);
            }
        }
    }
}

/// Adds to the position in an instrument.
fn add(positions: &mut Vec<Position>, instrument: Symbol, quantity: f64) {
    match positions.iter_mut().find(|position| position.instrument == instrument) {
        Some(position) => position.quantity += quantity,
        None => positions.push(Position { instrument, quantity, unrealised: 0.0 }),
    }
}

/// A name of our own: at most 32 letters and digits.
fn symbol(kind: &str, index: usize) -> Result<Symbol, ConformanceError> {
    Symbol::new(&format!("{kind}{index:05}"))
        .map_err(|_| ConformanceError::Range { case: kind.to_owned(), field: "symbol" })
}

impl ScenarioCase {
    /// The case's inputs: parameter set, market and portfolio.
    pub(crate) fn inputs(
        &self,
    ) -> Result<(ScenarioModel, ScenarioMarket, ScenarioPortfolio), ConformanceError> {
        let refused = |error: ScenarioError| ConformanceError::Scenario {
            case: self.name.clone(),
            source: Box::new(error),
        };
        let account = &self.scenario;
        let (mut instruments, mut collaterals) = (BTreeMap::new(), BTreeMap::new());
        let mut positions = Vec::new();
        let mut strikes = BTreeMap::new();
        for option in &account.options {
            let next = strikes.len();
            // The bits of positive numbers are in the numbers' order.
            let key = (option.expiry_seconds, option.strike.to_bits());
            let strike = *strikes.entry(key).or_insert(next);
            let suffix = if option.is_call { CALL_SUFFIX } else { PUT_SUFFIX };
            let terms = Instrument::Option {
                expiry_seconds: option.expiry_seconds,
                strike: option.strike,
                option_type: if option.is_call { OptionType::Call } else { OptionType::Put },
                mark_vol: option.mark_vol,
            };
            let instrument =
                listed(&mut instruments, &format!("OPTION{strike:05}"), suffix, terms)?;
            add(&mut positions, instrument, option.amount);
        }
        for (index, asset) in account.collaterals.iter().enumerate() {
            let instrument = symbol("COLLATERAL", index)?;
            let terms = Instrument::Collateral { price: asset.price, confidence: asset.confidence };
            instruments.insert(instrument.clone(), terms);
            let terms = CollateralTerms {
                is_risk_cancelling: asset.is_risk_cancelling,
                mm_haircut: asset.mm_haircut,
                im_haircut: asset.im_haircut,
                confidence_factor: asset.confidence_factor,
            };
            collaterals.insert(instrument.clone(), terms);
            positions.push(Position { instrument, quantity: asset.amount, unrealised: 0.0 });
        }
        if let Some(perpetual) = &account.perp {
            let instrument = symbol("PERPETUAL", 0)?;
            let terms =
                Instrument::Perpetual { price: perpetual.price, confidence: perpetual.confidence };
            instruments.insert(instrument.clone(), terms);
            let unrealised = perpetual.unrealised_pnl + perpetual.unrealised_funding;
            positions.push(Position { instrument, quantity: perpetual.amount, unrealised });
        }
        let model = ScenarioModel::new(self.parameters.spec(collaterals)).map_err(refused)?;
        let market = ScenarioMarket::new(MarketSpec {
            underlying: symbol("UNDERLYING", 0)?,
            spot: account.spot,
            spot_confidence: account.spot_confidence,
            stable_price: account.stable_price,
            array_charges: None,
            feeds: account.feeds.clone(),
            instruments,
        });
        let portfolio = ScenarioPortfolio { cash: account.cash, positions, reserved: 0.0 };
        Ok((model, market.map_err(refused)?, portfolio))
    }

    /// The case's table and assessment.
    pub(crate) fn assess(&self) -> Result<(RiskTable, Assessment), ConformanceError> {
        let refused = |error: ScenarioError| ConformanceError::Scenario {
            case: self.name.clone(),
            source: Box::new(error),
        };
        let (model, market, portfolio) = self.inputs()?;
        let table = RiskTable::new(&model, &market).map_err(refused)?;
        let holdings = portfolio.resolve(&table).map_err(refused)?;
        let assessment = assess(&table, &holdings);
        Ok((table, assessment))
    }

    /// Expected and got.
    pub(super) fn run(&self, options: Options) -> Result<Vec<Figure>, ConformanceError> {
        let (table, got) = self.assess()?;
        let rounding = ROUNDING * self.gross();
        let (outcome, rounding) = match options.integer {
            false => (Outcome::of(&table, &got), rounding),
            true => {
                let book = self.book(&table)?;
                let margin = book.assess().map_err(|error| self.violated(error))?;
                (book.outcome(&table, &margin), rounding + book.rounding(&table))
            }
        };
        Ok(self.figures(&outcome, rounding))
    }

    /// Expected and got. Margins may be off by the tolerance alone; other figures
    /// by rounding too, as they can be zero but for it.
    fn figures(&self, got: &Outcome, rounding: f64) -> Vec<Figure> {
        let expected = &self.expected;
        let margin = |figure, expected: f64, got: f64| {
            let scale = if expected == 0.0 { 1.0 } else { expected.abs() };
            Figure::close(&self.name, figure, (expected, got), TOLERANCE * scale)
        };
        let value = |figure, expected: Option<f64>, got| {
            let expected = expected?;
            let tolerance = TOLERANCE * expected.abs() + rounding;
            Some(Figure::close(&self.name, figure, (expected, got), tolerance))
        };
        let mut figures = vec![
            margin("im", expected.im, got.initial_margin),
            margin("mm", expected.mm, got.maintenance_margin),
        ];
        let collateral = expected.collateral_mark_to_market;
        let values = [
            value("mark_to_market", expected.mark_to_market, got.mark_to_market),
            value("option_mark_to_market", expected.option_mark_to_market, got.options),
            value("collateral_mark_to_market", collateral, got.collateral),
        ];
        figures.extend(values.into_iter().flatten());
        let losses = [
            (LossGroup::Regular, "worst_regular_loss", expected.worst_regular_loss),
            (LossGroup::Tail, "worst_tail_loss", expected.worst_tail_loss),
            (LossGroup::Skew, "worst_skew_loss", expected.worst_skew_loss),
            (LossGroup::FwdContingency, "basis_contingency", expected.basis_contingency),
        ];
        let largest = losses
            .iter()
            .map(|(group, _, expected)| expected.unwrap_or_else(|| got.loss(*group)).abs());
        let largest = largest.fold(0.0, f64::max);
        let tolerance = TOLERANCE * largest + rounding;
        figures.extend(losses.iter().filter_map(|(group, figure, expected)| {
            let pair = ((*expected)?, got.loss(*group));
            Some(Figure::close(&self.name, figure, pair, tolerance))
        }));
        let Some(group) = expected.worst_scenario_group else { return figures };
        // With ties any group may be named: its own worst must be the worst.
        let is_loss = losses.iter().any(|(named, ..)| *named == group);
        let behind = if is_loss { got.loss(group) - got.worst.pnl } else { f64::INFINITY };
        figures.push(Figure {
            case: self.name.clone(),
            figure: "worst_scenario_group",
            expected: group_name(group).to_owned(),
            got: group_name(got.worst.group).to_owned(),
            absolute_error: behind.max(0.0),
            relative_error: if largest > 0.0 { behind.max(0.0) / largest } else { behind.max(0.0) },
            pass: behind <= tolerance,
        });
        figures
    }

    /// What sums of the case round to: the gross value of its positions.
    fn gross(&self) -> f64 {
        let account = &self.scenario;
        let options = account.options.iter().map(|o| o.amount.abs() * (account.spot + o.strike));
        let collaterals = account.collaterals.iter().map(|c| c.amount.abs() * c.price);
        let perpetual = account.perp.iter().map(|p| p.amount.abs() * p.price);
        options.chain(collaterals).chain(perpetual).sum::<f64>() + account.cash.abs()
    }
}

/// What a case is compared on, in quote currency.
struct Outcome {
    initial_margin: f64,
    maintenance_margin: f64,
    mark_to_market: f64,
    options: f64,
    collateral: f64,
    /// The least profit and loss of each group that there is.
    losses: BTreeMap<LossGroup, f64>,
    worst: Worst,
}

impl Outcome {
    fn of(table: &RiskTable, got: &Assessment) -> Self {
        let mut losses = group_losses(table, &got.scenario_pnl);
        losses.insert(LossGroup::FwdContingency, got.basis_contingency);
        Self {
            initial_margin: got.initial_margin,
            maintenance_margin: got.maintenance_margin,
            mark_to_market: got.mark_to_market.total,
            options: got.mark_to_market.options,
            collateral: got.mark_to_market.collateral,
            losses,
            worst: got.worst,
        }
    }

    fn loss(&self, group: LossGroup) -> f64 {
        self.losses.get(&group).copied().unwrap_or(0.0)
    }
}

/// The least profit and loss of each group's scenarios.
fn group_losses(table: &RiskTable, pnl: &[f64]) -> BTreeMap<LossGroup, f64> {
    let mut losses = BTreeMap::new();
    for (scenario, pnl) in table.terms.scenarios.iter().zip(pnl) {
        let least: &mut f64 = losses.entry(scenario.group()).or_insert(*pnl);
        *least = least.min(*pnl);
    }
    losses
}

impl Parameters {
    fn spec(&self, collaterals: BTreeMap<Symbol, CollateralTerms>) -> ParameterSpec {
        let other = self.other_contingency;
        ParameterSpec {
            second: None,
            name: "case".to_owned(),
            source: String::new(),
            notes: Vec::new(),
            underlying: None,
            inverse: false,
            in_coins: false,
            calibration: None,
            states_marks: false,
            imported_arrays: false,
            scenarios: self.scenarios.clone(),
            vol_shock: self.vol_shock,
            skew_shock: self.skew_shock,
            margin: self.margin,
            basis_contingency: self.basis_contingency,
            other_contingency: OtherContingency {
                peg_loss_threshold: other.peg_loss_threshold,
                peg_loss_factor: other.peg_loss_factor,
                conf_threshold: other.conf_threshold,
                conf_margin: other.conf_margin,
                mm_perp_percent: other.mm_perp_percent,
                im_perp_percent: other.im_perp_percent,
                mm_option_percent: other.mm_option_percent,
                im_option_percent: other.im_option_percent,
            },
            minimum_charge: None,
            roll_shock: None,
            expiry_roll: None,
            minimum_tiers: Vec::new(),
            expiry_spread: None,
            delta_tiers: Vec::new(),
            underlying_collateral: None,
            collaterals,
        }
    }
}

fn group_name(group: LossGroup) -> &'static str {
    match group {
        LossGroup::Regular => "regular",
        LossGroup::Tail => "tail",
        LossGroup::Skew => "skew",
        LossGroup::FwdContingency => "fwd_contingency",
        LossGroup::MinimumCharge => "minimum_charge",
    }
}

/// The published cases.
#[cfg(test)]
pub(crate) fn published_cases() -> Vec<ScenarioCase> {
    let json = include_str!("../../fixtures/pmrm2_cases.json");
    cases(&serde_json::from_str(json).unwrap()).unwrap()
}

#[cfg(test)]
mod tests;
