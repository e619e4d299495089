use pasta_curves::Fp;
use zkmargin_margin::claim::{Claim, Level, Side};
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::{AccountId, BucketId, ContextId, Epoch, Memo};
use zkmargin_margin::instance::{MarginInstance, Shortfall};
use zkmargin_margin::market::{MARKET_DEPTH, STATE_DEPTH, state_leaf};
use zkmargin_margin::portfolio::Blinding;
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::scenario::Scenario;
use zkmargin_margin::statement::margin;

use super::*;
use crate::import::deribit::option_chain;
use crate::market::{AnyMarketFile, MarketFile, MarketFileError, ScenarioMarketFile};
use crate::scenario::ScenarioSnapshot;
use crate::scenario::parameters;

const CHAIN: &str = zkmargin_examples::CHAIN_BTC;

fn model() -> ScenarioModel {
    parameters::by_name("derive-test").unwrap().model().unwrap()
}

fn snapshot() -> ScenarioSnapshot {
    let lot = |text: &str| text.parse().unwrap();
    option_chain(CHAIN).unwrap().snapshot(lot("0.1"), lot("0.0001")).unwrap()
}

fn market() -> Market<Fp> {
    Market::build(&model(), &snapshot(), Epoch::new(7)).unwrap()
}

/// An account short of a put and long of the coin.
fn portfolio(market: &Market<Fp>, coins: &str) -> Portfolio {
    let put = market.listings().find(|l| l.symbol().as_str().ends_with("-P")).unwrap();
    let coin = market.listing("BTC").unwrap();
    let position = |listing: &Listing, quantity: &str, cash: &str| Position {
        bucket: BucketId::CROSS,
        instrument: listing.id(),
        quantity: listing.lots_from_decimal(quantity).unwrap(),
        cash: market.amount_from_decimal(cash).unwrap(),
    };
    let positions = vec![position(put, "-1.5", "250"), position(coin, coins, "0")];
    Portfolio::new(positions, Blinding::new([7; 31])).unwrap()
}

#[test]
fn witnesses_satisfy_the_relation() {
    let market = market();
    for (coins, side) in [("2", Side::AtLeast), ("0.0001", Side::Below)] {
        let portfolio = portfolio(&market, coins);
        let commitment = portfolio.commitment::<Fp>();
        let (account, context) = (AccountId::new([1; 20]), ContextId::derive("test", 1, [0; 20]));
        let leaf = state_leaf(account, commitment, context);
        let state = Tree::build(Domain::StateNode, STATE_DEPTH, vec![leaf]).unwrap();
        let path = state.path(0).unwrap();
        let mut witness = market.scenario_witness(&portfolio, commitment, path).unwrap();
        let instance = MarginInstance {
            context,
            epoch: Epoch::new(7),
            account,
            state_root: state.root(),
            market_root: market.root(),
            model: model().digest(),
            claim: Claim::new(side, Level::Initial).unwrap(),
            disclosed: Shortfall::NONE,
            memo: Memo::NONE,
        };
        assert_eq!(margin::check::<Scenario<_>>(&instance, &witness), Ok(()));
        assert!(witness.has_padding());
        let margin = market.margin(portfolio.positions()).unwrap();
        assert_eq!(margin.shortfall(Level::Initial) == 0, side == Side::AtLeast);
        witness.terms.first.initial_factor = witness.terms.first.maintenance_factor;
        assert_eq!(margin::check::<Scenario<_>>(&instance, &witness), Err(Violation::Terms));
    }
}

#[test]
fn roots_bind_everything() {
    let root = |model: &ScenarioModel, snapshot: &ScenarioSnapshot, epoch| {
        let market = Market::<Fp>::build(model, snapshot, Epoch::new(epoch)).unwrap();
        format!("0x{}\n", hex::encode(market.root().to_be_bytes()))
    };
    let (model, snapshot) = (model(), snapshot());
    let first = root(&model, &snapshot, 1);
    assert_eq!(first, root(&model, &snapshot, 1));
    assert_ne!(first, root(&model, &snapshot, 2));
    let changed = |change: &dyn Fn(&mut crate::scenario::SnapshotSpec)| {
        let mut spec = snapshot.spec().clone();
        change(&mut spec);
        root(&model, &ScenarioSnapshot::new(spec).unwrap(), 1)
    };
    assert_ne!(first, changed(&|spec| spec.timestamp = zkmargin_margin::ids::Timestamp::new(1)));
    assert_ne!(first, changed(&|spec| spec.quote_decimals = 6));
    assert_ne!(first, changed(&|spec| spec.lots.options = "0.01".parse().unwrap()));
    let mut spec = model.spec().clone();
    spec.margin.im_loss_factor += 0.01;
    assert_ne!(first, root(&ScenarioModel::new(spec).unwrap(), &snapshot, 1));
    let serial = market();
    let tree = Tree::build(Domain::MarketNode, MARKET_DEPTH, serial.tree.leaves().to_vec());
    assert_eq!(tree.unwrap().root(), serial.tree_root());
}

