//! The leverage that positions say: how it is read, and what is proved of it.

use pasta_curves::Fp;
use zkmargin_circuits::family::FamilyCircuit as _;
use zkmargin_circuits::mock::is_satisfied;
use zkmargin_circuits::standard::StandardCircuit;
use zkmargin_margin::claim::{Claim, Level, Side};
use zkmargin_margin::ids::{AccountId, ContextId, Epoch, InstrumentId, Memo};
use zkmargin_margin::instance::{MarginInstance, Shortfall};
use zkmargin_margin::market::{STATE_DEPTH, state_leaf};
use zkmargin_margin::merkle::Tree;
use zkmargin_margin::portfolio::Portfolio;
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::standard::Standard;
use zkmargin_margin::statement::margin;
use zkmargin_params::market::Market;
use zkmargin_params::model::StandardModel;
use zkmargin_params::presets;
use zkmargin_params::snapshot::Snapshot;
use zkmargin_params::symbol::Symbol;

use super::{Listings, PortfolioDocument, PortfolioFileError};
use crate::whatif::{Trade, TradeError, as_held, changed, standard_order};

const ACCOUNT: &str = "0x00000000000000000000000000000000000000a1";

/// Hyperliquid's rules with BTC at 5x and 10x.
fn model() -> StandardModel {
    let chosen = ["5", "10"].map(|times| times.parse().unwrap());
    let preset = presets::by_name("hyperliquid").unwrap().model().unwrap();
    preset.offering(&[(Symbol::new("BTC").unwrap(), chosen.into())].into()).unwrap()
}

fn market() -> Market<Fp> {
    let json = r#"{"timestamp":1700000000,"source":"t","quote":"USDC",
        "prices":{"BTC":{"price":"36000"},"ETH":{"price":"2050.5"}}}"#;
    Market::build(&model(), &Snapshot::from_json(json).unwrap(), Epoch::new(1)).unwrap()
}

fn document(body: &str) -> PortfolioDocument {
    let blinding = "07".repeat(31);
    let text = format!(r#"{{"version":1,"account":"{ACCOUNT}","blinding":"0x{blinding}",{body}}}"#);
    PortfolioDocument::parse(text.as_bytes()).unwrap()
}

/// Half a BTC at a leverage, and a short ETH at the largest.
fn account(balance: &str, leverage: &str) -> PortfolioDocument {
    document(&format!(
        r#""balance":"{balance}","positions":[
        {{"instrument":"BTC","quantity":"0.5","entry_price":"35000"{leverage}}},
        {{"instrument":"ETH","quantity":"-2","entry_price":"2000"}}]"#
    ))
}

/// Whether an account meets initial margin: by the statement, and by its circuit.
fn proves_initial(market: &Market<Fp>, portfolio: &Portfolio) -> [bool; 2] {
    let commitment = portfolio.commitment::<Fp>();
    let (account, context) = (AccountId::new([0xa1; 20]), ContextId::derive("test", 1, [0; 20]));
    let leaf = state_leaf(account, commitment, context);
    let state = Tree::build(Domain::StateNode, STATE_DEPTH, vec![leaf]).unwrap();
    let path = state.path(0).unwrap();
    let witness = market.standard_witness(portfolio, commitment, path).unwrap();
    let instance = MarginInstance {
        context,
        epoch: Epoch::new(1),
        account,
        state_root: state.root(),
        market_root: market.root(),
        model: model().digest(),
        claim: Claim::new(Side::AtLeast, Level::Initial).unwrap(),
        disclosed: Shortfall::NONE,
        memo: Memo::NONE,
    };
    let natively = margin::check::<Standard<_>>(&instance, &witness).is_ok();
    let circuit = StandardCircuit::<Fp>::new(Shape::Small, instance, witness).unwrap();
    let k = StandardCircuit::<Fp>::k(Shape::Small);
    [natively, is_satisfied(k, &circuit, &instance).unwrap()]
}

/// 0.5 * 36,000 / 10 + 2 * 2,050.5 / 25 of an equity that is the balance and 399: to the
/// last unit of the quote currency.
#[test]
fn initial_margin_at_a_leverage_is_proved_to_the_unit() {
    let market = market();
    let listings = Listings::from(&market);
    let ten = r#","leverage":"10""#;
    let proves = |balance: &str, leverage: &str| {
        let portfolio = listings.portfolio(&account(balance, leverage)).unwrap();
        proves_initial(&market, &portfolio)
    };
    assert_eq!(proves("1565.04", ten), [true, true]);
    assert_eq!(proves("1565.03999999", ten), [false, false]);
    // The same account at the largest leverage.
    assert_eq!(proves("215.04", ""), [true, true]);
}

