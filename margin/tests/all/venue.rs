//! The venue statement natively: a subtree with empty, healthy and flagged leaves,
//! and for every clause a lie.

use pasta_curves::Fp;
use zkmargin_margin::claim::Claim;
use zkmargin_margin::ids::{
    AccountId, BucketId, ContextId, Epoch, InstrumentId, Memo, ModelDigest, Timestamp,
};
use zkmargin_margin::market::{MARKET_DEPTH, MarketHeader};
use zkmargin_margin::merkle::{Path, Tree};
use zkmargin_margin::portfolio::{Blinding, Position, Reserved, commit};
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::relation::{Clause, Violation};
use zkmargin_margin::standard::{Charge, Direction, Standard, StandardWitness, TierRow};
use zkmargin_margin::statement::venue::{
    BYTES, COUNTS, Counts, FLAGGED, InvalidVenue, NAMES, SUBTREE_ROOT, VenueInstance, VenueLeaf,
    VenueWitness, check, flagged_chain, flagged_link,
};
use zkmargin_margin::units::{Amount, Denominator, Lots, Notional, Price, Rate};
use zkmargin_margin::witness::Slot;

type Witness = VenueWitness<Standard<Fp>>;
type Instance = VenueInstance<Fp>;

const EPOCH: Epoch = Epoch::new(7);

/// One perpetual at 1,000: a tenth is initial margin, a twentieth maintenance.
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

/// An account of so many lots and so much cash, or of nothing.
fn account(lots_and_cash: Option<(i64, i128)>) -> StandardWitness<Fp> {
    let (header, path) = market();
    let position = |(lots, cash)| Position {
        bucket: BucketId::CROSS,
        instrument: InstrumentId::new(10),
        quantity: Lots::new(lots),
        cash: Amount::new(cash).unwrap(),
    };
    let positions: Vec<_> = lots_and_cash.map(position).into_iter().collect();
    let blinding = Blinding::new([0x5a; 31]);
    let slot =
        |position: &Position| Slot { position: position.clone(), row: row(), path: path.clone() };
    StandardWitness {
        slots: positions.iter().map(slot).collect(),
        reserved: Reserved::NONE,
        commitment: commit(&positions, &Reserved::NONE, &blinding),
        blinding,
        account_path: Path::from_parts(Domain::StateNode, Vec::new()),
        header,
        padding: (row(), path.clone()),
    }
}

fn id(index: u8) -> AccountId {
    AccountId::new([index; 20])
}

fn context() -> ContextId {
    ContextId::derive("test", 0, [0; 20])
}

/// A healthy account, an empty leaf, one below maintenance, one at it exactly: 100
/// lots are worth 100,000 and ask for 5,000.
fn witness() -> Witness {
    let leaf = |index: u8, cash: i128, flagged: bool| {
        let witness = account(Some((100, cash - 100_000)));
        Some(VenueLeaf { account: id(index), flagged, witness })
    };
    let leaves = vec![leaf(1, 9_000, false), None, leaf(3, 4_999, true), leaf(4, 5_000, false)];
    Witness { empty: account(None), leaves }
}

fn instance(claim: &str, witness: &Witness) -> Instance {
    Instance::new(context(), claim.parse().unwrap(), Memo::NONE, witness).unwrap()
}

const CLAIM: &str = "at-least:maintenance";

/// The first violation after a lie in the witness, of which the instance is made
/// again: the venue's own tree.
fn lie(lie: impl FnOnce(&mut Witness)) -> Result<(), Violation> {
    let mut witness = witness();
    lie(&mut witness);
    check(&instance(CLAIM, &witness), &witness)
}

/// The same where the public inputs stay as they were.
fn lie_alone(lie: impl FnOnce(&mut Instance, &mut Witness)) -> Result<(), Violation> {
    let mut witness = witness();
    let mut instance = instance(CLAIM, &witness);
    lie(&mut instance, &mut witness);
    check(&instance, &witness)
}

fn leaf(witness: &mut Witness, index: usize) -> &mut VenueLeaf<Standard<Fp>> {
    witness.leaves[index].as_mut().unwrap()
}

