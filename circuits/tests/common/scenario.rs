//! A small market of options and accounts in it.

use pasta_curves::Fp;
use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::gadgets::layout::Columns;
use zkmargin_circuits::scenario::{Assignment, ScenarioCircuit};
use zkmargin_margin::claim::Claim;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{Epoch, InstrumentId, Memo, ModelDigest, Timestamp};
use zkmargin_margin::instance::{MarginInstance, Shortfall};
use zkmargin_margin::market::{MARKET_DEPTH, MarketHeader, STATE_DEPTH, state_leaf};
use zkmargin_margin::merkle::Tree;
use zkmargin_margin::portfolio::{Position, Reserved, commit};
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::scenario::{
    AccountMargin, AccountUnits, Charges, DeltaTier, ExpiryKey, FACTOR_ONE, FINE_ONE, Fine,
    GroupTerms, LossFactor, LotCharge, LotFee, LotValue, MarketTerms, MinimumCharge, RELIEFS, Rate,
    RowKind, SCENARIOS, Scenario, ScenarioMargin, ScenarioRow, ScenarioSlot, ScenarioTerms,
    ScenarioWitness, Times, Underlying,
};
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::margin;
use zkmargin_margin::units::Denominator;
use zkmargin_margin::witness::AccountWitness;

use super::{Attested, attest, position};

/// Two strikes of the first expiry, calls and puts; one of the second.
pub const CALL: u64 = 100;
pub const PUT: u64 = 101;
pub const CALL2: u64 = 110;
pub const PUT2: u64 = 111;
pub const FAR_CALL: u64 = 200;
pub const FAR_PUT: u64 = 201;
pub const FUTURE: u64 = 301;
/// Not the future's neighbour but the next strike's.
pub const PERP: u64 = 400;
pub const PERP2: u64 = 410;
pub const CASH: u64 = 500;
/// Options of expiries 3, 4 and 5.
pub const OTHERS: [u64; 3] = [600, 610, 620];

pub fn value(value: i64) -> LotValue {
    LotValue::new(value).unwrap()
}

/// Numbers that differ in every scenario, of both signs, by a seed.
fn spread(seed: i64, around: i64, width: i64) -> [LotValue; SCENARIOS] {
    std::array::from_fn(|i| {
        let i = i64::try_from(i).unwrap();
        value(around + (seed * 7_919 + i * 104_729) % (2 * width + 1) - width)
    })
}

pub fn group(key: u16) -> GroupTerms {
    let part = |percent: u64| Fine::new(FINE_ONE / 100 * percent).unwrap();
    GroupTerms {
        key: ExpiryKey::new(key).unwrap(),
        long_discount: part(95 - u64::from(key)),
        short_discount: part(105 + u64::from(key)),
        basis_weight: part(30 * u64::from(key)),
        confidence_fee: LotFee::new(100 * u64::from(key % 3)).unwrap(),
    }
}

fn option(id: u64, key: u16, mark: i64, delta: i64) -> ScenarioRow {
    let basis = [value(delta / 9), value(-delta / 11)];
    ScenarioRow {
        instrument: InstrumentId::new(id),
        underlying: Underlying::FIRST,
        kind: RowKind::Option { group: group(key), mark: value(mark), basis },
        charges: charges(3, 1),
        delta: value(delta),
        scenarios: spread(i64::try_from(id).unwrap(), mark, mark / 2),
    }
}

pub fn charges(maintenance: i64, initial: i64) -> Charges {
    let charge = |value| LotCharge::new(value).unwrap();
    Charges { maintenance: charge(maintenance), initial: charge(initial) }
}

pub fn rows() -> Vec<ScenarioRow> {
    let linear = |id: u64, kind, delta: i64, width| ScenarioRow {
        instrument: InstrumentId::new(id),
        underlying: Underlying::FIRST,
        kind,
        charges: charges(40, 30),
        delta: value(delta),
        scenarios: spread(i64::try_from(id).unwrap(), 0, width),
    };
    let perpetual = |fee| RowKind::Perpetual { options_fee: LotFee::new(fee).unwrap() };
    let future = RowKind::Future { group: group(1), basis: [value(500), value(-510)] };
    let mut rows = vec![
        option(CALL, 1, 5_000, 4_000),
        option(PUT, 1, 4_000, -3_500),
        option(CALL2, 1, 3_000, 2_500),
        option(PUT2, 1, 6_000, -5_200),
        option(FAR_CALL, 2, 9_000, 6_000),
        option(FAR_PUT, 2, 8_000, -4_100),
        linear(FUTURE, future, 10_100, 2_000),
        linear(PERP, perpetual(150), 10_000, 2_100),
        linear(PERP2, perpetual(90), 10_000, 2_200),
        ScenarioRow {
            charges: charges(500, -200),
            ..linear(CASH, RowKind::Collateral { mark: value(10_000) }, 0, 1_000)
        },
    ];
    rows.extend(OTHERS.iter().zip(3..).map(|(id, key)| option(*id, key, 2_000, 1_000)));
    rows
}

