//! The oracles: the key that the back end makes is compared, part by part,
//! with what the front end says; and shapes broken on purpose are caught.

use std::collections::BTreeMap;
use std::sync::Arc;

use ff::Field as _;
use halo2_axiom::SerdeFormat;
use halo2_axiom::halo2curves::bn256::{Bn256, Fr, G1Affine};
use halo2_axiom::halo2curves::ff::{Field, PrimeField};
use halo2_axiom::halo2curves::group::Curve;
use halo2_axiom::plonk::{ProvingKey, keygen_pk, keygen_vk};
use halo2_axiom::poly::commitment::{Blind, Params};
use halo2_axiom::poly::kzg::commitment::ParamsKZG;
use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::plonk::{
    Advice, Circuit, Column, ConstraintSystem, Error, Fixed, FloorPlanner, Selector,
};
use halo2_proofs::poly::Rotation;
use rand08::SeedableRng;
use rand08::rngs::StdRng;
use zkmargin_margin::shape::Shape;

use super::pinned::{System, read};
use super::recorder::Layout;
use super::shape::{CellRef, ColumnKind, Expression, Query};
use super::*;
use crate::cost::key_bytes;
use crate::family::FamilyCircuit;
use crate::gadgets::layout::Wide;
use crate::kzg;
use crate::lowering::backend::{BackendCircuit, BackendError, to_axiom};
use crate::scenario::ScenarioCircuit;
use crate::standard::{StandardCircuit, StandardFigures};
use crate::statement::escrow::EscrowCircuit;

fn params(k: u32) -> ParamsKZG<Bn256> {
    // Insecure: tests only.
    ParamsKZG::setup(k, StdRng::seed_from_u64(1))
}

/// The front end's own account of a circuit, read afresh.
struct Truth {
    system: System,
    layout: Layout,
}

fn truth<C: Circuit<Bn254Fr>>(k: u32, circuit: &C) -> Truth {
    let mut meta = ConstraintSystem::default();
    let config = C::configure(&mut meta);
    let system = read(&format!("{:?}", meta.pinned())).unwrap();
    let columns = Columns::new(&system.columns);
    let constants = system.constants.iter().map(|index| columns.fixed(*index)).collect();
    let usable = usable_rows(k, meta.blinding_factors());
    let mut recorder = Recorder::for_keys(&columns, 1 << k, usable);
    C::FloorPlanner::synthesize(&mut recorder, circuit, config, constants).unwrap();
    Truth { system, layout: recorder.into_layout() }
}

/// The system with its selectors as the fixed columns they become.
fn without_selectors(mut system: System) -> System {
    system.columns.fixed += system.columns.selectors;
    system.columns.selectors = 0;
    // The back end has no use for a column of constants.
    system.constants.clear();
    system
}

/// What in a proving key differs from the front end's account: of a shape that
/// [`polynomials_differ`] holds to it, and of the copies.
fn differences(
    truth: &Truth,
    shape: &LoweredShape,
    params: &ParamsKZG<Bn256>,
    key: &ProvingKey<G1Affine>,
) -> Vec<&'static str> {
    let verifying = key.get_vk();
    let mut differences = Vec::new();
    let built = read(&format!("{:?}", verifying.cs().pinned()));
    let built = built.map(|system| System { constants: Vec::new(), ..system });
    if built != Ok(without_selectors(shape.system().clone())) {
        differences.push("constraint system");
    }
    let domain = verifying.get_domain();
    let commitments: Vec<G1Affine> = shape
        .fixed()
        .iter()
        .map(|column| {
            let cells = column.iter().map(to_axiom).collect();
            let polynomial = domain.lagrange_from_vec(cells);
            params.commit_lagrange(&polynomial, Blind::default()).to_affine()
        })
        .collect();
    if &commitments != verifying.fixed_commitments() {
        differences.push("fixed columns");
    }
    if cycles_of_key(key, domain.get_omega()) != cycles_of_copies(truth, 1 << params.k()) {
        differences.push("copies");
    }
    differences
}

/// The cells that an expression reads: fixed ones, and advice and public inputs that are
/// the same for the same cell, but no others.
struct Cells<'a> {
    system: &'a System,
    fixed: &'a [Vec<Bn254Fr>],
}

