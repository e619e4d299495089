//! The margin statement: an account meets a level, or is below it.
//!
//! | clause | says | checked by |
//! |---|---|---|
//! | M1, M2 | the positions open the account's commitment, it the state root | [`AccountWitness`](crate::witness::AccountWitness) |
//! | M3 | header, terms and rows are those of the market root | the same, [`MarginFamily::check_terms`] |
//! | M4, M5 | order, ranges, figures | [`MarginFamily::assess`] |
//! | M6, M7 | claim, with its dials, and disclosure are true of the figures | here |
//!
//! `MEMO` is free: the proof binds it, and the statement says nothing about it.

use crate::claim::Side;
use crate::instance::MarginInstance;
use crate::relation::{Figures, MarginFamily, Violation};
use crate::witness::check_order;

/// Whether the witness satisfies the statement for this instance.
///
/// # Errors
/// The first clause that fails.
pub fn check<M: MarginFamily>(
    instance: &MarginInstance<M::Field>,
    witness: &M::Witness,
) -> Result<(), Violation> {
    let account = M::account(witness);
    account.check_state(instance)?;
    account.check_header(instance.market_root, instance.epoch, instance.model)?;
    M::check_terms(witness)?;
    account.check_rows(account.slots.iter(), M::leaf)?;
    check_order(account.slots.iter())?;
    let figures = M::assess(witness, account.slots.iter(), &account.reserved)?;
    check_claim(instance, &figures)
}

/// M6 and M7, by the figures.
pub(super) fn check_claim<F>(
    instance: &MarginInstance<F>,
    figures: &impl Figures,
) -> Result<(), Violation> {
    let claim = instance.claim;
    let shortfall = figures.shortfall(claim.level(), claim.multiplier());
    let shortfall = shortfall.ok_or(Violation::Multiplied)?;
    let holds = match claim.side() {
        Side::AtLeast => shortfall == 0,
        Side::Below => shortfall > 0,
    };
    if !holds {
        return Err(Violation::FalseClaim);
    }
    match claim.leverage().map(|most| figures.is_within(most)) {
        None | Some(Some(true)) => {}
        Some(Some(false)) => return Err(Violation::Leverage),
        Some(None) => return Err(Violation::NoNotional),
    }
    let disclosed = instance.disclosed.get();
    if disclosed != 0 && disclosed != shortfall {
        return Err(Violation::FalseDisclosure);
    }
    Ok(())
}
