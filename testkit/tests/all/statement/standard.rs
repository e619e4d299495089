//! The standard family.

use pasta_curves::Fp;
use zkmargin_circuits::standard::{Assignment, Division, SlotHints};
use zkmargin_margin::claim::{Claim, Level, Multiplier};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::MEMO;
use zkmargin_margin::portfolio::Position;
use zkmargin_testkit::equations::standard::{statements, wires};

use super::{Both, is_long, lies_about};
use crate::common::{Case, DENOMINATOR, Market, PERP, at_least, below, healthy, k, position};

type Lie<F> = Box<dyn Fn(&mut Assignment<F>) + Sync>;
type Named<F> = super::Named<Assignment<F>>;

/// Every field of a slot that the prover writes.
pub(super) fn fields<F>(slot: &mut SlotHints<F>) -> [&mut F; 27] {
    fn of<F>(division: &mut Division<F>) -> [&mut F; 2] {
        [&mut division.quotient, &mut division.slack]
    }
    let [q1, s1] = of(&mut slot.maintenance_marginal);
    let [q2, s2] = of(&mut slot.maintenance_scaled);
    let [q3, s3] = of(&mut slot.initial_marginal);
    [
        &mut slot.padding,
        &mut slot.bucket_step_inverse,
        &mut slot.short,
        &mut slot.quantity_tail,
        &mut slot.quantity_head,
        &mut slot.cash,
        &mut slot.instrument,
        &mut slot.bucket,
        &mut slot.direction,
        &mut slot.lower_exclusive,
        &mut slot.mantissa,
        &mut slot.unit,
        &mut slot.lower,
        &mut slot.upper,
        &mut slot.maintenance_rate,
        &mut slot.maintenance_fraction,
        &mut slot.maintenance_base,
        &mut slot.initial_rate,
        &mut slot.initial_base,
        &mut slot.above,
        &mut slot.notional_remainder,
        q1,
        s1,
        q2,
        s2,
        q3,
        s3,
    ]
}

/// Lies of more than one field: what one loses the other gains.
fn coupled_lies<F: MarginField>(slot: usize) -> Vec<Named<F>> {
    let denominator = F::from(u64::from(DENOMINATOR));
    let mut lies: Vec<Named<F>> = Vec::new();
    let mut add = |name: &str, lie: Lie<F>| lies.push((format!("slot {slot}: {name}"), lie));
    for (name, up) in [("quotient more", F::ONE), ("quotient less", -F::ONE)] {
        add(
            name,
            Box::new(move |a| {
                let slot = &mut a.slots[slot];
                slot.initial_marginal.quotient += up;
                slot.initial_marginal.slack += up * denominator;
            }),
        );
        add(
            name,
            Box::new(move |a| {
                let slot = &mut a.slots[slot];
                slot.maintenance_scaled.quotient += up;
                slot.maintenance_scaled.slack += up * denominator;
            }),
        );
        add(
            name,
            Box::new(move |a| {
                let slot = &mut a.slots[slot];
                slot.maintenance_marginal.quotient += up;
                slot.maintenance_marginal.slack += up * denominator;
                slot.maintenance_scaled.slack -= up * slot.maintenance_fraction;
            }),
        );
        add(
            "notional with its remainder",
            Box::new(move |a| {
                let slot = &mut a.slots[slot];
                slot.above += up;
                slot.notional_remainder -= up * slot.unit;
                slot.maintenance_marginal.slack -= up * slot.maintenance_rate;
                slot.initial_marginal.slack -= up * slot.initial_rate;
            }),
        );
    }
    add(
        "the other sign of a deficit",
        Box::new(move |a| {
            let sign = a.slots[slot].deficit_is_positive;
            a.slots[slot].deficit_is_positive = Some(sign.map_or(F::ONE, |sign| F::ONE - sign));
        }),
    );
    add("no deficit", Box::new(move |a| a.slots[slot].deficit_is_positive = Some(F::ZERO)));
    add(
        "the other sign of the lots",
        Box::new(move |a| {
            let slot = &mut a.slots[slot];
            let two = F::from(2);
            let (head, sign) = (two.pow_vartime([56_u64]), two.pow_vartime([63_u64]));
            let quantity = slot.quantity_tail + head * slot.quantity_head - sign * slot.short;
            slot.short = F::ONE - slot.short;
            let bytes = (sign * slot.short - quantity).to_le_bytes();
            slot.quantity_head = F::from(u64::from(bytes[7]));
            slot.quantity_tail = sign * slot.short - quantity - head * slot.quantity_head;
        }),
    );
    add(
        "tier with its bound",
        Box::new(move |a| {
            let slot = &mut a.slots[slot];
            slot.lower += F::ONE;
            slot.above -= F::ONE;
        }),
    );
    add(
        "exclusive for above",
        Box::new(move |a| {
            let slot = &mut a.slots[slot];
            slot.lower_exclusive += F::ONE;
            slot.above -= F::ONE;
        }),
    );
    for child in 0..4 {
        add("a child of the row's path", Box::new(move |a| a.slots[slot].path[3][child] += F::ONE));
    }
    lies
}

