//! How far prices have moved: the moves of a rolling window, compounded.

use serde::{Deserialize, Serialize};

/// One, in basis points.
const UNIT: u128 = 10_000;

/// A move after another, in basis points, rounded up; the largest number there
/// is, if beyond it.
pub(super) fn compound(first: u32, second: u32) -> u32 {
    let product = (UNIT + u128::from(first)) * (UNIT + u128::from(second));
    u32::try_from(product.div_ceil(UNIT) - UNIT).unwrap_or(u32::MAX)
}

/// The moves of confirmed epochs in two buckets of real time, so that at least
/// one length of the window is always in view and nothing iterates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoveWindow {
    /// When the current bucket began, in real time.
    pub start: u64,
    /// The moves of the bucket before, compounded, in basis points.
    pub previous_bps: u32,
    /// The moves of the current bucket, compounded, in basis points.
    pub current_bps: u32,
}

impl MoveWindow {
    /// An empty window.
    pub const fn empty(now: u64) -> Self {
        Self { start: now, previous_bps: 0, current_bps: 0 }
    }

    /// The window at `now`, when buckets are `length` seconds long.
    #[must_use]
    pub(super) const fn rolled(self, now: u64, length: u64) -> Self {
        let elapsed = now.saturating_sub(self.start);
        if elapsed >= length.saturating_mul(2) {
            Self::empty(now)
        } else if elapsed >= length {
            Self { start: self.start + length, previous_bps: self.current_bps, current_bps: 0 }
        } else {
            self
        }
    }

    /// The move within the window with another one on top.
    pub(super) fn total(self, moved: u32) -> u32 {
        compound(compound(self.previous_bps, self.current_bps), moved)
    }

    /// The window with a confirmed move. One of no length holds none.
    #[must_use]
    pub(super) fn with(self, moved: u32, length: u64) -> Self {
        if length == 0 {
            return self;
        }
        Self { current_bps: compound(self.current_bps, moved), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_compound_and_saturate() {
        assert_eq!(compound(0, 0), 0);
        assert_eq!(compound(2_000, 0), 2_000);
        assert_eq!(compound(1_000, 1_000), 2_100);
        // 1.0001 * 1.0001 = 1.00020001, rounded up.
        assert_eq!(compound(1, 1), 3);
        assert_eq!(compound(u32::MAX, 0), u32::MAX);
        assert_eq!(compound(u32::MAX, u32::MAX), u32::MAX);
    }

    #[test]
    fn buckets_roll_by_whole_lengths() {
        let window = MoveWindow { start: 100, previous_bps: 7, current_bps: 9 };
        assert_eq!(window.rolled(149, 50), window);
        let next = MoveWindow { start: 150, previous_bps: 9, current_bps: 0 };
        assert_eq!(window.rolled(150, 50), next);
        assert_eq!(window.rolled(199, 50), next);
        assert_eq!(window.rolled(200, 50), MoveWindow::empty(200));
        assert_eq!(window.rolled(100, 0), MoveWindow::empty(100));
        assert_eq!(MoveWindow::empty(1).with(9, 0), MoveWindow::empty(1));
    }
}
