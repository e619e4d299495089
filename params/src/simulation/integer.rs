//! The risk table in the integers that are proved, rounded against the account.
//!
//! A row's gains are whole quote units per lot; [`zkmargin_margin::simulation`]
//! sums them up exactly. One row serves longs and shorts, so gains are rounded to
//! the nearest unit, and a *guard*, a charge per lot held or short, takes back what
//! that could give: **no integer balance is above the floating-point one**, but
//! for the noise of floating point itself. With `h` for half a unit and `|a|` lots:
//! a profit or loss is off by `h |a|` in every scenario, and so are the mean of the
//! largest losses, the least of them and the largest stress loss, as none of these
//! moves by more than the losses do. A level is off by its factor times the sum of
//! the weights times that, and by `h |a|` of the marks. Weights are rounded up and
//! multiply what is not negative.

use rayon::prelude::*;
use zkmargin_margin::simulation::{
    Charges, GAIN_BITS, SimulationRow, SimulationTerms, WEIGHT_ONE, Weights,
};

use crate::simulation::error::SimulationError;
use crate::simulation::model::SimulationModel;
use crate::simulation::table::{SimulationTable, TableRow};

/// Half a unit, and a little for the last bits of products: below `2^32` they are
/// off by far less than `2^-6`.
const HALF: f64 = 0.5 + 1.0 / 64.0;

/// A risk table in integers.
#[derive(Clone, Debug, PartialEq)]
pub struct IntegerTable {
    /// What counts for a whole account.
    pub terms: SimulationTerms,
    /// One row for each instrument, in the order of the table's.
    pub rows: Vec<SimulationRow>,
}

impl IntegerTable {
    /// Rounds a table. `quote_decimals` are the decimals of a quote unit, `lot`
    /// gives the units in a lot of an instrument.
    ///
    /// # Errors
    /// When a value of one lot or a weight is too large, with what would help.
    pub fn new(
        model: &SimulationModel,
        table: &SimulationTable,
        quote_decimals: u32,
        lot: impl Fn(&TableRow) -> f64 + Sync,
    ) -> Result<Self, SimulationError> {
        // Exact up to 10^22.
        let unit = (0..quote_decimals).fold(1.0, |unit, _| unit * 10.0);
        let terms = terms(model, table)?;
        let maker = Maker { model, terms: &terms };
        let row = |row: &TableRow| maker.row(row, lot(row) * unit);
        let rows = table.rows.par_iter().map(row).collect::<Result<_, _>>()?;
        Ok(Self { terms, rows })
    }
}

fn terms(
    model: &SimulationModel,
    table: &SimulationTable,
) -> Result<SimulationTerms, SimulationError> {
    let (spec, tail) = (model.spec(), model.tail());
    let weights = |factor: f64| -> Result<Weights, SimulationError> {
        let measures = &spec.weights;
        Ok(Weights {
            shortfall: weight(factor * measures.shortfall / tail as f64)?,
            var: weight(factor * measures.var)?,
            stress: weight(factor * measures.stress)?,
        })
    };
    let counts = (table.set.scenarios().len(), tail);
    let (maintenance, initial) = (weights(spec.maintenance_factor)?, weights(spec.initial_factor)?);
    Ok(SimulationTerms::new(counts, maintenance, initial, table.set.digest())?)
}

/// A weight over `2^40`, up.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be whole and from 0 to 2^48"
)]
fn weight(value: f64) -> Result<u64, SimulationError> {
    let units = (value * WEIGHT_ONE as f64).ceil();
    match (0.0..256.0 * WEIGHT_ONE as f64).contains(&units) {
        true => Ok(units as u64),
        false => Err(SimulationError::Weight(value)),
    }
}

struct Maker<'a> {
    model: &'a SimulationModel,
    terms: &'a SimulationTerms,
}

impl Maker<'_> {
    /// A row, `scale` quote units of the currency's one times the units of a lot.
    fn row(&self, row: &TableRow, scale: f64) -> Result<SimulationRow, SimulationError> {
        let gain = |value: &f64| whole(row, "what a lot gains", (value * scale).round());
        let mut columns = row.gains.iter().map(gain).collect::<Result<Vec<i64>, _>>()?;
        for place in 0..self.terms.stress() {
            columns.push(row.stress.get(place).map_or(Ok(0), gain)?);
        }
        columns.push(gain(&row.mark)?);
        let charges = self.charges(row, scale)?;
        let symbol = row.symbol.instrument_id();
        Ok(SimulationRow::new(symbol, row.is_long_only, charges, columns)?)
    }

    fn charges(&self, row: &TableRow, scale: f64) -> Result<Charges, SimulationError> {
        let spec = self.model.spec();
        let half = |is_off: bool| if is_off { HALF } else { 0.0 };
        let moves = row.gains.iter().chain(&row.stress).any(|gain| *gain != 0.0);
        let measures = spec.weights.shortfall + spec.weights.var + spec.weights.stress;
        let guard = |factor: f64| half(moves) * factor * measures + half(row.mark != 0.0);
        let maintenance = (row.maintenance * scale + guard(spec.maintenance_factor)).ceil();
        let both = (row.maintenance + row.initial) * scale + guard(spec.initial_factor);
        // The difference of whole numbers below 2^53 is exact.
        let initial = max_zero(both.ceil() - maintenance);
        let charge = |value: f64| {
            let units = whole(row, "the charge on a lot", value)?;
            u32::try_from(units).map_err(|_| range(row, "the charge on a lot", value))
        };
        Ok(Charges { maintenance: charge(maintenance)?, initial: charge(initial)? })
    }
}

fn max_zero(value: f64) -> f64 {
    if value > 0.0 { value } else { 0.0 }
}

/// A whole number below `2^32` either way.
#[expect(clippy::cast_possible_truncation, reason = "checked to be whole and below 2^32")]
fn whole(row: &TableRow, what: &'static str, units: f64) -> Result<i64, SimulationError> {
    match units.abs() < (1_u64 << GAIN_BITS) as f64 {
        true => Ok(units as i64),
        false => Err(range(row, what, units)),
    }
}

fn range(row: &TableRow, what: &'static str, units: f64) -> SimulationError {
    SimulationError::LotRange { symbol: row.symbol.clone(), what, units }
}