/// Lies about what is not of a slot.
fn other_lies<F: MarginField>() -> Vec<Named<F>> {
    let mut lies: Vec<Named<F>> = Vec::new();
    let mut add = |name: &str, lie: Lie<F>| lies.push((name.to_owned(), lie));
    add("nothing", Box::new(|_| ()));
    add("commitment", Box::new(|a| a.witness.commitment += F::ONE));
    add("maintenance", Box::new(|a| a.claim.is_maintenance += F::ONE));
    add("initial", Box::new(|a| a.claim.is_initial -= F::ONE));
    add("below", Box::new(|a| a.claim.is_below = F::ONE - a.claim.is_below));
    add(
        "another level",
        Box::new(|a| {
            std::mem::swap(&mut a.claim.is_maintenance, &mut a.claim.is_initial);
        }),
    );
    for (name, by) in [("one", F::ONE), ("minus one", -F::ONE), ("2^24", F::from(1 << 24))] {
        add(&format!("multiplier: {name}"), Box::new(move |a| a.claim.above_one += by));
        add(&format!("leverage: {name}"), Box::new(move |a| a.claim.leverage += by));
        add(&format!("reserved: {name}"), Box::new(move |a| a.reserved += by));
        let told = move |a: &mut Assignment<F>| {
            let slack = F::ZERO - by * F::from(10_000);
            a.shortfall = Some(Division { quotient: by, slack });
        };
        add(&format!("shortfall: {name}"), Box::new(told));
    }
    add("a slot twice", Box::new(|a| a.slots[1] = a.slots[0].clone()));
    add("two slots swapped", Box::new(|a| a.slots.swap(0, 1)));
    add("the last slot emptied", Box::new(|a| a.slots[7].padding = F::ONE));
    lies
}

/// What both say of a case with this circuit.
fn both<F: MarginField>(case: &Case<F>) -> Both<F> {
    let list = statements::<F>(case.shape.standard_positions());
    Both { k: k::<F>(case.shape), rows: case.public_rows(), list }
}

/// Compares the verdicts on lies about one account.
fn agree_on_lies<F: MarginField>(case: &Case<F>, lies: &[Named<F>]) -> (usize, usize) {
    let both = both(case);
    both.agree_on_lies(
        &case.circuit(),
        lies,
        |lie| case.lie(lie),
        |rows, circuit| wires(rows, circuit.assignment_mut().unwrap()),
    )
}

/// Compares the verdicts on a statement, true or false; returns them.
fn agree<F: MarginField>(case: &Case<F>) -> bool {
    let (mut circuit, both) = (case.circuit(), both(case));
    let wires = wires(&both.rows, circuit.assignment_mut().unwrap());
    let accepted = both.agree(&circuit, wires);
    assert_eq!(case.check().is_ok(), accepted, "{:?}", case.check());
    accepted
}

/// Every slot in use, in eight buckets: divisions without a rest.
fn full() -> Vec<Position> {
    (0..8).map(|bucket| position(bucket, PERP, 2_000, -1_600_000)).collect()
}

