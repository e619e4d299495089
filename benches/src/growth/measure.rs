//! Times: what a clock on the wall says, and what the processors did.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::Result;
use zkmargin_benches::usage::cpu_time;

/// How long something took.
#[derive(Clone, Copy)]
pub(crate) struct Time {
    pub(crate) wall: Duration,
    /// Seconds of all cores: what remains true on a machine with other work.
    pub(crate) cpu: Duration,
}

impl Time {
    /// The share of one of so many.
    pub(crate) fn each(self, count: usize) -> Result<Self> {
        let count = u32::try_from(count)?;
        Ok(Self { wall: self.wall / count, cpu: self.cpu / count })
    }
}

/// Processor time is counted in hundredths of a second: what is shorter than this is run
/// until it has taken so much, for an error of a thirtieth.
const LEAST: Duration = Duration::from_millis(300);

/// The time of one run.
pub(crate) fn per_run<T>(mut run: impl FnMut() -> Result<T>) -> Result<Time> {
    let (start, before) = (Instant::now(), cpu_time()?);
    let mut runs = 0;
    loop {
        // As many again as there were, so that asking for the time takes none.
        for _ in 0..runs.max(1) {
            black_box(run()?);
        }
        runs += runs.max(1);
        let cpu = cpu_time()? - before;
        if cpu >= LEAST {
            return Time { wall: start.elapsed(), cpu }.each(runs);
        }
    }
}
