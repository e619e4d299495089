//! The risk table: what a unit of every instrument gains in every scenario.

use rayon::prelude::*;
use zkmargin_margin::ids::Epoch;

use crate::scenario::black76::Black76;
use crate::scenario::math::{ln, max, min, pow};
use crate::scenario::shock::Expiry;
use crate::scenario::{Instrument, ScenarioMarket};
use crate::simulation::error::SimulationError;
use crate::simulation::model::{CollateralRule, SimulationModel, VolResponse};
use crate::simulation::set::ScenarioSet;
use crate::simulation::snapshot::SimulationSnapshot;
use crate::symbol::Symbol;

/// Days at which moves of volatilities are given.
const MONTH_DAYS: f64 = 30.0;
/// Days of the shortest tenor that they grow for.
const LEAST_DAYS: f64 = 1.0;
const YEAR_DAYS: f64 = 365.0;

/// An instrument in every scenario, per unit, in the quote currency.
#[derive(Clone, Debug, PartialEq)]
pub struct TableRow {
    /// The instrument.
    pub symbol: Symbol,
    /// What a unit adds to equity: an option's or collateral's value; 0 for
    /// perpetuals and futures, whose profit is in the account.
    pub mark: f64,
    /// What it gains in each scenario.
    pub gains: Vec<f64>,
    /// The same in each stress scenario of the model.
    pub stress: Vec<f64>,
    /// Charge for both margins.
    pub maintenance: f64,
    /// Added for initial margin.
    pub initial: f64,
    /// Whether it cannot be short.
    pub is_long_only: bool,
}

/// A model applied to a snapshot: rows by symbol.
#[derive(Clone, Debug, PartialEq)]
pub struct SimulationTable {
    /// The scenarios.
    pub set: ScenarioSet,
    /// One row for each instrument.
    pub rows: Vec<TableRow>,
}

/// What happens to one underlying in one scenario.
#[derive(Clone, Copy)]
struct Move {
    factor: f64,
    /// Relative move of its volatilities at 30 days.
    vol: f64,
}

impl SimulationTable {
    /// Values every instrument under every scenario of an epoch, on all cores.
    ///
    /// # Errors
    /// When scenarios cannot be made, a stress scenario leaves an underlying out, a
    /// collateral has no rule, or a value overflows.
    pub fn new(
        model: &SimulationModel,
        snapshot: &SimulationSnapshot,
        epoch: Epoch,
    ) -> Result<Self, SimulationError> {
        let set = snapshot.scenarios(model, epoch)?;
        let underlyings = snapshot.underlyings();
        let moves = underlyings
            .iter()
            .enumerate()
            .map(|(place, symbol)| moves(model, &set, place, symbol))
            .collect::<Result<Vec<_>, _>>()?;
        let listed: Vec<_> = snapshot
            .spec()
            .markets
            .iter()
            .zip(&moves)
            .flat_map(|(market, moves)| {
                let instruments = market.spec().instruments.iter();
                instruments.map(move |(symbol, instrument)| (market, moves, symbol, instrument))
            })
            .collect();
        let rows = listed.par_iter().map(|(market, own, symbol, instrument)| {
            let maker = Maker { model, market, underlyings: &underlyings, moves: &moves };
            maker.row(own, symbol, instrument, set.scenarios().len())
        });
        let mut rows = rows.collect::<Result<Vec<_>, _>>()?;
        rows.sort_by(|a, b| a.symbol.cmp(&b.symbol));
        Ok(Self { set, rows })
    }

    /// The row of an instrument.
    pub fn row_of(&self, symbol: &Symbol) -> Option<usize> {
        self.rows.binary_search_by(|row| row.symbol.cmp(symbol)).ok()
    }
}

/// What an underlying does in every scenario, then in every stress scenario.
fn moves(
    model: &SimulationModel,
    set: &ScenarioSet,
    place: usize,
    symbol: &Symbol,
) -> Result<Vec<Move>, SimulationError> {
    let spec = model.spec();
    let simulated = set.scenarios().iter().map(|scenario| {
        let factor = scenario.factors[place];
        Ok(Move { factor, vol: response(&spec.vol, ln(factor)) })
    });
    let stressed = spec.stress.iter().map(|stress| match stress.factors.get(symbol) {
        Some(factor) => Ok(Move { factor: *factor, vol: stress.vol - 1.0 }),
        None => Err(SimulationError::StressLeavesOut {
            stress: stress.name.clone(),
            symbol: symbol.clone(),
        }),
    });
    simulated.chain(stressed).collect()
}

