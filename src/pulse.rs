//! Heartbeats of the pipeline: each part stamps when it last turned, and whoever asks sees which one
//! is late.
//!
//! A snapshot cannot tell that the writer has stopped, because the writer would have to publish it.
//! So the stamps are atomics beside the snapshots: written by the part itself once a turn, at least
//! once a second while it is idle, and read at the moment of the question. A part is late when it
//! holds the others up, not when it waits for a late one: whoever is named is the one to look at.

use std::sync::Arc;
use std::sync::Weak;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::config::limits::HEARTBEAT_DEADLINE;
use crate::input::InputId;
use crate::reloadable::Reloadable;

/// A part of the pipeline with a heartbeat, in flow order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Reads the streams and fills the rings: every input by itself, of which the one that beat
    /// longest ago counts. It beats while it waits for a full ring.
    Ingest,
    /// Batches between ingest and the writer: late when some wait and none is taken.
    Ring,
    /// Takes batches and applies them.
    Writer,
    /// Publishes snapshots, on the writer's thread.
    Publisher,
}

impl Part {
    /// Every part, in flow order.
    pub const ALL: [Self; 4] = [Self::Ingest, Self::Ring, Self::Writer, Self::Publisher];

    /// The part's name in the API and in messages.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Ring => "ring",
            Self::Writer => "writer",
            Self::Publisher => "publisher",
        }
    }
}

/// How one part does, at the moment of the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    /// Which part.
    pub part: Part,
    /// Of ingest: which input; `None` while there is none that beats.
    pub input: Option<InputId>,
    /// How long ago it last beat; of the ring, for how long batches have waited and none was taken.
    /// `None`: it has not begun.
    pub age: Option<Duration>,
    /// How long that may be.
    pub deadline: Duration,
    /// Whether it is longer, and no other part is the reason.
    pub is_late: bool,
}

/// The stamps. Cheap to clone; every clone is the same heart.
///
/// Stamps are nanoseconds of the engine's monotonic clock, 0 while a part has not begun. Relaxed
/// throughout: a stamp orders nothing, it is only looked at.
#[derive(Clone, Debug)]
pub struct Pulse(Arc<Stamps>);

#[derive(Debug)]
struct Stamps {
    deadline_ns: u64,
    /// Of the inputs that are there.
    inputs: Reloadable<Vec<Arc<OfInput>>>,
    ingest: OfIngest,
    writer: OfWriter,
}

/// What one input writes.
#[derive(Debug)]
#[repr(align(128))]
struct OfInput {
    id: InputId,
    turned_ns: AtomicU64,
}

/// What all inputs write, on a cache line of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct OfIngest {
    /// Batches offered, and when the latest one came into an empty ring.
    offered: AtomicU64,
    waiting_ns: AtomicU64,
}

/// What the writer thread writes.
#[derive(Debug, Default)]
#[repr(align(128))]
struct OfWriter {
    turned_ns: AtomicU64,
    /// Batches taken, and when the latest one was.
    taken: AtomicU64,
    taken_ns: AtomicU64,
    /// When publishing began; 0 while it is not under way.
    publishing_ns: AtomicU64,
    published_ns: AtomicU64,
}

impl Default for Pulse {
    fn default() -> Self {
        Self::new(HEARTBEAT_DEADLINE)
    }
}

impl Pulse {
    /// A pulse of which no part has begun.
    pub fn new(deadline: Duration) -> Self {
        Self(Arc::new(Stamps {
            deadline_ns: u64::try_from(deadline.as_nanos()).unwrap_or(u64::MAX),
            inputs: Reloadable::default(),
            ingest: OfIngest::default(),
            writer: OfWriter::default(),
        }))
    }

    /// From now on writer and publisher are expected to beat.
    pub fn begin(&self, now_ns: u64) {
        self.writer(now_ns);
        self.published(now_ns);
    }

    /// From now on an input is expected to beat, until what is returned is dropped. An input that only
    /// answers others, and so has nothing to do while nobody asks, needs none.
    pub fn input(&self, id: InputId, now_ns: u64) -> Heart {
        let own = Arc::new(OfInput {
            id,
            turned_ns: AtomicU64::new(now_ns.max(1)),
        });
        self.0.inputs.update(|inputs| {
            let others = inputs.iter().cloned();
            others.chain([Arc::clone(&own)]).collect()
        });
        Heart {
            own,
            stamps: Arc::downgrade(&self.0),
        }
    }

    /// A batch was put into the ring.
    pub fn offered(&self, now_ns: u64) {
        let Stamps { ingest, writer, .. } = &*self.0;
        // Counted by every input, so not by a load and a store.
        let offered = ingest.offered.fetch_add(1, Ordering::Relaxed);
        // The writer may have taken this batch already: then it counts one more than was offered.
        if writer.taken.load(Ordering::Relaxed) >= offered {
            set(&ingest.waiting_ns, now_ns);
        }
    }

