//! A venue put together natively, before anything is proved: what does not belong together
//! is refused, and the state afterwards is the next epoch's.

use std::collections::BTreeMap;

use pasta_curves::Fp;
use zkmargin_margin::field::MarginField as _;
use zkmargin_margin::ids::{AccountId, ContextId, Epoch, Memo};
use zkmargin_margin::portfolio::{Blinding, Portfolio};
use zkmargin_margin::statement::venue::SubtreeDepth;
use zkmargin_params::market::{Market, MarketFile};
use zkmargin_params::presets;
use zkmargin_params::snapshot::Snapshot;
use zkmargin_prover::family::FamilyMarket;
use zkmargin_prover::haircut_proof::{WantedHaircut, WholeHaircut};
use zkmargin_prover::portfolio_file::{PortfolioDocument, PositionEntry};
use zkmargin_prover::venue::{Entry, State, StateFile, VenueError};
use zkmargin_prover::venue_proof::VenueProofError;

use crate::common;

fn fixture(name: &str) -> String {
    std::fs::read_to_string(common::static_fixtures().join(name)).unwrap()
}

fn market() -> Market<Fp> {
    let snapshot = Snapshot::from_json(&fixture("snapshot.json")).unwrap();
    let model = presets::by_name("hyperliquid").unwrap().model().unwrap();
    MarketFile::build::<Fp>(&model, &snapshot, Epoch::new(1)).unwrap().1
}

fn account(number: u8) -> AccountId {
    AccountId::new([number; 20])
}

/// Accounts, numbered from 1, of a thousandth of an ETH at 1706.71 and this cash.
fn portfolios(market: &Market<Fp>, cash: &[&str]) -> BTreeMap<AccountId, Portfolio> {
    let portfolio = |(number, cash): (u8, &&str)| {
        let held = vec![PositionEntry::new("ETH".into(), "0.001".into())];
        let mut document = PortfolioDocument::new(account(number), (*cash).into(), held);
        document.blinding = Some(Blinding::new([number; 31]));
        (account(number), FamilyMarket::<Fp>::listings(market).portfolio(&document).unwrap())
    };
    (1..).zip(cash).map(portfolio).collect()
}

fn state(portfolios: &BTreeMap<AccountId, Portfolio>) -> State<Fp> {
    let entry = |(account, portfolio): (&AccountId, &Portfolio)| Entry {
        account: *account,
        commitment: portfolio.commitment(),
    };
    let context = ContextId::derive("test", 1, [0; 20]);
    State::build(context, Epoch::new(1), portfolios.iter().map(entry).collect()).unwrap()
}

/// A unit of the quote currency.
const ONE: u128 = 100_000_000;

fn wanted() -> WantedHaircut {
    let depth = SubtreeDepth::new(1).unwrap();
    WantedHaircut { loss: 3 * ONE, memo: Memo::NONE, shape: None, depth }
}

/// Two winners, one of exactly nothing and one below it.
const CASH: [&str; 4] = ["10", "-1.70671", "20.5", "-2"];

#[test]
fn a_loss_is_shared_and_the_state_afterwards_is_the_next_epochs() {
    let market = market();
    let before = portfolios(&market, &CASH);
    let state = state(&before);
    let whole = WholeHaircut::new(&market, &state, &before, wanted()).unwrap();
    assert_eq!(whole.winners(), 2);
    assert_eq!(whole.haircut().loss(), 3 * ONE);
    // 11.70671 and 22.20671.
    assert_eq!(whole.haircut().equity(), 3_391_342_000);
    let cuts: Vec<u128> = whole.after().map(|(_, cut)| cut.cut).collect();
    assert_eq!(cuts.iter().sum::<u128>(), 3 * ONE);
    assert_eq!((cuts[1], cuts[3]), (0, 0));
    let after = whole.state_after().unwrap();
    assert_eq!((after.epoch(), after.context()), (Epoch::new(2), state.context()));
    assert_ne!(after.root(), state.root());
    for ((account, cut), entry) in whole.after().zip(after.entries()) {
        assert_eq!((account, cut.after.commitment()), (entry.account, entry.commitment));
    }
    assert!(whole.prepare(0).is_ok());
    assert!(matches!(whole.prepare(1), Err(VenueProofError::NoSubtree(1))));
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let market = market();
    let held = portfolios(&market, &CASH);
    let of_three = portfolios(&market, &CASH[..3]);
    let (good, less) = (state(&held), state(&of_three));
    let refused = |state: &State<Fp>, portfolios: &BTreeMap<AccountId, Portfolio>| {
        WholeHaircut::new(&market, state, portfolios, wanted()).unwrap_err()
    };
    let missing = refused(&good, &of_three);
    assert!(matches!(missing, VenueProofError::NoPortfolio(who) if who == account(4)));
    let unknown = refused(&less, &held);
    assert!(matches!(unknown, VenueProofError::NotInState(who) if who == account(4)));
    // The accounts of one state under the root of another.
    let root = |state: &State<Fp>| format!("0x{}", hex::encode(state.root().to_be_bytes()));
    let text = String::from_utf8(StateFile::from(&good).to_json()).unwrap();
    assert!(text.ends_with("}\n"));
    let damaged = text.replace(&root(&good), &root(&less));
    let damaged = StateFile::parse(damaged.as_bytes()).unwrap().state().unwrap();
    let damaged = refused(&damaged, &held);
    assert!(matches!(damaged, VenueProofError::State(VenueError::Damaged)), "{damaged}");
    // Accounts out of order, the last two of them.
    let swapped = text.replace(&account(3).to_string(), "x");
    let swapped = swapped.replace(&account(4).to_string(), &account(3).to_string());
    let swapped = swapped.replace("\"x\"", &format!("\"{}\"", account(4)));
    assert!(matches!(StateFile::parse(swapped.as_bytes()), Err(VenueError::Damaged)));
    // A state of another epoch than the market's.
    let text = text.replace("\"epoch\":1,", "\"epoch\":2,");
    let later = StateFile::parse(text.as_bytes()).unwrap().state().unwrap();
    let later = refused(&later, &held);
    assert!(matches!(later, VenueProofError::State(VenueError::OtherEpoch { .. })), "{later}");
}
