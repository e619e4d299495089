//! The escrow circuit says what the native specification says, in every family; and
//! lies, each with the constraint that catches it.

use std::collections::BTreeSet;

use crate::common::escrow::{EscrowCase, StandardEscrow, key, nonce, secret, standard};
use crate::common::mock::failures;
use crate::common::scenario::ScenarioMarket;
use crate::common::simulation::{N, SimulationMarket};
use crate::common::*;
use ff::Field;
use pasta_curves::Fp;
use zkmargin_circuits::cost::Cost;
use zkmargin_circuits::family::{CiphertextSlots, FamilyCircuit, Unprovable};
use zkmargin_circuits::figures::FamilyFigures;
use zkmargin_circuits::gadgets::layout::{Usual, Wide};
use zkmargin_circuits::kzg;
use zkmargin_circuits::lowering::usable_rows;
use zkmargin_circuits::scenario::ScenarioFigures;
use zkmargin_circuits::simulation::{SCENARIOS, SimulationFigures};
use zkmargin_circuits::standard::StandardFigures;
use zkmargin_circuits::statement::escrow::{Assignment, EscrowCircuit};
use zkmargin_margin::claim::Level;
use zkmargin_margin::escrow::{Binding, Ciphertext, Nonce, NotAPoint, Point, decrypt};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::{AccountId, Epoch};
use zkmargin_margin::instance::{MEMO, MarginInstance};
use zkmargin_margin::portfolio::Reserved;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::escrow::{ESCROW, EscrowInstance, EscrowWitness, NAMES};

type Standard = StandardFigures<Fp>;

fn fails<F: MarginField + halo2_proofs::arithmetic::VartimeField, G: FamilyFigures<F>>(
    case: &EscrowCase<F, G>,
    circuit: &EscrowCircuit<F, G>,
) -> BTreeSet<String> {
    failures(EscrowCircuit::<F, G>::k(case.shape), circuit, case.public_rows())
}

/// Asserts that the circuit rejects a lie in a region whose name holds `label`.
#[track_caller]
fn rejects(
    case: &StandardEscrow<Fp>,
    lie: impl FnOnce(&mut Assignment<Fp, Standard>),
    label: &str,
) {
    let failing = fails(case, &case.lie(lie));
    assert!(failing.iter().any(|name| name.contains(label)), "{label}: {failing:?}");
}

/// Where a lie makes another escrow of the same account: the digest is another.
const DIGEST: &str = "public: escrow";

#[test]
fn true_escrows_are_satisfied_in_every_family() {
    fn satisfied<F, G>(case: &EscrowCase<F, G>)
    where
        F: MarginField + halo2_proofs::arithmetic::VartimeField,
        G: FamilyFigures<F>,
    {
        assert_eq!(case.check(), Ok(()));
        assert_eq!(fails(case, &case.circuit()), BTreeSet::new());
    }
    satisfied(&standard::<Fp>());
    satisfied(&standard::<Bn254Fr>());
    let claim = at_least(Level::Initial);
    let options = ScenarioMarket::<Fp>::over_field().case(&scenario::healthy(), claim, 0);
    satisfied(&EscrowCase::<Fp, ScenarioFigures<Fp>>::new(options.instance, options.witness));
    let market = SimulationMarket::<Fp>::of(simulation::full_rows(), simulation::terms());
    let simulated = market.case(&simulation::every_slot(), claim, 0);
    satisfied(&EscrowCase::<Fp, SimulationFigures<Fp, N>>::new(
        simulated.instance,
        simulated.witness,
    ));
}

/// What the proof is about is what the key's holder opens, and it opens the account's
/// commitment; nobody else's key does.
#[test]
fn the_holder_opens_what_is_proved() {
    fn opens<F: MarginField>() {
        let case = standard::<F>();
        let binding = Binding::from(&case.instance.account);
        let ciphertext = &case.witness.ciphertext;
        assert_eq!(ciphertext.digest(&key()), case.instance.escrow);
        let words = decrypt(&ciphertext.nonce_point().times(&secret()), &binding, ciphertext);
        assert_eq!(words.commitment(), case.witness.account.commitment);
        let opened = words.portfolio().unwrap();
        assert!(opened.positions == healthy());
        assert!(opened.reserved == Reserved::new(1_000).unwrap());
        let other = Nonce::from_random([1; 32]);
        let words = decrypt(&ciphertext.nonce_point().times(&other), &binding, ciphertext);
        assert!(words.portfolio().is_err());
    }
    opens::<Fp>();
    opens::<Bn254Fr>();
}

/// Native and circuit on random keys and nonces, the extreme ones too: whatever the
/// signs, no exceptional case is met.
#[test]
fn every_nonce_is_provable() {
    let Case { instance, witness, .. } =
        Market::<Fp>::over_field().case(&healthy(), at_least(Level::Initial), 0);
    let mut alternating = [0x55; 32];
    alternating[31] = 5;
    let signs = [[0; 32], [0xff; 32], alternating, rand::random(), rand::random()];
    for signs in signs {
        // The generator itself as key: both products have one base.
        for key in [Fp::curve().generator, key(), Fp::curve().start, Fp::curve().windows[7][1]] {
            let sealed = (key, Nonce::from_random(signs));
            let case: StandardEscrow<Fp> =
                EscrowCase::of((instance, witness.clone()), sealed, Shape::Small);
            assert_eq!(case.check(), Ok(()));
            assert_eq!(fails(&case, &case.circuit()), BTreeSet::new(), "{signs:?}");
        }
    }
}

