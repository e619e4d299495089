//! The simulation family's boundaries.

use pasta_curves::Fp;
use zkmargin_circuits::family::FamilyCircuit as _;
use zkmargin_margin::claim::{Claim, Level, MULTIPLIER_ONE};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::InstrumentId;
use zkmargin_margin::portfolio::Position;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::simulation::{
    Charges, MAX_LOTS, MIN_LOTS, SUM_BITS, SimulationRow, SimulationTerms, WEIGHT_ONE, columns,
};
use zkmargin_margin::units::Amount;

use super::{breaks_only, broken};
use crate::common::scenario::book;
use crate::common::simulation::*;
use crate::common::{at_least, below};

const LEVELS: [Level; 3] = [Level::MarginCall, Level::Maintenance, Level::Initial];
/// Places of the stress scenarios, and of the mark.
const STRESS: std::ops::Range<usize> = N..columns(N) - 1;
const MARK: usize = columns(N) - 1;

#[track_caller]
fn verdict<F: MarginField>(case: &SimulationCase<F>) -> Result<(), Violation> {
    let circuit = broken(k::<F>(), &case.circuit(), &case.public_rows());
    assert_eq!(case.check().is_ok(), circuit.is_empty(), "{:?}: {circuit:?}", case.check());
    case.check()
}

/// The account's exact shortfall is what the circuit says it is, at these levels:
/// what is disclosed has to be it to the unit.
#[track_caller]
fn exact<F: MarginField>(market: &SimulationMarket<F>, positions: &[Position]) {
    let margin = market.margin(positions);
    for level in LEVELS {
        let shortfall = margin.shortfall(level);
        assert!(shortfall > 1, "nothing is disclosed of an account above the level");
        assert_eq!(verdict(&market.case(positions, below(level), shortfall)), Ok(()));
        assert!(verdict(&market.case(positions, below(level), shortfall - 1)).is_err());
    }
}

/// A row without charges, of these gains.
fn plain(id: u64, gains: [i64; columns(N)]) -> SimulationRow {
    let gains = gains.to_vec();
    SimulationRow::new(InstrumentId::new(id), false, Charges::default(), gains).unwrap()
}

/// One lot of these gains, and a debt.
fn lot_of<F: MarginField>(
    gains: [i64; columns(N)],
    tail: usize,
) -> (SimulationMarket<F>, Vec<Position>) {
    (SimulationMarket::of(vec![plain(COIN, gains)], of_tail(tail)), book(-1_000, &[(COIN, 1)]))
}

fn of_tail(tail: usize) -> SimulationTerms {
    let of = terms();
    SimulationTerms::new((N, tail), of.maintenance(), of.initial(), of.set()).unwrap()
}

/// Every scenario is the worst once, the last too, in tails of one, of three, and of
/// all but one; and every stress scenario.
fn each_scenario<F: MarginField>() {
    for worst in 0..N {
        for tail in [1, 3, N - 1] {
            let mut gains = std::array::from_fn(|i| [700, -20, 30, -400][i % 4]);
            gains[worst] = -9_000;
            let (market, positions) = lot_of::<F>(gains, tail);
            assert_eq!(market.margin(&positions).pnl.iter().min(), Some(&-9_000));
            exact(&market, &positions);
        }
    }
    for worst in STRESS {
        let mut gains = [1; columns(N)];
        gains[worst] = -500;
        let (market, positions) = lot_of::<F>(gains, 2);
        assert_eq!(market.margin(&positions).stress_loss, 500);
        exact(&market, &positions);
    }
}

#[test]
fn each_scenario_is_the_worst() {
    each_scenario::<Fp>();
    if std::env::var("ZKMARGIN_HARNESS").is_ok_and(|mode| mode == "long") {
        each_scenario::<Bn254Fr>();
    }
}

/// A tail of none and a tail of all is no tail.
#[test]
fn a_tail_is_one_scenario_at_least_and_not_all() {
    for (tail, allowed) in [(0, false), (1, true), (N - 1, true), (N, false)] {
        let of = terms();
        let new = SimulationTerms::new((N, tail), of.maintenance(), of.initial(), of.set());
        assert_eq!(new.is_ok(), allowed, "{tail}");
    }
}

