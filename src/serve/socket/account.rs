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
pub(in crate::serve) const PLACE_BYTES: usize = 32 << 10;

/// The same for one that is executed ahead of its turn to be sent, in bytes.
const LARGE_PLACE_BYTES_MAX: usize = 512 << 10;

/// All connections of a server.
#[derive(Clone, Debug)]
pub(in crate::serve) struct Budget(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    bytes: ServeBytes,
    room: Room,
    /// Notified when somebody finds no room.
    pressed: Notify,
}

/// One connection. Cheap to clone.
#[derive(Clone)]
pub(in crate::serve) struct Account(Arc<Connection>);

struct Connection {
    budget: Budget,
    room: Room,
    opened: Instant,
    bodies: Queue,
    frames: Queue,
    cut: CancellationToken,
}

/// What waits for the client to take it.
#[derive(Default)]
struct Queue {
    waiting: AtomicUsize,
    /// When something of it was taken last, or the first began to wait, in milliseconds since the
    /// connection was opened.
    moved_ms: AtomicU64,
}

/// Which of the two.
#[derive(Clone, Copy)]
enum Kind {
    /// Bodies of answers: when none of them moves, the connection is over.
    Bodies,
    /// Frames of WebSockets, each of which looks at the time itself.
    Frames,
}

/// Bytes that are counted until this is dropped.
pub(in crate::serve) struct Held {
    account: Account,
    bytes: usize,
}

/// Something that waits to be taken until this is dropped.
pub(in crate::serve) struct Waiting(Account, Kind);

impl Budget {
    pub(in crate::serve) fn new(bytes: ServeBytes) -> Self {
        Self(Arc::new(Shared {
            bytes,
            room: Room::new(bytes.total),
            pressed: Notify::new(),
        }))
    }

    /// A connection that was just opened.
    pub(in crate::serve) fn open(&self) -> Account {
        Account(Arc::new(Connection {
            budget: self.clone(),
            room: Room::new(self.0.bytes.per_connection),
            opened: Instant::now(),
            bodies: Queue::default(),
            frames: Queue::default(),
            cut: CancellationToken::new(),
        }))
    }

    /// Waits until somebody finds no room.
    pub(in crate::serve) async fn pressed(&self) {
        self.0.pressed.notified().await;
    }

    /// Whether somebody still waits for room.
    pub(in crate::serve) fn is_wanted(&self) -> bool {
        self.0.room.is_wanted()
    }
}

impl Account {
    /// When the connection was opened.
    pub(in crate::serve) fn opened(&self) -> Instant {
        self.0.opened
    }

    /// Waits for room for something that is prepared before its size is known; `None` when there is
    /// none in time.
    pub(in crate::serve) async fn place(&self, bytes: usize, in_time: Duration) -> Option<Held> {
        // Mostly there is some, and nobody needs a timer.
        if let Some(held) = self.try_hold(bytes) {
            return Some(held);
        }
        let held = self.hold(bytes);
        tokio::time::timeout(in_time, held).await.ok()
    }

    /// The same for what is large, of which there are two at a time on one connection.
    pub(in crate::serve) async fn large_place(&self, in_time: Duration) -> Option<Held> {
        // Of the connection without limits, no more than makes a difference.
        let bytes = self.0.budget.0.bytes.per_connection / 2;
        self.place(bytes.min(LARGE_PLACE_BYTES_MAX), in_time).await
    }

    /// Waits for room for the one frame that a WebSocket writes at a time, beside whatever else the
    /// connection holds: that is not known before this frame is.
    pub(in crate::serve) async fn frame(&self, bytes: usize) -> Held {
        self.0.room.take_over(bytes);
        self.hold_of_all(bytes).await
    }

    /// Waits for room. Can be dropped while it waits.
    pub(in crate::serve) async fn hold(&self, bytes: usize) -> Held {
        self.0.room.take(bytes).await;
        self.hold_of_all(bytes).await
    }

