//! Settlement margin, against a definition that tries every price.

use pasta_curves::Fp;
use proptest::prelude::*;
use zkmargin_margin::claim::{Level, Multiplier};
use zkmargin_margin::ids::{BucketId, InstrumentId};
use zkmargin_margin::portfolio::{Position, Reserved};
use zkmargin_margin::relation::Violation;
use zkmargin_margin::settlement::{
    Charges, InvalidRow, OptionKey, OptionType, RowKind, SettlementMargin, SettlementRow,
    VALUE_BITS, option_id,
};
use zkmargin_margin::units::{Amount, Lots};

const STRIKES: [u64; 4] = [40, 55, 60, 90];
const UNPAIRED: Charges = Charges { maintenance: 66, initial: 72 };

fn option(hours: u32, strike: u64, is_put: bool) -> SettlementRow {
    let code = u32::try_from(strike).unwrap();
    let id = option_id(OptionKey { underlying: 7, hours, strike: code, is_put }).unwrap();
    let (option_type, unpaired) = match is_put {
        true => (OptionType::Put, Charges::default()),
        false => (OptionType::Call, UNPAIRED),
    };
    let kind = RowKind::Option { option_type, strike };
    let charges = Charges { maintenance: 9 + strike / 20, initial: 12 + strike / 10 };
    SettlementRow::new((id, kind), 5 + strike / 10, charges, (unpaired, 3)).unwrap()
}

fn other(id: u64, kind: RowKind, mark: u64) -> SettlementRow {
    let charges = Charges { maintenance: 4, initial: 6 };
    let none = (Charges::default(), 0);
    SettlementRow::new((InstrumentId::new(id), kind), mark, charges, none).unwrap()
}

/// A perpetual, collateral, and calls and puts of two expiries, in canonical order.
fn rows() -> Vec<SettlementRow> {
    let mut rows = vec![other(1, RowKind::Contract, 0), other(2, RowKind::Collateral, 50)];
    for hours in [10, 11] {
        for strike in STRIKES {
            rows.extend([false, true].map(|is_put| option(hours, strike, is_put)));
        }
    }
    rows
}

fn position(id: InstrumentId, lots: i64, cash: i128) -> Position {
    let (quantity, cash) = (Lots::new(lots), Amount::new(cash).unwrap());
    Position { bucket: BucketId::CROSS, instrument: id, quantity, cash }
}

fn assess(rows: &[SettlementRow], lots: &[i64], cash: i128) -> Result<SettlementMargin, Violation> {
    // Positions of no lots among them: they are no points of a loss.
    let (rows, positions): (Vec<_>, Vec<_>) = rows
        .iter()
        .zip(lots)
        .enumerate()
        .map(|(i, (row, lots))| {
            (row, position(row.instrument(), *lots, if i == 0 { cash } else { 0 }))
        })
        .unzip();
    SettlementMargin::assess(positions.iter().zip(rows), &Reserved::NONE)
}

/// The options of an expiry as the venue's rule says it, price by price up to the
/// highest strike that is held.
fn by_prices(held: &[(SettlementRow, i64)], level: Level) -> i128 {
    let of = |charges: Charges| match level {
        Level::Initial => i128::from(charges.initial),
        _ => i128::from(charges.maintenance),
    };
    let pays = |row: &SettlementRow, price: u64| match row.is_call() {
        true => price.saturating_sub(row.strike()),
        false => row.strike().saturating_sub(price),
    };
    let most = held.iter().map(|(row, _)| row.strike()).max().unwrap_or(0);
    let value = |price: u64| -> i128 {
        held.iter().map(|(row, lots)| i128::from(*lots) * i128::from(pays(row, price))).sum()
    };
    let worst = (0..=most).map(value).min().unwrap_or(0).min(0);
    let calls: i128 =
        held.iter().filter(|(row, _)| row.is_call()).map(|(_, lots)| i128::from(*lots)).sum();
    let alone: i128 = held
        .iter()
        .filter(|(_, lots)| *lots < 0)
        .map(|(row, lots)| -i128::from(*lots) * of(row.charges()))
        .sum();
    alone.min(-worst + (-calls).max(0) * of(UNPAIRED))
}