/// Which of equal scenarios is in the tail is the prover's choice, and changes
/// nothing; one that is not equal cannot be put in its place.
fn ties<F: MarginField>() {
    let mut gains = [50; columns(N)];
    gains[..5].copy_from_slice(&[-900, -400, -400, -400, -399]);
    let (market, positions) = lot_of::<F>(gains, 2);
    let margin = market.margin(&positions);
    assert_eq!((margin.tail_loss, margin.var), (1_300, 400));
    exact(&market, &positions);
    let case = market.case(&positions, below(Level::Initial), margin.shortfall(Level::Initial));
    let of = |from: usize, to: usize| {
        let circuit = case.lie(|a| {
            assert_eq!([a.totals.in_tail[from], a.totals.in_tail[to]], [F::ONE, F::ZERO]);
            a.totals.in_tail.swap(from, to);
            let (claim, reserved) = (a.claim, a.reserved);
            a.figures.solve_claim((&claim, reserved));
        });
        broken(k::<F>(), &circuit, &case.public_rows())
    };
    assert_eq!(of(1, 2), Default::default(), "which of three");
    assert_eq!(of(1, 3), Default::default(), "which of three");
    let other = of(1, 4);
    assert!(other.iter().any(|b| b.contains("M5 side of the threshold 4")), "{other:?}");
    let milder = of(0, 2);
    assert!(milder.iter().any(|b| b.contains("M5 side of the threshold 0")), "{milder:?}");
}

/// Losses of nothing, to either side by one: a tail that gains costs nothing, and
/// zero has both signs.
fn no_losses<F: MarginField>() {
    for (first, tail_loss, var) in [(-1, 0, 0), (-2, 1, 0), (0, 0, 0), (1, 0, 0)] {
        let mut gains = [1; columns(N)];
        gains[3] = first;
        let (market, positions) = lot_of::<F>(gains, 2);
        let margin = market.margin(&positions);
        assert_eq!((margin.tail_loss, margin.var, margin.stress_loss), (tail_loss, var, 0));
        exact(&market, &positions);
        if first == -1 {
            let case = market.case(&positions, below(Level::Initial), 0);
            let circuit = case.lie(|a| {
                a.totals.tail_is_profit = F::ONE - a.totals.tail_is_profit;
            });
            assert_eq!(broken(k::<F>(), &circuit, &case.public_rows()), Default::default());
        }
    }
}

#[test]
fn which_of_equal_scenarios_is_marked_changes_nothing() {
    ties::<Fp>();
    ties::<Bn254Fr>();
}

#[test]
fn a_tail_that_gains_costs_nothing() {
    no_losses::<Fp>();
    no_losses::<Bn254Fr>();
}

/// Every level turns at one unit of cash, of an account in every slot and of one
/// with padding.
fn levels<F: MarginField>() {
    let market = SimulationMarket::<F>::of(full_rows(), terms());
    for positions in [every_slot(), poor()] {
        let with = |cash: i128| {
            let mut positions = positions.clone();
            positions[0].cash = Amount::new(positions[0].cash.get() + cash).unwrap();
            positions
        };
        for level in LEVELS {
            let balance = market.margin(&positions).balance(level).unwrap();
            let needed = -balance.div_euclid(i128::from(WEIGHT_ONE));
            let check = |cash: i128, claim: Claim, disclosed: u128| {
                verdict(&market.case(&with(cash), claim, disclosed))
            };
            assert_eq!(check(needed, at_least(level), 0), Ok(()), "{level:?}");
            assert!(check(needed, below(level), 0).is_err());
            assert!(check(needed - 1, at_least(level), 0).is_err());
            assert_eq!(check(needed - 1, below(level), 1), Ok(()));
        }
    }
}

#[test]
fn levels_turn_at_one_unit_of_cash() {
    levels::<Fp>();
    levels::<Bn254Fr>();
}

/// A slack may be nothing, but not its divisor.
fn slack_below_its_divisor<F: MarginField>() {
    let market = SimulationMarket::<F>::of(rows(), terms());
    let case = market.case(&poor(), below(Level::MarginCall), 0);
    assert_eq!(verdict(&case), Ok(()));
    let circuit = case.lie(|a| {
        assert_eq!(a.totals.slack, F::ZERO);
        a.totals.slack = F::from(WEIGHT_ONE) * F::from(u64::from(MULTIPLIER_ONE));
        a.totals.shortfall += F::ONE;
    });
    let broken = broken(k::<F>(), &circuit, &case.public_rows());
    breaks_only(&broken, "account: M6 slack below its divisor");
}

#[test]
fn a_slack_is_below_its_divisor() {
    slack_below_its_divisor::<Fp>();
    slack_below_its_divisor::<Bn254Fr>();
}

