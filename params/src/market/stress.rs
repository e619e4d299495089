//! Standard margin at other prices, natively and in the integers that are
//! proved: where a position, or the whole account, loses a level.
//!
//! A *liquidation price* of a position is where its bucket's equity stops being
//! its maintenance margin, all other prices standing still. Equity less margin
//! is monotone in one price (rates are at most one), so it is found by bisection
//! on a grid of twelve significant digits, and is exact on it. The account as a
//! whole is looked at along one factor on all prices, which is not monotone:
//! [`crossings`] looks at the whole range before it closes in.

use rust_decimal::Decimal;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::BucketId;
use zkmargin_margin::portfolio::{Held, Position};
use zkmargin_margin::standard::{AccountMargin, TierRow};

use crate::convert::price_per_lot;
use crate::decimal::canonical;
use crate::market::{Listing, Market, MarketError};
use crate::model::Kind;

/// Digits of the grid that prices are looked for on.
const DIGITS: u32 = 12;
/// The same of factors on all prices.
const FACTOR_DIGITS: u32 = 9;
/// Doublings from the mark before a price is taken not to exist.
const DOUBLINGS: u32 = 20;

/// Why an account has no figures at other prices.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AtPrices {
    /// It has none at its own.
    #[error(transparent)]
    Market(#[from] MarketError),
    /// A position is larger there than its last tier allows: it proves no level.
    #[error("a position is larger there than its last tier allows")]
    Beyond,
    /// An account with options: their charges follow from prices of two instruments.
    #[error(
        "the account holds options, whose marks at other prices a standard market does not know"
    )]
    Options,
    /// A price that rows cannot hold.
    #[error("a price there is out of range")]
    Unpriced,
}

/// A price at which a level is lost, or met again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The first price from the mark on at which it is otherwise.
    pub price: Decimal,
    /// Whether the level is met at the mark, so that this is where it is lost.
    pub met_now: bool,
}

/// An account's margin at other prices, exact.
///
/// # Errors
/// When an instrument is not listed or stands twice, or a position has no figures
/// at its price.
pub fn margin_at<'a, F: MarginField>(
    market: &Market<F>,
    account: impl Into<Held<'a>>,
    price: impl Fn(&Listing) -> Decimal,
) -> Result<AccountMargin, AtPrices> {
    let account = account.into();
    // Its own refusals first.
    market.margin(account)?;
    without_options(market, account)?;
    let mut ordered: Vec<&Position> = account.positions.iter().collect();
    ordered.sort_by_key(|position| position.key());
    let rows = ordered.iter().map(|position| row_at(market, position, &price));
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    let pairs = ordered.into_iter().zip(&rows);
    AccountMargin::assess(pairs, account.reserved, market.header().denominator)
        .map_err(|_| AtPrices::Beyond)
}

/// Refuses accounts with options.
fn without_options<F: MarginField>(market: &Market<F>, account: Held<'_>) -> Result<(), AtPrices> {
    let is_option = |held: &Position| {
        let listing = market.listing_by_id(held.instrument);
        listing.is_some_and(|listing| listing.kind() == Kind::Option)
    };
    match account.positions.iter().any(is_option) {
        true => Err(AtPrices::Options),
        false => Ok(()),
    }
}

/// The row of a position at another price.
fn row_at<F: MarginField>(
    market: &Market<F>,
    position: &Position,
    price: &impl Fn(&Listing) -> Decimal,
) -> Result<TierRow, AtPrices> {
    let unknown = || MarketError::UnknownInstrument(position.instrument);
    let listing = market.listing_by_id(position.instrument).ok_or_else(unknown)?;
    let price = price_per_lot(price(listing), listing.lot_size(), market.quote_decimals());
    let price = price.ok_or(AtPrices::Unpriced)?;
    let rows = &market.rows()[listing.rows()];
    let moved = rows.iter().map(|row| TierRow { price, ..*row });
    let mut fits =
        moved.filter(|row| row.assess(position.quantity, market.header().denominator).is_ok());
    fits.next().ok_or(AtPrices::Beyond)
}

/// What a bucket has beyond a level; negative when it is short of it.
fn surplus(margin: &AccountMargin, bucket: BucketId, level: Level) -> Option<i128> {
    let bucket = margin.buckets.iter().find(|found| found.bucket == bucket)?;
    Some(bucket.equity - bucket.requirement(level)?.cast_signed())
}

