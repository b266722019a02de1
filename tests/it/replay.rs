//! Replays of small files written by hand, with the lines they must print.

mod against_model;
mod clock;
mod command;
mod every;

use std::io;
use std::io::Read;
use std::sync::mpsc;
use std::time::Duration;

use streamgauge::replay;
use streamgauge::replay::Format;
use streamgauge::replay::Malformed;
use streamgauge::replay::ReplayError;
use streamgauge::replay::ReplaySettings;
use streamgauge::replay::Speed;
use streamgauge::replay::Summary;
use streamgauge::time::Clock;
use streamgauge::window::Width;

const HOUR_MS: u64 = 3_600_000;

/// A window of 2 s on buckets of 100 ms, a step a second, jumps of an hour.
fn settings(lateness_ms: u64) -> ReplaySettings {
    ReplaySettings::new(Width::DEFAULT, 2_000, 1_000, lateness_ms, HOUR_MS).unwrap()
}

/// What one replay came to.
struct Outcome {
    output: String,
    malformed: Vec<Malformed>,
    result: Result<Summary, ReplayError>,
}

fn run(input: impl Read, settings: &ReplaySettings) -> Outcome {
    let (mut output, mut malformed) = (Vec::new(), Vec::new());
    let clock = Clock::system();
    let result = replay::run(input, settings, &mut output, &clock, |line| {
        malformed.push(line);
    });
    Outcome {
        output: String::from_utf8(output).unwrap(),
        malformed,
        result,
    }
}

/// One event a line: kind, session and time, such as `c 1 500`.
fn events(script: &str) -> String {
    let line = |event: &str| {
        let mut words = event.split_whitespace();
        let kind = match words.next().unwrap() {
            "c" => "connected",
            "d" => "disconnected",
            "m" => "message",
            other => panic!("{other}"),
        };
        let (session, time) = (words.next().unwrap(), words.next().unwrap());
        format!(
            "{{\"eventType\":\"webchat:{kind}\",\"timestamp\":{time},\"data\":{{\"id\":\"s{session}\"}}}}\n"
        )
    };
    script
        .split(',')
        .map(str::trim)
        .filter(|event| !event.is_empty())
        .map(line)
        .collect()
}

/// Of every step: the time, and the values of some keys.
fn steps(output: &str, keys: &[&str]) -> Vec<Vec<f64>> {
    let row = |line: &str| {
        let object: serde_json::Value = serde_json::from_str(line).unwrap();
        let value = |key: &&str| object[*key].as_f64().unwrap();
        ["at"].iter().chain(keys).map(value).collect()
    };
    output.lines().map(row).collect()
}

