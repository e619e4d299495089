//! A small market of options of two expiries, and accounts in it.

use pasta_curves::Fp;
use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::settlement::{Assignment, SettlementCircuit};
use zkmargin_margin::claim::Claim;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{Epoch, InstrumentId, Memo, ModelDigest, Timestamp};
use zkmargin_margin::instance::{MarginInstance, Shortfall};
use zkmargin_margin::market::{MARKET_DEPTH, MarketHeader, STATE_DEPTH, state_leaf};
use zkmargin_margin::merkle::Tree;
use zkmargin_margin::portfolio::{Position, Reserved, commit};
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::settlement::{
    self, Charges, OptionType, RowKind, Settlement, SettlementMargin, SettlementRow,
    SettlementSlot, SettlementWitness,
};
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::margin;
use zkmargin_margin::units::Denominator;
use zkmargin_margin::witness::AccountWitness;

use super::scenario::book;
use super::{Attested, attest};

pub type Circuit<F> = SettlementCircuit<F>;
pub type Choices<F> = Assignment<F>;

/// A perpetual, and collateral that cannot be short.
pub const PERP: u64 = 100;
pub const CASH: u64 = 200;
/// Options of the near expiry, by strike.
pub const PUT: u64 = id(1, 90, true);
pub const CALL: u64 = id(1, 100, false);
pub const PUT2: u64 = id(1, 100, true);
pub const CALL2: u64 = id(1, 120, false);
/// Options of the far one.
pub const FAR_PUT: u64 = id(2, 95, true);
pub const FAR_CALL: u64 = id(2, 105, false);

/// As [`option_id`], of underlying 3.
const fn id(hours: u64, strike: u64, is_put: bool) -> u64 {
    1 << 63 | 3 << 44 | hours << 24 | strike << 1 | is_put as u64
}

/// An option's row: strikes are quote units here. It is charged a tenth of the strike
/// and its mark; a call that none covers, so much and a bit.
pub fn option(id: u64, mark: u64) -> SettlementRow {
    let (strike, is_put) = ((id >> 1) & 0xff_ffff >> 1, id & 1 == 1);
    let kind = match is_put {
        true => RowKind::Option { option_type: OptionType::Put, strike },
        false => RowKind::Option { option_type: OptionType::Call, strike },
    };
    let charges = Charges { maintenance: mark + strike / 10, initial: mark + strike / 7 };
    let unpaired = match is_put {
        true => Charges::default(),
        false => Charges { maintenance: 110, initial: 121 },
    };
    SettlementRow::new((InstrumentId::new(id), kind), mark, charges, (unpaired, 2)).unwrap()
}

/// A row of what is no option.
pub fn other(id: u64, kind: RowKind, mark: u64) -> SettlementRow {
    let charges = Charges { maintenance: 7, initial: 11 };
    let none = (Charges::default(), 0);
    SettlementRow::new((InstrumentId::new(id), kind), mark, charges, none).unwrap()
}

pub fn rows() -> Vec<SettlementRow> {
    vec![
        other(PERP, RowKind::Contract, 0),
        other(CASH, RowKind::Collateral, 50),
        option(PUT, 3),
        option(CALL, 9),
        option(PUT2, 7),
        option(CALL2, 2),
        option(FAR_PUT, 6),
        option(FAR_CALL, 8),
    ]
}

/// A covered call, a short put, and a far strangle, which is bounded by nothing; it
/// meets its initial margin.
pub fn healthy() -> Vec<Position> {
    book(2_000, &[(PERP, -4), (CASH, 6), (CALL, -10), (CALL2, 10), (PUT, -5), (FAR_CALL, -3)])
}

/// The same in debt: below all levels.
pub fn poor() -> Vec<Position> {
    let lots = [(PERP, -4), (CASH, 6), (CALL, -10), (CALL2, 10), (PUT, -5), (FAR_CALL, -3)];
    book(-900, &lots)
}

/// Every slot of the smallest shape in use; it meets its initial margin.
pub fn every_slot() -> Vec<Position> {
    let near = [(PUT, 4), (CALL, -10), (PUT2, -6), (CALL2, 7)];
    let rest = [(PERP, 5), (CASH, 2), (FAR_PUT, -2), (FAR_CALL, 3)];
    book(5_000, &[&near[..], &rest].concat())
}

/// A market with its tree.
#[derive(Clone)]
pub struct SettlementMarket<F = Fp> {
    pub rows: Vec<SettlementRow>,
    pub tree: Tree<F>,
    pub header: MarketHeader<F>,
}

impl SettlementMarket {
    pub fn new() -> Self {
        Self::of(rows())
    }
}

impl<F: MarginField> SettlementMarket<F> {
    pub fn of(rows: Vec<SettlementRow>) -> Self {
        let leaves = rows.iter().map(SettlementRow::leaf).collect();
        let tree = Tree::build(Domain::MarketNode, MARKET_DEPTH, leaves).unwrap();
        let header = MarketHeader {
            tree_root: tree.root(),
            model: ModelDigest::of(b"test settlement"),
            epoch: Epoch::new(7),
            timestamp: Timestamp::new(1_700_000_000),
            denominator: Denominator::new(1).unwrap(),
            terms: settlement::terms(),
        };
        Self { rows, tree, header }
    }

    pub fn slot(&self, position: &Position) -> SettlementSlot<F> {
        let of = |row: &SettlementRow| row.instrument() == position.instrument;
        let index = self.rows.iter().position(of).unwrap();
        let path = self.tree.path(index).unwrap();
        SettlementSlot { position: position.clone(), row: self.rows[index], path }
    }

    pub fn margin(&self, positions: &[Position]) -> SettlementMargin {
        let slots: Vec<_> = positions.iter().map(|position| self.slot(position)).collect();
        let parts = slots.iter().map(|slot| (&slot.position, &slot.row));
        SettlementMargin::assess(parts, &Reserved::NONE).unwrap()
    }

    /// Instance and witness of an account with these positions. Padding is an option's
    /// row, of the last expiry.
    pub fn case(&self, positions: &[Position], claim: Claim, disclosed: u128) -> SettlementCase<F> {
        let Attested { context, account, state_root, blinding, commitment, account_path } =
            attest(positions);
        let padding = self.rows.len() - 1;
        SettlementCase {
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
            witness: AccountWitness {
                slots: positions.iter().map(|position| self.slot(position)).collect(),
                reserved: Reserved::NONE,
                blinding,
                commitment,
                account_path,
                header: self.header,
                padding: (self.rows[padding], self.tree.path(padding).unwrap()),
            },
        }
    }
}

/// An instance with a witness.
#[derive(Clone)]
pub struct SettlementCase<F: MarginField = Fp> {
    pub instance: MarginInstance<F>,
    pub witness: SettlementWitness<F>,
}

/// `log2` of the rows of the tests' shape.
pub fn k<F: MarginField>() -> u32 {
    <Circuit<F> as FamilyCircuit<F>>::k(Shape::Small)
}

impl<F: MarginField> SettlementCase<F> {
    pub fn check(&self) -> Result<(), Violation> {
        margin::check::<Settlement<F>>(&self.instance, &self.witness)
    }

    pub fn circuit(&self) -> Circuit<F> {
        Circuit::new(Shape::Small, self.instance, self.witness.clone()).unwrap()
    }

    /// The same account with so much reserved for open orders.
    pub fn reserving(mut self, units: u128) -> Self {
        let account = &mut self.witness;
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