pub fn terms() -> ScenarioTerms {
    let part = |percent: u64| Fine::new(FINE_ONE / 100 * percent).unwrap();
    let mut dampening = [part(100); SCENARIOS];
    for (dampening, percent) in dampening.iter_mut().skip(20).zip(60..) {
        *dampening = part(percent);
    }
    ScenarioTerms {
        dampening,
        maintenance_factor: LossFactor::new(1_000_000_000).unwrap(),
        initial_factor: LossFactor::new(1_300_000_007).unwrap(),
        minimum: MinimumCharge {
            net: part(5),
            half_hedged: part(1),
            short_fee: LotFee::new(25).unwrap(),
            is_of_all: false,
        },
        naked: charges(200, -50),
        basis_is_added: false,
        reliefs: std::array::from_fn(|i| account_units(10 * (i as u64 + 1))),
        minimum_times: Default::default(),
        delta_tiers: [(10_000, 2), (60_000, 3)].map(delta_tier),
    }
}

/// A tier from so many units on, of so many hundredths.
pub fn delta_tier((from, hundredths): (u64, i64)) -> DeltaTier {
    let rate = Rate::new(FINE_ONE.cast_signed() / 100 * hundredths).unwrap();
    DeltaTier { from: account_units(from), rate }
}

/// Multiples of the minimum charge, the last so many.
pub fn times<const N: usize>(last: [u8; N]) -> [Times; RELIEFS] {
    let mut times = [Times::ZERO; RELIEFS];
    let places = times[RELIEFS - N..].iter_mut();
    places.zip(last).for_each(|(place, of)| *place = Times::new(of).unwrap());
    times
}

pub fn account_units(units: u64) -> AccountUnits {
    AccountUnits::new(units).unwrap()
}

/// The market with the basis loss added to the worst.
pub fn adding_market<F: MarginField>() -> ScenarioMarket<F> {
    ScenarioMarket::of(rows(), ScenarioTerms { basis_is_added: true, ..terms() })
}

/// The terms with a minimum charge of all, which counts twice beyond 1,000 and five times
/// beyond 3,000, the basis loss added, and a tier of the net delta that gives back.
pub fn tiered_terms() -> ScenarioTerms {
    let mut terms = ScenarioTerms {
        minimum: MinimumCharge { is_of_all: true, ..terms().minimum },
        minimum_times: times([2, 5]),
        basis_is_added: true,
        reliefs: Default::default(),
        delta_tiers: [(0, -1), (60_000, 3)].map(delta_tier),
        ..terms()
    };
    for (relief, less) in terms.reliefs.iter_mut().rev().zip([10_000, 1_000]) {
        *relief = account_units(less);
    }
    terms
}

/// A market with these.
pub fn tiered_market<F: MarginField>() -> ScenarioMarket<F> {
    ScenarioMarket::of(rows(), tiered_terms())
}

/// A market with its tree.
#[derive(Clone)]
pub struct ScenarioMarket<F = Fp> {
    pub rows: Vec<ScenarioRow>,
    pub terms: MarketTerms,
    pub tree: Tree<F>,
    pub header: MarketHeader<F>,
}

impl ScenarioMarket {
    pub fn new() -> Self {
        Self::over_field()
    }
}

impl<F: MarginField> ScenarioMarket<F> {
    pub fn over_field() -> Self {
        Self::of(rows(), terms())
    }

    pub fn of(rows: Vec<ScenarioRow>, terms: impl Into<MarketTerms>) -> Self {
        let terms = terms.into();
        let leaves = rows.iter().map(ScenarioRow::leaf).collect();
        let tree = Tree::build(Domain::MarketNode, MARKET_DEPTH, leaves).unwrap();
        let header = MarketHeader {
            tree_root: tree.root(),
            model: ModelDigest::of(b"test scenarios"),
            epoch: Epoch::new(7),
            timestamp: Timestamp::new(1_700_000_000),
            denominator: Denominator::new(FACTOR_ONE).unwrap(),
            terms: terms.digest(),
        };
        Self { rows, terms, tree, header }
    }

    pub fn slot(&self, position: &Position) -> ScenarioSlot<F> {
        let of = |row: &ScenarioRow| row.instrument == position.instrument;
        self.slot_with_row(position, self.rows.iter().position(of).unwrap())
    }

    pub fn slot_with_row(&self, position: &Position, index: usize) -> ScenarioSlot<F> {
        let path = self.tree.path(index).unwrap();
        ScenarioSlot { position: position.clone(), row: self.rows[index], path }
    }