/// Cash that would make a bucket's equity exactly what a level asks for when an
/// instrument has another price, in quote units: negative can be taken out.
///
/// # Errors
/// As [`margin_at`].
pub fn cash_for<'a, F: MarginField>(
    market: &Market<F>,
    account: impl Into<Held<'a>>,
    (held, price): (&Position, Decimal),
    level: Level,
) -> Result<Option<i128>, AtPrices> {
    let margin = margin_at(market, account, one_moved(held, price))?;
    Ok(surplus(&margin, held.bucket, level).map(|surplus| -surplus))
}

fn one_moved(held: &Position, price: Decimal) -> impl Fn(&Listing) -> Decimal + '_ {
    move |listing| if listing.id() == held.instrument { price } else { listing.mark() }
}

/// The price at which a position's bucket loses a level, or meets it again; `None`
/// when no price does.
///
/// # Errors
/// As [`margin_at`], at the marks.
pub fn liquidation_price<'a, F: MarginField>(
    market: &Market<F>,
    account: impl Into<Held<'a>>,
    held: &Position,
    level: Level,
) -> Result<Option<Turn>, AtPrices> {
    let account = account.into();
    let unknown = || MarketError::UnknownInstrument(held.instrument);
    let mark = market.listing_by_id(held.instrument).ok_or_else(unknown)?.mark();
    let now = market.margin(account)?;
    without_options(market, account)?;
    let Some(met_now) = surplus(&now, held.bucket, level).map(|surplus| surplus >= 0) else {
        return Ok(None);
    };
    let lots = held.quantity.get();
    if lots == 0 {
        return Ok(None);
    }
    let grid = Grid::around(mark);
    let met = |step: i128| -> Option<bool> {
        match margin_at(market, account, one_moved(held, grid.price(step)?)) {
            Ok(margin) => surplus(&margin, held.bucket, level).map(|surplus| surplus >= 0),
            // Neither side of a claim can be proved there.
            Err(AtPrices::Beyond) => Some(false),
            Err(_) => None,
        }
    };
    // A long loses with a fall, and a short with a rise.
    let falls = (lots > 0) == met_now;
    let Some(far) = grid.beyond(falls, |step| met(step).map(|met| met != met_now)) else {
        return Ok(None);
    };
    let (mut near, mut far) = (grid.mark, far);
    while (far - near).abs() > 1 {
        let middle = near + (far - near) / 2;
        match met(middle) {
            Some(met) if met == met_now => near = middle,
            Some(_) => far = middle,
            None => return Ok(None),
        }
    }
    Ok(grid.price(far).map(|price| Turn { price, met_now }))
}

/// Prices around a mark: `step * 10^-decimals`.
struct Grid {
    decimals: u32,
    mark: i128,
}

impl Grid {
    fn around(mark: Decimal) -> Self {
        let mark = canonical(mark);
        let digits = i64::from(mark.mantissa().unsigned_abs().checked_ilog10().unwrap_or(0)) + 1
            - i64::from(mark.scale());
        let decimals = u32::try_from((i64::from(DIGITS) - digits).clamp(0, 18)).unwrap_or(0);
        let steps = mark.round_dp(decimals);
        let scale = 10_i128.checked_pow(decimals - steps.scale().min(decimals)).unwrap_or(1);
        Self { decimals, mark: steps.mantissa().saturating_mul(scale).max(1) }
    }

    fn price(&self, step: i128) -> Option<Decimal> {
        let price = Decimal::try_from_i128_with_scale(step, self.decimals).ok()?;
        Some(canonical(price)).filter(|price| *price > Decimal::ZERO)
    }

    /// A step away from the mark at which something is the case.
    fn beyond(&self, falls: bool, is_so: impl Fn(i128) -> Option<bool>) -> Option<i128> {
        if falls {
            return is_so(1)?.then_some(1);
        }
        (1..=DOUBLINGS)
            .map(|power| self.mark.saturating_mul(1 << power))
            .find(|step| is_so(*step) == Some(true))
    }
}

/// An account with all its prices moved by a factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MovedPoint {
    /// The factor.
    pub factor: Decimal,
    /// Equity of all buckets, in quote units.
    pub equity: i128,
    /// Initial margin of all buckets.
    pub initial: u128,
    /// Maintenance margin of all buckets.
    pub maintenance: u128,
    /// The level of the worst bucket.
    pub level: Level,
}