impl Cells<'_> {
    fn value(&self, of: &Expression, row: usize) -> Bn254Fr {
        let value = |of| self.value(of, row);
        let rows = self.fixed[0].len();
        let place = |query: &Query| {
            let by = query.rotation.rem_euclid(i32::try_from(rows).unwrap());
            (query.column, (row + usize::try_from(by).unwrap()) % rows)
        };
        let random = |kind: u64, (column, row): (usize, usize)| {
            let seed = Bn254Fr::from(kind << 60 | (column as u64) << 32 | row as u64 | 1 << 31);
            seed.square().square() * seed + Bn254Fr::from(5)
        };
        match of {
            Expression::Constant(element) => *element,
            Expression::Advice(query) => random(1, place(&self.system.advice_queries[*query])),
            Expression::Instance(query) => random(2, place(&self.system.instance_queries[*query])),
            Expression::Fixed(query) => {
                let (column, row) = place(&self.system.fixed_queries[*query]);
                self.fixed[column][row]
            }
            Expression::Negated(inner) => -value(inner),
            Expression::Sum(left, right) => value(left) + value(right),
            Expression::Product(left, right) => value(left) * value(right),
            Expression::Scaled(inner, factor) => value(inner) * *factor,
        }
    }

    /// Polynomials, then inputs and tables of the lookups.
    fn values(&self, row: usize) -> Vec<Bn254Fr> {
        let lookups = self.system.lookups.iter().flatten();
        let looked_up = lookups.flat_map(|(input, table)| [input, table]);
        self.system.gates.iter().chain(looked_up).map(|of| self.value(of, row)).collect()
    }
}

/// The first row where a polynomial or a lookup of a shape has another value than the
/// front end's, for the same random cells.
fn polynomials_differ(truth: &Truth, shape: &LoweredShape) -> Option<usize> {
    let own = Cells { system: &truth.system, fixed: &truth.layout.fixed };
    let lowered = Cells { system: shape.system(), fixed: shape.fixed() };
    (0..1 << shape.k()).find(|row| own.values(*row) != lowered.values(*row))
}

/// Each cell of the permutation with the least cell of its cycle, from the
/// permutation polynomials of a key.
fn cycles_of_key(key: &ProvingKey<G1Affine>, omega: Fr) -> Vec<usize> {
    let columns = key.permutation().permutations();
    let rows = columns.first().map_or(0, |column| column.len());
    let mut cell_of = BTreeMap::new();
    let mut delta = Fr::ONE;
    for column in 0..columns.len() {
        let mut element = delta;
        for row in 0..rows {
            cell_of.insert(element.to_repr(), column * rows + row);
            element *= omega;
        }
        delta *= Fr::DELTA;
    }
    let next: Vec<usize> = columns
        .iter()
        .flat_map(|column| column.iter().map(|element| cell_of[&element.to_repr()]))
        .collect();
    let mut least = vec![usize::MAX; next.len()];
    for start in 0..next.len() {
        let mut cell = start;
        while least[cell] == usize::MAX {
            least[cell] = start;
            cell = next[cell];
        }
    }
    least
}

/// The same from the copies, by union of sets.
fn cycles_of_copies(truth: &Truth, rows: usize) -> Vec<usize> {
    let columns = &truth.system.permutation;
    let cell = |cell: &CellRef| {
        columns.iter().position(|column| *column == cell.column).unwrap() * rows + cell.row
    };
    fn root(parents: &mut [usize], mut cell: usize) -> usize {
        while parents[cell] != cell {
            parents[cell] = parents[parents[cell]];
            cell = parents[cell];
        }
        cell
    }
    let mut parents: Vec<usize> = (0..columns.len() * rows).collect();
    for (left, right) in &truth.layout.copies {
        let (left, right) = (root(&mut parents, cell(left)), root(&mut parents, cell(right)));
        // The least cell stays the root.
        parents[left.max(right)] = left.min(right);
    }
    (0..parents.len()).map(|cell| root(&mut parents, cell)).collect()
}

/// Rows of the smallest shape.
const K: u32 = 13;
/// A column of its that holds two columns of constants.
const FOLDED_COLUMN: usize = 1;

fn key_of(params: &ParamsKZG<Bn256>, shape: LoweredShape) -> ProvingKey<G1Affine> {
    let circuit = BackendCircuit::new(Arc::new(shape)).unwrap();
    keygen_pk(params, keygen_vk(params, &circuit).unwrap(), &circuit).unwrap()
}

/// Every circuit of this crate; the smallest shape shows the thing, the others
/// differ in the number of slots only.
#[test]
fn keys_are_those_of_the_front_end() {
    assert_key_is_the_front_ends::<StandardCircuit<Bn254Fr>>();
    assert_key_is_the_front_ends::<StandardCircuit<Bn254Fr, Wide>>();
    assert_key_is_the_front_ends::<ScenarioCircuit<Bn254Fr>>();
    assert_key_is_the_front_ends::<ScenarioCircuit<Bn254Fr, Wide>>();
    assert_key_is_the_front_ends::<EscrowCircuit<Bn254Fr, StandardFigures<Bn254Fr>>>();
}

