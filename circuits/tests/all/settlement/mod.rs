//! Settlement margin on the mock prover: true statements are taken, and lies refused,
//! each by the constraint that is there for it.

mod rejects;
mod statements;

use std::collections::BTreeSet;

use crate::common::mock::failures;
use crate::common::scenario::book;
use crate::common::settlement::*;
use crate::common::{at_least, below};
use pasta_curves::Fp;
use proptest::prelude::*;
use zkmargin_circuits::cost::Cost;
use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::kzg;
use zkmargin_circuits::lowering::lower;
use zkmargin_circuits::settlement::SettlementCircuit;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::InstrumentId;
use zkmargin_margin::settlement::{OptionKey, option_id};
use zkmargin_margin::shape::{Family, Shape};

/// The fixtures' identifiers are those that the library gives.
#[test]
fn identifiers_are_structural() {
    let key = OptionKey { underlying: 3, hours: 1, strike: 90, is_put: true };
    assert_eq!(option_id(key), Some(InstrumentId::new(PUT)));
}

/// What fails of a case; nothing when it is satisfied.
fn failing(case: &SettlementCase) -> BTreeSet<String> {
    failures(k::<Fp>(), &case.circuit(), case.public_rows())
}

#[test]
fn true_statements_are_taken() {
    let market = SettlementMarket::new();
    for (book, claims) in [
        (healthy(), [at_least(Level::Initial), at_least(Level::MarginCall)]),
        (every_slot(), [at_least(Level::Initial), at_least(Level::Maintenance)]),
        (poor(), [below(Level::Initial), below(Level::MarginCall)]),
        (vec![], [at_least(Level::Maintenance), at_least(Level::Initial)]),
    ] {
        for claim in claims {
            let case = market.case(&book, claim, 0);
            assert_eq!(case.check(), Ok(()), "{claim}");
            assert_eq!(failing(&case), BTreeSet::new(), "{claim}");
        }
    }
    let shortfall = market.margin(&poor()).shortfall(Level::Maintenance);
    let case = market.case(&poor(), below(Level::Maintenance), shortfall);
    assert_eq!((case.check(), failing(&case)), (Ok(()), BTreeSet::new()));
}

/// Books of two expiries, and the level that is looked at.
fn books() -> impl Strategy<Value = (Vec<i64>, Level)> {
    let levels = vec![Level::MarginCall, Level::Maintenance, Level::Initial];
    (prop::collection::vec(-9_i64..9, 7), prop::sample::select(levels))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// Native check and circuit agree on the level that an account just reaches and
    /// on the next one, to the last unit of cash.
    #[test]
    fn circuit_and_native_check_agree((lots, level) in books()) {
        let market = SettlementMarket::new();
        let ids = [PERP, PUT, CALL, PUT2, CALL2, FAR_PUT, FAR_CALL];
        // Some of no lots.
        let held: Vec<_> = ids.into_iter().zip(lots).collect();
        let held = [&held[..], &[(CASH, 1)]].concat();
        let bare = market.margin(&book(0, &held));
        let required = bare.requirement(level).unwrap().cast_signed();
        // The least cash that lifts the account there, or takes it to the brink.
        let cash = required - bare.counts(level);
        for (more, claim) in [(0, at_least(level)), (-1, below(level))] {
            let case = market.case(&book(cash + more, &held), claim, 0);
            prop_assert_eq!(case.check(), Ok(()));
            prop_assert_eq!(failing(&case), BTreeSet::new());
        }
    }
}

/// Rows of the shapes in both layouts: `cargo test -p zkmargin-circuits --test all
/// settlement::every_shape -- --nocapture`.
#[test]
fn every_shape_fits_its_rows() {
    for shape in Shape::ALL {
        let ipa = Cost::measure::<SettlementCircuit<Fp>>(shape);
        let kzg = kzg::cost::<SettlementCircuit<Bn254Fr>>(shape).unwrap();
        for (layout, k, rows) in [("wide", ipa.k, ipa.rows), ("tall", kzg.k, kzg.rows)] {
            println!("{shape}, {layout}: k {k}, rows {rows}");
            assert!(rows <= 1 << k && rows > 1 << (k - 1), "{shape}, {layout}: {k}, {rows}");
        }
    }
}

/// Cost and lowered circuit of every shape are golden: a change is a change of
/// circuit, made with `UPDATE_GOLDEN=1` and noted under **Circuit**.
#[test]
fn shapes_are_golden() {
    if crate::common::golden::is_off() {
        return;
    }
    let digest = |shape| {
        let k = <SettlementCircuit<Bn254Fr> as FamilyCircuit<Bn254Fr>>::k(shape);
        lower(k, &SettlementCircuit::<Bn254Fr>::blank(shape)).unwrap().digest()
    };
    let text = |shape: Shape| {
        let ipa = Cost::measure::<SettlementCircuit<Fp>>(shape);
        let kzg = kzg::cost::<SettlementCircuit<Bn254Fr>>(shape).unwrap();
        format!("{ipa:?}\n{kzg:?}\n{shape} {}\n", hex::encode(digest(shape)))
    };
    let texts: String = Family::Settlement.shapes().iter().copied().map(text).collect();
    let path = format!("{}/golden/settlement.txt", env!("CARGO_MANIFEST_DIR"));
    crate::common::golden::assert_golden(&path, &texts);
}
