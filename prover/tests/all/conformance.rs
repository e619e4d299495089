//! The published cases in the circuit: what is true of each holds, what is false
//! is refused.
//!
//! All 88 scenario cases go through the mock prover, in two tests that run side
//! by side: the 53 of the small shape, and the 35 of the large one.

use zkmargin_margin::claim::{Claim, Level, Side};
use zkmargin_margin::ids::BucketId;
use zkmargin_margin::portfolio::Position;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::units::{Amount, Lots};
use zkmargin_params::conformance::{CaseAccount, CaseRows, accounts};
use zkmargin_params::scenario::{IntegerTable, RiskRow, RiskTable, ScenarioMarket, parameters};
use zkmargin_params::symbol::Symbol;
use zkmargin_prover::conformance::CaseStatement;

const SCENARIO: &str = include_str!("../../../params/fixtures/pmrm2_cases.json");
const DYDX: &str = include_str!("../../../params/fixtures/dydx_v4_margin.json");
const HAIRCUTS: &str = include_str!("../../../params/fixtures/haircut_tiers.json");

/// The shape it took.
#[track_caller]
fn holds(account: &CaseAccount) -> Shape {
    let statement = CaseStatement::new(account).unwrap();
    let (truth, lie) = (statement.instance.claim, statement.false_claim);
    assert_eq!(statement.mock(truth).unwrap(), Some(true), "{}: {truth}", account.case);
    assert_eq!(statement.mock(lie).unwrap(), Some(false), "{}: {lie}", account.case);
    statement.shape.unwrap()
}

/// The scenario cases whose smallest shape is, or is not, the large one.
fn scenario_cases(large: bool) -> Vec<CaseAccount> {
    let is_large =
        |account: &CaseAccount| account.positions.len() > Shape::Medium.scenario_positions();
    accounts(SCENARIO).unwrap().into_iter().filter(|account| is_large(account) == large).collect()
}

#[test]
fn scenario_cases_of_small_books() {
    let shapes: Vec<_> = scenario_cases(false).iter().map(holds).collect();
    assert_eq!(shapes, [Shape::Small; 53]);
}

/// A large case with 11 of its 30 options: no published one takes this shape.
#[test]
fn a_medium_book() {
    let mut case: serde_json::Value = serde_json::from_str(SCENARIO).unwrap();
    case["scenario_base"]["scenario"]["options"].as_array_mut().unwrap().truncate(11);
    case["scenario_cases"] = serde_json::json!({ "case_900": {} });
    let accounts = accounts(&case.to_string()).unwrap();
    assert_eq!(accounts[0].positions.len(), 16);
    assert_eq!(holds(&accounts[0]), Shape::Medium);
}

#[test]
fn scenario_cases_of_large_books() {
    let shapes: Vec<_> = scenario_cases(true).iter().map(holds).collect();
    assert_eq!(shapes, [Shape::Large; 35]);
}