/// Of a tall shape three pairs of columns become one each, of a wide one none.
#[test]
fn columns_are_folded_in_pairs() {
    let columns = |k, truth: Truth, shape: LoweredShape| {
        let queries = &shape.system().fixed_queries;
        assert_eq!(queries.len(), truth.system.fixed_queries.len());
        let next = queries.iter().filter(|query| query.rotation == 1).count();
        let usable = usable_rows(k, shape.blinding_factors());
        assert!(
            shape.fixed().iter().all(|column| column[usable..] == truth.layout.fixed[0][usable..])
        );
        (truth.layout.fixed.len(), shape.fixed().len(), next)
    };
    let tall = StandardCircuit::<Bn254Fr>::blank(Shape::Small);
    assert_eq!(columns(K, truth(K, &tall), lower(K, &tall).unwrap()), (11, 8, 3));
    let (k, wide) = (K - 1, StandardCircuit::<Bn254Fr, Wide>::blank(Shape::Small));
    assert_eq!(columns(k, truth(k, &wide), lower(k, &wide).unwrap()), (14, 14, 0));
}

fn assert_key_is_the_front_ends<C: FamilyCircuit<Bn254Fr>>() {
    let (k, circuit) = (C::k(Shape::Small), &C::blank(Shape::Small));
    let params = params(k);
    let truth = truth(k, circuit);
    let shape = lower(k, circuit).unwrap();
    assert_eq!(polynomials_differ(&truth, &shape), None);
    let key = key_of(&params, shape.clone());
    assert_eq!(differences(&truth, &shape, &params, &key), [""; 0]);
    let cost = kzg::cost::<C>(Shape::Small).unwrap();
    assert_eq!(key_bytes(&cost), key.to_bytes(SerdeFormat::RawBytes).len());
}

#[test]
fn broken_shapes_are_caught() {
    let circuit = StandardCircuit::<Bn254Fr>::blank(Shape::Small);
    let params = params(K);
    let truth = truth(K, &circuit);
    let shape = lower(K, &circuit).unwrap();
    type Break = fn(&mut LoweredShape);
    let breaks: [(&str, &str, Break); 9] = [
        ("a gate dropped", "constraint system", |s| drop(s.parts_mut().0.gates.pop())),
        ("a gate made constant", "constraint system", |s| {
            s.parts_mut().0.gates[3] = shape::Expression::Constant(Bn254Fr::ZERO);
        }),
        ("a rotation changed", "constraint system", |s| {
            let queries = &mut s.parts_mut().0.advice_queries;
            let next = queries.iter().position(|query| query.rotation == 1).unwrap();
            let column = queries[next].column;
            queries[next] = Query { column, rotation: -1 };
        }),
        ("a query of another column", "constraint system", |s| {
            s.parts_mut().0.advice_queries.swap(0, 1);
        }),
        ("a column left out of the permutation's end", "constraint system", |s| {
            let (system, _, copies) = s.parts_mut();
            let dropped = system.permutation.pop().unwrap();
            copies.retain(|(a, b)| a.column != dropped && b.column != dropped);
        }),
        ("a selector off", "fixed columns", |s| {
            let selector = s.columns().fixed;
            let column = &mut s.parts_mut().1[selector];
            let on = column.iter().position(|cell| *cell == Bn254Fr::ONE).unwrap();
            column[on] = Bn254Fr::ZERO;
        }),
        ("a round constant changed", "fixed columns", |s| {
            let column = &mut s.parts_mut().1[FOLDED_COLUMN];
            let constant = column.iter_mut().find(|cell| **cell != Bn254Fr::ZERO).unwrap();
            *constant += Bn254Fr::ONE;
        }),
        ("a copy dropped", "copies", |s| {
            let copies = s.parts_mut().2;
            copies.truncate(copies.len() - 1);
        }),
        ("a copy of another row", "copies", |s| {
            let copies = s.parts_mut().2;
            let copy = copies.iter_mut().find(|(_, b)| b.column.kind == ColumnKind::Advice);
            copy.unwrap().1.row += 1;
        }),
    ];
    let digest = shape.digest();
    for (name, part, apply) in breaks {
        let mut broken = shape.clone();
        apply(&mut broken);
        assert_ne!(broken.digest(), digest, "{name}");
        let is_of_copies = part == "copies" || name.contains("permutation");
        assert_eq!(polynomials_differ(&truth, &broken).is_some(), !is_of_copies, "{name}");
        let found = differences(&truth, &shape, &params, &key_of(&params, broken));
        assert!(found.contains(&part), "{name}: {found:?}");
    }
}

#[test]
fn cells_past_the_usable_rows_are_refused() {
    let circuit = StandardCircuit::<Bn254Fr>::blank(Shape::Small);
    let error = lower(K - 1, &circuit).unwrap_err();
    assert!(matches!(error, LowerError::Synthesis(_)));
}