/// The prover's own part: signs and key.
#[test]
fn rejects_lies_about_nonce_and_key() {
    let case = standard::<Fp>();
    // Not signs: nothing added, twice as much, a root of another number.
    for (bit, lie) in
        [(0, Fp::ZERO), (251, Fp::from(2)), (100, Fp::ONE.double().sqrt().unwrap_or(Fp::from(3)))]
    {
        rejects(&case, |a| a.signs[bit] = lie, &format!("nonce sign {bit}"));
    }
    rejects(&case, |a| a.signs.truncate(251), "nonce sign 251");
    // Another nonce, in its first, its last and all signs: another digest.
    for bits in [0..1, 251..252, 0..252] {
        rejects(&case, |a| a.signs[bits].iter_mut().for_each(|sign| *sign = -*sign), DIGEST);
    }
    // Another's key: satisfied for another digest only.
    let other = key::<Fp>().doubled();
    rejects(&case, |a| a.key = [other.x(), other.y()], DIGEST);
    // The opposite key is another one.
    rejects(&case, |a| a.key[1] = -a.key[1], DIGEST);
    // Off the curve; what stands for the identity elsewhere; a point of a curve with
    // another constant, where orders can be small.
    let off_curve = "escrow key: y squared";
    rejects(&case, |a| a.key[0] += Fp::ONE, off_curve);
    rejects(&case, |a| a.key = [Fp::ZERO; 2], off_curve);
    rejects(&case, |a| a.key = [Fp::ZERO, Fp::ONE], off_curve);
    rejects(&case, |a| a.key = [-Fp::ONE, Fp::ZERO], off_curve);
}

/// Another portfolio, epoch, account or deployment in the ciphertext than in the proof:
/// the circuit computes it, so the digest of any other is refused.
#[test]
fn rejects_digests_of_other_ciphertexts() {
    let case = standard::<Fp>();
    let (key, binding) = (key(), Binding::from(&case.instance.account));
    let refused = |escrow: Fp| {
        let mut other = case.clone();
        other.instance.escrow = escrow;
        assert_eq!(other.check(), Err(Violation::EscrowDigest));
        let failing = fails(&other, &other.circuit());
        assert!(failing.iter().any(|name| name.contains(DIGEST)), "{failing:?}");
    };
    let digest = |positions: &[_], key: Point<Fp>, binding: &Binding, slots| {
        let Case { witness, .. } =
            Market::over_field().case(positions, at_least(Level::Initial), 0).reserving(1_000);
        EscrowWitness::<zkmargin_margin::standard::Standard<Fp>>::seal(
            witness,
            (key, nonce()),
            binding,
            slots,
        )
        .unwrap()
        .digest()
    };
    assert_eq!(digest(&healthy(), key, &binding, 8), case.instance.escrow);
    // A ciphertext of another portfolio: fewer lots, a position left out.
    let mut smaller = healthy();
    smaller[1] = position(0, SPOT, 899, 0);
    refused(digest(&smaller, key, &binding, 8));
    refused(digest(&healthy()[..3], key, &binding, 8));
    // Of other numbers of slots, to another key, of another epoch, account, deployment.
    refused(digest(&healthy(), key, &binding, 4));
    refused(digest(&healthy(), key, &binding, 10));
    refused(digest(&healthy(), key.doubled(), &binding, 8));
    let others = [
        Binding { epoch: Epoch::new(8), ..binding },
        Binding { account: AccountId::new([9; 20]), ..binding },
        Binding {
            context: zkmargin_margin::ids::ContextId::derive("other", 0, [0; 20]),
            ..binding
        },
    ];
    for other in others {
        refused(digest(&healthy(), key, &other, 8));
    }
    refused(Fp::ZERO);
}

