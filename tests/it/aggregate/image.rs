//! Images: what goes on from one publishes what the state would have published that it was made of, and
//! what is applied while one is written is not in it.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use rand::RngExt;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use streamgauge::aggregate::Image;
use streamgauge::aggregate::ImageFault;
use streamgauge::aggregate::State;
use streamgauge::config::AggregateSettings;
use streamgauge::config::ClockRule;
use streamgauge::event::Actor;
use streamgauge::event::Event;
use streamgauge::event::EventKind;
use streamgauge::event::IdKeys;
use streamgauge::event::IdKind;
use streamgauge::event::Identity;
use streamgauge::event::LabelsId;
use streamgauge::input::InputId;
use streamgauge::input::InputIds;
use streamgauge::input::Position;
use streamgauge::input::Shard;
use streamgauge::ring::Batch;
use streamgauge::snapshot::Groups;
use streamgauge::snapshot::Series;
use streamgauge::snapshot::Snapshot;
use streamgauge::stream::LossCause;
use streamgauge::stream::StreamNote;
use streamgauge::time::EpochMs;
use streamgauge::window::Width;

use super::RECEIVED;
use super::history;
use super::history::History;
use super::history::Step;
use super::line_differences;

/// Keys that nobody would have by chance.
const KEYS: IdKeys = IdKeys([1, 2, 3, 4]);

/// A state with two inputs, and what is published of it.
struct Rig {
    state: State,
    inputs: [InputId; 2],
    /// Monotonic time as it was read last.
    elapsed_ns: u64,
    played: u64,
}

impl Rig {
    fn of(history: &History) -> Self {
        let started = match history.settings.clock {
            ClockRule::Wall { .. } => history.start,
            ClockRule::Event { .. } => EpochMs::default(),
        };
        let ids = InputIds::default();
        let inputs = [ids.next(Shard::only("a")), ids.next(Shard::only("b"))];
        let mut state = State::new(history.settings.clone(), KEYS, started);
        inputs.iter().for_each(|input| state.open_input(*input));
        Self {
            state,
            inputs,
            elapsed_ns: 0,
            played: 0,
        }
    }

    /// Goes on from an image.
    fn restored(&self, settings: &AggregateSettings, bytes: &[u8]) -> Self {
        let image = Image::decode(bytes).unwrap();
        assert_eq!((image.keys(), image.elapsed_ns()), (KEYS, self.elapsed_ns));
        assert_eq!((image.now(), image.next_instance()), (self.state.now(), 2));
        Self {
            state: State::restore(settings.clone(), image).unwrap(),
            ..*self
        }
    }

    /// Plays a step as a batch of one of the inputs.
    fn play(&mut self, step: &Step) {
        self.played += 1;
        let input = match step {
            // A session's events come from one input.
            Step::Apply(event) => self.inputs[usize::from(event.session.lo == 1)],
            _ => self.inputs[usize::from(self.played.is_multiple_of(3))],
        };
        let mut batch = Batch {
            input,
            position: Position::Sequence(self.played),
            arrival: self.state.now().unwrap_or_default(),
            ..Batch::default()
        };
        match step {
            Step::Advance(now) => return self.state.advance(*now),
            Step::Read(wall, mono_ms) => {
                self.elapsed_ns = mono_ms * 1_000_000;
                return self.state.read_clocks(*wall, self.elapsed_ns);
            }
            Step::Apply(event) => {
                batch.events.push(*event);
                batch.delta = RECEIVED;
                let is_kept = event.kind == EventKind::Connected;
                if is_kept && event.session.kind == IdKind::Hashed {
                    batch.definitions.keep_session_id(0, "a guest");
                }
            }
            Step::Define(number, queue, deployment) => {
                let labels = super::definition(*number, *queue, *deployment).labels;
                let (queue, deployment) = (queue.unwrap_or(""), deployment.unwrap_or(""));
                batch
                    .definitions
                    .define_labels(0, labels, queue, deployment);
            }
            Step::Count(delta) => batch.delta = **delta,
            Step::Note(note) => batch.notes.push(note.clone()),
        }
        self.state.apply_batch(&batch);
    }

