//! How commands end: by themselves, by one signal in good order, by two at once.

use std::time::Duration;
use std::time::Instant;

use streamgauge::simulate::SimulatorSettings;

use super::process::Process;
use super::serve::StandIn;

/// The promise of the commands.
const END_MAX: Duration = Duration::from_secs(10);

/// Ends a running command with one signal.
fn end(process: Process, signal: &str) {
    #[expect(clippy::disallowed_methods, reason = "the promise is about real time")]
    let begun = Instant::now();
    process.signal(&[signal]);
    let ended = process.wait();
    assert_eq!(ended.code, Some(0), "{signal}: {}", ended.stderr);
    assert!(begun.elapsed() < END_MAX, "{signal}: {:?}", begun.elapsed());
    assert!(ended.stderr.contains("stopping"), "{}", ended.stderr);
}

#[test]
fn a_demo_ends_with_0_on_a_signal() {
    for signal in ["TERM", "INT"] {
        let mut demo = Process::start(&["demo", "--listen", "127.0.0.1:0"], &[]);
        demo.until_stdout("live");
        end(demo, signal);
    }
}

/// What answers while it runs must not wait for two megabytes to be cleared.
#[cfg(target_os = "linux")]
#[test]
fn a_running_command_takes_no_huge_pages() {
    let mut demo = Process::start(&["demo", "--listen", "127.0.0.1:0"], &[]);
    demo.until_stdout("live");
    let status = std::fs::read_to_string(format!("/proc/{}/status", demo.id())).unwrap();
    assert!(status.contains("THP_enabled:\t0"), "{status}");
    end(demo, "TERM");
}

#[test]
fn a_stand_in_ends_with_0_on_a_signal() {
    for signal in ["TERM", "INT"] {
        let mut simulate = Process::start(&["simulate", "--listen", "127.0.0.1:0"], &[]);
        simulate.until_stderr("try ");
        end(simulate, signal);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_serving_engine_ends_with_0_on_a_signal() {
    for signal in ["TERM", "INT"] {
        let stand_in = StandIn::start(&[]).await;
        let mut serve = stand_in.serve(SimulatorSettings::CLIENT);
        serve.until_stderr("stream is live");
        end(serve, signal);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_does_not_answer_the_close_delays_the_end_a_little() {
    let stand_in = StandIn::start(&["half-open@1ev"]).await;
    let mut serve = stand_in.serve(SimulatorSettings::CLIENT);
    serve.until_stderr("stream is live");
    end(serve, "TERM");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_at_once() {
    // The peer never answers the close, so the first signal alone takes seconds.
    let stand_in = StandIn::start(&["half-open@1ev"]).await;
    let mut serve = stand_in.serve(SimulatorSettings::CLIENT);
    serve.until_stderr("stream is live");
    // Both wait for the process while it is stopped: no pause between them decides.
    serve.signal(&["STOP", "INT", "TERM", "CONT"]);
    let ended = serve.wait();
    // Which of the two is taken for the first one is up to the system.
    assert!(
        matches!(ended.code, Some(130 | 143)),
        "{:?} {}",
        ended.code,
        ended.stderr
    );
}
