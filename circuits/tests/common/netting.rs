//! Accounts at several venues in the small markets, for circuit tests.

use zkmargin_circuits::figures::FamilyFigures;
use zkmargin_circuits::scenario::ScenarioFigures;
use zkmargin_circuits::simulation::SimulationFigures;
use zkmargin_circuits::standard::StandardFigures;
use zkmargin_circuits::statement::netting::{Assignment, NettingCircuit};
use zkmargin_margin::claim::Claim;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, ContextId};
use zkmargin_margin::instance::MarginInstance;
use zkmargin_margin::market::{STATE_DEPTH, state_leaf};
use zkmargin_margin::merkle::{Path, Tree};
use zkmargin_margin::portfolio::{Blinding, Held, Position, Reserved, commit};
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::relation::{MarginFamily, Violation};
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::netting::{
    NettingInstance, NettingWitness, Side, VenueAccount, check, net, venues_digest,
};

use super::scenario::ScenarioMarket;
use super::simulation::{N, SimulationMarket, full_rows, terms};
use super::{LOAN, Market, ODD, PERP, SPOT, claim, position};

/// An account at several venues with its witness.
pub struct NettingCase<F: MarginField, G: FamilyFigures<F>> {
    pub shape: Shape,
    pub instance: NettingInstance<F>,
    pub witness: NettingWitness<G::Family>,
}

impl<F: MarginField, G: FamilyFigures<F>> Clone for NettingCase<F, G> {
    fn clone(&self) -> Self {
        let Self { shape, instance, witness } = self;
        Self { shape: *shape, instance: *instance, witness: witness.clone() }
    }
}

type FamilyWitness<F, G> = <<G as FamilyFigures<F>>::Family as MarginFamily>::Witness;

/// What is held at a venue: positions, and what is reserved.
pub type Book = (Vec<Position>, u128);

/// A venue's book of which nothing is reserved.
pub fn book(positions: &[Position]) -> Book {
    (positions.to_vec(), 0)
}

/// The context of a venue, and the account there.
pub fn at(venue: usize) -> (ContextId, AccountId) {
    let byte = u8::try_from(venue).unwrap() + 1;
    (ContextId::from_be_bytes(&pad(byte)).unwrap(), AccountId::new([0x40 + byte; 20]))
}

fn pad(byte: u8) -> [u8; 32] {
    std::array::from_fn(|i| if i == 1 { byte } else { 0 })
}

/// A venue's tree with the account's book in it, among others.
pub fn side<F: MarginField>(venue: usize, (positions, reserved): &Book) -> Side<F> {
    let (context, account) = at(venue);
    let reserved = Reserved::new(*reserved).unwrap();
    let blinding = Blinding::new([u8::try_from(venue).unwrap() + 0x51; 31]);
    let (commitment, state_root, path) =
        tree((context, account), (positions, &reserved, &blinding));
    let venue = VenueAccount { context, state_root, account };
    Side { venue, positions: positions.clone(), reserved, blinding, commitment, path }
}

/// Has a venue attest what a side says.
pub fn attest<F: MarginField>(side: &mut Side<F>) {
    let VenueAccount { context, account, .. } = side.venue;
    let opening = (side.positions.as_slice(), &side.reserved, &side.blinding);
    (side.commitment, side.venue.state_root, side.path) = tree((context, account), opening);
}

fn tree<F: MarginField>(
    (context, account): (ContextId, AccountId),
    (positions, reserved, blinding): (&[Position], &Reserved, &Blinding),
) -> (F, F, Path<F>) {
    let commitment = commit(positions, reserved, blinding);
    let other = state_leaf(AccountId::new([0x22; 20]), F::from(5), context);
    let leaves = vec![other, state_leaf(account, commitment, context), other];
    let state = Tree::build(Domain::StateNode, STATE_DEPTH, leaves).unwrap();
    (commitment, state.root(), state.path(1).unwrap())
}

impl<F: MarginField, G: FamilyFigures<F>> NettingCase<F, G> {
    /// Of books at venues, whose totals are an account in a market.
    pub fn new(
        books: &[Book],
        total: impl FnOnce(&[Position], u128) -> (MarginInstance<F>, FamilyWitness<F, G>),
    ) -> Self {
        let sides: Vec<_> = books.iter().enumerate().map(|(i, book)| side(i, book)).collect();
        let held = sides.iter().map(|side| {
            let Side { positions, reserved, .. } = side;
            Held { positions, reserved }
        });
        let (positions, reserved) = net(held).unwrap();
        let (instance, total) = total(&positions, reserved.get());
        let witness = NettingWitness { total, sides };
        let mut case =
            Self { shape: Shape::Small, instance: NettingInstance::of_margin(instance), witness };
        case.publish();
        case
    }

