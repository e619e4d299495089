//! How far prices moved between two markets: what a publisher says of an epoch,
//! and what trips a deployment's circuit breaker.
//!
//! A move is symmetric: `max(new / old, old / new) - 1` in basis points, rounded
//! up, so that a fall by half counts as much as the rise that undoes it. From
//! zero, to zero, new and gone are moves without bound ([`UNBOUNDED`]), for there
//! is nothing to compare with; except that strikes of an expiry that was listed
//! before come and go, and that what has expired is gone.
//!
//! Of options not only spot counts: every forward does, and volatilities do,
//! weighed, for they move more than prices in a calm market. The volatility at the
//! money of an expiry (of the strikes nearest its forward) counts a quarter, the
//! volatility of every single option an eighth. So a limit of 20 % trips when the
//! volatility at the money of an expiry grows by more than four fifths, or that of
//! any option to more than 2.6 times.
//!
//! Options of a standard market are marked by their prices. What counts of one is its mark
//! beside the price of its underlying, of which charges are fractions.
//!
//! [`Limits`] give single instruments limits of their own; [`Announced`] listings are
//! no moves without bound.

mod announced;
mod limits;
mod marks;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde::Serialize;

pub use announced::{Announced, AnnouncedError};
pub use limits::{Limits, LimitsError};
pub use marks::{MarkKind, Marks};

use marks::Mark;

/// A move without bound.
pub const UNBOUNDED: u32 = u32::MAX;

/// A ratio of one, in basis points.
const ONE_BPS: u32 = 10_000;

/// The move of one mark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Move {
    /// Its instrument; of a forward or the volatility at the money, the expiry in
    /// seconds since 1970.
    pub name: String,
    /// What of it.
    pub kind: MarkKind,
    /// Before; absent when it is new. Of an announced listing the price announced.
    pub before: Option<Decimal>,
    /// After; absent when it is gone.
    pub after: Option<Decimal>,
    /// The move in basis points, rounded up.
    pub bps: u32,
    /// The same weighed and, where the mark has a limit of its own, scaled so that
    /// reaching that limit is reaching the policy's.
    pub counted_bps: u32,
    /// Whether it is new and was announced.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub announced: bool,
}

/// Every move between two markets, the largest that counts first. New instruments
/// that were announced move as far as they are from the price announced.
pub fn moves(
    before: &Marks,
    after: &Marks,
    limits: Option<&Limits>,
    announced: &Announced,
) -> Vec<Move> {
    let new = after.iter().filter_map(|mark| match before.find(mark) {
        Some(old) => Some(Move::of(mark, Some(old.value), Some(mark.value))),
        None if before.may_come(mark) => None,
        None => Some(match announced.price_of(mark, after.taken()) {
            Some(price) => {
                let moved = Move::of(mark, Some(price), Some(mark.value));
                Move { announced: true, ..moved }
            }
            None => Move::of(mark, None, Some(mark.value)),
        }),
    });
    let gone =
        before.iter().filter(|mark| after.find(mark).is_none()).filter_map(|mark| {
            match after.may_go(mark) {
                true => None,
                false => Some(Move::of(mark, Some(mark.value), None)),
            }
        });
    let mut moves: Vec<_> = new.chain(gone).collect();
    for moved in &mut moves {
        moved.counted_bps = counted(moved, limits);
    }
    moves.sort_by(|a, b| b.counted_bps.cmp(&a.counted_bps).then_with(|| a.name.cmp(&b.name)));
    moves
}

/// The largest of them, as it is posted; zero when there is none.
pub fn largest(moves: &[Move]) -> u32 {
    moves.iter().map(|moved| moved.counted_bps).max().unwrap_or(0)
}

impl Move {
    fn of(mark: &Mark, before: Option<Decimal>, after: Option<Decimal>) -> Self {
        let bps = match (before, after) {
            (Some(before), Some(after)) => ratio_bps(before, after).unwrap_or(UNBOUNDED),
            _ => UNBOUNDED,
        };
        let (name, kind) = (mark.name(), mark.kind);
        Self { name, kind, before, after, bps, counted_bps: bps, announced: false }
    }
}

/// `max(a / b, b / a) - 1` in basis points, rounded up; `None` when that has no
/// bound or does not fit.
fn ratio_bps(a: Decimal, b: Decimal) -> Option<u32> {
    if a == b {
        return Some(0);
    }
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    if low <= Decimal::ZERO {
        return None;
    }
    let scaled = high.checked_sub(low)?.checked_mul(ONE_BPS.into())?;
    scaled.checked_div(low)?.ceil().to_u32()
}

/// A move as it counts: weighed, and against the limit of its own.
fn counted(moved: &Move, limits: Option<&Limits>) -> u32 {
    if moved.bps == UNBOUNDED {
        return UNBOUNDED;
    }
    let weighed = u64::from(moved.bps).div_ceil(moved.kind.divisor());
    let scaled = match limits.and_then(|limits| limits.of(moved).map(|own| (own, limits.policy())))
    {
        // Both are below 2^32: so is neither product out of range.
        Some((own, policy)) => (weighed * u64::from(policy)).div_ceil(u64::from(own)),
        None => weighed,
    };
    // What does not fit is without bound.
    u32::try_from(scaled).unwrap_or(UNBOUNDED)
}
