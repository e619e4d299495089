use super::*;
use crate::model::{Basis, ModelSpec, Tier};
use crate::presets;

fn sym(text: &str) -> Symbol {
    Symbol::new(text).unwrap()
}

fn leverage(times: u64) -> ChosenLeverage {
    ChosenLeverage::new(times).unwrap()
}

fn hyperliquid() -> StandardModel {
    presets::by_name("hyperliquid").unwrap().model().unwrap()
}

fn offering(symbol: &str, times: &[u64]) -> Result<StandardModel, ModelError> {
    let times = times.iter().copied().map(leverage).collect();
    hyperliquid().offering(&[(sym(symbol), times)].into())
}

/// The rates of a listed instrument's rows, initial and maintenance.
fn rates(model: &StandardModel, symbol: &str, index: usize) -> Vec<[u32; 2]> {
    let rule = &model.instruments()[&sym(symbol)];
    let all = rule.listed(&sym(symbol), "test", model.quotation(), None).unwrap();
    all[index].rows.iter().map(|row| [row.initial.rate.get(), row.maintenance.rate.get()]).collect()
}

#[test]
fn initial_rates_are_the_larger_ones_and_maintenance_is_the_same() {
    let model = offering("BTC", &[30, 10]).unwrap();
    assert_eq!(model.denominator().get(), 1200);
    assert_eq!(model.instruments()[&sym("BTC")].leverages, [leverage(10), leverage(30)]);
    // 40x up to 150 million, 20x above.
    assert_eq!(rates(&model, "BTC", 0), [[30, 15], [60, 30]]);
    assert_eq!(rates(&model, "BTC", 1), [[120, 15], [120, 30]]);
    assert_eq!(rates(&model, "BTC", 2), [[40, 15], [60, 30]]);
    let listed = model.instruments()[&sym("BTC")]
        .listed(&sym("BTC"), "test", model.quotation(), None)
        .unwrap();
    let names: Vec<_> = listed.iter().map(|listed| listed.symbol.as_str()).collect();
    assert_eq!(names, ["BTC", "BTC@10x", "BTC@30x"]);
}

#[test]
fn what_needs_no_rows_is_left_out_and_a_model_without_stays_what_it_was() {
    assert_eq!(offering("BTC", &[40, 41, 1000]).unwrap(), hyperliquid());
    assert_eq!(offering("BTC", &[]).unwrap().digest(), hyperliquid().digest());
    let model = offering("BTC", &[10]).unwrap();
    assert_ne!(model.digest(), hyperliquid().digest());
    let again = StandardModel::from_text(&model.to_canonical_json()).unwrap();
    assert_eq!(again, model);
    // A second time adds to the first.
    let both = model.offering(&[(sym("BTC"), [leverage(5)].into())].into()).unwrap();
    assert_eq!(both.instruments()[&sym("BTC")].leverages, [leverage(5), leverage(10)]);
}

#[test]
fn the_denominator_grows_where_it_must() {
    let model = offering("BTC", &[7]).unwrap();
    assert_eq!(model.denominator().get(), 8_400);
    // The same rates in other units.
    assert_eq!(rates(&model, "BTC", 0), [[210, 105], [420, 210]]);
    assert_eq!(rates(&model, "BTC", 1), [[1200, 105], [1200, 210]]);
    let error = offering("BTC", &[37, 31, 29, 23, 19, 17]).unwrap_err().to_string();
    assert!(error.contains("have no common denominator below 2^32: list fewer"), "{error}");
}

