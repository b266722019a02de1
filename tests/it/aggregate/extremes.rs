//! The first and the last time there is, through a live state to what readers are told.

use hyper::Version;
use serde_json::Value;

use streamgauge::aggregate::State;
use streamgauge::config::AggregateSettings;
use streamgauge::event::Actor;
use streamgauge::event::Event;
use streamgauge::event::EventKind;
use streamgauge::event::IdKeys;
use streamgauge::event::Identity;
use streamgauge::event::LabelsId;
use streamgauge::input::InputId;
use streamgauge::snapshot::Snapshot;
use streamgauge::stream::LossCause;
use streamgauge::stream::StreamNote;
use streamgauge::time::EpochMs;
use streamgauge::window::Width;

use super::history::session_key;
use crate::engine::rig::ask;
use crate::http::Client;
use crate::http::serve;
use crate::http::settings;

/// Everything that names a time.
const QUERY: &str = "{
  realTimeMetrics { asOf asOfMs countersSince coverageMs windows { coverageMs complete } }
  stream { lastEventTime connectedSince lastArrival lagMs gaps(last: 9) { start end cause } }
  counters { dedup { fingerprints } }
  engine { clockBehindMs clockOnHold }
  groups(by: QUEUE) { items { name openSessions window { messagesPerMinute coverageMs } } }
}";

/// A state that has seen the times of a session around a clock, and a gap.
fn state_at(at: EpochMs) -> State {
    let settings = AggregateSettings::new(Width::DEFAULT, 60_000, &[3_600_000]).unwrap();
    let mut state = State::new(settings, IdKeys::FIXED, at);
    state.read_clocks(at, 0);
    state.note(InputId::default(), &StreamNote::Live { at });
    for (kind, ahead_ms) in [
        (EventKind::Connected, -2),
        (EventKind::Message, -1),
        (EventKind::Message, 5_000),
        (EventKind::Connected, i64::MAX),
        (EventKind::Disconnected, i64::MIN),
    ] {
        state.apply(&Event {
            time: at + ahead_ms,
            session: session_key(1),
            identity: Identity::from_hash(7),
            detail: Event::NO_DETAIL,
            kind,
            labels: LabelsId::NONE,
            actor: Actor::Unknown,
        });
    }
    state.note(
        InputId::default(),
        &StreamNote::Lost {
            since: at,
            cause: LossCause::Dropped,
            detail: String::new(),
        },
    );
    state.read_clocks(at + 2_000, 2_000_000_000);
    state
}

#[tokio::test]
async fn the_first_and_the_last_time_are_told_like_any_other() {
    for at in [0, 1, EpochMs::MAX.ms() - 1, EpochMs::MAX.ms()] {
        let mut state = state_at(EpochMs::from_ms(at));
        state.work(usize::MAX);
        let mut snapshot = Snapshot::default();
        state.fill(&mut snapshot);
        assert_eq!(
            snapshot.counters.accounting_gap().abs(),
            5,
            "nothing was received"
        );
        let served = serve(settings(), snapshot).await;
        let answer: Value = ask(served.addr, QUERY).await;
        assert_eq!(answer["errors"], Value::Null, "{at}: {answer}");
        let mut client = Client::connect(served.addr, Version::HTTP_11).await;
        for path in ["/metrics", "/readyz"] {
            let status = client.get(served.addr, path).await.status();
            assert!(status == 200 || status == 503, "{at} {path}");
        }
    }
}
