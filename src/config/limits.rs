//! Every limit that is not a setting, with its unit and its reason.

use std::time::Duration;

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

/// How long a part of the pipeline may take for a turn before it counts as late. Each beats at least
/// once a second; what is longer than a few is no hiccup of the machine.
pub const HEARTBEAT_DEADLINE: Duration = Duration::from_secs(5);

/// Events in one batch: 12 KiB, so that it stays in the first-level cache while it is applied.
pub const BATCH_EVENTS: usize = 256;
/// Batches in one ring: 65,536 events, about a hundred milliseconds at full rate.
pub const RING_BATCHES: usize = 256;
/// Batches the writer takes from one ring before it looks at the next, so that none starves.
pub const DRAIN_QUOTA_BATCHES: usize = 16;

/// Small pieces of work for groups that the writer does between batches, so that none of them is
/// felt: about a quarter of a millisecond.
pub const WORK_PIECES: usize = 2_048;

/// How long the writer writes an image before it looks at the rings again, in nanoseconds; a piece of it
/// may take as long once more.
pub const IMAGE_WORK_NS: u64 = 200_000;
/// Images that are asked for at a time, the one that is made not counted.
pub const IMAGES_WAITING_MAX: usize = 4;
/// Frames of 64 KiB that wait for whoever has asked for an image.
pub const IMAGE_FRAMES_WAITING_MAX: usize = 64;

/// Ids of open sessions that are no UUID, kept to be shown: with the longest id 20 MiB. Sessions
/// beyond are shown by a number.
pub const SESSION_IDS_MAX: usize = 65_536;

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

/// A request's body, in bytes: four times the longest query with room for its variables.
pub const REQUEST_BYTES_MAX: usize = 64 << 10;
/// A body that is posted to an endpoint for events, in bytes, packed as well as unpacked.
pub const POST_BYTES_MAX: usize = 8 << 20;
/// A file that `check --sample` looks at, in bytes, unpacked: eight times the longest post.
pub const SAMPLE_BYTES_MAX: usize = 8 * POST_BYTES_MAX;
/// Endpoints for events; each has a ring of its own.
pub const PUSH_ENDPOINTS_MAX: usize = 32;
/// Bodies on their way, together, whose senders nothing but the bodies can make known, in bytes: two of
/// the longest. Anybody can fill this, and nobody else waits for it.
pub const POSTS_UNKNOWN_BYTES_MAX: usize = 2 * POST_BYTES_MAX;
/// How long such a body may take, which is half of what others may: so long do most senders wait.
pub const POST_UNKNOWN_TIME_MAX: Duration = Duration::from_secs(5);
/// Bodies of posts that are unpacked at a time; more wait.
pub const POSTS_UNPACKED_MAX: usize = 4;
/// Posts that wait for their decoder; more wait in their connections.
pub const POSTS_WAITING_MAX: usize = 1_024;
/// A request's head, in bytes.
pub const REQUEST_HEAD_BYTES_MAX: u32 = 16 << 10;
/// Connections to the HTTP server at a time, fewer where file descriptors are few.
pub const CONNECTIONS_MAX: usize = 16_384;
/// Connections beyond that: one request each, of an operator, or the answer that there are too many.
pub const CONNECTIONS_KEPT: usize = 8;
/// What the system may keep of what a connection is sent and the client's machine does not take, in
/// bytes: enough for the next answer to be there when one has left, whatever the line's length,
/// because what is under way counts extra.
pub const UNSENT_BYTES_MAX: u32 = 32 << 10;
/// What one stream of HTTP/2 keeps of that beside it, in bytes.
pub const STREAM_UNSENT_BYTES_MAX: usize = 64 << 10;
/// Requests in progress at a time on one HTTP/2 connection.
pub const STREAMS_PER_CONNECTION_MAX: u32 = 128;
/// Costly queries executed at a time: one keeps a core busy, and ingest needs its own.
pub const QUERIES_RUNNING_MAX: usize = 2;

/// A query document, in bytes.
pub const QUERY_BYTES_MAX: usize = 16 << 10;
/// Tokens of a query document.
pub const QUERY_TOKENS_MAX: usize = 1_000;
/// Brackets of any kind open at a time in a query document; the parser recurses by them.
pub const QUERY_BRACKETS_MAX: usize = 32;
/// Levels of fields of a query, fragments followed. The schema itself has four.
pub const QUERY_DEPTH_MAX: usize = 8;
/// The same for an operation that asks for the schema only: the usual tools follow nine levels of
/// `ofType` and end at 15.
pub const INTROSPECTION_DEPTH_MAX: usize = 16;
/// Aliases in a query document.
pub const QUERY_ALIASES_MAX: usize = 30;
/// Directives in a query document.
pub const QUERY_DIRECTIVES_MAX: usize = 10;
/// Fields at the root of an operation, fragments followed.
pub const QUERY_ROOT_FIELDS_MAX: usize = 20;
/// Operations in a query document of which `operationName` picks one; without it there is one.
pub const QUERY_OPERATIONS_MAX: usize = 10;
/// Selections of a query document once every fragment stands where it is spread.
pub const QUERY_EXPANDED_MAX: usize = 5_000;
/// Fields of an answer, lists counted as long as they may be: a page of 500 groups with every field, or
/// ten milliseconds of work.
pub const QUERY_COMPLEXITY_MAX: usize = 17_500;
/// Nesting of the variables of a query.
pub const VARIABLES_DEPTH_MAX: usize = 16;
/// Errors in one answer; a document can make one a token.
pub const QUERY_ERRORS_MAX: usize = 20;

