//! Posted prices against a feed, and the library that opens a market's rows.

mod numbers;

use crate::common::actions::{self, START, post};
use crate::common::artifacts::MockFeed;
use crate::common::registry::{ANYONE, DEPLOYER, GOVERNOR, Registry};
use crate::common::{Failure, Receipt, code_with};
use alloy_sol_types::private::Uint;
use alloy_sol_types::{SolConstructor as _, SolError};
use revm::primitives::{Address, U256};
use zkmargin_evm::contracts::{
    MarginMarkets as markets, MarginPriceCheck as check, MarginRoles as roles,
};
use zkmargin_evm::{generate, price};
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::{Epoch, InstrumentId, Timestamp};
use zkmargin_margin::standard::{Direction, TierRow};
use zkmargin_margin::units::{Denominator, Lots, Notional, Rate};
use zkmargin_params::market::Market;
use zkmargin_params::model::StandardModel;
use zkmargin_params::snapshot::Snapshot;
use zkmargin_verifier::engine::{Action, EpochPost, Root};

/// When the snapshot was taken.
const TAKEN: u64 = START - 10;
/// A lot is a thousandth of a coin and quote units are of six decimals, the feed's of
/// eight: an answer times 10^6 / 10^8 / 10^3.
const SCALE: (u64, u64) = (1, 100_000);
/// The feed's answer for the posted price of 26,961.20.
const AGREES: i64 = 2_696_120_000_000;

const MODEL: &str = r#"{"name": "two coins", "quote": "USDC", "quote_decimals": 6,
    "denominator": 1000, "instruments": {
    "BTC": {"kind": "perpetual", "lot_size": "0.001", "margin": {
        "initial": [{"up_to": "100000", "rate": "1/50"}, {"rate": "1/25"}],
        "maintenance": [{"up_to": "100000", "rate": "1/100"}, {"rate": "1/50"}]}},
    "ETH": {"kind": "perpetual", "lot_size": "0.001", "margin": {
        "initial": [{"rate": "1/50"}], "maintenance": [{"rate": "1/100"}]}}}}"#;

fn market() -> Market<Bn254Fr> {
    market_of("26961.2", "1724.3")
}

fn market_of(btc: &str, eth: &str) -> Market<Bn254Fr> {
    let model = StandardModel::from_json(MODEL).unwrap();
    let snapshot = format!(
        r#"{{"timestamp": {TAKEN}, "source": "a test", "quote": "USDC",
            "prices": {{"BTC": {{"price": "{btc}"}}, "ETH": {{"price": "{eth}"}}}}}}"#
    );
    Market::build(&model, &Snapshot::from_json(&snapshot).unwrap(), Epoch::new(1)).unwrap()
}

/// A row of a symbol: that of so many lots.
fn row(market: &Market<Bn254Fr>, symbol: &str, lots: i64) -> check::MarketRow {
    let id = market.listing(symbol).unwrap().id();
    let index = market.row_index(id, Lots::new(lots)).unwrap();
    let path = market.path(index).unwrap();
    price::market_row(&market.rows()[index], &path, market.denominator()).unwrap()
}

/// A market with an epoch of these prices on record, and the contract that checks them.
struct World {
    registry: Registry,
    market: Market<Bn254Fr>,
    at: Address,
    feed: Address,
    uptime: Address,
}

impl World {
    fn new() -> Self {
        let market = market();
        let model = market.header().model;
        let params = actions::params();
        let params = zkmargin_verifier::engine::PolicyParams {
            models: [model].into_iter().collect(),
            ..params
        };
        let mut registry = Registry::new(&params, START);
        let root = Root::new(zkmargin_margin::field::MarginField::to_be_bytes(&market.root()));
        let posted = EpochPost {
            market_root: root,
            model,
            market_timestamp: Timestamp::new(TAKEN),
            ..post(1, TAKEN)
        };
        registry.apply(START, &Action::PostEpoch(posted)).unwrap();
        let feed = registry.chain.create(DEPLOYER, MockFeed::BYTECODE.to_vec()).unwrap().0;
        let uptime = registry.chain.create(DEPLOYER, MockFeed::BYTECODE.to_vec()).unwrap().0;
        let arguments = check::constructorCall {
            markets: registry.at.markets,
            sequencer: uptime,
            grace: 100,
            notice: 1_000,
        };
        let code = code_with(&check::BYTECODE, arguments.abi_encode());
        let at = registry.chain.create(DEPLOYER, code).unwrap().0;
        let role = registry.role(&roles::GUARDIAN_ROLECall {});
        let grant = roles::grantRoleCall { role, account: at };
        registry.chain.send(GOVERNOR, registry.at.roles, &grant).unwrap();
        let mut world = Self { registry, market, at, feed, uptime };
        world.say(world.uptime, 0, 1, 1);
        world.refer(world.reference()).unwrap();
        world
    }

