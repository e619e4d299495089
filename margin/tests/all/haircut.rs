//! The haircut statement natively: a subtree with winners, a loser and an empty leaf, and
//! for every clause a lie.

use pasta_curves::Fp;
use zkmargin_margin::haircut::{Haircut, cuts};
use zkmargin_margin::ids::{
    AccountId, BucketId, ContextId, Epoch, InstrumentId, Memo, ModelDigest, Timestamp,
};
use zkmargin_margin::market::{MARKET_DEPTH, MarketHeader};
use zkmargin_margin::merkle::{Path, Tree};
use zkmargin_margin::portfolio::{Blinding, Portfolio, Position, Reserved, commit};
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::relation::{Clause, Violation};
use zkmargin_margin::standard::{Charge, Direction, Standard, StandardWitness, TierRow};
use zkmargin_margin::statement::haircut::{
    BYTES, HaircutInstance, HaircutLeaf, HaircutWitness, InvalidHaircut, NAMES, RATIO, Ratio,
    SUBTREE_AFTER, SUBTREE_ROOT, SUMS, Sums, check, cut_portfolio,
};
use zkmargin_margin::units::{Amount, Denominator, Lots, Notional, Price, Rate};
use zkmargin_margin::witness::Slot;

type Witness = HaircutWitness<Standard<Fp>>;
type Instance = HaircutInstance<Fp>;

const EPOCH: Epoch = Epoch::new(7);

/// One perpetual at 1,000 of each of two buckets.
fn row() -> TierRow {
    let charge = |rate| Charge { base: Notional::ZERO, rate: Rate::new(rate) };
    TierRow {
        instrument: InstrumentId::new(10),
        direction: Direction::Both,
        lower_exclusive: false,
        price: Price::new(1_000, 1).unwrap(),
        lower: Notional::ZERO,
        upper: Notional::MAX,
        initial: charge(100),
        maintenance: charge(50),
        maintenance_fraction: Rate::new(1_000),
    }
}

fn market() -> (MarketHeader<Fp>, Path<Fp>) {
    let tree = Tree::build(Domain::MarketNode, MARKET_DEPTH, vec![row().leaf()]).unwrap();
    let header = MarketHeader {
        tree_root: tree.root(),
        model: ModelDigest::of(b"model"),
        epoch: EPOCH,
        timestamp: Timestamp::new(1_700_000_000),
        denominator: Denominator::new(1_000).unwrap(),
        terms: Fp::from(0),
    };
    (header, tree.path(0).unwrap())
}

fn position(bucket: u16, lots: i64, cash: i128) -> Position {
    Position {
        bucket: BucketId::new(bucket),
        instrument: InstrumentId::new(10),
        quantity: Lots::new(lots),
        cash: Amount::new(cash).unwrap(),
    }
}

/// An account of positions, each in a bucket of its own.
fn account(positions: &[Position]) -> StandardWitness<Fp> {
    let (header, path) = market();
    let blinding = Blinding::new([0x5a; 31]);
    let reserved = Reserved::new(99).unwrap();
    let slot =
        |position: &Position| Slot { position: position.clone(), row: row(), path: path.clone() };
    StandardWitness {
        slots: positions.iter().map(slot).collect(),
        commitment: commit(positions, &reserved, &blinding),
        reserved,
        blinding,
        account_path: Path::from_parts(Domain::StateNode, Vec::new()),
        header,
        padding: (row(), path.clone()),
    }
}

fn context() -> ContextId {
    ContextId::derive("test", 0, [0; 20])
}

fn leaf(index: u8, cut: u128, positions: &[Position]) -> Option<HaircutLeaf<Standard<Fp>>> {
    let (account, blinding) = (AccountId::new([index; 20]), Blinding::new([0x70 + index; 31]));
    Some(HaircutLeaf { account, witness: self::account(positions), cut, blinding })
}

/// 9,000 of equity in two buckets, of which the first is below zero; an empty leaf; a
/// loser; 4,999.
fn witness() -> Witness {
    let equities = [9_000, 0, -1, 4_999];
    let cuts = cuts(&equities, LOSS).unwrap();
    let two = [position(0, 100, -100_500), position(1, 100, 9_500 - 100_000)];
    let one = |equity: i128| [position(0, 100, equity - 100_000)];
    let leaves = vec![
        leaf(1, cuts[0], &two),
        None,
        leaf(3, cuts[2], &one(-1)),
        leaf(4, cuts[3], &one(4_999)),
    ];
    Witness { empty: account(&[]), leaves }
}

const LOSS: u128 = 5_000;

fn ratio(loss: u128, equity: u128) -> Ratio {
    Ratio::new(Haircut::new(loss, equity).unwrap()).unwrap()
}

