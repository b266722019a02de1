//! The aggregate under any history: nothing panics and no payload is lost from the books, however
//! little of the work for groups is done between events.

use streamgauge::aggregate::State;
use streamgauge::config::AggregateSettings;
use streamgauge::event::Actor;
use streamgauge::event::Detail;
use streamgauge::event::Event;
use streamgauge::event::EventKind;
use streamgauge::event::IdKeys;
use streamgauge::event::IdKind;
use streamgauge::event::Identity;
use streamgauge::event::LabelDefinition;
use streamgauge::event::LabelsId;
use streamgauge::event::SessionKey;
use streamgauge::ring::Delta;
use streamgauge::snapshot::Snapshot;
use streamgauge::time::EpochMs;

/// Plays eight bytes a step: which step, which session, which identity, and a time around the clock.
///
/// # Panics
/// When a payload is not accounted for.
pub(crate) fn run(bytes: &[u8]) {
    let start = EpochMs::from_ms(1_768_478_400_000);
    let mut now = start;
    let mut state = State::new(AggregateSettings::default(), IdKeys::FIXED, start);
    for (labels, queue) in (1..).zip(["sales", "returns", "service"]) {
        state.define(&LabelDefinition {
            from: 0,
            labels: LabelsId::from_number(labels),
            queue: Some(queue),
            deployment: (labels == 2).then_some("page"),
        });
    }
    // As the writer does, before it applies anything.
    state.advance(now);
    let mut snapshot = Snapshot::default();
    let mut received = 0;
    let (steps, _) = bytes.as_chunks::<8>();
    for [step, who, identity, a, b, c, d, e] in steps.iter().copied() {
        let offset_ms = i64::from(i32::from_le_bytes([a, b, c, d]) >> (e % 32));
        let kind = match step % 8 {
            0 | 1 => EventKind::Connected,
            2 | 3 => EventKind::Disconnected,
            4..=6 => EventKind::Message,
            _ => {
                now = EpochMs::from_ms(now.ms() + offset_ms.rem_euclid(600_000));
                state.advance(now);
                continue;
            }
        };
        let time = (now.ms() + offset_ms).clamp(0, EpochMs::MAX.ms());
        received += 1;
        state.count(&Delta {
            received: 1,
            accepted: 1,
            events: 1,
            bytes: 100,
            ..Delta::default()
        });
        state.apply(&Event {
            time: EpochMs::from_ms(time),
            session: SessionKey {
                hi: u64::from(who),
                lo: u64::from(who),
                kind: if who % 2 == 0 {
                    IdKind::Uuid
                } else {
                    IdKind::Hashed
                },
            },
            identity: match (kind, identity) {
                (EventKind::Message, 1..) => Identity::from_hash(u64::from(identity)),
                _ => Identity::NONE,
            },
            detail: match kind {
                EventKind::Disconnected if identity > 0 => {
                    Detail::of_duration(Some(u32::from_le_bytes([d, c, b, a])))
                }
                _ => Event::NO_DETAIL,
            },
            kind,
            // One more than are defined.
            labels: LabelsId::from_number(u16::from(who % 5)),
            actor: Actor::Unknown,
        });
        // Never finished in time, or always.
        state.work(usize::from(who));
        state.fill(&mut snapshot);
        assert_eq!(
            snapshot.counters.accounting_gap(),
            0,
            "after {received} events"
        );
        assert_eq!(snapshot.counters.received, received);
    }
}
