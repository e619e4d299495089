//! Poseidon (`T = 5`, see [`zkmargin_margin::poseidon`]) and Merkle membership.
//!
//! A permutation takes 28 steps of five state and five auxiliary cells: a full
//! round per step, three partial rounds per step. A step is one row of ten
//! columns in the wide layout; in the tall one it is two rows of five, the
//! auxiliary cells below the state. What keeps every gate at degree 5 or less:
//!
//! - squares (and inner S-box outputs) stand in auxiliary cells;
//! - a row's result is compared with the next state *through the inverse MDS*,
//!   so each S-box output appears in one constraint only;
//! - the additive constants of the lanes without an S-box are pushed forward
//!   through the linear layer, so a partial round needs one constant.
//!
//! | gate | step says | constraints |
//! |---|---|---|
//! | `first` | the full round on the message `s0..s3` and the domain's capacity | 10 |
//! | `full` | a full round on the state | 10 |
//! | `partial` | three partial rounds | 10 |
//! | `last` | a full round, of which only the digest is kept, in `s4` of the next step | 6 |
//! | `member` | on first steps: the digest in `s4` is one of the message cells `s0..s3` | 1 |
//!
//! The first step of a permutation does not use `s4`: the capacity is a fixed
//! constant, no cell. The previous permutation's digest lands there, so a
//! Merkle path is permutations end to end. `member` needs no switch of its
//! own: where no permutation precedes, `s4` holds the first message cell again,
//! and in a message of more than four cells `s0` is the digest itself.

use std::sync::Arc;

use halo2_proofs::circuit::{AssignedCell, Layouter, Region, Value};
use halo2_proofs::plonk::{
    Advice, Column, ConstraintSystem, Constraints, Error, Expression, Fixed, VirtualCells,
};
use halo2_proofs::poly::Rotation;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::merkle::ARITY;
use zkmargin_margin::poseidon::{
    Constants, Domain, FULL_ROUNDS, PARTIAL_ROUNDS, RATE, WIDTH, mat_mul,
};

use super::layout::{ColumnLayout, Switch};
use super::{copy_into, hook};

/// Partial rounds in one step.
const PARTIAL_PER_ROW: usize = 3;
/// Steps of one permutation; its digest stands on the step after them.
pub const PERMUTATION_STEPS: usize = FULL_ROUNDS + PARTIAL_ROUNDS / PARTIAL_PER_ROW;
/// Elements that a link of a longer message absorbs.
pub const LINK: usize = RATE - 1;
/// The state cell that holds a digest.
const DIGEST: usize = WIDTH - 1;

type Matrix<F> = [[F; WIDTH]; WIDTH];

/// Which gate a row enables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gate {
    First,
    Full,
    Partial,
    Last,
}

/// The fixed part of a row.
#[derive(Clone, Debug)]
struct ScheduleRow<F> {
    gate: Gate,
    constants: [F; WIDTH],
}

/// The advice part of a row: the state before it, and the auxiliary cells.
#[derive(Clone, Debug)]
struct TraceRow<F> {
    state: [F; WIDTH],
    aux: [F; WIDTH],
}

/// Where the message of a permutation comes from.
#[derive(Clone, Copy, Debug)]
enum Inputs<'a, F: MarginField> {
    /// Four cells.
    First(&'a [AssignedCell<F, F>; RATE]),
    /// The digest so far and three cells.
    Link(&'a [AssignedCell<F, F>; LINK]),
    /// Free children, of which the digest so far is one.
    Children,
}

impl<F: MarginField> Inputs<'_, F> {
    /// The name of a message cell of block `index`.
    fn label(&self, i: usize, index: usize) -> String {
        match self {
            Self::First(_) | Self::Link(_) => format!("message {i} of block {index}"),
            Self::Children => format!("child {i} of block {index}"),
        }
    }
}

/// One permutation with its values.
struct Block<'a, F: MarginField> {
    inputs: Inputs<'a, F>,
    domain: Domain,
    message: Value<[F; RATE]>,
    trace: Value<(Vec<TraceRow<F>>, F)>,
}

impl<F: MarginField> Block<'_, F> {
    fn digest(&self) -> Value<F> {
        self.trace.as_ref().map(|(_, digest)| *digest)
    }
}

/// Columns, gates and the round schedule.
#[derive(Clone, Debug)]
pub struct HashConfig<F: MarginField> {
    state: [Column<Advice>; WIDTH],
    aux: [Column<Advice>; WIDTH],
    constants: [Column<Fixed>; WIDTH],
    /// Rows of a step: the auxiliary cells are in its last row.
    step: usize,
    q_first: Switch,
    q_full: Switch,
    q_partial: Switch,
    q_last: Switch,
    schedule: Arc<Vec<ScheduleRow<F>>>,
}

