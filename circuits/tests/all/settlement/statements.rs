//! The other statements over the family, on the mock prover.

use zkmargin_circuits::lowering::usable_rows;
use zkmargin_circuits::settlement::SettlementFigures;
use zkmargin_circuits::statement::escrow::EscrowCircuit;
use zkmargin_circuits::statement::haircut::HaircutCircuit;
use zkmargin_circuits::statement::netting::NettingCircuit;
use zkmargin_circuits::statement::transition::TransitionCircuit;
use zkmargin_circuits::statement::venue::VenueCircuit;
use zkmargin_margin::claim::Claim;
use zkmargin_margin::portfolio::Position;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::statement::transition::Aim;

use super::*;
use crate::common::escrow::EscrowCase;
use crate::common::haircut::HaircutCase;
use crate::common::netting::{NettingCase, book as at_venue};
use crate::common::transition::TransitionCase;
use crate::common::venue::VenueCase;

type Figures = SettlementFigures<Fp>;
type Changes = TransitionCase<Fp, Figures>;

fn changed(after: &[Position], level: Level) -> Changes {
    let market = SettlementMarket::new();
    let case = market.case(&healthy(), at_least(level), 0);
    let before = (case.instance, case.witness);
    TransitionCase::new(before, after, Aim::Meets(level), |position| market.slot(position))
}

fn k_of<C: FamilyCircuit<Fp>>() -> u32 {
    C::k(Shape::Small)
}

/// The cash with which a book just meets its initial margin.
fn least_cash(held: &[(u64, i64)]) -> i128 {
    let bare = SettlementMarket::new().margin(&book(0, held));
    bare.requirement(Level::Initial).unwrap().cast_signed() - bare.counts(Level::Initial)
}

/// What is closed stands in the proof and is no strike of the account any more, wherever in
/// its expiry it was; and what is opened is one.
#[test]
fn a_closed_option_is_no_point_of_the_loss() {
    let after: [&[(u64, i64)]; 4] = [
        // The far leg of a spread: were its strike a point, the near expiry would lose more.
        &[(PERP, -4), (CASH, 6), (CALL, -10), (PUT, -5), (FAR_CALL, -3)],
        // The first of its expiry, and one between.
        &[(PERP, -4), (CASH, 6), (CALL, -10), (CALL2, 10), (FAR_CALL, -3)],
        &[(PERP, -4), (CASH, 6), (CALL2, 10), (PUT, -5), (FAR_CALL, -3)],
        // All of an expiry.
        &[(PERP, -4), (CASH, 6), (CALL, -10), (CALL2, 10), (PUT, -5)],
    ];
    let k = k_of::<TransitionCircuit<Fp, Figures>>();
    for held in after {
        let cash = least_cash(held);
        // To the last unit.
        for (cash, verdict) in [(cash, Ok(())), (cash - 1, Err(Violation::FalseClaim))] {
            let case = changed(&book(cash, held), Level::Initial);
            assert_eq!(case.check(), verdict);
            let failing = failures(k, &case.circuit(), case.public_rows());
            assert_eq!(failing.is_empty(), verdict.is_ok(), "{failing:?}");
        }
    }
}

/// Nor is a strike of which there are no lots, which the venue does not look at: with as
/// much cash as the rule asks for no call is proved, in one book or where the lots of two
/// cancel each other.
#[test]
fn a_strike_of_no_lots_is_no_point_of_the_loss() {
    let held = [(CASH, 1), (PUT, -100), (PUT2, 100), (CALL, -10)];
    let cash = least_cash(&held);
    let with = |lots: i64| [&held[..], &[(CALL2, lots)]].concat();
    assert_eq!(least_cash(&with(0)), cash);
    let at_the_strike = SettlementMarket::new().margin(&book(0, &with(1))).expiries[0].loss;
    assert!(at_the_strike > 0, "what is lost beyond the calls' strike");
    let market = SettlementMarket::new();
    for (claim, verdict) in
        [(at_least(Level::Initial), Ok(())), (below(Level::Initial), Err(Violation::FalseClaim))]
    {
        let case = market.case(&book(cash, &with(0)), claim, 0);
        assert_eq!((case.check(), failing(&case).is_empty()), (verdict, verdict.is_ok()));
    }
    let books = [book(cash, &with(5)), book(0, &[(CALL2, -5)])];
    let books: Vec<_> = books.iter().map(|positions| at_venue(positions)).collect();
    let netted = |claim: Claim| {
        NettingCase::<Fp, Figures>::new(&books, |positions, _| {
            let case = market.case(positions, claim, 0);
            (case.instance, case.witness)
        })
    };
    let k = k_of::<NettingCircuit<Fp, Figures>>();
    let case = netted(at_least(Level::Initial));
    assert_eq!(case.check(), Ok(()));
    assert_eq!(failures(k, &case.circuit(), case.public_rows()), BTreeSet::new());
}

