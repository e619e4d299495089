//! Approximations of venues' portfolio margins, by hand.

use zkmargin_margin::claim::Level;
use zkmargin_margin::ids::BucketId;
use zkmargin_margin::portfolio::{Position as Held, Reserved};
use zkmargin_margin::scenario::ScenarioMargin;
use zkmargin_margin::units::{Amount, Lots};

use super::*;
use crate::scenario::IntegerTable;
use crate::scenario::black76::Black76;
use crate::scenario::parameters::{
    DeltaTier, ExpirySpread, MinimumCharge, MinimumTier, ParameterSpec, VolShockDirection,
};

/// One option of the chain, 21 days before it expires.
const CALL: &str = "BTC-26DEC25-100000-C";

/// What a book is asked for, and its table.
fn asked(name: &str, positions: &[(&str, f64)]) -> (Assessment, RiskTable) {
    let table = RiskTable::new(&preset(name), &chain_market()).unwrap();
    let account = assess(&table, &portfolio(0.0, positions).resolve(&table).unwrap());
    (account, table)
}

/// Maintenance and initial margin of it.
fn margins(account: &Assessment) -> [f64; 2] {
    let equity = account.mark_to_market.total;
    [equity - account.maintenance_margin, equity - account.initial_margin]
}

/// What the call is worth where its forward and volatility are moved by factors, less what
/// it is worth now, and its years.
fn change(forward_factor: f64, vol_factor: f64) -> (f64, f64) {
    let market = chain_market();
    let spec = market.spec();
    let Instrument::Option { expiry_seconds, strike, option_type, mark_vol } =
        spec.instruments[&sym(CALL)]
    else {
        panic!("an option")
    };
    let feed = spec.feeds[market.group_of(expiry_seconds).unwrap()];
    let years = f64::from(u32::try_from(expiry_seconds).unwrap()) / 31_536_000.0;
    let discount = (-feed.rate.max(0.0) * years).exp();
    let at = |factor: f64, vol: f64| {
        let forward = feed.forward * factor;
        Black76 { option_type, forward, strike, vol: mark_vol * vol, years, discount }.value()
    };
    (at(forward_factor, vol_factor) - at(1.0, 1.0), years)
}

fn near(got: f64, expected: f64) {
    assert!((got - expected).abs() < 1e-6 * expected.abs().max(1.0), "{got} for {expected}");
}

/// The factor on a volatility 30 days out or nearer, up.
fn up(years: f64) -> f64 {
    1.0 + 0.5 * (30.0 / (365.0 * years)).powf(0.3)
}

/// The perpetual loses MR6; a call that is owed loses MR6 or the largest move of MR1 with
/// its volatility up, and is charged MR4; a future against the perpetual MR4 alone; what
/// can hardly lose MR7.
#[test]
fn okxs_moves_by_hand() {
    let price = chain_market().spec().spot + 12.5;
    let (account, _) = asked("okx-pm-approx", &[("BTC-PERPETUAL", -1.0)]);
    let [maintenance, initial] = margins(&account);
    near(maintenance, 0.24 * price);
    near(initial, 1.3 * 0.24 * price);

    let (account, table) = asked("okx-pm-approx", &[(CALL, -1.0)]);
    let (extreme, years) = change(1.24, 1.0);
    let (shocked, _) = change(1.12, up(years));
    let row = table.row_of(&sym(CALL)).unwrap();
    let rate = (0.05 * years).exp() - 1.0;
    let rolled = rate * table.rows[row].basis[0].abs().max(table.rows[row].basis[1].abs());
    assert!(extreme > shocked && rolled > 0.0);
    near(margins(&account)[0], extreme + rolled);

    // What it is rolled by is its delta, at the price of the underlying.
    let feed = chain_market().spec().feeds[2];
    let (account, table) = asked("okx-pm-approx", &[("BTC-27MAR26", 1.0), ("BTC-PERPETUAL", -1.0)]);
    let years = f64::from(u32::try_from(feed.expiry_seconds).unwrap()) / 31_536_000.0;
    let moved = 0.24 * (feed.forward - price).abs();
    let rolled = ((0.05 * years).exp() - 1.0) * table.terms.spot;
    near(margins(&account)[0], moved + rolled);

    let far = [("BTC-12DEC25-55000-P", -1.0)];
    let (account, table) = asked("okx-pm-approx", &far);
    assert!(margins(&account)[0] >= 0.01 * table.terms.spot);
    assert!(margins(&account)[0] < 0.011 * table.terms.spot, "a call of nearly nothing");
}

