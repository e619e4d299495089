//! Rows of a calibrated market, computed again from the numbers beside them.

use alloy_sol_types::SolConstructor as _;
use alloy_sol_types::private::Uint;
use revm::primitives::{Address, B256, U256};
use serde_json::{Value, json};
use zkmargin_evm::contracts::{
    MarginMarkets as markets, MarginPriceCheck as check, MarginRoles as roles,
};
use zkmargin_evm::price;
use zkmargin_margin::field::MarginField as _;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::{Epoch, Timestamp};
use zkmargin_margin::market::{MARKET_DEPTH, MarketHeader};
use zkmargin_margin::merkle::Tree;
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::standard::TierRow;
use zkmargin_margin::units::{Notional, Rate};
use zkmargin_params::market::calibration::{calibrate, numbers_of};
use zkmargin_params::market::numbers::{NumberTerms, StatedNumbers};
use zkmargin_params::market::{Market, MarketFile, fixed_rows};
use zkmargin_params::model::StandardModel;
use zkmargin_params::presets;
use zkmargin_params::simulation::history::{Column, History};
use zkmargin_params::snapshot::Snapshot;
use zkmargin_verifier::engine::{Action, EpochPost, PolicyParams, Root};

use super::fails;
use crate::common::actions::{self, post};
use crate::common::registry::{ANYONE, DEPLOYER, GOVERNOR, Registry};
use crate::common::{Failure, Receipt, code_with};

/// When the first snapshot was taken: noon of the day after the last close.
const TAKEN: u64 = 1_625_140_800;
/// What was seen: implied volatility, spread, depth, daily volume. A rise beyond the step,
/// thin markets, calm ones, and numbers beyond floors and caps.
const SEEN: [[&str; 4]; 5] = [
    ["0.6", "0.0004", "8000000", "9000000000"],
    ["2.5", "0.01", "3000000", "900000000"],
    ["0.1", "0", "40000000", "90000000000"],
    ["20", "1", "0", "0"],
    ["0.9", "0.0001", "100000000000", "90000000000000"],
];

/// The shipped rule with its numbers stated, and ETH as collateral that may be owed.
fn model() -> StandardModel {
    let mut value: Value = serde_json::from_str(presets::by_name("dynamic").unwrap().json).unwrap();
    value["calibration"]["states_numbers"] = true.into();
    value["calibration"]["maintenance_fraction"] = "0.3".into();
    value["instruments"]["ETH"]["kind"] = "spot".into();
    value["instruments"]["ETH"]["liability"] = json!({
        "initial": [{ "rate": "0.2" }], "maintenance": [{ "rate": "0.1" }],
    });
    StandardModel::from_json(&value.to_string()).unwrap()
}

fn snapshot(epoch: u64, previous: Option<&Value>) -> Snapshot {
    let csv = include_str!("../../../../../params/fixtures/closes_btc_eth.csv");
    let columns = ["BTC=btc_close_usd", "ETH=eth_close_usd"];
    let columns: Vec<_> = columns.iter().map(|text| Column::parse(text).unwrap()).collect();
    let (history, _) = History::from_csv(csv, &columns).unwrap();
    let [implied, spread, depth, volume] = SEEN[usize::try_from(epoch - 1).unwrap() % SEEN.len()];
    let seen = json!({
        "implied_volatility": implied, "spread": spread, "depth": depth, "daily_volume": volume,
    });
    let mut value = json!({
        "timestamp": taken(epoch), "source": "test", "quote": "USDC",
        "prices": { "BTC": { "price": "35040" }, "ETH": { "price": "2274.5" },
            "USDC": { "price": "1" } },
        "calibration": { "history": serde_json::to_value(history.last(251)).unwrap(),
            "observations": { "BTC": seen, "ETH": seen } },
    });
    if let Some(previous) = previous {
        value["calibration"]["previous"] = previous.clone();
    }
    Snapshot::from_json(&value.to_string()).unwrap()
}

fn taken(epoch: u64) -> u64 {
    TAKEN + 10 * (epoch - 1)
}

/// An epoch as a publisher posts it.
struct Posted {
    rows: Vec<TierRow>,
    numbers: Vec<Option<StatedNumbers>>,
    tree: Tree<Bn254Fr>,
    header: MarketHeader<Bn254Fr>,
    /// What the next epoch steps from.
    next: Value,
}