#[test]
fn files_are_recomputed_and_lies_refused() {
    let (file, market) =
        ScenarioMarketFile::build::<Fp>(&model(), &snapshot(), Epoch::new(1)).unwrap();
    let json = file.to_json();
    let again = ScenarioMarketFile::from_json(&json).unwrap();
    assert_eq!(again, file);
    assert_eq!(again.market::<Fp>().unwrap().root(), market.root());
    assert!(matches!(AnyMarketFile::from_json(&json).unwrap(), AnyMarketFile::Scenario(_)));
    let standard = MarketFile::from_json(&json).unwrap_err().to_string();
    assert_eq!(standard, "family: \"scenario\" is not supported here, standard is");
    let refused = |from: &str, to: &str| {
        assert!(json.contains(from), "{from}");
        let read = ScenarioMarketFile::from_json(&json.replacen(from, to, 1));
        read.and_then(|file| file.market::<Fp>()).map(|_| ()).unwrap_err()
    };
    let strike = refused("\"mark_vol\": 0.", "\"mark_vol\": 1.");
    assert!(matches!(strike, MarketFileError::RootMismatch { .. }), "{strike}");
    let bn254 = ScenarioMarketFile::build::<Bn254Fr>(&model(), &snapshot(), Epoch::new(1));
    let other = bn254.unwrap().0.market::<Fp>().unwrap_err();
    assert!(matches!(other, MarketFileError::Field { .. }), "{other}");
    let typed = refused("\"spot\": ", "\"spot\": \"x\", \"y\": ").to_string();
    assert!(typed.starts_with("not a market file: snapshot.market.spot: invalid type"), "{typed}");
    let range = refused("\"options\": \"0.1\"", "\"options\": \"0\"").to_string();
    assert!(range.contains("lots.options: allowed are more than 0"), "{range}");
    let any = AnyMarketFile::from_json(&json.replacen("\"scenario\"", "\"futures\"", 1));
    assert!(
        any.unwrap_err().to_string().contains("standard, scenario, simulation or settlement is")
    );
}

#[test]
fn bad_markets_are_refused() {
    let refused = |change: &dyn Fn(&mut crate::scenario::SnapshotSpec)| {
        let mut spec = snapshot().spec().clone();
        change(&mut spec);
        let built = ScenarioSnapshot::new(spec)
            .map_err(MarketError::from)
            .and_then(|snapshot| Market::<Fp>::build(&model(), &snapshot, Epoch::new(1)));
        built.map(|_| ()).unwrap_err().to_string()
    };
    let large = refused(&|spec| spec.lots.options = "1000".parse().unwrap());
    assert!(large.starts_with("other_contingency.mm_option_percent: "), "{large}");
    assert!(large.ends_with("choose a smaller lot size or fewer quote_decimals"), "{large}");
    let large = refused(&|spec| spec.lots.others = "1000".parse().unwrap());
    assert!(large.starts_with("instruments.BTC: "), "{large}");
    assert_eq!(refused(&|spec| spec.quote_decimals = 13), "quote_decimals: allowed are 0 to 12");
    let precise = refused(&|spec| spec.lots.others = "0.0000000000000000001".parse().unwrap());
    assert!(precise.starts_with("lots.others: allowed are"), "{precise}");
    let lot = |symbol: &'static str| {
        refused(&|spec| {
            let lot = crate::scenario::LotSize("0.1".parse().unwrap());
            spec.lots.instruments.insert(Symbol::new(symbol).unwrap(), lot);
        })
    };
    assert_eq!(lot("DOGE"), "lots.instruments.DOGE: the market does not list it");
    let empty = refused(&|spec| {
        let mut market = spec.market.spec().clone();
        market.instruments.clear();
        spec.market = crate::scenario::ScenarioMarket::new(market).unwrap();
    });
    assert_eq!(empty, "market.instruments: 0 entries: allowed are 1 to 16384");
}

#[test]
fn portfolios_that_the_statement_does_not_take_are_refused() {
    let market = market();
    let coin = market.listing("BTC").unwrap();
    let position = |quantity, bucket| Position {
        bucket: BucketId::new(bucket),
        instrument: coin.id(),
        quantity: Lots::new(quantity),
        cash: Amount::ZERO,
    };
    let refused = |positions: &[Position]| market.margin(positions).unwrap_err().to_string();
    assert!(refused(&[position(-1, 0)]).starts_with("M5"));
    assert!(refused(&[position(1, 1)]).starts_with("M4"));
    assert!(refused(&[position(1 << 32, 0)]).starts_with("M4"));
    assert!(refused(&[position(1, 0), position(2, 0)]).contains("stands twice"));
    let unknown = Position { instrument: InstrumentId::new(5), ..position(1, 0) };
    assert!(refused(&[unknown]).contains("is not listed"));
    assert!(coin.lots_from_decimal("0.000000001").is_err());
}

mod arrays;
mod both;
