use pasta_curves::Fp;
use proptest::prelude::*;
use zkmargin_margin::claim::{Claim, Level, Side};
use zkmargin_margin::ids::{AccountId, BucketId, ContextId, Memo};
use zkmargin_margin::instance::{MarginInstance, Shortfall};
use zkmargin_margin::market::{STATE_DEPTH, state_leaf};
use zkmargin_margin::portfolio::Blinding;
use zkmargin_margin::standard::Standard;
use zkmargin_margin::statement::margin;

use super::*;
use crate::import::hyperliquid;
use crate::presets;

const ACCOUNT: &str = zkmargin_examples::ACCOUNT;
const SNAPSHOT: &str = zkmargin_examples::SNAPSHOT;
const DROP: &str = zkmargin_examples::SNAPSHOT_DROP;
const RECOVERY: &str = zkmargin_examples::SNAPSHOT_RECOVERY;

fn model(name: &str) -> StandardModel {
    presets::by_name(name).unwrap().model().unwrap()
}

fn market(snapshot: &str, epoch: u64) -> Market<Fp> {
    let snapshot = Snapshot::from_json(snapshot).unwrap();
    Market::build(&model("hyperliquid"), &snapshot, Epoch::new(epoch)).unwrap()
}

fn snapshot(quote: &str, prices: &str) -> Snapshot {
    let json = format!(r#"{{"timestamp":1,"source":"t","quote":"{quote}","prices":{prices}}}"#);
    Snapshot::from_json(&json).unwrap()
}

/// The real account's positions: the cash stands with the first one.
fn positions(market: &Market<Fp>) -> Vec<Position> {
    let account = hyperliquid::account(ACCOUNT).unwrap();
    let mut cash = market.amount_from_decimal(&account.cash.to_string()).unwrap();
    let position = |p: &hyperliquid::ImportedPosition| {
        let listing = market.listing(p.symbol.as_str()).unwrap();
        Position {
            bucket: BucketId::CROSS,
            instrument: listing.id(),
            quantity: listing.lots_from_decimal(&p.size.to_string()).unwrap(),
            cash: std::mem::take(&mut cash),
        }
    };
    account.positions.iter().map(position).collect()
}

#[test]
fn the_real_account_reproduces() {
    let account = hyperliquid::account(ACCOUNT).unwrap();
    let market = market(SNAPSHOT, 1);
    assert_eq!(
        account.snapshot.as_ref().unwrap().prices(),
        Snapshot::from_json(SNAPSHOT).unwrap().prices()
    );
    let margin = market.margin(&positions(&market)).unwrap();
    assert_eq!(market.format_amount(margin.equity()), "1182.312496");
    let notional: u128 = margin.positions.iter().map(|p| p.notional.get()).sum();
    assert_eq!(market.format_amount(notional.cast_signed()), "3434.815334");
    assert_eq!(account.account_value.to_string(), "1182.312496");
    assert_eq!(account.total_notional.to_string(), "3434.815334");
    assert_eq!(margin.level(), Level::Initial);
}

#[test]
fn the_drop_calls_the_account_and_the_recovery_cures_it() {
    let drop = market(DROP, 2);
    let margin = drop.margin(&positions(&drop)).unwrap();
    assert_eq!(margin.level(), Level::MarginCall);
    assert_eq!(drop.format_amount(margin.equity()), "34.9152738");
    assert!(margin.equity() >= 0 && margin.equity().unsigned_abs() < margin.maintenance());
    let recovery = market(RECOVERY, 3);
    assert_eq!(recovery.margin(&positions(&recovery)).unwrap().level(), Level::Initial);
}

#[test]
fn witnesses_satisfy_the_relation() {
    let market = market(DROP, 2);
    let portfolio = Portfolio::new(positions(&market), Blinding::new([7; 31])).unwrap();
    let commitment = portfolio.commitment::<Fp>();
    let account = AccountId::new([1; 20]);
    let context = ContextId::derive("test", 1, [0; 20]);
    let leaf = state_leaf(account, commitment, context);
    let state = Tree::build(Domain::StateNode, STATE_DEPTH, vec![leaf]).unwrap();
    let path = state.path(0).unwrap();
    let witness = market.standard_witness(&portfolio, commitment, path).unwrap();
    let shortfall = market.margin(portfolio.positions()).unwrap().shortfall(Level::Maintenance);
    let instance = |side| MarginInstance {
        context,
        epoch: Epoch::new(2),
        account,
        state_root: state.root(),
        market_root: market.root(),
        model: model("hyperliquid").digest(),
        claim: Claim::new(side, Level::Maintenance).unwrap(),
        disclosed: Shortfall::new(shortfall).unwrap(),
        memo: Memo::NONE,
    };
    assert_eq!(margin::check::<Standard<_>>(&instance(Side::Below), &witness), Ok(()));
    assert!(margin::check::<Standard<_>>(&instance(Side::AtLeast), &witness).is_err());
    let (row, path) = market.padding();
    assert_eq!(path.root(row.leaf()), Some(market.tree_root()));
    assert!(row.assess(Lots::ZERO, market.denominator()).is_ok());
}

#[test]
fn roots_are_deterministic_and_pinned() {
    let root = |market: &Market<Fp>| format!("0x{}\n", hex::encode(market.root().to_be_bytes()));
    let first = market(SNAPSHOT, 1);
    assert_eq!(root(&first), root(&market(SNAPSHOT, 1)));
    assert_ne!(root(&first), root(&market(SNAPSHOT, 2)));
    assert_ne!(root(&first), root(&market(DROP, 1)));
    let serial =
        Tree::build(Domain::MarketNode, MARKET_DEPTH, first.tree.leaves().to_vec()).unwrap();
    assert_eq!(serial.root(), first.tree_root());
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/market-root-pasta-fp.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(golden, root(&first)).unwrap();
    }
    assert_eq!(std::fs::read_to_string(golden).unwrap(), root(&first));
}

