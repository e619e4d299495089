//! A case in the integers that are proved, on a scale chosen for it.
//!
//! Published quantities have up to 16 digits, which no lot size of a market
//! divides. So every row is per lot of its own, of which the position is a whole
//! number: its values are exact. Only what is charged by count, naked shorts and
//! options of low confidence, needs one lot for all options: one that divides
//! their quantities where they have few digits, otherwise a small one. There an
//! option's own lot is the common one to a few parts in 10^8, and counts are off by
//! as much.

use std::collections::BTreeMap;

use zkmargin_margin::claim::Level;
use zkmargin_margin::ids::BucketId;
use zkmargin_margin::portfolio;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::scenario::{FACTOR_ONE, FINE_ONE, I256, MAX_LOTS, ScenarioMargin};
use zkmargin_margin::units::{Amount, Lots};

use crate::conformance::scenario::{Outcome, ScenarioCase, group_losses};
use crate::conformance::{CaseAccount, CaseRows, ConformanceError, IntegerProblem};
use crate::decimal::parse_decimal;
use crate::scenario::account::Worst;
use crate::scenario::integer::{MAX_QUOTE_DECIMALS, check_ids, slots};
use crate::scenario::parameters::LossGroup;
use crate::scenario::table::{RiskRow, RiskTable, RowKind};
use crate::scenario::{Holdings, IntegerTable, ScenarioError};

/// What the largest value of a lot is kept below: values have 45 bits, charges
/// 44, and a charge may be the sum of three values.
const VALUE_BOUND: f64 = (1_u64 << 42) as f64;
/// What the gross value of a book is kept below: two bits less than sums have.
const BOOK_BOUND: f64 = (1_u128 << 70) as f64;
/// Lots of the largest option position where no lot divides all.
const FINE_LOTS: u32 = 1 << 25;
/// Lot sizes tried there.
const CANDIDATES: u32 = 256;

/// A case as positions in whole lots, and the table for them.
pub(crate) struct Book {
    /// The integer table, in the order of the float one's rows.
    pub(crate) table: IntegerTable,
    /// The positions, in canonical order.
    pub(crate) positions: Vec<portfolio::Position>,
    /// The row of each position.
    pub(crate) rows: Vec<usize>,
    /// Quote units in one of the currency.
    unit: f64,
}

impl ScenarioCase {
    /// The case in integers.
    pub(crate) fn book(&self, table: &RiskTable) -> Result<Book, ConformanceError> {
        let case = || self.name.clone();
        let refused =
            |source| ConformanceError::Scenario { case: case(), source: Box::new(source) };
        let unfit = || ConformanceError::Integer { case: case(), problem: IntegerProblem::Scale };
        let (_, market, portfolio) = self.inputs()?;
        check_ids(&market).map_err(refused)?;
        let holdings = portfolio.resolve(table).map_err(refused)?;
        let scale = Scale::of(table, &holdings).ok_or_else(unfit)?;
        scale.book(table, &holdings).map_err(refused)?.ok_or_else(unfit)
    }

    /// The case as an account.
    pub(crate) fn account(&self) -> Result<CaseAccount, ConformanceError> {
        let (table, _) = self.assess()?;
        let Book { table, positions, rows: held, .. } = self.book(&table)?;
        let rows = CaseRows::Scenario { table: Box::new(table), held };
        Ok(CaseAccount { case: self.name.clone(), positions, rows })
    }

    /// The case breaks a clause of the statement.
    pub(super) fn violated(&self, violation: Violation) -> ConformanceError {
        let problem = IntegerProblem::Violation(violation);
        ConformanceError::Integer { case: self.name.clone(), problem }
    }
}

/// Lots and decimals of a case.
struct Scale {
    quote_decimals: u32,
    /// The lot that options are counted in.
    option_lot: f64,
    /// The lot of each row, and the lots held of it.
    lots: Vec<(f64, f64)>,
}