#[test]
fn prints_every_key_in_its_order() {
    let rest = events("m 1 900, d 1 1250, c 2 1300, d 3 1400, m 2 2999");
    let input = [&events("c 1 500"), "{}\n", &rest].concat();
    let outcome = run(input.as_bytes(), &settings(0));
    let expected = "\
{\"at\":1000,\"activeSessions\":1,\"totalConnections\":1,\"avgSessionDurationMs\":0.0,\
\"messagesPerMinute\":30.0,\"openSessions\":1,\"received\":3,\"ignored\":0,\"rejected\":1,\
\"duplicates\":0,\"late\":0,\"future\":0,\"orphans\":0,\"outOfOrder\":0}
{\"at\":2000,\"activeSessions\":1,\"totalConnections\":2,\"avgSessionDurationMs\":750.0,\
\"messagesPerMinute\":30.0,\"openSessions\":1,\"received\":6,\"ignored\":0,\"rejected\":1,\
\"duplicates\":0,\"late\":0,\"future\":0,\"orphans\":1,\"outOfOrder\":0}
{\"at\":3000,\"activeSessions\":1,\"totalConnections\":2,\"avgSessionDurationMs\":0.0,\
\"messagesPerMinute\":30.0,\"openSessions\":1,\"received\":7,\"ignored\":0,\"rejected\":1,\
\"duplicates\":0,\"late\":0,\"future\":0,\"orphans\":1,\"outOfOrder\":0}
";
    assert_eq!(outcome.output, expected);
    let summary = outcome.result.unwrap();
    assert_eq!((summary.steps, summary.counters.received), (3, 7));
    assert_eq!(summary.counters.accounting_gap(), 0);
}

#[test]
fn steps_are_whole_multiples_around_the_events() {
    let check = |script: &str, expected: &[i64]| {
        let outcome = run(events(script).as_bytes(), &settings(0));
        let at = |line: &str| {
            let object: serde_json::Value = serde_json::from_str(line).unwrap();
            object["at"].as_i64().unwrap()
        };
        let printed: Vec<i64> = outcome.output.lines().map(at).collect();
        assert_eq!(printed, expected, "{script}");
    };
    check("", &[]);
    check("c 1 0", &[1_000]);
    check("c 1 999", &[1_000]);
    check("c 1 1000", &[2_000]);
    check("c 1 999, c 2 1000", &[1_000, 2_000]);
    check("c 1 1500, c 2 4500", &[2_000, 3_000, 4_000, 5_000]);
    // Older than the first: no step goes back.
    check("c 1 1500, c 2 400", &[2_000]);
}

#[test]
fn a_step_holds_what_happened_before_it() {
    // The window of step 3000 is [1000, 3000).
    let script = "m 1 999, m 1 1000, m 1 2999, m 1 3000";
    let outcome = run(events(script).as_bytes(), &settings(0));
    assert_eq!(
        steps(&outcome.output, &["messagesPerMinute", "received"]),
        [
            [1_000.0, 30.0, 1.0],
            [2_000.0, 60.0, 2.0],
            [3_000.0, 60.0, 3.0],
            [4_000.0, 60.0, 4.0],
        ]
    );
}

#[test]
fn without_a_lateness_lines_are_applied_as_they_come() {
    let script = "d 1 800, c 2 1100, c 1 700, m 2 2100";
    let outcome = run(events(script).as_bytes(), &settings(0));
    // The waiting disconnect is forgotten with its bucket, so its connect opens a session.
    let keys = [
        "totalConnections",
        "openSessions",
        "orphans",
        "outOfOrder",
        "late",
    ];
    assert_eq!(
        steps(&outcome.output, &keys),
        [
            [1_000.0, 0.0, 0.0, 1.0, 0.0, 0.0],
            [2_000.0, 2.0, 2.0, 1.0, 1.0, 0.0],
            [3_000.0, 2.0, 2.0, 1.0, 1.0, 0.0],
        ]
    );
}

#[test]
fn a_lateness_puts_events_in_order_before_they_are_applied() {
    let script = "d 1 800, c 2 1100, c 1 700, m 2 2100";
    let outcome = run(events(script).as_bytes(), &settings(400));
    let keys = [
        "totalConnections",
        "openSessions",
        "orphans",
        "outOfOrder",
        "received",
    ];
    assert_eq!(
        steps(&outcome.output, &keys),
        [
            [1_000.0, 1.0, 0.0, 0.0, 0.0, 2.0],
            [2_000.0, 2.0, 1.0, 0.0, 0.0, 3.0],
            [3_000.0, 2.0, 1.0, 0.0, 0.0, 4.0],
        ]
    );
}

#[test]
fn a_step_waits_for_the_lateness_and_not_longer() {
    let check = |newest: i64, in_first_step: f64| {
        // The last event belongs before 1000: it is in that step unless the step is printed.
        let script = format!("m 1 500, m 1 {newest}, m 1 999");
        let outcome = run(events(&script).as_bytes(), &settings(400));
        let printed = steps(&outcome.output, &["received"]);
        assert_eq!(printed[0], [1_000.0, in_first_step], "{newest}");
    };
    check(1_399, 2.0);
    check(1_400, 1.0);
}

#[test]
fn events_of_one_millisecond_keep_the_order_of_the_file() {
    // In the other order the connect would restart the open session, and nothing would be open.
    let outcome = run(
        events("c 1 100, d 1 500, c 1 500, m 1 1900").as_bytes(),
        &settings(1_000),
    );
    let keys = ["totalConnections", "openSessions", "avgSessionDurationMs"];
    assert_eq!(steps(&outcome.output, &keys)[0], [1_000.0, 2.0, 1.0, 400.0]);
}

#[test]
fn what_is_older_than_window_and_lateness_is_late() {
    let keys = ["late", "outOfOrder", "messagesPerMinute"];
    let check = |time: i64, lateness_ms: u64, expected: [f64; 3]| {
        let script = format!("m 1 9950, m 1 {time}");
        let outcome = run(events(&script).as_bytes(), &settings(lateness_ms));
        assert_eq!(steps(&outcome.output, &keys)[0][1..], expected, "{time}");
    };
    check(8_000, 0, [0.0, 1.0, 60.0]);
    check(7_999, 0, [1.0, 0.0, 30.0]);
    check(7_600, 400, [0.0, 0.0, 30.0]);
    check(7_599, 400, [1.0, 0.0, 30.0]);
}

#[test]
fn a_jump_too_far_ahead_is_refused_and_prints_no_steps() {
    let far = 500 + i64::try_from(HOUR_MS).unwrap() + 1;
    for lateness_ms in [0, 400] {
        let script = format!("c 1 500, c 2 {far}, c 3 600");
        let outcome = run(events(&script).as_bytes(), &settings(lateness_ms));
        assert_eq!(
            steps(&outcome.output, &["totalConnections", "future", "received"]),
            [[1_000.0, 2.0, 1.0, 3.0]],
            "{lateness_ms}"
        );
    }
    // A jump as far as allowed is followed, in steps.
    let script = format!("c 1 500, c 2 {}", far - 1);
    let summary = run(events(&script).as_bytes(), &settings(0))
        .result
        .unwrap();
    assert_eq!((summary.steps, summary.counters.future), (3_601, 0));
}

#[test]
fn malformed_lines_are_counted_and_the_first_few_reported() {
    let good = events("c 1 500");
    let bad = "not json\n\n[]\n{}\n";
    let input = [good.as_str(), bad, bad, &good.replace("webchat:", "voice:")].concat();
    let outcome = run(input.as_bytes(), &settings(0));
    let reported: Vec<String> = outcome.malformed.iter().map(ToString::to_string).collect();
    assert_eq!(
        reported,
        [
            "line 2: not_json",
            "line 4: shape",
            "line 5: field",
            "line 6: not_json",
            "line 8: shape"
        ]
    );
    let keys = ["received", "ignored", "rejected"];
    assert_eq!(steps(&outcome.output, &keys), [[1_000.0, 8.0, 1.0, 6.0]]);
}

#[test]
fn copies_are_taken_for_new_ones_when_asked() {
    let line =
        r#"{"eventType":"webchat:message","timestamp":500,"data":{"id":"s","messageId":"m"}}"#;
    let twice = format!("{line}\n{line}\n");
    let mut settings = settings(0);
    let counters = |settings: &ReplaySettings| {
        let counters = run(twice.as_bytes(), settings).result.unwrap().counters;
        (counters.applied, counters.duplicates)
    };
    assert_eq!(counters(&settings), (1, 1));
    settings.dedup = false;
    assert_eq!(counters(&settings), (2, 0));
}

#[test]
fn strict_stops_at_the_first_malformed_line() {
    let mut settings = settings(0);
    settings.strict = true;
    let input = [&events("c 1 500, c 2 1500"), "oops\n", &events("c 3 2500")].concat();
    let outcome = run(input.as_bytes(), &settings);
    let error = outcome.result.unwrap_err().to_string();
    assert!(error.starts_with("line 3: not_json; "), "{error}");
    assert_eq!(outcome.output.lines().count(), 1);
    assert!(outcome.malformed.is_empty());
}

#[test]
fn nothing_valid_prints_nothing() {
    for input in ["", "\n\r\n\n", "x\n"] {
        let outcome = run(input.as_bytes(), &settings(0));
        assert_eq!(outcome.output, "", "{input:?}");
        let received = outcome.result.unwrap().counters.received;
        assert_eq!(received, u64::from(input == "x\n"));
    }
}

#[test]
fn line_ends_and_cut_reads_change_nothing() {
    /// One byte a read.
    struct Drip<'a>(&'a [u8]);
    impl Read for Drip<'_> {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            self.0.read(&mut room[..1])
        }
    }
    let unix = events("c 1 500, m 1 900, d 1 1250, c 2 1300");
    let expected = run(unix.as_bytes(), &settings(0)).output;
    assert_eq!(expected.lines().count(), 2);
    for input in [
        unix.trim_end().to_owned(),
        unix.replace('\n', "\r\n"),
        unix.replace('\n', "\n\n"),
    ] {
        assert_eq!(run(input.as_bytes(), &settings(0)).output, expected);
        assert_eq!(run(Drip(input.as_bytes()), &settings(0)).output, expected);
    }
}

