//! A small market of sixteen joint scenarios and accounts in it.

use pasta_curves::Fp;
use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::simulation::{Assignment, SimulationCircuit};
use zkmargin_margin::claim::Claim;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{Epoch, InstrumentId, Memo, ModelDigest, Timestamp};
use zkmargin_margin::instance::{MarginInstance, Shortfall};
use zkmargin_margin::market::{MARKET_DEPTH, MarketHeader, STATE_DEPTH, state_leaf};
use zkmargin_margin::merkle::Tree;
use zkmargin_margin::portfolio::{Position, Reserved, commit};
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::shape::{DEEP, Shape};
use zkmargin_margin::simulation::{
    Charges, Simulation, SimulationMargin, SimulationRow, SimulationSlot, SimulationTerms,
    SimulationWitness, WEIGHT_ONE, Weights, columns,
};
use zkmargin_margin::statement::margin;
use zkmargin_margin::units::Denominator;
use zkmargin_margin::witness::AccountWitness;

use super::scenario::book;
use super::{Attested, attest};

/// Scenarios of the tests.
pub const N: usize = 16;
pub type Circuit<F> = SimulationCircuit<F, N>;
pub type Choices<F> = Assignment<F, N>;

/// Two underlyings, an option of each, and collateral that cannot be short.
pub const COIN: u64 = 100;
pub const OTHER: u64 = 200;
pub const PUT: u64 = 300;
pub const CALL: u64 = 400;
pub const CASH: u64 = 500;
/// What fills the smallest shape, and is in the market of [`full_rows`] alone.
pub const OTHERS: [u64; 3] = [600, 610, 620];

/// Gains that differ in every scenario, of both signs, by a seed.
fn gains(seed: i64, width: i64, mark: i64) -> Vec<i64> {
    gains_of(N, seed, width, mark)
}

/// The same of so many scenarios.
fn gains_of(scenarios: usize, seed: i64, width: i64, mark: i64) -> Vec<i64> {
    let gains = 1..i64::try_from(columns(scenarios)).unwrap();
    let mut all: Vec<i64> = gains
        .map(|i| (seed * 7_919 + (i - 1).pow(2) * 104_729) % (2 * width + 1) - width)
        .collect();
    all.push(mark);
    all
}

pub fn row(id: u64, is_long_only: bool, gains: Vec<i64>) -> SimulationRow {
    let charges = Charges { maintenance: 3, initial: 2 };
    SimulationRow::new(InstrumentId::new(id), is_long_only, charges, gains).unwrap()
}

pub fn rows() -> Vec<SimulationRow> {
    vec![
        row(COIN, false, gains(1, 2_000, 0)),
        row(OTHER, false, gains(2, 3_000, 0)),
        row(PUT, false, gains(3, 900, 1_100)),
        row(CALL, false, gains(4, 700, 800)),
        row(CASH, true, gains(5, 400, 10_000)),
    ]
}

/// Rows of twice the scenarios, as the deep shape has them.
pub fn deep_rows() -> Vec<SimulationRow> {
    rows_of(DEEP * N)
}

/// Terms of twice the scenarios.
pub fn deep_terms() -> SimulationTerms {
    terms_of(DEEP * N, 5)
}

/// Every row of [`full_rows`], of as many scenarios as a circuit with keys has.
pub fn whole_rows(shape: Shape) -> Vec<SimulationRow> {
    rows_of(shape.simulation_scenarios())
}

/// Terms of as many scenarios as a circuit with keys has.
pub fn whole_terms(shape: Shape) -> SimulationTerms {
    terms_of(shape.simulation_scenarios(), 7)
}

/// An account in every row, which meets its initial margin.
pub fn whole_book() -> Vec<Position> {
    whole(10_000_000)
}

/// The same in debt: below all levels.
pub fn whole_poor() -> Vec<Position> {
    whole(-150_000)
}

fn whole(cash: i128) -> Vec<Position> {
    let lots = |p: &Position| (p.instrument.get(), p.quantity.get());
    book(cash, &every_slot().iter().map(lots).collect::<Vec<_>>())
}

fn rows_of(scenarios: usize) -> Vec<SimulationRow> {
    let of = |(few, seed): (SimulationRow, i64)| {
        let gains = gains_of(scenarios, seed, 2_000, 900);
        SimulationRow::new(few.instrument(), few.is_long_only(), few.charges(), gains).unwrap()
    };
    full_rows().into_iter().zip(1..).map(of).collect()
}

fn terms_of(scenarios: usize, tail: usize) -> SimulationTerms {
    let few = terms();
    let (low, high, set) = (few.maintenance(), few.initial(), few.set());
    SimulationTerms::new((scenarios, tail), low, high, set).unwrap()
}

/// The rows of [`rows`], and three more.
pub fn full_rows() -> Vec<SimulationRow> {
    let others = OTHERS.into_iter().zip(6..).map(|(id, seed)| row(id, false, gains(seed, 800, 50)));
    rows().into_iter().chain(others).collect()
}

/// Long and short in every kind of row; it meets its initial margin.
pub fn healthy() -> Vec<Position> {
    book(100_000, &[(COIN, 20), (OTHER, -15), (PUT, -9), (CALL, 12), (CASH, 7)])
}

/// The same without the cash: below all levels.
pub fn poor() -> Vec<Position> {
    book(-150_000, &[(COIN, 20), (OTHER, -15), (PUT, -9), (CALL, 12), (CASH, 7)])
}

