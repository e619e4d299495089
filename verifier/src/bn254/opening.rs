//! The opening argument (SHPLONK, Boneh-Drake-Fisch-Gabizon 2020): every
//! polynomial opened where it is used, by one pairing equation.
//!
//! Polynomials opened in the same rows form a set. Which those are depends on
//! the constraint system alone, so it is found once for a key.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use ark_bn254::{Fr, G1Affine};
use ark_ff::{Field as _, One as _, Zero as _, batch_inversion};

use super::layout::Layout;
use super::reading::Reading;
use super::system::System;

/// Whose polynomial is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A point of the proof.
    Proof(usize),
    /// A commitment of the key: fixed columns, then permutation columns.
    Key(usize),
    /// The quotient, put together from its pieces.
    Quotient,
}

/// A polynomial of a set.
#[derive(Clone, Debug)]
pub struct Member {
    /// Whose commitment.
    pub source: Source,
    /// Indices of its openings, in the order of the set's rows. The quotient's
    /// is the one after the proof's own.
    pub openings: Vec<usize>,
}

/// Polynomials opened in the same rows.
#[derive(Clone, Debug)]
pub struct Set {
    /// Indices of rotations, ascending.
    pub rows: Vec<usize>,
    /// The polynomials, in the order in which they are combined.
    pub members: Vec<Member>,
}

/// What is opened where.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where anything is opened, in rows ahead, ascending.
    pub rotations: Vec<i32>,
    /// The sets, in the order in which they are combined.
    pub sets: Vec<Set>,
}

/// The pairing equation of one proof, `e(left, tau G2) = e(right, G2)`, its
/// right side not yet summed.
pub(super) struct Equation {
    pub(super) left: G1Affine,
    /// The proof's own points with their factors.
    pub(super) own: Vec<(G1Affine, Fr)>,
    /// Factors of the key's commitments.
    pub(super) key: Vec<Fr>,
    /// The generator's.
    pub(super) generator: Fr,
}

impl Plan {
    /// The plan of a circuit.
    pub fn new(system: &System, layout: &Layout) -> Self {
        // By polynomial in the order of its first query, as the prover does.
        let mut polynomials: Vec<(Source, BTreeMap<i32, usize>)> = Vec::new();
        queries(system, layout, &mut |source, rotation, opening| match polynomials
            .iter_mut()
            .find(|(known, _)| *known == source)
        {
            Some((_, openings)) => {
                openings.insert(rotation, opening);
            }
            None => polynomials.push((source, BTreeMap::from([(rotation, opening)]))),
        });
        let mut rotations: Vec<i32> =
            polynomials.iter().flat_map(|(_, openings)| openings.keys().copied()).collect();
        rotations.sort_unstable();
        rotations.dedup();
        let mut sets: Vec<Set> = Vec::new();
        for (source, openings) in polynomials {
            let row = |rotation: &i32| rotations.binary_search(rotation).unwrap_or_default();
            let rows: Vec<usize> = openings.keys().map(row).collect();
            let member = Member { source, openings: openings.into_values().collect() };
            match sets.iter_mut().find(|set| set.rows == rows) {
                Some(set) => set.members.push(member),
                None => sets.push(Set { rows, members: Vec::from([member]) }),
            }
        }
        Self { rotations, sets }
    }

    /// The equation that a proof's openings come to, with the value that the
    /// quotient must have. `None` when a challenge hits one of the opened
    /// points, which no honest one does.
    pub(super) fn equation(
        &self,
        layout: &Layout,
        reading: &Reading,
        root: Fr,
        x_n: Fr,
        quotient: Fr,
    ) -> Option<Equation> {
        let opening = &reading.opening;
        let x = reading.argument.x;
        let points: Vec<Fr> =
            self.rotations.iter().map(|rotation| x * rotate(root, *rotation)).collect();
        let differences: Vec<Fr> = points.iter().map(|point| opening.u - point).collect();
        let sets = self.weights(&points, &differences)?;

        let mut all = Collected {
            equation: Equation {
                left: opening.second,
                own: Vec::with_capacity(layout.quotient.end + 2),
                key: Vec::new(),
                generator: Fr::zero(),
            },
            layout,
            points: &reading.points,
            x_n,
        };
        let opened = |index: usize| reading.scalars.get(index).copied().unwrap_or(quotient);
        let mut of_set = Fr::one();
        for (set, weights) in self.sets.iter().zip(&sets) {
            let mut factor = of_set * weights.outside;
            for member in &set.members {
                let value: Fr = (member.openings.iter().zip(&weights.rows))
                    .map(|(index, weight)| opened(*index) * weight)
                    .sum();
                all.equation.generator -= factor * value;
                all.add(member.source, factor);
                factor *= opening.mu;
            }
            of_set *= opening.nu;
        }
        let first_set = sets.first()?;
        all.equation.own.push((opening.first, -first_set.inside));
        all.equation.own.push((opening.second, opening.u));
        Some(all.equation)
    }

