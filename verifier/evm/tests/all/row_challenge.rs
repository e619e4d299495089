//! Rows of scenario markets, computed again on chain: held to the table of the parameters
//! crate, which is in floating point.

use crate::common::actions::{self, post};
use crate::common::registry::{ANYONE, DEPLOYER, GOVERNOR, Registry};
use crate::common::{Failure, Receipt, code_with};
use alloy_sol_types::private::Uint;
use alloy_sol_types::{SolConstructor as _, SolError};
use revm::primitives::{Address, B256, I256, U256};
use serde_json::{Value, json};
use zkmargin_evm::contracts::{
    MarginMarkets as markets, MarginRoles as roles, MarginRowChallenge as challenge,
};
use zkmargin_evm::price;
use zkmargin_margin::field::MarginField as _;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::{Epoch, InstrumentId, Timestamp};
use zkmargin_margin::market::{MARKET_DEPTH, MarketHeader};
use zkmargin_margin::merkle::Tree;
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::scenario::{LotValue, ScenarioRow};
use zkmargin_params::market::scenario::Market;
use zkmargin_params::market::scenario::marks::{Marks, ScenarioTerms};
use zkmargin_params::scenario::{ScenarioModel, ScenarioSnapshot, parameters};
use zkmargin_params::simulation::history::{Column, History};
use zkmargin_verifier::engine::{Action, EpochPost, PolicyParams, Root};

/// When the snapshot was taken: noon of the day after the last close.
const TAKEN: u64 = 1_625_140_800;
const START: u64 = TAKEN + 10;
const WAD: i64 = 1_000_000_000_000_000_000;

/// A shipped set that states marks.
fn model(name: &str) -> ScenarioModel {
    let mut value: Value = serde_json::from_str(parameters::by_name(name).unwrap().json).unwrap();
    value["states_marks"] = true.into();
    ScenarioModel::from_json(&value.to_string()).unwrap()
}

/// A linear congruential generator.
struct Draws(u64);

impl Draws {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        u32::try_from((self.0 >> 33) % u64::from(bound)).unwrap()
    }
}

/// Options of all sorts on BTC, with what moves with spot: far in and out of the money, from
/// half a minute to three years, volatilities from 1 % to 400 %, rates above and below zero.
fn snapshot(options: u32, edit: impl FnOnce(&mut Value)) -> ScenarioSnapshot {
    let mut draws = Draws(7);
    let times = [30_u32, 900, 1_799, 86_400, 604_800, 2_592_000, 2_592_001, 15_000_000, 94_608_000];
    let mut instruments = serde_json::Map::new();
    for index in 0..options {
        let time = times[draws.below(9) as usize];
        let strike = f64::from(2_000 + draws.below(300_000)) / 1.37;
        let vol = f64::from(100 + draws.below(39_900)) / 10_000.0;
        let (kind, end) = if draws.below(2) == 0 { ("call", "C") } else { ("put", "P") };
        instruments.insert(
            format!("BTC-{index}-{end}"),
            json!({ "kind": "option", "expiry_seconds": time, "strike": strike,
                "option_type": kind, "mark_vol": vol }),
        );
    }
    instruments.insert("BTC-PERP".into(), json!({ "kind": "perpetual", "price": 92_511.25 }));
    instruments.insert("BTC-FUT".into(), json!({ "kind": "future", "expiry_seconds": 900 }));
    instruments.insert("BTC".into(), json!({ "kind": "collateral", "price": 92_500.5 }));
    instruments.insert("USDC".into(), json!({ "kind": "collateral", "price": 1 }));
    let feed = |(index, time): (usize, &u32)| {
        json!({ "expiry_seconds": time, "forward": 92_500.5 + 211.7 * index as f64,
            "rate": 0.03 * index as f64 - 0.05 })
    };
    let feeds: Vec<Value> = times.iter().enumerate().map(feed).collect();
    let mut value = json!({
        "timestamp": TAKEN, "source": "a test", "quote": "USD", "quote_decimals": 6,
        "lots": { "options": "0.1", "others": "0.001" },
        "market": { "underlying": "BTC", "spot": 92_500.5, "feeds": feeds,
            "instruments": instruments },
    });
    edit(&mut value);
    ScenarioSnapshot::from_json(&value.to_string()).unwrap()
}

