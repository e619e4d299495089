//! What a market says natively before a proof: what an account has beyond a level is what
//! may leave it, and the shape is the smallest that fits.

use pasta_curves::Fp;
use zkmargin_margin::claim::{Level, Multiplier};
use zkmargin_margin::ids::Epoch;
use zkmargin_margin::portfolio::{Blinding, Portfolio};
use zkmargin_margin::shape::Shape;
use zkmargin_margin::units::Amount;
use zkmargin_params::market::{
    MarketFile, ScenarioMarketFile, SettlementMarketFile, SimulationMarketFile,
};
use zkmargin_params::settlement::presets;
use zkmargin_params::settlement::snapshot::SettlementSnapshot;
use zkmargin_prover::family::FamilyMarket;
use zkmargin_prover::portfolio_file::PortfolioDocument;
use zkmargin_prover::proving::ProvingError;

use crate::common;

/// A file of the directory of fixtures that commands have made.
fn made(name: &str) -> String {
    std::fs::read_to_string(common::fixtures().join(name)).unwrap()
}

fn book<M: FamilyMarket<Fp>>(market: &M, name: &str) -> Portfolio {
    let document = PortfolioDocument::parse(made(name).as_bytes()).unwrap();
    market.listings().portfolio(&document).unwrap()
}

/// The account with so many quote units less.
fn less(portfolio: &Portfolio, units: i128) -> Portfolio {
    let mut positions = portfolio.positions().to_vec();
    positions[0].cash = Amount::new(positions[0].cash.get() - units).unwrap();
    Portfolio::new(positions, portfolio.blinding().clone()).unwrap()
}

/// At every level that it has, and at a multiple of its requirement: the surplus may go, and
/// a unit more is a unit short.
fn surplus_may_go<M: FamilyMarket<Fp>>(market: &M, name: &str) {
    let portfolio = book(market, name);
    let standing = |portfolio: &Portfolio, level, times| {
        let standing = market.standing(portfolio, level, times).unwrap();
        (standing.shortfall, standing.surplus)
    };
    let mut levels = 0;
    for level in [Level::MarginCall, Level::Maintenance, Level::Initial] {
        for times in [Multiplier::ONE, "1.25".parse().unwrap()] {
            let (shortfall, surplus) = standing(&portfolio, level, times);
            if shortfall == 0 {
                levels += 1;
                assert_eq!(standing(&less(&portfolio, surplus), level, times), (0, 0));
                assert_eq!(standing(&less(&portfolio, surplus + 1), level, times).0, 1);
            }
        }
    }
    assert!(levels >= 2, "{name} has {levels}");
}

#[test]
fn what_an_account_has_beyond_a_level_may_leave_it() {
    let standard = MarketFile::from_json(&made("market.json")).unwrap();
    let standard = standard.market::<Fp>().unwrap();
    surplus_may_go(&standard, "portfolio.json");
    let empty = Portfolio::new(Vec::new(), Blinding::new([1; 31])).unwrap();
    let standing = standard.standing(&empty, Level::Initial, Multiplier::ONE).unwrap();
    assert_eq!((standing.shortfall, standing.surplus), (0, 0));
    let options = ScenarioMarketFile::from_json(&made("options.json")).unwrap();
    surplus_may_go(&options.market::<Fp>().unwrap(), "strangle.json");
    let simulated = SimulationMarketFile::from_json(common::simulated()).unwrap();
    surplus_may_go(&simulated.market::<Fp>().unwrap(), "joint.json");
    let snapshot = SettlementSnapshot::from_json(&made("settlement-snapshot.json")).unwrap();
    let model = presets::by_name("derive-standard").unwrap().model().unwrap();
    let (_, settled) = SettlementMarketFile::build::<Fp>(&model, &snapshot, Epoch::new(1)).unwrap();
    surplus_may_go(&settled, "settlement-book.json");
}

#[test]
fn the_smallest_shape_that_fits_is_taken() {
    let market = ScenarioMarketFile::from_json(&made("options.json")).unwrap();
    let market = market.market::<Fp>().unwrap();
    let held = book(&market, "strangle.json").positions()[0].clone();
    // All of one expiry.
    let fit = |many, wanted| market.fit(&vec![held.clone(); many], wanted);
    let sizes = [(0, Shape::Small), (8, Shape::Small), (9, Shape::Medium), (17, Shape::Large)];
    for (many, shape) in sizes {
        assert_eq!(fit(many, None).unwrap(), shape, "{many}");
    }
    assert_eq!(fit(1, Some(Shape::Large)).unwrap(), Shape::Large);
    let too_many = |error: ProvingError, many, in_shape| match error {
        ProvingError::TooManyPositions { found, shape, allowed } => {
            assert_eq!((found, shape, allowed), (many, in_shape, many - 1));
        }
        error => panic!("{error}"),
    };
    too_many(fit(9, Some(Shape::Small)).unwrap_err(), 9, Shape::Small);
    // Of what fits none, the largest is told.
    too_many(fit(129, None).unwrap_err(), 129, Shape::Huge);
    let simulated = SimulationMarketFile::from_json(common::simulated()).unwrap();
    let simulated = simulated.market::<Fp>().unwrap();
    let held = book(&simulated, "joint.json").positions()[0].clone();
    let fit = |many: usize| simulated.fit(&vec![held.clone(); many], None);
    assert_eq!(fit(17).unwrap(), Shape::Large);
    too_many(fit(65).unwrap_err(), 65, Shape::Large);
}
