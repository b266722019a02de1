//! Random histories: what arrives at the engine, in order, around every border that the
//! definitions draw.

use std::fmt;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use streamgauge::config::AggregateSettings;
use streamgauge::config::ClockRule;
use streamgauge::event::Actor;
use streamgauge::event::Detail;
use streamgauge::event::Event;
use streamgauge::event::EventKind;
use streamgauge::event::IdKind;
use streamgauge::event::Identity;
use streamgauge::event::LabelsId;
use streamgauge::event::Reject;
use streamgauge::event::SessionKey;
use streamgauge::ring::Delta;
use streamgauge::stream::LossCause;
use streamgauge::stream::StreamNote;
use streamgauge::stream::StreamState;
use streamgauge::time::EpochMs;
use streamgauge::window::Width;

/// One thing that happens to the engine.
#[derive(Clone, PartialEq)]
pub(crate) enum Step {
    Advance(EpochMs),
    /// The wall clock, and monotonic milliseconds.
    Read(EpochMs, u64),
    Apply(Event),
    /// From now on a number of labels stands for these names.
    Define(u16, Option<&'static str>, Option<&'static str>),
    /// A payload that became no event.
    Count(Box<Delta>),
    Note(StreamNote),
}

/// Everything that happens to one engine. Prints as one line a step, times relative to `start`.
#[derive(Clone)]
pub(crate) struct History {
    pub(crate) settings: AggregateSettings,
    pub(crate) start: EpochMs,
    pub(crate) steps: Vec<Step>,
}

/// A step as it is drawn, in terms of the borders; [`History`] has what it comes to.
#[derive(Clone, Debug)]
enum Move {
    Advance(Offset),
    /// The wall clock steps, by so much from where the engine clock is; no time passes.
    Set(Offset),
    /// Both clocks go on, in milliseconds.
    Pass(u32),
    Event {
        who: u8,
        kind: EventKind,
        offset: Offset,
        /// Of a message: which of the session's few identities; 0 for none.
        identity: u8,
        /// Of a disconnect.
        own_duration_ms: Option<u32>,
        labels: u16,
        actor: Actor,
    },
    /// A session connects, and these write, a few milliseconds apart; perhaps it ends then.
    Talk {
        who: u8,
        labels: u16,
        authors: Vec<(Actor, i64)>,
        ends: bool,
    },
    Define(u16, Option<&'static str>, Option<&'static str>),
    /// The event so many events back, once more.
    Repeat(usize),
    Refuse(Option<Reject>),
    Lost(Offset),
    Live(Offset),
    Other(StreamNote),
}

/// A time near a border.
#[derive(Clone, Copy, Debug)]
struct Offset {
    border: Border,
    ms: i64,
    thousandths_of_width: i64,
}

#[derive(Clone, Copy, Debug)]
enum Border {
    Clock,
    /// The session's latest event in order of arrival.
    Own,
    Lateness,
    Window,
    Retention,
    /// The allowed skew or jump.
    Ahead,
    /// Far enough to leave everything behind.
    Beyond,
    Minutes,
    /// So far ahead that a window of groups is left.
    Groups(i64),
    /// Where the wall clock would be had it never been set.
    Truth,
}

/// Numbers of labels that are in use; 0 stands for nothing.
const LABELS: u16 = 4;

/// Histories under small windows, with both clock rules, in which the wall clock is set now and then.
pub(crate) fn histories() -> impl Strategy<Value = History> {
    histories_of(true)
}

/// The same with a wall clock that nobody sets.
pub(crate) fn histories_of_a_good_clock() -> impl Strategy<Value = History> {
    histories_of(false)
}

fn histories_of(may_be_set: bool) -> impl Strategy<Value = History> {
    let starts = select(vec![0, 7_777_777, 1_768_478_400_000]);
    (settings(), starts, any::<bool>(), vec(moves(), 1..60)).prop_map(
        move |(settings, start, begins_with_clock, moves)| {
            let start = EpochMs::from_ms(start);
            let is_live = matches!(settings.clock, ClockRule::Wall { .. });
            let mut drawn = Drawn::new(&settings, start, may_be_set);
            if is_live || begins_with_clock {
                drawn.advance(start);
            }
            for one in &moves {
                drawn.play(one);
            }
            History {
                steps: drawn.steps,
                settings,
                start,
            }
        },
    )
}