impl Scale {
    /// The finest scale whose values fit; `None` when none does.
    fn of(table: &RiskTable, holdings: &Holdings) -> Option<Self> {
        let mut held = vec![0.0; table.rows.len()];
        for (row, quantity) in holdings.quantities() {
            held[*row] = *quantity;
        }
        let lot = counted_lot(table, holdings);
        let rows = || table.rows.iter().zip(&held);
        let options = || rows().filter(|(row, _)| is_option(row));
        let most = options().map(|(_, quantity)| quantity.abs() / lot).fold(0.0, f64::max);
        let value = options().map(|(row, _)| largest(table, row)).fold(by_count(table), f64::max);
        let gross: f64 = rows().map(|(row, quantity)| quantity.abs() * largest(table, row)).sum();
        let gross = gross + holdings.cash().abs() + holdings.unrealised().abs();
        // What rounding costs a lot is the same on every scale: as few lots as
        // possible of as small units as possible.
        let scales =
            (1..=10_u32).flat_map(|parts| (0..=MAX_QUOTE_DECIMALS).map(move |d| (parts, d)));
        let fits = |(parts, decimals): &(u32, u32)| {
            let (parts, unit) = (f64::from(*parts), power(*decimals));
            // An option's own lot may be a little more than the common one.
            value * lot / parts * unit < 0.5 * VALUE_BOUND
                && most * parts < MAX_LOTS as f64
                && gross * unit < BOOK_BOUND
        };
        let cost = |(parts, decimals): &(u32, u32)| f64::from(*parts) / power(*decimals);
        let best = scales.filter(fits).min_by(|a, b| cost(a).total_cmp(&cost(b)));
        let (parts, quote_decimals) = best?;
        let (option_lot, unit) = (lot / f64::from(parts), power(quote_decimals));
        let lots = rows().map(|(row, quantity)| {
            // What is not held counts for nothing: any lot that fits.
            let (sign, size) = match *quantity {
                0.0 => (0.0, 1.0),
                quantity => (quantity.signum(), quantity.abs()),
            };
            let lots = match (is_option(row), sign) {
                (true, 0.0) => return (option_lot, 0.0),
                (true, _) => (size / option_lot).round(),
                (false, _) => (size * largest(table, row) * unit / VALUE_BOUND).ceil(),
            };
            let lots = lots.max(1.0);
            (size / lots, sign * lots)
        });
        Some(Self { quote_decimals, option_lot, lots: lots.collect() })
    }

    /// `None` when the cash does not fit, or nothing can carry it.
    fn book(&self, table: &RiskTable, holdings: &Holdings) -> Result<Option<Book>, ScenarioError> {
        // Every row of the table has a lot.
        let lot_of = |row: &RiskRow| table.row_of(&row.symbol).map_or(1.0, |row| self.lots[row].0);
        let integers = IntegerTable::new(table, self.quote_decimals, self.option_lot, lot_of)?;
        let unit = power(self.quote_decimals);
        let position = |(row, (_, lots)): (usize, &(f64, f64))| {
            let position = portfolio::Position {
                bucket: BucketId::CROSS,
                instrument: integers.rows[row].instrument,
                quantity: Lots::new(i64::try_from(whole(*lots)?).ok()?),
                cash: Amount::ZERO,
            };
            Some((row, position))
        };
        // The first row carries the cash when nothing is held.
        let held = self.lots.iter().enumerate();
        let none = self.lots.iter().all(|(_, lots)| *lots == 0.0);
        let held = held.filter(|(row, (_, lots))| *lots != 0.0 || (none && *row == 0));
        let Some(mut placed) = held.map(position).collect::<Option<Vec<_>>>() else {
            return Ok(None);
        };
        placed.sort_by_key(|(_, position)| position.key());
        let cash = ((holdings.cash() + holdings.unrealised()) * unit).floor();
        let cash = whole(cash).and_then(|cash| Amount::new(cash).ok());
        let (Some(cash), Some((_, first))) = (cash, placed.first_mut()) else { return Ok(None) };
        first.cash = cash;
        let (rows, positions) = placed.into_iter().unzip();
        Ok(Some(Book { table: integers, positions, rows, unit }))
    }
}

impl Book {
    /// The account's margin.
    pub(crate) fn assess(&self) -> Result<ScenarioMargin, Violation> {
        let rows = self.rows.iter().map(|row| &self.table.rows[*row]);
        ScenarioMargin::assess(self.positions.iter().zip(rows), &self.table.terms)
    }

    /// The figures in quote currency.
    pub(super) fn outcome(&self, table: &RiskTable, margin: &ScenarioMargin) -> Outcome {
        let fine = self.unit * FINE_ONE as f64;
        let pnl = |units: I256| units.as_f64() / fine;
        let balance = |level| {
            let units = margin.balance(level).unwrap_or(I256::ZERO);
            units.as_f64() / fine / f64::from(FACTOR_ONE)
        };
        let value = |units: i128| units as f64 / self.unit;
        let places = slots(&table.terms.scenarios);
        let scenario_pnl: Vec<f64> =
            places.iter().map(|place| pnl(margin.scenario_pnl[*place])).collect();
        let mut losses = group_losses(table, &scenario_pnl);
        losses.insert(LossGroup::FwdContingency, pnl(margin.basis));
        losses.insert(LossGroup::MinimumCharge, -pnl(margin.minimum));
        let worst = pnl(margin.worst);
        let group = losses.iter().find(|(_, loss)| **loss == worst).map(|(group, _)| *group);
        let group = group.unwrap_or(LossGroup::FwdContingency);
        Outcome {
            initial_margin: balance(Level::Initial),
            maintenance_margin: balance(Level::Maintenance),
            mark_to_market: value(margin.mark_to_market()),
            options: value(margin.expiries.iter().map(|expiry| expiry.mark).sum()),
            collateral: value(margin.collateral),
            losses,
            worst: Worst { pnl: worst, group, scenario: None },
        }
    }

