//! What one connection has on its way: bytes that are prepared for its client, or came from it, and
//! that nobody has taken yet. Bounded for the connection and for all of them together.
//!
//! A body counts from the moment it is there until its last byte has left for the socket, wherever it
//! waits meanwhile: in HTTP/2, whose client opens the window, or in front of a full socket. So a
//! client that takes nothing is seen here whatever else it says, pings included.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::room::Room;
use crate::config::ServeBytes;

/// Room that an answer is prepared in before its size is known, in bytes: most are smaller.
pub(super) const PLACE_BYTES: usize = 32 << 10;

/// The same for one that is executed ahead of its turn to be told, in bytes.
const LARGE_PLACE_BYTES_MAX: usize = 512 << 10;

/// All connections of a server.
#[derive(Clone, Debug)]
pub(super) struct Budget(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    bytes: ServeBytes,
    room: Room,
    /// Told when somebody finds no room.
    pressed: Notify,
}

/// One connection. Cheap to clone.
#[derive(Clone)]
pub(super) struct Account(Arc<Connection>);

struct Connection {
    budget: Budget,
    room: Room,
    opened: Instant,
    /// Bodies and pieces that are not taken.
    waiting: AtomicUsize,
    /// When one of them was taken last, or the first of them began to wait, in milliseconds since the
    /// connection was opened.
    moved_ms: AtomicU64,
    cut: CancellationToken,
}

/// Bytes that are counted until this is dropped.
pub(super) struct Held {
    account: Account,
    bytes: usize,
}

/// Something that waits to be taken until this is dropped.
pub(super) struct Waiting(Account);

impl Budget {
    pub(super) fn new(bytes: ServeBytes) -> Self {
        Self(Arc::new(Shared {
            bytes,
            room: Room::new(bytes.total),
            pressed: Notify::new(),
        }))
    }

    /// A connection that was just opened.
    pub(super) fn open(&self) -> Account {
        Account(Arc::new(Connection {
            budget: self.clone(),
            room: Room::new(self.0.bytes.per_connection),
            opened: Instant::now(),
            waiting: AtomicUsize::new(0),
            moved_ms: AtomicU64::new(0),
            cut: CancellationToken::new(),
        }))
    }

    /// Waits until somebody finds no room.
    pub(super) async fn pressed(&self) {
        self.0.pressed.notified().await;
    }

    /// Whether somebody still waits for room.
    pub(super) fn is_wanted(&self) -> bool {
        self.0.room.is_wanted()
    }
}

impl Account {
    /// When the connection was opened.
    pub(super) fn opened(&self) -> Instant {
        self.0.opened
    }

    /// Waits for room for something that is prepared before its size is known; `None` when there is
    /// none in time.
    pub(super) async fn place(&self, bytes: usize, in_time: Duration) -> Option<Held> {
        let held = self.hold(bytes);
        tokio::time::timeout(in_time, held).await.ok()
    }

    /// The same for what is large, of which there are two at a time on one connection.
    pub(super) async fn large_place(&self, in_time: Duration) -> Option<Held> {
        // Of the connection without limits, no more than makes a difference.
        let bytes = self.0.budget.0.bytes.per_connection / 2;
        self.place(bytes.min(LARGE_PLACE_BYTES_MAX), in_time).await
    }

    /// Waits for room. Can be dropped while it waits.
    pub(super) async fn hold(&self, bytes: usize) -> Held {
        let budget = &self.0.budget.0;
        self.0.room.take(bytes).await;
        // The connection's own room is given back when the wait for the other is given up.
        let own = OwnRoom(&self.0.room, bytes);
        if !budget.room.try_take(bytes) {
            budget.pressed.notify_one();
            budget.room.take(bytes).await;
        }
        own.keep();
        Held {
            account: self.clone(),
            bytes,
        }
    }

    /// Room for nothing yet.
    pub(super) fn nothing(&self) -> Held {
        Held {
            account: self.clone(),
            bytes: 0,
        }
    }

    /// Says that something waits to be taken.
    pub(super) fn wait(&self) -> Waiting {
        if self.0.waiting.fetch_add(1, Ordering::Relaxed) == 0 {
            self.moved();
        }
        Waiting(self.clone())
    }