    /// For each set: what interpolates its openings at `u`, and the vanishing
    /// polynomials there.
    fn weights(&self, points: &[Fr], differences: &[Fr]) -> Option<Vec<Weights>> {
        // First all that must be inverted, then once for all.
        let mut inverses = differences.to_vec();
        for set in &self.sets {
            for row in &set.rows {
                let others = set.rows.iter().filter(|other| *other != row);
                inverses.push(others.map(|other| points[*row] - points[*other]).product());
            }
        }
        if inverses.iter().any(|value| value.is_zero()) {
            return None;
        }
        batch_inversion(&mut inverses);
        let (of_differences, mut rest) = inverses.split_at(differences.len());
        let all: Fr = differences.iter().product();
        let mut sets = Vec::with_capacity(self.sets.len());
        for set in &self.sets {
            let (own, others) = rest.split_at(set.rows.len());
            rest = others;
            let inside: Fr = set.rows.iter().map(|row| differences[*row]).product();
            let outside: Fr = set.rows.iter().map(|row| of_differences[*row]).product();
            let rows = set.rows.iter().zip(own);
            let rows = rows.map(|(row, own)| inside * of_differences[*row] * own).collect();
            sets.push(Weights { rows, inside, outside: all * outside });
        }
        // Normalised by the first set, which so costs its members no factor.
        let first = sets.first()?.outside.inverse()?;
        sets.iter_mut().for_each(|set| set.outside *= first);
        Some(sets)
    }
}

struct Weights {
    /// Lagrange polynomials over the set's points, at `u`.
    rows: Vec<Fr>,
    /// The polynomial that vanishes on the set's points, at `u`.
    inside: Fr,
    /// The one that vanishes on all others, by that of the first set.
    outside: Fr,
}

/// An equation in the making.
struct Collected<'a> {
    equation: Equation,
    layout: &'a Layout,
    points: &'a [G1Affine],
    x_n: Fr,
}

impl Collected<'_> {
    fn add(&mut self, source: Source, factor: Fr) {
        match source {
            Source::Proof(index) => self.equation.own.push((self.points[index], factor)),
            Source::Key(index) => {
                let factors = &mut self.equation.key;
                factors.resize(factors.len().max(index + 1), Fr::zero());
                factors[index] += factor;
            }
            Source::Quotient => {
                let mut factor = factor;
                for piece in &self.points[self.layout.quotient.clone()] {
                    self.equation.own.push((*piece, factor));
                    factor *= self.x_n;
                }
            }
        }
    }
}

/// `root` to a rotation.
pub fn rotate(root: Fr, rotation: i32) -> Fr {
    let power = root.pow([u64::from(rotation.unsigned_abs())]);
    match rotation < 0 {
        true => power.inverse().unwrap_or_default(),
        false => power,
    }
}

/// All openings of a proof in the order in which the prover combines them.
fn queries(system: &System, layout: &Layout, open: &mut impl FnMut(Source, i32, usize)) {
    for (query, opening) in system.advice_queries.iter().zip(layout.advice_scalars.clone()) {
        let source = Source::Proof(layout.advice.start + usize::from(query.column));
        open(source, query.rotation.into(), opening);
    }
    for (index, point) in layout.products.clone().enumerate() {
        let product = layout.product(index);
        open(Source::Proof(point), 0, product.here);
        open(Source::Proof(point), 1, product.next);
    }
    for (index, point) in layout.products.clone().enumerate().rev().skip(1) {
        open(Source::Proof(point), system.last_rotation(), layout.product(index).last);
    }
    for index in 0..system.lookups.len() {
        let at = layout.lookup(index);
        let product = Source::Proof(layout.lookup_products.start + index);
        let input = Source::Proof(layout.permuted.start + 2 * index);
        let table = Source::Proof(layout.permuted.start + 2 * index + 1);
        open(product, 0, at.product);
        open(input, 0, at.input);
        open(table, 0, at.table);
        open(input, -1, at.input_before);
        open(product, 1, at.product_next);
    }
    for (query, opening) in system.fixed_queries.iter().zip(layout.fixed_scalars.clone()) {
        open(Source::Key(query.column.into()), query.rotation.into(), opening);
    }
    for (index, opening) in layout.permutation_scalars.clone().enumerate() {
        open(Source::Key(system.fixed_columns + index), 0, opening);
    }
    open(Source::Quotient, 0, layout.scalars);
    open(Source::Proof(layout.random), 0, layout.random_scalar);
}
