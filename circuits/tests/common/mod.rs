//! A small market and accounts in it, for circuit tests.

// Each test file uses a part of this.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

pub mod deleveraging;
pub mod escrow;
pub mod golden;
pub mod haircut;
pub mod lowered;
pub mod mock;
pub mod netting;
pub mod scenario;
pub mod settlement;
pub mod simulation;
pub mod transition;
pub mod venue;

use pasta_curves::Fp;
use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::gadgets::layout::Columns;
use zkmargin_circuits::standard::{Assignment, StandardCircuit};
use zkmargin_margin::claim::{Claim, Level, Side};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{
    AccountId, BucketId, ContextId, Epoch, InstrumentId, Memo, ModelDigest, Timestamp,
};
use zkmargin_margin::instance::{MarginInstance, Shortfall};
use zkmargin_margin::market::{MARKET_DEPTH, MarketHeader, STATE_DEPTH, state_leaf};
use zkmargin_margin::merkle::{Path, Tree};
use zkmargin_margin::portfolio::{Blinding, Position, Reserved, commit};
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::standard::{
    AccountMargin, Charge, Direction, Slot, Standard, StandardWitness, TierRow,
};
use zkmargin_margin::statement::margin;
use zkmargin_margin::units::{Amount, Denominator, Lots, Notional, Price, Rate};
use zkmargin_margin::witness::AccountWitness;

pub const PERP: u64 = 10;
pub const SPOT: u64 = 20;
pub const LOAN: u64 = 30;
pub const ODD: u64 = 0xf000_0000_0000_0028;
pub const DENOMINATOR: u32 = 1_000_000;

/// A market of four instruments: a perpetual in two tiers, collateral with a
/// haircut in two tiers, a loan, and a perpetual with a fractional price and a
/// maintenance fraction.
#[derive(Clone)]
pub struct Market<F = Fp> {
    pub rows: Vec<TierRow>,
    pub tree: Tree<F>,
    pub header: MarketHeader<F>,
}

fn notional(units: u128) -> Notional {
    Notional::new(units).unwrap()
}

fn charge(base: u128, rate: u32) -> Charge {
    Charge { base: notional(base), rate: Rate::new(rate) }
}

/// A charge by its base and rate.
pub fn charge_of(base: u128, rate: u32) -> Charge {
    charge(base, rate)
}

pub fn rows() -> Vec<TierRow> {
    let row = |instrument, direction, price: (u64, u64)| TierRow {
        instrument: InstrumentId::new(instrument),
        direction,
        lower_exclusive: false,
        price: Price::new(price.0, price.1).unwrap(),
        lower: Notional::ZERO,
        upper: Notional::MAX,
        initial: Charge::default(),
        maintenance: Charge::default(),
        maintenance_fraction: Rate::new(DENOMINATOR),
    };
    let perp = TierRow {
        upper: notional(1_000_000),
        initial: charge(0, 100_000),
        maintenance: charge(0, 50_000),
        ..row(PERP, Direction::Both, (1_000, 1))
    };
    let perp2 = TierRow {
        lower_exclusive: true,
        lower: notional(1_000_000),
        upper: Notional::MAX,
        initial: charge(100_000, 200_000),
        maintenance: charge(50_000, 100_000),
        ..perp
    };
    let spot = TierRow {
        upper: notional(500_000),
        initial: charge(0, 333_333),
        maintenance: charge(0, 200_000),
        ..row(SPOT, Direction::Long, (777, 1))
    };
    let spot2 = TierRow {
        lower_exclusive: true,
        lower: notional(500_000),
        upper: Notional::MAX,
        initial: charge(166_667, 1_000_000),
        maintenance: charge(100_000, 1_000_000),
        ..spot
    };
    let loan = TierRow {
        initial: charge(0, 20_000),
        maintenance: charge(0, 10_000),
        ..row(LOAN, Direction::Short, (99, 1))
    };
    let odd = TierRow {
        initial: charge(0, 123_457),
        maintenance: charge(0, 123_457),
        maintenance_fraction: Rate::new(600_001),
        ..row(ODD, Direction::Both, (123_457, 1_000))
    };
    vec![perp, perp2, spot, spot2, loan, odd]
}

