//! Standard margin under moves of prices, for the account's owner: liquidation
//! prices, health factors of lending, and where the whole account loses a level.

use std::fmt;

use rust_decimal::Decimal;
use serde::Serialize;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::BucketId;
use zkmargin_margin::portfolio::{Portfolio, Position};
use zkmargin_params::market::stress::{
    AtPrices, MovedPoint, Turn, crossings, liquidation_price, moved,
};
use zkmargin_params::market::{Listing, Market};
use zkmargin_params::model::Kind;
use zkmargin_params::symbol::Symbol;

use crate::figures::{Table, change, thousands};
use crate::human;

/// What a stress test of a standard account found.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct StandardStress {
    /// The account's level.
    pub level: Level,
    /// Equity of all buckets.
    pub equity: String,
    /// The positions, by bucket and symbol.
    pub positions: Vec<Liquidation>,
    /// Health factors of the buckets that owe coins or cash against collateral.
    pub health: Vec<Health>,
    /// Prices that stand still where all others move.
    pub held_still: Vec<String>,
    /// Where the account as a whole loses a level or meets it again.
    pub thresholds: Vec<AccountThreshold>,
    /// The account at factors on all prices.
    pub grid: Vec<GridLine>,
}

/// A position's liquidation price: exact, other prices standing still.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Liquidation {
    /// The bucket.
    pub bucket: u16,
    /// The instrument.
    pub instrument: String,
    /// The quantity, signed.
    pub quantity: String,
    /// The mark.
    pub mark: String,
    /// Where its bucket loses maintenance margin; where it meets it again, if it
    /// is short of it; `None` when no price does.
    pub liquidation_price: Option<String>,
    /// Whether maintenance margin is met now.
    pub met_now: bool,
}

/// The health factor of a bucket: collateral at its liquidation thresholds over
/// what is owed, rounded down.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Health {
    /// The bucket.
    pub bucket: u16,
    /// The factor: below 1 maintenance margin is not met.
    pub health_factor: String,
}

/// Where the account as a whole crosses a level.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct AccountThreshold {
    /// The level.
    pub level: Level,
    /// Whether it is met now.
    pub met: bool,
    /// The nearest factor below 1.
    pub down: Option<String>,
    /// The nearest factor above 1.
    pub up: Option<String>,
}

/// The account at a factor.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct GridLine {
    /// The factor on all prices that move.
    pub factor: String,
    /// Equity of all buckets.
    pub equity: String,
    /// Initial margin of all buckets.
    pub initial_requirement: String,
    /// Maintenance margin of all buckets.
    pub maintenance_requirement: String,
    /// The level of the worst bucket.
    pub level: Level,
}

/// The figures are secret.
impl fmt::Debug for StandardStress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StandardStress(..)")
    }
}

/// The figures are secret.
impl fmt::Debug for Liquidation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Liquidation(..)")
    }
}

/// The figures are secret.
impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Health(..)")
    }
}

/// The figures are secret.
impl fmt::Debug for AccountThreshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccountThreshold(..)")
    }
}

/// The figures are secret.
impl fmt::Debug for GridLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GridLine(..)")
    }
}

/// What to look at.
#[derive(Clone, Debug)]
pub struct StandardScan {
    /// Prices that stand still.
    pub held_still: Vec<Symbol>,
    /// Factors to look for crossings between, ascending, 1 among them.
    pub factors: Vec<Decimal>,
    /// Factors to show.
    pub shown: Vec<Decimal>,
}

impl StandardStress {
    /// Runs a stress test; the points of the scan are for a picture.
    ///
    /// # Errors
    /// When a position does not fit the market.
    pub fn new<F: MarginField>(
        market: &Market<F>,
        portfolio: &Portfolio,
        scan: &StandardScan,
    ) -> Result<(Self, Vec<MovedPoint>), AtPrices> {
        let margin = market.margin(portfolio)?;
        let still = |listing: &Listing| scan.held_still.contains(listing.instrument());
        let points = moved(market, portfolio, &still, &scan.factors)?;
        let threshold = |level: Level| {
            let turns = crossings(market, portfolio, &still, &points, level);
            let text = |factor: Decimal| factor.normalize().to_string();
            let below = turns.iter().rev().find(|turn| turn.factor < Decimal::ONE);
            let above = turns.iter().find(|turn| turn.factor >= Decimal::ONE);
            AccountThreshold {
                level,
                met: margin.level() >= level,
                down: below.map(|turn| text(turn.factor)),
                up: above.map(|turn| text(turn.factor)),
            }
        };
        let line = |point: &MovedPoint| GridLine {
            factor: point.factor.normalize().to_string(),
            equity: market.format_amount(point.equity),
            initial_requirement: market.format_amount(point.initial.cast_signed()),
            maintenance_requirement: market.format_amount(point.maintenance.cast_signed()),
            level: point.level,
        };
        let report = Self {
            level: margin.level(),
            equity: market.format_amount(margin.equity()),
            positions: liquidations(market, portfolio)?,
            health: health(market, portfolio)?,
            held_still: scan.held_still.iter().map(ToString::to_string).collect(),
            thresholds: [Level::Initial, Level::Maintenance, Level::MarginCall]
                .map(threshold)
                .into(),
            grid: moved(market, portfolio, &still, &scan.shown)?.iter().map(line).collect(),
        };
        Ok((report, points))
    }

