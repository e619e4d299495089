//! The engine's clock and the grace after it stood still.

use core::fmt;

use serde::{Deserialize, Serialize};

/// A time on the engine's clock, in seconds: the time of the engine's start
/// plus the seconds in which the clock ran. It never runs ahead of real time.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct ClockTime(u64);

impl ClockTime {
    /// A time by its seconds.
    pub const fn new(seconds: u64) -> Self {
        Self(seconds)
    }

    /// The seconds.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The time so many seconds later; the last one there is, if beyond it.
    pub const fn after(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds))
    }
}

impl fmt::Display for ClockTime {
    /// A date where there are dates, else seconds since 1970.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg(feature = "pins")]
        let time = crate::pins::time(self.0);
        #[cfg(not(feature = "pins"))]
        let time = self.0;
        time.fmt(f)
    }
}

/// The grace after the clock stood still: what was not yet due when it started
/// again is due at its end at the earliest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grace {
    /// What the clock showed when it started again. Times before it had passed.
    pub from: ClockTime,
    /// Until when nothing is due.
    pub until: ClockTime,
}

impl Grace {
    /// When something due at `time` is due in fact.
    #[must_use]
    pub fn effective(self, time: ClockTime) -> ClockTime {
        if time >= self.from { time.max(self.until) } else { time }
    }

    /// The grace after the clock, which shows `clock`, starts again. One that
    /// still runs is prolonged: its own deadlines have not passed.
    #[must_use]
    pub(super) fn renewed(self, clock: ClockTime, seconds: u64) -> Self {
        let until = clock.after(seconds);
        if clock <= self.until {
            Self { from: self.from, until: self.until.max(until) }
        } else {
            Self { from: clock, until }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_had_passed_stays_passed() {
        let time = ClockTime::new;
        let grace = Grace::default().renewed(time(100), 20);
        assert_eq!(grace, Grace { from: time(100), until: time(120) });
        for (due, effective) in [(99, 99), (100, 120), (119, 120), (120, 120), (121, 121)] {
            assert_eq!(grace.effective(time(due)), time(effective), "{due}");
        }
        // Still running: one grace. Over: a new one.
        assert_eq!(grace.renewed(time(120), 5), Grace { from: time(100), until: time(125) });
        assert_eq!(grace.renewed(time(101), 5), grace);
        assert_eq!(grace.renewed(time(121), 5), Grace { from: time(121), until: time(126) });
    }
}