#[test]
fn a_table_has_one_header_over_aligned_columns() {
    let mut settings = settings(0);
    settings.format = Format::Table;
    let outcome = run(events("c 1 500, d 1 1250").as_bytes(), &settings);
    let lines: Vec<&str> = outcome.output.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].starts_with("at ") && lines[1].starts_with("1970-01-01T00:00:01.000Z "));
    assert!(
        lines.iter().all(|line| line.len() == lines[0].len()),
        "{lines:#?}"
    );
    assert!(lines[2].contains(" 750.0 "));
}

#[test]
fn a_chosen_speed_changes_only_the_time_it_takes() {
    let mut settings = settings(0);
    let script = "c 1 500, m 1 900, d 1 3250";
    let expected = run(events(script).as_bytes(), &settings);
    settings.speed = Speed::new(100.0);
    let paced = run(events(script).as_bytes(), &settings);
    assert_eq!(paced.output, expected.output);
    // 3.5 s of event time until the last step.
    assert!(paced.result.unwrap().elapsed_ns >= 35_000_000);
}

#[test]
fn faults_of_input_and_output_are_told_apart() {
    /// Some lines, then a fault.
    struct Torn<'a>(&'a [u8]);
    impl Read for Torn<'_> {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            match self.0.read(room)? {
                0 => Err(io::Error::other("the disk is gone")),
                count => Ok(count),
            }
        }
    }
    let script = events("c 1 500, c 2 1500");
    let torn = run(Torn(script.as_bytes()), &settings(0));
    let error = torn.result.unwrap_err();
    assert_eq!(error.to_string(), "after line 2: the disk is gone");
    assert_eq!(
        torn.output.lines().count(),
        1,
        "what was complete is printed"
    );

    struct Closed;
    impl io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let clock = Clock::system();
    let closed = replay::run(script.as_bytes(), &settings(0), Closed, &clock, |_| {});
    match closed {
        Err(ReplayError::Write(error)) => assert_eq!(error.kind(), io::ErrorKind::BrokenPipe),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_printed_is_visible_while_a_read_waits() {
    struct Shared(mpsc::Sender<Vec<u8>>);
    impl io::Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // An error means that the last read is done: nobody looks at what comes after.
            let _ = self.0.send(bytes.to_vec());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    /// A pipe that gets one line a read, each only when so many steps are visible in all.
    struct Pipe {
        lines: Vec<(usize, String)>,
        output: mpsc::Receiver<Vec<u8>>,
        steps: usize,
    }
    impl Read for Pipe {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            if self.lines.is_empty() {
                return Ok(0);
            }
            let (steps, line) = self.lines.remove(0);
            while self.steps < steps {
                // Far longer than it takes: steps that stay hidden show as a failure, not a hang.
                let printed = self.output.recv_timeout(Duration::from_secs(120)).unwrap();
                self.steps += printed.iter().filter(|byte| **byte == b'\n').count();
            }
            line.as_bytes().read(room)
        }
    }
    let (shared, output) = mpsc::channel();
    let script = [(0, "c 1 500"), (0, "c 2 1500"), (1, "c 3 3500"), (3, "")];
    let pipe = Pipe {
        lines: script.map(|(steps, line)| (steps, events(line))).to_vec(),
        output,
        steps: 0,
    };
    let clock = Clock::system();
    replay::run(pipe, &settings(0), Shared(shared), &clock, |_| {}).unwrap();
}