    /// The writer begins a turn.
    pub fn writer(&self, now_ns: u64) {
        set(&self.0.writer.turned_ns, now_ns);
    }

    /// The writer took a batch out of the ring.
    pub fn taken(&self, now_ns: u64) {
        let writer = &self.0.writer;
        let taken = writer.taken.load(Ordering::Relaxed) + 1;
        writer.taken.store(taken, Ordering::Relaxed);
        set(&writer.taken_ns, now_ns);
    }

    /// Publishing begins.
    pub fn publishing(&self, now_ns: u64) {
        set(&self.0.writer.publishing_ns, now_ns);
    }

    /// A snapshot is published.
    pub fn published(&self, now_ns: u64) {
        let writer = &self.0.writer;
        set(&writer.published_ns, now_ns);
        writer.publishing_ns.store(0, Ordering::Relaxed);
    }

    /// How every part does at `now_ns`, in the order of [`Part::ALL`].
    pub fn look(&self, now_ns: u64) -> [Beat; 4] {
        let Stamps {
            deadline_ns,
            inputs,
            ingest,
            writer,
        } = &*self.0;
        let age_of = |stamp: &AtomicU64| match stamp.load(Ordering::Relaxed) {
            0 => None,
            at => Some(now_ns.saturating_sub(at)),
        };
        let is_old = |age: Option<u64>| age.is_some_and(|age| age > *deadline_ns);
        let turned = age_of(&writer.turned_ns);
        let publishing = age_of(&writer.publishing_ns);
        // While it publishes the writer does not turn, and that is not its fault.
        let is_writer_late = is_old(turned) && publishing.is_none();
        let is_publisher_late = match publishing {
            Some(age) => is_old(Some(age)),
            None => is_old(age_of(&writer.published_ns)) && !is_writer_late,
        };
        let taken = writer.taken.load(Ordering::Relaxed);
        let waiting = match ingest.offered.load(Ordering::Relaxed) > taken {
            true => {
                let since = ingest.waiting_ns.load(Ordering::Relaxed);
                let since = since.max(writer.taken_ns.load(Ordering::Relaxed));
                now_ns.saturating_sub(since)
            }
            false => 0,
        };
        let is_ring_late = is_old(Some(waiting)) && !is_writer_late && !is_publisher_late;
        let beat = |part, age: Option<u64>, is_late| Beat {
            part,
            input: None,
            age: age.map(Duration::from_nanos),
            deadline: Duration::from_nanos(*deadline_ns),
            is_late,
        };
        let inputs = inputs.load();
        let turned_at = |input: &&Arc<OfInput>| input.turned_ns.load(Ordering::Relaxed);
        let oldest = inputs.iter().min_by_key(turned_at);
        let ingested = oldest.and_then(|input| age_of(&input.turned_ns));
        [
            Beat {
                input: oldest.map(|input| input.id),
                ..beat(Part::Ingest, ingested, is_old(ingested))
            },
            beat(Part::Ring, turned.map(|_| waiting), is_ring_late),
            beat(Part::Writer, turned, is_writer_late),
            beat(
                Part::Publisher,
                age_of(&writer.published_ns),
                is_publisher_late,
            ),
        ]
    }
}

/// The heartbeat of one input. It ends when this is dropped.
#[derive(Debug)]
pub struct Heart {
    own: Arc<OfInput>,
    stamps: Weak<Stamps>,
}

impl Heart {
    /// The input is at work, or waits for something it is right to wait for.
    pub fn beat(&self, now_ns: u64) {
        set(&self.own.turned_ns, now_ns);
    }
}

impl Drop for Heart {
    fn drop(&mut self) {
        if let Some(stamps) = self.stamps.upgrade() {
            stamps.inputs.update(|inputs| {
                let others = inputs.iter().filter(|other| !Arc::ptr_eq(other, &self.own));
                others.cloned().collect()
            });
        }
    }
}

