//! Whose turn it is at the card.
//!
//! The library works with one stream in a process. It also uses rayon, and so
//! may callers: a rayon thread that waits takes up other work, which here could
//! be another proof, that waits for the turn that its own thread holds. So a turn
//! is taken by a thread that rayon does not know, and the library gets threads of
//! its own.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

use rayon::{ThreadPool, ThreadPoolBuilder};

use super::CudaError;

static TURN: Mutex<()> = Mutex::new(());
static POOL: OnceLock<ThreadPool> = OnceLock::new();

/// Works with the card, alone.
///
/// # Errors
/// When the work panics.
pub(super) fn take<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, CudaError> {
    let pool = pool()?;
    thread::scope(|scope| {
        let alone = || {
            // What panicked before left nothing behind in here.
            let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
            pool.install(work)
        };
        scope.spawn(alone).join().map_err(|_| CudaError::Stopped)
    })
}

fn pool() -> Result<&'static ThreadPool, CudaError> {
    if let Some(pool) = POOL.get() {
        return Ok(pool);
    }
    let made = ThreadPoolBuilder::new().thread_name(|index| format!("gpu-{index}")).build()?;
    // Another thread may have been faster.
    Ok(POOL.get_or_init(|| made))
}