fn settings() -> impl Strategy<Value = AggregateSettings> {
    let clock = prop_oneof![
        select(vec![0, 50, 5_000]).prop_map(|skew_ms| ClockRule::Wall { skew_ms }),
        select(vec![100, 60_000, AggregateSettings::MAX_JUMP_MS])
            .prop_map(|max_jump_ms| ClockRule::Event { max_jump_ms }),
    ];
    (
        select(vec![1_u32, 10, 100, 1_000, 2_000]),
        1..40_u32,
        vec(1..130_u32, 0..3),
        0..20_000_u64,
        (1..200_000_u64, 1..200_000_u64),
        clock,
        select(vec![1_usize, 2, 10]),
    )
        .prop_map(
            |(width_ms, buckets, further, lateness, timeouts, clock, groups_max)| {
                let width = Width::from_ms(width_ms).unwrap();
                let further: Vec<u32> = further.iter().map(|buckets| buckets * width_ms).collect();
                AggregateSettings {
                    lateness_ms: lateness * u64::from(width_ms) / 1_000,
                    idle_timeout_ms: timeouts.0,
                    uncertain_timeout_ms: timeouts.1,
                    clock,
                    groups_max,
                    ..AggregateSettings::new(width, buckets * width_ms, &further).unwrap()
                }
            },
        )
}

fn moves() -> impl Strategy<Value = Move> {
    let kind = select(vec![
        EventKind::Connected,
        EventKind::Disconnected,
        EventKind::Message,
    ]);
    let event = (
        0..4_u8,
        kind,
        event_offset(),
        0..5_u8,
        option::weighted(0.3, 0..9_000_u32),
        0..LABELS,
        select(Actor::ALL.to_vec()),
    )
        .prop_map(
            |(who, kind, offset, identity, own_duration_ms, labels, actor)| Move::Event {
                who,
                kind,
                offset,
                identity,
                own_duration_ms,
                labels,
                actor,
            },
        );
    let name = || select(vec![None, Some("a"), Some("b"), Some("other")]);
    let define = (1..LABELS, name(), name())
        .prop_map(|(number, queue, deployment)| Move::Define(number, queue, deployment));
    let other = select(vec![
        StreamNote::State(StreamState::Connecting),
        StreamNote::State(StreamState::Backoff),
        StreamNote::ProtocolError,
        StreamNote::ServerClock {
            offset_ms: -7,
            is_off: true,
        },
        StreamNote::Failed {
            cause: LossCause::Unreachable,
            detail: "no route".to_owned(),
        },
    ]);
    let refused = select(vec![None, Some(Reject::NotJson), Some(Reject::Timestamp)]);
    let author = select(vec![
        Actor::Guest,
        Actor::Guest,
        Actor::Agent,
        Actor::Business,
        Actor::Bot,
    ]);
    let talk = (
        0..4_u8,
        0..LABELS,
        vec((author, select(vec![0, 1, 40, 100, -1, -30])), 1..7),
        proptest::bool::weighted(0.4),
    )
        .prop_map(|(who, labels, authors, ends)| Move::Talk {
            who,
            labels,
            authors,
            ends,
        });
    prop_oneof![
        12 => event,
        2 => talk,
        3 => define,
        3 => clock_offset().prop_map(Move::Advance),
        1 => set_offset().prop_map(Move::Set),
        2 => select(vec![1, 700, 1_000, 4_999, 5_000, 5_001, 59_999, 60_000, 61_000])
            .prop_map(Move::Pass),
        2 => (1..6_usize).prop_map(Move::Repeat),
        1 => refused.prop_map(Move::Refuse),
        1 => clock_offset().prop_map(Move::Lost),
        1 => clock_offset().prop_map(Move::Live),
        1 => other.prop_map(Move::Other),
    ]
}

fn event_offset() -> impl Strategy<Value = Offset> {
    let border = prop_oneof![
        4 => Just(Border::Clock),
        4 => Just(Border::Own),
        1 => Just(Border::Lateness),
        1 => Just(Border::Window),
        2 => Just(Border::Retention),
        1 => Just(Border::Ahead),
    ];
    offset(border)
}

fn clock_offset() -> impl Strategy<Value = Offset> {
    let border = prop_oneof![
        6 => Just(Border::Clock),
        1 => Just(Border::Lateness),
        1 => Just(Border::Ahead),
        1 => Just(Border::Beyond),
        1 => Just(Border::Minutes),
        2 => select(vec![10_000, 60_000, 300_000, 3_600_000]).prop_map(Border::Groups),
    ];
    offset(border)
}

fn set_offset() -> impl Strategy<Value = Offset> {
    let border = prop_oneof![
        4 => Just(Border::Clock),
        2 => Just(Border::Ahead),
        1 => Just(Border::Beyond),
        4 => select(vec![-86_400_000, -600_000, -20_000, -7_000, 7_000, 20_000, 600_000, 86_400_000])
            .prop_map(Border::Groups),
        4 => Just(Border::Truth),
    ];
    offset(border)
}

