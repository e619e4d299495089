//! A case in the integers that are proved, on a scale chosen for it.
//!
//! Published quantities have up to 16 digits, which no lot size of a market
//! divides. So every row is per lot of its own, of which the position is a whole
//! number: its values are exact. Only what is charged by count, naked shorts and
//! options of low confidence, needs one lot for all options: one that divides
//! their quantities where they have few digits; otherwise, of many, the one with which
//! counts and values together are off by the least.

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
/// Binary orders of the largest option position in lots, where no lot divides all.
const LOT_BITS: std::ops::RangeInclusive<u32> = 12..=31;
/// Lot sizes tried of each order.
const CANDIDATES: u32 = 96;
/// What a lot's values and charges may be rounded by, in quote units.
const UNITS_PER_LOT: f64 = 2.0;

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
    /// The scale that rounds the least; `None` when none fits.
    fn of(table: &RiskTable, holdings: &Holdings) -> Option<Self> {
        let mut held = vec![0.0; table.rows.len()];
        for (row, quantity) in holdings.quantities() {
            held[*row] = *quantity;
        }
        let rows = || table.rows.iter().zip(&held);
        let options = || rows().filter(|(row, _)| is_option(row));
        let most = options().map(|(_, quantity)| quantity.abs()).fold(0.0, f64::max);
        let all: f64 = options().map(|(_, quantity)| quantity.abs()).sum();
        let value = options().map(|(row, _)| largest(table, row)).fold(by_count(table), f64::max);
        let gross: f64 = rows().map(|(row, quantity)| quantity.abs() * largest(table, row)).sum();
        let gross = gross + holdings.cash().abs() + holdings.unrealised().abs();
        let scales = counted_lots(table, holdings).into_iter().flat_map(|(lot, off)| {
            (0..=MAX_QUOTE_DECIMALS).map(move |decimals| (lot, off, decimals))
        });
        let fits = |(lot, _, decimals): &(f64, f64, u32)| {
            let unit = power(*decimals);
            // An option's own lot may be a little more than the common one.
            value * lot * unit < 0.5 * VALUE_BOUND
                && most / lot < MAX_LOTS as f64
                && gross * unit < BOOK_BOUND
        };
        // What rounding costs a lot is the same on every scale.
        let cost = |(lot, off, decimals): &(f64, f64, u32)| {
            off + (1.0 + all / lot) * UNITS_PER_LOT / power(*decimals)
        };
        let best = scales.filter(fits).min_by(|a, b| cost(a).total_cmp(&cost(b)));
        let (option_lot, _, quote_decimals) = best?;
        let unit = power(quote_decimals);
        let lots = rows().map(|(row, quantity)| {
            // What is not held counts for nothing: any lot that fits.
            let (sign, size) = match *quantity {
                0.0 => (0.0, 1.0),
                quantity => (quantity.signum(), quantity.abs()),
            };
            let lots = match (is_option(row), sign) {
                (true, 0.0) => return (option_lot, 0.0),
                (true, _) => lots_of(size, option_lot),
                (false, _) => (size * largest(table, row) * unit / VALUE_BOUND).ceil().max(1.0),
            };
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
        ScenarioMargin::assess(
            self.positions.iter().zip(rows),
            &portfolio::Reserved::NONE,
            &self.table.terms,
        )
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

/// Lots that options may be counted in, and what the charges on their counts are
/// off by, in currency: parts of a decimal that divides all quantities where one
/// does, otherwise many small ones.
fn counted_lots(table: &RiskTable, holdings: &Holdings) -> Vec<(f64, f64)> {
    let options: Vec<_> =
        holdings.quantities().iter().filter(|(row, _)| is_option(&table.rows[*row])).collect();
    let quantities: Vec<f64> = options.iter().map(|(_, quantity)| quantity.abs()).collect();
    let most = quantities.iter().copied().fold(0.0, f64::max);
    if most == 0.0 {
        // Nothing is counted in it: small, so that charges by count fit.
        return vec![(1e-9, 0.0)];
    }
    let perpetual = perpetual_fee(table, holdings);
    if let Some(lot) = exact_lot(&quantities) {
        return (1..=10_u32).map(|parts| (lot / f64::from(parts), 0.0)).collect();
    }
    let sizes = LOT_BITS
        .flat_map(|bits| (0..CANDIDATES).map(move |i| (1_u64 << bits) as f64 + f64::from(i)));
    let lots = sizes.map(|size| most / size);
    lots.map(|lot| (lot, counts_off(table, &options, perpetual, lot))).collect()
}

/// What an option is counted as: at least one lot.
fn lots_of(size: f64, lot: f64) -> f64 {
    (size / lot).round().max(1.0)
}

/// What charges by count are off by when options are counted in a lot.
fn counts_off(table: &RiskTable, options: &[&(usize, f64)], fee: f64, lot: f64) -> f64 {
    let (mut nets, mut gross) = (BTreeMap::new(), BTreeMap::new());
    for (row, quantity) in options {
        let RowKind::Option { group, strike_key } = table.rows[*row].kind else { continue };
        let counted = lots_of(quantity.abs(), lot).copysign(*quantity) * lot;
        let (net, counted_net) = nets.entry(strike_key).or_insert((0.0, 0.0));
        *net += quantity;
        *counted_net += counted;
        *gross.entry(group).or_insert(0.0) += counted.abs() - quantity.abs();
    }
    let naked: f64 = nets
        .values()
        .map(|(net, counted): &(f64, f64)| (-counted).max(0.0) - (-net).max(0.0))
        .sum();
    let fees: f64 = gross
        .iter()
        .map(|(group, off): (&usize, &f64)| off * table.groups[*group].confidence_charge.max(fee))
        .sum();
    let terms = &table.terms;
    let maintenance = naked * terms.naked_mm_charge;
    maintenance.abs().max((maintenance + naked * terms.naked_im_charge + fees).abs())
}

/// What options are charged at the least confident of the perpetuals held.
fn perpetual_fee(table: &RiskTable, holdings: &Holdings) -> f64 {
    let terms = &table.terms;
    let fee = |(row, _): &(usize, f64)| {
        let confidence = table.rows[*row].perpetual_confidence?;
        Some(terms.confidence_charge(confidence, terms.conf_threshold, terms.spot))
    };
    holdings.quantities().iter().filter_map(fee).fold(0.0, f64::max)
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