#[test]
fn a_leverage_is_the_listing_or_covered_or_refused() {
    let market = market();
    let listings = Listings::from(&market);
    let held = |leverage: &str| {
        let read = listings.portfolio(&account("0", &format!(r#","leverage":"{leverage}""#)));
        let id = |symbol| InstrumentId::from_symbol(symbol);
        let names = ["BTC", "BTC@5x", "BTC@10x"];
        read.map(|portfolio| {
            let positions = portfolio.positions();
            *names.iter().find(|name| positions.iter().any(|p| p.instrument == id(name))).unwrap()
        })
        .map_err(|error| error.to_string())
    };
    assert_eq!(held("10"), Ok("BTC@10x"));
    assert_eq!(held("5"), Ok("BTC@5x"));
    // At the largest and above the rates ask for as much.
    assert_eq!((held("40"), held("50")), (Ok("BTC"), Ok("BTC")));
    let refused = held("39").unwrap_err();
    assert_eq!(
        refused,
        "positions[0].leverage: the market does not list `BTC` at 39x, but at 5x, 10x, 40x and above"
    );
    for leverage in ["0", "1001", "010", "2.5", "10x", ""] {
        let refused = held(leverage).unwrap_err();
        assert!(refused.starts_with("positions[0].leverage: out of range, allowed is a whole"));
    }
    let read = |body: &str| listings.portfolio(&document(body)).unwrap_err();
    let at = read(r#""positions":[{"instrument":"BTC@10x","quantity":"1"}]"#);
    assert!(at.to_string().contains("a leverage is no part of the name"), "{at}");
    // One leverage for all of an instrument in a bucket.
    let both = read(
        r#""positions":[{"instrument":"BTC","quantity":"1","leverage":"10"},
        {"instrument":"BTC","quantity":"1","leverage":"5"}]"#,
    );
    assert!(matches!(both, PortfolioFileError::Duplicate { .. }));
    // What nobody else is to read.
    let unlisted = read(r#""positions":[{"instrument":"ETH","quantity":"1","leverage":"7"}]"#);
    assert_eq!(
        unlisted.to_string(),
        "positions[0].leverage: the market does not list `ETH` at 7x, but at 25x and above"
    );
    assert_eq!(unlisted.discreet().unwrap(), "positions[].leverage: the market does not list it");
}

/// Coins and options have no leverage, nor has anything under portfolio margin.
#[test]
fn what_has_no_leverage_says_none() {
    let model = presets::by_name("aave-like").unwrap().model().unwrap();
    let coin = model.instruments().keys().next().unwrap();
    let json = format!(
        r#"{{"timestamp":1,"source":"t","quote":"{}","prices":{{"{coin}":{{"price":"1"}}}}}}"#,
        model.quote()
    );
    let snapshot = Snapshot::from_json(&json).unwrap();
    let market = Market::<Fp>::build(&model, &snapshot, Epoch::new(1)).unwrap();
    let body = format!(r#""positions":[{{"instrument":"{coin}","quantity":"1","leverage":"1"}}]"#);
    let refused = Listings::from(&market).portfolio(&document(&body)).unwrap_err().to_string();
    assert!(refused.starts_with("positions[0].leverage: perpetuals and futures"), "{refused}");
}

/// Under markets that list other leverages a document can have another commitment.
#[test]
fn what_is_listed_is_what_commitments_depend_on() {
    let market = market();
    let lots: Vec<_> = Listings::from(&market).lots().collect();
    assert!(lots.contains(&"BTC at 10".to_owned()), "{lots:?}");
    assert!(lots.iter().any(|line| line.starts_with("BTC 1 5 true 40x")), "{lots:?}");
}

#[test]
fn trades_are_at_the_leverage_that_is_held() {
    let market = market();
    let before =
        Listings::from(&market).portfolio(&account("2000", r#","leverage":"10""#)).unwrap();
    let trade = |symbol: &str, quantity: &str| Trade {
        symbol: Symbol::of_listing(symbol).unwrap(),
        quantity: quantity.parse().unwrap(),
        price: None,
    };
    let held = |symbol: &str| {
        as_held(&market, &before, &trade(symbol, "1")).map(|trade| trade.symbol.to_string())
    };
    assert_eq!((held("BTC"), held("BTC@10x")), (Ok("BTC@10x".into()), Ok("BTC@10x".into())));
    assert_eq!(held("BTC@5x"), Err(TradeError::OtherLeverage));
    assert_eq!(held("ETH"), Ok("ETH".into()));
    let sold = as_held(&market, &before, &trade("BTC", "-0.5")).unwrap();
    let order = standard_order(&market, &sold).unwrap();
    let carrier = market.listings().next().map(|listing| listing.id());
    let after = changed(&before, Some(order), 0, carrier).unwrap();
    let lots = |p: &&zkmargin_margin::portfolio::Position| p.quantity.get() != 0;
    assert_eq!(after.positions().iter().filter(lots).count(), 1);
}
