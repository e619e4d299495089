//! Approximations of venues' portfolio margins, by hand.

use super::*;
use crate::scenario::black76::Black76;

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
