//! Every advice cell the circuit assigns is constrained: one is added to it
//! and to it alone, and the circuit must reject.
//!
//! By default the middle cell of each class runs, a class being a region's and
//! a cell's name without numbers. `ZKMARGIN_TAMPER_ALL=1` runs every cell (an
//! hour or more).

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::mock::{Delta, Gadgets, advice_cells, tamper};
use common::scenario::ScenarioMarket;
use common::*;
use halo2_proofs::arithmetic::VartimeField;
use pasta_curves::Fp;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;

/// The names without numbers.
fn class((region, cell): &(String, String)) -> (String, String) {
    let strip = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "");
    (strip(region), strip(cell))
}

#[test]
fn every_cell_is_constrained_in_the_wide_layout() {
    standard_cells_are_constrained::<Fp>();
}

#[test]
fn every_cell_is_constrained_in_the_tall_layout() {
    standard_cells_are_constrained::<Bn254Fr>();
}

/// The gadgets are laid out by the same code in both families, so one layout
/// is enough.
#[test]
fn every_cell_of_the_scenario_family_is_constrained() {
    let case = ScenarioMarket::new().case(&scenario::healthy(), at_least(Level::Initial), 0);
    let k = scenario::k::<Fp>(case.shape);
    every_cell_is_constrained(k, &case.circuit(), case.public_rows());
}

fn standard_cells_are_constrained<F: MarginField + VartimeField>() {
    let case = Market::<F>::over_field().case(&healthy(), at_least(Level::Initial), 0);
    every_cell_is_constrained(k::<F>(case.shape), &case.circuit(), case.public_rows());
}

fn every_cell_is_constrained<F: MarginField + VartimeField, C: Gadgets<F>>(
    k: u32,
    circuit: &C,
    rows: Vec<F>,
) {
    let cells = advice_cells(k, circuit, rows.clone());

    let mut chosen = BTreeSet::new();
    if std::env::var_os("ZKMARGIN_TAMPER_ALL").is_some() {
        chosen.extend(0..cells.len());
    } else {
        let mut classes: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (index, cell) in cells.iter().enumerate() {
            classes.entry(class(cell)).or_default().push(index);
        }
        for members in classes.values() {
            chosen.insert(members[members.len() / 2]);
        }
    }

    let accepted: Vec<_> = chosen
        .into_iter()
        .filter(|index| {
            let delta = if index % 2 == 0 { Delta::PlusOne } else { Delta::MinusOne };
            tamper(k, circuit, rows.clone(), *index, delta).is_empty()
        })
        .map(|index| &cells[index])
        .collect();
    assert!(accepted.is_empty(), "changed without notice: {accepted:?}");
}