proptest! {
    /// No price between strikes loses more, and a shortfall is the least cash that
    /// lifts the account.
    #[test]
    fn figures_are_those_of_every_price(
        lots in prop::collection::vec(prop_oneof![Just(0), -20_i64..20], 18),
        cash in -9_000_i128..9_000,
    ) {
        let rows = rows();
        let lots: Vec<i64> = lots.iter().enumerate().map(|(i, l)| if i == 1 { l.abs() + 1 } else { *l }).collect();
        let margin = assess(&rows, &lots, cash).unwrap();
        let held: Vec<_> = rows.iter().copied().zip(lots.iter().copied()).filter(|h| h.1 != 0).collect();
        for level in [Level::Maintenance, Level::Initial] {
            let options: i128 = held[..]
                .chunk_by(|(a, _), (b, _)| a.instrument().get() >> 24 == b.instrument().get() >> 24)
                .filter(|held| held[0].0.is_option())
                .map(|held| by_prices(held, level))
                .sum();
            let charge = if level == Level::Initial { 6 } else { 4 };
            let linear = i128::from(lots[0].abs() + lots[1]) * charge;
            let short: i128 = held.iter().filter(|(row, _)| row.is_option()).map(|(_, lots)| i128::from(-lots.min(&0))).sum();
            let extra = if level == Level::Initial { 3 * short } else { 0 };
            let required = margin.requirement(level).unwrap().cast_signed();
            prop_assert_eq!(required, options + linear + extra);
            let shortfall = margin.shortfall(level).cast_signed();
            let counts = cash + i128::from(lots[1]) * 50;
            prop_assert_eq!(shortfall, (required - counts).max(0));
            let with = |more| assess(&rows, &lots, cash + more).unwrap().shortfall(level);
            prop_assert_eq!(with(shortfall), 0);
            prop_assert!(shortfall == 0 || with(shortfall - 1) == 1);
        }
        // Options are worth their marks where nothing but debt is asked about.
        let marks: i128 = held.iter().map(|(row, lots)| i128::from(*lots) * i128::from(row.mark())).sum();
        prop_assert_eq!(margin.counts(Level::MarginCall), cash + marks);
        let times = Multiplier::new(15_000).unwrap();
        let required = margin.requirement(Level::Initial).unwrap().cast_signed() * 3;
        let gap = required - 2 * margin.counts(Level::Initial);
        prop_assert_eq!(margin.shortfall_of(Level::Initial, times).cast_signed(), gap.max(0).div_euclid(2) + gap.max(0) % 2);
    }
}

/// A covered call is charged what it can lose, and a naked one as it stands alone.
#[test]
fn an_expiry_is_charged_no_more_than_it_can_lose() {
    let rows = rows();
    let mut lots = [0; 18];
    // Calls of 55 short, of 60 long: they lose 5 a lot.
    (lots[4], lots[6]) = (-10, 10);
    let spread = assess(&rows, &lots, 0).unwrap();
    assert_eq!(spread.requirement(Level::Maintenance), Some(50));
    // Of another expiry the long call covers nothing.
    (lots[6], lots[14]) = (0, 10);
    let apart = assess(&rows, &lots, 0).unwrap();
    assert_eq!(apart.requirement(Level::Maintenance), Some(10 * (9 + 2)));
    assert_eq!(apart.expiries.len(), 2);
}

#[test]
fn what_is_out_of_range_is_refused() {
    let rows = rows();
    let refused = |lots: i64, at: usize| {
        let mut all = [0; 18];
        all[at] = lots;
        assess(&rows, &all, 0).unwrap_err()
    };
    assert_eq!(refused(1 << 32, 0), Violation::Quantity(0));
    assert_eq!(refused(-(1 << 32) - 1, 3), Violation::Quantity(3));
    assert_eq!(refused(-1, 1), Violation::WrongDirection(1));
    let unordered = [rows[6], rows[4]];
    let held = unordered.map(|row| position(row.instrument(), 1, 0));
    let error = SettlementMargin::assess(held.iter().zip(&unordered), &Reserved::NONE);
    assert_eq!(error.unwrap_err(), Violation::Strike(1));
    let isolated = Position { bucket: BucketId::new(1), ..position(InstrumentId::new(1), 1, 0) };
    let error = SettlementMargin::assess([(&isolated, &rows[0])], &Reserved::NONE);
    assert_eq!(error.unwrap_err(), Violation::Bucket(0));
}

#[test]
fn rows_are_of_their_kind() {
    let option = option(10, 40, false);
    let (id, none) = (option.instrument(), (Charges::default(), 0));
    let new = |id, kind, mark, more| {
        SettlementRow::new((id, kind), mark, Charges::default(), more).map(drop)
    };
    let put = RowKind::Option { option_type: OptionType::Put, strike: 1 };
    let other = InstrumentId::new(1);
    assert_eq!(new(id, put, 0, none), Ok(()));
    assert_eq!(new(other, put, 0, none), Err(InvalidRow::Identifier));
    assert_eq!(new(id, RowKind::Contract, 0, none), Err(InvalidRow::Identifier));
    assert_eq!(new(id, put, 0, (UNPAIRED, 0)), Err(InvalidRow::Charge));
    assert_eq!(new(other, RowKind::Contract, 0, (Charges::default(), 1)), Err(InvalidRow::Charge));
    let large = 1 << VALUE_BITS;
    assert_eq!(new(id, put, large, none), Err(InvalidRow::Range(large)));
    assert_eq!(new(id, put, large - 1, none), Ok(()));
}

/// Leaves differ in every field.
#[test]
fn leaves_tell_rows_apart() {
    let rows: Vec<SettlementRow> = rows();
    let leaves: Vec<Fp> = rows.iter().map(SettlementRow::leaf).collect();
    for (i, leaf) in leaves.iter().enumerate() {
        assert!(leaves[..i].iter().all(|other| other != leaf), "{i}");
    }
}
