//! Stored texts that change with a circuit, and only with a reason.
//!
//! `UPDATE_GOLDEN=1` writes them anew. `ZKMARGIN_GOLDEN=off` compares none: to
//! measure what the other tests see of an edit, which a text would see anyway.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "shared by tests")]

/// Whether stored texts are left alone.
pub fn is_off() -> bool {
    std::env::var("ZKMARGIN_GOLDEN").is_ok_and(|mode| mode == "off")
}

/// Compares a text with the stored one, and shows the lines that differ.
#[track_caller]
pub fn assert_golden(path: &str, text: &str) {
    if is_off() {
        return;
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, text).unwrap();
    }
    let stored = std::fs::read_to_string(path).unwrap_or_default();
    let only = |of: &str, other: &str, mark: char| -> String {
        let others: std::collections::BTreeSet<_> = other.lines().collect();
        let lines = of.lines().filter(|line| !others.contains(line));
        lines.map(|line| format!("{mark} {line}\n")).collect()
    };
    let (lost, new) = (only(&stored, text, '-'), only(text, &stored, '+'));
    assert!(stored == text, "{path} differs; a reviewer must agree with:\n{lost}{new}");
}