fn on_lies<F: MarginField>() {
    let market = Market::<F>::over_field();
    let cases = [
        market.case(&healthy(), at_least(Level::Initial), 0),
        market.case(&full(), at_least(Level::Initial), 0),
        market.case(&[position(0, PERP, 10, -20_000)], below(Level::Initial), 0),
    ];
    for (i, case) in cases.iter().enumerate() {
        assert!(agree(case), "{i}");
        // The first and the last slot in use, and of padding; by request all.
        let used = case.witness.slots.len();
        let mut slots = vec![0, used - 1, used.min(7), 7];
        slots.dedup();
        if is_long() {
            slots = (0..8).collect();
        }
        let mut lies = other_lies();
        for slot in slots {
            lies.extend(coupled_lies(slot));
            if i < 2 || is_long() {
                let of_slot = super::fields(move |a: &mut Assignment<F>| -> Vec<&mut F> {
                    fields(&mut a.slots[slot]).into()
                });
                let mut honest = case.circuit();
                let honest = honest.assignment_mut().unwrap();
                lies.extend(lies_about(&format!("slot {slot}"), honest, |_| (), of_slot));
            }
        }
        let (told, accepted) = agree_on_lies(case, &lies);
        println!("{}, account {i}: {told} lies, {accepted} that both accept", F::NAME);
        assert!(accepted < told / 4);
    }
}

#[test]
fn on_lies_over_bn254() {
    on_lies::<Bn254Fr>();
}

#[test]
fn on_lies_over_pasta() {
    if is_long() {
        on_lies::<Fp>();
    }
}

/// All claims of accounts, true and false, at and around their boundaries.
#[test]
fn on_claims() {
    let (ipa, kzg) = (Market::<Fp>::over_field(), Market::<Bn254Fr>::over_field());
    let dials = [0, 1 << 8, 2_500 << 8, 0xff_ffff << 8, 1 << 40, 150 << 40, 2_500 << 8 | 900 << 40];
    for (positions, dials) in [
        (healthy(), &dials[..]),
        (full(), &dials[..2]),
        (vec![position(0, PERP, 2_000, -1_700_001)], &dials[..]),
        (vec![], &dials[..1]),
    ] {
        let margin = ipa.margin(&positions);
        for code in (0..8).flat_map(|plain| dials.iter().map(move |dial| plain | dial)) {
            let Some(claim) = Claim::from_code(code) else { continue };
            let shortfall = margin.shortfall_of(claim.level(), claim.multiplier());
            let disclosures = std::collections::BTreeSet::from([0, shortfall, shortfall + 1]);
            for disclosed in disclosures {
                let verdict = agree(&kzg.case(&positions, claim, disclosed));
                if disclosed == 0 && is_long() {
                    assert_eq!(verdict, agree(&ipa.case(&positions, claim, disclosed)));
                }
            }
        }
    }
}

/// What is reserved is multiplied with the rest of initial margin, be there a position in
/// the cross bucket or none.
#[test]
fn on_what_is_reserved() {
    let market = Market::<Bn254Fr>::over_field();
    let times = Multiplier::new(15_000).unwrap();
    let says = |positions: &[Position], claim: Claim, disclosed: u128| {
        let claim = claim.with_multiplier(times);
        agree(&market.case(positions, claim, disclosed).reserving(5_000))
    };
    // 10,000 of initial margin and 5,000 reserved, one and a half times.
    let cross = |equity: i128| [position(0, PERP, 100, equity - 100_000)];
    assert!(says(&cross(22_500), at_least(Level::Initial), 0));
    assert!(!says(&cross(22_499), at_least(Level::Initial), 0));
    assert!(says(&cross(22_499), at_least(Level::Maintenance), 0));
    let isolated = [position(3, PERP, 100, 0)];
    assert!(says(&isolated, below(Level::Initial), 7_500));
    assert!(!says(&isolated, below(Level::Initial), 5_000));
}

/// A public input of another statement: both refuse.
#[test]
fn on_public_inputs() {
    let case = Market::<Bn254Fr>::over_field().case(&healthy(), at_least(Level::Initial), 0);
    // The memo is free.
    for row in 0..MEMO {
        let (mut circuit, mut both) = (case.circuit(), both(&case));
        both.rows[row] += Bn254Fr::from(1);
        let wires = wires(&both.rows, circuit.assignment_mut().unwrap());
        assert!(!both.agree(&circuit, wires));
    }
}
