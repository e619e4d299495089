//! The values a prover is free to choose.
//!
//! Nothing here is trusted and nothing fails: a witness that breaks a clause gives
//! values that break that clause's constraint. What follows from others is worked
//! out by [`Hints::solve`], so that a test can lie first and solve for the rest.

use zkmargin_margin::claim::MULTIPLIER_ONE;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::merkle::{ARITY, Path};
use zkmargin_margin::portfolio::CASH_OFFSET;
use zkmargin_margin::scenario::I256;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::simulation::{
    LIMB_BITS, LIMBS, SUM_BITS, SimulationRow, SimulationTerms, SimulationWitness, WEIGHT_ONE,
    columns,
};

use crate::position::PositionHints;
use crate::scenario::{from_integer, to_integer};
use crate::statement::ClaimHints;

/// What the prover chooses.
#[derive(Clone)]
pub struct Hints<F: MarginField> {
    /// The market's terms.
    pub terms: TermsHints<F>,
    /// One per slot of the shape.
    pub slots: Vec<SlotHints<F>>,
    /// Of the whole account.
    pub totals: TotalsHints<F>,
    scenarios: usize,
}

/// What the prover writes of the terms.
#[derive(Clone)]
#[allow(missing_docs)] // Named after the cells in `terms.rs`.
pub struct TermsHints<F> {
    pub tail: F,
    pub maintenance: [F; 3],
    pub initial: [F; 3],
    pub set: F,
}

/// What the prover writes into a slot.
#[derive(Clone)]
#[allow(missing_docs)] // Named after the cells in `slot.rs`.
pub struct SlotHints<F> {
    pub padding: F,
    pub short: F,
    /// `|lots|`, less one for a short position.
    pub size_less_sign: F,
    /// Cash plus its offset.
    pub cash: F,
    pub instrument: F,
    pub is_long_only: F,
    pub maintenance: F,
    pub initial: F,
    /// Packed gains, by element.
    pub columns: Vec<F>,
    /// Children of the row's path, the lowest first.
    pub path: Vec<[F; ARITY]>,
}

/// What the prover writes of the whole account; all of it is solved for.
#[derive(Clone)]
#[allow(missing_docs)] // Named after the cells in `account.rs`, `tail.rs`, `outcome.rs`.
pub struct TotalsHints<F> {
    /// Sums of all columns, plus their offset.
    pub sums: Vec<F>,
    /// One for a scenario of the tail.
    pub in_tail: Vec<F>,
    /// The best profit or loss of the tail, plus the offset.
    pub threshold: F,
    pub tail_is_profit: F,
    pub var_is_profit: F,
    pub stress_loss: F,
    pub shortfall: F,
    pub slack: F,
}

/// Secret: shows nothing.
macro_rules! redacted {
    ($($name:ident $(: $bound:ident)?),+) => {$(
        impl<F $(: $bound)?> std::fmt::Debug for $name<F> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )+};
}
redacted!(Hints: MarginField, SlotHints, TermsHints, TotalsHints);

impl<F: MarginField> Hints<F> {
    /// The choices for a witness that fits the shape.
    pub(super) fn new(
        shape: Shape,
        of: (&ClaimHints<F>, F),
        witness: &SimulationWitness<F>,
    ) -> Self {
        let terms = &witness.terms;
        let slots = (0..shape.simulation_positions()).map(|index| SlotHints::new(witness, index));
        let zeros = |count: usize| vec![F::ZERO; count];
        let totals = TotalsHints {
            sums: zeros(terms.columns()),
            in_tail: zeros(terms.scenarios()),
            threshold: F::ZERO,
            tail_is_profit: F::ZERO,
            var_is_profit: F::ZERO,
            stress_loss: F::ZERO,
            shortfall: F::ZERO,
            slack: F::ZERO,
        };
        let scenarios = terms.scenarios();
        let terms = TermsHints::new(terms);
        let mut hints = Self { terms, slots: slots.collect(), totals, scenarios };
        hints.solve(of);
        hints
    }

    /// Works out everything that follows from slots, terms, the claim and what is
    /// reserved.
    pub fn solve(&mut self, of: (&ClaimHints<F>, F)) {
        let elements = columns(self.scenarios) / LIMBS;
        let sum = |i: usize| -> F { self.slots.iter().map(|s| s.lots() * s.columns[i]).sum() };
        let offset = F::from(1 << SUM_BITS);
        let sums: Vec<I256> = (0..elements).flat_map(|i| limbs(&sum(i))).collect();
        self.totals.sums = sums.iter().map(|limb| from_integer::<F>(*limb) + offset).collect();
        self.solve_tail();
        self.solve_claim(of);
    }

    /// Marks the tail, and what follows from it.
    pub fn solve_tail(&mut self) {
        let offset = I256::ONE << SUM_BITS;
        let sums: Vec<I256> = self.totals.sums.iter().map(|s| to_integer(s) - offset).collect();
        let (pnl, rest) = sums.split_at(self.scenarios);
        let mut order: Vec<usize> = (0..self.scenarios).collect();
        order.sort_by_key(|index| pnl[*index]);
        let tail = to_integer(&self.terms.tail).as_usize().clamp(1, self.scenarios);
        self.totals.in_tail = vec![F::ZERO; self.scenarios];
        for index in &order[..tail] {
            self.totals.in_tail[*index] = F::ONE;
        }
        let threshold = pnl[order[tail - 1]];
        self.totals.threshold = from_integer(threshold + offset);
        let loss = -order[..tail].iter().map(|index| pnl[*index]).sum::<I256>();
        self.totals.tail_is_profit = bit(loss < I256::ZERO);
        self.totals.var_is_profit = bit(threshold > I256::ZERO);
        let stress = rest[..rest.len() - 1].iter().map(|pnl| -*pnl).max();
        let stress = stress.unwrap_or(I256::ZERO).max(I256::ZERO);
        self.totals.stress_loss = from_integer(stress);
    }

