//! The scenario family's relation: clauses M1 to M7, natively.

use core::marker::PhantomData;

use super::FACTOR_ONE;
use super::account::ScenarioMargin;
use super::row::ScenarioRow;
use super::terms::ScenarioTerms;
use crate::field::MarginField;
use crate::instance::MarginInstance;
use crate::relation::{MarginFamily, Violation};
use crate::shape::Family;
use crate::witness::{self, AccountWitness, MARKET_TREE, check_claim, opens};

/// A position with its row and the row's path in the market tree.
pub type ScenarioSlot<F> = witness::Slot<F, ScenarioRow>;

/// What the prover knows; any row is a padding row.
#[derive(Clone)]
pub struct ScenarioWitness<F> {
    /// The account. Its header's denominator is [`FACTOR_ONE`], its positions
    /// are all in bucket 0.
    pub account: AccountWitness<F, ScenarioRow>,
    /// The market's terms.
    pub terms: ScenarioTerms,
}

redacted_debug!(ScenarioWitness<F>);

impl<F: MarginField> ScenarioWitness<F> {
    /// Whether a circuit's unused slots can be filled: the padding row is in
    /// the market. The statement does not depend on it, a proof in a shape with
    /// unused slots does.
    pub fn has_padding(&self) -> bool {
        let (row, path) = &self.account.padding;
        opens(path, MARKET_TREE, row.leaf(), self.account.header.tree_root)
    }

    /// The account's figures.
    ///
    /// # Errors
    /// See [`ScenarioMargin::assess`].
    pub fn assess(&self) -> Result<ScenarioMargin, Violation> {
        let slots = self.account.slots.iter().map(|slot| (&slot.position, &slot.row));
        ScenarioMargin::assess(slots, &self.account.reserved, &self.terms)
    }
}

/// The scenario family over a field.
#[derive(Clone, Copy, Debug)]
pub struct Scenario<F>(PhantomData<F>);

impl<F: MarginField> MarginFamily for Scenario<F> {
    const FAMILY: Family = Family::Scenario;
    type Instance = MarginInstance<F>;
    type Witness = ScenarioWitness<F>;

    fn check(instance: &MarginInstance<F>, witness: &ScenarioWitness<F>) -> Result<(), Violation> {
        let account = &witness.account;
        if instance.claim.leverage().is_some() {
            return Err(Violation::NoNotional);
        }
        account.check_state(instance)?;
        if account.header.denominator.get() != FACTOR_ONE {
            return Err(Violation::Header);
        }
        account.check_header(instance)?;
        if account.header.terms != witness.terms.digest() {
            return Err(Violation::Terms);
        }
        account.check_rows(|row| (row.instrument, row.leaf()))?;
        account.check_order()?;
        let margin = witness.assess()?;
        let claim = instance.claim;
        check_claim(instance, margin.shortfall_of(claim.level(), claim.multiplier()))
    }
}
