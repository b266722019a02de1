//! Signals: the first SIGTERM or Ctrl-C asks for an orderly end, a second ends the process at once;
//! SIGHUP ends a command that sits at a terminal, and has a server read its settings again.
//!
//! A thread and a runtime of their own wait for them, so that a second signal works also when the
//! command's runtime is what hangs. As process 1 of a container a command has no defaults to rely on:
//! the system ignores whatever it does not catch.

use std::fs;
use std::io;
use std::io::IsTerminal;
use std::process;
use std::thread;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::signal::unix::Signal;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tracing::info;

use crate::stderr;

use super::Failure;

/// What a command says once it has begun to stop.
pub(super) const STOPPING: &str = "stopping; a second signal ends at once";

/// How long the last lines for people may take at an end that is to be at once.
const LAST_LINES: Duration = Duration::from_millis(100);

/// The first signal, as something to wait for.
#[derive(Debug)]
pub(super) struct Stop(oneshot::Receiver<()>);

/// Each SIGHUP to a server, as something to wait for.
#[derive(Debug)]
pub(super) struct Hangups(mpsc::Receiver<()>);

impl Stop {
    /// Begins to catch signals. From here on none of them ends the process by itself.
    pub(super) fn on_signal() -> Result<Self, Failure> {
        // Who started us with `nohup` wants us to stay.
        let (first, stop) = oneshot::channel();
        catch(!is_hangup_ignored(), Some(first), None)?;
        Ok(Self(stop))
    }

    /// The same for a server, which SIGHUP does not end unless it tells that its terminal is gone.
    pub(super) fn of_server() -> Result<(Self, Hangups), Failure> {
        // One that waits is enough: it reads what is there when its turn comes.
        let (sender, hangups) = mpsc::channel(1);
        let (first, stop) = oneshot::channel();
        catch(true, Some(first), Some(sender))?;
        Ok((Self(stop), Hangups(hangups)))
    }

    /// Waits for the first signal.
    pub(super) async fn requested(&mut self) {
        // The thread keeps the sender until a signal comes, so an error is one too.
        let _ = (&mut self.0).await;
    }
}

impl Hangups {
    /// Waits for the next one. Can be dropped while it waits.
    pub(super) async fn next(&mut self) {
        if self.0.recv().await.is_none() {
            // The thread goes with the process.
            std::future::pending().await
        }
    }
}

/// Has signals end the process at once, for commands that wait for nothing but their input and
/// output. Elsewhere than in process 1 the system does that by itself.
pub(super) fn end_at_once() -> Result<(), Failure> {
    if process::id() != 1 {
        return Ok(());
    }
    catch(!is_hangup_ignored(), None, None)
}

fn exit(code: i32) -> ! {
    stderr::flush(LAST_LINES);
    process::exit(code)
}

fn failed(error: io::Error) -> Failure {
    Failure::Failed(format!("signals: cannot catch: {error}"))
}

/// Catches signals, SIGHUP among them where that is said. The first that asks for an end goes to
/// `first`, where there is one, and each SIGHUP to `hangups`.
fn catch(
    catches_hangup: bool,
    mut first: Option<oneshot::Sender<()>>,
    hangups: Option<mpsc::Sender<()>>,
) -> Result<(), Failure> {
    let runtime = Builder::new_current_thread()
        .enable_io()
        .build()
        .map_err(failed)?;
    let mut signals = {
        let _entered = runtime.enter();
        Signals::new(catches_hangup).map_err(failed)?
    };
    let terminals = Terminals::now();
    let waiting = async move {
        loop {
            let code = match signals.next().await {
                Caught::Ends(code) => code,
                Caught::Hangup => match &hangups {
                    Some(hangups) if !terminals.are_gone() => {
                        // Full: the one that waits does for both.
                        let _ = hangups.try_send(());
                        continue;
                    }
                    _ => 129,
                },
                Caught::User(name) => {
                    info!(
                        "{name}: nothing hangs on it; SIGHUP has a server read its settings again"
                    );
                    continue;
                }
            };
            match first.take() {
                // Nobody waits any more: the command is about to end.
                Some(first) => drop(first.send(())),
                None => exit(code),
            }
        }
    };
    thread::Builder::new()
        .name("streamgauge-signal".to_owned())
        .spawn(move || runtime.block_on(waiting))
        .map(drop)
        .map_err(failed)
}

/// What has come.
enum Caught {
    /// An end, with the exit code of a process that it ends.
    Ends(i32),
    Hangup,
    /// One without a meaning here, whose default would be the end.
    User(&'static str),
}

#[derive(Debug)]
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    user1: Signal,
    user2: Signal,
    hangup: Option<Signal>,
}

impl Signals {
    fn new(catches_hangup: bool) -> io::Result<Self> {
        let hangup = catches_hangup.then(|| signal(SignalKind::hangup()));
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            user1: signal(SignalKind::user_defined1())?,
            user2: signal(SignalKind::user_defined2())?,
            hangup: hangup.transpose()?,
        })
    }

    async fn next(&mut self) -> Caught {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => Caught::Ends(130),
            _ = self.terminate.recv() => Caught::Ends(143),
            _ = self.user1.recv() => Caught::User("SIGUSR1"),
            _ = self.user2.recv() => Caught::User("SIGUSR2"),
            _ = hangup => Caught::Hangup,
        }
    }
}

/// Which of the standard streams were a terminal when the command began.
#[derive(Clone, Copy, Debug)]
struct Terminals([bool; 3]);

impl Terminals {
    fn now() -> Self {
        Self([
            io::stdin().is_terminal(),
            io::stdout().is_terminal(),
            io::stderr().is_terminal(),
        ])
    }

    /// Whether there was a terminal and it has hung up: then nobody can end the command there.
    fn are_gone(self) -> bool {
        let is_terminal = Self::now().0.into_iter().any(|is| is);
        self.0.into_iter().any(|was| was) && !is_terminal
    }
}

/// Whether the process was started with SIGHUP ignored, as `nohup` does. Read before it is caught.
fn is_hangup_ignored() -> bool {
    fs::read_to_string("/proc/self/status").is_ok_and(|status| ignores_hangup(&status))
}

/// Whether the kernel's words for a process say so: a set of signals as a number, SIGHUP the lowest.
fn ignores_hangup(status: &str) -> bool {
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|set| u64::from_str_radix(set.trim(), 16).ok());
    ignored.is_some_and(|set| set & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ignored_hangup_is_read_from_the_kernels_words() {
        let status = |set: &str| format!("Name:\tstreamgauge\nSigBlk:\t0001\nSigIgn:\t{set}\n");
        assert!(ignores_hangup(&status("0000000000001001")));
        assert!(!ignores_hangup(&status("0000000000001000")));
        assert!(!ignores_hangup("") && !ignores_hangup(&status("none")));
    }
}
