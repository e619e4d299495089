use zkmargin_margin::claim::Level;
use zkmargin_margin::ids::BucketId;
use zkmargin_margin::portfolio;
use zkmargin_margin::scenario::{BASIS, FACTOR_ONE, FINE_ONE, MARK, ScenarioMargin};
use zkmargin_margin::units::{Amount, Lots};

use super::*;
use crate::scenario::parameters::{
    DeltaTier, ExpirySpread, MinimumCharge, MinimumTier, ParameterSpec, ScenarioModel,
};
use crate::scenario::table::RowKind;
use crate::scenario::tests::{Books, chain_market, eth_market, market_for, preset, sym};
use crate::scenario::{Holdings, ScenarioMarket, assess, parameters};
use crate::symbol::Symbol;

const DECIMALS: u32 = 8;
const UNIT: f64 = 1e8;
/// Books hold eighths.
const LOT: f64 = 0.125;

fn market() -> ScenarioMarket {
    uneven(&chain_market())
}

/// A real chain with rates, a low confidence here and there and a lost peg:
/// discounts and weights that are no multiples of `2^-40`.
fn uneven(market: &ScenarioMarket) -> ScenarioMarket {
    let mut spec = market.spec().clone();
    for (index, feed) in (0_u32..).zip(&mut spec.feeds) {
        feed.rate = 0.01 * f64::from(index % 7);
        feed.vol_confidence = if index % 3 == 0 { 0.3 } else { 1.0 };
    }
    spec.stable_price = 0.969_7;
    ScenarioMarket::new(spec).unwrap()
}

/// The shipped models, and one with everything that a model can have.
fn models() -> Vec<ScenarioModel> {
    let priced = |preset: &&parameters::ScenarioPreset| preset.name != "span-arrays";
    // Behind the others, whose books are drawn before theirs.
    let late = |preset: &&parameters::ScenarioPreset| preset.name.ends_with("-pm-approx");
    let (late, shipped): (Vec<_>, Vec<_>) = parameters::all().iter().filter(priced).partition(late);
    let model = |preset: &parameters::ScenarioPreset| {
        // One currency's set, on the chain of another; a rule as the set that it scales.
        let spec = preset.model().unwrap().spec().clone();
        let spec = ParameterSpec { underlying: None, calibration: None, second: None, ..spec };
        ScenarioModel::new(spec).unwrap()
    };
    let mut everything = preset("derive-test").spec().clone();
    everything.minimum_charge = Some(MinimumCharge {
        net_delta_percent: 0.07,
        hedged_delta_percent: 0.11,
        short_option_percent: 0.013,
        of_all: false,
    });
    for (scenario, step) in everything.scenarios.iter_mut().zip([0.0, 0.1, 0.2, 0.3].iter().cycle())
    {
        scenario.dampening_factor *= 0.7 + step;
    }
    for scenario in everything.scenarios.iter_mut().skip(3).step_by(4).take(6) {
        scenario.relief = 123.456_789;
    }
    everything.delta_tiers = [(10_000.123, 0.017), (70_000.7, 0.0301)]
        .map(|(from, rate)| DeltaTier { from, rate })
        .to_vec();
    everything.margin.mm_loss_factor = 1.0 / 3.0;
    everything.margin.im_loss_factor = 1.234_567_891_23;
    // Tiers that bind, of a charge of all, and expiries that stand against each other.
    let mut tiered = preset("okx-pm-approx").spec().clone();
    tiered.minimum_charge = Some(MinimumCharge {
        net_delta_percent: 0.13,
        hedged_delta_percent: 0.11,
        short_option_percent: 0.013,
        of_all: true,
    });
    tiered.minimum_tiers = [(1_000.123, 2), (20_000.7, 3), (90_000.01, 7)]
        .map(|(from, times)| MinimumTier { from, times })
        .to_vec();
    tiered.expiry_spread = Some(ExpirySpread { rate: 0.037 });
    tiered.delta_tiers = vec![DeltaTier { from: 50_000.3, rate: 0.021 }];
    tiered.underlying_collateral.iter_mut().for_each(|terms| terms.is_risk_cancelling = false);
    let mut models: Vec<_> = shipped.into_iter().map(model).collect();
    models.push(ScenarioModel::new(everything).unwrap());
    models.push(ScenarioModel::new(tiered).unwrap());
    models.extend(late.into_iter().map(model));
    models
}

