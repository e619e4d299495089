//! How markets of the scenario family are made.

use std::borrow::Cow;

use rayon::prelude::*;
use rust_decimal::Decimal;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::Epoch;
use zkmargin_margin::market::{MARKET_DEPTH, MarketHeader, snapshot_leaf};
use zkmargin_margin::merkle::Tree;
use zkmargin_margin::poseidon::{Domain, hash};
use zkmargin_margin::scenario::{FACTOR_ONE, MarketTerms, ScenarioRow, ScenarioTerms, Underlying};
use zkmargin_margin::units::Denominator;

use super::{Listing, Market, Part, calibration};
use crate::market::scenario::marks::Marks;
use crate::market::{MAX_ROWS, MarketError};
use crate::scenario::error::{Problem, ScenarioError, counted};
use crate::scenario::integer::check_all;
use crate::scenario::table::{RiskRow, RowKind};
use crate::scenario::{IntegerTable, Place, RiskTable, ScenarioModel, ScenarioSnapshot};

/// What headers of the family state.
const DENOMINATOR: Denominator = match Denominator::new(FACTOR_ONE) {
    Ok(denominator) => denominator,
    Err(_) => panic!("not zero"),
};

impl<F: MarginField> Market<F> {
    /// Makes the risk tables in integers and their tree, on all cores.
    ///
    /// # Errors
    /// When nothing is listed, set and snapshot are not of as many underlyings, a
    /// collateral has no rule, a symbol breaks the rules of
    /// [`check_ids`](crate::scenario::integer::check_ids), a value does not fit a row,
    /// levels could cross ([`IntegerTable::check_levels`]), or the rows exceed
    /// [`MAX_ROWS`].
    pub fn build(
        model: &ScenarioModel,
        snapshot: &ScenarioSnapshot,
        epoch: Epoch,
    ) -> Result<Self, MarketError> {
        let spec = snapshot.spec();
        let also = second(model, snapshot)?;
        let mut made: Vec<Made> = Vec::new();
        let markets: Vec<_> = [snapshot].into_iter().chain(&also).collect();
        check_all(&markets.iter().map(|one| &one.spec().market).collect::<Vec<_>>())?;
        let numbered: Cow<'_, ScenarioModel> = calibration::model_of(model, snapshot, epoch)?;
        let second = numbered.second();
        for (index, (model, snapshot)) in
            [&*numbered].into_iter().chain(&second).zip(&markets).enumerate()
        {
            let underlying = if index == 0 { Underlying::FIRST } else { Underlying::SECOND };
            let expiries_before = made.iter().map(|made| made.part.table.groups.len()).sum();
            let rows_before = made.iter().map(|made| made.part.table.rows.len()).sum();
            let place = Place { underlying, expiries_before };
            let made_here = Made::new(model, snapshot, (place, rows_before));
            made.push(match index {
                0 => made_here?,
                _ => made_here.map_err(of_second)?,
            });
        }
        let bound: Option<F> = snapshot.digest().map(snapshot_leaf);
        let rows: Vec<ScenarioRow> = made.iter().flat_map(|made| made.rows.clone()).collect();
        let per_row = if model.spec().states_marks { 2 } else { 1 };
        let most = (MAX_ROWS - usize::from(bound.is_some())) / per_row;
        counted("market.instruments", rows.len(), 1..=most)?;
        let mut leaves: Vec<F> = rows.par_iter().map(ScenarioRow::leaf).collect();
        // Two underlyings state none.
        let marks = match model.spec().states_marks {
            true => made[0].marks(model, snapshot)?,
            false => Vec::new(),
        };
        if !marks.is_empty() {
            let stated: Vec<F> = marks.par_iter().map(Marks::leaf).collect();
            leaves = leaves.into_iter().zip(stated).flat_map(|(row, marks)| [row, marks]).collect();
        }
        leaves.extend(bound);
        let tree = Tree::build_with(Domain::MarketNode, MARKET_DEPTH, leaves, |groups| {
            groups.par_iter().map(|group| hash(Domain::MarketNode, *group)).collect()
        })
        .map_err(|_| MarketError::TooManyRows { rows: rows.len() })?;
        let path = tree.path(0).map_err(|_| MarketError::NoSuchRow(0))?;
        let terms =
            MarketTerms { first: made[0].terms, second: made.get(1).map(|made| made.terms) };
        let header = MarketHeader {
            tree_root: tree.root(),
            model: model.digest(),
            epoch,
            timestamp: spec.timestamp,
            denominator: DENOMINATOR,
            terms: terms.digest(),
        };
        let listings =
            made.iter().zip(&markets).flat_map(|(made, snapshot)| made.listings(snapshot));
        let listings = listings.map(|listing| (listing.id(), listing)).collect();
        let padding = (rows[0], path);
        let quote_decimals = spec.quote_decimals;
        let parts = made.into_iter().map(|made| made.part).collect();
        Ok(Self { header, tree, parts, terms, rows, listings, padding, quote_decimals, marks })
    }
}