/// Sums of every kind of column, the first and the last, at both ends of their range
/// and one beyond; and lots at theirs.
fn sums_in_range<F: MarginField>() {
    let half = 1_i64 << (SUM_BITS - 24);
    for column in [0, N - 1, N, MARK - 1, MARK] {
        for (lots, more, fits) in [
            (MAX_LOTS, half - 1, true),
            (MAX_LOTS, half, false),
            (MIN_LOTS, 0, true),
            (MIN_LOTS, -1, false),
        ] {
            let gains = |gain: i64| std::array::from_fn(|i| if i == column { gain } else { 0 });
            let rows = vec![plain(COIN, gains(half)), plain(OTHER, gains(more))];
            let market = SimulationMarket::<F>::of(rows, terms());
            // Rich, so that the range alone can refuse.
            let positions = book(1 << 70, &[(COIN, lots), (OTHER, 1)]);
            let case = market.case(&positions, at_least(Level::Maintenance), 0);
            let expected = if fits { Ok(()) } else { Err(Violation::Sum) };
            assert_eq!(verdict(&case), expected, "column {column}, {lots} lots and {more}");
        }
    }
    let market = SimulationMarket::<F>::of(rows(), terms());
    for (lots, fits) in
        [(MIN_LOTS, true), (MAX_LOTS, true), (MIN_LOTS - 1, false), (MAX_LOTS + 1, false)]
    {
        let positions = book(1 << 70, &[(COIN, lots)]);
        let case = market.case(&positions, at_least(Level::Initial), 0);
        let expected = if fits { Ok(()) } else { Err(Violation::Lots(0)) };
        assert_eq!(verdict(&case), expected, "{lots}");
    }
}

#[test]
fn sums_and_lots_are_in_range() {
    sums_in_range::<Fp>();
    sums_in_range::<Bn254Fr>();
}

type Lie<F> = fn(&mut Choices<F>, usize);

/// The same lie about the first slot, one between and the last; of the row's first
/// element, its last, and both ends of its path.
fn lies_of_slots<F: MarginField>() {
    let market = SimulationMarket::<F>::of(full_rows(), terms());
    let case = market.case(&every_slot(), at_least(Level::Initial), 0);
    assert_eq!(verdict(&case), Ok(()));
    let lies: [(Lie<F>, &str); 6] = [
        (|a, i| a.slots[i].columns[4] += F::ONE, "M3 row: hash"),
        (|a, i| a.slots[i].columns[0] -= F::ONE, "M3 row: hash"),
        (|a, i| a.slots[i].maintenance -= F::ONE, "M3 row: hash"),
        (|a, i| a.slots[i].initial -= F::ONE, "M3 row: hash"),
        (|a, i| a.slots[i].path[0][0] += F::ONE, "M3 row: hash"),
        (|a, i| a.slots[i].path[6][3] += F::ONE, "M3 row: hash"),
    ];
    for slot in [0, 3, 7] {
        for (lie, name) in lies {
            let circuit = case.lie(|a| {
                lie(a, slot);
                let (claim, reserved) = (a.claim, a.reserved);
                a.figures.solve((&claim, reserved));
            });
            let broken = broken(k::<F>(), &circuit, &case.public_rows());
            let mark = format!("slot {slot}: {name}");
            let caught = |b: &String| b.starts_with(&mark) || b.starts_with("market: equality");
            assert!(broken.iter().any(caught), "{mark}: {broken:?}");
        }
    }
}

#[test]
fn lies_are_refused_in_the_first_and_the_last_slot() {
    lies_of_slots::<Fp>();
    lies_of_slots::<Bn254Fr>();
}

/// The largest shape, every slot in use: the last position counts.
#[test]
fn the_largest_shape_is_filled() {
    let gains =
        |seed: i64| std::array::from_fn(|i| (seed * 7_919 + i as i64 * 104_729) % 401 - 200);
    let ids: Vec<u64> = (1..=64).map(|i| 10 * i).collect();
    let rows = ids.iter().zip(1..).map(|(id, seed)| plain(*id, gains(seed))).collect();
    let market = SimulationMarket::<Fp>::of(rows, terms());
    let lots: Vec<_> = ids.iter().zip(1_i64..).map(|(id, i)| (*id, i * 37 % 41 - 20)).collect();
    let bare = market.margin(&book(0, &lots));
    let needed = -bare.balance(Level::Initial).unwrap().div_euclid(i128::from(WEIGHT_ONE));
    for (cash, claim) in [(needed, at_least(Level::Initial)), (needed - 1, below(Level::Initial))] {
        let case = market.case(&book(cash, &lots), claim, 0);
        assert_eq!(case.check(), Ok(()));
        let rows = case.public_rows();
        let circuit = Circuit::new(Shape::Large, case.instance, case.witness).unwrap();
        let found = broken(Circuit::<Fp>::k(Shape::Large), &circuit, &rows);
        assert_eq!(found, Default::default());
    }
}