impl Market {
    pub fn new() -> Self {
        Self::over_field()
    }
}

impl<F: MarginField> Market<F> {
    /// The market over any field.
    pub fn over_field() -> Self {
        Self::from_rows(rows(), DENOMINATOR)
    }

    pub fn from_rows(rows: Vec<TierRow>, denominator: u32) -> Self {
        let leaves = rows.iter().map(TierRow::leaf).collect();
        let tree = Tree::build(Domain::MarketNode, MARKET_DEPTH, leaves).unwrap();
        let header = MarketHeader {
            tree_root: tree.root(),
            model: ModelDigest::of(b"test model"),
            epoch: Epoch::new(7),
            timestamp: Timestamp::new(1_700_000_000),
            denominator: Denominator::new(denominator).unwrap(),
            terms: F::ZERO,
        };
        Self { rows, tree, header }
    }

    /// The row that applies to a position; the instrument's first when none does.
    pub fn row_index(&self, instrument: InstrumentId, quantity: Lots) -> usize {
        let of_instrument =
            || self.rows.iter().enumerate().filter(|(_, row)| row.instrument == instrument);
        of_instrument()
            .find(|(_, row)| row.assess(quantity, self.header.denominator).is_ok())
            .or_else(|| of_instrument().next())
            .map_or(0, |(index, _)| index)
    }

    pub fn slot(&self, position: &Position) -> Slot<F> {
        let index = self.row_index(position.instrument, position.quantity);
        self.slot_with_row(position, index)
    }

    pub fn slot_with_row(&self, position: &Position, index: usize) -> Slot<F> {
        Slot {
            position: position.clone(),
            row: self.rows[index],
            path: self.tree.path(index).unwrap(),
        }
    }

    pub fn margin(&self, positions: &[Position]) -> AccountMargin {
        let slots: Vec<_> = positions.iter().map(|position| self.slot(position)).collect();
        AccountMargin::assess(
            slots.iter().map(|slot| (&slot.position, &slot.row)),
            &Reserved::NONE,
            self.header.denominator,
        )
        .unwrap()
    }

    /// Instance and witness of an account with these positions.
    pub fn case(&self, positions: &[Position], claim: Claim, disclosed: u128) -> Case<F> {
        let Attested { context, account, state_root, blinding, commitment, account_path } =
            attest(positions);
        Case {
            shape: Shape::Small,
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
            witness: StandardWitness {
                slots: positions.iter().map(|position| self.slot(position)).collect(),
                reserved: Reserved::NONE,
                blinding,
                commitment,
                account_path,
                header: self.header,
                padding: (self.rows[0], self.tree.path(0).unwrap()),
            },
        }
    }
}

/// What a venue attests of an account.
pub struct Attested<F> {
    pub context: ContextId,
    pub account: AccountId,
    pub state_root: F,
    pub blinding: Blinding,
    pub commitment: F,
    pub account_path: Path<F>,
}

/// Attests an account with these positions, among others.
pub fn attest<F: MarginField>(positions: &[Position]) -> Attested<F> {
    let blinding = Blinding::new([0x5a; 31]);
    let commitment = commit(positions, &Reserved::NONE, &blinding);
    let context = ContextId::derive("test", 0, [0; 20]);
    let account = AccountId::new([0x11; 20]);
    let other = state_leaf(AccountId::new([0x22; 20]), F::from(5), context);
    let leaves = vec![other, state_leaf(account, commitment, context), other];
    let state = Tree::build(Domain::StateNode, STATE_DEPTH, leaves).unwrap();
    let (state_root, account_path) = (state.root(), state.path(1).unwrap());
    Attested { context, account, state_root, blinding, commitment, account_path }
}

