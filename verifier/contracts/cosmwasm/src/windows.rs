//! When circuits are accepted, and until when there is one.

use serde::{Deserialize, Serialize};

/// The most circuits that a registry has, those that wait or ended included.
pub const MAX_CIRCUITS: usize = 16;
/// No end.
pub const FOREVER: u64 = u64::MAX;

/// When a circuit's proofs are accepted, in real time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// From when on.
    pub from: u64,
    /// Until when, inclusive; [`FOREVER`] when there is no end.
    pub until: u64,
    /// Since when it is frozen.
    pub frozen: Option<u64>,
    /// Whether its proofs are of changes: they keep no account current by themselves,
    /// and say nothing of until when margin proofs can be verified.
    #[serde(default)]
    pub of_changes: bool,
    /// Whether its proofs have an escrow: where the policy demands one they keep accounts
    /// current, and no others do.
    #[serde(default)]
    pub of_escrows: bool,
}

impl Window {
    /// A window of a circuit of margin proofs, not frozen.
    pub const fn of_margin(from: u64, until: u64) -> Self {
        Self { from, until, frozen: None, of_changes: false, of_escrows: false }
    }

    /// Whether its proofs keep accounts current, where escrows are demanded or not.
    const fn proves(&self, escrows: bool) -> bool {
        !self.of_changes && self.of_escrows == escrows
    }

    /// Whether it begins: one that was frozen before does not.
    const fn begins(&self) -> bool {
        match self.frozen {
            None => true,
            Some(since) => since >= self.from,
        }
    }

    /// Whether accounts can have relied on it, and cannot now.
    const fn stops_the_clock(&self) -> bool {
        match self.frozen {
            None => false,
            Some(since) => since >= self.from && since <= self.until,
        }
    }
}

/// Whether a circuit is frozen while accounts rely on it.
pub fn frozen(windows: &[Window]) -> bool {
    windows.iter().any(Window::stops_the_clock)
}

/// Until when, without a gap from `now` on, there is a circuit of what keeps accounts
/// current; 0 when there is none now. `escrows`: whether the policy demands them.
pub fn covered_until(windows: &[Window], now: u64, escrows: bool) -> u64 {
    let (mut until, mut reach) = (0, now);
    loop {
        let further = windows
            .iter()
            .filter(|window| window.proves(escrows) && window.begins() && window.from <= reach)
            .filter(|window| window.until >= now && window.until > until)
            .map(|window| window.until)
            .max();
        match further {
            None => return until,
            Some(FOREVER) => return FOREVER,
            Some(end) => (until, reach) = (end, end + 1),
        }
    }
}

/// When, after a gap that began at `ended`, there is a circuit again, at most at
/// `now`.
pub fn next_begin(windows: &[Window], ended: u64, now: u64, escrows: bool) -> Option<u64> {
    windows
        .iter()
        .filter(|window| window.proves(escrows) && window.begins())
        .filter(|window| window.from > ended && window.from <= now)
        .map(|window| window.from)
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn window(from: u64, until: u64) -> Window {
        Window::of_margin(from, until)
    }

    #[test]
    fn coverage_ends_at_the_first_gap() {
        assert_eq!(covered_until(&[], 5, false), 0);
        let windows = [window(10, 20), window(21, 30), window(32, FOREVER), window(12, 15)];
        for (now, until) in [(9, 0), (10, 30), (20, 30), (30, 30), (31, 0), (32, FOREVER)] {
            assert_eq!(covered_until(&windows, now, false), until, "{now}");
        }
        assert_eq!(next_begin(&windows, 30, 31, false), None);
        assert_eq!(next_begin(&windows, 30, 99, false), Some(32));
        assert_eq!(next_begin(&windows, 0, 99, false), Some(10));
    }

    #[test]
    fn a_circuit_frozen_before_it_begins_counts_for_nothing() {
        let early = Window { frozen: Some(9), ..window(10, 20) };
        let late = Window { frozen: Some(10), ..window(10, 20) };
        let ended = Window { frozen: Some(21), ..window(10, 20) };
        assert_eq!([early, late, ended].map(|window| frozen(&[window])), [false, true, false]);
        assert_eq!(covered_until(&[early], 15, false), 0);
        assert_eq!(covered_until(&[late], 15, false), 20);
        assert_eq!(next_begin(&[early], 0, 99, false), None);
    }

    #[test]
    fn a_circuit_of_changes_covers_nothing_and_stops_the_clock() {
        let changes = Window { of_changes: true, ..window(10, 20) };
        assert_eq!(covered_until(&[changes], 15, false), 0);
        assert_eq!(next_begin(&[changes], 0, 99, false), None);
        assert!(frozen(&[Window { frozen: Some(12), ..changes }]));
    }

    #[test]
    fn where_escrows_are_demanded_their_circuits_alone_count() {
        let escrows = Window { of_escrows: true, ..window(10, 20) };
        let windows = [escrows, window(5, 30)];
        assert_eq!([true, false].map(|said| covered_until(&windows, 15, said)), [20, 30]);
        assert_eq!(
            [true, false].map(|said| next_begin(&windows, 0, 99, said)),
            [Some(10), Some(5)]
        );
        assert!(frozen(&[Window { frozen: Some(12), ..escrows }]));
    }
}
