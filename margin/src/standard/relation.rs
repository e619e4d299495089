//! The standard family's relation: clauses M1 to M7, natively.

use core::marker::PhantomData;

use crate::claim::Leverage;
use crate::field::MarginField;
use crate::instance::MarginInstance;
use crate::relation::{MarginFamily, Violation};
use crate::shape::Family;
use crate::standard::{AccountMargin, RowError, TierRow};
use crate::units::Lots;
use crate::witness::{self, AccountWitness, MARKET_TREE, check_claim, opens};

/// A position with its tier and the tier's path in the market tree.
pub type Slot<F> = witness::Slot<F, TierRow>;
/// What the prover knows; the padding row is one that zero lots satisfy.
pub type StandardWitness<F> = AccountWitness<F, TierRow>;

impl<F: MarginField> AccountWitness<F, TierRow> {
    /// Whether a circuit's unused slots can be filled: the padding row is in
    /// the market and applies to zero lots. The statement does not depend on
    /// it, a proof in a shape with unused slots does.
    pub fn has_padding(&self) -> bool {
        let (row, path) = &self.padding;
        row.assess(Lots::ZERO, self.header.denominator).is_ok()
            && opens(path, MARKET_TREE, row.leaf(), self.header.tree_root)
    }
}

/// The standard family over a field.
#[derive(Clone, Copy, Debug)]
pub struct Standard<F>(PhantomData<F>);

impl<F: MarginField> MarginFamily for Standard<F> {
    const FAMILY: Family = Family::Standard;
    type Instance = MarginInstance<F>;
    type Witness = StandardWitness<F>;

    fn check(instance: &MarginInstance<F>, witness: &StandardWitness<F>) -> Result<(), Violation> {
        witness.check_state(instance)?;
        check_market(instance, witness)?;
        witness.check_order()?;
        let margin = assess(witness)?;
        let claim = instance.claim;
        check_claim(instance, margin.shortfall_of(claim.level(), claim.multiplier()))?;
        let holds = |most: Leverage| most.holds(margin.gross_notional(), margin.equity());
        match claim.leverage().is_none_or(holds) {
            true => Ok(()),
            false => Err(Violation::Leverage),
        }
    }
}

/// M3. This family has no terms.
fn check_market<F: MarginField>(
    instance: &MarginInstance<F>,
    witness: &StandardWitness<F>,
) -> Result<(), Violation> {
    if witness.header.terms != F::ZERO {
        return Err(Violation::Header);
    }
    witness.check_header(instance)?;
    witness.check_rows(|row| (row.instrument, row.leaf()))
}

/// M4 (ranges) and M5.
fn assess<F: MarginField>(witness: &StandardWitness<F>) -> Result<AccountMargin, Violation> {
    let slots = witness.slots.iter().map(|slot| (&slot.position, &slot.row));
    let denominator = witness.header.denominator;
    AccountMargin::assess(slots, &witness.reserved, denominator).map_err(
        |(index, error)| match error {
            RowError::WrongDirection => Violation::WrongDirection(index),
            RowError::Range => Violation::Range(index),
            RowError::WrongTier => Violation::WrongTier(index),
        },
    )
}
