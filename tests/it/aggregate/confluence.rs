//! For ids with one connect and one disconnect at or after it, any order of arrival inside the allowed
//! lateness and any duplication come to the same numbers as the sorted history without copies.
//!
//! For other histories, a disconnect stamped before its connect among them, the order of arrival
//! decides: see `skew.rs`.
//!
//! Excepted are the numbers that are about arrival itself: `received`, `duplicates`, `outOfOrder`,
//! and messages per session, since a message belongs to a session that is open when it arrives.

use std::fmt;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use streamgauge::config::AggregateSettings;
use streamgauge::config::ClockRule;
use streamgauge::event::Actor;
use streamgauge::event::Event;
use streamgauge::event::EventKind;
use streamgauge::event::Identity;
use streamgauge::event::LabelsId;
use streamgauge::metric::Measure;
use streamgauge::snapshot::Measured;
use streamgauge::snapshot::Snapshot;
use streamgauge::snapshot::WindowStats;
use streamgauge::time::EpochMs;
use streamgauge::window::Width;

use crate::model::groups::Cut;
use crate::model::groups::cut_of;

use super::Engine;
use super::differences;
use super::history::Step;
use super::history::session_key;
use super::line_differences;

const START: EpochMs = EpochMs::from_ms(1_768_478_400_000);

/// The same events twice: sorted and single, and as they arrived.
#[derive(Clone)]
struct Arrivals {
    settings: AggregateSettings,
    sorted: Vec<Event>,
    arrived: Vec<Event>,
}

/// When an event happened, in milliseconds after the start, and how much later each copy arrives,
/// in thousandths of the allowed lateness. There is at least one copy.
type Timed = (u16, Vec<u16>);

#[derive(Clone, Debug)]
struct Session {
    connect: Option<Timed>,
    /// Time after the connect, never before it.
    disconnect: Option<Timed>,
    messages: Vec<Timed>,
}

proptest! {
    #![proptest_config(crate::seeds::config())]

    #[test]
    fn order_and_copies_inside_the_lateness_change_nothing(arrivals in arrivals()) {
        let settings = &arrivals.settings;
        let mut straight = Engine::new(settings, START);
        let mut crooked = Engine::new(settings, START);
        for engine in [&mut straight, &mut crooked] {
            engine.play(&Step::Define(1, Some("sales"), Some("page")));
            engine.play(&Step::Define(2, Some("returns"), None));
        }
        for event in &arrivals.sorted {
            straight.play(&Step::Apply(*event));
        }
        for event in &arrivals.arrived {
            crooked.play(&Step::Apply(*event));
        }
        let copies = arrivals.arrived.len() - arrivals.sorted.len();
        let counters = crooked.snapshot().counters;
        prop_assert_eq!(counters.duplicates, u64::try_from(copies).unwrap());
        prop_assert_eq!((counters.late, counters.future), (0, 0));

        // While the windows slide on in silence, until everything has left them.
        let width = i64::from(settings.width.ms());
        let mut now = straight.snapshot().now;
        let last_event = now;
        let mut cuts = 0;
        for _ in 0..=settings.retained_buckets() + 100 {
            let (straight_now, crooked_now) =
                (whatever_the_order(straight.snapshot()), whatever_the_order(crooked.snapshot()));
            let differences = differences(&crooked_now, &straight_now, settings);
            prop_assert!(differences.is_empty(), "at {:+}:\n{}", now.ms() - START.ms(), differences);
            // A cut holds what was applied before its bucket began.
            if now > last_event && crooked.snapshot().groups.as_of == now {
                let groups = line_differences(&groups(crooked.snapshot()), &groups(straight.snapshot()));
                prop_assert!(groups.is_empty(), "at {:+}:\n{}", now.ms() - START.ms(), groups);
                cuts += 1;
            }
            now = now + width;
            straight.play(&Step::Advance(now));
            crooked.play(&Step::Advance(now));
        }
        prop_assert!(cuts > 0);
    }
}

/// Messages of a session are those that arrived while it was open, and who waits for whom follows them in
/// the order of their arrival; of what is measured only the duration of sessions does not depend on that.
fn leave_messages_out(window: &mut WindowStats) {
    window.ended_messages = 0;
    window.responses = 0;
    window.response_ms = 0;
    window.first_responses = 0;
    window.first_response_ms = 0;
    window.unanswered = 0;
    window.never_answered = 0;
    let durations = window.measured.get(Measure::Duration).cloned();
    window.measured = Measured::default();
    window.measured.put(Measure::Duration, durations);
}

