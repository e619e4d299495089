//! The program of the documentation of `zkmargin_prover::api`, and what it refuses.

use crate::common;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use pasta_curves::Fp;
use rust_decimal::Decimal;
use zkmargin_margin::claim::{Claim, Level};
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::{AccountId, ContextId, Epoch};
use zkmargin_margin::layout::ColumnLayout;
use zkmargin_margin::shape::ProofSystem;
use zkmargin_params::cache::ParamsCache;
use zkmargin_params::market::MarketFile;
use zkmargin_params::presets;
use zkmargin_params::snapshot::Snapshot;
use zkmargin_params::srs::store::Replace;
use zkmargin_params::srs::{SrsStore, dev};
use zkmargin_prover::api::{ApiError, Figure, Path, State};
use zkmargin_prover::crypt::{self, Keys, NewIdentity, Recipients};
use zkmargin_prover::portfolio_file::PortfolioDocument;
use zkmargin_prover::whatif::Trade;
use zkmargin_prover::{Expected, Market, Policy, Prover, Setup, Venue, Verifier};

const PLAIN: &str = r#"{"version": 1, "account": "0x00000000000000000000000000000000000000a1",
    "balance": "1000", "positions": [
      {"instrument": "BTC", "quantity": "-0.005", "entry_price": "27100"}]}"#;

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn context() -> ContextId {
    ContextId::derive("my-protocol", 0, [0; 20])
}

/// The file of a market in an epoch, with prices of a time.
fn market_json(system: ProofSystem, epoch: u64, time: u64) -> String {
    let model = presets::by_name("hyperliquid").unwrap().model().unwrap();
    let snapshot = format!(
        r#"{{"timestamp": {time}, "source": "a test", "quote": "USDC",
            "prices": {{"BTC": {{"price": "26961.2"}}, "ETH": {{"price": "1724.3"}}}}}}"#
    );
    let (snapshot, epoch) = (Snapshot::from_json(&snapshot).unwrap(), Epoch::new(epoch));
    match system {
        ProofSystem::Ipa => MarketFile::build::<Fp>(&model, &snapshot, epoch).unwrap().0.to_json(),
        ProofSystem::Kzg => {
            MarketFile::build::<Bn254Fr>(&model, &snapshot, epoch).unwrap().0.to_json()
        }
    }
}

/// An encrypted portfolio, and what opens it.
fn encrypted() -> (Vec<u8>, NewIdentity) {
    let new = NewIdentity::generate();
    let recipients = Recipients::Keys(vec![Recipients::parse_key(&new.recipient()).unwrap()]);
    let mut document = PortfolioDocument::parse(PLAIN.as_bytes()).unwrap();
    document.ensure_blinding().unwrap();
    (crypt::encrypt(&document.to_json(), &recipients, false).unwrap(), new)
}

fn mismatch(error: ApiError) -> Figure {
    match error {
        ApiError::Mismatch { figure, .. } => figure,
        other => panic!("{other}"),
    }
}