#[test]
fn files_are_recomputed_and_lies_refused() {
    let snapshot = Snapshot::from_json(SNAPSHOT).unwrap();
    let (file, market) =
        MarketFile::build::<Fp>(&model("hyperliquid"), &snapshot, Epoch::new(1)).unwrap();
    let json = file.to_json();
    let again = MarketFile::from_json(&json).unwrap();
    assert_eq!(again, file);
    assert_eq!(again.market::<Fp>().unwrap().root(), market.root());
    let lie = json.replace("26961.2", "26961.3");
    let error = MarketFile::from_json(&lie).unwrap().market::<Fp>().unwrap_err();
    assert!(matches!(error, MarketFileError::RootMismatch { .. }), "{error}");
    let refused = |from: &str, to: &str| {
        assert!(json.contains(from), "{from}");
        MarketFile::from_json(&json.replacen(from, to, 1)).and_then(|file| file.market::<Fp>())
    };
    let version = refused("\"version\": 1", "\"version\": 2");
    assert!(matches!(version, Err(MarketFileError::Version(2))));
    let family = refused("\"standard\"", "\"scenario\"");
    assert!(matches!(family, Err(MarketFileError::Family { .. })));
    let field = refused("pasta-fp", "bn254");
    assert!(matches!(field, Err(MarketFileError::Field { .. })));
    let epoch = refused("\"epoch\": 1", "\"epoch\": 2");
    assert!(matches!(epoch, Err(MarketFileError::RootMismatch { .. })));
    assert!(matches!(refused("\"epoch\"", "\"epok\""), Err(MarketFileError::Json { .. })));
}

