//! Settlement margin for the account's owner: exact, as it would be proved.

use std::fmt;

use serde::Serialize;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::portfolio::{Portfolio, Position};
use zkmargin_margin::settlement::ExpiryMargin;
use zkmargin_params::market::MarketError;
use zkmargin_params::market::settlement::Market;

use crate::figures::Table;
use crate::human;

/// An account's margin under a settlement model, in decimals of the quote currency.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct SettlementReport {
    /// The account's level.
    pub level: Level,
    /// What the account is worth, options at their marks.
    pub equity: String,
    /// What of it counts for margin: options are worth nothing to it.
    pub counts: String,
    /// What initial margin asks for.
    pub initial: String,
    /// What maintenance asks for.
    pub maintenance: String,
    /// Cash that lifts the account to maintenance margin; `"0"` when it is there.
    pub cash_needed_for_maintenance: String,
    /// The same of initial margin.
    pub cash_needed_for_initial: String,
    /// Charges on all but options: of initial and of maintenance margin.
    pub linear: Pair,
    /// What initial margin has on top for short options.
    pub extra: String,
    /// The expiries, in the order of their identifiers.
    pub expiries: Vec<ExpiryLine>,
    /// The positions, in the order of their identifiers.
    pub positions: Vec<PositionLine>,
}

/// A figure of both margins.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Pair {
    /// Of initial margin.
    pub initial: String,
    /// Of maintenance margin.
    pub maintenance: String,
}

/// What the options of an expiry are charged.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct ExpiryLine {
    /// Options held in it.
    pub options: Vec<String>,
    /// The sum of their charges one by one.
    pub alone: Pair,
    /// The most that they lose at settlement, at zero and at their strikes.
    pub loss: String,
    /// Charged beside the loss on calls that none covers.
    pub naked: Pair,
    /// The lesser of both, which counts.
    pub charged: Pair,
}

/// A position's figures.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct PositionLine {
    /// The instrument.
    pub instrument: String,
    /// The quantity, signed.
    pub quantity: String,
    /// What it is worth; nothing of perpetuals.
    pub value: String,
}

/// The figures are secret.
macro_rules! redacted {
    ($($name:ident),+) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )+};
}
redacted!(SettlementReport, Pair, ExpiryLine, PositionLine);

impl SettlementReport {
    /// Assesses a portfolio in a market.
    ///
    /// # Errors
    /// When a position does not fit the market.
    pub fn new<F: MarginField>(
        market: &Market<F>,
        portfolio: &Portfolio,
    ) -> Result<Self, MarketError> {
        let margin = market.margin(portfolio)?;
        let amount = |units: i128| market.format_amount(units);
        let units = |units: u128| amount(units.cast_signed());
        let required = |level| units(margin.requirement(level).unwrap_or(0));
        let expiry = |expiry: &ExpiryMargin| expiry_line(market, portfolio, expiry);
        Ok(Self {
            level: margin.level(),
            equity: amount(margin.equity()),
            counts: amount(margin.counts(Level::Initial)),
            initial: required(Level::Initial),
            maintenance: required(Level::Maintenance),
            cash_needed_for_maintenance: units(margin.shortfall(Level::Maintenance)),
            cash_needed_for_initial: units(margin.shortfall(Level::Initial)),
            linear: pair(market, margin.linear),
            extra: units(margin.extra),
            expiries: margin.expiries.iter().map(expiry).collect(),
            positions: portfolio.positions().iter().map(|p| line(market, p)).collect(),
        })
    }

    /// The figures for people.
    pub fn lines(&self, quote: &str) -> Vec<String> {
        let mut lines = vec![
            format!("level         {}", human::level(self.level)),
            format!("equity        {} {quote}, of which {} count", self.equity, self.counts),
            format!("initial       {} {quote}", self.initial),
            format!("maintenance   {} {quote}", self.maintenance),
        ];
        for (name, needed) in [
            ("maintenance margin", &self.cash_needed_for_maintenance),
            ("initial margin", &self.cash_needed_for_initial),
        ] {
            if needed != "0" {
                lines.push(format!("cash needed   {needed} {quote} for {name}"));
            }
        }
        lines.push(String::new());
        if !self.expiries.is_empty() {
            let heads = ["options of an expiry", "one by one", "loss", "naked calls", "charged"];
            let mut table = Table::new(1, heads);
            for line in &self.expiries {
                let Pair { initial: alone, .. } = &line.alone;
                let (naked, charged) = (&line.naked.initial, &line.charged.initial);
                let figures = [alone, &line.loss, naked, charged].map(ToOwned::to_owned);
                table.row([line.options.join(" ")].into_iter().chain(figures));
            }
            lines.extend(table.lines());
            lines.push("charges are of initial margin; the lesser of both ways counts".to_owned());
            lines.push(String::new());
        }
        let mut table = Table::new(1, ["instrument", "quantity", "value"]);
        for line in &self.positions {
            table.row([line.instrument.clone(), line.quantity.clone(), line.value.clone()]);
        }
        lines.extend(table.lines());
        lines
    }
}

/// A figure of maintenance and initial margin.
fn pair<F: MarginField>(market: &Market<F>, figures: [u128; 2]) -> Pair {
    let [maintenance, initial] = figures.map(|units| market.format_amount(units.cast_signed()));
    Pair { initial, maintenance }
}

fn expiry_line<F: MarginField>(
    market: &Market<F>,
    portfolio: &Portfolio,
    expiry: &ExpiryMargin,
) -> ExpiryLine {
    let of_expiry = |position: &&Position| {
        zkmargin_margin::settlement::expiry_of(position.instrument) == Some(expiry.expiry)
    };
    let options = portfolio.positions().iter().filter(of_expiry);
    ExpiryLine {
        options: options.map(|position| name(market, position)).collect(),
        alone: pair(market, expiry.alone),
        loss: market.format_amount(expiry.loss.cast_signed()),
        naked: pair(market, expiry.naked),
        charged: pair(market, expiry.charge()),
    }
}

/// What was assessed is listed.
fn name<F: MarginField>(market: &Market<F>, position: &Position) -> String {
    let listing = market.listing_by_id(position.instrument);
    listing.map(|listing| listing.symbol().to_string()).unwrap_or_default()
}

fn line<F: MarginField>(market: &Market<F>, position: &Position) -> PositionLine {
    let listing = market.listing_by_id(position.instrument);
    let mark = listing.and_then(|listing| market.rows().get(listing.row()));
    let mark = mark.map_or(0, |row| i128::from(row.mark()));
    PositionLine {
        instrument: name(market, position),
        quantity: listing.map(|l| l.format_lots(position.quantity)).unwrap_or_default(),
        value: market.format_amount(mark * i128::from(position.quantity.get())),
    }
}