    /// What sums may be off by, in quote currency: a unit for each lot.
    pub(super) fn rounding(&self, table: &RiskTable) -> f64 {
        let discount = table.groups.iter().map(|g| g.long_discount.max(g.short_discount));
        let discount = discount.fold(1.0, f64::max);
        let lots: f64 = self.positions.iter().map(|p| p.quantity.magnitude() as f64).sum();
        (lots + 1.0) * 2.0 * discount / self.unit
    }
}

fn is_option(row: &RiskRow) -> bool {
    matches!(row.kind, RowKind::Option { .. })
}

/// The largest value of a unit.
fn largest(table: &RiskTable, row: &RiskRow) -> f64 {
    let scenarios = row.scenarios.iter().zip(&table.terms.scenarios);
    let values = scenarios.map(|(value, scenario)| match is_option(row) {
        true => value * scenario.dampening_factor,
        false => *value,
    });
    let terms = &table.terms;
    let charge = row.mm_charge.abs() + row.im_charge.abs() + row.confidence_charge;
    let delta = terms.minimum_charge.map_or(0.0, |_| row.greeks.delta * terms.spot);
    let others = [row.mark, row.basis[0], row.basis[1], charge, delta];
    values.chain(others).map(f64::abs).fold(0.0, f64::max)
}

/// The most that an option can be charged by count.
fn by_count(table: &RiskTable) -> f64 {
    let terms = &table.terms;
    let low = terms.confidence_charge(0.0, terms.conf_threshold, terms.spot);
    let minimum = terms.minimum_charge.map_or(0.0, |m| m.short_option_percent * terms.spot);
    low.max(terms.naked_mm_charge.abs() + terms.naked_im_charge.abs()).max(minimum)
}

/// The lot that options are counted in: a decimal that divides all quantities
/// where one does; otherwise, of many small ones, the one whose counts are the
/// nearest to what is charged.
fn counted_lot(table: &RiskTable, holdings: &Holdings) -> f64 {
    let options: Vec<_> =
        holdings.quantities().iter().filter(|(row, _)| is_option(&table.rows[*row])).collect();
    let quantities: Vec<f64> = options.iter().map(|(_, quantity)| quantity.abs()).collect();
    let most = quantities.iter().copied().fold(0.0, f64::max);
    if most == 0.0 {
        // Nothing is counted in it: small, so that charges by count fit.
        return 1e-9;
    }
    if let Some(lot) = exact_lot(&quantities) {
        return lot;
    }
    let counts_off = |lot: f64| {
        let (mut nets, mut gross) = (BTreeMap::new(), BTreeMap::new());
        for (row, quantity) in &options {
            let RowKind::Option { group, strike_key } = table.rows[*row].kind else { continue };
            let counted = (quantity / lot).round() * lot;
            let (net, counted_net) = nets.entry(strike_key).or_insert((0.0, 0.0));
            *net += quantity;
            *counted_net += counted;
            *gross.entry(group).or_insert(0.0) += counted.abs() - quantity.abs();
        }
        let naked: f64 = nets
            .values()
            .map(|(net, counted): &(f64, f64)| (-counted).max(0.0) - (-net).max(0.0))
            .sum();
        let fees = gross
            .iter()
            .map(|(group, off): (&usize, &f64)| off.abs() * table.groups[*group].confidence_charge);
        let terms = &table.terms;
        naked.abs() * (terms.naked_mm_charge.abs() + terms.naked_im_charge.abs())
            + fees.sum::<f64>()
    };
    let candidates = (0..CANDIDATES).map(|i| most / f64::from(FINE_LOTS + i));
    let best = candidates.min_by(|a, b| counts_off(*a).total_cmp(&counts_off(*b)));
    best.unwrap_or(most / f64::from(FINE_LOTS))
}

fn exact_lot(quantities: &[f64]) -> Option<f64> {
    let decimals = quantities.iter().map(|q| parse_decimal(&q.to_string()).ok());
    let decimals: Vec<_> = decimals.collect::<Option<_>>()?;
    let scale = decimals.iter().map(rust_decimal::Decimal::scale).max()?;
    let units = decimals.iter().map(|d| crate::decimal::to_units(*d, scale));
    let units: Vec<i128> = units.collect::<Option<_>>()?;
    let divisor = units.iter().fold(0, |divisor, units| gcd(divisor, *units));
    let most = units.iter().max()? / divisor;
    (most <= i128::from(MAX_LOTS)).then(|| divisor as f64 / power(scale))
}

fn gcd(a: i128, b: i128) -> i128 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

/// `10^decimals`, exact up to 22.
fn power(decimals: u32) -> f64 {
    (0..decimals).fold(1.0, |power, _| power * 10.0)
}

/// A whole number in 100 bits.
#[expect(clippy::cast_possible_truncation, reason = "checked to fit")]
fn whole(number: f64) -> Option<i128> {
    (number.abs() < (1_u128 << 100) as f64).then_some(number as i128)
}
