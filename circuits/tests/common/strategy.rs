//! Generated accounts.
#![allow(dead_code, unreachable_pub, reason = "shared by tests")]

use proptest::prelude::*;
use zkmargin_margin::portfolio::Position;

use super::common::{LOAN, ODD, PERP, SPOT, position, scenario};

/// Cases per property: `ZKMARGIN_CASES`, or a few.
pub fn cases(few: u32) -> u32 {
    std::env::var("ZKMARGIN_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(few)
}

pub fn any_position() -> impl Strategy<Value = Position> {
    let instrument = prop_oneof![Just(PERP), Just(SPOT), Just(LOAN), Just(ODD)];
    (0_u16..3, instrument, -3_000_i64..3_000, -2_000_000_i128..2_000_000).prop_map(
        |(bucket, instrument, quantity, cash)| {
            let quantity = match instrument {
                SPOT => quantity.abs(),
                LOAN => -quantity.abs() - 1,
                _ => quantity,
            };
            position(bucket, instrument, quantity, cash)
        },
    )
}

/// Codes of claims, plain ones and with dials; some are none.
pub fn any_code() -> impl Strategy<Value = u64> {
    let dial = |bits: u32| prop_oneof![2 => Just(0), 3 => 1_u64..20_000, 1 => 0..1_u64 << bits];
    (0_u64..8, dial(24), dial(24))
        .prop_map(|(plain, above_one, leverage)| plain | above_one << 8 | leverage << 40)
}

/// At most eight positions, in order.
pub fn any_portfolio() -> impl Strategy<Value = Vec<Position>> {
    prop::collection::vec(any_position(), 0..=8).prop_map(|mut positions| {
        positions.sort_by_key(Position::key);
        positions.dedup_by_key(|position| position.key());
        positions
    })
}

/// At most eight positions of the scenario family's market, in order.
pub fn any_book() -> impl Strategy<Value = Vec<Position>> {
    let ids: Vec<_> = scenario::rows().iter().map(|row| row.instrument.get()).take(11).collect();
    prop::sample::subsequence(ids, 0..=8).prop_flat_map(|ids| {
        ids.into_iter()
            .map(|id| {
                (-60_i64..60, -100_000_i128..100_000).prop_map(move |(lots, cash)| {
                    position(0, id, if id == scenario::CASH { lots.abs() } else { lots }, cash)
                })
            })
            .collect::<Vec<_>>()
    })
}