/// With closes up to the day before, and what was seen.
fn calibrated(json: &mut Value) {
    let csv = include_str!("../../../../params/fixtures/closes_btc_eth.csv");
    let columns = ["BTC=btc_close_usd", "BTC-VOL=eth_close_usd"];
    let columns: Vec<_> = columns.iter().map(|text| Column::parse(text).unwrap()).collect();
    let (history, _) = History::from_csv(csv, &columns).unwrap();
    json["calibration"] = json!({
        "history": serde_json::to_value(history.last(251)).unwrap(),
        "observations": { "BTC": { "implied_volatility": "0.6", "spread": "0.0004",
            "depth": "8000000", "daily_volume": "9000000000" } },
    });
}

fn market(model: &ScenarioModel, options: u32) -> Market<Bn254Fr> {
    let edit = |json: &mut Value| {
        if model.calibration().is_some() {
            calibrated(json);
        }
    };
    Market::build(model, &snapshot(options, edit), Epoch::new(1)).unwrap()
}

/// Rows and marks as a publisher posts them.
struct Posted {
    rows: Vec<ScenarioRow>,
    marks: Vec<Marks>,
    tree: Tree<Bn254Fr>,
    header: MarketHeader<Bn254Fr>,
}

impl Posted {
    /// A market after an edit of a row and its marks.
    fn new(market: &Market<Bn254Fr>, edit: impl FnOnce(&mut ScenarioRow, &mut Marks)) -> Self {
        let mut rows = market.rows().to_vec();
        let mut marks: Vec<Marks> =
            (0..rows.len()).map(|index| *market.marks(index).unwrap()).collect();
        let index = option_of(market);
        edit(&mut rows[index], &mut marks[index]);
        let leaves = rows.iter().zip(&marks).flat_map(|(row, marks)| [row.leaf(), marks.leaf()]);
        Self::of(market, leaves.collect(), rows.clone(), marks.clone())
    }

    fn of(
        market: &Market<Bn254Fr>,
        leaves: Vec<Bn254Fr>,
        rows: Vec<ScenarioRow>,
        marks: Vec<Marks>,
    ) -> Self {
        let tree = Tree::build(Domain::MarketNode, MARKET_DEPTH, leaves).unwrap();
        let header = MarketHeader { tree_root: tree.root(), ..*market.header() };
        Self { rows, marks, tree, header }
    }

    fn row(&self, index: usize) -> challenge::ScenarioRow {
        self.row_at(index, 2 * index)
    }

    fn row_at(&self, index: usize, leaf: usize) -> challenge::ScenarioRow {
        let path = self.tree.path(leaf).unwrap();
        price::scenario_row(&self.rows[index], &path, &self.header).unwrap()
    }
}

/// An option whose value hangs on all that it is made of: near the money, of some months.
fn option_of(market: &Market<Bn254Fr>) -> usize {
    let is_near = |index: &usize| {
        let marks = market.marks(*index).unwrap();
        let moneyness = (marks.forward / marks.strike).ln().abs();
        marks.option.is_some() && marks.seconds > 2_000_000 && moneyness < 0.5
    };
    (0..market.rows().len()).find(is_near).unwrap()
}

struct World {
    registry: Registry,
    at: Address,
    model: ScenarioModel,
}

impl World {
    /// A chain with the contract, and the epoch on record, where there is one.
    fn new(model: ScenarioModel, posted: Option<&Posted>) -> Self {
        let digest = model.digest();
        let params = PolicyParams { models: [digest].into_iter().collect(), ..actions::params() };
        let mut registry = Registry::new(&params, START);
        if let Some(posted) = posted {
            let post = EpochPost {
                market_root: Root::new(posted.header.root().to_be_bytes()),
                model: digest,
                market_timestamp: Timestamp::new(TAKEN),
                ..post(1, TAKEN)
            };
            registry.apply(START, &Action::PostEpoch(post)).unwrap();
        }
        let arguments = challenge::constructorCall { markets: registry.at.markets, notice: 1_000 };
        let code = code_with(&challenge::BYTECODE, arguments.abi_encode());
        let at = registry.chain.create(DEPLOYER, code).unwrap().0;
        let role = registry.role(&roles::GUARDIAN_ROLECall {});
        let grant = roles::grantRoleCall { role, account: at };
        registry.chain.send(GOVERNOR, registry.at.roles, &grant).unwrap();
        let context = registry.context();
        let reward = challenge::setRewardCall { context, reward: Uint::from(7) };
        registry.chain.send(GOVERNOR, at, &reward).unwrap();
        registry.chain.pay(DEPLOYER, at, &challenge::depositCall { context }, 10).unwrap();
        Self { registry, at, model }
    }

    /// The governor names all scenarios.
    fn named(mut self) -> Self {
        let terms: Vec<B256> = ScenarioTerms::of(&self.model)
            .iter()
            .map(|terms| price::scenario_terms(&terms.to_bytes()))
            .collect();
        let model = (*self.model.digest().as_bytes()).into();
        let context = self.registry.context();
        let call = challenge::setTermsCall { context, model, terms, complete: true };
        self.registry.chain.send(GOVERNOR, self.at, &call).unwrap();
        self
    }

