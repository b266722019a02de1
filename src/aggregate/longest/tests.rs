use std::collections::BTreeMap;
use std::sync::Arc;

use crate::aggregate::State;
use crate::config::AggregateSettings;
use crate::event::Actor;
use crate::event::Event;
use crate::event::EventKind;
use crate::event::IdKeys;
use crate::event::IdKind;
use crate::event::Identity;
use crate::event::LabelsId;
use crate::event::SessionKey;
use crate::event::session_uuid;
use crate::ring::Batch;
use crate::snapshot::LONGEST_OF_QUEUE;
use crate::snapshot::LONGEST_OVERALL;
use crate::snapshot::Longest;
use crate::snapshot::OpenSession;
use crate::snapshot::Snapshot;
use crate::time::EpochMs;
use crate::window::Width;

const START: i64 = 1_768_478_400_000;

/// A state, and all that is open in it: connect, id, and minute of the latest event, by key.
struct Open {
    state: State,
    now: i64,
    all: BTreeMap<u64, (i64, String, i64, u16)>,
}

impl Open {
    fn new() -> Self {
        let settings = AggregateSettings::new(Width::DEFAULT, 60_000, &[3_600_000]).unwrap();
        let mut state = State::new(settings, IdKeys::FIXED, EpochMs::from_ms(START));
        state.advance(EpochMs::from_ms(START));
        let mut names = Batch::with_capacity(1);
        names
            .definitions
            .define_labels(0, LabelsId::from_number(1), "sales", "");
        names
            .definitions
            .define_labels(0, LabelsId::from_number(2), "(none)", "");
        state.apply_batch(&names);
        Self {
            state,
            now: 0,
            all: BTreeMap::new(),
        }
    }

    /// The clock goes on to a time after the start.
    fn at(&mut self, now: i64) {
        self.now = now;
        self.state.advance(EpochMs::from_ms(START + now));
    }

    /// An event of the session with a number: a third of all ids are UUIDs, a third were kept, of the
    /// rest only the key is known.
    fn happen(&mut self, kind: EventKind, number: u64, time: i64) {
        // Mixes the digits, so that ids are in no order of arrival.
        let hi = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let (is_uuid, is_kept) = (number.is_multiple_of(3), number % 3 == 1);
        let session = SessionKey {
            hi,
            lo: number,
            kind: if is_uuid {
                IdKind::Uuid
            } else {
                IdKind::Hashed
            },
        };
        let id = match (is_uuid, is_kept) {
            (true, _) => session_uuid(session).unwrap().to_string(),
            (false, true) => format!("{:x}-guest", hi >> 40),
            (false, false) => format!("#{hi:016x}{number:016x}"),
        };
        let labels = u16::try_from(number % 4 % 3).unwrap();
        let mut batch = Batch::with_capacity(1);
        batch.events.push(Event {
            time: EpochMs::from_ms(START + time),
            session,
            identity: Identity::NONE,
            detail: Event::NO_DETAIL,
            kind,
            labels: LabelsId::from_number(labels),
            actor: Actor::Unknown,
        });
        if is_kept && kind == EventKind::Connected {
            batch.definitions.keep_session_id(0, &id);
        }
        self.state.apply_batch(&batch);
        let minute = self.now / 60_000;
        match kind {
            EventKind::Connected => drop(self.all.insert(number, (time, id, minute, labels))),
            EventKind::Disconnected => drop(self.all.remove(&number)),
            EventKind::Message | EventKind::Fact => {
                self.all.get_mut(&number).unwrap().2 = minute;
            }
        }
    }

    /// Compares the lists with everything that is open, sorted.
    fn check(&mut self) {
        self.at(self.now + 1_000);
        self.state.work(usize::MAX);
        let mut snapshot = Snapshot::default();
        self.state.fill(&mut snapshot);
        let longest: &Longest = &snapshot.longest;
        let mut all: Vec<_> = self.all.values().cloned().collect();
        all.sort();
        let ids = |sessions: &[OpenSession]| -> Vec<Arc<str>> {
            sessions
                .iter()
                .map(|session| Arc::clone(&session.id))
                .collect()
        };
        let overall = ids(&longest.overall);
        let shown = overall.iter().take(LONGEST_OVERALL).map(|id| &**id);
        assert!(shown.eq(all.iter().take(LONGEST_OVERALL).map(|(_, id, ..)| &**id)));
        for minute in 0..=self.now / 60_000 {
            let least = EpochMs::from_ms(START + minute * 60_000);
            let kept = longest
                .overall
                .iter()
                .filter(|session| session.last_seen >= least);
            let kept: Vec<&str> = kept
                .take(LONGEST_OVERALL)
                .map(|session| &*session.id)
                .collect();
            let expected = all.iter().filter(|(_, _, seen, _)| *seen >= minute);
            let expected: Vec<&str> = expected
                .take(LONGEST_OVERALL)
                .map(|(_, id, ..)| &**id)
                .collect();
            assert_eq!(kept, expected, "seen in minute {minute} or later");
        }
        let mut queues = 0;
        for labels in 0..3 {
            let own = all.iter().filter(|(.., of)| *of == labels);
            let own: Vec<&str> = own
                .take(LONGEST_OF_QUEUE)
                .map(|(_, id, ..)| &**id)
                .collect();
            let is_own = |list: &&Arc<Vec<OpenSession>>| {
                list.iter()
                    .map(|session| &*session.id)
                    .eq(own.iter().copied())
            };
            queues += longest.by_queue.iter().filter(is_own).count();
        }
        assert_eq!(queues, 3, "each queue has its list");
    }
}

#[test]
fn of_equally_long_ones_the_least_ids_are_listed_in_order() {
    let mut open = Open::new();
    open.at(5_000);
    // Older ones, and many of one time that cross the end of every list.
    for number in 0..7 {
        open.happen(EventKind::Connected, number, 1_000);
    }
    for number in 10..430 {
        open.happen(EventKind::Connected, number, 2_000);
    }
    open.check();
    // Some of those listed end, later ones come at the same time, and some begin again.
    for number in (10..430).step_by(5) {
        open.happen(EventKind::Disconnected, number, 4_000);
    }
    for number in 500..560 {
        open.happen(EventKind::Connected, number, 2_000);
    }
    open.check();
    for number in 500..520 {
        open.happen(EventKind::Connected, number, 4_500);
    }
    open.check();
}

#[test]
fn behind_many_that_are_silent_the_first_that_are_not_are_listed() {
    let mut open = Open::new();
    for number in 0..900 {
        open.happen(
            EventKind::Connected,
            number,
            i64::try_from(number / 50).unwrap(),
        );
    }
    open.check();
    for minute in 1..6 {
        open.at(minute * 60_000);
        for number in (0..900).step_by(usize::try_from(minute * 7).unwrap()) {
            open.happen(EventKind::Message, number, minute * 60_000);
        }
        open.check();
    }
}
