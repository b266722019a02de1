//! The tokio runtime that a command runs on.

use std::thread;
use std::time::Duration;

use tokio::runtime::Builder;

use super::Failure;

/// How long work that cannot be cancelled, such as a name lookup, may hold up the end.
const LINGER: Duration = Duration::from_millis(200);

/// Runs `command` on a runtime with one worker a core.
pub(super) fn run(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let runtime = Builder::new_multi_thread()
        .worker_threads(cores)
        .thread_name("streamgauge-io")
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(format!("runtime: cannot start: {error}")))?;
    let done = runtime.block_on(command);
    runtime.shutdown_timeout(LINGER);
    done
}
