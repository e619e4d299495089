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

/// The far leg of a spread is closed: its strike is no strike of the account any more,
/// although its slot stands in the proof.
#[test]
fn a_closed_option_is_no_point_of_the_loss() {
    let naked = [(PERP, -4), (CASH, 6), (CALL, -10), (PUT, -5), (FAR_CALL, -3)];
    let bare = SettlementMarket::new().margin(&book(0, &naked));
    let required = bare.requirement(Level::Initial).unwrap().cast_signed();
    let cash = required - bare.counts(Level::Initial);
    // To the last unit: were the strike of 120 a point, the near expiry would lose more.
    for (cash, verdict) in [(cash, Ok(())), (cash - 1, Err(Violation::FalseClaim))] {
        let case = changed(&book(cash, &naked), Level::Initial);
        assert_eq!(case.check(), verdict);
        let k = k_of::<TransitionCircuit<Fp, Figures>>();
        let failing = failures(k, &case.circuit(), case.public_rows());
        assert_eq!(failing.is_empty(), verdict.is_ok(), "{failing:?}");
    }
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
