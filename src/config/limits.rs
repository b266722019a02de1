//! Every limit that is not a setting, with its unit and its reason.

/// One message, all fragments together, in bytes. Real events are a few hundred.
pub const MESSAGE_BYTES_MAX: usize = 1 << 20;
/// Fragments of one message.
pub const MESSAGE_FRAGMENTS_MAX: usize = 1_024;
/// Nesting of one event's JSON.
pub const JSON_DEPTH_MAX: usize = 64;
/// A parser keeps its buffers after messages up to this long, in bytes; they take up to some thirty
/// times as much memory.
pub const PARSE_BYTES_KEPT_MAX: usize = 64 << 10;
/// A session id or message id, in bytes of its decoded text.
pub const ID_BYTES_MAX: usize = 256;

/// Events in one batch: 12 KiB, so that it stays in the first-level cache while it is applied.
pub const BATCH_EVENTS: usize = 256;
/// Batches in one ring: 65,536 events, about a hundred milliseconds at full rate.
pub const RING_BATCHES: usize = 256;
/// Batches the writer takes from one ring before it looks at the next, so that none starves.
pub const DRAIN_QUOTA_BATCHES: usize = 16;

/// Windows at the most: the main one and the further ones.
pub const WINDOWS_MAX: usize = 8;
/// Buckets retained at the most, so that a slip in a setting cannot take all memory: enough for a
/// window of an hour with buckets of a millisecond, or of a day with those of 25 ms.
pub const RETAINED_BUCKETS_MAX: u64 = 1 << 22;
/// Gaps remembered one by one; older ones stay counted.
pub const GAPS_MAX: usize = 1_024;
/// How often the writer publishes while events flow, in nanoseconds.
pub const PUBLISH_INTERVAL_NS: u64 = 1_000_000;
/// How often latency summaries are made, in nanoseconds.
pub const LATENCY_INTERVAL_NS: u64 = 1_000_000_000;
/// Latency samples of readers waiting for the writer.
pub const SAMPLES_WAITING_MAX: usize = 65_536;

/// A disconnect at most this much before its connect is taken for clock skew, in milliseconds.
pub const DISCONNECT_SKEW_MS: i64 = 5_000;
/// Disconnects waiting for their connect, as a share of all rows: a flood of them evicts nobody else.
pub const PENDING_SHARE: usize = 16;
/// A step back of the wall clock that is worth counting, in milliseconds.
pub const CLOCK_STEP_MS: i64 = 1_000;

const _: () = assert!(
    RING_BATCHES * BATCH_EVENTS * 48 <= 4 << 20,
    "a ring stays under 4 MiB"
);
