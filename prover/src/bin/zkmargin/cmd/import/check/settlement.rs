//! What Derive states of an account in its standard margin, beside a settlement model.

use pasta_curves::Fp;
use rust_decimal::Decimal;
use zkmargin_margin::claim::Level;
use zkmargin_margin::ids::Epoch;
use zkmargin_margin::portfolio::Portfolio;
use zkmargin_params::import::{AccountNote, AccountProblem, ImportError, VenueAccount, derive};
use zkmargin_params::market::settlement::Market;
use zkmargin_params::settlement::model::SettlementModel;
use zkmargin_prover::files::Source;
use zkmargin_prover::portfolio_file::{Listings, PortfolioDocument};

use super::Checked;
use crate::cmd::market::settlement_snapshot;
use crate::error::Error;

/// Quote units that rows round by, at most, for each lot: see `params::settlement`.
const UNITS_PER_LOT: u64 = 2;

/// Compares equity, and the balances over both margins.
///
/// # Errors
/// When the account is in another margin, holds options and no marks are given, or model
/// and marks do not take it.
pub(super) fn check(
    model: &SettlementModel,
    marks: Option<&Source>,
    (account, document): (&VenueAccount, &PortfolioDocument),
    file: &Source,
) -> Result<Vec<Checked>, Error> {
    let failed = |error| Error::account(file, error, "");
    if !account.notes.contains(&AccountNote::StandardMargin) {
        return Err(failed(ImportError::Account(AccountProblem::NotStandardMargin)));
    }
    let snapshot = match marks {
        Some(marks) => settlement_snapshot(marks)?,
        None => derive::own_marks(account).map_err(failed)?,
    };
    let market = Market::<Fp>::build(model, &snapshot, Epoch::new(0))
        .map_err(|error| Error::market(marks.unwrap_or(file), error))?;
    let portfolio = Listings::from(&market)
        .portfolio(document)
        .map_err(|error| Error::portfolio(file, error))?;
    let margin = market.margin(&portfolio).map_err(|error| Error::market(file, error))?;
    let rounding = rounding(&portfolio, market.quote_decimals());
    let figure = |figure, stated: Option<Decimal>, units: i128| {
        let named = (figure, account.quote.as_str(), model.spec().name.as_str());
        Some(Checked::new(named, stated?, market.format_amount(units), rounding))
    };
    let over = |level| {
        let required = margin.requirement(level).unwrap_or(0).cast_signed();
        // Both below 2^90.
        margin.counts(level) - required
    };
    let stated = &account.stated;
    let stated_over = |margin: Option<Decimal>| stated.equity?.checked_sub(margin?);
    Ok([
        figure("equity", stated.equity, margin.equity()),
        figure("balance over initial margin", stated_over(stated.initial), over(Level::Initial)),
        figure(
            "balance over maintenance margin",
            stated_over(stated.maintenance),
            over(Level::Maintenance),
        ),
    ]
    .into_iter()
    .flatten()
    .collect())
}

/// What the rows of a portfolio may have rounded away, in the quote currency; 0 beyond what
/// decimals hold.
fn rounding(portfolio: &Portfolio, quote_decimals: u32) -> Decimal {
    let lots = portfolio.positions().iter().map(|position| position.quantity.get().unsigned_abs());
    let lots = lots.fold(0_u64, u64::saturating_add);
    let units = Decimal::from(lots.saturating_mul(UNITS_PER_LOT));
    units.checked_mul(Decimal::new(1, quote_decimals)).unwrap_or_default()
}