#[test]
fn rows_stand_by_symbol_and_directions_are_told_apart() {
    let snapshot = snapshot("USD", r#"{"ETH":{"price":"1700"},"USDC":{"price":"1"}}"#);
    let market = Market::<Fp>::build(&model("aave-like"), &snapshot, Epoch::new(1)).unwrap();
    assert_eq!(market.rows().len(), 4);
    assert_eq!(market.unpriced(), [Symbol::new("WBTC").unwrap()]);
    let symbols: Vec<_> = market.listings().map(|l| l.symbol().to_string()).collect();
    assert_eq!(symbols, ["ETH", "USDC"]);
    let eth = market.listing("ETH").unwrap();
    assert_eq!(market.row_index(eth.id(), Lots::new(5)).unwrap(), 0);
    assert_eq!(market.row_index(eth.id(), Lots::ZERO).unwrap(), 0);
    assert_eq!(market.row_index(eth.id(), Lots::new(-5)).unwrap(), 1);
    assert!(market.listing("WBTC").is_none() && market.listing_by_id(eth.id()).is_some());
    let unknown = market.row_index(InstrumentId::new(1), Lots::ZERO).unwrap_err();
    assert_eq!(unknown.to_string(), "instrument 0x0000000000000001 is not listed in this market");
    assert!(matches!(market.path(4), Err(MarketError::NoSuchRow(4))));
}

#[test]
fn positions_past_the_last_tier_are_refused() {
    let snapshot = snapshot("USDT", r#"{"BTCUSDT":{"price":"93951.8"},"BTC":{"price":"93902"}}"#);
    let market = Market::<Fp>::build(&model("binance-usdm"), &snapshot, Epoch::new(1)).unwrap();
    let listing = market.listing("BTCUSDT").unwrap();
    let lots = |text| listing.lots_from_decimal(text).unwrap();
    assert!(market.row_index(listing.id(), lots("-19000")).is_ok());
    let error = market.row_index(listing.id(), lots("19200")).unwrap_err();
    assert_eq!(error.to_string(), "BTCUSDT: the position is larger than the last tier allows");
    let btc = market.listing("BTC").unwrap();
    let error = market.row_index(btc.id(), Lots::new(-1)).unwrap_err();
    assert_eq!(error.to_string(), "BTC cannot be held short under this model");
    let twice = Position {
        bucket: BucketId::CROSS,
        instrument: btc.id(),
        quantity: Lots::new(1),
        cash: Amount::ZERO,
    };
    let error = market.margin(&[twice.clone(), twice]).unwrap_err();
    assert!(matches!(error, MarketError::DuplicatePosition(_)));
}

#[test]
fn bad_markets_are_refused() {
    let build = |model: &StandardModel, prices: &str| {
        let snapshot = snapshot(model.quote().as_str(), prices);
        Market::<Fp>::build(model, &snapshot, Epoch::new(1)).map(|_| ()).unwrap_err().to_string()
    };
    let hyperliquid = model("hyperliquid");
    assert!(build(&hyperliquid, r#"{"XYZ":{"price":"1"}}"#).contains("prices none of"));
    let usd = snapshot("USD", r#"{"BTC":{"price":"1"}}"#);
    let error = Market::<Fp>::build(&hyperliquid, &usd, Epoch::new(1)).unwrap_err();
    assert_eq!(error.to_string(), "the model is quoted in USDC and the snapshot in USD");
    let huge = build(
        &hyperliquid,
        r#"{"BTC":{"price":"1000000000000000"},"ATOM":{"price":"1000000000000000"}}"#,
    );
    assert!(huge.starts_with("ATOM: the price of one lot (0.01) must be below"), "{huge}");
    let dydx = build(&model("dydx-v4"), r#"{"SOL-USD":{"price":"20"}}"#);
    assert!(dydx.starts_with("SOL-USD: the model scales margin with open interest"), "{dydx}");
    let mut spec = hyperliquid.spec().clone();
    spec.minimum_confidence = Some("0.95".parse().unwrap());
    let careful = StandardModel::new(spec).unwrap();
    let low = build(&careful, r#"{"BTC":{"price":"1","confidence":"0.9"}}"#);
    assert_eq!(low, "BTC: the price's confidence is 0.9, at least 0.95 is needed");
    let none = build(&careful, r#"{"BTC":{"price":"1"}}"#);
    assert!(none.contains("is not stated"), "{none}");
}

#[test]
fn too_many_rows_and_colliding_ids_are_refused() {
    let hyperliquid = model("hyperliquid");
    let rule = hyperliquid.instruments()[&Symbol::new("BTC").unwrap()].clone();
    let many = |symbols: Vec<Symbol>| {
        let mut spec = hyperliquid.spec().clone();
        spec.instruments = symbols.iter().map(|s| (s.clone(), rule.clone())).collect();
        let point =
            PricePoint { price: "1".parse().unwrap(), confidence: None, open_interest: None };
        let prices = symbols.into_iter().map(|s| (s, point)).collect();
        let quote = Symbol::new("USDC").unwrap();
        let time = zkmargin_margin::ids::Timestamp::new(1);
        let snapshot = Snapshot::new(time, "t", quote, prices).unwrap();
        Market::<Fp>::build(&StandardModel::new(spec).unwrap(), &snapshot, Epoch::new(1))
    };
    let numbered = |n: u32| (0..n).map(|i| Symbol::new(&format!("S{i}")).unwrap()).collect();
    let error = many(numbered(8193)).unwrap_err();
    assert!(matches!(error, MarketError::TooManyRows { rows: 16_386 }), "{error}");
    assert_eq!(MAX_ROWS, 16_384);
}

#[test]
fn open_interest_raises_the_initial_rate_only() {
    let dydx = model("dydx-v4");
    let rates = |interest: &str| {
        let prices = format!(r#"{{"SOL-USD":{{"price":"20","open_interest":"{interest}"}}}}"#);
        let snapshot = snapshot("USD", &prices);
        let market = Market::<Fp>::build(&dydx, &snapshot, Epoch::new(1)).unwrap();
        (market.rows()[0].initial.rate.get(), market.rows()[0].maintenance.rate.get())
    };
    // Caps at 40 M and 100 M: 2 M and 5 M coins at 20.
    assert_eq!(rates("2000000"), (50_000, 50_000));
    assert_eq!(rates("3500000"), (525_000, 50_000));
    assert_eq!(rates("5000000"), (1_000_000, 50_000));
    assert_eq!(rates("1000000000000000000"), (1_000_000, 50_000));
}

#[test]
fn dydx_rounds_twice_in_its_own_units() {
    // BTC at the chain's genesis price.
    let snapshot = snapshot("USD", r#"{"BTC-USD":{"price":"28688.19524"}}"#);
    let market = Market::<Fp>::build(&model("dydx-v4"), &snapshot, Epoch::new(1)).unwrap();
    let btc = market.listing("BTC-USD").unwrap();
    assert_eq!((btc.price().mantissa(), btc.price().unit()), (2_868_819_524, 1_000_000_000));
    let row = market.rows()[market.row_index(btc.id(), Lots::new(-1)).unwrap()];
    let lots = btc.lots_from_decimal("-1").unwrap();
    assert_eq!(lots.get(), -10_000_000_000);
    let figures = row.assess(lots, market.denominator()).unwrap();
    assert_eq!(figures.value, -28_688_195_240);
    // 2 % is 573,763,904.8 quantums; 60 % of the rounded figure is 344,258,343.
    assert_eq!((figures.initial, figures.maintenance), (573_763_905, 344_258_343));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn every_row_found_accepts(lots in any::<i64>(), shift in 0u32..40, pick in 0usize..12) {
        thread_local!(static MARKET: Market<Fp> = market(SNAPSHOT, 1));
        MARKET.with(|market| {
            let listing = market.listings().nth(pick).unwrap();
            let lots = Lots::new(lots >> shift);
            match market.row_index(listing.id(), lots) {
                Ok(index) => {
                    let row = &market.rows()[index];
                    prop_assert_eq!(row.instrument, listing.id());
                    prop_assert!(row.assess(lots, market.denominator()).is_ok());
                    // And no other row of the instrument does.
                    let accepting = listing
                        .rows()
                        .filter(|i| market.rows()[*i].assess(lots, market.denominator()).is_ok());
                    prop_assert_eq!(accepting.collect::<Vec<_>>(), vec![index]);
                }
                Err(error) => {
                    let too_large = matches!(error, MarketError::NotionalTooLarge { .. });
                    prop_assert!(too_large);
                }
            }
            Ok(())
        })?;
    }
}

/// A market that lists BTC at 10x and 20x.
fn leveraged(prices: &str) -> Market<Fp> {
    let chosen = ["10", "20"].map(|times| times.parse().unwrap());
    let wanted = [(Symbol::new("BTC").unwrap(), chosen.into())].into();
    let model = model("hyperliquid").offering(&wanted).unwrap();
    Market::build(&model, &snapshot("USDC", prices), Epoch::new(1)).unwrap()
}

fn one(market: &Market<Fp>, symbol: &str, quantity: &str) -> Position {
    let listing = market.listing(symbol).unwrap();
    Position {
        bucket: BucketId::CROSS,
        instrument: listing.id(),
        quantity: listing.lots_from_decimal(quantity).unwrap(),
        cash: Amount::ZERO,
    }
}

#[test]
fn an_instrument_at_a_leverage_differs_by_its_initial_margin_alone() {
    let market = leveraged(r#"{"BTC":{"price":"60000"},"ETH":{"price":"2500"}}"#);
    let names: Vec<_> = market.listings().map(|listing| listing.symbol().as_str()).collect();
    assert_eq!(names, ["BTC", "BTC@10x", "BTC@20x", "ETH"]);
    let [plain, ten] = ["BTC", "BTC@10x"].map(|name| market.listing(name).unwrap());
    assert_eq!((ten.mark(), ten.price()), (plain.mark(), plain.price()));
    assert_eq!((ten.lot_size(), ten.kind()), (plain.lot_size(), plain.kind()));
    assert_eq!((ten.instrument(), ten.leverage()), (plain.symbol(), Some("10".parse().unwrap())));
    assert_eq!((plain.leverage(), plain.largest_leverage()), (None, Some(40)));
    for (own, chosen) in plain.rows().zip(ten.rows()) {
        let (own, chosen) = (market.rows()[own], market.rows()[chosen]);
        assert_eq!(TierRow { instrument: own.instrument, initial: own.initial, ..chosen }, own);
    }
    let asked = |symbol: &str| {
        let margin = market.margin(&[one(&market, symbol, "-0.5")]).unwrap();
        [margin.initial(), margin.maintenance()].map(|m| market.format_amount(m.cast_signed()))
    };
    assert_eq!(asked("BTC"), ["750", "375"]);
    assert_eq!(asked("BTC@20x"), ["1500", "375"]);
    assert_eq!(asked("BTC@10x"), ["3000", "375"]);
    assert!(market.listing("BTC@5x").is_none() && market.listing("ETH@10x").is_none());
    // What is on no other market is on no list of rows either.
    let model = model("hyperliquid");
    let rows = |model: &StandardModel| fixed_rows(model).unwrap().len();
    let wanted = [(Symbol::new("BTC").unwrap(), ["10".parse().unwrap()].into())].into();
    assert_eq!(rows(&model.offering(&wanted).unwrap()), rows(&model) + plain.rows().len());
}

/// Tiers are of all that an account holds of an instrument: it is not split.
#[test]
fn an_instrument_has_one_leverage_in_a_bucket() {
    let market = leveraged(r#"{"BTC":{"price":"60000"}}"#);
    let mut positions = vec![one(&market, "BTC", "1"), one(&market, "BTC@10x", "1")];
    let refused = |positions: &[Position]| {
        let error = market.margin(positions).unwrap_err();
        assert!(error.discreet().is_some());
        error.to_string()
    };
    assert!(refused(&positions).starts_with("BTC stands at two leverages in one bucket"));
    positions[0].instrument = market.listing("BTC@20x").unwrap().id();
    assert!(refused(&positions).starts_with("BTC stands at two leverages"));
    positions.sort_by_key(Position::key);
    let portfolio = Portfolio::new(positions.clone(), Blinding::new([7; 31])).unwrap();
    let state = Tree::build(Domain::StateNode, STATE_DEPTH, vec![Fp::one()]).unwrap();
    let witness = market.standard_witness(&portfolio, Fp::one(), state.path(0).unwrap());
    assert!(matches!(witness, Err(MarketError::TwoLeverages { .. })));
    // Not in two buckets, nor beside a carrier of cash.
    positions[1].bucket = BucketId::new(1);
    assert!(market.margin(&positions).is_ok());
    positions[1].bucket = BucketId::CROSS;
    positions[1].quantity = Lots::ZERO;
    assert!(market.margin(&positions).is_ok());
}

#[test]
fn what_moves_of_a_market_is_an_instruments_price_once() {
    let file = |prices: &str| {
        let wanted = [(Symbol::new("BTC").unwrap(), ["10".parse().unwrap()].into())].into();
        let model = model("hyperliquid").offering(&wanted).unwrap();
        let (file, _) =
            MarketFile::build::<Fp>(&model, &snapshot("USDC", prices), Epoch::new(1)).unwrap();
        let again = MarketFile::from_json(&file.to_json()).unwrap();
        assert!(again.market::<Fp>().is_ok());
        AnyMarketFile::Standard(Box::new(file))
    };
    let [before, after] = ["60000", "66000"].map(|price| {
        let file = file(&format!(r#"{{"BTC":{{"price":"{price}"}}}}"#));
        moves::Marks::of(&file)
    });
    let moves = moves::moves(&before, &after, None, &moves::Announced::default());
    let told: Vec<_> = moves.iter().map(|moved| (moved.name.as_str(), moved.bps)).collect();
    assert_eq!(told, [("BTC", 1_000)]);
}