#[test]
fn the_native_check_names_the_clause_of_every_lie() {
    let case = standard::<Fp>();
    let lie = |lie: &dyn Fn(&mut StandardEscrow<Fp>)| {
        let mut case = case.clone();
        lie(&mut case);
        case.check().unwrap_err()
    };
    let with = |case: &mut StandardEscrow<Fp>, point: Point<Fp>, elements: Vec<Fp>| {
        case.witness.ciphertext = Ciphertext::new(point, elements).unwrap();
        case.instance.escrow = case.witness.digest();
    };
    assert_eq!(lie(&|c| c.witness.nonce = Nonce::from_random([1; 32])), Violation::NoncePoint);
    let elements = case.witness.ciphertext.elements().to_vec();
    let point = *case.witness.ciphertext.nonce_point();
    assert_eq!(lie(&|c| with(c, point.negated(), elements.clone())), Violation::NoncePoint);
    assert_eq!(lie(&|c| c.witness.key = c.witness.key.doubled()), Violation::Ciphertext);
    for i in 0..elements.len() {
        let mut elements = elements.clone();
        elements[i] += Fp::ONE;
        assert_eq!(lie(&|c| with(c, point, elements.clone())), Violation::Ciphertext);
    }
    // Truncated: fewer slots than positions, or than it was made for.
    assert_eq!(lie(&|c| with(c, point, elements[..3].to_vec())), Violation::Ciphertext);
    assert_eq!(lie(&|c| with(c, point, elements[..9].to_vec())), Violation::Ciphertext);
    assert_eq!(lie(&|c| c.instance.escrow += Fp::ONE), Violation::EscrowDigest);
    // The margin statement's own clauses still count.
    assert_eq!(lie(&|c| c.instance.account.epoch = Epoch::new(8)), Violation::Header);
    assert_eq!(lie(&|c| c.instance.account.claim = below(Level::Initial)), Violation::FalseClaim);
    // No point is off the curve or the identity.
    assert_eq!(Point::new(Fp::ZERO, Fp::ZERO), Err(NotAPoint::NotOnCurve));
}

/// Each public input binds but `MEMO`, and so does the margin statement's part.
#[test]
fn rejects_other_public_inputs_and_portfolios() {
    let case = standard::<Fp>();
    for (row, name) in NAMES.iter().enumerate() {
        let mut rows = case.public_rows();
        rows[row] += Fp::ONE;
        let failing = failures(EscrowCircuit::<Fp, Standard>::k(case.shape), &case.circuit(), rows);
        assert_eq!(failing.is_empty(), row == MEMO, "{name}: {failing:?}");
    }
    assert_eq!(ESCROW, 9);
    rejects(&case, |a| a.margin.slots[0].cash += Fp::ONE, "");
    rejects(&case, |a| a.margin.reserved += Fp::ONE, "account");
    rejects(&case, |a| a.margin.claim.is_below = Fp::ONE, "claim");
}

#[test]
fn encodings_are_canonical() {
    let instance = standard::<Bn254Fr>().instance;
    let bytes = instance.to_bytes();
    assert_eq!(EscrowInstance::from_bytes(&bytes), Ok(instance));
    assert!(EscrowInstance::<Bn254Fr>::from_bytes(&bytes[1..]).is_err());
    for row in [0, ESCROW] {
        let mut bytes = bytes;
        bytes[32 * row..32 * (row + 1)].fill(0xff);
        assert!(EscrowInstance::<Bn254Fr>::from_bytes(&bytes).is_err());
    }
}

#[test]
fn what_cannot_be_proved_is_refused_in_words() {
    let Case { instance, witness, .. } =
        Market::<Fp>::over_field().case(&healthy(), at_least(Level::Initial), 0);
    let account: (MarginInstance<Fp>, _) = (instance, witness);
    let case: StandardEscrow<Fp> = EscrowCase::of(account, (key(), nonce()), Shape::Medium);
    let refused = |shape| {
        EscrowCircuit::<Fp, Standard>::checked(shape, &case.instance, &case.witness).map(|_| ())
    };
    assert_eq!(refused(Shape::Medium), Ok(()));
    let expected = CiphertextSlots { found: 32, shape: Shape::Small, slots: 8 };
    assert_eq!(refused(Shape::Small), Err(Unprovable::CiphertextSlots(expected)));
    // A digest of nothing that is there.
    let false_digest = EscrowInstance { escrow: Fp::ONE, ..case.instance };
    let refused =
        EscrowCircuit::<Fp, Standard>::checked(Shape::Medium, &false_digest, &case.witness)
            .map(|_| ());
    assert_eq!(refused, Err(Unprovable::Violation(Violation::EscrowDigest)));
}

/// Rows of every shape in every layout fit, and would not fit half as many; the
/// columns are those of the margin circuit.
#[test]
fn shapes_fit_their_rows() {
    fn rows<G: FamilyFigures<Fp>, H: FamilyFigures<Bn254Fr>>(name: &str) {
        for shape in Shape::ALL {
            let costs = [
                Cost::measure::<EscrowCircuit<Fp, G>>(shape),
                kzg::cost::<EscrowCircuit<Bn254Fr, H, Wide>>(shape).unwrap(),
                kzg::cost::<EscrowCircuit<Bn254Fr, H, Usual>>(shape).unwrap(),
            ];
            for cost in costs {
                println!("{name} {shape}: k = {}, rows {}, {cost:?}", cost.k, cost.rows);
                assert!(cost.rows <= usable_rows(cost.k, 5), "{name} {cost:?}");
                assert!(cost.rows > usable_rows(cost.k - 1, 5), "{name} {cost:?}");
                assert_eq!((cost.lookups, cost.degree), (1, 5));
            }
        }
    }
    rows::<Standard, StandardFigures<Bn254Fr>>("standard");
    rows::<ScenarioFigures<Fp>, ScenarioFigures<Bn254Fr>>("scenario");
    rows::<SimulationFigures<Fp, SCENARIOS>, SimulationFigures<Bn254Fr, SCENARIOS>>("simulation");
}
