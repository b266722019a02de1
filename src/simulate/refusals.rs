//! Fires the faults that answer a request with an error. Shared by all connections; atomics only.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use super::fault::Endpoint;
use super::fault::Fault;
use super::fault::FaultKind;
use super::fault::Refusal;
use super::fault::When;

/// The refusals still to be given.
#[derive(Debug)]
pub(super) struct Refusals(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    refusal: Refusal,
    when: When,
    given: AtomicU64,
}

impl Refusals {
    /// The refusals among `faults`.
    pub(super) fn new(faults: &[Fault]) -> Self {
        let entries = faults.iter().filter_map(|fault| match fault.kind {
            FaultKind::Refuse(refusal) => Some(Entry {
                refusal,
                when: fault.when,
                given: AtomicU64::new(0),
            }),
            _ => None,
        });
        Self(entries.collect())
    }

    /// The refusal that a request to `endpoint` gets now, if any. Each call uses one up.
    pub(super) fn take(
        &self,
        endpoint: Endpoint,
        elapsed_us: u64,
        events_sent: u64,
    ) -> Option<Refusal> {
        let here = |entry: &&Entry| entry.refusal.endpoint == endpoint;
        for entry in self.0.iter().filter(here) {
            let firings = entry.when.firings(elapsed_us, events_sent);
            let allowed = firings.saturating_mul(entry.refusal.times);
            // Relaxed: the count orders nothing but itself.
            let taken = entry
                .given
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |given| {
                    (given < allowed).then_some(given + 1)
                });
            if taken.is_ok() {
                return Some(entry.refusal);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_firing_refuses_the_stated_number_of_requests() {
        let faults = ["token=429:2:7", "handshake=503@every:10s"].map(|f| f.parse().unwrap());
        let refusals = Refusals::new(&faults);
        let status = |endpoint, elapsed_us| {
            let refusal = refusals.take(endpoint, elapsed_us, 0)?;
            Some((refusal.status.as_u16(), refusal.retry_after_s))
        };
        assert_eq!(status(Endpoint::Token, 0), Some((429, Some(7))));
        assert_eq!(status(Endpoint::Handshake, 0), None);
        assert_eq!(status(Endpoint::Token, 0), Some((429, Some(7))));
        assert_eq!(status(Endpoint::Token, 0), None);
        assert_eq!(status(Endpoint::Handshake, 25_000_000), Some((503, None)));
        assert_eq!(status(Endpoint::Handshake, 25_000_000), Some((503, None)));
        assert_eq!(status(Endpoint::Handshake, 25_000_000), None);
    }
}
