//! Options of a standard market: those that its snapshot marks, by their underlying's rule.

use zkmargin_margin::ids::InstrumentId;

use super::{Listing, MarketError, Table, tier_row};
use crate::model::{OptionRule, PricedOption, StandardModel};
use crate::snapshot::{OptionPoint, Snapshot};
use crate::symbol::Symbol;

impl Table {
    /// Adds the rows of options whose underlying has a rule, by symbol, after all others.
    pub(super) fn list_options(
        &mut self,
        model: &StandardModel,
        snapshot: &Snapshot,
    ) -> Result<(), MarketError> {
        for (symbol, option) in snapshot.options() {
            if let Some(rule) = model.options().get(&option.underlying) {
                self.list_option(model, snapshot, (symbol, option, rule))?;
            }
        }
        Ok(())
    }

    fn list_option(
        &mut self,
        model: &StandardModel,
        snapshot: &Snapshot,
        (symbol, option, rule): (&Symbol, &OptionPoint, &OptionRule),
    ) -> Result<(), MarketError> {
        let underlying = &option.underlying;
        let Some(index) = snapshot.prices().get(underlying) else {
            let (symbol, underlying) = (symbol.clone(), underlying.clone());
            return Err(MarketError::NoIndex { symbol, underlying });
        };
        model.check_confidence(underlying, index)?;
        let id = self.unused(symbol)?;
        let priced = PricedOption {
            option_type: option.option_type,
            strike: option.strike,
            mark: option.mark,
            index: index.price,
        };
        let rows = rule.rows(&format!("options.{underlying}"), model.quotation(), &priced)?;
        let rows = rows.ok_or_else(|| MarketError::PriceRange {
            symbol: symbol.clone(),
            lot_size: rule.lot_size,
        })?;
        let start = self.rows.len();
        self.rows.extend(rows.iter().map(|(price, spec)| tier_row(id, *price, spec)));
        // The long row's price: what an option that is held is worth.
        let price = rows[0].0;
        let listing = Listing::of_option(symbol, rule, option.mark, price, start..self.rows.len());
        self.listings.insert(id, listing);
        self.by_symbol.insert(symbol.clone(), id);
        Ok(())
    }

    /// The number of a symbol that a snapshot lists, which is no other's: a model's own
    /// are checked with the model.
    fn unused(&self, symbol: &Symbol) -> Result<InstrumentId, MarketError> {
        let id = symbol.instrument_id();
        match self.listings.get(&id) {
            None => Ok(id),
            Some(other) => {
                let (symbol, other) = (symbol.clone(), other.symbol().clone());
                Err(MarketError::SameInstrument { symbol, other })
            }
        }
    }
}

#[cfg(test)]
mod tests;