    fn reference(&self) -> check::Reference {
        check::Reference {
            feed: self.feed,
            deviationBps: 100,
            maxAge: 60,
            numerator: SCALE.0,
            denominator: SCALE.1,
        }
    }

    fn refer(&mut self, to: check::Reference) -> Result<Receipt, Failure> {
        let instrument = self.market.listing("BTC").unwrap().id().get();
        let context = self.registry.context();
        let call = check::setReferenceCall { context, instrument, to };
        self.registry.chain.send(GOVERNOR, self.at, &call)
    }

    fn say(&mut self, feed: Address, answer: i64, started: u64, updated: u64) {
        let call = MockFeed::sayCall {
            answer: answer.try_into().unwrap(),
            startedAt: U256::from(started),
            updatedAt: U256::from(updated),
        };
        self.registry.chain.send(ANYONE, feed, &call).unwrap();
    }

    fn check(&mut self, row: check::MarketRow, round: u64) -> Result<Receipt, Failure> {
        let context = self.registry.context();
        let call = check::checkCall { context, epoch: 1, row, round: Uint::from(round) };
        self.registry.chain.send(ANYONE, self.at, &call)
    }

    fn btc(&mut self, round: u64) -> Result<Receipt, Failure> {
        let row = row(&self.market, "BTC", 1);
        self.check(row, round)
    }

    fn epoch_state(&self) -> u8 {
        let call = markets::epochOfCall { context: self.registry.context(), epoch: 1 };
        self.registry.chain.read(self.registry.at.markets, &call).state
    }
}

fn fails<E: SolError>(result: Result<Receipt, Failure>) -> bool {
    matches!(result, Err(failure) if failure.is::<E>())
}

/// The source of the hash is what the generator writes; `UPDATE_GOLDEN=1` writes it, then
/// `npm run build` compiles it.
#[test]
fn the_hash_is_generated() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../contracts/src/lib/PoseidonT5.sol");
    let source = generate::poseidon();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &source).unwrap();
    }
    assert!(std::fs::read_to_string(path).unwrap() == source, "PoseidonT5.sol differs");
}

/// Every row of every tier opens to the root that the parameters crate makes.
#[test]
fn a_price_that_agrees_changes_nothing() {
    let mut world = World::new();
    let feed = world.feed;
    world.say(feed, AGREES, 0, TAKEN);
    for lots in [1, -1, 1_000_000] {
        let row = row(&world.market, "BTC", lots);
        let receipt = world.check(row, 1).unwrap();
        println!("a price that agrees: {} gas", receipt.gas);
        assert_eq!(U256::from_be_slice(&receipt.output), U256::ONE);
    }
    // One part in a hundred is allowed, and no more.
    for answer in [AGREES * 100 / 99 - 1, AGREES * 100 / 101 + 1] {
        world.say(feed, answer, 0, TAKEN);
        let receipt = world.btc(if answer > AGREES { 2 } else { 3 }).unwrap();
        assert_eq!(U256::from_be_slice(&receipt.output), U256::ONE);
    }
    assert_eq!(world.epoch_state(), 1);
    // Of rounds of one time the last counts.
    assert!(fails::<check::NoAnswer>(world.btc(2)));
}