/// A factor at which the account's level crosses another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MovedTurn {
    /// The first factor, away from 1, at which it is otherwise.
    pub factor: Decimal,
    /// Whether the level is met above the factor.
    pub met_above: bool,
}

/// An account at factors on all prices but those held still, in order of factor;
/// those at which it has no figures are left out.
///
/// # Errors
/// As [`margin_at`], at the marks.
pub fn moved<'a, F: MarginField>(
    market: &Market<F>,
    account: impl Into<Held<'a>>,
    is_still: &impl Fn(&Listing) -> bool,
    factors: &[Decimal],
) -> Result<Vec<MovedPoint>, AtPrices> {
    let account = account.into();
    market.margin(account)?;
    without_options(market, account)?;
    Ok(factors.iter().filter_map(|factor| point(market, account, is_still, *factor)).collect())
}

fn point<F: MarginField>(
    market: &Market<F>,
    account: Held<'_>,
    is_still: &impl Fn(&Listing) -> bool,
    factor: Decimal,
) -> Option<MovedPoint> {
    let price = |listing: &Listing| match is_still(listing) {
        true => listing.mark(),
        false => {
            let moved = listing.mark().checked_mul(factor).unwrap_or(Decimal::ZERO);
            canonical(moved.round_sf(DIGITS).unwrap_or(moved))
        }
    };
    let margin = margin_at(market, account, price).ok()?;
    Some(MovedPoint {
        factor,
        equity: margin.equity(),
        initial: margin.initial(),
        maintenance: margin.maintenance(),
        level: margin.level(),
    })
}

/// Where the account loses a level or meets it again between neighbours of
/// `points`, each found by bisection.
pub fn crossings<'a, F: MarginField>(
    market: &Market<F>,
    account: impl Into<Held<'a>>,
    is_still: &impl Fn(&Listing) -> bool,
    points: &[MovedPoint],
    level: Level,
) -> Vec<MovedTurn> {
    let account = account.into();
    let met = |point: &MovedPoint| point.level >= level;
    let turn = |pair: &[MovedPoint]| {
        let [low, high] = pair else { return None };
        if met(low) == met(high) {
            return None;
        }
        let (mut low, mut high) = (low.factor, high.factor);
        let met_above = met(&pair[1]);
        let tick = Decimal::new(1, FACTOR_DIGITS);
        while high - low > tick {
            let middle = ((low + high) / Decimal::TWO).round_dp(FACTOR_DIGITS);
            if middle <= low || middle >= high {
                break;
            }
            match point(market, account, is_still, middle).map(|point| met(&point)) {
                Some(met) if met == met_above => high = middle,
                Some(_) => low = middle,
                None => return None,
            }
        }
        // The side on which the level is not met.
        Some(MovedTurn { factor: if met_above { low } else { high }, met_above })
    };
    points.windows(2).filter_map(turn).collect()
}

#[cfg(test)]
mod tests {
    use pasta_curves::Fp;
    use zkmargin_margin::ids::Epoch;
    use zkmargin_margin::units::Amount;

    use super::*;
    use crate::import::hyperliquid::margin_tables;
    use crate::presets;
    use crate::snapshot::Snapshot;

    fn market(model: &crate::model::StandardModel, prices: &str) -> Market<Fp> {
        let quote = model.quote();
        let json = format!(
            r#"{{"timestamp":1742900000,"source":"x","quote":"{quote}","prices":{prices}}}"#
        );
        Market::build(model, &Snapshot::from_json(&json).unwrap(), Epoch::new(1)).unwrap()
    }

    fn held(
        market: &Market<Fp>,
        bucket: u16,
        symbol: &str,
        quantity: &str,
        cash: &str,
    ) -> Position {
        let listing = market.listing(symbol).unwrap();
        Position {
            bucket: BucketId::new(bucket),
            instrument: listing.id(),
            quantity: listing.lots_from_decimal(quantity).unwrap(),
            cash: Amount::new(market.amount_from_decimal(cash).unwrap().get()).unwrap(),
        }
    }