    /// Takes room at once, or none.
    fn try_hold(&self, bytes: usize) -> Option<Held> {
        if !self.0.room.try_take(bytes) {
            return None;
        }
        let own = OwnRoom(&self.0.room, bytes);
        if !self.0.budget.0.room.try_take(bytes) {
            return None;
        }
        own.keep();
        Some(Held {
            account: self.clone(),
            bytes,
        })
    }

    /// Waits for room beside other connections, when there is some in this one.
    async fn hold_of_all(&self, bytes: usize) -> Held {
        let budget = &self.0.budget.0;
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
    pub(in crate::serve) fn nothing(&self) -> Held {
        Held {
            account: self.clone(),
            bytes: 0,
        }
    }

    /// Says that the body of an answer waits to be taken.
    pub(in crate::serve) fn wait(&self) -> Waiting {
        self.wait_in(Kind::Bodies)
    }

    /// Says that a frame of a WebSocket does, or one that waits for room.
    pub(in crate::serve) fn wait_for_frame(&self) -> Waiting {
        self.wait_in(Kind::Frames)
    }

    fn wait_in(&self, kind: Kind) -> Waiting {
        // Relaxed, here and below: hints to a timer, which order nothing.
        if self.queue(kind).waiting.fetch_add(1, Ordering::Relaxed) == 0 {
            self.moved(kind);
        }
        Waiting(self.clone(), kind)
    }

    /// Since when bodies wait and nothing of them was taken.
    pub(in crate::serve) fn stalled_since(&self) -> Option<Instant> {
        self.since(Kind::Bodies)
    }

    /// The same, of frames too.
    pub(in crate::serve) fn untaken_since(&self) -> Option<Instant> {
        let since = [Kind::Bodies, Kind::Frames].map(|kind| self.since(kind));
        since.into_iter().flatten().min()
    }

    fn since(&self, kind: Kind) -> Option<Instant> {
        let queue = self.queue(kind);
        if queue.waiting.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let moved_ms = queue.moved_ms.load(Ordering::Relaxed);
        Some(self.0.opened + Duration::from_millis(moved_ms))
    }

    fn queue(&self, kind: Kind) -> &Queue {
        match kind {
            Kind::Bodies => &self.0.bodies,
            Kind::Frames => &self.0.frames,
        }
    }

    /// How much it holds, in bytes.
    pub(in crate::serve) fn bytes(&self) -> usize {
        self.0.room.used()
    }

    /// Ends the connection: others need its room.
    pub(in crate::serve) fn cut(&self) {
        self.0.cut.cancel();
    }

    /// Waits until the connection is to end.
    pub(in crate::serve) async fn is_cut(&self) {
        self.0.cut.cancelled().await;
    }

    /// Whether nobody serves the connection any more but who asks.
    pub(in crate::serve) fn is_forgotten(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    fn moved(&self, kind: Kind) {
        let now_ms = u64::try_from(self.0.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.queue(kind)
            .moved_ms
            .fetch_max(now_ms, Ordering::Relaxed);
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
    pub(in crate::serve) fn resize(&mut self, bytes: usize) -> bool {
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
    pub(in crate::serve) const fn bytes(&self) -> usize {
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
    pub(in crate::serve) fn moved(&self) {
        self.0.moved(self.1);
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.moved(self.1);
        let queue = self.0.queue(self.1);
        queue.waiting.fetch_sub(1, Ordering::Relaxed);
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
    async fn a_frame_waits_for_others_and_not_for_its_own_connection() {
        let budget = Budget::new(BYTES);
        let (one, other) = (budget.open(), budget.open());
        let soon = Duration::from_secs(1);
        let first = one.place(100, soon).await.unwrap();
        let frame = one.frame(50).await;
        let _waiting = other.wait_for_frame();
        let waits = tokio::time::timeout(soon, other.frame(1)).await;
        assert!(waits.is_err(), "150 of 150");
        assert!(other.untaken_since().is_some() && other.stalled_since().is_none());
        assert_eq!((one.bytes(), other.bytes()), (150, 0));
        drop((first, frame));
        assert_eq!((one.bytes(), budget.0.room.used()), (0, 0));
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
