//! The margin statement: an account meets a level, or is below it.
//!
//! | clause | says | checked by |
//! |---|---|---|
//! | M1, M2 | the positions open the account's commitment, it the state root | [`AccountWitness`](crate::witness::AccountWitness) |
//! | M3 | header, terms and rows are those of the market root | the same, [`MarginFamily::check_terms`] |
//! | M4, M5 | order, ranges, figures | [`MarginFamily::assess`] |
//! | M6, M7 | claim and disclosure are true of the shortfall | here |

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
    account.check_header(instance)?;
    M::check_terms(witness)?;
    account.check_rows(account.slots.iter(), M::leaf)?;
    check_order(account.slots.iter())?;
    let figures = M::assess(witness, account.slots.iter())?;
    check_claim(instance, figures.shortfall(instance.claim.level()))
}

/// M6 and M7, by the shortfall of the claim's level.
pub(super) fn check_claim<F>(
    instance: &MarginInstance<F>,
    shortfall: u128,
) -> Result<(), Violation> {
    let holds = match instance.claim.side() {
        Side::AtLeast => shortfall == 0,
        Side::Below => shortfall > 0,
    };
    if !holds {
        return Err(Violation::FalseClaim);
    }
    let disclosed = instance.disclosed.get();
    if disclosed != 0 && disclosed != shortfall {
        return Err(Violation::FalseDisclosure);
    }
    Ok(())
}