#[test]
fn a_price_that_is_off_takes_its_epoch_back_and_pays_the_finder() {
    for answer in [AGREES * 100 / 99 + 1_000_000, AGREES * 100 / 101 - 1_000_000] {
        let mut world = World::new();
        let context = world.registry.context();
        let (at, feed) = (world.at, world.feed);
        let reward = check::setRewardCall { context, reward: Uint::from(7) };
        world.registry.chain.send(GOVERNOR, at, &reward).unwrap();
        let deposit = check::depositCall { context };
        world.registry.chain.pay(DEPLOYER, at, &deposit, 10).unwrap();
        world.say(feed, answer, 0, TAKEN - 60);
        world.say(feed, AGREES, 0, TAKEN + 1);
        let receipt = world.btc(1).unwrap();
        println!("a price that is off: {} gas", receipt.gas);
        assert_eq!(U256::from_be_slice(&receipt.output), U256::ZERO);
        assert_eq!(world.epoch_state(), 3);
        assert!(fails::<check::NothingToCheck>(world.btc(1)));
        let owed =
            |world: &World| world.registry.chain.read(at, &check::owedCall { account: ANYONE });
        assert_eq!(owed(&world), U256::from(7));
        let to = Address::repeat_byte(0x77);
        let collect = check::collectCall { to };
        world.registry.chain.send(ANYONE, at, &collect).unwrap();
        assert_eq!((owed(&world), world.registry.chain.balance(to)), (U256::ZERO, U256::from(7)));
        assert!(fails::<check::NothingToCollect>(world.registry.chain.send(ANYONE, at, &collect)));
        // What is left is the governor's, after the notice.
        let announce = check::announceWithdrawalCall { context };
        world.registry.chain.send(GOVERNOR, at, &announce).unwrap();
        world.registry.chain.now += 1_000;
        let withdraw = check::withdrawCall { context, to };
        world.registry.chain.send(GOVERNOR, at, &withdraw).unwrap();
        assert_eq!(world.registry.chain.balance(to), U256::from(10));
    }
}

impl World {
    /// Terms of these rows, as the governor names them.
    fn name(&mut self, rows: &[TierRow], complete: bool) -> Result<Receipt, Failure> {
        let context = self.registry.context();
        let (model, denominator) = (self.market.header().model, self.market.denominator());
        let terms = rows.iter().map(|row| price::row_terms(row, denominator)).collect();
        let model = (*model.as_bytes()).into();
        let call = check::setTermsCall { context, model, terms, complete };
        self.registry.chain.send(GOVERNOR, self.at, &call)
    }

    fn check_row(&mut self, row: check::MarketRow) -> Result<Receipt, Failure> {
        let context = self.registry.context();
        let call = check::checkRowCall { context, epoch: 1, row };
        self.registry.chain.send(ANYONE, self.at, &call)
    }
}

/// The rows of a model are the same whatever prices are; each is one of them.
#[test]
fn rows_of_the_model_change_nothing() {
    let mut world = World::new();
    let other = market_of("30000", "1000");
    assert_ne!(other.root(), world.market.root());
    let btc = row(&world.market, "BTC", 1);
    assert!(fails::<check::NoTerms>(world.check_row(btc.clone())), "none is named");
    let rows = other.rows().to_vec();
    world.name(&rows[..1], false).unwrap();
    assert!(fails::<check::NoTerms>(world.check_row(btc.clone())), "not all are named");
    world.name(&rows[1..], true).unwrap();
    assert!(fails::<check::TermsComplete>(world.name(&rows[..1], true)));
    for row in [btc, row(&world.market, "BTC", 1_000_000), row(&world.market, "ETH", -1)] {
        let receipt = world.check_row(row).unwrap();
        println!("a row of the model: {} gas", receipt.gas);
        assert_eq!(U256::from_be_slice(&receipt.output), U256::ONE);
    }
    assert_eq!(world.epoch_state(), 1);
}

