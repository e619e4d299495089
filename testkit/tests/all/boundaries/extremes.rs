//! A largest or smallest is the first of its candidates, and the prover tells the next
//! in its place: it is one of them, and the account, below the level by one unit of
//! cash, would be at it. Nothing but the first candidate's own range refuses that.

use pasta_curves::Fp;
use zkmargin_circuits::scenario::Assignment;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::scenario::{
    FACTOR_ONE, FINE_ONE, Fine, MinimumCharge, RowKind, SCENARIOS, ScenarioRow, ScenarioTerms,
};
use zkmargin_margin::simulation::{WEIGHT_ONE, columns};

use super::{breaks_only, broken};
use crate::common::scenario::{
    CALL, FAR_CALL, PERP2, ScenarioCase, ScenarioMarket, book, charges, k, rows, terms, value,
};
use crate::common::{at_least, simulation};

/// Claims to be at initial margin, and misses it by one unit of cash.
fn short_by_one<F: MarginField>(
    market: &ScenarioMarket<F>,
    lots: &[(u64, i64)],
) -> ScenarioCase<F> {
    let one = i128::from(FINE_ONE) * i128::from(FACTOR_ONE);
    let balance = market.margin(&book(0, lots)).balance(Level::Initial).unwrap();
    let needed = -balance.div_euclid(one.into()).as_i128();
    let case = market.case(&book(needed - 1, lots), at_least(Level::Initial), 0);
    assert_eq!(case.check(), Err(Violation::FalseClaim));
    breaks_only(&breaches(&case, |_| ()), "outcome: M6 at least");
    case
}

fn breaches<F: MarginField>(
    case: &ScenarioCase<F>,
    lie: impl FnOnce(&mut Assignment<F>),
) -> std::collections::BTreeSet<String> {
    let circuit = case.lie(|a| {
        lie(a);
        a.solve_claim();
    });
    broken(k::<F>(case.shape), &circuit, &case.public_rows())
}

/// Rows in which options keep their marks in every scenario, and nothing moves but the
/// basis: up it costs a long lot 9,000, down 100.
fn moved_by_the_basis() -> Vec<ScenarioRow> {
    let one = Fine::new(FINE_ONE).unwrap();
    let mut rows = rows();
    for row in &mut rows {
        (row.charges, row.scenarios) = (charges(0, 0), [value(0); SCENARIOS]);
        if let RowKind::Option { group, mark, basis } = &mut row.kind {
            (group.long_discount, group.short_discount) = (one, one);
            row.scenarios = [*mark; SCENARIOS];
            *basis = [value(-9_000), value(-100)];
        }
    }
    rows
}

/// Terms that dampen nothing, relieve nothing and have no minimum charge.
fn bare() -> ScenarioTerms {
    ScenarioTerms {
        dampening: [Fine::new(FINE_ONE).unwrap(); SCENARIOS],
        minimum: MinimumCharge::default(),
        reliefs: Default::default(),
        ..terms()
    }
}

/// The expiry of the only option that is held.
fn expiry<F: MarginField>(a: &Assignment<F>) -> usize {
    a.expiries.iter().position(|expiry| expiry.basis_loss != F::ZERO).unwrap()
}

/// The worst loss is that of the basis, and the worst scenario is told: no loss at all.
fn worst<F: MarginField>() {
    let market = ScenarioMarket::<F>::of(moved_by_the_basis(), bare());
    let case = short_by_one(&market, &[(CALL, 3)]);
    let found = breaches(&case, |a| {
        assert_ne!(a.underlyings[0].worst, F::ZERO);
        a.underlyings[0].worst = F::ZERO;
    });
    breaks_only(&found, "outcome: M5 worst is not beyond 0");
}

/// The basis moves against the account both ways, up the more, and the loss of the move
/// down is told.
fn basis_loss<F: MarginField>() {
    let market = ScenarioMarket::<F>::of(moved_by_the_basis(), bare());
    let case = short_by_one(&market, &[(CALL, 3)]);
    let mut held = 0;
    let found = breaches(&case, |a| {
        held = expiry(a);
        let of = &mut a.expiries[held];
        assert_eq!(of.basis_loss, F::from(27_000));
        of.basis_loss = F::from(300);
        let worst = -of.basis_weight * of.basis_loss;
        a.underlyings[0].worst = worst;
    });
    breaks_only(&found, &format!("expiry {held} losses: M5 basis loss is not beyond 0"));
}

/// Low confidence in the expiry costs more than the perpetual's fee, which is told.
fn fee<F: MarginField>() {
    let market = ScenarioMarket::<F>::of(moved_by_the_basis(), bare());
    let case = short_by_one(&market, &[(FAR_CALL, 3), (PERP2, 1)]);
    let mut held = 0;
    let found = breaches(&case, |a| {
        held = expiry(a);
        let other = a.underlyings[0].options_fee;
        assert_eq!([a.expiries[held].fee, other], [F::from(200), F::from(90)]);
        a.expiries[held].fee = other;
    });
    breaks_only(&found, &format!("expiry {held} losses: M5 fee is not beyond 0"));
}

#[test]
fn the_next_candidate_is_not_told_for_the_first() {
    worst::<Fp>();
    worst::<Bn254Fr>();
    basis_loss::<Fp>();
    basis_loss::<Bn254Fr>();
    fee::<Fp>();
    fee::<Bn254Fr>();
}

/// Nothing is lost in any stress scenario, and the least gain is told as the loss: what
/// would pay for other losses.
fn stress<F: MarginField>() {
    use simulation::{COIN, N, SimulationMarket, row, terms};
    let mut gains = vec![500; columns(N)];
    gains[..3].copy_from_slice(&[-9_000, -8_000, -7_000]);
    let market = SimulationMarket::<F>::of(vec![row(COIN, false, gains)], terms());
    let balance = market.margin(&book(0, &[(COIN, 1)])).balance(Level::Initial).unwrap();
    let needed = -balance.div_euclid(i128::from(WEIGHT_ONE));
    let case = market.case(&book(needed - 1, &[(COIN, 1)]), at_least(Level::Initial), 0);
    assert_eq!(case.check(), Err(Violation::FalseClaim));
    let circuit = case.lie(|a| {
        assert_eq!(a.totals.stress_loss, F::ZERO);
        a.totals.stress_loss = -F::from(500);
        let (claim, reserved) = (a.claim, a.reserved);
        a.figures.solve_claim((&claim, reserved));
    });
    let found = broken(simulation::k::<F>(), &circuit, &case.public_rows());
    breaks_only(&found, "account: M5 stress loss is not beyond 0");
}

#[test]
fn a_gain_under_stress_is_no_loss() {
    stress::<Fp>();
    stress::<Bn254Fr>();
}