#[test]
fn those_below_are_flagged_and_no_others() {
    let witness = witness();
    let instance = instance(CLAIM, &witness);
    assert_eq!(check(&instance, &witness), Ok(()));
    assert_eq!(instance.counts, Counts { accounts: 3, flagged: 1 });
    assert_eq!(instance.flagged, flagged_link(Fp::from(0), id(3).to_field()));
    // Of nobody, and of larger subtrees.
    for (leaves, accounts) in [(vec![None; 4], 0), ([witness.leaves.as_slice(); 4].concat(), 12)] {
        let witness = Witness { empty: account(None), leaves };
        let instance = self::instance(CLAIM, &witness);
        assert_eq!(check(&instance, &witness), Ok(()));
        assert_eq!(instance.counts.accounts, accounts);
    }
}

/// Who is flagged follows from the level and the multiplier.
#[test]
fn the_level_and_the_multiplier_decide_who_is_flagged() {
    for (claim, flagged) in [
        ("at-least:margin-call", vec![]),
        (CLAIM, vec![3]),
        ("at-least:maintenance,multiplier:1.0001", vec![3, 4]),
        ("at-least:initial", vec![1, 3, 4]),
    ] {
        let mut witness = witness();
        for leaf in witness.leaves.iter_mut().flatten() {
            leaf.flagged = flagged.iter().any(|index| leaf.account == id(*index));
        }
        let instance = instance(claim, &witness);
        assert_eq!(check(&instance, &witness), Ok(()), "{claim}");
        let accounts: Vec<_> = flagged.iter().map(|index| id(*index)).collect();
        assert_eq!(instance.flagged, flagged_chain(&accounts), "{claim}");
    }
    // What is reserved for open orders counts for initial margin.
    let mut witness = witness();
    let reserving = leaf(&mut witness, 0);
    reserving.witness = account(Some((100, 20_000 - 100_000)));
    reserving.witness.reserved = Reserved::new(10_001).unwrap();
    recommit(&mut reserving.witness);
    assert_eq!(check(&instance(CLAIM, &witness), &witness), Ok(()));
    for (index, flagged) in [(0, false), (3, true)] {
        leaf(&mut witness, index).flagged = flagged;
    }
    let instance = instance("at-least:initial", &witness);
    assert_eq!(check(&instance, &witness), Err(Violation::Spared(0)));
}

fn recommit(account: &mut StandardWitness<Fp>) {
    let positions: Vec<_> = account.slots.iter().map(|slot| slot.position.clone()).collect();
    account.commitment = commit(&positions, &account.reserved, &account.blinding);
}

#[test]
fn nobody_is_spared_and_no_healthy_account_is_flagged() {
    assert_eq!(lie(|w| leaf(w, 2).flagged = false), Err(Violation::Spared(2)));
    assert_eq!(lie(|w| leaf(w, 3).flagged = true), Err(Violation::FlaggedHealthy(3)));
    assert_eq!(Violation::Spared(2).clause(), Clause::V2);
    // Left out of the leaves, or another portfolio told: another tree.
    assert_eq!(lie_alone(|_, w| w.leaves[2] = None), Err(Violation::Subtree));
    assert_eq!(lie_alone(|_, w| w.leaves.swap(2, 3)), Err(Violation::Subtree));
    let richer = || account(Some((100, 9_000 - 100_000)));
    let swapped = lie_alone(|_, w| {
        *leaf(w, 2) = VenueLeaf { account: id(3), flagged: false, witness: richer() };
    });
    assert_eq!(swapped, Err(Violation::Subtree));
    // The right commitment beside it.
    let opened = lie_alone(|_, w| {
        let commitment = leaf(w, 2).witness.commitment;
        leaf(w, 2).witness = StandardWitness { commitment, ..richer() };
        leaf(w, 2).flagged = false;
    });
    assert_eq!(opened, Err(Violation::Opening));
    assert_eq!(lie_alone(|_, w| leaf(w, 0).account = id(9)), Err(Violation::Subtree));
}