    fn challenge(
        &mut self,
        row: challenge::ScenarioRow,
        marks: &Marks,
        scenario: &ScenarioTerms,
    ) -> Result<Receipt, Failure> {
        self.challenge_words(row, marks.to_bytes(), scenario.to_bytes())
    }

    fn challenge_words(
        &mut self,
        row: challenge::ScenarioRow,
        marks: Vec<u8>,
        scenario: Vec<u8>,
    ) -> Result<Receipt, Failure> {
        let (marks, scenario, context) = (marks.into(), scenario.into(), self.registry.context());
        let call = challenge::checkScenarioCall { context, epoch: 1, row, marks, scenario };
        self.registry.chain.send(ANYONE, self.at, &call)
    }

    fn epoch_state(&self) -> u8 {
        let call = markets::epochOfCall { context: self.registry.context(), epoch: 1 };
        self.registry.chain.read(self.registry.at.markets, &call).state
    }

    fn owed(&self) -> U256 {
        self.registry.chain.read(self.at, &challenge::owedCall { account: ANYONE })
    }
}

fn fails<E: SolError>(result: Result<Receipt, Failure>) -> bool {
    matches!(result, Err(failure) if failure.is::<E>())
}

/// The scenario of a place among a row's values.
fn terms_of(model: &ScenarioModel, slot: usize) -> ScenarioTerms {
    ScenarioTerms::of(model).into_iter().find(|terms| terms.slot == slot).unwrap()
}

/// Every value of every row of three models is within the bound, of which floating point
/// and fixed point together use a small part beyond the rounding to whole units.
#[test]
fn values_are_those_of_the_table_within_the_bound() {
    for (name, options) in [("derive-test", 60), ("scan", 60), ("span-dynamic", 60)] {
        let model = model(name);
        let market = market(&model, options);
        let world = World::new(model.clone(), None);
        let (mut values, mut beyond) = (0, 0.0_f64);
        for (index, row) in market.rows().iter().enumerate() {
            let marks = market.marks(index).unwrap();
            for terms in ScenarioTerms::of(&model) {
                if marks.option.is_none() && terms.slot == zkmargin_margin::scenario::MARK {
                    continue;
                }
                let call = challenge::expectedCall {
                    marks: marks.to_bytes().into(),
                    scenario: terms.to_bytes().into(),
                };
                let found = world.registry.chain.read(world.at, &call);
                let value = I256::try_from(row.values()[terms.slot]).unwrap();
                let off = (value * I256::try_from(WAD).unwrap() - found.units).unsigned_abs();
                assert!(off <= found.bound, "{name} {marks:?} {terms:?} {off} {}", found.bound);
                let part = |bound: U256| bound.to::<u128>() as f64 / 1e18;
                let extra = (part(off) - 0.5).max(0.0) / (part(found.bound) - 1.0).max(1e-9);
                beyond = beyond.max(extra);
                values += 1;
            }
        }
        println!("{name}: {values} values; beyond half a unit {beyond:e} of the bound's part");
        assert!(values > 1_000 && beyond < 0.1, "{name} {values} {beyond}");
    }
}

#[test]
fn a_row_that_is_made_of_its_marks_changes_nothing() {
    for name in ["scan", "span-dynamic"] {
        let model = model(name);
        let market = market(&model, 12);
        let posted = Posted::new(&market, |_, _| {});
        let mut world = World::new(model.clone(), Some(&posted));
        let first = terms_of(&model, 3);
        let result = world.challenge(posted.row(0), &posted.marks[0], &first);
        assert!(fails::<challenge::NoTerms>(result), "nothing is named");
        let mut world = world.named();
        for index in [0, 1, 5, 11, 14, 15] {
            for slot in [0, 3, 11] {
                let terms = terms_of(&model, slot);
                let receipt =
                    world.challenge(posted.row(index), &posted.marks[index], &terms).unwrap();
                println!("a row made of its marks: {} gas", receipt.gas);
                assert_eq!(U256::from_be_slice(&receipt.output), U256::ONE, "{index} {slot}");
            }
        }
        let mut other = first;
        other.scenario.spot_shock += 0.001;
        let result = world.challenge(posted.row(0), &posted.marks[0], &other);
        assert!(fails::<challenge::NoTerms>(result), "no scenario of the model");
        assert_eq!((world.epoch_state(), world.owed()), (1, U256::ZERO));
    }
}