/// The short leg at one venue, the long one at another: together they are a spread.
#[test]
fn legs_at_two_venues_are_one_spread() {
    let legs = [book(0, &[(CALL, -10), (CASH, 6)]), book(0, &[(CALL2, 10)])];
    let market = SettlementMarket::new();
    let of = |books: &[Vec<Position>]| {
        let books: Vec<_> = books.iter().map(|positions| at_venue(positions)).collect();
        NettingCase::<Fp, Figures>::new(&books, |positions, _| {
            let case = market.case(positions, at_least(Level::Initial), 0);
            (case.instance, case.witness)
        })
    };
    let k = k_of::<NettingCircuit<Fp, Figures>>();
    for (books, verdict) in [(&legs[..], Ok(())), (&legs[..1], Err(Violation::FalseClaim))] {
        let case = of(books);
        assert_eq!(case.check(), verdict);
        let failing = failures(k, &case.circuit(), case.public_rows());
        assert_eq!(failing.is_empty(), verdict.is_ok(), "{failing:?}");
    }
}

/// Accounts of a subtree, one of them flagged, and one that should be.
#[test]
fn nobody_is_spared() {
    let market = SettlementMarket::new();
    let claim: Claim = at_least(Level::Initial);
    let witness = |positions: &[Position]| market.case(positions, claim, 0).witness;
    let leaves = || [Some(healthy()), None, Some(poor()), Some(every_slot())];
    let leaves = leaves().into_iter().map(|leaf| leaf.as_deref().map(witness)).collect();
    let mut case = VenueCase::<Fp, Figures>::new(claim, witness(&[]), leaves);
    let k = k_of::<VenueCircuit<Fp, Figures, 1>>();
    let failing = |case: &VenueCase<Fp, Figures>| failures(k, &case.circuit(), case.public_rows());
    assert_eq!((case.check(), failing(&case)), (Ok(()), BTreeSet::new()));
    case.witness.leaves[2].as_mut().unwrap().flagged = false;
    assert_eq!(case.check(), Err(Violation::Spared(2)));
    assert!(!failing(&case).is_empty());
}

/// Every winner of a subtree is cut by its share, and what an account has is sealed.
#[test]
fn winners_are_cut_and_accounts_are_sealed() {
    let market = SettlementMarket::new();
    let case_of = |positions: &[Position]| market.case(positions, at_least(Level::Initial), 0);
    let witness = |positions: &[Position]| case_of(positions).witness;
    let leaves = vec![Some(witness(&healthy())), None, Some(witness(&poor())), None];
    let case = HaircutCase::<Fp, Figures>::new(600, witness(&[]), leaves);
    let k = k_of::<HaircutCircuit<Fp, Figures, 1>>();
    let failing =
        |case: &HaircutCase<Fp, Figures>| failures(k, &case.circuit(), case.public_rows());
    assert_eq!((case.check(), failing(&case)), (Ok(()), BTreeSet::new()));
    let spared = case.forged(|leaves| leaves[0].as_mut().unwrap().cut -= 1);
    assert!(spared.check().is_err() && !failing(&spared).is_empty());

    let account = case_of(&healthy());
    let case = EscrowCase::<Fp, Figures>::new(account.instance, account.witness);
    let k = k_of::<EscrowCircuit<Fp, Figures>>();
    assert_eq!(case.check(), Ok(()));
    assert_eq!(failures(k, &case.circuit(), case.public_rows()), BTreeSet::new());
    let lie = case.lie(|a| a.margin.figures.slots[2].strike += Fp::from(1));
    assert_ne!(failures(k, &lie, case.public_rows()), BTreeSet::new());
}

/// Rows of every statement's circuits, in both layouts: each fits, and would not fit half
/// as many. `cargo test -p zkmargin-circuits --test all settlement::statements -- --nocapture`.
#[test]
fn statements_fit_their_rows() {
    type Tall = SettlementFigures<Bn254Fr>;
    let mut wrong = Vec::new();
    let mut fits = |name: &str, shape: Shape, cost: Cost| {
        println!("{name} {shape}: k {}, rows {}", cost.k, cost.rows);
        let (most, half) = (usable_rows(cost.k, 5), usable_rows(cost.k - 1, 5));
        if cost.rows > most || cost.rows <= half {
            wrong.push(format!("{name} {shape}: k {}, rows {}", cost.k, cost.rows));
        }
    };
    for shape in Shape::ALL {
        fits("change, wide", shape, Cost::measure::<TransitionCircuit<Fp, Figures>>(shape));
        let tall = kzg::cost::<TransitionCircuit<Bn254Fr, Tall>>(shape).unwrap();
        fits("change, tall", shape, tall);
        fits("escrow, wide", shape, Cost::measure::<EscrowCircuit<Fp, Figures>>(shape));
        fits("escrow, tall", shape, kzg::cost::<EscrowCircuit<Bn254Fr, Tall>>(shape).unwrap());
        fits("netting, wide", shape, Cost::measure::<NettingCircuit<Fp, Figures>>(shape));
        fits("netting, tall", shape, kzg::cost::<NettingCircuit<Bn254Fr, Tall>>(shape).unwrap());
    }
    let small = Shape::Small;
    fits("venue of 4, wide", small, Cost::measure::<VenueCircuit<Fp, Figures, 1>>(small));
    fits("venue of 4, tall", small, kzg::cost::<VenueCircuit<Bn254Fr, Tall, 1>>(small).unwrap());
    fits("haircut of 4, wide", small, Cost::measure::<HaircutCircuit<Fp, Figures, 1>>(small));
    let tall = kzg::cost::<HaircutCircuit<Bn254Fr, Tall, 1>>(small).unwrap();
    fits("haircut of 4, tall", small, tall);
    assert!(wrong.is_empty(), "{wrong:#?}");
}
