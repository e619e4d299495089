//! What a family fixes of a market's header holds in the statements beside the margin
//! statement (`scenario_rejects` has that), even where the published root is that
//! header's: the scenario family's denominator is that of its loss factors.

use pasta_curves::Fp;
use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::scenario::ScenarioFigures;
use zkmargin_circuits::statement::haircut::HaircutCircuit;
use zkmargin_circuits::statement::netting::NettingCircuit;
use zkmargin_circuits::statement::transition::TransitionCircuit;
use zkmargin_circuits::statement::venue::VenueCircuit;
use zkmargin_margin::market::MarketHeader;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::scenario::FACTOR_ONE;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::transition::TransitionInstance;
use zkmargin_margin::units::Denominator;

use crate::common::mock::failures;
use crate::common::{haircut, netting, scenario, transition, venue};

type Figures = ScenarioFigures<Fp>;

/// Another denominator, and the root that has it.
fn told_otherwise(header: &mut MarketHeader<Fp>) -> Fp {
    header.denominator = Denominator::new(FACTOR_ONE + 1).unwrap();
    header.root()
}

#[track_caller]
fn is_refused<C: FamilyCircuit<Fp>>(
    (shape, circuit): (Shape, &C),
    rows: Vec<Fp>,
    checked: Result<(), Violation>,
) {
    assert_eq!(checked, Err(Violation::Header));
    // The two sides of the equality, and nothing else.
    let sides = ["header: M3 denominator", "header: M4 denominator: range 32"];
    assert_eq!(failures(C::k(shape), circuit, rows), sides.map(String::from).into());
}

#[test]
fn of_venues() {
    let mut case = venue::scenario_mix::<Fp>();
    case.instance.market_root = told_otherwise(&mut case.witness.empty.account.header);
    for leaf in case.witness.leaves.iter_mut().flatten() {
        told_otherwise(&mut leaf.witness.account.header);
    }
    let circuit: VenueCircuit<Fp, Figures, 1> = case.circuit();
    is_refused((case.shape, &circuit), case.public_rows(), case.check());
}

#[test]
fn of_haircuts() {
    let mut case = haircut::scenario_mix::<Fp>();
    case.instance.market_root = told_otherwise(&mut case.witness.empty.account.header);
    for leaf in case.witness.leaves.iter_mut().flatten() {
        told_otherwise(&mut leaf.witness.account.header);
    }
    let circuit: HaircutCircuit<Fp, Figures, 1> = case.circuit();
    is_refused((case.shape, &circuit), case.public_rows(), case.check());
}

#[test]
fn of_netting() {
    let healthy = netting::book(&scenario::healthy());
    let mut case = netting::scenario::<Fp>(&[healthy], "at-least:initial");
    case.instance.market_root = told_otherwise(&mut case.witness.total.account.header);
    let circuit: NettingCircuit<Fp, Figures> = case.circuit();
    is_refused((case.shape, &circuit), case.public_rows(), case.check());
}

#[test]
fn of_transitions() {
    let mut case = transition::scenario_trade::<Fp>();
    let mut account = *case.instance.account();
    account.market_root = told_otherwise(&mut case.witness.before.account.header);
    let (aim, next, change) = (case.instance.aim(), case.instance.next(), case.instance.change());
    case.instance = TransitionInstance::new(account, aim, next, change).unwrap();
    let circuit: TransitionCircuit<Fp, Figures> = case.circuit();
    is_refused((case.shape, &circuit), case.public_rows(), case.check());
}
