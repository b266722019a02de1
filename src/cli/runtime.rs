//! The tokio runtime that a command runs on.

use std::thread;
use std::time::Duration;

use tokio::runtime::Builder;

use super::Failure;

/// How long work that cannot be cancelled, such as a name lookup, may hold up the end.
const LINGER: Duration = Duration::from_millis(200);

/// Runs `command`, which somebody waits for while it runs, on a runtime with one worker a core.
pub(super) fn run(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    take_small_pages();
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

/// Keeps the system from backing this process's memory with transparent huge pages, on Linux. Whoever
/// touches a new one waits until two megabytes are cleared, tens of microseconds on bare metal and
/// milliseconds where a hypervisor has to find them first; a small page takes a five-hundredth of it.
fn take_small_pages() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(true) {
        tracing::debug!(%error, "memory: huge pages stay allowed; events may be held up by them");
    }
}
