//! The rings of one writer: inputs come and go while it runs.

use std::sync::Arc;

use crossbeam::queue::SegQueue;

use super::Bell;
use super::Consumer;
use super::Producer;
use super::ring_of;
use crate::input::InputId;
use crate::input::InputIds;
use crate::input::Shard;

/// A writer's rings, and the way in for more.
///
/// `bell` wakes the writer, also for an input that has come or gone.
pub fn rings(bell: Bell) -> (Inlet, Rings) {
    rings_from(bell, InputIds::default())
}

/// The same where ids were given to inputs before.
pub fn rings_from(bell: Bell, ids: InputIds) -> (Inlet, Rings) {
    let arrivals = Arc::new(SegQueue::new());
    let inlet = Inlet {
        ids,
        arrivals: Arc::clone(&arrivals),
        bell,
    };
    let rings = Rings {
        arrivals,
        open: Vec::new(),
    };
    (inlet, rings)
}

/// Where inputs come in. Cheap to clone; every clone leads to the same writer.
#[derive(Clone, Debug)]
pub struct Inlet {
    ids: InputIds,
    /// Unbounded: an input comes with a connection or a partition, not with an event.
    arrivals: Arc<SegQueue<Consumer>>,
    bell: Bell,
}

impl Inlet {
    /// Opens an input that serves a shard, with a ring of `capacity` batches of `batch_events` events.
    /// It ends with the producer: before that it should report
    /// [`StreamState::Closed`](crate::stream::StreamState::Closed), or else it counts as lost.
    pub fn open(&self, shard: Shard, capacity: usize, batch_events: usize) -> Producer {
        let id = self.ids.next(shard);
        let (producer, consumer) = ring_of(id, capacity, batch_events, self.bell.clone());
        self.arrivals.push(consumer);
        self.bell.ring();
        producer
    }
}

/// The writer's end of all rings.
#[derive(Debug, Default)]
pub struct Rings {
    arrivals: Arc<SegQueue<Consumer>>,
    open: Vec<Consumer>,
}

impl Rings {
    /// Takes the inputs that have come since; `on_open` is given the id of each.
    pub fn admit(&mut self, mut on_open: impl FnMut(InputId)) {
        if self.arrivals.is_empty() {
            return;
        }
        while let Some(consumer) = self.arrivals.pop() {
            on_open(consumer.input());
            self.open.push(consumer);
        }
    }

    /// Lets go of the inputs that have ended and are drained; `on_end` is given the id of each.
    pub fn dismiss(&mut self, mut on_end: impl FnMut(InputId)) {
        if self.open.iter().any(Consumer::is_over) {
            for over in self.open.extract_if(.., |ring| ring.is_over()) {
                on_end(over.input());
            }
        }
    }

    /// A ring by its place, from 0 to [`Rings::len`], in the order in which they came.
    pub fn at(&mut self, place: usize) -> &mut Consumer {
        &mut self.open[place]
    }

    /// How many rings there are.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether there is no ring.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Whether a batch, or a ring, is waiting, or a ring has ended.
    pub fn is_ready(&self) -> bool {
        !self.arrivals.is_empty()
            || self
                .open
                .iter()
                .any(|ring| ring.is_ready() || ring.is_over())
    }

    /// Events waiting now in all rings, and how many there is room for.
    pub fn depth_and_capacity(&self) -> (u64, u64) {
        let sum =
            |count: fn(&Consumer) -> usize| self.open.iter().map(|ring| count(ring) as u64).sum();
        (sum(Consumer::depth_events), sum(Consumer::capacity_events))
    }
}

impl From<Consumer> for Rings {
    /// One ring, and no way in for more.
    fn from(consumer: Consumer) -> Self {
        let arrivals = SegQueue::new();
        arrivals.push(consumer);
        Self {
            arrivals: Arc::new(arrivals),
            open: Vec::new(),
        }
    }
}