fn offset(border: impl Strategy<Value = Border>) -> impl Strategy<Value = Offset> {
    let ms = prop_oneof![
        6 => Just(0),
        2 => -1..=1_i64,
        2 => select(vec![-5_001, -5_000, -4_999, 5_000]),
    ];
    let thousandths = prop_oneof![2 => Just(0), 3 => -3_000..=3_000_i64];
    (border, ms, thousandths).prop_map(|(border, ms, thousandths_of_width)| Offset {
        border,
        ms,
        thousandths_of_width,
    })
}

/// Turns moves into steps: it knows the clock and what each session did last.
struct Drawn<'a> {
    settings: &'a AggregateSettings,
    clock: EpochMs,
    /// The wall clock, and monotonic time.
    wall: EpochMs,
    mono_ms: u64,
    start: EpochMs,
    /// Whether anybody sets the wall clock.
    may_be_set: bool,
    latest: [Option<EpochMs>; 4],
    steps: Vec<Step>,
}

impl<'a> Drawn<'a> {
    fn new(settings: &'a AggregateSettings, start: EpochMs, may_be_set: bool) -> Self {
        Self {
            settings,
            clock: start,
            wall: start,
            mono_ms: 0,
            start,
            may_be_set,
            latest: [None; 4],
            steps: Vec::new(),
        }
    }

    /// The clock goes on to a time, or the wall clock is read before it.
    fn advance(&mut self, to: EpochMs) {
        self.clock = self.clock.max(to);
        if let ClockRule::Event { .. } = self.settings.clock {
            self.steps.push(Step::Advance(to));
            return;
        }
        let to = if self.may_be_set {
            to
        } else {
            to.max(self.wall)
        };
        self.mono_ms += to.since(self.wall);
        self.read(to);
    }

    fn read(&mut self, wall: EpochMs) {
        self.wall = wall;
        self.clock = wall;
        self.steps.push(Step::Read(wall, self.mono_ms));
    }

    fn play(&mut self, one: &Move) {
        match *one {
            Move::Advance(offset) => self.advance(self.time(offset, None)),
            Move::Set(offset)
                if self.may_be_set && matches!(self.settings.clock, ClockRule::Wall { .. }) =>
            {
                self.read(self.time(offset, None));
            }
            Move::Set(_) => {}
            Move::Pass(ms) => self.advance(self.wall + i64::from(ms)),
            Move::Event {
                who,
                kind,
                offset,
                identity,
                own_duration_ms,
                labels,
                actor,
            } => {
                let own = &mut self.latest[usize::from(who)];
                let before = *own;
                let time = self.time(offset, before);
                self.latest[usize::from(who)] = Some(time);
                let is_message = kind == EventKind::Message;
                let is_disconnect = kind == EventKind::Disconnected;
                self.apply(Event {
                    time,
                    session: session_key(who),
                    identity: match identity {
                        n @ 1.. if is_message => Identity::from_hash(u64::from(who * 8 + n)),
                        _ => Identity::NONE,
                    },
                    detail: Detail::of_duration(own_duration_ms.filter(|_| is_disconnect)),
                    labels: LabelsId::from_number(labels),
                    kind,
                    actor: match is_message {
                        true => actor,
                        false => Actor::Unknown,
                    },
                });
            }
            Move::Define(number, queue, deployment) => {
                self.steps.push(Step::Define(number, queue, deployment));
            }
            Move::Talk {
                who,
                labels,
                ref authors,
                ends,
            } => {
                let mut event = Event {
                    time: self.clock,
                    session: session_key(who),
                    identity: Identity::NONE,
                    detail: Event::NO_DETAIL,
                    labels: LabelsId::from_number(labels),
                    kind: EventKind::Connected,
                    actor: Actor::Unknown,
                };
                self.apply(event);
                event.kind = EventKind::Message;
                for (author, gap) in authors {
                    event.actor = *author;
                    event.time = (event.time + *gap).clamp(EpochMs::from_ms(0), EpochMs::MAX);
                    self.apply(event);
                }
                if ends {
                    event.kind = EventKind::Disconnected;
                    event.actor = Actor::Unknown;
                    self.apply(event);
                }
                self.latest[usize::from(who)] = Some(event.time);
            }
            Move::Repeat(back) => {
                let mut events = self.steps.iter().rev().filter_map(|step| match step {
                    Step::Apply(event) => Some(*event),
                    _ => None,
                });
                if let Some(event) = events.nth(back - 1) {
                    self.apply(event);
                }
            }
            Move::Refuse(reason) => {
                let mut delta = Delta {
                    received: 1,
                    bytes: 10,
                    ..Delta::default()
                };
                match reason {
                    Some(reason) => delta.reject(reason),
                    None => delta.ignored = 1,
                }
                self.steps.push(Step::Count(Box::new(delta)));
            }
            Move::Lost(offset) => self.steps.push(Step::Note(StreamNote::Lost {
                since: self.time(offset, None),
                cause: LossCause::Dropped,
                detail: "dropped".to_owned(),
            })),
            Move::Live(offset) => self.steps.push(Step::Note(StreamNote::Live {
                at: self.time(offset, None),
            })),
            Move::Other(ref note) => self.steps.push(Step::Note(note.clone())),
        }
    }