    /// Of a market of one underlying.
    pub fn margin(&self, positions: &[Position]) -> ScenarioMargin {
        let [only] = self.account(positions).parts().to_vec().try_into().unwrap();
        only
    }

    /// Of any market.
    pub fn account(&self, positions: &[Position]) -> AccountMargin {
        let slots: Vec<_> = positions.iter().map(|position| self.slot(position)).collect();
        let parts = slots.iter().map(|slot| (&slot.position, &slot.row));
        AccountMargin::assess(parts, &Reserved::NONE, &self.terms).unwrap()
    }

    /// Instance and witness of an account with these positions.
    pub fn case(&self, positions: &[Position], claim: Claim, disclosed: u128) -> ScenarioCase<F> {
        let Attested { context, account, state_root, blinding, commitment, account_path } =
            attest(positions);
        let padding = self.rows.len() - 1;
        ScenarioCase {
            shape: Shape::scenario_for(0, 0, self.terms.underlyings()).unwrap(),
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
            witness: ScenarioWitness {
                account: AccountWitness {
                    slots: positions.iter().map(|position| self.slot(position)).collect(),
                    reserved: Reserved::NONE,
                    blinding,
                    commitment,
                    account_path,
                    header: self.header,
                    padding: (self.rows[padding], self.tree.path(padding).unwrap()),
                },
                terms: self.terms,
            },
        }
    }
}

/// An instance with a witness.
#[derive(Clone)]
pub struct ScenarioCase<F: MarginField = Fp> {
    pub shape: Shape,
    pub instance: MarginInstance<F>,
    pub witness: ScenarioWitness<F>,
}

/// `log2` of the rows of a shape.
pub fn k<F: MarginField>(shape: Shape) -> u32 {
    <ScenarioCircuit<F> as FamilyCircuit<F>>::k(shape)
}

impl<F: MarginField> ScenarioCase<F> {
    pub fn check(&self) -> Result<(), Violation> {
        margin::check::<Scenario<F>>(&self.instance, &self.witness)
    }

    /// The circuit after a lie: the prover's choices changed at will.
    pub fn lie(&self, lie: impl FnOnce(&mut Assignment<F>)) -> ScenarioCircuit<F> {
        self.lie_in(lie)
    }

    /// The same in a layout.
    pub fn lie_in<L: Columns>(
        &self,
        lie: impl FnOnce(&mut Assignment<F>),
    ) -> ScenarioCircuit<F, L> {
        let mut circuit = self.circuit_in();
        lie(circuit.assignment_mut().unwrap());
        circuit
    }

