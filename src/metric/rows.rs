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
                        column(20, "Messages / min", "messages", "MSG/MIN") on_wall()
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
                        column(30, "Median, ended", "duration", "MEDIAN") in_top("median") on_wall()
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