    /// The shortfall and its slack, by the tail as it stands.
    pub fn solve_claim(&mut self, (claim, reserved): (&ClaimHints<F>, F)) {
        let one = I256::from(WEIGHT_ONE) * I256::from(MULTIPLIER_ONE);
        let deficit = -to_integer(&self.balance(claim, reserved));
        let is_below = claim.is_below == F::ONE && deficit > I256::ZERO;
        let deficit = if is_below { deficit } else { I256::ZERO };
        let shortfall = (deficit + one - I256::ONE) / one;
        self.totals.shortfall = from_integer(shortfall);
        self.totals.slack = from_integer(shortfall * one - deficit);
    }

    /// The balance of the claim's level and multiplier.
    fn balance(&self, claim: &ClaimHints<F>, reserved: F) -> F {
        let (totals, offset) = (&self.totals, F::from(1 << SUM_BITS));
        let marked = totals.in_tail.iter().zip(&totals.sums);
        let tail: F = marked.map(|(bit, sum)| *bit * (offset - sum)).sum();
        let shortfall = tail * (F::ONE - totals.tail_is_profit);
        let var = (offset - totals.threshold) * (F::ONE - totals.var_is_profit);
        let losses = [shortfall, var, totals.stress_loss];
        let weights = self.terms.maintenance.iter().zip(&self.terms.initial);
        let weights =
            weights.map(|(low, high)| claim.is_maintenance * low + claim.is_initial * high);
        let risk: F = weights.zip(losses).map(|(weight, loss)| weight * loss).sum();
        let charges = |charge: fn(&SlotHints<F>) -> F| -> F {
            self.slots.iter().map(|slot| slot.size() * charge(slot)).sum()
        };
        let charges = (claim.is_maintenance + claim.is_initial) * charges(|s| s.maintenance)
            + claim.is_initial * (charges(|s| s.initial) + reserved);
        let cash_offset = F::from_u128(CASH_OFFSET);
        let cash: F = self.slots.iter().map(|slot| slot.cash - cash_offset).sum();
        let mark = totals.sums.last().map_or(F::ZERO, |sum| *sum - offset);
        let required = F::from(WEIGHT_ONE) * charges + risk;
        let one = F::from(MULTIPLIER_ONE.into());
        one * F::from(WEIGHT_ONE) * (mark + cash) - (one + claim.above_one) * required
    }
}

impl<F: MarginField> TermsHints<F> {
    fn new(terms: &SimulationTerms) -> Self {
        Self {
            // Exact: a row has far fewer scenarios.
            tail: F::from(terms.tail() as u64),
            maintenance: terms.maintenance().all().map(F::from),
            initial: terms.initial().all().map(F::from),
            set: terms.set().to_field(),
        }
    }
}

impl<F: MarginField> SlotHints<F> {
    /// Of the position itself.
    pub(super) fn position(&self) -> PositionHints<F> {
        let Self { short, size_less_sign, cash, padding, .. } = *self;
        PositionHints { short, size_less_sign, cash, padding }
    }

    /// The hints of slot `index`: a position's, or padding's behind the last.
    fn new(witness: &SimulationWitness<F>, index: usize) -> Self {
        let elements = witness.terms.columns() / LIMBS;
        let Some(slot) = witness.account.slots.get(index) else {
            let (row, path) = &witness.account.padding;
            return Self { padding: F::ONE, ..Self::of_row(row, path, elements) };
        };
        let lots = slot.position.quantity;
        let short = bit(lots.is_short());
        Self {
            short,
            size_less_sign: F::from(lots.magnitude()) - short,
            cash: F::from_i128(slot.position.cash.get()) + F::from_u128(CASH_OFFSET),
            ..Self::of_row(&slot.row, &slot.path, elements)
        }
    }

    /// A position of no lots and no cash in a row's instrument.
    fn of_row(row: &SimulationRow, path: &Path<F>, elements: usize) -> Self {
        let mut columns = row.elements::<F>().split_off(1);
        columns.resize(elements, F::ZERO);
        Self {
            padding: F::ZERO,
            short: F::ZERO,
            size_less_sign: F::ZERO,
            cash: F::from_u128(CASH_OFFSET),
            instrument: F::from(row.instrument().get()),
            is_long_only: bit(row.is_long_only()),
            maintenance: F::from(u64::from(row.charges().maintenance)),
            initial: F::from(u64::from(row.charges().initial)),
            columns,
            path: path.children().to_vec(),
        }
    }

    fn size(&self) -> F {
        self.size_less_sign + self.short
    }

    fn lots(&self) -> F {
        self.size() * (F::ONE - self.short.double())
    }
}

fn bit<F: MarginField>(bit: bool) -> F {
    F::from(u64::from(bit))
}

/// The limbs of a packed sum, each the nearest to zero, the last with the rest.
fn limbs<F: MarginField>(sum: &F) -> [I256; LIMBS] {
    let base: I256 = I256::ONE << LIMB_BITS;
    let half: I256 = base >> 1;
    let mut rest = to_integer(sum);
    std::array::from_fn(|index| {
        if index + 1 == LIMBS {
            return rest;
        }
        let limb = I256::rem_euclid(rest + half, base) - half;
        rest = (rest - limb) >> LIMB_BITS;
        limb
    })
}
