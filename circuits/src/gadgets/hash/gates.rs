//! The gates of a permutation, see the [module](super).

use halo2_proofs::plonk::{
    Advice, Column, ConstraintSystem, Constraints, Expression, VirtualCells,
};
use halo2_proofs::poly::Rotation;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::poseidon::WIDTH;

use super::super::hook;
use super::{DIGEST, HashConfig};

type Matrix<F> = [[F; WIDTH]; WIDTH];

const SQUARES: [&str; WIDTH] = ["square 0", "square 1", "square 2", "square 3", "square 4"];
const LANES: [&str; WIDTH] = ["lane 0", "lane 1", "lane 2", "lane 3", "lane 4"];

impl<F: MarginField> HashConfig<F> {
    /// All gates, in the order of the constraint system's digest.
    pub(super) fn create_gates(&self, meta: &mut ConstraintSystem<F>) {
        self.full_gates(meta);
        self.partial_gate(meta);
        self.last_gate(meta);
        self.member_gate(meta);
        self.link_gate(meta);
    }

    fn full_gates(&self, meta: &mut ConstraintSystem<F>) {
        for (name, selector, first) in
            [("hash: first", self.q_first, true), ("hash: full", self.q_full, false)]
        {
            meta.create_gate(name, |meta| {
                let q = selector.query(meta);
                let x = self.sbox_inputs(meta, first);
                let w = self.query(meta, &self.aux, self.aux_row());
                let next = self.query(meta, &self.state, self.next_step());
                let output = through_inverse(&next);
                // Where the capacity has no square its fixed cell is the output itself.
                let is_power = |lane: usize| first && lane == DIGEST && self.link.is_some();
                let constraints = (0..WIDTH).flat_map(|i| {
                    if is_power(i) {
                        return vec![(LANES[i], x[i].clone() - output[i].clone())];
                    }
                    vec![
                        (SQUARES[i], x[i].clone().square() - w[i].clone()),
                        (LANES[i], w[i].clone().square() * x[i].clone() - output[i].clone()),
                    ]
                });
                Constraints::with_selector(q, constraints.collect::<Vec<_>>())
            });
        }
    }

    fn partial_gate(&self, meta: &mut ConstraintSystem<F>) {
        let mds = &F::poseidon().mds;
        meta.create_gate("hash: partial", |meta| {
            let q = self.q_partial.query(meta);
            let s = self.query(meta, &self.state, Rotation::cur());
            let next = self.query(meta, &self.state, self.next_step());
            let [w_a, p_a, w_b, p_b, w_c] = self.query(meta, &self.aux, self.aux_row());
            let [k_a, k_b, k_c] = [0, 1, 2].map(|i| meta.query_fixed(self.constants[i]));

            // Lane 0 before each S-box, the linear layers folded into one
            // coefficient per cell.
            let after_a = LinearLayer::new(mds);
            let after_b = after_a.then(mds);
            let tail = || s[1..].iter().cloned();
            let x_a = s[0].clone() + k_a;
            let x_b = after_a.lane(0, std::slice::from_ref(&p_a), tail()) + k_b;
            let x_c = after_b.lane(0, &[p_a.clone(), p_b.clone()], tail()) + k_c;
            let p_c = w_c.clone().square() * x_c.clone();

            let output = through_inverse(&next);
            let mut constraints = vec![
                ("square a", x_a.clone().square() - w_a.clone()),
                ("s-box a", w_a.square() * x_a - p_a.clone()),
                ("square b", x_b.clone().square() - w_b.clone()),
                ("s-box b", w_b.square() * x_b - p_b.clone()),
                ("square c", x_c.square() - w_c),
                (LANES[0], p_c - output[0].clone()),
            ];
            for i in 1..WIDTH {
                let lane = after_b.lane(i, &[p_a.clone(), p_b.clone()], tail());
                constraints.push((LANES[i], lane - output[i].clone()));
            }
            Constraints::with_selector(q, constraints)
        });
    }

    fn last_gate(&self, meta: &mut ConstraintSystem<F>) {
        let mds = &F::poseidon().mds;
        meta.create_gate("hash: last", |meta| {
            let q = self.q_last.query(meta);
            let x = self.sbox_inputs(meta, false);
            let w = self.query(meta, &self.aux, self.aux_row());
            let digest = meta.query_advice(self.state[DIGEST], self.next_step());
            let output = (0..WIDTH)
                .map(|i| w[i].clone().square() * x[i].clone() * mds[0][i])
                .reduce(|sum, term| sum + term)
                .unwrap_or(Expression::Constant(F::ZERO));
            let mut constraints: Vec<_> =
                (0..WIDTH).map(|i| (SQUARES[i], x[i].clone().square() - w[i].clone())).collect();
            constraints.push(("digest", output - digest));
            Constraints::with_selector(q, constraints)
        });
    }