/// The same account in whole lots.
fn margin(integers: &IntegerTable, holdings: &Holdings, unit: f64) -> ScenarioMargin {
    let mut positions: Vec<_> = holdings
        .quantities()
        .iter()
        .map(|&(row, quantity)| {
            let lots = quantity / LOT;
            assert_eq!(lots, lots.round());
            #[expect(clippy::cast_possible_truncation)]
            let quantity = Lots::new(lots as i64);
            let instrument = integers.rows[row].instrument;
            let bucket = BucketId::CROSS;
            (row, portfolio::Position { bucket, instrument, quantity, cash: Amount::ZERO })
        })
        .collect();
    positions.sort_by_key(|(_, position)| position.key());
    // Cash of the test books: 1234.5.
    #[expect(clippy::cast_possible_truncation)]
    let cash = (1234.5 * unit) as i128;
    positions[0].1.cash = Amount::new(cash).unwrap();
    let slots = positions.iter().map(|(row, position)| (position, &integers.rows[*row]));
    ScenarioMargin::assess(slots, &portfolio::Reserved::NONE, &integers.terms).unwrap()
}

fn balance(margin: &ScenarioMargin, level: Level, unit: f64) -> f64 {
    margin.balance(level).unwrap().as_f64() / (FINE_ONE as f64 * f64::from(FACTOR_ONE)) / unit
}

#[test]
fn integer_balances_are_below_the_float_ones_and_close() {
    assert_below_and_close(&market(), DECIMALS);
}

#[test]
fn integer_balances_are_below_the_float_ones_and_close_on_eth() {
    // As the importer has it: lots are worth less.
    assert_below_and_close(&uneven(&eth_market()), DECIMALS + 1);
}

fn assert_below_and_close(market: &ScenarioMarket, decimals: u32) {
    let of_prices = market;
    let in_usd = decimals;
    let mut books = Books(17);
    for model in models() {
        // A lot of coins is worth fewer units than one of USD.
        let decimals = if model.spec().in_coins { 13 } else { in_usd };
        let unit = 10_f64.powi(i32::try_from(decimals).unwrap());
        let market = &market_for(&model, of_prices);
        let table = RiskTable::new(&model, market).unwrap();
        let integers = IntegerTable::new(&table, decimals, LOT, |_| LOT).unwrap();
        integers.check_levels(&table).unwrap();
        let mut largest: f64 = 0.0;
        for size in 1..=800 {
            let book = books.book(&table, 1 + size % 24);
            let holdings = book.resolve(&table).unwrap();
            if holdings.quantities().is_empty() {
                continue;
            }
            let float = assess(&table, &holdings);
            let integer = margin(&integers, &holdings, unit);
            let gross: f64 = holdings
                .quantities()
                .iter()
                .map(|(row, quantity)| {
                    let price = if model.spec().in_coins { 10.0 } else { 1e5 };
                    quantity.abs() * (table.rows[*row].mark.abs() + price)
                })
                .sum();
            for (level, expected) in [
                (Level::Maintenance, float.maintenance_margin),
                (Level::Initial, float.initial_margin),
            ] {
                let got = balance(&integer, level, unit);
                // What floating point itself is off by.
                let noise = 1e-14 * gross;
                assert!(got <= expected + noise, "{}: {got} > {expected}", model.name());
                let scale = expected.abs().max(-float.worst.pnl);
                largest = largest.max((expected - got) / scale);
            }
            let worth = integer.mark_to_market() as f64 / unit;
            assert!((worth - float.mark_to_market.total).abs() <= 1e-8 * gross);
        }
        println!("{}: margins agree to {largest:.1e}", model.name());
        assert!(largest < 1e-8, "{}: {largest:e}", model.name());
    }
}

#[test]
fn without_the_guard_some_balances_would_be_above() {
    // The test above would not notice a missing guard if rounding to the
    // nearest alone kept balances down.
    let table = RiskTable::new(&preset("derive-test"), &market()).unwrap();
    let mut integers = IntegerTable::new(&table, DECIMALS, LOT, |_| LOT).unwrap();
    for (row, exact) in integers.rows.iter_mut().zip(&table.rows) {
        if matches!(exact.kind, RowKind::Option { .. }) {
            row.charges = Default::default();
        }
    }
    let mut books = Books(23);
    let above = (0..200).filter(|_| {
        let holdings = books.book(&table, 6).resolve(&table).unwrap();
        let integer = margin(&integers, &holdings, UNIT);
        let noise = 1e-9;
        balance(&integer, Level::Maintenance, UNIT)
            > assess(&table, &holdings).maintenance_margin + noise
    });
    assert!(above.count() > 10);
}

