//! What the tests of push share.

use streamgauge::snapshot::Snapshot;
use streamgauge::snapshot::WindowStats;
use streamgauge::stream::StreamState;

use crate::http::NOW;

/// A snapshot that can be told by its sequence.
pub(crate) fn snapshot(sequence: u64) -> Snapshot {
    let mut snapshot = Snapshot {
        engine_id: 7,
        sequence,
        now: NOW,
        published: NOW,
        windows: vec![WindowStats {
            length_ms: 60_000,
            ..WindowStats::default()
        }],
        ..Snapshot::default()
    };
    snapshot.stream.state = StreamState::Live;
    snapshot
}
