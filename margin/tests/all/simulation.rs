//! Margin by simulation, against a definition by sorting.

use pasta_curves::Fp;
use proptest::prelude::*;
use zkmargin_margin::claim::{Level, Multiplier};
use zkmargin_margin::ids::{BucketId, InstrumentId, ModelDigest};
use zkmargin_margin::portfolio::{Position, Reserved};
use zkmargin_margin::relation::Violation;
use zkmargin_margin::simulation::{
    Charges, InvalidTerms, LIMBS, SimulationMargin, SimulationRow, SimulationTerms, WEIGHT_ONE,
    Weights, columns, pack_gains, stress_columns,
};
use zkmargin_margin::units::{Amount, Lots};

const SCENARIOS: usize = 16;
const TAIL: usize = 3;

fn weights(shortfall: u64, var: u64, stress: u64) -> Weights {
    Weights { shortfall, var, stress }
}

fn terms() -> SimulationTerms {
    let one = WEIGHT_ONE;
    let low = weights(one / 3, one / 4, one / 5);
    let high = weights(one / 2, one / 4 + 1, one / 5);
    SimulationTerms::new((SCENARIOS, TAIL), low, high, ModelDigest::of(b"set")).unwrap()
}

fn row(id: u64, gains: &[i64]) -> SimulationRow {
    let charges = Charges { maintenance: 3, initial: 2 };
    SimulationRow::new(InstrumentId::new(id), false, charges, gains.to_vec()).unwrap()
}

fn position(id: u64, lots: i64, cash: i128) -> Position {
    Position {
        bucket: BucketId::CROSS,
        instrument: InstrumentId::new(id),
        quantity: Lots::new(lots),
        cash: Amount::new(cash).unwrap(),
    }
}

proptest! {
    /// The tail by selection is the tail by sorting, both figures are linear sums,
    /// and a shortfall is the least cash that lifts the account.
    #[test]
    fn figures_are_those_of_a_sort(
        gains in prop::collection::vec(prop::collection::vec(-90_000_i64..90_000, 20), 3),
        lots in prop::collection::vec(-50_i64..50, 3),
        cash in -9_000_000_i128..9_000_000,
    ) {
        let rows: Vec<_> = (1_u64..).zip(&gains).map(|(id, gains)| row(id, gains)).collect();
        let ids = 1_u64..;
        let positions: Vec<_> = ids
            .zip(&lots)
            .map(|(id, lots)| position(id, *lots, if id == 1 { cash } else { 0 }))
            .collect();
        let margin = SimulationMargin::assess(positions.iter().zip(&rows), &Reserved::NONE, &terms()).unwrap();
        let sum = |column: usize| -> i64 {
            lots.iter().zip(&gains).map(|(lots, gains)| lots * gains[column]).sum()
        };
        let mut losses: Vec<i64> = (0..SCENARIOS).map(|column| -sum(column)).collect();
        losses.sort_unstable_by(|a, b| b.cmp(a));
        let tail: i64 = losses[..TAIL].iter().sum();
        prop_assert_eq!(margin.tail_loss, i128::from(tail.max(0)));
        prop_assert_eq!(margin.var, losses[TAIL - 1].max(0));
        let stress = (SCENARIOS..19).map(|column| -sum(column)).max().unwrap();
        prop_assert_eq!(margin.stress_loss, stress.max(0));
        prop_assert_eq!(margin.equity(), i128::from(sum(19)) + cash);
        let size: i128 = lots.iter().map(|lots| i128::from(lots.unsigned_abs())).sum();
        prop_assert_eq!(margin.maintenance_charges, 3 * size);

        for level in [Level::MarginCall, Level::Maintenance, Level::Initial] {
            let shortfall = margin.shortfall(level);
            let with = |more: i128| {
                let mut positions = positions.clone();
                positions[0] = position(1, lots[0], cash + more);
                let parts = positions.iter().zip(&rows);
                SimulationMargin::assess(parts, &Reserved::NONE, &terms()).unwrap().shortfall(level)
            };
            prop_assert_eq!(with(shortfall.cast_signed()), 0);
            if shortfall > 0 {
                prop_assert_eq!(with(shortfall.cast_signed() - 1), 1);
            }
        }
        // What is reserved counts for initial margin alone; a multiplier scales what
        // is required, rounded up.
        let reserved = Reserved::new(777).unwrap();
        let with = SimulationMargin::assess(positions.iter().zip(&rows), &reserved, &terms()).unwrap();
        prop_assert_eq!(with.shortfall(Level::Maintenance), margin.shortfall(Level::Maintenance));
        let moved = with.balance(Level::Initial).unwrap() - margin.balance(Level::Initial).unwrap();
        prop_assert_eq!(moved, -777_i128 << 40);
        let times = Multiplier::new(15_000).unwrap();
        let required = margin.requirement(Level::Initial).unwrap();
        let scaled = margin.equity() * 2 * (1 << 40) - required * 3;
        let expected = (-scaled).max(0).unsigned_abs().div_ceil(2 << 40);
        prop_assert_eq!(margin.shortfall_of(Level::Initial, times), expected);
        // Levels are in order.
        let [low, high] = [Level::Maintenance, Level::Initial].map(|l| margin.shortfall(l));
        prop_assert!(low <= high);
    }
}