    /// What is published, memory excepted: that is the process's own.
    fn published(&self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        self.state.fill(&mut snapshot);
        let without = |groups: &Groups| {
            let mut groups = groups.clone();
            groups.room.bytes = 0;
            Arc::new(groups)
        };
        let mut series = Series::default();
        let (total, groups) = snapshot.series.shared();
        series.refill(
            total.iter().cloned(),
            groups.iter().cloned(),
            &without(snapshot.series.cut()),
        );
        snapshot.sessions.bytes = 0;
        snapshot.groups = without(&snapshot.groups);
        snapshot.series = Arc::new(series);
        snapshot
    }
}

/// Histories of a state that is tight now and then: rows and fingerprints are evicted.
fn histories() -> impl Strategy<Value = History> {
    let limits = (
        select(vec![1, 3, AggregateSettings::SESSIONS_MAX]),
        select(vec![0, 2_048, AggregateSettings::DEDUP_BYTES_MAX]),
        select(vec![0, 1, 10]),
    );
    (history::histories(), limits).prop_map(|(mut history, (sessions, bytes, groups))| {
        history.settings.sessions_max = sessions;
        history.settings.dedup_bytes_max = bytes;
        history.settings.groups_max = groups;
        history
    })
}

/// The steps of a history before an image is cut, and after it.
fn cut_at(history: &History, share: u8) -> (&[Step], &[Step]) {
    let place = history.steps.len() * usize::from(share) / 256;
    history.steps.split_at(place)
}