/// Every field of a row beside its price: what the model does not say takes the epoch
/// back and pays the finder.
#[test]
fn a_row_of_another_model_takes_its_epoch_back() {
    type Edit = fn(&mut TierRow);
    let edits: [Edit; 8] = [
        |row| row.instrument = InstrumentId::new(7),
        |row| row.direction = Direction::Long,
        |row| row.maintenance.rate = Rate::new(row.maintenance.rate.get() + 1),
        |row| row.initial.rate = Rate::new(row.initial.rate.get() + 1),
        |row| row.maintenance_fraction = Rate::new(row.maintenance_fraction.get() + 1),
        |row| row.upper = Notional::new(row.upper.get() + 1).unwrap(),
        |row| row.initial.base = Notional::new(row.initial.base.get() + 1).unwrap(),
        |row| row.maintenance.base = Notional::new(row.maintenance.base.get() + 1).unwrap(),
    ];
    for edit in edits {
        let mut world = World::new();
        let context = world.registry.context();
        let reward = check::setRewardCall { context, reward: Uint::from(7) };
        world.registry.chain.send(GOVERNOR, world.at, &reward).unwrap();
        let deposit = check::depositCall { context };
        world.registry.chain.pay(DEPLOYER, world.at, &deposit, 10).unwrap();
        // As if the model had another row: the one that is posted is none of its rows.
        let mut rows = world.market.rows().to_vec();
        edit(&mut rows[0]);
        world.name(&rows, true).unwrap();
        let posted = row(&world.market, "BTC", 1);
        let mut moved = posted.clone();
        moved.elements[1] += U256::ONE;
        assert!(fails::<check::NotInMarket>(world.check_row(moved)));
        let receipt = world.check_row(posted.clone()).unwrap();
        println!("a row of no model: {} gas", receipt.gas);
        assert_eq!(U256::from_be_slice(&receipt.output), U256::ZERO);
        assert_eq!(world.epoch_state(), 3);
        let owed = check::owedCall { account: ANYONE };
        assert_eq!(world.registry.chain.read(world.at, &owed), U256::from(7));
        assert!(fails::<check::NothingToCheck>(world.check_row(posted)));
    }
}

/// Rates over another denominator are other rates.
#[test]
fn the_denominator_is_part_of_a_row() {
    let mut world = World::new();
    let (model, rows) = (world.market.header().model, world.market.rows().to_vec());
    let other = Denominator::new(world.market.denominator().get() + 1).unwrap();
    let terms = rows.iter().map(|row| price::row_terms(row, other)).collect();
    let context = world.registry.context();
    let call =
        check::setTermsCall { context, model: (*model.as_bytes()).into(), terms, complete: true };
    let denied = world.registry.chain.send(ANYONE, world.at, &call);
    assert!(fails::<roles::AccessControlUnauthorizedAccount>(denied));
    world.registry.chain.send(GOVERNOR, world.at, &call).unwrap();
    let posted = row(&world.market, "BTC", 1);
    let receipt = world.check_row(posted).unwrap();
    assert_eq!(U256::from_be_slice(&receipt.output), U256::ZERO);
    assert_eq!(world.epoch_state(), 3);
}

#[test]
fn a_row_of_no_market_is_refused() {
    let mut world = World::new();
    let feed = world.feed;
    world.say(feed, AGREES * 2, 0, TAKEN);
    let honest = row(&world.market, "BTC", 1);
    let modulus = "0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001";
    let modulus: U256 = modulus.parse().unwrap();
    // The same digest, read otherwise: as another instrument's, or with other figures.
    for element in 0..4 {
        let mut wrapped = honest.clone();
        wrapped.elements[element] += modulus;
        let result = world.check(wrapped, 1);
        let expected = match element {
            0 => check::UnknownReference::SELECTOR,
            _ => check::NotCanonical::SELECTOR,
        };
        assert!(matches!(result, Err(Failure::Revert(data)) if data.starts_with(&expected)));
    }
    let mut wrapped = honest.clone();
    wrapped.path[0] = wrapped.path[0].map(|child| child + modulus);
    assert!(fails::<check::NotInMarket>(world.check(wrapped, 1)));
    for element in 0..4 {
        let mut other = honest.clone();
        // Not the instrument: of another nothing is known.
        other.elements[element] += U256::from(1) << 80;
        assert!(fails::<check::NotInMarket>(world.check(other, 1)), "element {element}");
    }
    for level in 0..7 {
        for child in 0..4 {
            let mut other = honest.clone();
            other.path[level][child] += U256::ONE;
            assert!(fails::<check::NotInMarket>(world.check(other, 1)), "{level} {child}");
        }
    }
    let mut other = honest.clone();
    other.denominator += 1;
    assert!(fails::<check::NotInMarket>(world.check(other, 1)));
    // Of ETH, for which the governor named no feed.
    let eth = row(&world.market, "ETH", 1);
    assert!(fails::<check::UnknownReference>(world.check(eth, 1)));
    assert_eq!(world.epoch_state(), 1);
}

