//! What is between two portfolios: the entries of a change, and what its aim asks
//! about them.

use std::collections::BTreeMap;

use rand::TryRng as _;
use zeroize::Zeroizing;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{BucketId, InstrumentId};
use zkmargin_margin::portfolio::{Blinding, Portfolio, Position};
use zkmargin_margin::relation::{MarginFamily, Violation};
use zkmargin_margin::statement::transition::Entry;
use zkmargin_margin::units::{Amount, Lots};
use zkmargin_margin::witness::Slot;

use super::error::{TransitionError, failed};
use crate::family::{FamilyMarket, MarketFamily};
use crate::proving::ProvingError;
use crate::venue::Membership;

/// A position of a market's family, with its row.
pub(super) type MarketSlot<F, M> = Slot<F, <MarketFamily<F, M> as MarginFamily>::Row>;

/// Both portfolios side by side.
pub(super) struct Sides {
    /// Every position as it is afterwards: nothing, when it is closed.
    pub(super) listed: Vec<Position>,
    /// Which of them the portfolio afterwards has.
    pub(super) kept: Vec<bool>,
    pub(super) entries: Vec<Entry>,
}

impl Sides {
    pub(super) fn of(before: &Portfolio, after: &Portfolio) -> Self {
        let mut sides: BTreeMap<(BucketId, InstrumentId), [Option<&Position>; 2]> = BTreeMap::new();
        for (side, portfolio) in [before, after].into_iter().enumerate() {
            for position in portfolio.positions() {
                sides.entry(position.key()).or_default()[side] = Some(position);
            }
        }
        let mut all = Self { listed: Vec::new(), kept: Vec::new(), entries: Vec::new() };
        for ((bucket, instrument), [was, is]) in sides {
            let amounts = |side: Option<&Position>| {
                side.map_or((0, 0), |p| (i128::from(p.quantity.get()), p.cash.get()))
            };
            let ((lots, cash), (more, gain)) = (amounts(was), amounts(is));
            if (lots, cash) != (more, gain) {
                // Differences of two positions are in range.
                all.entries.extend(Entry::new((bucket, instrument), more - lots, gain - cash));
            }
            let (quantity, cash) = (Lots::ZERO, Amount::ZERO);
            let closed = || Position { bucket, instrument, quantity, cash };
            all.listed.push(is.cloned().unwrap_or_else(closed));
            all.kept.push(is.is_some());
        }
        all
    }
}

/// The position of the last entry that has lots, with one of them taken back, and its
/// row in the market; `None` where no entry has lots.
pub(super) fn taken_back<F: MarginField, M: FamilyMarket<F>>(
    market: &M,
    path: &Membership<F>,
    after: &Portfolio,
    entries: &[Entry],
) -> Result<Option<MarketSlot<F, M>>, TransitionError> {
    let Some(last) = entries.iter().rev().find(|entry| entry.lots() != 0) else {
        return Ok(None);
    };
    let now = after.positions().iter().find(|position| position.key() == last.key());
    let lots = now.map_or(0, |now| i128::from(now.quantity.get())) - last.lots().signum();
    // Between what it was and what it is, but for an entry that grows: that is refused.
    let Ok(lots) = i64::try_from(lots) else { return Ok(None) };
    let (bucket, instrument) = last.key();
    let position = Position { bucket, instrument, quantity: Lots::new(lots), cash: Amount::ZERO };
    let alone = Portfolio::new(vec![position], after.blinding().clone())
        .map_err(|_| failed(Violation::TakenBack))?;
    let witness = market.witness(&alone, path).map_err(ProvingError::Market)?;
    Ok(MarketFamily::<F, M>::account(&witness).slots.first().cloned())
}

/// What hides the change in its digest.
pub(super) fn salt() -> Result<Blinding, TransitionError> {
    let mut bytes = Zeroizing::new([0; 31]);
    let filled = rand::rngs::SysRng.try_fill_bytes(bytes.as_mut_slice());
    filled.map_err(|_| TransitionError::NoRandomness)?;
    Ok(Blinding::new(*bytes))
}