#[test]
fn columns_fill_whole_elements() {
    for (scenarios, stress, all) in [(16, 3, 20), (250, 5, 256), (500, 3, 504)] {
        assert_eq!((stress_columns(scenarios), columns(scenarios)), (stress, all));
        assert!(all.is_multiple_of(LIMBS));
    }
}

/// Gains of both signs in one element are told apart.
#[test]
fn elements_are_injective() {
    let most = (1_i64 << 32) - 1;
    let all = [[most; 4], [-most; 4], [most, -most, most, -most], [-1, 0, 0, 0], [0, -1, 0, 0]];
    let packed: Vec<Fp> = all.iter().map(|gains| pack_gains(gains)).collect();
    for (i, a) in packed.iter().enumerate() {
        assert!(packed[..i].iter().all(|b| a != b), "{i}");
    }
    let (a, b) = (row(1, &[1; 20]), row(1, &[1; 24]));
    assert_ne!(a.leaf::<Fp>(), b.leaf::<Fp>());
    assert_eq!(a.elements::<Fp>().len(), 6);
}

#[test]
fn what_does_not_fit_is_refused() {
    let terms = terms();
    let row = row(1, &[1_000; 20]);
    let assess = |position: Position, row: &SimulationRow| {
        SimulationMargin::assess([(&position, row)], &Reserved::NONE, &terms).unwrap_err()
    };
    assert_eq!(assess(position(1, 1 << 24, 0), &row), Violation::Lots(0));
    assert_eq!(assess(position(1, -(1 << 24) - 1, 0), &row), Violation::Lots(0));
    let bucket = Position { bucket: BucketId::new(1), ..position(1, 1, 0) };
    assert_eq!(assess(bucket, &row), Violation::Bucket(0));
    let long_only =
        SimulationRow::new(InstrumentId::new(1), true, Charges::default(), vec![0; 20]).unwrap();
    assert_eq!(assess(position(1, -1, 0), &long_only), Violation::WrongDirection(0));
    let short = SimulationRow::new(InstrumentId::new(1), false, Charges::default(), vec![0; 19]);
    assert_eq!(assess(position(1, 1, 0), &short.unwrap()), Violation::Terms);
    let large = SimulationRow::new(
        InstrumentId::new(1),
        false,
        Charges::default(),
        vec![(1 << 32) - 1; 20],
    );
    assert_eq!(assess(position(1, (1 << 23) + 2, 0), &large.unwrap()), Violation::Sum);
    let gain = SimulationRow::new(InstrumentId::new(1), false, Charges::default(), vec![1 << 32]);
    assert_eq!(gain.unwrap_err().column, 0);

    let set = ModelDigest::of(b"set");
    let (low, high) = (weights(1, 1, 1), weights(2, 2, 2));
    let refused = |counts, low, high| SimulationTerms::new(counts, low, high, set).unwrap_err();
    assert_eq!(refused((16, 0), low, high), InvalidTerms::Tail { tail: 0, scenarios: 16 });
    assert_eq!(refused((16, 16), low, high), InvalidTerms::Tail { tail: 16, scenarios: 16 });
    assert_eq!(refused((16, 1), high, low), InvalidTerms::Order);
    let wide = weights(2, 2, 1 << 48);
    assert_eq!(refused((16, 1), low, wide), InvalidTerms::Weight(1 << 48));
}
