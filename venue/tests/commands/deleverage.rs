//! A loss shared, and the auto-deleveraging of 10 October 2025 against the same rule.

use std::fs;

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
