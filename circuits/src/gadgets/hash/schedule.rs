//! The fixed part of a permutation: which gate each step is, and its constants.

use zkmargin_margin::field::MarginField;
use zkmargin_margin::poseidon::{Constants, Domain, FULL_ROUNDS, WIDTH, mat_mul};

use super::{DIGEST, PARTIAL_PER_ROW, PERMUTATION_STEPS};

/// Which gate a row enables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    First,
    Full,
    Partial,
    Last,
}

/// The fixed part of a row.
#[derive(Clone, Debug)]
pub(super) struct ScheduleRow<F> {
    pub(super) gate: Gate,
    constants: [F; WIDTH],
}

impl<F: MarginField> ScheduleRow<F> {
    /// The fixed value of a lane; the first row's capacity lane carries the
    /// domain.
    pub(super) fn constant(&self, lane: usize, domain: Domain) -> F {
        match self.gate {
            Gate::First if lane == DIGEST => self.constants[lane] + domain.capacity::<F>(),
            _ => self.constants[lane],
        }
    }
}

/// The fifth power: what a lane's S-box makes of a constant.
pub(super) fn sbox<F: MarginField>(x: F) -> F {
    x.square().square() * x
}

/// The rows of a permutation: constants of lanes without an S-box are carried
/// forward through the linear layer into the next row's.
pub(super) fn schedule<F: MarginField>(parameters: &Constants<F>) -> Vec<ScheduleRow<F>> {
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