/// The groups in which anything is counted, likewise.
fn groups(snapshot: &Snapshot) -> Cut {
    let mut groups = cut_of(&snapshot.groups);
    for (_, windows) in groups.values_mut() {
        for window in windows {
            leave_messages_out(window);
            window.coverage_ms = 0;
        }
    }
    groups.retain(|_, (open, windows)| {
        let counts = |window: &WindowStats| {
            window.messages + window.connections + window.closed_sessions + window.disconnections
        };
        *open > 0 || windows.iter().any(|window| counts(window) > 0)
    });
    groups
}

/// The numbers without those that are about arrival itself.
fn whatever_the_order(snapshot: &Snapshot) -> Snapshot {
    let mut numbers = snapshot.clone();
    numbers.counters.received = 0;
    // A file's is that of its first line.
    numbers.sessions.open_since = None;
    numbers.sessions.awaiting = 0;
    numbers.sessions.awaiting_since = None;
    numbers.counters.accepted = 0;
    numbers.counters.events = 0;
    numbers.counters.bytes = 0;
    numbers.counters.duplicates = 0;
    numbers.counters.out_of_order = 0;
    for window in &mut numbers.windows {
        leave_messages_out(window);
    }
    numbers
}

fn arrivals() -> impl Strategy<Value = Arrivals> {
    let widths = select(vec![10_u32, 100, 1_000]);
    (widths, 1..30_u32, 0..6_000_u64, vec(sessions(), 1..8)).prop_map(
        |(width_ms, buckets, lateness_ms, sessions)| {
            let width = Width::from_ms(width_ms).unwrap();
            let settings = AggregateSettings {
                lateness_ms,
                clock: ClockRule::Event {
                    max_jump_ms: AggregateSettings::MAX_JUMP_MS,
                },
                ..AggregateSettings::new(width, buckets * width_ms, &[]).unwrap()
            };
            Arrivals::new(settings, &sessions)
        },
    )
}

fn sessions() -> impl Strategy<Value = Session> {
    let timed = || (0..8_000_u16, vec(0..=1_000_u16, 1..4));
    (
        option::weighted(0.9, timed()),
        option::weighted(0.8, timed()),
        vec(timed(), 0..5),
    )
        .prop_map(|(connect, disconnect, messages)| Session {
            connect,
            disconnect,
            messages,
        })
}

impl Arrivals {
    fn new(settings: AggregateSettings, sessions: &[Session]) -> Self {
        let mut sorted = Vec::new();
        let mut arriving = Vec::new();
        let mut add = |event: Event, delays: &[u16]| {
            sorted.push(event);
            for delay in delays {
                let delay_ms = settings.lateness_ms * u64::from(*delay) / 1_000;
                let arrives = event.time + i64::try_from(delay_ms).unwrap();
                arriving.push((arrives, event));
            }
        };
        for (session, who) in sessions.iter().zip(0_u8..) {
            let event = |kind, offset_ms: u16, identity| Event {
                time: START + i64::from(offset_ms),
                session: session_key(who),
                identity,
                detail: Event::NO_DETAIL,
                // A message names its own: what is its session's depends on when it arrives.
                labels: LabelsId::from_number(u16::from(who % 2) + 1),
                kind,
                actor: match kind {
                    EventKind::Message => Actor::Guest,
                    _ => Actor::Unknown,
                },
            };
            let mut connected = 0;
            if let Some((time, delays)) = &session.connect {
                connected = *time;
                add(event(EventKind::Connected, *time, Identity::NONE), delays);
            }
            if let Some((length, delays)) = &session.disconnect {
                let kind = EventKind::Disconnected;
                add(event(kind, connected + length, Identity::NONE), delays);
            }
            for ((time, delays), n) in session.messages.iter().zip(1_u64..) {
                let identity = Identity::from_hash(u64::from(who) * 100 + n);
                add(event(EventKind::Message, *time, identity), delays);
            }
        }
        sorted.sort_by_key(|event| event.time);
        // Of those that arrive together, the older one comes last.
        arriving.sort_by_key(|(arrives, event)| (*arrives, -event.time.ms()));
        Self {
            settings,
            sorted,
            arrived: arriving.into_iter().map(|(_, event)| event).collect(),
        }
    }
}

impl fmt::Debug for Arrivals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.settings;
        writeln!(
            f,
            "width {} ms, window {} ms, lateness {} ms; as it arrived:",
            settings.width.ms(),
            settings.main_window().ms(),
            settings.lateness_ms
        )?;
        for event in &self.arrived {
            writeln!(f, "  {}", Step::Apply(*event).describe(START))?;
        }
        Ok(())
    }
}