impl Posted {
    /// The market of an epoch whose snapshot names that one as the one before.
    fn new(epoch: u64, previous: Option<&Value>) -> Self {
        let (model, snapshot) = (model(), snapshot(epoch, previous));
        let number = Epoch::new(epoch);
        let (file, market) = MarketFile::build::<Bn254Fr>(&model, &snapshot, number).unwrap();
        let numbers = numbers_of(calibrate(&model, &snapshot, number).unwrap());
        let next = json!({ "epoch": epoch, "market_root": file.market_root(), "numbers": numbers });
        let posted = Self::of(&market, market.rows().to_vec(), numbers_beside(&market), next);
        // All but the leaf of the snapshot is here as it is there.
        for (index, row) in market.rows().iter().enumerate() {
            let path = market.path(index).unwrap();
            assert_eq!(path.root(row.leaf()), Some(market.tree_root()));
            let pair = 2 * (index % 2)..2 * (index % 2) + 2;
            let here = posted.tree.path(2 * index).unwrap();
            assert_eq!(path.children()[0][pair.clone()], here.children()[0][pair]);
        }
        posted
    }

    fn of(
        market: &Market<Bn254Fr>,
        rows: Vec<TierRow>,
        numbers: Vec<Option<StatedNumbers>>,
        next: Value,
    ) -> Self {
        Self::from_leaves(*market.header(), rows, numbers, next)
    }

    fn from_leaves(
        header: MarketHeader<Bn254Fr>,
        rows: Vec<TierRow>,
        numbers: Vec<Option<StatedNumbers>>,
        next: Value,
    ) -> Self {
        let empty = Market::<Bn254Fr>::build(&model(), &snapshot(1, None), Epoch::new(1)).unwrap();
        let beside = empty.rows().iter().position(|row| row.instrument == usdc(&empty)).unwrap();
        let nothing = empty.path(beside).unwrap().children()[0][2 * (beside % 2) + 1];
        let leaf =
            |numbers: &Option<StatedNumbers>| numbers.as_ref().map_or(nothing, StatedNumbers::leaf);
        let leaves = rows.iter().zip(&numbers).flat_map(|(row, beside)| [row.leaf(), leaf(beside)]);
        let tree = Tree::build(Domain::MarketNode, MARKET_DEPTH, leaves.collect()).unwrap();
        let header = MarketHeader { tree_root: tree.root(), ..header };
        Self { rows, numbers, tree, header, next }
    }

    /// The same after an edit of the row of a place and of what stands beside it.
    fn edited(&self, index: usize, edit: fn(&mut TierRow, &mut StatedNumbers)) -> Self {
        let (mut rows, mut numbers) = (self.rows.clone(), self.numbers.clone());
        edit(&mut rows[index], numbers[index].as_mut().unwrap());
        Self::from_leaves(self.header, rows, numbers, self.next.clone())
    }

    fn row_at(&self, index: usize, leaf: usize) -> check::MarketRow {
        let path = self.tree.path(leaf).unwrap();
        price::market_row(&self.rows[index], &path, self.header.denominator).unwrap()
    }

    fn shown(&self, index: usize) -> check::NumberedRow {
        let numbers = self.numbers[index].as_ref().map_or_else(Vec::new, StatedNumbers::to_bytes);
        let row = self.row_at(index, 2 * index);
        check::NumberedRow { row, numbers: numbers.into() }
    }

    /// The calibrated rows.
    fn calibrated(&self) -> Vec<usize> {
        (0..self.rows.len()).filter(|index| self.numbers[*index].is_some()).collect()
    }
}

fn numbers_beside(market: &Market<Bn254Fr>) -> Vec<Option<StatedNumbers>> {
    (0..market.rows().len()).map(|index| market.numbers(index).cloned()).collect()
}

fn usdc(market: &Market<Bn254Fr>) -> zkmargin_margin::ids::InstrumentId {
    market.listing("USDC").unwrap().id()
}

/// A chain with epochs on record, from 1, and the contract.
struct World {
    registry: Registry,
    at: Address,
    rules: Vec<NumberTerms>,
}