/// The venue's own example of tiers: 40,000 USD of other parts and 30,000 USD of MR7 before
/// its tiers make 50,000, as the second 20,000 count twice; a floor under all, and proved so.
#[test]
fn okxs_example_of_tiers_comes_out() {
    let mut spec = preset("okx-pm-approx").spec().clone();
    spec.scenarios.truncate(1);
    // 100,000 at 0.6 less loses 40,000, and the charge on its delta is 30,000.
    spec.scenarios[0].spot_shock = 0.6;
    spec.scenarios[0].vol_shock_direction = VolShockDirection::None;
    spec.expiry_roll = None;
    spec.minimum_charge = Some(MinimumCharge {
        net_delta_percent: 0.3,
        hedged_delta_percent: 0.0,
        short_option_percent: 0.0,
        of_all: true,
    });
    spec.minimum_tiers = [(10_000.0, 2), (70_000.0, 4), (170_000.0, 6)]
        .map(|(from, times)| MinimumTier { from, times })
        .to_vec();
    let mut market = chain_market().spec().clone();
    market.spot = 100_000.0;
    let price = Instrument::Perpetual { price: 100_000.0, confidence: 1.0 };
    market.instruments = [(sym("BTC-PERPETUAL"), price)].into();
    let market = ScenarioMarket::new(market).unwrap();
    let lost = |spec: &ParameterSpec, quantity: f64| {
        let table = RiskTable::new(&ScenarioModel::new(spec.clone()).unwrap(), &market).unwrap();
        let book = portfolio(0.0, &[("BTC-PERPETUAL", quantity)]);
        let account = assess(&table, &book.resolve(&table).unwrap());
        let integers = IntegerTable::new(&table, 6, 1.0, |_| 1.0).unwrap();
        let position = Held {
            bucket: BucketId::CROSS,
            instrument: integers.rows[0].instrument,
            #[expect(clippy::cast_possible_truncation)]
            quantity: Lots::new(quantity as i64),
            cash: Amount::ZERO,
        };
        let reserved = Reserved::NONE;
        let proved =
            ScenarioMargin::assess([(&position, &integers.rows[0])], &reserved, &integers.terms);
        let proved = proved.unwrap().shortfall(Level::Maintenance);
        let [float, _] = margins(&account);
        // Rounded against the account by some millionths.
        let off = proved as f64 / 1e6 - float;
        assert!((0.0..1e-3).contains(&off), "{proved} for {float}");
        float
    };
    near(lost(&spec, 1.0), 50_000.0);
    // Of 240,000 beyond the last tier 10 + 2 * 60 + 4 * 100 + 6 * 70 thousand; and without
    // tiers.
    near(lost(&spec, 8.0), 950_000.0);
    spec.minimum_tiers.clear();
    near(lost(&spec, 1.0), 40_000.0);
    // The same on top of what is added, or a floor under it.
    spec.delta_tiers = vec![DeltaTier { from: 0.0, rate: 0.05 }];
    spec.minimum_charge.as_mut().unwrap().net_delta_percent = 0.43;
    near(lost(&spec, 1.0), 45_000.0);
    spec.minimum_charge.as_mut().unwrap().of_all = false;
    near(lost(&spec, 1.0), 48_000.0);
}

