//! What a circuit takes.

mod keys;
mod rows;

pub use keys::key_bytes;
pub use rows::{Part, Rows, Summary, rows_by_part};

use halo2_proofs::dev::CircuitCost;
use pasta_curves::{Fp, vesta};
use zkmargin_margin::shape::Shape;

use crate::family::FamilyCircuit;

/// The cost of a shape of a family: under the transparent proof system by
/// [`Cost::measure`], under the on-chain one by [`kzg::cost`](crate::kzg::cost).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// The shape.
    pub shape: Shape,
    /// Positions it holds.
    pub positions: usize,
    /// `log2` of the rows.
    pub k: u32,
    /// Rows in use, of `2^k` less the few that blind the columns.
    pub rows: usize,
    /// Advice columns.
    pub advice_columns: usize,
    /// Fixed columns, with those the selectors are folded into.
    pub fixed_columns: usize,
    /// Columns in the permutation argument.
    pub permutation_columns: usize,
    /// Lookup arguments.
    pub lookups: usize,
    /// Largest degree of a constraint.
    pub degree: usize,
    /// Bytes of a proof.
    pub proof_size: usize,
}

impl Cost {
    /// Measures a shape, by laying it out.
    pub fn measure<C: FamilyCircuit<Fp>>(shape: Shape) -> Self {
        let cost = CircuitCost::<vesta::Point, _>::measure(C::k(shape), C::blank(shape).laid());
        let debug = format!("{cost:?}");
        Self {
            shape,
            positions: C::positions(shape),
            k: C::k(shape),
            rows: field(&debug, "max_rows"),
            advice_columns: field(&debug, "num_advice_columns"),
            fixed_columns: field(&debug, "num_fixed_columns"),
            permutation_columns: field(&debug, "permutation_cols"),
            lookups: field(&debug, "lookups"),
            degree: field(&debug, "max_deg"),
            proof_size: usize::from(cost.proof_size(1)),
        }
    }
}

/// A number in [`CircuitCost`]'s debug form, its only way to read one; zero
/// when there is none of this name.
fn field(debug: &str, name: &str) -> usize {
    debug
        .split_once(&format!(" {name}: "))
        .and_then(|(_, rest)| rest.split(|c: char| !c.is_ascii_digit()).next())
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
#[path = "../../tests/common/golden.rs"]
mod golden;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::ScenarioCircuit;
    use crate::standard::StandardCircuit;

    /// The costs are golden: a change is a change of circuit, to be made with
    /// a reason and noted in the changelog under **Circuit**.
    #[test]
    fn costs_are_golden() {
        costs::<StandardCircuit<Fp>>("cost.txt");
        costs::<ScenarioCircuit<Fp>>("cost-scenario.txt");
    }

    /// Rows by part: as golden, and all rows of the busiest gadget.
    #[test]
    fn rows_are_golden() {
        let mut text = String::new();
        for shape in Shape::ALL {
            let parts = rows_by_part::<Fp, ScenarioCircuit<Fp>>(shape).unwrap();
            let mut all = Rows::default();
            for (name, Part { count, rows }) in &parts {
                all += *rows;
                text.push_str(&format!("{shape} {name} x {count}: {rows:?}\n"));
            }
            let busiest = all.hash.max(all.arithmetic).max(all.range);
            assert_eq!(busiest, Cost::measure::<ScenarioCircuit<Fp>>(shape).rows);
        }
        assert_golden("rows-scenario.txt", &text);
    }

    fn costs<C: FamilyCircuit<Fp>>(name: &str) {
        let cost = |shape: &Shape| Cost::measure::<C>(*shape);
        let costs: String = Shape::ALL.iter().map(|shape| format!("{:?}\n", cost(shape))).collect();
        assert_golden(name, &costs);
    }

    fn assert_golden(name: &str, text: &str) {
        let path = format!("{}/golden/{name}", env!("CARGO_MANIFEST_DIR"));
        golden::assert_golden(&path, text);
    }
}