    /// Since when something waits and nothing was taken.
    pub(super) fn stalled_since(&self) -> Option<Instant> {
        // Relaxed, here and below: hints to a timer, which order nothing.
        if self.0.waiting.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let moved_ms = self.0.moved_ms.load(Ordering::Relaxed);
        Some(self.0.opened + Duration::from_millis(moved_ms))
    }

    /// How much it holds, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.0.room.used()
    }

    /// Ends the connection: others need its room.
    pub(super) fn cut(&self) {
        self.0.cut.cancel();
    }

    /// Waits until the connection is to end.
    pub(super) async fn is_cut(&self) {
        self.0.cut.cancelled().await;
    }

    /// Whether nobody serves the connection any more but who asks.
    pub(super) fn is_forgotten(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    fn moved(&self) {
        let now_ms = u64::try_from(self.0.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.moved_ms.fetch_max(now_ms, Ordering::Relaxed);
    }
}

impl Default for Account {
    /// A connection that shares room with nobody, and has enough.
    fn default() -> Self {
        Budget::new(ServeBytes {
            per_connection: usize::MAX / 2,
            total: usize::MAX / 2,
        })
        .open()
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Account").field(&self.bytes()).finish()
    }
}

impl Held {
    /// Makes it as large as what was prepared. What no longer fits beside the answers of other
    /// connections is refused; within the connection it is bounded by the places that there are.
    pub(super) fn resize(&mut self, bytes: usize) -> bool {
        let connection = &self.account.0;
        let budget = &connection.budget.0;
        if let Some(more) = bytes.checked_sub(self.bytes) {
            if more > 0 && !budget.room.try_take(more) {
                budget.pressed.notify_one();
                return false;
            }
            connection.room.take_over(more);
        } else {
            let less = self.bytes - bytes;
            connection.room.give_back(less);
            budget.room.give_back(less);
        }
        self.bytes = bytes;
        true
    }

    /// How much it is, in bytes.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.bytes > 0 {
            let connection = &self.account.0;
            connection.room.give_back(self.bytes);
            connection.budget.0.room.give_back(self.bytes);
        }
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Held").field(&self.bytes).finish()
    }
}

impl Waiting {
    /// Says that a part was taken.
    pub(super) fn moved(&self) {
        self.0.moved();
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.moved();
        self.0.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Room of the connection that is given back unless it is kept.
struct OwnRoom<'a>(&'a Room, usize);

impl OwnRoom<'_> {
    fn keep(mut self) {
        self.1 = 0;
    }
}

impl Drop for OwnRoom<'_> {
    fn drop(&mut self) {
        if self.1 > 0 {
            self.0.give_back(self.1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: ServeBytes = ServeBytes {
        per_connection: 100,
        total: 150,
    };

    #[tokio::test(start_paused = true)]
    async fn bytes_are_bounded_for_one_and_for_all() {
        let budget = Budget::new(BYTES);
        let (one, other) = (budget.open(), budget.open());
        let soon = Duration::from_secs(1);
        let first = one.place(80, soon).await.unwrap();
        assert!(one.place(40, soon).await.is_none(), "80 of 100");
        let mut second = other.place(60, soon).await.unwrap();
        assert!(!second.resize(80), "80 + 80 of 150");
        assert!(second.resize(70));
        assert!(other.place(10, soon).await.is_none(), "150 of 150");
        assert_eq!((one.bytes(), other.bytes()), (80, 70));
        budget.pressed().await;
        drop(first);
        assert!(other.place(10, soon).await.is_some());
        assert!(second.resize(5));
        drop(second);
        assert_eq!(
            (one.bytes(), other.bytes(), budget.0.room.used()),
            (0, 0, 0)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_stall_lasts_from_the_last_thing_taken() {
        let account = Budget::new(BYTES).open();
        let second = Duration::from_secs(1);
        let since = || account.stalled_since().map(|at| at.elapsed());
        tokio::time::advance(second).await;
        assert_eq!(since(), None);
        let body = account.wait();
        tokio::time::advance(second).await;
        let other = account.wait();
        assert_eq!(since(), Some(second), "another that waits is no progress");
        body.moved();
        assert_eq!(since(), Some(Duration::ZERO));
        tokio::time::advance(second).await;
        drop(other);
        assert_eq!(since(), Some(Duration::ZERO));
        drop(body);
        assert_eq!(since(), None);
    }
}
