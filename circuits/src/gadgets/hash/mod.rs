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
//! | `member` | on first steps: the digest in `s4` is one of the message cells | 1 |
//! | `link` | with few copies, on first steps whose message begins with what `s4` holds: it does | 1 |
//!
//! The first step of a permutation does not use `s4`: the capacity is a fixed
//! constant, no cell. The previous permutation's digest lands there, so a
//! Merkle path is permutations end to end. `member` needs no switch of its
//! own: where no permutation precedes, `s4` holds the first message cell again,
//! and in a message of more than four cells `s0` is the digest itself.
//!
//! With few copies ([`Copies::Three`]) `s0`, `s1` and `s4` alone take part in them. The
//! message cells that are copied in have to stand there: the second and the third
//! in `s0` and `s1`, the fourth below `s4`, in the auxiliary cell that the capacity
//! does not need, since the fixed cell holds its fifth power. What is first is
//! copied to `s4`, where a digest stands already, and `link` hands it on to `s2`.
mod assign;
mod gates;
mod schedule;

use std::sync::Arc;

use halo2_proofs::circuit::{AssignedCell, Layouter, Value};
use halo2_proofs::plonk::{Advice, Column, ConstraintSystem, Error, Fixed};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::merkle::ARITY;
use zkmargin_margin::poseidon::{Domain, FULL_ROUNDS, PARTIAL_ROUNDS, RATE, WIDTH};

use self::assign::Inputs;
use self::schedule::{ScheduleRow, schedule};
use super::layout::{ColumnLayout, Copies, Switch};

/// Partial rounds in one step.
const PARTIAL_PER_ROW: usize = 3;
/// Steps of one permutation; its digest stands on the step after them.
pub const PERMUTATION_STEPS: usize = FULL_ROUNDS + PARTIAL_ROUNDS / PARTIAL_PER_ROW;
/// Elements that a link of a longer message absorbs.
pub const LINK: usize = RATE - 1;
/// The state cell that holds a digest.
const DIGEST: usize = WIDTH - 1;

/// Columns, gates and the round schedule.
#[derive(Clone, Debug)]
pub struct HashConfig<F: MarginField> {
    state: [Column<Advice>; WIDTH],
    aux: [Column<Advice>; WIDTH],
    constants: [Column<Fixed>; WIDTH],
    /// Where the message cells of a first step are: the column, and the row in the step.
    message: [(Column<Advice>, usize); RATE],
    /// With few copies: one in first steps whose message begins with what `s4` holds.
    link: Option<Column<Fixed>>,
    /// Rows of a step: the auxiliary cells are in its last row.
    step: usize,
    q_first: Switch,
    q_full: Switch,
    q_partial: Switch,
    q_last: Switch,
    schedule: Arc<Vec<ScheduleRow<F>>>,
}

impl<F: MarginField> HashConfig<F> {
    /// Creates the columns that a layout needs: five state columns, five auxiliary
    /// columns if wide, five fixed columns and one more where few columns have copies;
    /// and the gates. `q_last` is never on in a row of another switch.
    pub fn configure(
        meta: &mut ConstraintSystem<F>,
        (layout, copies): (ColumnLayout, Copies),
        q_last: Switch,
    ) -> Self {
        let state: [_; WIDTH] = std::array::from_fn(|_| meta.advice_column());
        let (aux, step) = match layout {
            ColumnLayout::Wide => (std::array::from_fn(|_| meta.advice_column()), 1),
            ColumnLayout::Tall => (state, 2),
        };
        let [s0, s1, s2, _, s4] = state;
        let has_few_copies = (layout, copies) == (ColumnLayout::Tall, Copies::Three);
        let (with_equality, message): (&[_], _) = if has_few_copies {
            (&[s0, s1, s4], [(s2, 0), (s0, 0), (s1, 0), (s4, 1)])
        } else {
            (&state, std::array::from_fn(|i| (state[i], 0)))
        };
        for column in with_equality {
            meta.enable_equality(*column);
        }
        let constants = std::array::from_fn(|_| meta.fixed_column());
        let link = has_few_copies.then(|| meta.fixed_column());
        let q_first = Switch::single(meta);
        let [q_full, q_partial] = Switch::pair(meta, layout);
        let schedule = Arc::new(schedule(F::poseidon()));
        let config = Self {
            state,
            aux,
            constants,
            message,
            link,
            step,
            q_first,
            q_full,
            q_partial,
            q_last,
            schedule,
        };
        config.create_gates(meta);
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
}