    /// Publishes the digest of the venues that the witness has.
    pub fn publish(&mut self) {
        let NettingInstance { context, account, .. } = self.instance;
        self.instance.venues = venues_digest((context, account), &self.witness.venues());
    }

    pub fn check(&self) -> Result<(), Violation> {
        check(&self.instance, &self.witness)
    }

    pub fn circuit(&self) -> NettingCircuit<F, G> {
        NettingCircuit::new(self.shape, self.instance, self.witness.clone()).unwrap()
    }

    /// The circuit after a lie: the prover's choices changed at will.
    pub fn lie(&self, lie: impl FnOnce(&mut Assignment<F, G>)) -> NettingCircuit<F, G> {
        let mut circuit = self.circuit();
        lie(circuit.assignment_mut().unwrap());
        circuit
    }

    pub fn public_rows(&self) -> Vec<F> {
        self.instance.to_field_elements().to_vec()
    }
}

pub type StandardNetting<F> = NettingCase<F, StandardFigures<F>>;
pub type ScenarioNetting<F> = NettingCase<F, ScenarioFigures<F>>;
pub type SimulationNetting<F> = NettingCase<F, SimulationFigures<F, N>>;

pub fn standard<F: MarginField>(books: &[Book], text: &str, disclosed: u128) -> StandardNetting<F> {
    let market = Market::<F>::over_field();
    NettingCase::new(books, |positions, reserved| {
        let case = market.case(positions, claim(text), disclosed).reserving(reserved);
        (case.instance, case.witness)
    })
}

pub fn scenario<F: MarginField>(books: &[Book], text: &str) -> ScenarioNetting<F> {
    let market = ScenarioMarket::<F>::over_field();
    NettingCase::new(books, |positions, reserved| {
        let case = market.case(positions, claim(text), 0).reserving(reserved);
        (case.instance, case.witness)
    })
}

/// Nothing is reserved in this family's cases.
pub fn simulation<F: MarginField>(books: &[Book], claim: Claim) -> SimulationNetting<F> {
    let market = SimulationMarket::<F>::of(full_rows(), terms());
    NettingCase::new(books, |positions, _| {
        let case = market.case(positions, claim, 0);
        (case.instance, case.witness)
    })
}

/// Long at one venue and in debt, short at another: either alone is below its initial
/// margin or has nothing to spare, together the positions cancel.
pub fn hedge() -> [Book; 2] {
    [
        book(&[position(0, PERP, 500, -498_000)]),
        (vec![position(0, PERP, -500, 502_000), position(0, SPOT, 10, 0)], 100),
    ]
}

/// Every slot of the smallest shape, all four venues, three isolated buckets of one each;
/// positions that cancel, that are at two venues, and of no lots.
pub fn four() -> [Book; 4] {
    [
        (
            vec![
                position(0, PERP, -1_500, 2_100_000),
                position(0, SPOT, 400, 0),
                position(1, PERP, 10, -9_000),
                position(1, SPOT, 40, 5),
            ],
            7,
        ),
        (vec![position(0, SPOT, 500, 3), position(0, LOAN, -1_000, 0)], 0),
        (
            vec![
                position(0, PERP, 700, -650_000),
                position(0, ODD, 20, -1_000),
                position(2, PERP, 5, 6_000),
            ],
            11,
        ),
        (vec![position(0, ODD, -20, 2_000), position(3, SPOT, 1, 0)], 500),
    ]
}

/// The positions of a book dealt out to so many venues, in turn, and some of each split
/// in two.
pub fn dealt(positions: &[Position], venues: usize) -> Vec<Book> {
    let mut books: Vec<Vec<Position>> = vec![Vec::new(); venues];
    for (index, whole) in positions.iter().enumerate() {
        let (bucket, instrument) = (whole.bucket.get(), whole.instrument.get());
        let (lots, cash) = (whole.quantity.get(), whole.cash.get());
        let part = |lots, cash| position(bucket, instrument, lots, cash);
        let split = index % 2 == 0 && lots.abs() > 1 && bucket == 0;
        match split {
            true => {
                books[index % venues].push(part(lots - lots.signum(), cash - 7));
                books[(index + 1) % venues].push(part(lots.signum(), 7));
            }
            false => books[index % venues].push(whole.clone()),
        }
    }
    books.iter().map(|positions| book(positions)).collect()
}