#[test]
fn text_that_is_no_constraint_system_is_an_error() {
    for text in ["", "(", "System { gates: [", "System { gates }", "[1, 2]]", "A { a: B }"] {
        assert!(read::<Bn254Fr>(text).is_err(), "{text}");
    }
    let deep = "(".repeat(100_000);
    assert!(matches!(read::<Bn254Fr>(&deep), Err(pinned::PinnedError::Syntax(_))));
}

/// Three fixed columns, of which each row needs one, in turn; and a copy of the last row.
#[derive(Clone)]
struct Turns {
    rows: usize,
}

impl Turns {
    /// The rows of the smallest table.
    const K: u32 = 4;
    /// Five rows blind a column, and one more ends the products.
    const USABLE: usize = 16 - 5 - 1;

    /// The column that a row needs: the first column is free where the second would be
    /// folded into it and taken where the third would be.
    fn of(row: usize) -> usize {
        [1, 2, 0][row % 3]
    }
}

impl Circuit<Bn254Fr> for Turns {
    type Config = (Column<Advice>, [(Column<Fixed>, Selector); 3]);
    type FloorPlanner = SimpleFloorPlanner;

    fn without_witnesses(&self) -> Self {
        self.clone()
    }

    fn configure(meta: &mut ConstraintSystem<Bn254Fr>) -> Self::Config {
        let advice = meta.advice_column();
        meta.enable_equality(advice);
        let columns = std::array::from_fn(|_| (meta.fixed_column(), meta.selector()));
        for (fixed, selector) in columns {
            meta.create_gate("is the fixed cell", |meta| {
                let cell = meta.query_advice(advice, Rotation::cur());
                vec![meta.query_selector(selector) * (cell - meta.query_fixed(fixed))]
            });
        }
        (advice, columns)
    }

    fn synthesize(
        &self,
        (advice, columns): Self::Config,
        mut layouter: impl Layouter<Bn254Fr>,
    ) -> Result<(), Error> {
        layouter.assign_region(
            || "turns",
            |mut region| {
                let mut cells = Vec::new();
                for row in 0..self.rows {
                    let (fixed, selector) = columns[Self::of(row)];
                    let value = || Value::known(Bn254Fr::from(row as u64 + 1));
                    selector.enable(&mut region, row)?;
                    region.assign_fixed(|| "fixed", fixed, row, value)?;
                    cells.push(region.assign_advice(|| "cell", advice, row, value)?.cell());
                }
                region.constrain_equal(cells[0], cells[self.rows - 1])
            },
        )
    }
}

/// A circuit may fill every row that does not blind: no cell of the last one is lost, what
/// would be folded into the row after it is not folded, and a cell there is refused.
#[test]
fn every_usable_row_is_the_circuits_and_no_other() {
    let (k, params) = (Turns::K, params(Turns::K));
    // The second column goes into the first, or else the third into the second.
    for (rows, folded) in [(Turns::USABLE - 1, 1), (Turns::USABLE, 2)] {
        let circuit = Turns { rows };
        let (truth, shape) = (truth(k, &circuit), lower(k, &circuit).unwrap());
        assert_eq!(shape.rows(), rows);
        let queries = shape.system().fixed_queries.iter().enumerate();
        let next: Vec<_> = queries.filter(|(_, q)| q.rotation == 1).map(|(i, _)| i).collect();
        assert_eq!(next, [folded]);
        assert_eq!(polynomials_differ(&truth, &shape), None);
        let key = key_of(&params, shape.clone());
        assert_eq!(differences(&truth, &shape, &params, &key), [""; 0]);
    }
    assert!(lower(k, &Turns { rows: Turns::USABLE + 1 }).is_err());
}

/// What the back end would blind or raise otherwise is not built.
#[test]
fn another_constraint_system_is_not_built() {
    let shape = lower(Turns::K, &Turns { rows: Turns::USABLE }).unwrap();
    let built = |degree, blinding| {
        let (fixed, copies) = (shape.fixed().to_vec(), shape.copies().to_vec());
        let (system, layout) = (shape.system().clone(), Layout { fixed, copies });
        let shape = LoweredShape::new(shape.k(), degree, blinding, system, layout).unwrap();
        BackendCircuit::new(Arc::new(shape)).map(|_| ())
    };
    let (degree, blinding) = (shape.degree(), shape.blinding_factors());
    assert_eq!(built(degree, blinding), Ok(()));
    let (expected, got) = (blinding + 1, blinding);
    assert_eq!(built(degree, expected), Err(BackendError::BlindingFactors { expected, got }));
    let (expected, got) = (degree - 1, degree);
    assert_eq!(built(expected, blinding), Err(BackendError::Degree { expected, got }));
}