fn instance(witness: &Witness) -> Instance {
    Instance::new(context(), ratio(LOSS, 13_999), Memo::NONE, witness).unwrap()
}

/// The first violation after a lie in the witness, of which the instance is made again:
/// the venue's own trees and sums.
fn lie(lie: impl FnOnce(&mut Witness)) -> Result<(), Violation> {
    let mut witness = witness();
    lie(&mut witness);
    check(&instance(&witness), &witness)
}

/// The same where the public inputs stay as they were.
fn lie_alone(lie: impl FnOnce(&mut Instance, &mut Witness)) -> Result<(), Violation> {
    let mut witness = witness();
    let mut instance = instance(&witness);
    lie(&mut instance, &mut witness);
    check(&instance, &witness)
}

fn at(witness: &mut Witness, index: usize) -> &mut HaircutLeaf<Standard<Fp>> {
    witness.leaves[index].as_mut().unwrap()
}

#[test]
fn winners_are_cut_by_their_share_and_nobody_else() {
    let witness = witness();
    let instance = instance(&witness);
    assert_eq!(check(&instance, &witness), Ok(()));
    assert_eq!(instance.sums, Sums { equity: 13_999, cuts: LOSS, winners: 2 });
    let cuts: Vec<_> = witness.accounts().map(|leaf| leaf.cut).collect();
    assert_eq!(cuts, [3_214, 0, 1_786]);
    // Larger subtrees, of a venue that has as much again elsewhere.
    let leaves = [witness.leaves.as_slice(); 4].concat();
    let sixteen = Witness { empty: account(&[]), leaves };
    let ratio = ratio(8 * LOSS, 8 * 13_999);
    let of = Instance::new(context(), ratio, Memo::NONE, &sixteen).unwrap();
    assert_eq!(check(&of, &sixteen), Ok(()));
    assert_eq!(of.sums, Sums { equity: 4 * 13_999, cuts: 4 * LOSS, winners: 8 });
}

/// What is written down afterwards is what the tree afterwards is of.
#[test]
fn the_account_afterwards_has_the_cut_less_cash_in_its_first_position() {
    let positions = vec![position(0, 100, -100_500), position(1, -3, 7)];
    let before = Portfolio::new(positions, Blinding::new([1; 31])).unwrap();
    let before = before.with_reserved(Reserved::new(5).unwrap());
    let after = cut_portfolio(&before, 300, Blinding::new([2; 31])).unwrap();
    assert!(after.positions()[0] == position(0, 100, -100_800));
    assert!(after.positions()[1] == before.positions()[1]);
    assert!(after.reserved() == before.reserved() && *after.blinding() == Blinding::new([2; 31]));
    let far = (1 << 79) - 100_500;
    assert!(cut_portfolio(&before, far, Blinding::new([2; 31])).is_some());
    assert!(cut_portfolio(&before, far + 1, Blinding::new([2; 31])).is_none());
    assert!(cut_portfolio(&before, u128::MAX, Blinding::new([2; 31])).is_none());
    let nothing = Portfolio::new(Vec::new(), Blinding::new([1; 31])).unwrap();
    assert!(cut_portfolio(&nothing, 0, Blinding::new([2; 31])).is_some());
    assert!(cut_portfolio(&nothing, 1, Blinding::new([2; 31])).is_none());
}

#[test]
fn another_share_is_found() {
    assert_eq!(lie(|w| at(w, 0).cut -= 1), Err(Violation::Share(0)));
    assert_eq!(lie(|w| at(w, 0).cut += 2), Err(Violation::Share(0)));
    assert_eq!(lie(|w| at(w, 2).cut = 1), Err(Violation::Share(2)));
    assert_eq!(lie(|w| at(w, 3).cut = 0), Err(Violation::Share(3)));
    assert_eq!(Violation::Share(3).clause(), Clause::F3);
    // The other rounding.
    assert_eq!(lie(|w| at(w, 0).cut += 1), Ok(()));
    // Of the whole venue the sums tell.
    assert_eq!(lie_alone(|_, w| at(w, 0).cut += 1), Err(Violation::SubtreeAfter));
    // The cut of a larger loss, or of less equity.
    let other = |loss, equity| lie_alone(|i, _| i.ratio = ratio(loss, equity));
    assert_eq!(other(LOSS + 10, 13_999), Err(Violation::Share(0)));
    assert_eq!(other(LOSS, 13_990), Err(Violation::Share(0)));
    let most = 1_i128 << 80;
    let rich = |equity: i128| {
        let half = equity / 2;
        let parts = [position(0, 0, half - 1), position(1, 0, half - 1), position(2, 0, 2)];
        lie(|w| at(w, 2).witness = account(&parts))
    };
    assert_eq!(rich(most - 2), Err(Violation::Share(2)));
    assert_eq!(rich(most), Err(Violation::Equity(2)));
}