/// The relative move of a volatility at 30 days.
fn response(vol: &VolResponse, change: f64) -> f64 {
    let slope = if change < 0.0 { vol.per_fall } else { vol.per_rise };
    min(slope * change.abs(), vol.most)
}

/// A mark, gains in all scenarios, and the charges of both margins.
type Valued = (f64, Vec<f64>, (f64, f64));

struct Maker<'a> {
    model: &'a SimulationModel,
    market: &'a ScenarioMarket,
    underlyings: &'a [Symbol],
    moves: &'a [Vec<Move>],
}

impl Maker<'_> {
    fn row(
        &self,
        moves: &[Move],
        symbol: &Symbol,
        instrument: &Instrument,
        scenarios: usize,
    ) -> Result<TableRow, SimulationError> {
        let (spec, spot) = (self.model.spec(), self.market.spec().spot);
        let linear = |price: f64| moves.iter().map(|m| price * (m.factor - 1.0)).collect();
        let add = &spec.add_ons;
        let mut is_long_only = false;
        let (mark, mut gains, charges): Valued = match *instrument {
            Instrument::Option { expiry_seconds, .. } => {
                let expiry = self.expiry(symbol, expiry_seconds)?;
                let (mark, gains) = self.option(moves, instrument, &expiry);
                (mark, gains, (spot * add.option_maintenance, spot * add.option_initial))
            }
            Instrument::Perpetual { price, .. } => {
                (0.0, linear(price), (spot * add.linear_maintenance, spot * add.linear_initial))
            }
            Instrument::Future { expiry_seconds } => {
                let moving = self.expiry(symbol, expiry_seconds)?.variable;
                (0.0, linear(moving), (spot * add.linear_maintenance, spot * add.linear_initial))
            }
            Instrument::Array { .. } => {
                return Err(SimulationError::Overflow(symbol.clone()));
            }
            Instrument::Collateral { price, .. } => {
                is_long_only = true;
                self.collateral(symbol, price / self.market.spec().stable_price)?
            }
        };
        let all = || gains.iter().chain([&mark, &charges.0, &charges.1]);
        if !all().all(|value| value.is_finite()) {
            return Err(SimulationError::Overflow(symbol.clone()));
        }
        let stress = gains.split_off(scenarios);
        let (maintenance, initial) = charges;
        let symbol = symbol.clone();
        Ok(TableRow { symbol, mark, gains, stress, maintenance, initial, is_long_only })
    }

    fn expiry(&self, symbol: &Symbol, seconds: u64) -> Result<Expiry, SimulationError> {
        // A checked market has a feed for every expiry.
        let missing = || SimulationError::NoFeed { symbol: symbol.clone(), seconds };
        let group = self.market.group_of(seconds).ok_or_else(missing)?;
        Ok(Expiry::new(&self.market.spec().feeds[group], false))
    }

    fn option(&self, moves: &[Move], instrument: &Instrument, expiry: &Expiry) -> (f64, Vec<f64>) {
        let Instrument::Option { strike, option_type, mark_vol, .. } = *instrument else {
            return (0.0, vec![0.0; moves.len()]);
        };
        let mark = Black76 {
            option_type,
            forward: expiry.forward,
            strike,
            vol: mark_vol,
            years: expiry.years,
            discount: expiry.discount,
        };
        let vol = &self.model.spec().vol;
        let days = max(expiry.years * YEAR_DAYS, LEAST_DAYS);
        let scale = pow(MONTH_DAYS / days, vol.power);
        let value = mark.value();
        let gain = |moved: &Move| {
            let forward = expiry.shocked_forward(moved.factor);
            let vol = max(vol.least_vol, mark_vol * max(0.0, 1.0 + moved.vol * scale));
            Black76 { forward, vol, ..mark }.value() - value
        };
        (value, moves.iter().map(gain).collect())
    }

    fn collateral(&self, symbol: &Symbol, value: f64) -> Result<Valued, SimulationError> {
        let rule = self.model.spec().collaterals.get(symbol);
        let rule: &CollateralRule = rule.ok_or_else(|| SimulationError::NoRule(symbol.clone()))?;
        let gains = match &rule.underlying {
            None => vec![0.0; self.moves.first().map_or(0, Vec::len)],
            Some(underlying) => {
                let place = self.underlyings.iter().position(|other| other == underlying);
                let place = place.ok_or_else(|| SimulationError::NoCloses(underlying.clone()))?;
                self.moves[place].iter().map(|m| value * (m.factor - 1.0)).collect()
            }
        };
        Ok((value, gains, (value * rule.maintenance_haircut, value * rule.initial_haircut)))
    }
}