/// A future against another of a later month: the rate of one side, whichever is smaller.
#[test]
fn expiries_that_stand_against_each_other_are_charged_the_smaller_side() {
    let mut spec = preset("okx-pm-approx").spec().clone();
    spec.expiry_roll = None;
    spec.minimum_charge = None;
    spec.minimum_tiers.clear();
    spec.expiry_spread = Some(ExpirySpread { rate: 0.02 });
    let refused = ScenarioModel::new(spec.clone()).unwrap_err().to_string();
    assert!(refused.starts_with("expiry_spread: with a charge on spreads no"), "{refused}");
    spec.underlying_collateral.as_mut().unwrap().is_risk_cancelling = false;
    let (near_month, far_month) = ("BTC-26DEC25", "BTC-27MAR26");
    let mut market = chain_market().spec().clone();
    let future = Instrument::Future { expiry_seconds: market.feeds[1].expiry_seconds };
    market.instruments.insert(sym(near_month), future);
    let market = ScenarioMarket::new(market).unwrap();
    let table = RiskTable::new(&ScenarioModel::new(spec).unwrap(), &market).unwrap();
    assert!(!table.is_concave());
    let added = |book: &[(&str, f64)]| {
        let account = assess(&table, &portfolio(0.0, book).resolve(&table).unwrap());
        account.added / (0.02 * table.terms.spot)
    };
    for (book, spreads) in [
        (&[(near_month, 3.0)][..], 0.0),
        (&[(near_month, 3.0), (far_month, 2.0)], 0.0),
        (&[(near_month, 3.0), (far_month, -2.0)], 2.0),
        (&[(near_month, -3.0), (far_month, 4.0), ("BTC-PERPETUAL", 1.0)], 3.0),
        (&[("BTC-PERPETUAL", -5.0), (far_month, 4.0), (near_month, -1.0)], 4.0),
    ] {
        near(added(book), spreads);
    }
}

#[test]
fn tiers_that_say_nothing_or_too_much_are_refused() {
    let refused = |change: &dyn Fn(&mut ParameterSpec)| {
        let mut spec = preset("okx-pm-approx").spec().clone();
        change(&mut spec);
        ScenarioModel::new(spec).unwrap_err().to_string()
    };
    let tier = |from, times| MinimumTier { from, times };
    for (change, expected) in [
        (
            &(|s: &mut ParameterSpec| s.minimum_charge = None) as &dyn Fn(&mut ParameterSpec),
            "minimum_tiers: tiers are of a minimum_charge: the set has none",
        ),
        (
            &|s| s.minimum_tiers = vec![tier(1.0, 1)],
            "minimum_tiers[0].times: allowed are 2 to 15, each more than the tier before",
        ),
        (
            &|s| s.minimum_tiers = vec![tier(1.0, 16)],
            "minimum_tiers[0].times: allowed are 2 to 15, each more than the tier before",
        ),
        (
            &|s| s.minimum_tiers = vec![tier(2.0, 3), tier(3.0, 3)],
            "minimum_tiers[1].times: allowed are 2 to 15, each more than the tier before",
        ),
        (
            &|s| s.minimum_tiers = vec![tier(2.0, 3), tier(2.0, 4)],
            "minimum_tiers[1].from: allowed is more than 0 and than the tier before",
        ),
        (
            &|s| s.minimum_tiers = (0_u8..9).map(|i| tier(1.0 + f64::from(i), 2 + i)).collect(),
            "minimum_tiers: 9 entries: allowed are 0 to 8",
        ),
        (
            &|s| s.scenarios[3].relief = 1.0,
            "scenarios[3].relief: a set with minimum_tiers or a minimum_charge of_all has no relief",
        ),
        (
            &|s| s.scenarios = s.scenarios.iter().cycle().take(33).copied().collect(),
            "scenarios without a skew: 33 entries: allowed are 0 to 32",
        ),
    ] {
        assert_eq!(refused(change), expected);
    }
}

/// The perpetual loses a tenth; a call that is owed the largest move with its volatility up
/// and the charge on short options; a call that is held is charged nothing beyond its worth.
#[test]
fn bybits_grid_and_charge_by_hand() {
    let market = chain_market();
    let (price, spot) = (market.spec().spot + 12.5, market.spec().spot);
    let (account, _) = asked("bybit-pm-approx", &[("BTC-PERPETUAL", 2.0)]);
    near(margins(&account)[0], 2.0 * 0.1 * price);
    near(margins(&account)[1], 1.2 * 2.0 * 0.1 * price);

    let (loss, years) = change(1.1, 1.0);
    let (loss, shocked) = (loss, change(1.1, up(years)).0);
    assert!(shocked > loss);
    let (account, _) = asked("bybit-pm-approx", &[(CALL, -1.0)]);
    let [maintenance, initial] = margins(&account);
    near(maintenance, shocked + 0.01 * spot);
    near(initial, 1.2 * (shocked + 0.01 * spot));

    let (account, table) = asked("bybit-pm-approx", &[(CALL, 1.0)]);
    let mark = table.rows[table.row_of(&sym(CALL)).unwrap()].mark;
    let [maintenance, _] = margins(&account);
    assert!(maintenance > 0.0 && maintenance < mark, "{maintenance} of {mark}");
}