/// Every slot of the smallest shape in use; it meets its initial margin.
pub fn every_slot() -> Vec<Position> {
    let [third, fourth, fifth] = OTHERS;
    let lots = [(COIN, 20), (OTHER, -15), (PUT, -9), (CALL, 12), (CASH, 7)];
    let others = [(third, 6), (fourth, -5), (fifth, 3)];
    book(100_000, &[&lots[..], &others].concat())
}

pub fn terms() -> SimulationTerms {
    let one = WEIGHT_ONE;
    let low = Weights { shortfall: one / 4 + 1, var: one / 10, stress: one / 5 };
    let high = Weights { shortfall: one / 3, var: one / 9, stress: one / 5 + 7 };
    SimulationTerms::new((N, 3), low, high, ModelDigest::of(b"set")).unwrap()
}

/// A market with its tree.
#[derive(Clone)]
pub struct SimulationMarket<F = Fp> {
    pub rows: Vec<SimulationRow>,
    pub terms: SimulationTerms,
    pub tree: Tree<F>,
    pub header: MarketHeader<F>,
}

impl SimulationMarket {
    pub fn new() -> Self {
        Self::of(rows(), terms())
    }
}

impl<F: MarginField> SimulationMarket<F> {
    pub fn of(rows: Vec<SimulationRow>, terms: SimulationTerms) -> Self {
        let leaves = rows.iter().map(SimulationRow::leaf).collect();
        let tree = Tree::build(Domain::MarketNode, MARKET_DEPTH, leaves).unwrap();
        let header = MarketHeader {
            tree_root: tree.root(),
            model: ModelDigest::of(b"test simulation"),
            epoch: Epoch::new(7),
            timestamp: Timestamp::new(1_700_000_000),
            denominator: Denominator::new(1).unwrap(),
            terms: terms.digest(),
        };
        Self { rows, terms, tree, header }
    }

    pub fn slot(&self, position: &Position) -> SimulationSlot<F> {
        let of = |row: &SimulationRow| row.instrument() == position.instrument;
        let index = self.rows.iter().position(of).unwrap();
        let path = self.tree.path(index).unwrap();
        SimulationSlot { position: position.clone(), row: self.rows[index].clone(), path }
    }

    pub fn margin(&self, positions: &[Position]) -> SimulationMargin {
        let slots: Vec<_> = positions.iter().map(|position| self.slot(position)).collect();
        let parts = slots.iter().map(|slot| (&slot.position, &slot.row));
        SimulationMargin::assess(parts, &Reserved::NONE, &self.terms).unwrap()
    }

    /// Instance and witness of an account with these positions.
    pub fn case(&self, positions: &[Position], claim: Claim, disclosed: u128) -> SimulationCase<F> {
        let Attested { context, account, state_root, blinding, commitment, account_path } =
            attest(positions);
        let padding = self.rows.len() - 1;
        SimulationCase {
            instance: MarginInstance {
                context,
                epoch: self.header.epoch,
                account,
                state_root,
                market_root: self.header.root(),
                model: self.header.model,
                claim,
                disclosed: Shortfall::new(disclosed).unwrap(),
                memo: Memo::NONE,
            },
            witness: SimulationWitness {
                account: AccountWitness {
                    slots: positions.iter().map(|position| self.slot(position)).collect(),
                    reserved: Reserved::NONE,
                    blinding,
                    commitment,
                    account_path,
                    header: self.header,
                    padding: (self.rows[padding].clone(), self.tree.path(padding).unwrap()),
                },
                terms: self.terms,
            },
        }
    }
}

/// An instance with a witness.
#[derive(Clone)]
pub struct SimulationCase<F: MarginField = Fp> {
    pub instance: MarginInstance<F>,
    pub witness: SimulationWitness<F>,
}

/// `log2` of the rows of the tests' shape.
pub fn k<F: MarginField>() -> u32 {
    <Circuit<F> as FamilyCircuit<F>>::k(Shape::Small)
}

impl<F: MarginField> SimulationCase<F> {
    pub fn check(&self) -> Result<(), Violation> {
        margin::check::<Simulation<F>>(&self.instance, &self.witness)
    }

    pub fn circuit(&self) -> Circuit<F> {
        Circuit::new(Shape::Small, self.instance, self.witness.clone()).unwrap()
    }

    /// The same account with so much reserved for open orders.
    pub fn reserving(mut self, units: u128) -> Self {
        let account = &mut self.witness.account;
        account.reserved = Reserved::new(units).unwrap();
        let positions: Vec<_> = account.slots.iter().map(|slot| slot.position.clone()).collect();
        account.commitment = commit(&positions, &account.reserved, &account.blinding);
        let leaf = state_leaf(self.instance.account, account.commitment, self.instance.context);
        let state = Tree::build(Domain::StateNode, STATE_DEPTH, vec![leaf]).unwrap();
        self.instance.state_root = state.root();
        account.account_path = state.path(0).unwrap();
        self
    }

    /// The circuit after a lie: the prover's choices changed at will.
    pub fn lie(&self, lie: impl FnOnce(&mut Choices<F>)) -> Circuit<F> {
        let mut circuit = self.circuit();
        lie(circuit.assignment_mut().unwrap());
        circuit
    }

    pub fn public_rows(&self) -> Vec<F> {
        self.instance.to_field_elements().to_vec()
    }
}
