//! SIGTERM and Ctrl-C: the first asks for an orderly end, a second ends the process at once.
//!
//! A thread and a runtime of their own wait for them, so that a second signal works also when the
//! command's runtime is what hangs.

use std::io;
use std::process;
use std::thread;

use tokio::runtime::Builder;
use tokio::signal::unix::Signal;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;
use tokio::sync::oneshot;

use super::Failure;

/// What a command says once it has begun to stop.
pub(super) const STOPPING: &str = "stopping; a second signal ends at once";

/// The first signal, as something to wait for.
#[derive(Debug)]
pub(super) struct Stop(oneshot::Receiver<()>);

impl Stop {
    /// Begins to catch signals. From here on none of them ends the process by itself.
    pub(super) fn on_signal() -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::Failed(format!("signals: cannot catch: {error}"));
        let runtime = Builder::new_current_thread()
            .enable_io()
            .build()
            .map_err(failed)?;
        let mut signals = {
            let _entered = runtime.enter();
            Signals::new().map_err(failed)?
        };
        let (first, stop) = oneshot::channel();
        thread::Builder::new()
            .name("streamgauge-signal".to_owned())
            .spawn(move || {
                runtime.block_on(async move {
                    signals.next().await;
                    // Nobody waits any more: the command is about to end.
                    let _ = first.send(());
                    process::exit(signals.next().await);
                });
            })
            .map_err(failed)?;
        Ok(Self(stop))
    }

    /// Waits for the first signal.
    pub(super) async fn requested(self) {
        // The thread keeps the sender until a signal comes, so an error is one too.
        let _ = self.0.await;
    }
}

#[derive(Debug)]
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// The next signal, as the exit code of a process that it ends.
    async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.interrupt.recv() => 130,
            _ = self.terminate.recv() => 143,
        }
    }
}