#[test]
fn load_commit_prove_and_verify() {
    let (portfolio_age, identity) = encrypted();
    let time = now() - 60;
    let market = Market::from_json(&market_json(ProofSystem::Ipa, 1, time)).unwrap();
    let keys = Keys::parse(&identity.file()).unwrap();
    let plain = crypt::decrypt(&portfolio_age, &keys).unwrap();
    let portfolio = PortfolioDocument::parse(&plain).unwrap();

    let mut venue = Venue::new(context(), market.proof_system());
    venue.commit(&market, &portfolio).unwrap();
    let state = venue.state(market.epoch()).unwrap();

    let cache = ParamsCache::open(common::cache()).unwrap();
    let setup = Arc::new(Setup::with_cache(cache));
    let claim: Claim = "at-least:initial".parse().unwrap();
    let path = state.path(portfolio.account).unwrap();
    let prover = Prover::new(Arc::clone(&setup));
    let proof = prover.prove(&market, &path, &portfolio, claim).unwrap();

    let expected = Expected::own(&market, &state).unwrap();
    let policy = Policy::new(Level::Maintenance, 15 * 60).of_account(portfolio.account);
    let verifier = Verifier::new(setup);
    let verdict = verifier.verify(&proof.json, &expected, &policy).unwrap();
    assert_eq!(verdict.claim.data(), &proof.claim);
    assert!((60..15 * 60).contains(&verdict.age), "{}", verdict.age);

    // A true proof, about something else.
    let refused = |expected: &Expected, policy: &Policy| {
        verifier.verify(&proof.json, expected, policy).unwrap_err()
    };
    let other = AccountId::new([9; 20]);
    assert_eq!(mismatch(refused(&expected, &policy.of_account(other))), Figure::Account);
    let later = Market::from_json(&market_json(ProofSystem::Ipa, 2, now())).unwrap();
    let later_state = venue.state(later.epoch()).unwrap();
    let at = Expected::own(&later, &later_state).unwrap();
    assert_eq!(mismatch(refused(&at, &policy)), Figure::Epoch);
    assert_eq!(mismatch(Expected::own(&market, &later_state).unwrap_err()), Figure::Epoch);
    let same = Market::from_json(&market_json(ProofSystem::Ipa, 1, time - 1)).unwrap();
    let at = Expected::own(&same, &state).unwrap();
    assert_eq!(mismatch(refused(&at, &policy)), Figure::MarketRoot);
    let mut others = Venue::new(context(), ProofSystem::Ipa);
    others.commit(&market, &portfolio).unwrap();
    others.insert(other, market.commitment(&portfolio).unwrap());
    let at = Expected::own(&market, &others.state(market.epoch()).unwrap()).unwrap();
    assert_eq!(mismatch(refused(&at, &policy)), Figure::StateRoot);
    let mut leveraged = policy;
    leveraged.leverage = Some("10".parse().unwrap());
    assert_eq!(mismatch(refused(&expected, &leveraged)), Figure::Claim);
    // Of old prices, whatever it proves.
    let error = verifier.verify_at(&proof.json, &expected, &policy, now() + 3_600).unwrap_err();
    assert!(matches!(error, ApiError::NotFresh(_)), "{error}");
    // One that is none.
    let forged = proof.json.replace("at-least:initial", "at-least:maintenance");
    assert!(matches!(verifier.check(&forged), Err(ApiError::Proof(_))));
    // A claim that is false costs no proof.
    let below: Claim = "below:maintenance".parse().unwrap();
    let error = prover.prove(&market, &path, &portfolio, below).unwrap_err();
    assert!(matches!(error, ApiError::Proving(error) if error.is_false_statement()));
}

#[test]
fn proof_systems_do_not_mix_and_files_round_trip() {
    let market = Market::from_json(&market_json(ProofSystem::Kzg, 3, 1_700_000_000)).unwrap();
    let mut portfolio = PortfolioDocument::parse(PLAIN.as_bytes()).unwrap();
    assert!(market.commitment(&portfolio).is_err(), "without a blinding there is no commitment");
    portfolio.ensure_blinding().unwrap();
    let mut venue = Venue::new(context(), ProofSystem::Ipa);
    let error = venue.commit(&market, &portfolio).unwrap_err();
    assert!(matches!(error, ApiError::ProofSystem { what: "the venue", .. }), "{error}");

    let mut venue = Venue::new(context(), ProofSystem::Kzg);
    venue.commit(&market, &portfolio).unwrap();
    let state = venue.state(market.epoch()).unwrap();
    let again = State::parse(&state.to_json()).unwrap();
    assert_eq!((again.root(), again.epoch()), (state.root(), Epoch::new(3)));
    let path = state.path(portfolio.account).unwrap();
    assert_eq!(Path::parse(&path.to_json()).unwrap().proof_system(), ProofSystem::Kzg);
    let ipa = Market::from_json(&market_json(ProofSystem::Ipa, 3, 1_700_000_000)).unwrap();
    let prover = Prover::new(Arc::new(Setup::without_cache()));
    let claim: Claim = "at-least:maintenance".parse().unwrap();
    let error = prover.prove(&ipa, &path, &portfolio, claim).unwrap_err();
    assert!(matches!(error, ApiError::ProofSystem { what: "the path", .. }), "{error}");
}

