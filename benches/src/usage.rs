//! What this process took, as Linux counts it.

use std::time::Duration;

use anyhow::{Context, Result};

/// Seconds of all cores so far, of this process, as Linux counts them: in
/// hundredths.
///
/// # Errors
/// Off Linux.
pub fn cpu_time() -> Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The name, in parentheses, may hold spaces; user and system time are fields 14
    // and 15.
    let (_, fields) = stat.rsplit_once(')').context("no name in /proc/self/stat")?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut ticks =
        || -> Result<u64> { Ok(fields.next().context("/proc/self/stat ends")?.parse()?) };
    Ok(Duration::from_millis(10 * (ticks()? + ticks()?)))
}

/// The process's peak resident memory in MiB, as Linux counts it.
///
/// # Errors
/// Off Linux.
pub fn peak_memory() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: u64 = line
        .and_then(|line| line.split_whitespace().next())
        .context("no VmHWM in /proc/self/status")?
        .parse()?;
    Ok(kib / 1024)
}