/// An instance with a witness.
#[derive(Clone)]
pub struct Case<F: MarginField = Fp> {
    pub shape: Shape,
    pub instance: MarginInstance<F>,
    pub witness: StandardWitness<F>,
}

/// `log2` of the rows of a shape.
pub fn k<F: MarginField>(shape: Shape) -> u32 {
    <StandardCircuit<F> as FamilyCircuit<F>>::k(shape)
}

impl<F: MarginField> Case<F> {
    pub fn check(&self) -> Result<(), Violation> {
        margin::check::<Standard<F>>(&self.instance, &self.witness)
    }

    /// The circuit after a lie: the prover's choices changed at will.
    pub fn lie(&self, lie: impl FnOnce(&mut Assignment<F>)) -> StandardCircuit<F> {
        self.lie_in(lie)
    }

    /// The same in a layout.
    pub fn lie_in<L: Columns>(
        &self,
        lie: impl FnOnce(&mut Assignment<F>),
    ) -> StandardCircuit<F, L> {
        let mut circuit = self.circuit_in();
        lie(circuit.assignment_mut().unwrap());
        circuit
    }

    pub fn public_rows(&self) -> Vec<F> {
        self.instance.to_field_elements().to_vec()
    }

    pub fn circuit(&self) -> StandardCircuit<F> {
        self.circuit_in()
    }

    /// The circuit in a layout.
    pub fn circuit_in<L: Columns>(&self) -> StandardCircuit<F, L> {
        StandardCircuit::new(self.shape, self.instance, self.witness.clone()).unwrap()
    }

    /// The same account with so much reserved for open orders.
    pub fn reserving(mut self, units: u128) -> Self {
        self.witness.reserved = Reserved::new(units).unwrap();
        self.recommit();
        self
    }

    /// Opens the commitment and the state root again after a change of the
    /// positions or the blinding: the attacker's own account.
    pub fn recommit(&mut self) {
        let positions: Vec<_> =
            self.witness.slots.iter().map(|slot| slot.position.clone()).collect();
        let AccountWitness { reserved, blinding, .. } = &self.witness;
        self.witness.commitment = commit(&positions, reserved, blinding);
        let leaf =
            state_leaf(self.instance.account, self.witness.commitment, self.instance.context);
        let state = Tree::build(Domain::StateNode, STATE_DEPTH, vec![leaf]).unwrap();
        self.instance.state_root = state.root();
        self.witness.account_path = state.path(0).unwrap();
    }
}

pub fn position(bucket: u16, instrument: u64, quantity: i64, cash: i128) -> Position {
    Position {
        bucket: BucketId::new(bucket),
        instrument: InstrumentId::new(instrument),
        quantity: Lots::new(quantity),
        cash: Amount::new(cash).unwrap(),
    }
}

/// A claim by its text.
pub fn claim(text: &str) -> Claim {
    text.parse().unwrap()
}

pub fn at_least(level: Level) -> Claim {
    Claim::new(Side::AtLeast, level).unwrap()
}

pub fn below(level: Level) -> Claim {
    Claim::new(Side::Below, level).unwrap()
}

/// A healthy account: long and short, collateral, a loan, two buckets.
pub fn healthy() -> Vec<Position> {
    vec![
        position(0, PERP, -1_500, 2_100_000),
        position(0, SPOT, 900, 0),
        position(0, LOAN, -1_000, 0),
        position(3, ODD, 777, 5_000),
    ]
}

/// Healthy, and in every slot of the smallest shape: four buckets, three of them isolated.
pub fn every_slot() -> Vec<Position> {
    vec![
        position(0, PERP, -1_500, 2_100_000),
        position(0, SPOT, 900, 0),
        position(0, LOAN, -1_000, 0),
        position(1, PERP, 10, -9_000),
        position(1, SPOT, 40, 5),
        position(2, PERP, 5, 6_000),
        position(3, PERP, 10, -9_000),
        position(3, ODD, 777, 5_000),
    ]
}