/// A wide proof is made where it is asked for, and the verifier takes it as it takes the
/// usual ones: it reads the layout off the file.
#[test]
fn wide_proofs_are_made_and_verified() {
    let time = now() - 60;
    let market = Market::from_json(&market_json(ProofSystem::Kzg, 1, time)).unwrap();
    let mut portfolio = PortfolioDocument::parse(PLAIN.as_bytes()).unwrap();
    portfolio.ensure_blinding().unwrap();
    let mut venue = Venue::new(context(), ProofSystem::Kzg);
    venue.commit(&market, &portfolio).unwrap();
    let state = venue.state(market.epoch()).unwrap();
    let path = state.path(portfolio.account).unwrap();

    let directory = tempfile::tempdir().unwrap();
    let store = SrsStore::open(directory.path()).unwrap();
    // Enough for the wide circuit alone.
    store.put(&dev(12, 0).unwrap(), Replace::Refuse).unwrap();
    let setup = Arc::new(Setup::without_cache().and_srs(store));
    let prover = Prover::new(Arc::clone(&setup)).insecure_dev_srs();
    let claim: Claim = "at-least:initial".parse().unwrap();
    let usual = prover.prove(&market, &path, &portfolio, claim).unwrap_err();
    assert!(matches!(usual, ApiError::Setup(_)), "{usual}");
    let wide = prover.clone().with_layout(ColumnLayout::Wide);
    let proof = wide.prove(&market, &path, &portfolio, claim).unwrap();
    assert_eq!(proof.circuit.to_string(), "standard-small-kzg-wide");

    let expected = Expected::own(&market, &state).unwrap();
    let policy = Policy::new(Level::Maintenance, 15 * 60).of_account(portfolio.account);
    let verifier = Verifier::new(setup).insecure_dev_srs();
    let verdict = verifier.verify(&proof.json, &expected, &policy).unwrap();
    assert_eq!(verdict.claim.data(), &proof.claim);
    // Of what it says nothing can be changed, the layout included.
    let forged = proof.json.replace("at-least:initial", "at-least:maintenance");
    assert!(matches!(verifier.check(&forged), Err(ApiError::Proof(_))));
    let tall = proof.json.replace("\n  \"layout\": \"wide\",", "");
    assert!(tall != proof.json && verifier.check(&tall).is_err());

    let ipa = Market::from_json(&market_json(ProofSystem::Ipa, 1, time)).unwrap();
    let mut venue = Venue::new(context(), ProofSystem::Ipa);
    venue.commit(&ipa, &portfolio).unwrap();
    let path = venue.state(ipa.epoch()).unwrap().path(portfolio.account).unwrap();
    let tall = prover.with_layout(ColumnLayout::Tall);
    let error = tall.prove(&ipa, &path, &portfolio, claim).unwrap_err();
    assert!(matches!(error, ApiError::Layout { .. }), "{error}");
}

#[test]
fn an_owner_asks_for_margin_what_if_and_stress() {
    let market = Market::from_json(&market_json(ProofSystem::Ipa, 1, 1_700_000_000)).unwrap();
    let portfolio = PortfolioDocument::parse(PLAIN.as_bytes()).unwrap();
    assert_eq!(market.health(&portfolio).unwrap().level, Level::Initial);
    let trade =
        Trade { symbol: "BTC".parse().unwrap(), quantity: "0.005".parse().unwrap(), price: None };
    let found = market.what_if(&portfolio, Some(&trade), Decimal::from(-10)).unwrap();
    let found = serde_json::to_value(&found).unwrap();
    assert_eq!(found["before"]["equity"], "1000.694");
    assert_eq!(found["after"]["equity"], "990.694");
    assert_eq!(found["after"]["maintenance_requirement"], "0");
    let points = market.stress(&portfolio, &["0.5", "1", "2"].map(|f| f.parse().unwrap())).unwrap();
    let equity: Vec<_> = points.iter().map(|point| point.equity.as_str()).collect();
    // 0.005 * 26961.2 / 2 more, and twice that less.
    assert_eq!(equity, ["1068.097", "1000.694", "865.888"]);
}
