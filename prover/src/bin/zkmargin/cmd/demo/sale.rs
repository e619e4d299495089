//! How many lots are sold, and what is left.

use rust_decimal::Decimal;
use zkmargin_margin::claim::{Level, Multiplier};
use zkmargin_prover::backend::Backend;
use zkmargin_prover::family::FamilyMarket;
use zkmargin_prover::portfolio_file::{PortfolioDocument, PositionEntry};
use zkmargin_prover::whatif::turn;

use super::book::Book;
use super::example::Example;
use super::story::Story;
use crate::error::Error;
use crate::input::{PublishedMarket, with_market};

/// Lots of a position that are sold.
pub(super) struct Sale {
    pub(super) symbol: &'static str,
    /// One lot, in coins.
    pub(super) lot: Decimal,
    /// Quote currency for a coin; the mark, or what the best bid was.
    pub(super) price: Decimal,
}

/// The price of a coin after the fall.
pub(super) fn mark(example: &Example, symbol: &'static str) -> Result<Decimal, Error> {
    let prices = example.moved(1)?;
    let found = prices.prices().iter().find(|(coin, _)| coin.as_str() == symbol);
    found.map(|(_, price)| price.price).ok_or_else(|| Error::Demo(format!("the price of {symbol}")))
}

/// A book of one position with as few lots sold as reach initial margin, and how much that
/// is, in coins.
pub(super) fn reduced(
    story: &Story,
    book: &Book,
    sale: &Sale,
) -> Result<(Decimal, PortfolioDocument), Error> {
    let published = PublishedMarket::load(&story.source("market-2.json"))?;
    let lots =
        with_market!(&published, story.env(), B, market => fewest::<B, _>(&market, book, sale));
    let sold = lots.and_then(|lots| sale.lot.checked_mul(lots.into()));
    let document = sold.and_then(|sold| after(book, sale, sold));
    let failed = || Error::Demo(format!("a sale of {}", sale.symbol));
    let (sold, document) = sold.zip(document).ok_or_else(failed)?;
    Ok((sold.normalize(), document))
}

/// The fewest lots whose sale reaches initial margin.
fn fewest<B: Backend, M: FamilyMarket<B::Field>>(
    market: &M,
    book: &Book,
    sale: &Sale,
) -> Option<u64> {
    let (listings, most) = (market.listings(), held(book)?.checked_div(sale.lot)?);
    let short = |lots: u64| {
        let sold = sale.lot.checked_mul(lots.into())?;
        let mut document = after(book, sale, sold)?;
        document.ensure_blinding().ok()?;
        let portfolio = listings.portfolio(&document).ok()?;
        let standing = market.standing(&portfolio, Level::Initial, Multiplier::ONE).ok()?;
        Some(standing.shortfall != 0)
    };
    let (_, first) = turn(most.try_into().ok()?, |lots| short(lots) == Some(true))?;
    (short(first) == Some(false)).then_some(first)
}

/// What a book of one position holds of it.
fn held(book: &Book) -> Option<Decimal> {
    book.positions.first()?.1.parse().ok()
}

/// A book of one position after a sale out of it.
fn after(book: &Book, sale: &Sale, sold: Decimal) -> Option<PortfolioDocument> {
    let cash: Decimal = book.cash.parse().ok()?;
    let cash = cash.checked_add(sold.checked_mul(sale.price)?)?;
    let left = held(book)?.checked_sub(sold)?;
    let position = PositionEntry::new(sale.symbol.to_owned(), left.normalize().to_string());
    Some(PortfolioDocument::new(book.account(), cash.normalize().to_string(), vec![position]))
}