impl<F: MarginField> HashConfig<F> {
    /// Creates the columns that a layout needs: five state columns with
    /// equality, five auxiliary columns if wide, five fixed columns; and the
    /// gates. `q_last` is never on in a row of another switch.
    pub fn configure(meta: &mut ConstraintSystem<F>, layout: ColumnLayout, q_last: Switch) -> Self {
        let state = std::array::from_fn(|_| meta.advice_column());
        let (aux, step) = match layout {
            ColumnLayout::Wide => (std::array::from_fn(|_| meta.advice_column()), 1),
            ColumnLayout::Tall => (state, 2),
        };
        for column in state {
            meta.enable_equality(column);
        }
        let constants = std::array::from_fn(|_| meta.fixed_column());
        let q_first = Switch::single(meta);
        let [q_full, q_partial] = Switch::pair(meta, layout);
        let schedule = Arc::new(schedule(F::poseidon()));
        let config =
            Self { state, aux, constants, step, q_first, q_full, q_partial, q_last, schedule };
        config.full_gates(meta);
        config.partial_gate(meta);
        config.last_gate(meta);
        config.member_gate(meta);
        config
    }

    /// The state columns, which other gadgets may use outside of a
    /// permutation's rows in the tall layout.
    pub(super) fn state(&self) -> [Column<Advice>; WIDTH] {
        self.state
    }

    /// The columns of round constants, likewise.
    pub(super) fn constants(&self) -> [Column<Fixed>; WIDTH] {
        self.constants
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
                let constraints = (0..WIDTH).flat_map(|i| {
                    [
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
            let [a, b, c, d, digest] = self.query(meta, &self.state, Rotation::cur());
            let product =
                (digest.clone() - a) * (digest.clone() - b) * (digest.clone() - c) * (digest - d);
            Constraints::with_selector(q, [("one of the children", product)])
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

    /// The digest of `4 + 3 n` cells, see [`zkmargin_margin::poseidon::hash_chain`].
    ///
    /// # Errors
    /// When the circuit is out of rows, or another number of cells is given.
    pub fn digest(
        &self,
        layouter: &mut impl Layouter<F>,
        name: &str,
        domains: (Domain, Domain),
        message: &[AssignedCell<F, F>],
    ) -> Result<AssignedCell<F, F>, Error> {
        let name = &format!("{name}: hash");
        let blocks = self.message_blocks(name, domains, message)?;
        self.assign_blocks(layouter, name, &blocks)
    }

    /// The root that a leaf opens to: the leaf is [`HashConfig::digest`] of its
    /// cells in the first two domains, the path holds the four children per
    /// level, the lowest first, hashed in the third domain.
    ///
    /// Constrains the running digest to be one of the children at each of
    /// `depth` levels. The children are free witnesses: what binds them is the
    /// root, which the caller must constrain.
    ///
    /// # Errors
    /// As [`HashConfig::digest`], or when the path is not of this depth.
    pub fn membership(
        &self,
        layouter: &mut impl Layouter<F>,
        name: &str,
        (first, next, node): (Domain, Domain, Domain),
        leaf: &[AssignedCell<F, F>],
        depth: usize,
        path: Value<&[[F; ARITY]]>,
    ) -> Result<AssignedCell<F, F>, Error> {
        path.error_if_known_and(|path| path.len() != depth)?;
        let name = &format!("{name}: hash");
        let mut blocks = self.message_blocks(name, (first, next), leaf)?;
        for level in 0..depth {
            let message = path.map(|path| path[level]);
            blocks.push(self.block((name, blocks.len()), Inputs::Children, node, message));
        }
        self.assign_blocks(layouter, name, &blocks)
    }

    /// The permutations over a message.
    fn message_blocks<'a>(
        &self,
        name: &str,
        (first, next): (Domain, Domain),
        message: &'a [AssignedCell<F, F>],
    ) -> Result<Vec<Block<'a, F>>, Error> {
        let (head, tail) = message.split_first_chunk::<RATE>().ok_or(Error::Synthesis)?;
        let mut blocks = vec![self.block((name, 0), Inputs::First(head), first, values(head))];
        let (links, []) = tail.as_chunks::<LINK>() else { return Err(Error::Synthesis) };
        for link in links {
            let digest = blocks.last().map_or_else(Value::unknown, Block::digest);
            let [a, b, c] = link.each_ref().map(|cell| cell.value().copied());
            let message = digest.zip(a).zip(b.zip(c)).map(|((h, a), (b, c))| [h, a, b, c]);
            blocks.push(self.block((name, blocks.len()), Inputs::Link(link), next, message));
        }
        Ok(blocks)
    }

    fn block<'a>(
        &self,
        at: (&str, usize),
        inputs: Inputs<'a, F>,
        domain: Domain,
        message: Value<[F; RATE]>,
    ) -> Block<'a, F> {
        let message = message.map(|message| hooked_message(at, &inputs, message));
        let trace = message.map(|message| self.trace(at, domain, message));
        Block { inputs, domain, message, trace }
    }

