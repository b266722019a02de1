//! How long a connection may go on: what it is doing, as far as its requests and answers tell.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::account::Account;
use super::framing::Heads;
use crate::config::ServeTimeouts;

/// The watch over one connection.
#[derive(Clone, Debug)]
pub(in crate::serve) struct Watch {
    account: Account,
    heads: Arc<Heads>,
    timeouts: ServeTimeouts,
    /// The places for connections: when none is free, idle ones make way sooner.
    places: Arc<Semaphore>,
    progress: Arc<Progress>,
}

#[derive(Debug, Default)]
struct Progress {
    /// Requests in progress.
    running: AtomicUsize,
    /// When the last one ended, in milliseconds since the connection was opened; 0 before the first.
    ended_ms: AtomicU64,
}

/// A request in progress, until every clone is dropped.
#[derive(Clone, Debug)]
pub(in crate::serve) struct Busy {
    _running: Arc<Running>,
}

#[derive(Debug)]
struct Running {
    opened: Instant,
    progress: Arc<Progress>,
}

impl Watch {
    pub(in crate::serve) fn new(
        account: Account,
        heads: Arc<Heads>,
        timeouts: ServeTimeouts,
        places: Arc<Semaphore>,
    ) -> Self {
        Self {
            account,
            heads,
            timeouts,
            places,
            progress: Arc::default(),
        }
    }

    /// Counts a request in until the result is dropped.
    pub(in crate::serve) fn begin(&self) -> Busy {
        // Relaxed, here and below: both values are hints to a timer and order nothing.
        self.progress.running.fetch_add(1, Ordering::Relaxed);
        let running = Running {
            opened: self.account.opened(),
            progress: Arc::clone(&self.progress),
        };
        Busy {
            _running: Arc::new(running),
        }
    }

    /// When to look again. Requests and answers come and go without waking anybody, so that is soon
    /// enough for whatever may have begun by now.
    pub(in crate::serve) fn look_at(&self) -> Instant {
        let ServeTimeouts {
            head, idle, silent, ..
        } = self.timeouts;
        let latest = Instant::now() + head.min(idle).min(silent);
        [self.over_at(), self.stalled_at()]
            .into_iter()
            .flatten()
            .fold(latest, Instant::min)
    }

    /// Whether the client has taken nothing of what waits for it for too long.
    pub(in crate::serve) fn is_stalled(&self) -> bool {
        self.stalled_at().is_some_and(|at| at <= Instant::now())
    }

    /// Whether the client has asked for nothing for too long.
    pub(in crate::serve) fn is_over(&self) -> bool {
        self.over_at().is_some_and(|at| at <= Instant::now())
    }

    fn stalled_at(&self) -> Option<Instant> {
        let since = self.account.stalled_since();
        since.map(|since| since + self.timeouts.silent)
    }

    /// When to end the connection unless something happens before; `None` while a request is under
    /// way.
    fn over_at(&self) -> Option<Instant> {
        if self.progress.running.load(Ordering::Relaxed) > 0 {
            return None;
        }
        let ServeTimeouts { head, idle, .. } = self.timeouts;
        let opened = self.account.opened();
        let ended = match self.progress.ended_ms.load(Ordering::Relaxed) {
            0 => return Some(opened + head),
            ended_ms => opened + Duration::from_millis(ended_ms),
        };
        let is_crowded = self.places.available_permits() == 0;
        let idle = if is_crowded { idle.min(head) } else { idle };
        let slow = self.heads.begun().map(|begun| begun.max(ended) + head);
        Some(slow.unwrap_or(ended + idle))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let ended_ms = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        let progress = &self.progress;
        progress
            .ended_ms
            .fetch_max(ended_ms.max(1), Ordering::Relaxed);
        progress.running.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ServeBytes;
    use crate::serve::socket::account::Budget;
    use crate::serve::socket::framing::Framing;

    const SECOND: Duration = Duration::from_secs(1);

    struct Rig {
        watch: Watch,
        framing: Framing,
        places: Arc<Semaphore>,
    }

    fn rig() -> Rig {
        let account = Budget::new(ServeBytes::DEFAULT).open();
        let heads = Heads::new(account.opened());
        let places = Arc::new(Semaphore::new(1));
        let timeouts = ServeTimeouts::DEFAULT;
        Rig {
            framing: Framing::new(Arc::clone(&heads)),
            watch: Watch::new(account, heads, timeouts, Arc::clone(&places)),
            places,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_line_outlives_the_usual_balancers_and_a_slow_head_does_not() {
        let Rig {
            watch,
            mut framing,
            places,
        } = rig();
        tokio::time::advance(9 * SECOND).await;
        assert!(!watch.is_over());
        let request = b"GET / HTTP/1.1\r\n\r\n";
        framing.read(request);
        let busy = watch.begin();
        tokio::time::advance(100 * SECOND).await;
        assert!(!watch.is_over(), "a request is under way");
        drop(busy);
        tokio::time::advance(74 * SECOND).await;
        assert!(!watch.is_over(), "idle for 74 s");
        framing.read(&request[..4]);
        tokio::time::advance(9 * SECOND).await;
        assert!(!watch.is_over(), "9 s over a head");
        tokio::time::advance(SECOND).await;
        assert!(watch.is_over(), "10 s over a head");
        framing.read(&request[4..]);
        drop(watch.begin());
        tokio::time::advance(9 * SECOND).await;
        assert!(!watch.is_over());
        let _taken = places.try_acquire().unwrap();
        tokio::time::advance(SECOND).await;
        assert!(watch.is_over(), "no place is free");
        drop(_taken);
        tokio::time::advance(64 * SECOND).await;
        assert!(!watch.is_over(), "idle for 74 s");
        tokio::time::advance(SECOND).await;
        assert!(watch.is_over());
    }

    #[tokio::test(start_paused = true)]
    async fn who_sends_no_head_is_looked_at_in_time() {
        let Rig { watch, .. } = rig();
        assert_eq!(watch.look_at(), Instant::now() + 10 * SECOND);
        tokio::time::advance(10 * SECOND).await;
        assert!(watch.is_over() && !watch.is_stalled());
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_that_nobody_takes_end_a_connection_whose_request_is_under_way() {
        let Rig { watch, .. } = rig();
        let (_busy, body) = (watch.begin(), watch.account.wait());
        tokio::time::advance(29 * SECOND).await;
        assert!(!watch.is_stalled());
        assert_eq!(watch.look_at(), Instant::now() + SECOND);
        body.moved();
        tokio::time::advance(29 * SECOND).await;
        assert!(!watch.is_stalled(), "some were taken");
        tokio::time::advance(SECOND).await;
        assert!(watch.is_stalled() && !watch.is_over());
    }
}