fn added(value: &mut LotValue, units: i64) {
    *value = LotValue::new(value.get() + units).unwrap();
}

/// One value of one row by two units, and marks that are another's, or of ranges that the
/// rule does not allow.
#[test]
fn a_row_that_is_not_takes_its_epoch_back_and_pays_the_finder() {
    type Edit = fn(&mut ScenarioRow, &mut Marks);
    let edits: [Edit; 9] = [
        |row, _| added(&mut row.scenarios[3], 3),
        |row, _| added(&mut row.scenarios[3], -3),
        |_, marks| marks.vol *= 1.001,
        |_, marks| marks.strike *= 0.999,
        |_, marks| marks.scale *= 2.0,
        |_, marks| marks.instrument = InstrumentId::new(marks.instrument.get() ^ 2),
        |_, marks| marks.option = None,
        |_, marks| marks.range = 0.46,
        |_, marks| marks.vol_down = 0.9,
    ];
    let model = model("span-dynamic");
    let market = market(&model, 40);
    let option = option_of(&market);
    for (index, edit) in edits.into_iter().enumerate() {
        let posted = Posted::new(&market, edit);
        let mut world = World::new(model.clone(), Some(&posted)).named();
        let terms = terms_of(&model, 3);
        let receipt = world.challenge(posted.row(option), &posted.marks[option], &terms).unwrap();
        println!("a row not made of its marks: {} gas", receipt.gas);
        assert_eq!(U256::from_be_slice(&receipt.output), U256::ZERO, "edit {index}");
        assert_eq!((world.epoch_state(), world.owed()), (3, U256::from(7)));
        let again = world.challenge(posted.row(option), &posted.marks[option], &terms);
        assert!(fails::<challenge::NothingToCheck>(again));
    }
    // Where marks stand no row does.
    let honest = Posted::new(&market, |_, _| {});
    let (rows, marks) = (honest.rows.clone(), honest.marks.clone());
    let leaves = vec![marks[0].leaf(), rows[0].leaf()];
    let posted = Posted::of(&market, leaves, rows, marks);
    let mut world = World::new(model.clone(), Some(&posted)).named();
    let row = posted.row_at(0, 1);
    let receipt = world.challenge(row, &posted.marks[0], &terms_of(&model, 3)).unwrap();
    assert_eq!(U256::from_be_slice(&receipt.output), U256::ZERO);
    assert_eq!(world.epoch_state(), 3);
}

/// Who has nothing to show has no epoch rejected.
#[test]
fn what_is_not_posted_is_refused() {
    let model = model("span-dynamic");
    let market = market(&model, 40);
    let posted = Posted::new(&market, |_, _| {});
    let mut world = World::new(model.clone(), Some(&posted)).named();
    let terms = terms_of(&model, 3);
    let option = option_of(&market);
    let mut marks = posted.marks[option];
    marks.vol *= 2.0;
    let result = world.challenge(posted.row(option), &marks, &terms);
    assert!(fails::<challenge::NotInMarket>(result), "other marks");
    let result = world.challenge(posted.row(option), &posted.marks[option + 1], &terms);
    assert!(fails::<challenge::NotInMarket>(result), "another row's marks");
    for element in [0, 1, 2, 4, 17] {
        let mut row = posted.row(option);
        row.elements[element] += U256::ONE;
        let result = world.challenge(row, &posted.marks[option], &terms);
        assert!(fails::<challenge::NotInMarket>(result), "{element}");
        let mut row = posted.row(option);
        let modulus = "0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001";
        row.elements[element] += modulus.parse::<U256>().unwrap();
        let result = world.challenge(row, &posted.marks[option], &terms);
        assert!(fails::<challenge::NotCanonical>(result), "{element}");
    }
    for level in 0..7 {
        let mut row = posted.row(option);
        row.path[level][3] += U256::ONE;
        let result = world.challenge(row, &posted.marks[option], &terms);
        assert!(fails::<challenge::NotInMarket>(result), "{level}");
    }
    let mut row = posted.row(option);
    row.terms += U256::ONE;
    assert!(fails::<challenge::NotInMarket>(world.challenge(row, &posted.marks[option], &terms)));
    let mut row = posted.row(option);
    row.denominator += 1;
    assert!(fails::<challenge::NotInMarket>(world.challenge(row, &posted.marks[option], &terms)));
    let mut words = posted.marks[option].to_bytes();
    words.push(0);
    let result = world.challenge_words(posted.row(option), words, terms.to_bytes());
    assert!(fails::<challenge::NotInMarket>(result));
    assert_eq!((world.epoch_state(), world.owed()), (1, U256::ZERO));
}