    pub fn public_rows(&self) -> Vec<F> {
        self.instance.to_field_elements().to_vec()
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

    pub fn circuit(&self) -> ScenarioCircuit<F> {
        self.circuit_in()
    }

    /// The circuit in a layout.
    pub fn circuit_in<L: Columns>(&self) -> ScenarioCircuit<F, L> {
        ScenarioCircuit::new(self.shape, self.instance, self.witness.clone()).unwrap()
    }
}

/// How far the instruments of the second underlying are from their like.
pub const SECOND: u64 = 1_000;

/// The rows of both underlyings: those of the second stand behind, under expiries of
/// their own, and no two values are the same.
pub fn both_rows() -> Vec<ScenarioRow> {
    let mut both = rows();
    both.extend(rows().into_iter().map(|row| {
        let id = row.instrument.get() + SECOND;
        let mut row = ScenarioRow {
            instrument: InstrumentId::new(id),
            underlying: Underlying::SECOND,
            charges: charges(7, 2),
            delta: value(row.delta.get() / 3),
            scenarios: spread(i64::try_from(id).unwrap(), row.mark().get() / 2, 1_500),
            ..row
        };
        match &mut row.kind {
            RowKind::Option { group: of, mark, .. } => {
                *of = group(of.key.get() + 5);
                *mark = value(mark.get() / 2);
            }
            RowKind::Future { group: of, .. } => *of = group(of.key.get() + 5),
            RowKind::Perpetual { options_fee } => *options_fee = LotFee::new(210).unwrap(),
            RowKind::Collateral { .. } => {}
        }
        row
    }));
    both
}

/// The terms of both: no two fields are the same.
pub fn both_terms() -> MarketTerms {
    let part = |percent: u64| Fine::new(FINE_ONE / 100 * percent).unwrap();
    let mut second = terms();
    for (dampening, percent) in second.dampening.iter_mut().zip(40..) {
        *dampening = part(percent);
    }
    second.maintenance_factor = LossFactor::new(1_100_000_003).unwrap();
    second.initial_factor = LossFactor::new(1_700_000_011).unwrap();
    let short_fee = LotFee::new(35).unwrap();
    second.minimum =
        MinimumCharge { net: part(9), half_hedged: part(2), short_fee, is_of_all: true };
    second.minimum_times = times([2, 3, 4, 5]);
    second.naked = charges(90, 20);
    second.basis_is_added = true;
    second.reliefs = std::array::from_fn(|i| account_units(7 * (i as u64 + 2)));
    second.delta_tiers = [(4_000, 4), (20_000, -5)].map(delta_tier);
    MarketTerms { first: terms(), second: Some(second) }
}

/// A market of two underlyings.
pub fn both_market<F: MarginField>() -> ScenarioMarket<F> {
    ScenarioMarket::of(both_rows(), both_terms())
}

/// A book of every kind of row on both underlyings, that meets its initial margin.
pub fn healthy_on_both() -> Vec<Position> {
    let second = [(CALL, 20), (PUT, -30), (FAR_CALL, 7), (FUTURE, -3), (PERP, 9), (CASH, 4)];
    let second = second.map(|(id, lots)| (id + SECOND, lots));
    let first =
        [(CALL, -30), (PUT, 20), (PUT2, 40), (FAR_CALL, -10), (FUTURE, 5), (PERP, -8), (CASH, 50)];
    book(1_000_000, &[first.as_slice(), &second].concat())
}

/// Every slot and expiry of the smallest shape over two underlyings in use.
pub fn every_slot_on_both() -> Vec<Position> {
    let more = [(OTHERS[0], 6), (OTHERS[0] + SECOND, -6), (PUT2 + SECOND, 3)];
    let of = |position: &Position| (position.instrument.get(), position.quantity.get());
    let lots: Vec<_> = healthy_on_both().iter().map(of).chain(more).collect();
    book(1_000_000, &lots)
}

/// A book that is below all levels, on both.
pub fn poor_on_both() -> Vec<Position> {
    let first = [(CALL, -20), (CALL2, 15), (PUT2, -25), (FAR_CALL, 9), (FUTURE, -7), (PERP, 9)];
    let second = first.map(|(id, lots)| (id + SECOND, 5 - 2 * lots));
    book(-400_000, &[first, second].concat())
}

/// Lots of instruments, in canonical order, with cash in the first.
pub fn book(cash: i128, lots: &[(u64, i64)]) -> Vec<Position> {
    let mut lots = lots.to_vec();
    lots.sort_unstable();
    let cash_of = |index| if index == 0 { cash } else { 0 };
    let positions = lots.iter().enumerate();
    positions.map(|(index, (id, lots))| position(0, *id, *lots, cash_of(index))).collect()
}

/// A book with every kind of row, netting, both signs and two expiries, that
/// meets its initial margin.
pub fn healthy() -> Vec<Position> {
    book(
        1_000_000,
        &[(CALL, -30), (PUT, 20), (PUT2, 40), (FAR_CALL, -10), (FUTURE, 5), (PERP, -8), (CASH, 50)],
    )
}

/// Every slot and every expiry of the smallest shape in use: every kind of row, both
/// signs, a netted strike.
pub fn every_slot() -> Vec<Position> {
    let [third, fourth, _] = OTHERS;
    let lots = [
        (CALL, -30),
        (PUT, 20),
        (FAR_CALL, -10),
        (FUTURE, 5),
        (PERP, -8),
        (CASH, 50),
        (third, 6),
        (fourth, -6),
    ];
    book(1_000_000, &lots)
}

/// A book that is below all levels.
pub fn poor() -> Vec<Position> {
    book(-400_000, &[(CALL, -20), (CALL2, 15), (PUT2, -25), (FAR_CALL, 9), (FUTURE, -7), (PERP, 9)])
}

/// Expiries of the market of 128 options.
const HUGE_EXPIRIES: u64 = 12;

/// A market of 128 options: calls and puts of 64 strikes, in twelve expiries.
pub fn huge_market<F: MarginField>() -> ScenarioMarket<F> {
    let options = (0..64_u64).flat_map(|strike| {
        let key = u16::try_from(strike % HUGE_EXPIRIES + 1).unwrap();
        let id = 1_000 + 2 * strike;
        let mark = 900 + 13 * i64::try_from(strike).unwrap();
        [option(id, key, mark, mark / 3), option(id + 1, key, mark + 7, -mark / 4)]
    });
    ScenarioMarket::of(options.collect(), terms())
}

/// So many lots of each of them, every other one short.
pub fn huge_book(cash: i128, lots: i64) -> Vec<Position> {
    let lots = |id: u64| if id % 4 < 2 { lots } else { -lots };
    let lots: Vec<_> = (1_000..1_128).map(|id| (id, lots(id))).collect();
    book(cash, &lots)
}
