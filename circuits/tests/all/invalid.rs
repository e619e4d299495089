//! One strategy per clause that breaks it: on generated accounts, the native
//! check names the clause and the circuit fails in a constraint of it.

use crate::common::mock::failures;
use crate::common::*;
use crate::strategy;
use ff::Field as _;
use pasta_curves::Fp;
use proptest::prelude::*;
use zkmargin_margin::claim::{Claim, Level, Side};
use zkmargin_margin::ids::{AccountId, ContextId, Epoch, ModelDigest};
use zkmargin_margin::instance::Shortfall;
use zkmargin_margin::portfolio::{Blinding, Position};
use zkmargin_margin::relation::Clause;
use zkmargin_margin::units::Price;

/// A true statement about an account: the side that holds at a level.
fn truth(positions: &[Position], level: Level) -> Case {
    let market = Market::new();
    let shortfall = market.margin(positions).shortfall(level);
    let claim = if shortfall == 0 { at_least(level) } else { below(level) };
    let case = market.case(positions, claim, 0);
    assert_eq!(case.check(), Ok(()));
    case
}

fn rejected(case: &Case, clause: Clause) -> Result<(), TestCaseError> {
    let native = case.check();
    prop_assert_eq!(native.map_err(|violation| violation.clause()), Err(clause));
    let failing = failures(k::<Fp>(case.shape), &case.circuit(), case.public_rows());
    let label = clause.to_string();
    prop_assert!(failing.iter().any(|name| name.contains(&label)), "{}: {:?}", label, failing);
    Ok(())
}

fn level() -> impl Strategy<Value = Level> {
    prop_oneof![Just(Level::MarginCall), Just(Level::Maintenance), Just(Level::Initial)]
}

fn some_portfolio() -> impl Strategy<Value = Vec<Position>> {
    strategy::any_portfolio().prop_filter("not empty", |positions| !positions.is_empty())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(strategy::cases(8)))]

    #[test]
    fn m1_another_opening(positions in some_portfolio(), level in level(), byte in 0_u8..0x5a) {
        let mut case = truth(&positions, level);
        case.witness.blinding = Blinding::new([byte; 31]);
        rejected(&case, Clause::M1)?;
        // The last position is left out: its debts would be, too.
        let mut case = truth(&positions, level);
        case.witness.slots.pop();
        rejected(&case, Clause::M1)?;
    }

    #[test]
    fn m2_another_leaf(positions in some_portfolio(), level in level(), which in 0_u8..3) {
        let mut case = truth(&positions, level);
        match which {
            0 => case.instance.account = AccountId::new([which; 20]),
            1 => case.instance.context = ContextId::derive("other", 1, [which; 20]),
            _ => case.instance.state_root += Fp::ONE,
        }
        rejected(&case, Clause::M2)?;
    }

    #[test]
    fn m3_another_market(
        positions in some_portfolio(),
        level in level(),
        which in 0_u8..3,
        slot in any::<prop::sample::Index>(),
    ) {
        let mut case = truth(&positions, level);
        match which {
            0 => case.instance.epoch = Epoch::new(8),
            1 => case.instance.model = ModelDigest::of(b"other"),
            _ => {
                let row = &mut case.witness.slots[slot.index(positions.len())].row;
                row.price = Price::new(row.price.mantissa() + 1, row.price.unit()).unwrap();
            }
        }
        rejected(&case, Clause::M3)?;
    }

    #[test]
    fn m4_another_order(
        positions in some_portfolio(),
        level in level(),
        at in any::<prop::sample::Index>(),
        twice in any::<bool>(),
    ) {
        prop_assume!(positions.len() > 1);
        let mut case = truth(&positions, level);
        let at = at.index(positions.len() - 1);
        if twice {
            case.witness.slots[at + 1] = case.witness.slots[at].clone();
        } else {
            case.witness.slots.swap(at, at + 1);
        }
        case.recommit();
        rejected(&case, Clause::M4)?;
    }

    #[test]
    fn m5_another_tier(
        cash in -2_000_000_i128..2_000_000,
        quantity in 1_i64..100_000,
        short in any::<bool>(),
        level in level(),
    ) {
        // The perpetual's other tier.
        let quantity = if short { -quantity } else { quantity };
        let positions = [position(0, PERP, quantity, cash)];
        let mut case = truth(&positions, level);
        let market = Market::new();
        let right = market.row_index(positions[0].instrument, positions[0].quantity);
        case.witness.slots[0] = market.slot_with_row(&positions[0], 1 - right);
        rejected(&case, Clause::M5)?;
    }

    #[test]
    fn m6_the_other_side(positions in strategy::any_portfolio(), level in level()) {
        let mut case = truth(&positions, level);
        let claim = case.instance.claim;
        let other = if claim.side() == Side::Below { Side::AtLeast } else { Side::Below };
        case.instance.claim = Claim::new(other, level).unwrap();
        rejected(&case, Clause::M6)?;
    }

    #[test]
    fn m7_another_shortfall(
        positions in strategy::any_portfolio(),
        level in level(),
        disclosed in 1_u128..5_000_000,
    ) {
        let shortfall = Market::new().margin(&positions).shortfall(level);
        prop_assume!(disclosed != shortfall);
        let mut case = truth(&positions, level);
        case.instance.disclosed = Shortfall::new(disclosed).unwrap();
        rejected(&case, Clause::M7)?;
    }
}