#[test]
fn what_cannot_be_compared_says_nothing() {
    let mut world = World::new();
    let feed = world.feed;
    assert!(fails::<check::NoAnswer>(world.btc(1)), "no round");
    world.say(feed, AGREES * 2, 0, TAKEN - 61);
    assert!(fails::<check::NoAnswer>(world.btc(1)), "too old");
    world.say(feed, AGREES * 2, 0, TAKEN - 10);
    world.say(feed, AGREES, 0, TAKEN);
    assert!(fails::<check::NoAnswer>(world.btc(2)), "another came before the snapshot");
    world.say(feed, AGREES * 2, 0, TAKEN + 1);
    assert!(fails::<check::NoAnswer>(world.btc(4)), "after the snapshot");
    world.say(feed, 0, 0, TAKEN + 2);
    world.btc(3).unwrap();
    let mut world = World::new();
    let feed = world.feed;
    world.say(feed, 0, 0, TAKEN);
    assert!(fails::<check::NoAnswer>(world.btc(1)), "no price");
    world.say(feed, AGREES * 2, 0, TAKEN);
    world.say(world.uptime, 1, START, START);
    assert!(fails::<check::SequencerDown>(world.btc(2)), "down");
    let up = world.uptime;
    world.say(up, 0, START, START);
    assert!(fails::<check::SequencerDown>(world.btc(2)), "up since just now");
    world.registry.chain.now = START + 99;
    assert!(fails::<check::SequencerDown>(world.btc(2)));
    world.registry.chain.now = START + 100;
    world.btc(2).unwrap();
    assert_eq!(world.epoch_state(), 3);
}

#[test]
fn only_the_governor_names_feeds_and_takes_stakes() {
    let mut world = World::new();
    let context = world.registry.context();
    let at = world.at;
    let chain = &mut world.registry.chain;
    let to = check::Reference {
        feed: Address::ZERO,
        deviationBps: 0,
        maxAge: 0,
        numerator: 0,
        denominator: 0,
    };
    let set = check::setReferenceCall { context, instrument: 1, to };
    let denied =
        |result: Result<Receipt, Failure>| fails::<roles::AccessControlUnauthorizedAccount>(result);
    assert!(denied(chain.send(ANYONE, at, &set)));
    let reward = check::setRewardCall { context, reward: Uint::from(1) };
    assert!(denied(chain.send(ANYONE, at, &reward)));
    let announce = check::announceWithdrawalCall { context };
    assert!(denied(chain.send(ANYONE, at, &announce)));
    let withdraw = check::withdrawCall { context, to: ANYONE };
    assert!(denied(chain.send(ANYONE, at, &withdraw)));
    assert!(fails::<check::NotAnnounced>(chain.send(GOVERNOR, at, &withdraw)));
    chain.send(GOVERNOR, at, &announce).unwrap();
    assert!(fails::<check::NotAnnounced>(chain.send(GOVERNOR, at, &withdraw)));
    chain.now += 1_000;
    chain.send(GOVERNOR, at, &withdraw).unwrap();
    assert!(fails::<check::NothingToCollect>(chain.send(
        ANYONE,
        at,
        &check::collectCall { to: ANYONE }
    )));
    let good = world.reference();
    for bad in [
        check::Reference { deviationBps: 0, ..good.clone() },
        check::Reference { deviationBps: 10_000, ..good.clone() },
        check::Reference { maxAge: 0, ..good.clone() },
        check::Reference { numerator: 0, ..good.clone() },
        check::Reference { denominator: 0, ..good },
    ] {
        assert!(fails::<check::InvalidReference>(world.refer(bad)));
    }
}