impl World {
    fn new(posted: &[&Posted]) -> Self {
        let model = model();
        let digest = model.digest();
        let params = PolicyParams { models: [digest].into_iter().collect(), ..actions::params() };
        let mut registry = Registry::new(&params, TAKEN + 1);
        for (epoch, posted) in (1..).zip(posted) {
            let post = EpochPost {
                market_root: Root::new(posted.header.root().to_be_bytes()),
                model: digest,
                market_timestamp: Timestamp::new(taken(epoch)),
                ..post(epoch, taken(epoch))
            };
            registry.apply(taken(epoch) + 1, &Action::PostEpoch(post)).unwrap();
        }
        let arguments = check::constructorCall {
            markets: registry.at.markets,
            sequencer: Address::ZERO,
            grace: 0,
            notice: 1_000,
        };
        let code = code_with(&check::BYTECODE, arguments.abi_encode());
        let at = registry.chain.create(DEPLOYER, code).unwrap().0;
        let role = registry.role(&roles::GUARDIAN_ROLECall {});
        let grant = roles::grantRoleCall { role, account: at };
        registry.chain.send(GOVERNOR, registry.at.roles, &grant).unwrap();
        let context = registry.context();
        let reward = check::setRewardCall { context, reward: Uint::from(7) };
        registry.chain.send(GOVERNOR, at, &reward).unwrap();
        registry.chain.pay(DEPLOYER, at, &check::depositCall { context }, 10).unwrap();
        Self { registry, at, rules: NumberTerms::of(&model) }
    }

    /// The governor names the rows that are the model's own, and the rules of all others.
    fn named(mut self) -> Self {
        let model = model();
        let own = fixed_rows(&model).unwrap();
        let mut terms: Vec<B256> =
            own.iter().map(|row| price::row_terms(row, model.denominator())).collect();
        for rule in &self.rules {
            terms.push(price::number_terms(&rule.to_bytes()));
            terms.push(price::calibrated_terms(rule.instrument, rule.direction));
        }
        let (context, model) = (self.registry.context(), (*model.digest().as_bytes()).into());
        let call = check::setTermsCall { context, model, terms, complete: true };
        self.registry.chain.send(GOVERNOR, self.at, &call).unwrap();
        self
    }

    fn rule_of(&self, posted: &Posted, index: usize) -> Vec<u8> {
        let row = &posted.rows[index];
        let mut rules = self.rules.iter();
        rules.find(|rule| rule.instrument == row.instrument).unwrap().to_bytes()
    }

    fn check(&mut self, epoch: u64, posted: &Posted, index: usize) -> Result<Receipt, Failure> {
        let rule = self.rule_of(posted, index);
        self.check_shown(epoch, posted.shown(index), rule)
    }

    fn check_shown(
        &mut self,
        epoch: u64,
        shown: check::NumberedRow,
        rule: Vec<u8>,
    ) -> Result<Receipt, Failure> {
        let (context, rule) = (self.registry.context(), rule.into());
        let call = check::checkNumbersCall { context, epoch, shown, rule };
        self.registry.chain.send(ANYONE, self.at, &call)
    }

    fn step(
        &mut self,
        (epoch, posted): (u64, &Posted),
        (before, earlier): (u64, &Posted),
        index: usize,
    ) -> Result<Receipt, Failure> {
        let (shown, earlier) = (posted.shown(index), earlier.shown(index));
        let context = self.registry.context();
        let call = check::checkStepCall { context, epoch, shown, before, earlier };
        self.registry.chain.send(ANYONE, self.at, &call)
    }

    fn own(&mut self, posted: &Posted, index: usize) -> Result<Receipt, Failure> {
        let (context, row) = (self.registry.context(), posted.row_at(index, 2 * index));
        let call = check::checkRowCall { context, epoch: 1, row };
        self.registry.chain.send(ANYONE, self.at, &call)
    }

    fn epoch_state(&self, epoch: u64) -> u8 {
        let call = markets::epochOfCall { context: self.registry.context(), epoch };
        self.registry.chain.read(self.registry.at.markets, &call).state
    }

    fn owed(&self) -> U256 {
        self.registry.chain.read(self.at, &check::owedCall { account: ANYONE })
    }
}

