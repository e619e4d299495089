//! The margin statement with an escrow, of the standard family.

use ff::Field as _;
use zkmargin_circuits::family::FamilyCircuit as _;
use zkmargin_circuits::standard::StandardFigures;
use zkmargin_circuits::statement::escrow::{Assignment, EscrowCircuit};
use zkmargin_margin::claim::Level;
use zkmargin_margin::escrow::{NONCE_BITS, Nonce, Point};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::MEMO;
use zkmargin_margin::portfolio::Position;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::escrow::{ESCROW, NAMES};
use zkmargin_testkit::equations::escrow::{statements, wires};

use super::{Both, fields, is_long, lies_about};
use crate::common::escrow::{EscrowCase, StandardEscrow, key, nonce, standard};
use crate::common::{Case, Market, PERP, at_least, below, healthy, position};

type Choices<F> = Assignment<F, StandardFigures<F>>;
type Lie<F> = Box<dyn Fn(&mut Choices<F>) + Sync>;
type Named<F> = super::Named<Choices<F>>;

fn both<F: MarginField>(case: &StandardEscrow<F>) -> Both<F> {
    let list = statements(case.shape.standard_positions());
    let k = EscrowCircuit::<F, StandardFigures<F>>::k(case.shape);
    Both { k, rows: case.public_rows(), list }
}

/// Compares the verdicts on a statement, true or false; returns them.
#[track_caller]
fn agree<F: MarginField>(case: &StandardEscrow<F>) -> bool {
    let (mut circuit, both) = (case.circuit(), both(case));
    let wires = wires(&both.rows, circuit.assignment_mut().unwrap());
    let accepted = both.agree(&circuit, wires);
    assert_eq!(case.check().is_ok(), accepted, "{:?}", case.check());
    accepted
}

/// Signs in every kind of place, the key, and what is encrypted.
fn of_the_escrow<F: MarginField>(a: &mut Choices<F>) -> Vec<&mut F> {
    let [x, y] = &mut a.key;
    let mut all = vec![x, y, &mut a.margin.reserved];
    let places = [0, 1, 2, 3, 125, 126, NONCE_BITS - 2, NONCE_BITS - 1];
    let signs = a.signs.iter_mut().enumerate();
    all.extend(signs.filter(|(bit, _)| places.contains(bit)).map(|(_, sign)| sign));
    all
}

/// Lies of more than one field, and what another prover would choose.
fn whole_lies<F: MarginField>() -> Vec<Named<F>> {
    let mut lies: Vec<Named<F>> = Vec::new();
    let mut add = |name: &str, lie: Lie<F>| lies.push((name.to_owned(), lie));
    let to = |a: &mut Choices<F>, point: Point<F>| a.key = [point.x(), point.y()];
    add("nothing", Box::new(|_| ()));
    add("the opposite key", Box::new(|a| a.key[1] = -a.key[1]));
    add("the generator as key", Box::new(move |a| to(a, F::curve().generator)));
    add("another key", Box::new(move |a| to(a, key::<F>().doubled())));
    add("what stands for no point", Box::new(|a| a.key = [F::ZERO; 2]));
    // On a curve of another constant: chords do not see it.
    add("a point of another curve", Box::new(|a| a.key[1] = a.key[1].double()));
    for (name, sign) in [("zero", F::ZERO), ("one", F::ONE), ("minus one", -F::ONE)] {
        add(&format!("all signs {name}"), Box::new(move |a| a.signs.fill(sign)));
        add(&format!("lowest sign {name}"), Box::new(move |a| a.signs[0] = sign));
        let highest = NONCE_BITS - 1;
        add(&format!("highest sign {name}"), Box::new(move |a| a.signs[highest] = sign));
    }
    add("a sign less", Box::new(|a| _ = a.signs.pop()));
    add("two signs swapped", Box::new(|a| a.signs.swap(0, 6)));
    add("a slot's cash", Box::new(|a| a.margin.slots[0].cash += F::ONE));
    add("the last slot is no padding", Box::new(|a| a.margin.slots[7].padding = F::ZERO));
    add("another commitment", Box::new(|a| a.margin.witness.commitment += F::ONE));
    add("another side", Box::new(|a| a.margin.claim.is_below = F::ONE));
    lies
}

/// With `ESCROW` as it was, and as the liar publishes it: another key and another nonce
/// are then as good, and nothing else is.
#[test]
fn on_lies() {
    let case = standard::<Bn254Fr>();
    assert!(agree(&case));
    let (mut honest, both) = (case.circuit(), both(&case));
    let honest = honest.assignment_mut().unwrap();
    let mut lies = whole_lies();
    lies.extend(lies_about("the escrow", honest, |_| (), fields(of_the_escrow)));
    for published in [&[][..], &[(ESCROW, NAMES[ESCROW])]] {
        let (told, accepted) = both.agree_on_published_lies(
            &case.circuit(),
            &lies,
            published,
            |lie| case.lie(lie),
            |rows, circuit| wires(rows, circuit.assignment_mut().unwrap()),
        );
        println!("escrow: {told} lies, {accepted} that both accept");
        // Each key on the curve and each nonce.
        assert!(if published.is_empty() { accepted <= 4 } else { (8..20).contains(&accepted) });
    }
}

fn of<F: MarginField>(positions: &[Position], sealed: (Point<F>, Nonce)) -> StandardEscrow<F> {
    let Case { instance, witness, .. } =
        Market::over_field().case(positions, at_least(Level::Initial), 0);
    EscrowCase::of((instance, witness), sealed, Shape::Small)
}

/// Keys, nonces and accounts, in the first and the last place of each; claims that are
/// false.
#[test]
fn on_statements() {
    let keys = [key(), Bn254Fr::curve().generator, Bn254Fr::curve().start.negated()];
    let nonces = [[0; 32], [0xff; 32], [0x5a; 32]].map(Nonce::from_random);
    for (key, nonce) in keys.into_iter().zip(nonces) {
        assert!(agree(&of(&healthy(), (key, nonce))));
    }
    let full: Vec<Position> = (0..8).map(|bucket| position(bucket, PERP, 20, 0)).collect();
    for positions in [&full[..], &[]] {
        assert!(agree(&of::<Bn254Fr>(positions, (key(), nonce()))));
    }
    let mut case = standard::<Bn254Fr>();
    case.instance.account.claim = below(Level::Initial);
    assert!(!agree(&case));
}

#[test]
fn on_pallas() {
    if is_long() {
        assert!(agree(&standard::<pasta_curves::Fp>()));
    }
}

/// A public input of another statement: both refuse.
#[test]
fn on_public_inputs() {
    let case = standard::<Bn254Fr>();
    // The memo is free.
    for (row, name) in NAMES.iter().enumerate().filter(|(row, _)| *row != MEMO) {
        let (mut circuit, mut both) = (case.circuit(), both(&case));
        both.rows[row] += Bn254Fr::ONE;
        let wires = wires(&both.rows, circuit.assignment_mut().unwrap());
        assert!(!both.agree(&circuit, wires), "{name}");
    }
}