    /// Assigns permutations end to end, in one region.
    fn assign_blocks(
        &self,
        layouter: &mut impl Layouter<F>,
        name: &str,
        blocks: &[Block<'_, F>],
    ) -> Result<AssignedCell<F, F>, Error> {
        layouter.assign_region(
            || name,
            |mut region| {
                let mut digest = None;
                for (index, block) in blocks.iter().enumerate() {
                    let at = (name, index);
                    self.assign_inputs(&mut region, at, block, digest.as_ref())?;
                    digest = Some(self.permutation(&mut region, at, block.domain, &block.trace)?);
                }
                digest.ok_or(Error::Synthesis)
            },
        )
    }

    /// Assigns the message cells of a permutation; `digest` is the previous
    /// one's, in `s4` of the same row.
    fn assign_inputs(
        &self,
        region: &mut Region<'_, F>,
        (name, index): (&str, usize),
        block: &Block<'_, F>,
        digest: Option<&AssignedCell<F, F>>,
    ) -> Result<(), Error> {
        let start = index * PERMUTATION_STEPS * self.step;
        let copy = |region: &mut Region<'_, F>, cell: &AssignedCell<F, F>, i: usize| {
            let label = block.inputs.label(i, index);
            let value = block.message.map(|message| message[i]);
            copy_into(region, name, &label, cell, value, (self.state[i], start)).map(|_| ())
        };
        match block.inputs {
            Inputs::First(cells) => {
                for (i, cell) in cells.iter().enumerate() {
                    copy(region, cell, i)?;
                }
                let first = block.message.map(|message| message[0]);
                let column = self.state[DIGEST];
                region.assign_advice(|| "no digest before", column, start, || first)?;
            }
            Inputs::Link(cells) => {
                let digest = digest.ok_or(Error::Synthesis)?;
                for (i, cell) in std::iter::once(digest).chain(cells).enumerate() {
                    copy(region, cell, i)?;
                }
            }
            Inputs::Children => {
                for i in 0..ARITY {
                    let child = block.message.map(|children| children[i]);
                    let label = || block.inputs.label(i, index);
                    region.assign_advice(label, self.state[i], start, || child)?;
                }
            }
        }
        Ok(())
    }

    /// Assigns one permutation, all but the message cells of its first row.
    fn permutation(
        &self,
        region: &mut Region<'_, F>,
        (name, index): (&str, usize),
        domain: Domain,
        trace: &Value<(Vec<TraceRow<F>>, F)>,
    ) -> Result<AssignedCell<F, F>, Error> {
        for (i, row) in self.schedule.iter().enumerate() {
            let step = index * PERMUTATION_STEPS + i;
            let offset = step * self.step;
            let switch = match row.gate {
                Gate::First => &self.q_first,
                Gate::Full => &self.q_full,
                Gate::Partial => &self.q_partial,
                Gate::Last => &self.q_last,
            };
            if !hook::dropped(name, || format!("gate of step {step}")) {
                switch.enable(region, offset)?;
            }
            for (j, column) in self.constants.into_iter().enumerate() {
                let constant = row.constant(j, domain);
                region.assign_fixed(
                    || format!("constant {j}"),
                    column,
                    offset,
                    || Value::known(constant),
                )?;
            }
            for j in 0..WIDTH {
                if i > 0 {
                    let state = trace.as_ref().map(|(rows, _)| rows[i].state[j]);
                    region.assign_advice(
                        || format!("state {j} of step {step}"),
                        self.state[j],
                        offset,
                        || state,
                    )?;
                }
                let aux = trace.as_ref().map(|(rows, _)| rows[i].aux[j]);
                let below = offset + self.step - 1;
                let label = || format!("aux {j} of step {step}");
                region.assign_advice(label, self.aux[j], below, || aux)?;
            }
        }
        let digest = trace.as_ref().map(|(_, digest)| *digest);
        let end = (index + 1) * PERMUTATION_STEPS * self.step;
        let label = || format!("digest of block {index}");
        region.assign_advice(label, self.state[DIGEST], end, || digest)
    }