fn holds(receipt: &Receipt) -> bool {
    U256::from_be_slice(&receipt.output) == U256::ONE
}

/// As many epochs as were seen, each stepping from the one before.
fn epochs() -> Vec<Posted> {
    let mut all: Vec<Posted> = Vec::new();
    for epoch in (1..).take(SEEN.len()) {
        let next = Posted::new(epoch, all.last().map(|posted| &posted.next));
        all.push(next);
    }
    all
}

/// Every row of five epochs: those that follow from numbers, with steps up and down, floors
/// and caps, of a perpetual and of collateral, and those of the model's own.
#[test]
fn rows_that_follow_from_their_numbers_change_nothing() {
    let all = epochs();
    let mut world = World::new(&all.iter().collect::<Vec<_>>()).named();
    let (mut rates, mut gas) = (std::collections::BTreeSet::new(), 0);
    for (epoch, posted) in (1..).zip(&all) {
        for index in posted.calibrated() {
            let receipt = world.check(epoch, posted, index).unwrap();
            assert!(holds(&receipt), "{epoch} {:?}", posted.rows[index]);
            gas = gas.max(receipt.gas);
            rates.insert(posted.rows[index].initial.rate.get());
        }
        let first = posted.calibrated()[0];
        if epoch > 1 {
            let before = &all[usize::try_from(epoch - 2).unwrap()];
            let receipt = world.step((epoch, posted), (epoch - 1, before), first).unwrap();
            assert!(holds(&receipt));
            println!("a step that holds: {} gas", receipt.gas);
        }
        assert_eq!(world.epoch_state(epoch), 1);
    }
    println!("a row that follows: at most {gas} gas");
    assert!(rates.len() > 20, "numbers that differ: {}", rates.len());
    // Seven rows of numbers and two of the model's own: collateral and a liability.
    let own: Vec<usize> =
        (0..all[0].rows.len()).filter(|index| all[0].numbers[*index].is_none()).collect();
    assert_eq!((all[0].calibrated().len(), own.len()), (7, 2));
    for index in own {
        assert!(holds(&world.own(&all[0], index).unwrap()));
    }
    let first = all[0].calibrated()[0];
    assert!(fails::<check::IsCalibrated>(world.own(&all[0], first)));
    assert_eq!(world.owed(), U256::ZERO);
}

/// Whatever of a row or its numbers is another takes the epoch back and pays the finder.
#[test]
fn a_row_of_other_numbers_takes_its_epoch_back() {
    type Edit = fn(&mut TierRow, &mut StatedNumbers);
    let edits: [Edit; 14] = [
        |row, _| row.initial.rate = Rate::new(row.initial.rate.get() - 1),
        |row, _| row.maintenance.rate = Rate::new(row.maintenance.rate.get() - 1),
        |row, _| row.maintenance_fraction = Rate::new(row.maintenance_fraction.get() - 1),
        |row, _| row.upper = Notional::new(row.upper.get() + 1).unwrap(),
        |row, _| row.lower = Notional::new(row.lower.get() + 1).unwrap(),
        |row, _| row.lower_exclusive = !row.lower_exclusive,
        |row, _| row.initial.base = Notional::new(row.initial.base.get() + 1).unwrap(),
        |row, _| row.maintenance.base = Notional::new(row.maintenance.base.get() + 1).unwrap(),
        |_, numbers| numbers.rates[0].rate -= 1,
        |_, numbers| numbers.rates[2].asked += 1,
        |_, numbers| numbers.capacity += 1,
        |_, numbers| numbers.seen -= 1_000_000,
        |_, numbers| numbers.instrument = zkmargin_margin::ids::InstrumentId::new(7),
        |_, numbers| {
            numbers.rates.pop();
        },
    ];
    let honest = Posted::new(1, None);
    // The second tier of the perpetual.
    for (number, edit) in edits.into_iter().enumerate() {
        let posted = honest.edited(1, edit);
        let mut world = World::new(&[&posted]).named();
        let receipt = world.check(1, &posted, 1).unwrap();
        assert!(!holds(&receipt), "edit {number}");
        assert_eq!((world.epoch_state(1), world.owed()), (3, U256::from(7)));
        assert!(fails::<check::NothingToCheck>(world.check(1, &posted, 1)));
    }
    // A row where numbers are.
    let mut posted = honest.edited(1, |_, _| {});
    let leaves = [posted.rows[0].leaf(), posted.rows[1].leaf()];
    posted.tree = Tree::build(Domain::MarketNode, MARKET_DEPTH, leaves.to_vec()).unwrap();
    posted.header.tree_root = posted.tree.root();
    let mut world = World::new(&[&posted]).named();
    let (mut shown, rule) = (honest.shown(1), world.rule_of(&posted, 1));
    shown.row = posted.row_at(1, 1);
    assert!(!holds(&world.check_shown(1, shown, rule).unwrap()));
}

