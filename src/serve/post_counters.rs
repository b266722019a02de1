//! What was posted to the endpoints for events, in numbers: for the API and for `/metrics`.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use crate::post::Outcome;
use crate::post::Poster;
use crate::post::Reply;

/// Counts of one endpoint at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::serve) struct PostCounts {
    /// What it is called.
    pub(in crate::serve) name: Arc<str>,
    /// Where it is.
    pub(in crate::serve) path: Arc<str>,
    /// Requests since the start, by [`Outcome::index`].
    pub(in crate::serve) requests: [u64; Outcome::ALL.len()],
    /// Bytes of bodies since the start, as they were sent.
    pub(in crate::serve) bytes: u64,
    /// Elements of the bodies that were taken over.
    pub(in crate::serve) elements: u64,
    /// Those of them that are of a type that nobody counts.
    pub(in crate::serve) ignored: u64,
}

/// The counters of all endpoints. Cheap to clone; clones count together.
#[derive(Clone, Debug, Default)]
pub(in crate::serve) struct PostCounters(Arc<[Counters]>);

#[derive(Debug)]
struct Counters {
    name: Arc<str>,
    path: Arc<str>,
    requests: [AtomicU64; Outcome::ALL.len()],
    bytes: AtomicU64,
    elements: AtomicU64,
    ignored: AtomicU64,
}

// Relaxed throughout: the numbers are for people and order nothing.
impl PostCounters {
    /// Counters for these endpoints, in their order.
    pub(in crate::serve) fn new(posters: &[Arc<dyn Poster>]) -> Self {
        let counters = posters.iter().map(|poster| Counters {
            name: poster.name().into(),
            path: poster.path().into(),
            requests: Default::default(),
            bytes: AtomicU64::new(0),
            elements: AtomicU64::new(0),
            ignored: AtomicU64::new(0),
        });
        Self(counters.collect())
    }

    /// The counts as they stand, by endpoint.
    pub(in crate::serve) fn now(&self) -> Vec<PostCounts> {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counts = self.0.iter().map(|counters| PostCounts {
            name: Arc::clone(&counters.name),
            path: Arc::clone(&counters.path),
            requests: counters.requests.each_ref().map(load),
            bytes: load(&counters.bytes),
            elements: load(&counters.elements),
            ignored: load(&counters.ignored),
        });
        counts.collect()
    }

    /// Counts a request to the endpoint at a place by its answer, and so many bytes of it.
    pub(in crate::serve) fn answered(&self, place: usize, bytes: usize, reply: &Reply) {
        let Some(counters) = self.0.get(place) else {
            return;
        };
        counters.requests[reply.outcome.index()].fetch_add(1, Ordering::Relaxed);
        counters.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        counters
            .elements
            .fetch_add(reply.elements, Ordering::Relaxed);
        counters.ignored.fetch_add(reply.ignored, Ordering::Relaxed);
    }
}