#[test]
fn public_inputs_are_what_the_accounts_make_them() {
    let other = flagged_chain(&[id(4)]);
    assert_eq!(lie_alone(|i, _| i.flagged = other), Err(Violation::FlaggedChain));
    assert_eq!(lie_alone(|i, _| i.flagged = Fp::from(0)), Err(Violation::FlaggedChain));
    assert_eq!(lie_alone(|i, _| i.counts.accounts += 1), Err(Violation::Counts));
    assert_eq!(lie_alone(|i, _| i.counts.flagged += 1), Err(Violation::Counts));
    let context = ContextId::derive("another", 0, [0; 20]);
    assert_eq!(lie_alone(|i, _| i.context = context), Err(Violation::Subtree));
    assert_eq!(lie_alone(|i, _| i.subtree_root += Fp::from(1)), Err(Violation::Subtree));
    assert_eq!(lie_alone(|i, _| i.market_root += Fp::from(1)), Err(Violation::Header));
    assert_eq!(lie_alone(|i, _| i.epoch = Epoch::new(8)), Err(Violation::Header));
    for text in ["below:maintenance", "at-least:maintenance,leverage:9"] {
        let other = lie_alone(|i, _| i.claim = text.parse().unwrap());
        assert_eq!(other, Err(Violation::VenueClaim), "{text}");
    }
    assert_eq!(lie_alone(|i, _| i.model = ModelDigest::of(b"x")), Err(Violation::Header));
    // Two flagged accounts in another order.
    let mut both = witness();
    leaf(&mut both, 0).flagged = true;
    leaf(&mut both, 0).witness = account(Some((100, -100_000)));
    let mut instance = instance(CLAIM, &both);
    assert_eq!(check(&instance, &both), Ok(()));
    instance.flagged = flagged_chain(&[id(3), id(1)]);
    assert_eq!(check(&instance, &both), Err(Violation::FlaggedChain));
}

#[test]
fn every_account_is_of_one_market() {
    let other_epoch = |w: &mut Witness| leaf(w, 0).witness.header.epoch = Epoch::new(8);
    assert_eq!(lie(other_epoch), Err(Violation::Header));
    let other_row = lie(|w| leaf(w, 0).witness.slots[0].row.price = Price::new(2_000, 1).unwrap());
    assert_eq!(other_row, Err(Violation::RowNotInMarket(0)));
    let twice = lie(|w| {
        let account = &mut leaf(w, 0).witness;
        account.slots.push(account.slots[0].clone());
        recommit(account);
    });
    assert_eq!(twice, Err(Violation::Order(1)));
    let mut few = witness();
    few.leaves.pop();
    let instance = instance(CLAIM, &witness());
    assert_eq!(check(&instance, &few), Err(Violation::Leaves(3)));
    assert_eq!(few.subtree_root(context()), None);
}

#[test]
fn bytes_round_trip_and_have_one_form() {
    let instance = instance("at-least:maintenance,multiplier:1.5", &witness());
    let bytes = instance.to_bytes();
    assert_eq!(Instance::from_bytes(&bytes), Ok(instance));
    assert_eq!(
        (NAMES[FLAGGED], NAMES[SUBTREE_ROOT], NAMES[COUNTS]),
        ("flagged", "subtree_root", "counts")
    );
    for (row, name) in NAMES.iter().enumerate() {
        let mut bytes = bytes;
        bytes[32 * row..32 * (row + 1)].fill(0xff);
        assert_eq!(Instance::from_bytes(&bytes), Err(InvalidVenue::NotCanonical(row)), "{name}");
    }
    // More flagged than there are.
    let mut more = bytes;
    more[32 * COUNTS + 27] = 4;
    assert_eq!(Instance::from_bytes(&more), Err(InvalidVenue::NotCanonical(COUNTS)));
    assert_eq!(Instance::from_bytes(&bytes[1..]), Err(InvalidVenue::Length(BYTES - 1)));
    for text in ["below:maintenance", "at-least:initial,leverage:5"] {
        let claim: Claim = text.parse().unwrap();
        assert_eq!(Instance::check_claim(claim), Err(InvalidVenue::Claim), "{text}");
    }
}