/// Steps are from the newest epoch before that counts, and from its numbers.
#[test]
fn steps_from_other_numbers_take_the_epoch_back() {
    let first = Posted::new(1, None);
    let second = Posted::new(2, Some(&first.next));
    // An epoch that says that it is the first, one that skips one, and one that steps from
    // other rates: each has rows that follow from its numbers.
    let says_first = Posted::new(2, None);
    let skips = Posted::new(3, Some(&first.next));
    let mut next = first.next.clone();
    next["numbers"]["BTC"]["rates"][0] = "0.5".into();
    let other = Posted::new(2, Some(&next));
    let cases: [(&[&Posted], u64, usize); 3] = [
        (&[&first, &says_first], 1, 0),
        (&[&first, &second, &skips], 2, 1),
        (&[&first, &other], 1, 0),
    ];
    for (posted, before, place) in cases {
        let (epoch, shown) = (posted.len() as u64, posted[posted.len() - 1]);
        let mut world = World::new(posted).named();
        assert!(holds(&world.check(epoch, shown, 0).unwrap()));
        let receipt = world.step((epoch, shown), (before, posted[place]), 0).unwrap();
        println!("a step that does not hold: {} gas", receipt.gas);
        assert!(!holds(&receipt));
        assert_eq!((world.epoch_state(epoch), world.owed()), (3, U256::from(7)));
        assert_eq!(world.epoch_state(before), 1);
    }
}

#[test]
fn what_cannot_be_judged_says_nothing() {
    let (first, second) = {
        let first = Posted::new(1, None);
        let second = Posted::new(2, Some(&first.next));
        (first, second)
    };
    let third = Posted::new(3, Some(&second.next));
    let mut world = World::new(&[&first, &second, &third]);
    assert!(fails::<check::NoTerms>(world.check(1, &first, 0)), "none is named");
    assert!(fails::<check::NoTerms>(world.step((2, &second), (1, &first), 0)));
    let mut world = world.named();
    // Another rule, or one that the model does not have.
    let eth = first.calibrated()[4];
    let rule = world.rule_of(&first, eth);
    assert!(fails::<check::OtherRule>(world.check_shown(1, first.shown(0), rule.clone())));
    let mut changed = world.rule_of(&first, 0);
    changed[8 * 5 + 7] ^= 1;
    assert!(fails::<check::NoTerms>(world.check_shown(1, first.shown(0), changed)));
    // Numbers that do not stand there, of another epoch, of another instrument.
    let mut shown = first.shown(0);
    shown.numbers = second.shown(0).numbers;
    let rule = world.rule_of(&first, 0);
    assert!(fails::<check::NotInMarket>(world.check_shown(1, shown, rule.clone())));
    assert!(fails::<check::NotInMarket>(world.check_shown(1, second.shown(0), rule)));
    let (shown, earlier) = (second.shown(0), first.shown(eth));
    let context = world.registry.context();
    let call = check::checkStepCall { context, epoch: 2, shown, before: 1, earlier };
    assert!(fails::<check::OtherRule>(world.registry.chain.send(ANYONE, world.at, &call)));
    // An epoch that is not before, or before the one that is named.
    for (epoch, posted, before, earlier) in
        [(2, &second, 2, &second), (1, &first, 2, &second), (3, &third, 1, &first)]
    {
        assert!(fails::<check::NotBefore>(world.step((epoch, posted), (before, earlier), 0)));
    }
    assert!((1..4).all(|epoch| world.epoch_state(epoch) == 1));
}