    /// The venue states 2866.26936529, of an isolated cash that it rounds to six
    /// decimals: half a millionth of it is 0.000015 of the price.
    #[test]
    fn the_venues_liquidation_price_comes_out() {
        let meta = r#"{"universe":[{"name":"ETH","szDecimals":4,"maxLeverage":50}]}"#;
        let model = margin_tables(meta, "hl", None).unwrap().value;
        let market = market(&model, r#"{"ETH":{"price":"2985.9"}}"#);
        let position = held(&market, 1, "ETH", "0.0335", "-95.059824");
        let positions = [position.clone()];
        let turn = liquidation_price(&market, &positions, &position, Level::Maintenance).unwrap();
        let turn = turn.unwrap();
        assert!(turn.met_now);
        // 95.059824 / (0.0335 * 0.99), and the rounding of charges.
        assert_eq!(turn.price.round_dp(5).to_string(), "2866.26938");
        let venue: Decimal = "2866.26936529".parse().unwrap();
        assert!((turn.price - venue).abs() < "0.000016".parse().unwrap(), "{}", turn.price);
        // There maintenance is lost, a step of the grid above it is not.
        let at = |price| margin_at(&market, &positions, one_moved(&position, price)).unwrap();
        assert_eq!(at(turn.price).level(), Level::MarginCall);
        assert!(at(turn.price + Decimal::new(1, 8)).level() >= Level::Maintenance);
        // The cash that puts it at another price.
        let wanted: Decimal = "2500".parse().unwrap();
        let cash = cash_for(&market, &positions, (&position, wanted), Level::Maintenance);
        let cash = cash.unwrap().unwrap();
        assert_eq!(market.format_amount(cash), "12.147324");
        let mut moved = position.clone();
        moved.cash = Amount::new(position.cash.get() + cash).unwrap();
        let turn = liquidation_price(&market, &[moved.clone()], &moved, Level::Maintenance);
        let nearby = turn.unwrap().unwrap().price;
        assert!((nearby - wanted).abs() < Decimal::new(1, 6), "{nearby}");
    }

    #[test]
    fn shorts_lose_upwards_and_safe_positions_have_no_price() {
        let model = presets::by_name("hyperliquid").unwrap().model().unwrap();
        let market = market(&model, r#"{"BTC":{"price":"60000"},"ETH":{"price":"2500"}}"#);
        let short = held(&market, 0, "BTC", "-1", "70000");
        let long = held(&market, 1, "ETH", "1", "10");
        let positions = [short.clone(), long.clone()];
        let turn = |held| liquidation_price(&market, &positions, held, Level::Maintenance).unwrap();
        // 70000 / (1 + 1 / 80)
        assert_eq!(turn(&short).unwrap().price.round_dp(2).to_string(), "69135.80");
        assert_eq!(turn(&long), None, "it is paid for");
        // A solvent account that is short of margin meets it below.
        let poor = held(&market, 0, "BTC", "-1", "60500");
        let turn =
            liquidation_price(&market, std::slice::from_ref(&poor), &poor, Level::Maintenance);
        let turn = turn.unwrap().unwrap();
        assert!(!turn.met_now && turn.price < Decimal::from(60_000));
    }

    #[test]
    fn an_account_is_looked_at_along_one_factor() {
        let model = presets::by_name("hyperliquid").unwrap().model().unwrap();
        let market = market(&model, r#"{"BTC":{"price":"60000"},"ETH":{"price":"2500"}}"#);
        let positions =
            [held(&market, 0, "BTC", "1", "-50000"), held(&market, 0, "ETH", "-1", "0")];
        let factors: Vec<_> = (50..=150).map(|percent| Decimal::new(percent, 2)).collect();
        let still = |_: &Listing| false;
        let points = moved(&market, &positions, &still, &factors).unwrap();
        assert_eq!(points.len(), 101);
        let turns = crossings(&market, &positions, &still, &points, Level::Maintenance);
        assert_eq!(turns.len(), 1);
        // 57,500 x = 50,000 + (750 + 50) x, where ETH is at 25x.
        let expected = 50_000.0 / (57_500.0 - 750.0 - 50.0);
        let found: f64 = turns[0].factor.to_string().parse().unwrap();
        assert!(turns[0].met_above && (found - expected).abs() < 1e-6, "{found} {expected}");
        let held_still = |listing: &Listing| listing.symbol().as_str() == "BTC";
        let points = moved(&market, &positions, &held_still, &factors).unwrap();
        assert!(
            crossings(&market, &positions, &held_still, &points, Level::Maintenance).is_empty()
        );
    }
}