/// A quarter of the usual cases: each is played several times.
fn config() -> ProptestConfig {
    let config = crate::seeds::config();
    ProptestConfig {
        cases: config.cases / 4,
        ..config
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_goes_on_from_an_image_publishes_the_same(
        history in histories(),
        share: u8,
        pieces in 0..40_usize,
    ) {
        let (before, after) = cut_at(&history, share);
        let mut one = Rig::of(&history);
        for step in before {
            one.state.work(usize::MAX);
            one.play(step);
        }
        // In the middle of the work that a tick leaves.
        one.state.work(pieces);
        let bytes = one.state.image(one.elapsed_ns);
        prop_assert!(!one.state.is_writing_image());
        let mut other = one.restored(&history.settings, &bytes);
        let again = other.state.image(one.elapsed_ns);
        let mut third = one.restored(&history.settings, &again);
        for (index, step) in [None].into_iter().chain(after.iter().map(Some)).enumerate() {
            for rig in [&mut one, &mut other, &mut third] {
                if let Some(step) = step {
                    rig.play(step);
                    rig.state.work(usize::MAX);
                }
            }
            let differences = line_differences(&other.published(), &one.published());
            prop_assert!(
                differences.is_empty(),
                "{index} steps after the cut at {}:\n{differences}",
                before.len()
            );
        }
        let differences = line_differences(&third.published(), &one.published());
        prop_assert!(differences.is_empty(), "from the image of an image:\n{differences}");
    }

    #[test]
    fn what_is_applied_while_an_image_is_written_is_not_in_it(
        history in histories(),
        share: u8,
        pieces in vec((0..3_usize, 0..4_usize), 1..20),
    ) {
        let (before, after) = cut_at(&history, share);
        let (mut one, mut other) = (Rig::of(&history), Rig::of(&history));
        for step in before {
            one.play(step);
            other.play(step);
        }
        let at_once = one.state.image(one.elapsed_ns);
        one.state.cut_image(one.elapsed_ns);
        let mut bytes = Vec::new();
        for (step, (written, worked)) in after.iter().zip(pieces.iter().cycle()) {
            for rig in [&mut one, &mut other] {
                rig.play(step);
                rig.state.work(*worked);
            }
            for _ in 0..*written {
                one.state.write_image();
                bytes.extend(one.state.take_image_frame().unwrap_or_default());
            }
            prop_assert_eq!(one.published(), other.published(), "nobody notices");
        }
        while one.state.write_image() {}
        while let Some(frame) = one.state.take_image_frame() {
            bytes.extend(frame);
        }
        prop_assert!(!one.state.is_writing_image());
        let of = |bytes: &[u8]| {
            let image = Image::decode(bytes).unwrap();
            let elapsed_ns = image.elapsed_ns();
            let mut state = State::restore(history.settings.clone(), image).unwrap();
            state.image(elapsed_ns)
        };
        let differences = image_differences(&of(&bytes), &of(&at_once));
        prop_assert!(differences.is_empty(), "{differences}");
    }

    #[test]
    fn an_image_that_is_given_up_leaves_nothing_behind(history in histories(), share: u8) {
        let (before, after) = cut_at(&history, share);
        let (mut one, mut other) = (Rig::of(&history), Rig::of(&history));
        for step in before {
            one.play(step);
            other.play(step);
        }
        one.state.cut_image(0);
        one.state.write_image();
        for (index, step) in after.iter().enumerate() {
            one.play(step);
            other.play(step);
            if index == 2 {
                one.state.give_up_image();
            }
        }
        one.state.give_up_image();
        prop_assert!(!one.state.write_image() && one.state.take_image_frame().is_none());
        for rig in [&mut one, &mut other] {
            rig.state.work(usize::MAX);
        }
        prop_assert_eq!(one.published(), other.published());
        let mut restored = one.restored(&history.settings, &other.state.image(one.elapsed_ns));
        prop_assert!(restored.state.image(0) == restored.state.image(0), "whole again");
        prop_assert_eq!(restored.published(), one.published());
    }
}

/// In what two images differ.
fn image_differences(one: &[u8], other: &[u8]) -> String {
    let lines = |bytes: &[u8]| format!("{:#?}", Image::decode(bytes).unwrap());
    match one == other {
        true => String::new(),
        false => line_differences(&Lines(lines(one)), &Lines(lines(other))),
    }
}

/// Shown as it is.
#[derive(PartialEq)]
struct Lines(String);

impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Images of some histories, and the settings they were made under.
fn images(count: usize) -> Vec<(AggregateSettings, Vec<u8>)> {
    let mut runner = TestRunner::deterministic();
    let mut made = || {
        let history = histories().new_tree(&mut runner).unwrap().current();
        let mut rig = Rig::of(&history);
        history.steps.iter().for_each(|step| rig.play(step));
        rig.state.work(5);
        (history.settings, rig.state.image(rig.elapsed_ns))
    };
    (0..count).map(|_| made()).collect()
}

/// Whatever bytes are read: they are refused with a reason, or there is a state that goes on.
#[test]
fn damaged_images_are_refused_or_harmless() {
    let mut rng = ChaCha8Rng::seed_from_u64(crate::seeds::seed(1));
    let (mut refused, mut restored) = (0, 0);
    for (settings, bytes) in images(30) {
        for round in 0..40 {
            let mut bytes = bytes.clone();
            for _ in 0..rng.random_range(1..4) {
                let place = rng.random_range(0..bytes.len());
                match rng.random_range(0..5) {
                    0 => bytes.truncate(place.max(1)),
                    1 => bytes[place] ^= 1 << rng.random_range(0..8),
                    2 => bytes[place] = rng.random(),
                    3 => drop(bytes.remove(place)),
                    _ => bytes.insert(place, [0, 1, 0x7f, 0xff][rng.random_range(0..4)]),
                }
                if bytes.is_empty() {
                    break;
                }
            }
            let image = Image::decode(&bytes);
            match image.and_then(|image| State::restore(settings.clone(), image)) {
                Err(fault) => {
                    refused += 1;
                    let line = fault.to_string();
                    assert!(!line.contains('\n') && !line.is_empty(), "{round}: {line}");
                }
                Ok(mut state) => {
                    restored += 1;
                    let mut snapshot = Snapshot::default();
                    let start = state.now().unwrap_or_default();
                    for ms in [1, 100, 2_000, 70_000, 4_000_000] {
                        state.advance(start + ms);
                        state.work(usize::MAX);
                        state.fill(&mut snapshot);
                    }
                    drop(state.image(0));
                }
            }
        }
    }
    assert!(refused > 200 && restored > 20, "{refused} and {restored}");
}

#[test]
fn what_is_no_image_is_refused_by_name() {
    let width = Width::DEFAULT;
    let settings = AggregateSettings::new(width, 60_000, &[]).unwrap();
    let mut state = State::new(settings.clone(), KEYS, EpochMs::from_ms(1_768_478_400_000));
    let bytes = state.image(7);
    let fault = |bytes: &[u8]| Image::decode(bytes).unwrap_err().to_string();
    assert_eq!(fault(b""), "the image ends too early, in its first frame");
    assert_eq!(
        fault(&[1, 3, 0, 0, 0, 1, 2, 3]),
        "not an image of streamgauge: it does not begin like one"
    );
    let mut newer = bytes.clone();
    newer[13] = 9;
    assert_eq!(
        fault(&newer),
        "an image of version 9, where this program reads version 2"
    );
    let half = &bytes[..bytes.len() / 2];
    assert_eq!(fault(half), "the image ends too early, in a frame");
    let without_end = &bytes[..bytes.len() - 6];
    assert_eq!(
        fault(without_end),
        "the image ends too early, in frames before the last one"
    );
    let more = [&bytes[..], &[0]].concat();
    assert_eq!(
        fault(&more),
        "the image is damaged: it goes on after its end"
    );

    let mut other = settings.clone();
    other.idle_timeout_ms += 1;
    let refused = State::restore(other, Image::decode(&bytes).unwrap()).unwrap_err();
    let what = "idle timeout";
    assert_eq!(refused, ImageFault::Settings { what });
    assert_eq!(
        refused.to_string(),
        "the image was made with another idle timeout"
    );
    assert!(State::restore(settings, Image::decode(&bytes).unwrap()).is_ok());
}

/// The form of version 2. Where this fails the form has changed: then give it another version in
/// `aggregate/image/assembly.rs`, and write the new sum here.
#[test]
fn the_form_of_an_image_is_that_of_its_version() {
    let start = EpochMs::from_ms(1_768_478_400_000);
    let mut settings = AggregateSettings::new(Width::DEFAULT, 60_000, &[10_000]).unwrap();
    settings.groups_max = 3;
    let event = |kind, who, ms, identity| {
        let is_message = kind == EventKind::Message;
        Step::Apply(Event {
            time: start + ms,
            session: history::session_key(who),
            identity: match is_message {
                true => Identity::from_hash(identity),
                false => Identity::NONE,
            },
            detail: Event::NO_DETAIL,
            labels: LabelsId::from_number(1),
            kind,
            actor: match is_message {
                true => Actor::Guest,
                false => Actor::Unknown,
            },
        })
    };
    let read = |ms, elapsed| Step::Read(start + ms, elapsed);
    let steps = vec![
        read(0, 0),
        Step::Note(StreamNote::Live { at: start }),
        Step::Define(1, Some("sales"), Some("page")),
        event(EventKind::Connected, 0, 0, 0),
        event(EventKind::Connected, 1, 0, 0),
        event(EventKind::Disconnected, 2, 0, 0),
        read(2_100, 2_100),
        event(EventKind::Message, 0, 2_000, 7),
        event(EventKind::Disconnected, 0, 2_050, 0),
        Step::Note(StreamNote::Lost {
            since: start + 2_050,
            cause: LossCause::Dropped,
            detail: "dropped".to_owned(),
        }),
        // Ahead, and perhaps to be set back.
        read(90_000, 3_000),
        event(EventKind::Message, 1, 90_000, 8),
    ];
    let mut rig = Rig::of(&History {
        settings,
        start,
        steps: Vec::new(),
    });
    for step in &steps {
        rig.play(step);
        rig.state.work(usize::MAX);
    }
    let bytes = rig.state.image(rig.elapsed_ns);
    let sum = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    });
    let found = (bytes.len(), format!("{sum:016x}"));
    assert_eq!(found, (10_098, "706db32ce63f2944".to_owned()));
}
