//! The rows of the table, as a macro that hands them to another: what has to be types and fields of
//! Rust, such as the object of GraphQL, is made of the same rows as what is data.
//!
//! A row that has a `field` becomes one of GraphQL by itself, of that type; one with an `order` becomes
//! a value of `GroupOrder`. Texts stand as literals because descriptions are.

/// Hands every row to the macro `$take`.
macro_rules! metrics {
    ($take:ident) => {
        $take! {
            // Values of which windows keep a histogram: each is an object of GraphQL in `Window`. What
            // stands here has to be recorded: `aggregate/measures.rs`.
            measures {
                Duration {
                    what: "How long a session lasted that ended, in milliseconds, by the time of its disconnect.",
                    field: durations: Durations, "How long the sessions lasted whose disconnect is inside the window; null when there are none.",
                }
                Messages {
                    what: "How many messages a session had that ended, by the time of its disconnect.",
                    field: session_messages: Spread, "How many messages the sessions had whose disconnect is inside the window, counted while they were open; null when there are none.",
                }
                Response {
                    what: "How long a guest had waited who got a reply, in milliseconds, by the time of the reply.",
                    field: response_times: ResponseTimes, "Of the replies inside the window to guests who waited for one; null when there are none.",
                }
                FirstResponse {
                    what: "How long a guest had waited who got the first reply of the session, in milliseconds, by the time of the reply.",
                    field: first_response_times: ResponseTimes, "Of those replies that were the first of their session; null when there are none.",
                }
            }
            // Numbers of the present: of the whole, and of each group.
            now {
                OpenSessions {
                    name: "openSessions",
                    what: "Sessions open now, whenever they connected.",
                    row: (Unit::Sessions, Source::Now(Gauge::Open)),
                    field: open_sessions: Count, "Of a group: those of its sessions.",
                    order: OpenSessions "OPEN_SESSIONS",
                    shown: {
                        family_of_groups("open_sessions") panel()
                        alert("# open sessions")
                        column(10, "Open", "open", "OPEN") on_wall()
                        card(10, "open", "Open sessions")
                    },
                }
                OpenUncertain {
                    name: "openUncertain",
                    what: "Open sessions without any event since the last gap began.",
                    row: (Unit::Sessions, Source::Now(Gauge::OpenUncertain)),
                    field: open_uncertain: Count, "Their disconnect may be missing.",
                    shown: {
                        family_of_groups("open_uncertain")
                        alert("# open sessions are uncertain")
                        column_of_top(40, "UNCERTAIN", "uncertain")
                    },
                }
                AwaitingReply {
                    name: "awaitingReply",
                    what: "Open sessions whose guest waits for a reply: the guest wrote, and no agent has since.",
                    row: (Unit::Sessions, Source::Now(Gauge::Awaiting)),
                    field: awaiting_reply: Count, "A bot's message is no reply; where the source cannot tell bots from agents, as `data.direction` cannot, any message to the guest is one. Where legs are known, not before a queue or an agent has the conversation. Of a group: those of its sessions.",
                    order: AwaitingReply "AWAITING_REPLY",
                    shown: {
                        family_of_groups("awaiting_reply") panel()
                        alert("# guests wait for a reply")
                        column(12, "Awaiting", "awaiting", "AWAITING") on_wall()
                        card(12, "awaiting", "Awaiting a reply")
                    },
                }
                LongestAwaitingMs {
                    name: "longestAwaitingMs",
                    what: "How long the guest has waited for a reply who has waited for longest.",
                    row: (Unit::Milliseconds, Source::Now(Gauge::LongestAwaitingMs)),
                    field: longest_awaiting_ms: f64, "By the engine clock, in milliseconds; 0 while nobody waits.",
                    order: LongestAwaiting "LONGEST_AWAITING",
                    shown: {
                        family_of_groups("longest_awaiting_seconds") panel()
                        alert("a guest has waited for a reply for #")
                        column(14, "Longest", "longest", "LONGEST") on_wall()
                        card(14, "longest", "Longest awaiting")
                    },
                }
            }
            // Numbers of a window: of the whole, and of each group.
            windows {
                ActiveSessions {
                    name: "activeSessions",
                    what: "Sessions that connected inside the window and have not disconnected.",
                    row: (Unit::Sessions, Source::Count(Tally::ActiveSessions)),
                    field: active_sessions: i32, "Sessions that connected earlier and go on are in `openSessions`. Stops at 2147483647.",
                    order: ActiveSessions "ACTIVE_SESSIONS",
                    shown: {
                        family("active_sessions") panel()
                        alert("# sessions connected and still open")
                        column(70, "Active", "active", "ACTIVE")
                        card(70, "active", "Active: connected in the last # and still open") lesser()
                    },
                }
                AvgSessionDurationMs {
                    name: "avgSessionDurationMs",
                    what: "Mean duration of the sessions that connected inside the window and have disconnected.",
                    row: (Unit::Milliseconds, Source::Mean { sum: Tally::ClosedDurationMs, of: Tally::ClosedSessions }),
                    field: avg_session_duration_ms: f64, "Disconnect minus connect, in milliseconds; 0 when there are none.",
                    order: Duration "DURATION",
                    shown: {
                        family("session_duration_mean_seconds")
                        alert("sessions that began lately lasted # on average")
                        column_of_top(80, "AVERAGE", "duration")
                        card(80, "average", "Average duration, connected and ended in the last #") lesser()
                    },
                }
                MessagesPerMinute {
                    name: "messagesPerMinute",
                    what: "Messages whose event time is inside the window, per minute.",
                    row: (Unit::PerMinute, Source::PerMinute(Tally::Messages)),
                    field: messages_per_minute: f64, "For n of them it is n × 60000 / windowMs.",
                    order: Messages "MESSAGES",
                    shown: {
                        alert("# messages a minute")
                        column(20, "Messages / min", "messages", "MSG/MIN")
                        card(20, "messages", "Messages / min, last #")
                    },
                }
                ConnectionsPerMinute {
                    name: "connectionsPerMinute",
                    what: "Connections whose event time is inside the window, per minute.",
                    row: (Unit::PerMinute, Source::PerMinute(Tally::Connections)),
                    field: connections_per_minute: f64, "For n of them it is n × 60000 / windowMs.",
                    order: Connections "CONNECTIONS",
                    shown: {
                        alert("# connections a minute")
                        column(50, "In / min", "connections", "CONN/MIN")
                        card(30, "connections", "Connections / min, last #")
                    },
                }
                DisconnectionsPerMinute {
                    name: "disconnectionsPerMinute",
                    what: "Disconnects that closed a session and whose event time is inside the window, per minute.",
                    row: (Unit::PerMinute, Source::PerMinute(Tally::Disconnections)),
                    field: disconnections_per_minute: f64, "For n of them it is n × 60000 / windowMs.",
                    order: Disconnections "DISCONNECTIONS",
                    shown: {
                        alert("# disconnections a minute")
                        column(60, "Out / min", "disconnections", "DISC/MIN")
                        card(40, "disconnections", "Disconnects / min, last #")
                    },
                }
                MessagesPerSession {
                    name: "messagesPerSession",
                    what: "Mean number of messages of the sessions whose disconnect is inside the window.",
                    row: (Unit::Messages, Source::Mean { sum: Tally::EndedMessages, of: Tally::Disconnections }),
                    field: messages_per_session: Option<f64>, "Counted while they were open; null when there are none.",
                    shown: {
                        family("session_messages_mean")
                        alert("# messages a session")
                    },
                }
                DurationP50Ms {
                    name: "durationP50Ms",
                    what: "Median duration of the sessions whose disconnect is inside the window.",
                    row: (Unit::Milliseconds, Source::Quantile(Measure::Duration, Quantile::P50)),
                    order: EndedDuration "ENDED_DURATION",
                    shown: {
                        at("durations.p50Ms")
                        family("session_duration_p50_seconds") panel()
                        alert("half of the ended sessions lasted up to #")
                        column(30, "Median, ended", "duration", "MEDIAN") in_top("median")
                        card(50, "median", "Median duration, ended in #")
                    },
                }
                DurationP90Ms {
                    name: "durationP90Ms",
                    what: "90th percentile of the duration of the sessions whose disconnect is inside the window.",
                    row: (Unit::Milliseconds, Source::Quantile(Measure::Duration, Quantile::P90)),
                    shown: {
                        at("durations.p90Ms")
                        family("session_duration_p90_seconds") panel()
                        alert("nine of ten ended sessions lasted up to #")
                        card(60, "p90", "p90 duration, ended in #")
                    },
                }
                DurationP99Ms {
                    name: "durationP99Ms",
                    what: "99th percentile of the duration of the sessions whose disconnect is inside the window.",
                    row: (Unit::Milliseconds, Source::Quantile(Measure::Duration, Quantile::P99)),
                    shown: {
                        at("durations.p99Ms")
                        family("session_duration_p99_seconds") panel()
                        alert("99 of 100 ended sessions lasted up to #")
                    },
                }
                DurationMaxMs {
                    name: "durationMaxMs",
                    what: "Longest duration of the sessions whose disconnect is inside the window.",
                    row: (Unit::Milliseconds, Source::Greatest(Measure::Duration)),
                    shown: {
                        at("durations.maxMs")
                        family("session_duration_max_seconds")
                        alert("the longest ended session lasted #")
                    },
                }
                MessagesPerSessionP90 {
                    name: "messagesPerSessionP90",
                    what: "90th percentile of the number of messages of the sessions whose disconnect is inside the window.",
                    row: (Unit::Messages, Source::Quantile(Measure::Messages, Quantile::P90)),
                    order: MessagesPerSessionP90 "MESSAGES_PER_SESSION_P90",
                    shown: {
                        at("sessionMessages.p90")
                        family("session_messages_p90")
                        alert("nine of ten ended sessions had up to # messages")
                        column(90, "Messages p90", "messages-p90", "MSGS P90")
                    },
                }
                Responses {
                    name: "responses",
                    what: "Replies inside the window to guests who waited for one.",
                    row: (Unit::Messages, Source::Count(Tally::Responses)),
                    field: responses: Count, "Each ends one wait, however often the guest wrote meanwhile.",
                    shown: {
                        family("responses")
                        alert("# replies")
                    },
                }
                AvgResponseTimeMs {
                    name: "avgResponseTimeMs",
                    what: "Mean time that guests had waited who got a reply inside the window.",
                    row: (Unit::Milliseconds, Source::Mean { sum: Tally::ResponseMs, of: Tally::Responses }),
                    field: avg_response_time_ms: Option<f64>, "From the guest's first unanswered message to the reply, in milliseconds; null when there are none.",
                    order: ResponseTime "RESPONSE_TIME",
                    shown: {
                        family("response_time_mean_seconds") panel()
                        alert("replies took # on average")
                        column(34, "Reply", "response", "RESPONSE")
                        card(54, "response", "Average response, last #")
                    },
                }
                ResponseTimeP50Ms {
                    name: "responseTimeP50Ms",
                    what: "Median of the time that guests had waited who got a reply inside the window.",
                    row: (Unit::Milliseconds, Source::Quantile(Measure::Response, Quantile::P50)),
                    shown: { at("responseTimes.p50Ms") family("response_time_p50_seconds") alert("half of the replies came within #") },
                }
                ResponseTimeP90Ms {
                    name: "responseTimeP90Ms",
                    what: "90th percentile of the time that guests had waited who got a reply inside the window.",
                    row: (Unit::Milliseconds, Source::Quantile(Measure::Response, Quantile::P90)),
                    shown: { at("responseTimes.p90Ms") family("response_time_p90_seconds") panel() alert("nine of ten replies came within #") },
                }
                ResponseTimeP99Ms {
                    name: "responseTimeP99Ms",
                    what: "99th percentile of the time that guests had waited who got a reply inside the window.",
                    row: (Unit::Milliseconds, Source::Quantile(Measure::Response, Quantile::P99)),
                    shown: { at("responseTimes.p99Ms") family("response_time_p99_seconds") alert("99 of 100 replies came within #") },
                }
                ResponseTimeMaxMs {
                    name: "responseTimeMaxMs",
                    what: "Longest time that a guest had waited who got a reply inside the window.",
                    row: (Unit::Milliseconds, Source::Greatest(Measure::Response)),
                    shown: { at("responseTimes.maxMs") family("response_time_max_seconds") alert("the slowest reply took #") },
                }
                FirstResponses {
                    name: "firstResponses",
                    what: "Replies inside the window that were the first of their session.",
                    row: (Unit::Messages, Source::Count(Tally::FirstResponses)),
                    field: first_responses: Count, "Of sessions whose guest waited for one.",
                    shown: {
                        family("first_responses")
                        alert("# first replies")
                    },
                }
                AvgFirstResponseMs {
                    name: "avgFirstResponseMs",
                    what: "Mean time that guests had waited for the first reply of their session, of those that came inside the window.",
                    row: (Unit::Milliseconds, Source::Mean { sum: Tally::FirstResponseMs, of: Tally::FirstResponses }),
                    field: avg_first_response_ms: Option<f64>, "In milliseconds; null when there are none.",
                    order: FirstResponse "FIRST_RESPONSE",
                    shown: {
                        family("first_response_mean_seconds") panel()
                        alert("first replies took # on average")
                        column(32, "First reply", "first-response", "FIRST RSP") on_wall()
                        card(52, "first-response", "Average first response, last #")
                    },
                }
                FirstResponseP50Ms {
                    name: "firstResponseP50Ms",
                    what: "Median of the time that guests had waited for the first reply of their session, of those that came inside the window.",
                    row: (Unit::Milliseconds, Source::Quantile(Measure::FirstResponse, Quantile::P50)),
                    shown: { at("firstResponseTimes.p50Ms") family("first_response_p50_seconds") alert("half of the first replies came within #") },
                }
                FirstResponseP90Ms {
                    name: "firstResponseP90Ms",
                    what: "90th percentile of the time that guests had waited for the first reply of their session, of those that came inside the window.",
                    row: (Unit::Milliseconds, Source::Quantile(Measure::FirstResponse, Quantile::P90)),
                    shown: { at("firstResponseTimes.p90Ms") family("first_response_p90_seconds") alert("nine of ten first replies came within #") },
                }
                FirstResponseP99Ms {
                    name: "firstResponseP99Ms",
                    what: "99th percentile of the time that guests had waited for the first reply of their session, of those that came inside the window.",
                    row: (Unit::Milliseconds, Source::Quantile(Measure::FirstResponse, Quantile::P99)),
                    shown: { at("firstResponseTimes.p99Ms") family("first_response_p99_seconds") alert("99 of 100 first replies came within #") },
                }
                FirstResponseMaxMs {
                    name: "firstResponseMaxMs",
                    what: "Longest time that a guest had waited for the first reply of the session, of those that came inside the window.",
                    row: (Unit::Milliseconds, Source::Greatest(Measure::FirstResponse)),
                    shown: { at("firstResponseTimes.maxMs") family("first_response_max_seconds") alert("the slowest first reply took #") },
                }
                UnansweredAtEnd {
                    name: "unansweredAtEnd",
                    what: "Sessions whose disconnect is inside the window and whose guest waited for a reply then.",
                    row: (Unit::Sessions, Source::Count(Tally::Unanswered)),
                    field: unanswered_at_end: Count, "A guest who says good-bye last waits for a reply too.",
                    order: UnansweredAtEnd "UNANSWERED_AT_END",
                    shown: {
                        family("unanswered_at_end") panel()
                        alert("# sessions ended while the guest waited for a reply")
                        column(94, "Unanswered", "unanswered", "UNANSW")
                    },
                }
                NeverAnswered {
                    name: "neverAnswered",
                    what: "Sessions whose disconnect is inside the window, and whose guest waited for a reply and never got one.",
                    row: (Unit::Sessions, Source::Count(Tally::NeverAnswered)),
                    field: never_answered: Count, "They are in `unansweredAtEnd` too.",
                    order: NeverAnswered "NEVER_ANSWERED",
                    shown: {
                        family("never_answered") panel()
                        alert("# sessions ended without any reply")
                        column(92, "Never answered", "never-answered", "NEVER")
                    },
                }
                // What rates are made of: Prometheus divides by itself.
                Connections {
                    name: "connections",
                    what: "Connections inside the window.",
                    row: (Unit::Events, Source::Count(Tally::Connections)),
                    shown: { family("connections") panel() },
                }
                Disconnections {
                    name: "disconnections",
                    what: "Disconnects inside the window that closed a session.",
                    row: (Unit::Events, Source::Count(Tally::Disconnections)),
                    shown: { family("disconnections") panel() },
                }
                Messages {
                    name: "messages",
                    what: "Messages inside the window.",
                    row: (Unit::Messages, Source::Count(Tally::Messages)),
                    shown: { family("messages") panel() },
                }
                ClosedSessions {
                    name: "closedSessions",
                    what: "Sessions that connected inside the window and have disconnected.",
                    row: (Unit::Sessions, Source::Count(Tally::ClosedSessions)),
                    shown: { family_of_whole("closed_sessions") },
                }
            }
            // Numbers of the present, of the whole only; in GraphQL they stand with the stream and the engine.
            engine {
                LagMs {
                    name: "lagMs",
                    what: "Arrival minus event time of the latest event.",
                    row: (Unit::Milliseconds, Source::Now(Gauge::LagMs)),
                    shown: { alert("events arrive # late") },
                }
                RingFill {
                    name: "ringFill",
                    what: "Events waiting in the ring, as a share of its room.",
                    row: (Unit::Share, Source::Now(Gauge::RingFill)),
                    shown: { alert("the ring is # full") },
                }
            }
        }
    };
}

pub(crate) use metrics;