    /// The advice cells of a permutation and its digest.
    fn trace(
        &self,
        (name, block): (&str, usize),
        domain: Domain,
        message: [F; RATE],
    ) -> (Vec<TraceRow<F>>, F) {
        let changed = |cell: &str, lane: usize, step: usize, element: F| {
            let step = block * PERMUTATION_STEPS + step;
            hook::element(name, || format!("{cell} {lane} of step {step}"), element)
        };
        let mds = &F::poseidon().mds;
        let mut state: [F; WIDTH] =
            std::array::from_fn(|i| message.get(i).copied().unwrap_or(F::ZERO));
        let rows = self
            .schedule
            .iter()
            .enumerate()
            .map(|(index, row)| {
                if index > 0 {
                    state = std::array::from_fn(|i| changed("state", i, index, state[i]));
                }
                let before = state;
                let constants: [F; WIDTH] = std::array::from_fn(|i| row.constant(i, domain));
                let mut aux = [F::ZERO; WIDTH];
                if row.gate == Gate::Partial {
                    for (round, constant) in constants.iter().take(PARTIAL_PER_ROW).enumerate() {
                        let x = state[0] + constant;
                        let square = changed("aux", 2 * round, index, x.square());
                        aux[2 * round] = square;
                        state[0] = square.square() * x;
                        if round + 1 < PARTIAL_PER_ROW {
                            state[0] = changed("aux", 2 * round + 1, index, state[0]);
                            aux[2 * round + 1] = state[0];
                        }
                        state = mat_mul(mds, state);
                    }
                } else {
                    let x: [F; WIDTH] = std::array::from_fn(|i| state[i] + constants[i]);
                    aux = std::array::from_fn(|i| changed("aux", i, index, x[i].square()));
                    state = mat_mul(mds, std::array::from_fn(|i| aux[i].square() * x[i]));
                }
                TraceRow { state: before, aux }
            })
            .collect();
        (rows, hook::element(name, || format!("digest of block {block}"), state[0]))
    }
}

const SQUARES: [&str; WIDTH] = ["square 0", "square 1", "square 2", "square 3", "square 4"];
const LANES: [&str; WIDTH] = ["lane 0", "lane 1", "lane 2", "lane 3", "lane 4"];

impl<F: MarginField> ScheduleRow<F> {
    /// The fixed value of a lane; the first row's capacity lane carries the
    /// domain.
    fn constant(&self, lane: usize, domain: Domain) -> F {
        match self.gate {
            Gate::First if lane == DIGEST => self.constants[lane] + domain.capacity::<F>(),
            _ => self.constants[lane],
        }
    }
}

/// The rows of a permutation: constants of lanes without an S-box are carried
/// forward through the linear layer into the next row's.
fn schedule<F: MarginField>(parameters: &Constants<F>) -> Vec<ScheduleRow<F>> {
    let half = FULL_ROUNDS / 2;
    let mut carried = [F::ZERO; WIDTH];
    let mut rounds = parameters.round.iter();
    let mut rows = Vec::with_capacity(PERMUTATION_STEPS);
    while rows.len() < PERMUTATION_STEPS {
        let index = rows.len();
        let mut constants = [F::ZERO; WIDTH];
        let partial = index >= half && index < PERMUTATION_STEPS - half;
        for slot in 0..if partial { PARTIAL_PER_ROW } else { 1 } {
            let round = rounds.next().copied().unwrap_or([F::ZERO; WIDTH]);
            let sum: [F; WIDTH] = std::array::from_fn(|i| round[i] + carried[i]);
            if partial {
                constants[slot] = sum[0];
                carried = mat_mul(&parameters.mds, [F::ZERO, sum[1], sum[2], sum[3], sum[4]]);
            } else {
                constants = sum;
                carried = [F::ZERO; WIDTH];
            }
        }
        let gate = match index {
            0 => Gate::First,
            _ if partial => Gate::Partial,
            _ if index + 1 == PERMUTATION_STEPS => Gate::Last,
            _ => Gate::Full,
        };
        rows.push(ScheduleRow { gate, constants });
    }
    rows
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

/// A message as tests may have changed it.
fn hooked_message<F: MarginField>(
    (name, block): (&str, usize),
    inputs: &Inputs<'_, F>,
    mut message: [F; RATE],
) -> [F; RATE] {
    for (i, element) in message.iter_mut().enumerate() {
        *element = hook::element(name, || inputs.label(i, block), *element);
    }
    message
}

/// The values of four cells, known together or not at all.
fn values<F: MarginField>(cells: &[AssignedCell<F, F>; RATE]) -> Value<[F; RATE]> {
    let [a, b, c, d] = cells.each_ref().map(|cell| cell.value().copied());
    a.zip(b).zip(c.zip(d)).map(|((a, b), (c, d))| [a, b, c, d])
}