#[test]
fn rows_hold_what_the_table_says() {
    let table = RiskTable::new(&preset("derive-test"), &market()).unwrap();
    let integers = IntegerTable::new(&table, DECIMALS, LOT, |_| LOT).unwrap();
    let places = slots(&table.terms.scenarios);
    assert_eq!(places.iter().filter(|place| **place >= REGULAR_SCENARIOS).count(), 2);
    for (row, exact) in integers.rows.iter().zip(&table.rows) {
        assert_eq!(row.instrument, exact.symbol.instrument_id());
        let scale = LOT * UNIT;
        let values = row.values();
        let near = |place: usize, value: f64| {
            let got = values[place] as f64;
            assert!((got - value * scale).abs() <= 0.51, "{} {place}", exact.symbol);
        };
        near(MARK, exact.mark);
        near(BASIS[0], exact.basis[0]);
        near(BASIS[1], exact.basis[1]);
        for ((value, scenario), place) in
            exact.scenarios.iter().zip(&table.terms.scenarios).zip(&places)
        {
            let is_option = matches!(exact.kind, RowKind::Option { .. });
            near(*place, value * if is_option { scenario.dampening_factor } else { 1.0 });
        }
        // A guard of a few units, charges beside it rounded up.
        let charges = [
            (row.charges.maintenance.get(), exact.mm_charge),
            (
                row.charges.maintenance.get() + row.charges.initial.get(),
                exact.mm_charge + exact.im_charge + exact.confidence_charge,
            ),
        ];
        for (got, charge) in charges {
            let guard = got as f64 - charge * scale;
            assert!((0.0..8.0).contains(&guard), "{}: {guard}", exact.symbol);
        }
    }
}

#[test]
fn what_does_not_fit_is_refused_with_its_place() {
    let table = RiskTable::new(&preset("derive-test"), &market()).unwrap();
    let refused = |option_lot, other_lot| {
        let lot = |row: &RiskRow| match row.kind {
            RowKind::Option { .. } => option_lot,
            _ => other_lot,
        };
        let result = IntegerTable::new(&table, DECIMALS, LOT, lot);
        result.map(|_| ()).unwrap_err().to_string()
    };
    let option = refused(1e5, LOT);
    assert!(option.starts_with("instruments.BTC-"), "{option}");
    assert!(option.contains(" of one lot is ") && option.contains("less than 2^45"), "{option}");
    assert!(option.ends_with("choose a smaller lot size or fewer quote_decimals"), "{option}");
    let linear = refused(LOT, 1e5);
    assert!(linear.starts_with("instruments.BTC: "), "{linear}");
    let mut steep = table.clone();
    steep.terms.im_loss_factor = 1100.0;
    let factor = IntegerTable::new(&steep, 8, LOT, |_| LOT).unwrap_err().to_string();
    assert!(factor.starts_with("margin.im_loss_factor: 1100 is too large"), "{factor}");
    let mut damped = table;
    damped.terms.scenarios[3].dampening_factor = 256.0;
    let factor = IntegerTable::new(&damped, 8, LOT, |_| LOT).unwrap_err().to_string();
    assert!(factor.starts_with("scenarios[3].dampening_factor: 256 is too large"), "{factor}");
}

#[test]
fn levels_that_could_cross_are_refused() {
    let table = RiskTable::new(&preset("derive-test"), &market()).unwrap();
    let refused = |change: &dyn Fn(&mut RiskTable)| {
        let mut table = table.clone();
        change(&mut table);
        let integers = IntegerTable::new(&table, DECIMALS, LOT, |_| LOT).unwrap();
        integers.check_levels(&table).unwrap_err().to_string()
    };
    let factors = refused(&|table| table.terms.im_loss_factor = 0.1);
    assert!(
        factors.starts_with("margin.im_loss_factor: the initial loss factor is 0.1"),
        "{factors}"
    );
    let naked = refused(&|table| table.terms.naked_im_charge = -1.0);
    assert!(naked.starts_with("other_contingency.im_option_percent"), "{naked}");
    let row = table.row_of(&sym("BTC-PERPETUAL")).unwrap();
    let initial = refused(&|table| table.rows[row].im_charge = -1.0);
    assert!(
        initial.starts_with("instruments.BTC-PERPETUAL: the initial charge on top"),
        "{initial}"
    );
}

#[test]
fn identifiers_must_say_what_nets() {
    let refused =
        |change: &dyn Fn(&mut std::collections::BTreeMap<Symbol, crate::scenario::Instrument>)| {
            let mut spec = market().spec().clone();
            change(&mut spec.instruments);
            check_ids(&ScenarioMarket::new(spec).unwrap()).map_err(|error| error.to_string())
        };
    assert_eq!(refused(&|_| ()), Ok(()));
    let name = market()
        .spec()
        .instruments
        .keys()
        .find(|symbol| symbol.as_str().ends_with("-C"))
        .unwrap()
        .clone();
    let rename = |to: &str| {
        refused(&|instruments| {
            let terms = instruments.remove(&name).unwrap();
            instruments.insert(sym(to), terms);
        })
        .unwrap_err()
    };
    assert!(rename("CALL").ends_with("a call's symbol must end in -C"));
    assert!(rename("BTC-P").ends_with("a call's symbol must end in -C"));
    let other = rename("ANOTHER-C");
    assert!(other.contains("another option of the strike is named"), "{other}");
    let future = refused(&|instruments| {
        let terms = instruments[&sym("BTC-PERPETUAL")];
        instruments.insert(sym("PERPETUAL-C"), terms);
    });
    assert!(future.unwrap_err().contains("only an option's symbol may end in"));
}