/// Documents, and answers of either form of request, that a worker of the HTTP server keeps.
pub const CACHE_ENTRIES_MAX: usize = 256;
/// Memory for each of the three, in bytes.
pub const CACHE_BYTES_MAX: usize = 2 << 20;
/// Memory for one entry, in bytes: the largest document, or the answer to the usual introspection.
pub const CACHE_ENTRY_BYTES_MAX: usize = 512 << 10;

/// Alerts in the settings; each is looked at once a second.
pub const ALERTS_MAX: usize = 100;
/// Names in the file of names: five times as many as there are groups of a kind at the default.
pub const NAMES_MAX: usize = 50_000;
/// The file of names, in bytes: all names with an id each, at the length of a UUID and a sentence.
pub const NAMES_FILE_BYTES_MAX: u64 = 8 << 20;
/// Changes of alerts remembered one by one; older ones stay counted.
pub const ALERT_CHANGES_MAX: usize = 100;
/// How often alerts are looked at, in nanoseconds.
pub const ALERT_INTERVAL_NS: u64 = 1_000_000_000;
/// Notifications waiting for delivery; beyond that the oldest is given up. Every alert can begin and end
/// once meanwhile.
pub const NOTIFICATIONS_WAITING_MAX: usize = 2 * ALERTS_MAX;

/// Groups of one dimension that have a series of their own in `/metrics`; the rest is summed.
pub const METRIC_GROUPS_MAX: usize = 100;

/// Persisted queries kept.
pub const PERSISTED_MAX: usize = 512;
/// Memory for their texts, in bytes.
pub const PERSISTED_BYTES_MAX: usize = 2 << 20;

/// One message on a WebSocket of the HTTP server, all fragments together, in bytes: a request's body
/// and what is around it.
pub const SOCKET_MESSAGE_BYTES_MAX: usize = REQUEST_BYTES_MAX + 1_024;
/// The id that a client gives an operation on a WebSocket, in bytes.
pub const OPERATION_ID_BYTES_MAX: usize = 256;
/// Operations at a time on one WebSocket.
pub const OPERATIONS_PER_SOCKET_MAX: usize = 20;
/// Subscriptions at a time, over all connections.
pub const SUBSCRIPTIONS_MAX: usize = 10_000;
/// Different subscriptions at a time, by request and interval: each is executed by itself.
pub const TOPICS_MAX: usize = 2_048;
/// Parts that an interval is split into so that many subscribers are not written to at one moment.
pub const FEED_PHASES_MAX: usize = 128;
/// The shortest such part, in milliseconds.
pub const FEED_SLICE_MS: u64 = 50;
/// Subscribers of one part before the next one is begun: about a millisecond of writing.
pub const FEED_SUBSCRIBERS_FULL: usize = 64;

/// A disconnect at most this much before its connect is taken for clock skew, in milliseconds.
pub const DISCONNECT_SKEW_MS: i64 = 5_000;
/// Disconnects waiting for their connect, as a share of all rows: a flood of them evicts nobody else.
pub const PENDING_SHARE: usize = 16;
/// A step of the wall clock that is worth counting, in milliseconds.
pub const CLOCK_STEP_MS: i64 = 1_000;
/// How long the wall clock may be behind the engine clock by more than the skew before the engine
/// clock is set back to it, in milliseconds: longer than a leap or a small mistake takes.
pub const CLOCK_REBASE_MS: u64 = 5_000;
/// The least time between two lines of log on steps of the wall clock, in nanoseconds.
pub const CLOCK_LOG_NS: u64 = 1_000_000_000;
/// How long nothing expires after the wall clock ran ahead by more than the skew, in milliseconds:
/// time for whoever set it wrong to set it right.
pub const CLOCK_HOLD_MS: u64 = 60_000;

/// Two legs, or a leg and the end of its conversation, belong together when no more than this lies between
/// them, in milliseconds.
pub const SAME_LEG_MS: u64 = 5_000;
/// How long the facts of a conversation are kept after its end, in milliseconds: 2 h. What is said again
/// until then changes nothing twice.
pub const FACTS_KEPT_MS: i64 = 7_200_000;
/// Bookings of legs kept at a time, of some 24 bytes each: what is oldest leaves the windows first.
pub const BOOKINGS_MAX: usize = 4_000_000;
/// Facts that a conversation has on average, for the count of memory.
pub const FACTS_OF_CONVERSATION: usize = 12;

const _: () = assert!(
    RING_BATCHES * BATCH_EVENTS * 48 <= 4 << 20,
    "a ring stays under 4 MiB"
);