    fn member_gate(&self, meta: &mut ConstraintSystem<F>) {
        if hook::dropped("configure", || "hash: member".to_owned()) {
            return;
        }
        meta.create_gate("hash: member", |meta| {
            let q = self.q_first.query(meta);
            let [a, b, c, d] = self.message.map(|place| at(meta, place));
            let digest = meta.query_advice(self.state[DIGEST], Rotation::cur());
            let product =
                (digest.clone() - a) * (digest.clone() - b) * (digest.clone() - c) * (digest - d);
            Constraints::with_selector(q, [("one of the children", product)])
        });
    }

    /// With few copies: what is first in a message is what the digest's cell holds.
    fn link_gate(&self, meta: &mut ConstraintSystem<F>) {
        let Some(link) = self.link else { return };
        meta.create_gate("hash: link", |meta| {
            let q = self.q_first.query(meta) * meta.query_fixed(link);
            let first = at(meta, self.message[0]);
            let digest = meta.query_advice(self.state[DIGEST], Rotation::cur());
            Constraints::with_selector(q, [("the first is the digest", digest - first)])
        });
    }

    /// Where a step's auxiliary cells are.
    fn aux_row(&self) -> Rotation {
        if self.step == 1 { Rotation::cur() } else { Rotation::next() }
    }

    /// Where the next step's state is.
    fn next_step(&self) -> Rotation {
        if self.step == 1 { Rotation::next() } else { Rotation(2) }
    }

    /// The S-box inputs of a full round; on a first row the capacity lane is
    /// the fixed constant alone.
    fn sbox_inputs(&self, meta: &mut VirtualCells<'_, F>, first: bool) -> [Expression<F>; WIDTH] {
        std::array::from_fn(|i| {
            let constant = meta.query_fixed(self.constants[i]);
            if first && i == DIGEST {
                constant
            } else if first {
                at(meta, self.message[i]) + constant
            } else {
                meta.query_advice(self.state[i], Rotation::cur()) + constant
            }
        })
    }

    fn query(
        &self,
        meta: &mut VirtualCells<'_, F>,
        columns: &[Column<Advice>; WIDTH],
        at: Rotation,
    ) -> [Expression<F>; WIDTH] {
        columns.map(|column| meta.query_advice(column, at))
    }
}

/// The cell of a place: of a step's first or second row.
fn at<F: MarginField>(
    meta: &mut VirtualCells<'_, F>,
    (column, row): (Column<Advice>, usize),
) -> Expression<F> {
    meta.query_advice(column, if row == 0 { Rotation::cur() } else { Rotation::next() })
}

/// `MDS^-1 * next`: what the S-box layer of a row must have put out.
fn through_inverse<F: MarginField>(next: &[Expression<F>; WIDTH]) -> [Expression<F>; WIDTH] {
    let inverse: &Matrix<F> = &F::poseidon().mds_inverse;
    std::array::from_fn(|i| {
        let [a, b, c, d, e]: [_; WIDTH] = std::array::from_fn(|j| next[j].clone() * inverse[i][j]);
        a + b + c + d + e
    })
}

/// Linear layers between the S-boxes of a row: each lane as coefficients of
/// the S-box outputs so far and of the untouched state cells `s1..s4`.
struct LinearLayer<F> {
    /// `sboxes[lane]`: one coefficient per S-box output, the oldest first.
    sboxes: [Vec<F>; WIDTH],
    tail: Matrix<F>,
}

impl<F: MarginField> LinearLayer<F> {
    /// After the first S-box of a row.
    fn new(mds: &Matrix<F>) -> Self {
        Self { sboxes: std::array::from_fn(|i| vec![mds[i][0]]), tail: *mds }
    }

    /// After one more S-box on lane 0 and the linear layer.
    fn then(&self, mds: &Matrix<F>) -> Self {
        let inner = |i: usize, of: &dyn Fn(usize) -> F| -> F {
            (1..WIDTH).map(|j| mds[i][j] * of(j)).sum()
        };
        Self {
            sboxes: std::array::from_fn(|i| {
                let old = self.sboxes[0].len();
                let mut row: Vec<F> = (0..old).map(|s| inner(i, &|j| self.sboxes[j][s])).collect();
                row.push(mds[i][0]);
                row
            }),
            tail: std::array::from_fn(|i| std::array::from_fn(|t| inner(i, &|j| self.tail[j][t]))),
        }
    }

    /// One lane as an expression.
    fn lane(
        &self,
        lane: usize,
        sboxes: &[Expression<F>],
        tail: impl Iterator<Item = Expression<F>>,
    ) -> Expression<F> {
        let sboxes = sboxes.iter().cloned().zip(&self.sboxes[lane]);
        let tail = tail.zip(&self.tail[lane][1..]);
        sboxes
            .chain(tail)
            .map(|(cell, coefficient)| cell * *coefficient)
            .reduce(|sum, term| sum + term)
            .unwrap_or(Expression::Constant(F::ZERO))
    }
}
