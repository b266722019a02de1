//! How many bytes may be in one place at a time, counted without a lock; who finds none waits.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use tokio::sync::Notify;

/// Room for bytes.
#[derive(Debug)]
pub(super) struct Room {
    bytes_max: usize,
    used: AtomicUsize,
    /// Those who look for room and have found none.
    waiting: AtomicUsize,
    freed: Notify,
}

/// Somebody in the queue, for as long as it is kept.
struct Queued<'a>(&'a Room);

impl Room {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            used: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            freed: Notify::new(),
        }
    }

    /// Takes room at once, or none. What is larger than all of it fits when nothing else is there.
    pub(super) fn try_take(&self, bytes: usize) -> bool {
        // SeqCst, here and below: who waits announces itself and then looks for room, who gives room
        // back does so and then looks for who waits. One order of all four means that one of the two
        // sees the other.
        let taken = self
            .used
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |used| {
                let is_free = used == 0 || used.saturating_add(bytes) <= self.bytes_max;
                is_free.then(|| used.saturating_add(bytes))
            });
        taken.is_ok()
    }

    /// Takes room that may not be there, for what exists already.
    pub(super) fn take_over(&self, bytes: usize) {
        self.used.fetch_add(bytes, Ordering::SeqCst);
    }

    /// Waits for room, in turn. Can be dropped while it waits.
    pub(super) async fn take(&self, bytes: usize) {
        if self.try_take(bytes) {
            return;
        }
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let _queued = Queued(self);
        loop {
            let freed = self.freed.notified();
            if self.try_take(bytes) {
                // There may be enough for the next one too.
                self.freed.notify_one();
                return;
            }
            freed.await;
        }
    }

    /// Gives back what was taken.
    pub(super) fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::SeqCst);
        if self.is_wanted() {
            self.freed.notify_one();
        }
    }

    /// Whether somebody waits.
    pub(super) fn is_wanted(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) > 0
    }

    /// How much is taken, in bytes.
    pub(super) fn used(&self) -> usize {
        self.used.load(Ordering::SeqCst)
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
        // It may have been woken and left without using what woke it.
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn capacity() {
        let room = Room::new(10);
        assert!(room.try_take(25), "alone, anything fits");
        assert!(!room.try_take(1));
        room.give_back(25);
        assert!(room.try_take(4) && room.try_take(6) && !room.try_take(1));
        room.take_over(5);
        assert_eq!(room.used(), 15);
        room.give_back(6);
        assert!(room.try_take(1), "9 of 10 were taken");
        assert!(!room.try_take(1));
    }

    #[tokio::test]
    async fn everybody_who_waits_gets_in() {
        let room = Arc::new(Room::new(100));
        let tasks: Vec<_> = (1..=100)
            .map(|bytes| {
                let room = Arc::clone(&room);
                tokio::spawn(async move {
                    let take = room.take(bytes);
                    // Some give up: what would have woken them wakes another.
                    if bytes % 7 == 0 {
                        tokio::select! {
                            biased;
                            () = take => {}
                            () = tokio::task::yield_now() => return,
                        }
                    } else {
                        take.await;
                    }
                    tokio::task::yield_now().await;
                    room.give_back(bytes);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(room.used(), 0);
    }

    #[tokio::test]
    async fn who_gives_up_leaves_nothing_behind() {
        let room = Room::new(10);
        assert!(room.try_take(10));
        {
            let mut waits = Box::pin(room.take(1));
            assert!(futures_util::poll!(waits.as_mut()).is_pending());
            assert!(room.is_wanted());
        }
        assert!(!room.is_wanted());
        room.give_back(10);
        assert_eq!(room.used(), 0);
    }
}
