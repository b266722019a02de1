//! Bytes of bodies on their way into the ring, of all endpoints together.
//!
//! Above the high water mark nothing more is taken until they have fallen to the low one, so that
//! senders are not let in and sent away by turns.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

/// All bytes on their way. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Flight(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    bytes: AtomicUsize,
    is_shut: AtomicBool,
    high: usize,
    low: usize,
}

/// Bytes of one body, counted until this is dropped.
#[derive(Debug)]
pub(super) struct Held {
    flight: Flight,
    bytes: usize,
}

/// There is no room now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

// Relaxed throughout: the bounds are no exact ones, and order nothing.
impl Flight {
    /// Marks in bytes, `low < high`.
    pub(super) fn new(high: usize, low: usize) -> Self {
        Self(Arc::new(Shared {
            bytes: AtomicUsize::new(0),
            is_shut: AtomicBool::new(false),
            high,
            low,
        }))
    }

    /// Lets a body in, of which nothing has come yet.
    ///
    /// # Errors
    /// Between the marks on the way down.
    pub(super) fn enter(&self) -> Result<Held, Full> {
        let shared = &self.0;
        if shared.is_shut.load(Ordering::Relaxed) {
            if shared.bytes.load(Ordering::Relaxed) > shared.low {
                return Err(Full);
            }
            shared.is_shut.store(false, Ordering::Relaxed);
        }
        Ok(Held {
            flight: self.clone(),
            bytes: 0,
        })
    }
}

impl Held {
    /// Counts so many bytes in place of those before.
    ///
    /// # Errors
    /// When there is no room for more; then those before stay counted.
    pub(super) fn resize(&mut self, bytes: usize) -> Result<(), Full> {
        let shared = &self.flight.0;
        if let Some(less) = self.bytes.checked_sub(bytes) {
            shared.bytes.fetch_sub(less, Ordering::Relaxed);
        } else {
            let more = bytes - self.bytes;
            if shared.bytes.fetch_add(more, Ordering::Relaxed) + more > shared.high {
                shared.bytes.fetch_sub(more, Ordering::Relaxed);
                shared.is_shut.store(true, Ordering::Relaxed);
                return Err(Full);
            }
        }
        self.bytes = bytes;
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.flight.0.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn above_the_high_mark_it_is_shut_down_to_the_low_one() {
        let flight = Flight::new(100, 40);
        let mut first = flight.enter().unwrap();
        let mut second = flight.enter().unwrap();
        first.resize(60).unwrap();
        second.resize(40).unwrap();
        assert_eq!(second.resize(41), Err(Full));
        assert_eq!(flight.enter().unwrap_err(), Full);
        second.resize(1).unwrap();
        assert_eq!(flight.enter().unwrap_err(), Full, "61 is above 40");
        first.resize(39).unwrap();
        let third = flight.enter().unwrap();
        drop((first, second, third));
        assert_eq!(flight.0.bytes.load(Ordering::Relaxed), 0);
    }
}