    fn apply(&mut self, event: Event) {
        if let ClockRule::Event { max_jump_ms } = self.settings.clock
            && event.time.since(self.clock) <= max_jump_ms
        {
            self.clock = self.clock.max(event.time);
        }
        self.steps.push(Step::Apply(event));
    }

    fn time(&self, offset: Offset, own: Option<EpochMs>) -> EpochMs {
        let width = i64::from(self.settings.width.ms());
        let signed = |ms: u64| i64::try_from(ms).unwrap();
        let retention = signed(self.settings.retained_buckets()) * width;
        let from_clock = match offset.border {
            Border::Clock | Border::Own => 0,
            Border::Lateness => -signed(self.settings.lateness_ms),
            Border::Window => -i64::from(self.settings.main_window().ms()),
            Border::Retention => -retention,
            Border::Ahead => match self.settings.clock {
                ClockRule::Wall { skew_ms: ahead } | ClockRule::Event { max_jump_ms: ahead } => {
                    signed(ahead)
                }
            },
            Border::Beyond => 2 * retention,
            Border::Minutes => 90_000,
            Border::Groups(ms) => ms,
            Border::Truth => self.start.ms() + signed(self.mono_ms) - self.clock.ms(),
        };
        let base = match offset.border {
            Border::Own => own.unwrap_or(self.clock),
            _ => self.clock,
        };
        let near = offset.ms + offset.thousandths_of_width * width / 1_000;
        // The parser lets no time before 1970 through.
        (base + from_clock + near).max(EpochMs::from_ms(0))
    }
}

/// Session number `who`; half of them are no UUIDs.
pub(crate) fn session_key(who: u8) -> SessionKey {
    SessionKey {
        hi: 0,
        lo: u64::from(who / 2),
        kind: if who.is_multiple_of(2) {
            IdKind::Uuid
        } else {
            IdKind::Hashed
        },
    }
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.settings;
        let windows: Vec<u32> = settings.windows.iter().map(|window| window.ms()).collect();
        writeln!(
            f,
            "width {} ms, windows {windows:?} ms, lateness {} ms, idle {} ms, uncertain {} ms, {:?}, times from {}",
            settings.width.ms(),
            settings.lateness_ms,
            settings.idle_timeout_ms,
            settings.uncertain_timeout_ms,
            settings.clock,
            self.start.ms(),
        )?;
        for (index, step) in self.steps.iter().enumerate() {
            writeln!(f, "{index:>4}  {}", step.describe(self.start))?;
        }
        Ok(())
    }
}

impl Step {
    /// The step in one line, its times relative to `start`.
    pub(crate) fn describe(&self, start: EpochMs) -> String {
        match self {
            Self::Advance(to) => format!("clock {:+}", to.ms() - start.ms()),
            Self::Read(wall, mono_ms) => {
                format!("wall {:+}, elapsed {mono_ms}", wall.ms() - start.ms())
            }
            Self::Apply(event) => {
                let (kind, session) = (event.kind, event.session);
                let time = event.time.ms() - start.ms();
                let mut line = format!("{kind:?} {:?}{} at {time:+}", session.kind, session.lo);
                if let Some(fingerprint) = event.identity.fingerprint() {
                    line += &format!(", identity {fingerprint}");
                }
                if let Some(duration) = event.own_duration_ms() {
                    line += &format!(", own duration {duration}");
                }
                if event.labels != LabelsId::NONE {
                    line += &format!(", labels {}", event.labels.number());
                }
                if event.actor != Actor::Unknown {
                    line += &format!(", {:?}", event.actor);
                }
                line
            }
            Self::Define(number, queue, deployment) => {
                format!("labels {number} are {queue:?} and {deployment:?}")
            }
            Self::Count(delta) if delta.ignored > 0 => "ignored payload".to_owned(),
            Self::Count(_) => "rejected payload".to_owned(),
            Self::Note(StreamNote::Live { at }) => format!("live {:+}", at.ms() - start.ms()),
            Self::Note(StreamNote::Lost { since, .. }) => {
                format!("lost {:+}", since.ms() - start.ms())
            }
            Self::Note(note) => format!("{note:?}"),
        }
    }
}
