//! The aim in `CLAIM` (T4).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::statement::transition::{AIM_BREACH, AIM_KIND, Aim};

use crate::gadgets::{Cell, Synthesizer};
use crate::statement::claim::ClaimCells;

/// What the prover writes of the aim.
#[derive(Clone, Copy, Debug)]
pub struct AimHints<F> {
    /// One for *cures*, zero for *healthier*.
    pub is_cures: F,
    /// One when the level that the account was below is maintenance.
    pub breach_is_maintenance: F,
    /// One when it is initial; neither for the margin call.
    pub breach_is_initial: F,
}

impl<F: MarginField> AimHints<F> {
    pub(super) fn new(aim: Aim) -> Self {
        let bit = |bit: bool| F::from(u64::from(bit));
        let breach = match aim {
            Aim::Cures { breach, .. } => Some(breach),
            _ => None,
        };
        Self {
            is_cures: bit(breach.is_some()),
            breach_is_maintenance: bit(breach == Some(Level::Maintenance)),
            breach_is_initial: bit(breach == Some(Level::Initial)),
        }
    }
}

/// The aim, decoded.
pub(super) struct AimCells<F: MarginField> {
    /// One for *cures*.
    pub(super) is_cures: Cell<F>,
    /// One for *healthier*: it is one of the two.
    pub(super) is_healthier: Cell<F>,
    breach_is_maintenance: Cell<F>,
    breach_is_initial: Cell<F>,
    /// What stands at the aim's bits of `CLAIM`.
    pub(super) number: Cell<F>,
}

/// Which requirement counts: maintenance, initial, or none for the margin call.
pub(super) struct LevelCells<F: MarginField> {
    pub(super) is_maintenance: Cell<F>,
    pub(super) is_initial: Cell<F>,
}

impl<F: MarginField> LevelCells<F> {
    /// What the level requires of a position, or of an account.
    pub(super) fn required<L: Layouter<F>>(
        &self,
        s: &mut Synthesizer<'_, F, L>,
        name: &str,
        (maintenance, initial): (&Cell<F>, &Cell<F>),
    ) -> Result<Cell<F>, Error> {
        let first = s.mul(&format!("{name} maintenance"), &self.is_maintenance, maintenance)?;
        s.mul_add(name, (&self.is_initial, initial), (F::ONE, &first), F::ZERO)
    }
}

impl<F: MarginField> AimCells<F> {
    /// Assigns the aim's bits: its number is `1` for *healthier*, and `2` with the
    /// breach level above it for *cures*. *Meets* has none here.
    pub(super) fn assign<L: Layouter<F>>(
        s: &mut Synthesizer<'_, F, L>,
        hints: Value<&AimHints<F>>,
    ) -> Result<Self, Error> {
        s.scope("aim");
        let is_cures = s.witness_bit("T4 cures", hints.map(|h| h.is_cures))?;
        let is_healthier = s.not("healthier", &is_cures)?;
        let maintenance = hints.map(|h| h.breach_is_maintenance);
        let breach_is_maintenance = s.witness_bit("T4 breach of maintenance", maintenance)?;
        let initial = hints.map(|h| h.breach_is_initial);
        let breach_is_initial = s.witness_bit("T4 breach of initial", initial)?;
        s.product_is_zero("T4 one breach", &breach_is_maintenance, &breach_is_initial)?;
        let initial = (F::from(2), &breach_is_initial);
        let above_call = s.add_scaled("breach", &breach_is_maintenance, initial, F::ZERO)?;
        s.product_is_zero("T4 healthier has no breach", &is_healthier, &above_call)?;
        // The margin call, the lowest that is cured, is level 1.
        let breach = F::from(1 << (AIM_BREACH - AIM_KIND));
        let term = (breach + F::ONE, &is_cures);
        let kind = s.scale("kind", term.0, term.1, F::ONE)?;
        let number = s.add_scaled("aim", &kind, (breach, &above_call), F::ZERO)?;
        Ok(Self { is_cures, is_healthier, breach_is_maintenance, breach_is_initial, number })
    }

    /// Constrains the aim and the claim to go together as
    /// [`Aim::checked`] and [`Aim::claim_like`] say; returns the level that the
    /// account before is held against.
    pub(super) fn constrain<L: Layouter<F>>(
        &self,
        s: &mut Synthesizer<'_, F, L>,
        claim: &ClaimCells<F>,
    ) -> Result<LevelCells<F>, Error> {
        s.scope("aim and claim");
        let one = s.one();
        s.product_is_zero("T4 at least", &one, &claim.is_below)?;
        s.product_is_zero("T4 healthier has no multiplier", &self.is_healthier, &claim.above_one)?;
        // No requirement to divide by, and no breach above the target.
        let some = s.add("some requirement", &claim.is_maintenance, &claim.is_initial)?;
        let none = s.not("no requirement", &some)?;
        let (maintenance, initial) = (&self.breach_is_maintenance, &self.breach_is_initial);
        s.product_is_zero("T4 healthier of a requirement", &self.is_healthier, &none)?;
        s.product_is_zero("T4 target is not the margin call", maintenance, &none)?;
        let not_initial = s.not("target below initial", &claim.is_initial)?;
        s.product_is_zero("T4 target is initial", initial, &not_initial)?;
        // A breach of *cures*, the claimed level of *healthier*.
        let level = |s: &mut Synthesizer<'_, F, L>, name: &str, breach, claimed| {
            s.mul_add(name, (&self.is_healthier, claimed), (F::ONE, breach), F::ZERO)
        };
        Ok(LevelCells {
            is_maintenance: level(s, "T4 maintenance", maintenance, &claim.is_maintenance)?,
            is_initial: level(s, "T4 initial", initial, &claim.is_initial)?,
        })
    }
}
