//! The margin statement with an escrow as equations, of the standard family.
//!
//! The nonce is a number, and its products are those of a textbook's double-and-add by
//! complete formulas, where the circuit adds signed powers by chords.

use zkmargin_circuits::standard::StandardFigures;
use zkmargin_circuits::statement::escrow::Assignment;
use zkmargin_margin::escrow::NONCE_BITS;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::statement::escrow::ESCROW;

use super::common::{List, P, n, of, w};
use super::{Statement, Wires, standard};

/// The values of the wires that a prover or everybody knows.
pub fn wires<F: MarginField>(
    public: &[F],
    assignment: &Assignment<F, StandardFigures<F>>,
) -> Wires<F> {
    let Assignment { margin, key: [x, y], signs } = assignment;
    let mut wires = standard::wires(public, margin);
    wires.extend([("escrow", public[ESCROW]), ("key.x", *x), ("key.y", *y)].map(owned));
    for bit in 0..NONCE_BITS {
        // What is left out is no sign.
        wires.insert(format!("sign.{bit}"), signs.get(bit).copied().unwrap_or(F::ZERO));
    }
    wires
}

fn owned<F>((name, value): (&str, F)) -> (String, F) {
    (name.to_owned(), value)
}

/// The statement about so many slots.
pub fn statements<F: MarginField>(slots: usize) -> Vec<Statement<F>> {
    let mut list = List(standard::statements(slots));
    let [x, y] = [|| w("key.x"), || w("key.y")];
    list.zero("E2 the key is on the curve", y() * y() - x() * x() * x() - constant(F::curve().b));
    let signs: Vec<P<F>> = (0..NONCE_BITS).map(|bit| w(format!("sign.{bit}"))).collect();
    for (bit, sign) in signs.iter().enumerate() {
        list.zero(format!("E1 sign {bit}"), sign.clone() * sign.clone() - n(1));
    }
    let generator = F::curve().generator;
    let generator = [generator.x(), generator.y()].map(constant);
    let nonce_point = list.product("nonce", generator, &signs);
    let shared = list.product("shared", [x(), y()], &signs);
    list.stream_key(shared, nonce_point.clone());
    let elements = list.elements(slots);
    let count = n(elements.len() as u64);
    let message = [vec![x(), y()], nonce_point.to_vec(), vec![count], elements].concat();
    list.chain("digest", (Domain::Escrow, Domain::EscrowNext), &message);
    list.zero("E3 escrow", w("digest") - w("escrow"));
    list.0
}

fn constant<F>(value: F) -> P<F> {
    P::Constant(value)
}

impl<F: MarginField> List<F> {
    /// A point's product with the nonce.
    fn product(&mut self, name: &str, point: [P<F>; 2], signs: &[P<F>]) -> [P<F>; 2] {
        let names = ["x", "y"].map(|coordinate| format!("{name}.{coordinate}"));
        self.0.push(Statement::Product(names.clone(), point, signs.to_vec()));
        names.map(w)
    }

    /// E2: the key of the stream, of this account in this epoch alone.
    fn stream_key(&mut self, shared: [P<F>; 2], nonce_point: [P<F>; 2]) {
        let bound = ["context", "epoch", "account"].map(w);
        let message: Vec<P<F>> = shared.into_iter().chain(nonce_point).chain(bound).collect();
        self.chain("stream", (Domain::EscrowKey, Domain::EscrowKeyNext), &message);
    }

    /// E2: what opens the commitment, each under its part of the stream.
    fn elements(&mut self, slots: usize) -> Vec<P<F>> {
        let words = (0..slots).map(|i| of(i, "word"));
        let opening: Vec<P<F>> =
            [w("reserved")].into_iter().chain(words).chain([w("blinding")]).collect();
        let seal = |(index, word): (usize, P<F>)| {
            let part = format!("stream.{index}");
            let message = [w("stream"), n(index as u64), n(0), n(0)];
            self.0.push(Statement::Digest(part.clone(), Domain::EscrowStream, message));
            word + w(part)
        };
        opening.into_iter().enumerate().map(seal).collect()
    }
}