/// Deribit's own example of segregated portfolio margin: within 1e-8 coins of the venue's
/// margins the account meets them, or does not.
#[test]
fn deribits_own_example() {
    let market = r#"{
      "underlying": "BTC", "spot": 65666.19,
      "feeds": [{ "expiry_seconds": 950400, "forward": 67371.75 }],
      "instruments": {
        "BTC-PERPETUAL": { "kind": "perpetual", "price": 65910.57 },
        "BTC-28JUN24": { "kind": "future", "expiry_seconds": 950400 }
      }
    }"#;
    let model = parameters::by_name("deribit-btc").unwrap().model().unwrap();
    let table = RiskTable::new(&model, &ScenarioMarket::from_json(market).unwrap()).unwrap();
    // One lot of each: both values are exact to 1e-12 coins.
    let lot = |row: &RiskRow| match row.symbol.as_str() {
        "BTC-PERPETUAL" => 0.314538364,
        _ => 0.001187534,
    };
    let integers = IntegerTable::new(&table, 12, 1.0, lot).unwrap();
    integers.check_levels(&table).unwrap();
    let (initial, maintenance) = (62_843_130_980, 50_274_504_784);
    let near = 10_000;
    for (cash, level) in [
        (initial + near, Level::Initial),
        (initial - near, Level::Maintenance),
        (maintenance + near, Level::Maintenance),
        (maintenance - near, Level::MarginCall),
    ] {
        let mut positions = [("BTC-PERPETUAL", 1), ("BTC-28JUN24", -1)].map(|(symbol, lots)| {
            let instrument = Symbol::new(symbol).unwrap().instrument_id();
            let (bucket, quantity) = (BucketId::CROSS, Lots::new(lots));
            Position { bucket, instrument, quantity, cash: Amount::ZERO }
        });
        positions.sort_by_key(Position::key);
        positions[0].cash = Amount::new(cash).unwrap();
        let row_of = |position: &Position| {
            let rows = &integers.rows;
            rows.iter().position(|row| row.instrument == position.instrument).unwrap()
        };
        let held = positions.iter().map(row_of).collect();
        let account = CaseAccount {
            case: format!("{cash} units of cash"),
            positions: positions.to_vec(),
            rows: CaseRows::Scenario { table: Box::new(integers.clone()), held },
        };
        assert_eq!(holds(&account), Shape::Small);
        assert_eq!(
            CaseStatement::new(&account).unwrap().instance.claim,
            Claim::new(Side::AtLeast, level).unwrap()
        );
    }
}

#[test]
fn standard_cases() {
    let cases = accounts(DYDX).unwrap();
    // Four cases are of a rate alone, which is no account.
    assert_eq!(cases.len(), 12 + 8 + 2);
    cases.iter().for_each(|case| assert_eq!(holds(case), Shape::Small));
    let cases = accounts(HAIRCUTS).unwrap();
    assert_eq!(cases.len(), 4);
    cases.iter().for_each(|case| assert_eq!(holds(case), Shape::Small));
}

/// SPAN's published requirements: met with exactly so much cash, and not with a cent less.
#[test]
fn span_cases_to_the_cent() {
    let mut cases = accounts(include_str!("../../../params/fixtures/span_arrays.json")).unwrap();
    cases.extend(accounts(include_str!("../../../params/fixtures/span_spreads.json")).unwrap());
    assert_eq!(cases.len(), 12);
    for (index, case) in cases.iter().enumerate() {
        assert_eq!(holds(case), Shape::Small);
        let level = CaseStatement::new(case).unwrap().instance.claim.level();
        assert_eq!(level == Level::Initial, index % 2 == 0, "{}", case.case);
    }
}

/// A book of more positions than the largest shape has is no error: there is no
/// statement to run.
#[test]
fn a_book_beyond_the_largest_shape() {
    let mut case: serde_json::Value = serde_json::from_str(SCENARIO).unwrap();
    let base = &mut case["scenario_base"];
    let feed = serde_json::json!({
        "expiry_seconds": 864_000, "forward": 2700.0, "forward_confidence": 1.0,
        "rate": 0.05, "rate_confidence": 1.0, "vol_confidence": 1.0
    });
    base["scenario"]["feeds"] = serde_json::json!([feed]);
    let option = |step: u32| {
        serde_json::json!({
            "expiry_seconds": 864_000, "strike": 1000 + 50 * step, "is_call": true,
            "mark_vol": 0.6, "amount": 1.0
        })
    };
    base["scenario"]["options"] = (0..129).map(option).collect();
    case["scenario_cases"] = serde_json::json!({ "case_900": {} });
    let accounts = accounts(&case.to_string()).unwrap();
    let statement = CaseStatement::new(&accounts[0]).unwrap();
    assert_eq!(statement.shape, None);
    assert_eq!(statement.mock(statement.instance.claim).unwrap(), None);
}
