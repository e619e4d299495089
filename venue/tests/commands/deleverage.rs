//! A loss shared, and the auto-deleveraging of 10 October 2025 against the same rule.

use std::fs;

use zkmargin_venue::deleverage::{Amount, Holding, check, share};

use super::common::{done, run};
use super::json;

/// What was needed, what was closed, and how much that was too much: the published figures
/// (60,108,335.33 less 15,079,669.61, to the cent of the rounded sums).
#[test]
fn the_waves_of_october_are_replayed() {
    let directory = tempfile::tempdir().unwrap();
    let dir = directory.path();
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/adl-2025-10-10.csv");
    fs::copy(data, dir.join("waves.csv")).unwrap();
    let replay = json(&done(dir, "deleverage replay waves.csv --json"));
    let cents = |field: &str| {
        let text = replay[field].as_str().unwrap();
        format!("{:.2}", text.parse::<f64>().unwrap())
    };
    let sums = ["needed", "closed", "overshoot", "pro_rata"].map(cents);
    assert_eq!(sums, ["15079669.61", "60108335.33", "45028665.72", "15079669.61"]);
    let waves = replay["waves"].as_array().unwrap();
    assert_eq!(waves.len(), 16);
    // In some the queue closed less than was needed, and the rule the same of everybody.
    assert_eq!(
        (&waves[0]["overshoot"], &waves[0]["cut_millionths"]),
        (&"-1852005.849645".into(), &8_673.into())
    );
    let table = done(dir, "deleverage replay waves.csv");
    assert_eq!(table.lines().count(), 18);
    assert!(table.lines().last().unwrap().contains("45028665.719137"), "{table}");
    // One odd line stops no other.
    let odd = fs::read_to_string(data).unwrap() + "29,one,2,3\n30,5,5,4\n";
    fs::write(dir.join("odd.csv"), odd).unwrap();
    let (code, output, errors) = run(dir, "deleverage replay odd.csv --json");
    assert_eq!(
        (code, json(output.lines().next().unwrap())["waves"].as_array().unwrap().len()),
        (1, 16)
    );
    assert!(errors.contains("line 21: needed is not an amount"), "{errors}");
    assert!(errors.contains("more than the equity of all winners"), "{errors}");
}

#[test]
fn cuts_are_written_and_checked() {
    let directory = tempfile::tempdir().unwrap();
    let dir = directory.path();
    fs::write(dir.join("book.csv"), "account,equity\nana,100\nbob,-40\ncyd,200.5\n").unwrap();
    let cuts = done(dir, "deleverage share --loss 60 book.csv");
    fs::write(dir.join("cuts.csv"), &cuts).unwrap();
    assert!(cuts.contains("ana,100.000000,19.966722\nbob,-40.000000,0.000000\n"), "{cuts}");
    assert!(done(dir, "deleverage check --loss 60 cuts.csv").starts_with("fair: 3 accounts"));
    let spared = cuts.replace("19.966722", "0.000000").replace("40.033278", "60.000000");
    fs::write(dir.join("spared.csv"), spared).unwrap();
    let (code, _, errors) = run(dir, "deleverage check --loss 60 spared.csv");
    assert!(code == 1 && errors.contains("line 2: the cut of ana"), "{errors}");
    let (code, _, errors) = run(dir, "deleverage share --loss 301 book.csv");
    assert!(code == 2 && errors.contains("cover the rest otherwise"), "{errors}");
    let (code, _, errors) = run(dir, "deleverage share --loss -1 book.csv");
    assert!(code == 2, "{errors}");
    let (code, _, errors) = run(dir, "deleverage share --loss 1.5 --decimals 0 book.csv");
    assert!(code == 2 && errors.contains("no more decimals"), "{errors}");
}

#[test]
fn amounts_are_exact() {
    for (text, decimals, shown) in [
        ("12.5", 6, "12.500000"),
        ("-0.01", 2, "-0.01"),
        ("7", 0, "7"),
        ("0.000001", 6, "0.000001"),
    ] {
        assert_eq!(Amount::parse(text, decimals).unwrap().to_string(), shown);
    }
    for text in ["1.2345678", "1e3", "", "NaN", "+1", "99999999999999999999999999999999"] {
        assert_eq!(Amount::parse(text, 6), None, "{text}");
    }
}

#[test]
fn what_is_shared_is_fair_and_what_is_not_is_told() {
    let table = b"account,equity\nana,100\nbob,-3\ncyd,200.5\n";
    let shared = share(table, 60_000_000, 6).unwrap();
    let mut text = String::from("account,equity,cut\n");
    for Holding { account, equity, cut, .. } in &shared {
        text += &format!("{account},{equity},{cut}\n");
    }
    assert_eq!(check(text.as_bytes(), 60_000_000, 6).unwrap(), 3);
    assert_eq!(shared[0].cut.to_string(), "19.966722");
    assert_eq!(shared[1].cut.to_string(), "0.000000");
    let problem = |text: &str, loss| check(text.as_bytes(), loss, 6).unwrap_err().to_string();
    let lie = text.replace("19.966722", "19.966720");
    assert!(problem(&lie, 60_000_000).starts_with("line 2: the cut of ana is not its share"));
    assert!(!problem(&lie, 60_000_000).contains("19.96"));
    assert_eq!(problem(&text, 59_999_999), "the cuts do not sum to the loss");
    let twice = text.replace("cyd", "ana");
    assert_eq!(problem(&twice, 60_000_000), "line 4: the account has a line before");
    let negative = text.replace(",0.000000", ",-1");
    assert_eq!(problem(&negative, 60_000_000), "line 3: cut is below zero");
    assert!(problem("account,equity\n", 1).contains("no column cut"));
    let odd = share(b"account,equity\nana,1.0000001\n", 1, 6).unwrap_err();
    assert_eq!(odd.to_string(), "line 2: equity is not an amount of at most 6 decimals");
    let poor = share(b"account,equity\nana,1\n", 2_000_000, 6).unwrap_err();
    assert!(poor.to_string().contains("more than the equity of all winners"));
}
