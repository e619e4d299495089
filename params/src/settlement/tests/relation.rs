//! Witnesses of a market, under the statement itself.

use pasta_curves::Fp;
use zkmargin_margin::claim::{Claim, Level, Side};
use zkmargin_margin::ids::{AccountId, BucketId, ContextId, Epoch, Memo};
use zkmargin_margin::instance::{MarginInstance, Shortfall};
use zkmargin_margin::market::{STATE_DEPTH, state_leaf};
use zkmargin_margin::merkle::Tree;
use zkmargin_margin::portfolio::{Blinding, Portfolio, Position};
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::settlement::Settlement;
use zkmargin_margin::statement::margin;

use super::{CALM, build, model, snapshot};
use crate::market::settlement::Market;

/// A call spread, a short put, a perpetual and coins, with so much cash.
fn portfolio(market: &Market<Fp>, cash: &str) -> Portfolio {
    let held = [
        ("ETH-605700-2950-C", "-10", cash),
        ("ETH-605700-3100-C", "10", "0"),
        ("BTC-7776900-91500-P", "-0.5", "0"),
        ("BTC-PERP", "0.25", "-120.5"),
        ("ETH", "2.5", "0"),
    ];
    let mut positions: Vec<_> = held
        .iter()
        .map(|(symbol, quantity, cash)| {
            let listing = market.listing(symbol).unwrap();
            Position {
                bucket: BucketId::CROSS,
                instrument: listing.id(),
                quantity: listing.lots_from_decimal(quantity).unwrap(),
                cash: market.amount_from_decimal(cash).unwrap(),
            }
        })
        .collect();
    positions.sort_by_key(Position::key);
    Portfolio::new(positions, Blinding::new([7; 32])).unwrap()
}

#[test]
fn witnesses_satisfy_the_relation() {
    let market = build(&snapshot(CALM)).unwrap();
    for (cash, side) in [("20000", Side::AtLeast), ("5000", Side::Below)] {
        let portfolio = portfolio(&market, cash);
        let commitment = portfolio.commitment::<Fp>();
        let (account, context) = (AccountId::new([1; 20]), ContextId::derive("test", 1, [0; 20]));
        let leaf = state_leaf(account, commitment, context);
        let state = Tree::build(Domain::StateNode, STATE_DEPTH, vec![leaf]).unwrap();
        let path = state.path(0).unwrap();
        let mut witness = market.settlement_witness(&portfolio, commitment, path).unwrap();
        let instance = MarginInstance {
            context,
            epoch: Epoch::new(1),
            account,
            state_root: state.root(),
            market_root: market.root(),
            model: model().digest(),
            claim: Claim::new(side, Level::Initial).unwrap(),
            disclosed: Shortfall::NONE,
            memo: Memo::NONE,
        };
        assert_eq!(margin::check::<Settlement<_>>(&instance, &witness), Ok(()));
        let margin = market.margin(&portfolio).unwrap();
        assert_eq!(margin.shortfall(Level::Initial) == 0, side == Side::AtLeast);
        // The spread is charged what it can lose, the put as it stands alone.
        assert_eq!(margin.expiries.len(), 2);
        let spread = margin.expiries.iter().find(|expiry| expiry.charge()[1] == expiry.loss);
        assert_eq!(spread.map(|spread| spread.loss), Some(1_500 * 100_000_000));
        witness.header.terms += Fp::from(1);
        assert_eq!(margin::check::<Settlement<_>>(&instance, &witness), Err(Violation::Terms));
    }
}