    /// The report for people.
    pub fn lines(&self, quote: &str) -> Vec<String> {
        let mut lines = vec![
            format!("level         {}", human::level(self.level)),
            format!("equity        {} {quote}", thousands(&self.equity)),
        ];
        lines.extend(self.health.iter().map(|health| {
            format!("health factor {} in bucket {}", health.health_factor, health.bucket)
        }));
        lines.extend([String::new(), "Liquidation prices, other prices standing still".to_owned()]);
        lines.extend(liquidation_lines(&self.positions));
        let but = match self.held_still.is_empty() {
            true => String::new(),
            false => format!(" but {}", self.held_still.join(", ")),
        };
        lines.extend([
            String::new(),
            format!("Where levels are lost, all prices{but} moving together"),
        ]);
        lines.extend(self.threshold_lines());
        lines.push(String::new());
        let mut table = Table::new(0, ["prices", "equity", "initial", "maintenance", "level"]);
        for line in &self.grid {
            table.row([
                change(line.factor.parse().unwrap_or(1.0)),
                thousands(&line.equity),
                thousands(&line.initial_requirement),
                thousands(&line.maintenance_requirement),
                line.level.to_string(),
            ]);
        }
        lines.extend(table.lines());
        lines
    }

    fn threshold_lines(&self) -> Vec<String> {
        let mut table = Table::new(4, ["level", "now", "below", "above"]);
        for threshold in &self.thresholds {
            let side = |factor: &Option<String>| match factor {
                None => format!("{} throughout", if threshold.met { "met" } else { "short" }),
                Some(factor) => {
                    let what = if threshold.met { "lost at" } else { "met from" };
                    format!("{what} {}", change(factor.parse().unwrap_or(1.0)))
                }
            };
            let name = match threshold.level {
                Level::Initial => "initial margin",
                Level::Maintenance => "maintenance margin",
                Level::MarginCall | Level::Bankrupt => "solvency",
            };
            table.row([
                name.to_owned(),
                if threshold.met { "met" } else { "short" }.to_owned(),
                side(&threshold.down),
                side(&threshold.up),
            ]);
        }
        table.lines()
    }
}

/// Liquidation prices as a table.
pub fn liquidation_lines(positions: &[Liquidation]) -> Vec<String> {
    let mut table =
        Table::new(2, ["bucket", "instrument", "quantity", "mark", "liquidation", "move"]);
    for line in positions {
        let (price, moved) = match &line.liquidation_price {
            None => ("none".to_owned(), String::new()),
            Some(price) => {
                let (at, mark): (f64, f64) =
                    (price.parse().unwrap_or(0.0), line.mark.parse().unwrap_or(1.0));
                let again = if line.met_now { "" } else { "met from " };
                (format!("{again}{}", thousands(price)), change(at / mark))
            }
        };
        let quantity = thousands(&line.quantity);
        let cells = [line.bucket.to_string(), line.instrument.clone(), quantity];
        table.row(cells.into_iter().chain([thousands(&line.mark), price, moved]));
    }
    table.lines()
}

/// The liquidation price of every position, by bucket and symbol.
///
/// # Errors
/// When a position does not fit the market.
pub fn liquidations<F: MarginField>(
    market: &Market<F>,
    portfolio: &Portfolio,
) -> Result<Vec<Liquidation>, AtPrices> {
    let mut lines = Vec::new();
    for held in portfolio.positions().iter().filter(|held| held.quantity.get() != 0) {
        let Some(listing) = market.listing_by_id(held.instrument) else { continue };
        let turn = liquidation_price(market, portfolio, held, Level::Maintenance)?;
        lines.push(Liquidation {
            bucket: held.bucket.get(),
            instrument: listing.symbol().to_string(),
            quantity: listing.format_lots(held.quantity),
            mark: listing.mark().to_string(),
            liquidation_price: turn.map(|turn: Turn| turn.price.to_string()),
            met_now: turn.is_none_or(|turn| turn.met_now),
        });
    }
    lines.sort_by(|a, b| (a.bucket, &a.instrument).cmp(&(b.bucket, &b.instrument)));
    Ok(lines)
}

/// Health factors of the buckets of coins that owe something.
fn health<F: MarginField>(
    market: &Market<F>,
    portfolio: &Portfolio,
) -> Result<Vec<Health>, AtPrices> {
    let margin = market.margin(portfolio)?;
    let mut ordered: Vec<&Position> = portfolio.positions().iter().collect();
    ordered.sort_by_key(|position| position.key());
    let mut buckets: Vec<(BucketId, Option<(i128, i128)>)> = Vec::new();
    for (held, figures) in ordered.iter().zip(&margin.positions) {
        let place = buckets.iter().position(|(bucket, _)| *bucket == held.bucket);
        let place = place.unwrap_or_else(|| {
            buckets.push((held.bucket, Some((0, 0))));
            buckets.len() - 1
        });
        let is_coin = market.listing_by_id(held.instrument).is_some_and(|l| l.kind() == Kind::Spot);
        let sums = &mut buckets[place].1;
        let Some((counted, owed)) = sums else { continue };
        if !is_coin && held.quantity.get() != 0 {
            *sums = None;
            continue;
        }
        // Below 2^88.
        let charge = figures.maintenance.cast_signed();
        match figures.value < 0 {
            true => *owed += charge - figures.value,
            false => *counted += figures.value - charge,
        }
        match held.cash.get() {
            cash if cash < 0 => *owed -= cash,
            cash => *counted += cash,
        }
    }
    const DIGITS: u32 = 6;
    let factor = |(bucket, sums): (BucketId, Option<(i128, i128)>)| {
        let (counted, owed) = sums.filter(|(_, owed)| *owed > 0)?;
        let scaled = counted.checked_mul(10_i128.pow(DIGITS))?.div_euclid(owed);
        let factor = Decimal::try_from_i128_with_scale(scaled, DIGITS).ok()?;
        Some(Health { bucket: bucket.get(), health_factor: factor.to_string() })
    };
    Ok(buckets.into_iter().filter_map(factor).collect())
}