#[test]
fn what_a_model_cannot_offer_is_refused_by_its_field() {
    let refused = |symbol: &str, times: &[u64]| offering(symbol, times).unwrap_err().to_string();
    assert_eq!(refused("XYZ", &[5]), "instruments.XYZ: missing: it is not the model's");
    let spec = |change: &dyn Fn(&mut ModelSpec)| {
        let mut spec = hyperliquid().spec().clone();
        change(&mut spec);
        StandardModel::new(spec).unwrap_err().to_string()
    };
    let with = |leverages: Vec<ChosenLeverage>| {
        spec(&|spec| {
            let rule = spec.instruments.get_mut(&sym("BTC")).unwrap();
            rule.leverages.clone_from(&leverages);
        })
    };
    assert_eq!(
        with(vec![leverage(10), leverage(10)]),
        "instruments.BTC.leverages: leverages must rise, each once"
    );
    assert!(with((1..=129).map(leverage).collect()).contains("129 leverages: allowed are 128"));
    assert!(with(vec![leverage(5), leverage(7)]).starts_with("instruments.BTC.leverages[1]: 1/7"));
    let coin = spec(&|spec| {
        let rule = spec.instruments.get_mut(&sym("BTC")).unwrap();
        rule.leverages = vec![leverage(5)];
        rule.kind = Kind::Spot;
        rule.margin = None;
    });
    assert!(coin.starts_with("instruments.BTC.leverages: not allowed here"), "{coin}");
    let aave = presets::by_name("aave-like").unwrap().model().unwrap();
    let coin = aave.instruments().keys().next().unwrap().clone();
    let coin = aave.offering(&[(coin, [leverage(2)].into())].into()).unwrap_err().to_string();
    assert!(coin.contains("only perpetuals and futures have a leverage"), "{coin}");
    let text = hyperliquid().to_canonical_json().replacen(
        "\"lot_size\"",
        "\"leverages\":[0],\"lot_size\"",
        1,
    );
    let zero = StandardModel::from_json(&text).unwrap_err().to_string();
    assert!(zero.contains("not a leverage: allowed are whole numbers from 1 to 1000"), "{zero}");
}

/// Rates that follow from the snapshot are bounded by a chosen leverage too, but those of a
/// rule that states its numbers follow from them alone.
#[test]
fn calibrated_instruments_can_be_listed_at_a_leverage() {
    let dynamic = presets::by_name("dynamic").unwrap().model().unwrap();
    let (symbol, _) = dynamic
        .instruments()
        .iter()
        .find(|(_, rule)| rule.calibrated.is_some() && rule.kind == Kind::Perpetual)
        .unwrap();
    let wanted = [(symbol.clone(), [leverage(2)].into())].into();
    assert!(dynamic.offering(&wanted).is_ok());
    let mut spec = dynamic.spec().clone();
    spec.calibration.as_mut().unwrap().states_numbers = true;
    let stating = StandardModel::new(spec).unwrap();
    let error = stating.offering(&wanted).unwrap_err().to_string();
    assert!(error.contains(".leverages: not allowed here: calibration.states_numbers"), "{error}");
}

proptest::proptest! {
    /// At any leverage an account is asked for what the rule asks for or for notional over
    /// leverage, whichever is more, and never for more than both.
    #[test]
    fn margin_is_the_larger_of_both(
        times in 1u64..=60,
        notional in 1u128..1_000_000_000_000_000_000_000,
        flat in proptest::bool::ANY,
    ) {
        let fraction = |over: u64| Fraction::new(1, over).unwrap();
        let tiers = |over: [u64; 2]| vec![
            Tier { up_to: Some(rust_decimal::Decimal::from(150_000_000)), rate: fraction(over[0]) },
            Tier { up_to: None, rate: fraction(over[1]) },
        ];
        let mut spec = hyperliquid().spec().clone();
        let rule = spec.instruments.get_mut(&sym("BTC")).unwrap();
        let margin = rule.margin.as_mut().unwrap();
        margin.initial = tiers([40, 20]);
        margin.initial_basis = if flat { Basis::Flat } else { Basis::Marginal };
        margin.maintenance = tiers([80, 40]);
        let wanted = [(sym("BTC"), [leverage(times)].into())].into();
        let model = StandardModel::new(spec).unwrap().offering(&wanted).unwrap();
        let rule = &model.instruments()[&sym("BTC")];
        let all = rule.listed(&sym("BTC"), "test", model.quotation(), None).unwrap();
        let denominator = u128::from(model.denominator().get());
        let charge = |rows: &[RowSpec]| {
            let is_of = |row: &&RowSpec| row.lower.get() < notional && notional <= row.upper.get();
            let row = rows.iter().find(is_of).unwrap();
            let part = (notional - row.lower.get()) * u128::from(row.initial.rate.get());
            row.initial.base.get() + part.div_ceil(denominator)
        };
        let own = charge(&all[0].rows);
        let over = notional.div_ceil(times.into());
        let asked = all.get(1).map_or(own, |chosen| charge(&chosen.rows));
        // Bases are rounded up apart from what is above them.
        proptest::prop_assert!(asked >= own.max(over));
        if flat {
            proptest::prop_assert!(asked <= own.max(over) + 1, "{asked} {own} {over}");
        }
    }
}
