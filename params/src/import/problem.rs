//! Why an account is refused, whatever its format.

/// Why an account is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccountProblem {
    /// Cross-margin figures are missing where they are needed.
    #[error("crossMarginSummary is missing, and an account with isolated positions needs it")]
    NoCrossSummary,
    /// No position, so no price.
    #[error("the account holds no position, so there are no marks for a snapshot")]
    Flat,
    /// A currency without figures in the summary.
    #[error("the summary has no figures of this currency: choose it with --currency")]
    NoSummary,
    /// A margin model that is not the portfolio's own.
    #[error(
        "the account is not in segregated portfolio margin (margin_model segregated_pm): one in \
         cross portfolio margin is read with --cross, and no model here states another's margin"
    )]
    MarginModel,
    /// A margin model that is not the one over all currencies.
    #[error(
        "the account is not in cross portfolio margin (margin_model cross_pm): its currencies are \
         margined apart, so read one with --currency"
    )]
    NotCross,
    /// A currency beside BTC and ETH that is owed.
    #[error("the account owes a currency beside BTC and ETH, which no market here can state")]
    OtherOwed,
    /// A size that cannot be brought to coins.
    #[error("a position has neither size_currency nor a mark price to get its coins from")]
    NoCoins,
    /// An account that is not in the standard margin of its venue.
    #[error(
        "the account is not in Derive's standard margin (margin_type SM), so what the venue states \
         of it is not what a settlement model charges"
    )]
    NotStandardMargin,
    /// Options, and an answer without what they are charged on.
    #[error(
        "the account holds options, and the answer states neither the forwards nor the volatilities \
         that they are charged on: give the snapshot that `zkmargin import derive markets` makes of \
         the tickers of the same moment with --marks FILE"
    )]
    NoForwards,
    /// A number past what decimals hold.
    #[error("a number is out of range")]
    Range,
    /// An account that the venue margins over several assets.
    #[error(
        "the account is in multi-assets mode: the venue values all its assets together, and no \
         model here does"
    )]
    MultiAssets,
    /// No figures of the quote currency.
    #[error("the answer has no figures of the quote currency: choose it with --quote")]
    NoAsset,
    /// Two answers of different moments, or a page that is missing.
    #[error(
        "the answers do not hold the same positions: a page is missing, or they are of different \
         moments"
    )]
    Apart,
    /// Positions whose margins are not the account's.
    #[error(
        "the positions' maintenance margins do not add up to the account's: a page is missing, or \
         the answers are of different moments"
    )]
    Incomplete,
    /// Equity that is not what the positions give.
    #[error(
        "equity is not what the positions give at the prices given: the answers are of different \
         moments"
    )]
    Equity,
    /// A Bybit account in isolated margin, or in none.
    #[error(
        "the account is not in cross margin: its account-wide figures are empty, and the margin of \
         single positions is not read"
    )]
    NoAccountFigures,
    /// The venue's own answer is not whole.
    #[error("the venue could not fetch the whole account (failed_to_fetch)")]
    FailedToFetch,
    /// Margin of orders in coins that nothing brings to the quote currency.
    #[error("open orders have margin in coins, and no row has an index_price to state it in USD")]
    NoIndex,
}