/// Stamps; the clock's own 0 is moved to 1, so that it cannot mean "not begun".
fn set(stamp: &AtomicU64, now_ns: u64) {
    stamp.store(now_ns.max(1), Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Shard;

    const SECOND_NS: u64 = 1_000_000_000;

    fn late(pulse: &Pulse, now_s: u64) -> Vec<&'static str> {
        let beats = pulse.look(now_s * SECOND_NS);
        let late = beats.iter().filter(|beat| beat.is_late);
        late.map(|beat| beat.part.label()).collect()
    }

    /// A pulse that began at the clock's 0, with one input.
    fn begun() -> (Pulse, Heart) {
        let pulse = Pulse::default();
        pulse.begin(0);
        let heart = pulse.input(InputId::default(), 0);
        (pulse, heart)
    }

    /// The same, and everything about it beat at `now_s` but `except`.
    fn beating(now_s: u64, except: Part) -> (Pulse, Heart) {
        let (pulse, heart) = begun();
        let now_ns = now_s * SECOND_NS;
        for part in Part::ALL.into_iter().filter(|part| *part != except) {
            match part {
                Part::Ingest => heart.beat(now_ns),
                Part::Writer => pulse.writer(now_ns),
                Part::Publisher => pulse.published(now_ns),
                Part::Ring => {}
            }
        }
        (pulse, heart)
    }

    #[test]
    fn who_has_not_begun_is_not_late() {
        let pulse = Pulse::default();
        assert_eq!(late(&pulse, 1_000), [""; 0]);
        assert!(pulse.look(0).iter().all(|beat| beat.age.is_none()));
    }

    #[test]
    fn each_part_is_named_alone() {
        for part in [Part::Ingest, Part::Publisher, Part::Writer] {
            let (pulse, _heart) = beating(10, part);
            assert_eq!(late(&pulse, 10), [part.label()]);
        }
        // What follows from it is not held against the others.
        let (stopped, heart) = begun();
        stopped.offered(SECOND_NS);
        heart.beat(10 * SECOND_NS);
        assert_eq!(late(&stopped, 10), ["writer"]);

        let (publishing, heart) = begun();
        publishing.offered(SECOND_NS);
        publishing.publishing(SECOND_NS);
        heart.beat(10 * SECOND_NS);
        assert_eq!(late(&publishing, 10), ["publisher"]);

        let forgotten = Pulse::default();
        forgotten.begin(0);
        forgotten.offered(SECOND_NS);
        forgotten.begin(10 * SECOND_NS);
        assert_eq!(late(&forgotten, 10), ["ring"]);
        assert_eq!(
            forgotten.look(10 * SECOND_NS)[1].age,
            Some(Duration::from_secs(9))
        );
    }

    #[test]
    fn a_ring_is_late_only_while_batches_wait() {
        let pulse = Pulse::default();
        pulse.begin(100 * SECOND_NS);
        assert_eq!(late(&pulse, 100), [""; 0]);
        // It was empty for long: the batch waits since now.
        pulse.offered(100 * SECOND_NS);
        assert_eq!(late(&pulse, 105), [""; 0]);
        pulse.offered(104 * SECOND_NS);
        pulse.taken(104 * SECOND_NS);
        pulse.begin(109 * SECOND_NS);
        assert_eq!(late(&pulse, 109), [""; 0], "one was taken 5 s ago");
        pulse.begin(110 * SECOND_NS);
        assert_eq!(late(&pulse, 110), ["ring"]);
        pulse.taken(110 * SECOND_NS);
        pulse.begin(900 * SECOND_NS);
        assert_eq!(late(&pulse, 900), [""; 0]);
        // Taken before it was counted as offered.
        pulse.taken(901 * SECOND_NS);
        pulse.offered(901 * SECOND_NS);
        assert_eq!(pulse.look(902 * SECOND_NS)[1].age, Some(Duration::ZERO));
    }

    #[test]
    fn a_beat_ends_the_lateness() {
        let (pulse, heart) = begun();
        // The whole process stood still: all are late until their next beat.
        assert_eq!(late(&pulse, 60), ["ingest", "writer"]);
        heart.beat(60 * SECOND_NS);
        pulse.writer(60 * SECOND_NS);
        pulse.publishing(60 * SECOND_NS);
        assert_eq!(late(&pulse, 60), [""; 0]);
        pulse.published(60 * SECOND_NS);
        assert_eq!(late(&pulse, 65), [""; 0]);
    }

    #[test]
    fn an_input_that_beats_covers_no_other() {
        let shard = Shard::only("test");
        let id = |instance| InputId { shard, instance };
        let pulse = Pulse::default();
        pulse.begin(60 * SECOND_NS);
        assert_eq!(late(&pulse, 60), [""; 0], "none is needed");
        let (one, other) = (pulse.input(id(1), 0), pulse.input(id(2), 0));
        one.beat(60 * SECOND_NS);
        let ingest = pulse.look(60 * SECOND_NS)[0];
        assert_eq!((ingest.is_late, ingest.input), (true, Some(id(2))));
        other.beat(60 * SECOND_NS);
        assert_eq!(late(&pulse, 60), [""; 0]);
        one.beat(66 * SECOND_NS);
        pulse.begin(66 * SECOND_NS);
        assert_eq!(late(&pulse, 66), ["ingest"]);
        // One that has ended is not missed.
        drop(other);
        let ingest = pulse.look(66 * SECOND_NS)[0];
        assert_eq!((ingest.is_late, ingest.input), (false, Some(id(1))));
        drop(one);
        assert_eq!(pulse.look(99 * SECOND_NS)[0].age, None);
    }
}