/// The market of the second underlying: the set is of both too, or of neither.
fn second(
    model: &ScenarioModel,
    snapshot: &ScenarioSnapshot,
) -> Result<Option<ScenarioSnapshot>, ScenarioError> {
    match (&model.spec().second, snapshot.second()) {
        (None, None) => Ok(None),
        (Some(_), Some(snapshot)) => Ok(Some(snapshot)),
        (Some(_), None) => Err(ScenarioError::at("second", Problem::SecondMissing)),
        (None, Some(_)) => Err(ScenarioError::at("second", Problem::SecondUnknown)),
    }
}

/// The error of a second underlying, with its place.
fn of_second(error: MarketError) -> MarketError {
    match error {
        MarketError::Scenario(error) => MarketError::Scenario(error.within("second")),
        other => other,
    }
}

/// The rows of an underlying, and what they are made with.
struct Made {
    part: Part,
    terms: ScenarioTerms,
    rows: Vec<ScenarioRow>,
}

impl Made {
    /// Of a set whose numbers are an epoch's.
    fn new(
        model: &ScenarioModel,
        snapshot: &ScenarioSnapshot,
        (place, rows_before): (Place, usize),
    ) -> Result<Self, MarketError> {
        let spec = snapshot.spec();
        check_currency(model, snapshot)?;
        let table = RiskTable::new(model, &spec.market)?;
        let lot = |row: &RiskRow| number(lot_size(snapshot, row));
        let of_lots = (spec.quote_decimals, number(spec.lots.options));
        let integers = IntegerTable::at(place, &table, of_lots, lot)?;
        integers.check_levels(&table)?;
        let underlying = spec.market.spec().underlying.clone();
        let part = Part { underlying, model: model.clone(), table, rows_before };
        Ok(Self { part, terms: integers.terms, rows: integers.rows })
    }

    fn listings(&self, snapshot: &ScenarioSnapshot) -> Vec<Listing> {
        let rows = self.part.table.rows.iter().zip(self.part.rows_before..);
        let listing = |(named, row): (&RiskRow, usize)| Listing {
            symbol: named.symbol.clone(),
            row,
            lot_size: lot_size(snapshot, named),
        };
        rows.map(listing).collect()
    }

    /// What the rows are made of, of a set as it is published.
    fn marks(
        &self,
        model: &ScenarioModel,
        snapshot: &ScenarioSnapshot,
    ) -> Result<Vec<Marks>, MarketError> {
        let lot = |row: &RiskRow| number(lot_size(snapshot, row));
        marks((model, &self.part.model), snapshot, &self.part.table, lot)
    }
}

fn lot_size(snapshot: &ScenarioSnapshot, row: &RiskRow) -> Decimal {
    match row.kind {
        RowKind::Option { .. } => snapshot.spec().lots.options,
        _ => snapshot.linear_lot(&row.symbol),
    }
}

/// A market whose margin is in coins is quoted in them.
fn check_currency(model: &ScenarioModel, snapshot: &ScenarioSnapshot) -> Result<(), ScenarioError> {
    let spec = snapshot.spec();
    let (expected, found) = (&spec.market.spec().underlying, &spec.quote);
    if !model.spec().in_coins || expected == found {
        return Ok(());
    }
    let problem = Problem::QuoteIsCoins { expected: expected.clone(), found: found.clone() };
    Err(ScenarioError::at("quote", problem))
}

/// What rows are made of.
fn marks(
    models: (&ScenarioModel, &ScenarioModel),
    snapshot: &ScenarioSnapshot,
    table: &RiskTable,
    lot: impl Fn(&RiskRow) -> f64,
) -> Result<Vec<Marks>, MarketError> {
    let spec = snapshot.spec();
    // Exact up to 10^22, as the table has it.
    let unit = (0..spec.quote_decimals).fold(1.0, |unit, _| unit * 10.0);
    let of = |row: &RiskRow| {
        let missing = || ScenarioError::at(row.symbol.to_string(), Problem::NotListed);
        let marks = Marks::new(models, &spec.market, &row.symbol, lot(row) * unit);
        marks.ok_or_else(|| missing().into())
    };
    table.rows.iter().map(of).collect()
}

/// The nearest number in floating point: every decimal has one.
fn number(lot: Decimal) -> f64 {
    lot.to_string().parse().unwrap_or(f64::NAN)
}