#[test]
fn leaves_are_those_of_both_roots() {
    assert_eq!(lie_alone(|_, w| w.leaves[3] = None), Err(Violation::HaircutSubtree));
    assert_eq!(lie_alone(|_, w| w.leaves.swap(0, 3)), Err(Violation::HaircutSubtree));
    let other = AccountId::new([9; 20]);
    assert_eq!(lie_alone(|_, w| at(w, 0).account = other), Err(Violation::HaircutSubtree));
    let richer = account(&[position(0, 100, 9_000 - 100_000)]);
    let opened = lie_alone(|_, w| {
        let commitment = at(w, 2).witness.commitment;
        at(w, 2).witness = StandardWitness { commitment, ..richer };
    });
    assert_eq!(opened, Err(Violation::Opening));
    let blinding = Blinding::new([9; 31]);
    assert_eq!(lie_alone(|_, w| at(w, 0).blinding = blinding), Err(Violation::SubtreeAfter));
    assert_eq!(lie_alone(|i, _| i.subtree_root += Fp::from(1)), Err(Violation::HaircutSubtree));
    assert_eq!(lie_alone(|i, _| i.subtree_after += Fp::from(1)), Err(Violation::SubtreeAfter));
    // An account without positions has nothing, so nothing is cut of it.
    let nothing = |cut: u128| {
        let mut witness = witness();
        witness.leaves[1] = leaf(2, cut, &[]);
        HaircutInstance::new(context(), ratio(LOSS, 13_999), Memo::NONE, &witness)
            .and_then(|instance| check(&instance, &witness))
    };
    assert_eq!(nothing(0), Ok(()));
    assert_eq!(nothing(1), Err(Violation::CashAfter(1)));
    let mut few = witness();
    few.leaves.pop();
    let of = HaircutInstance::new(context(), ratio(1, 2), Memo::NONE, &few);
    assert_eq!(of, Err(Violation::HaircutLeaves(3)));
    assert_eq!(check(&instance(&witness()), &few), Err(Violation::HaircutLeaves(3)));
}

#[test]
fn public_inputs_are_what_the_accounts_make_them() {
    assert_eq!(lie_alone(|i, _| i.sums.equity += 1), Err(Violation::Sums));
    assert_eq!(lie_alone(|i, _| i.sums.cuts -= 1), Err(Violation::Sums));
    assert_eq!(lie_alone(|i, _| i.sums.winners += 1), Err(Violation::Sums));
    let context = ContextId::derive("another", 0, [0; 20]);
    assert_eq!(lie_alone(|i, _| i.context = context), Err(Violation::HaircutSubtree));
    assert_eq!(lie_alone(|i, _| i.market_root += Fp::from(1)), Err(Violation::Header));
    assert_eq!(lie_alone(|i, _| i.epoch = Epoch::new(8)), Err(Violation::Header));
    assert_eq!(lie_alone(|i, _| i.model = ModelDigest::of(b"x")), Err(Violation::Header));
    let other_row = lie(|w| at(w, 0).witness.slots[0].row.price = Price::new(2_000, 1).unwrap());
    assert_eq!(other_row, Err(Violation::RowNotInMarket(0)));
    let twice = lie(|w| {
        let account = &mut at(w, 0).witness;
        account.slots.swap(0, 1);
        let positions: Vec<_> = account.slots.iter().map(|slot| slot.position.clone()).collect();
        account.commitment = commit(&positions, &account.reserved, &account.blinding);
    });
    assert_eq!(twice, Err(Violation::Order(1)));
}

#[test]
fn bytes_round_trip_and_have_one_form() {
    let instance = instance(&witness());
    let bytes = instance.to_bytes();
    assert_eq!(Instance::from_bytes(&bytes), Ok(instance));
    let names = [SUBTREE_AFTER, SUBTREE_ROOT, RATIO, SUMS].map(|row| NAMES[row]);
    assert_eq!(names, ["subtree_after", "subtree_root", "ratio", "sums"]);
    for (row, name) in NAMES.iter().enumerate() {
        let mut bytes = bytes;
        bytes[32 * row..32 * (row + 1)].fill(0xff);
        assert_eq!(Instance::from_bytes(&bytes), Err(InvalidHaircut::NotCanonical(row)), "{name}");
    }
    // A loss that is not covered.
    let mut more = bytes;
    more[32 * RATIO + 19] = 1;
    assert_eq!(Instance::from_bytes(&more), Err(InvalidHaircut::NotCanonical(RATIO)));
    assert_eq!(Instance::from_bytes(&bytes[1..]), Err(InvalidHaircut::Length(BYTES - 1)));
}
