//! Stored digests: the same bits on every platform.

use zkmargin_margin::ids::ModelDigest;

use super::*;
use crate::conformance::scenario::published_cases;

/// Hash of the IEEE 754 bits.
fn digest(values: &[f64]) -> String {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_bits().to_be_bytes()).collect();
    ModelDigest::of(&bytes).to_string()
}

fn table_values(table: &RiskTable) -> Vec<f64> {
    let mut values = Vec::new();
    for group in &table.groups {
        values.extend([group.long_discount, group.short_discount, group.basis_weight]);
        values.extend([group.confidence, group.confidence_charge]);
    }
    for row in &table.rows {
        values.extend([row.mark, row.mm_charge, row.im_charge, row.confidence_charge]);
        values.extend(&row.scenarios);
        values.extend(&row.basis);
        values.extend([row.greeks.delta, row.greeks.gamma, row.greeks.vega, row.greeks.theta]);
    }
    values
}

fn account_values(account: &Assessment) -> Vec<f64> {
    let mark = &account.mark_to_market;
    let mut values = vec![account.initial_margin, account.maintenance_margin, account.worst.pnl];
    values.extend([account.basis_contingency, account.minimum_charge]);
    values.extend([mark.options, mark.collateral, mark.unrealised, mark.cash, mark.total]);
    values.extend([account.contingencies.maintenance(), account.contingencies.initial()]);
    values.extend(account.scenario_pnl.iter().chain(&account.linear_pnl));
    for part in &account.expiries {
        values.extend([part.mark, part.basis_contingency, part.naked_shorts, part.gross]);
        values.extend(&part.scenario_pnl);
    }
    values
}

#[test]
fn bits_are_the_stored_ones() {
    let mut lines = Vec::new();
    let mut values = Vec::new();
    for case in published_cases() {
        let (table, account) = case.assess().unwrap();
        values.extend(table_values(&table));
        values.extend(account_values(&account));
    }
    lines.push(format!("pmrm2-cases {}\n", digest(&values)));
    let market = chain_market();
    for preset in of_btc() {
        let table = RiskTable::new(&preset.model().unwrap(), &market).unwrap();
        let mut values = table_values(&table);
        let mut books = Books(7);
        for size in [1, 8, 32, 64] {
            let holdings = books.book(&table, size).resolve(&table).unwrap();
            values.extend(account_values(&assess(&table, &holdings)));
        }
        lines.push(format!("chain-{} {}\n", preset.name, digest(&values)));
    }
    for preset in parameters::all() {
        lines.push(format!("model-{} {}\n", preset.name, preset.model().unwrap().digest()));
    }
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/scenario-digests.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(golden, lines.concat()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(golden).unwrap(), lines.concat());
}
