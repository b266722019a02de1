//! What a running command writes and answers.

use std::net::SocketAddr;
use std::net::TcpListener;
use std::time::Duration;

use hyper::Version;
use serde_json::Value;
use serde_json::json;
use streamgauge::simulate::SimulatorSettings;
use tokio::time::sleep;
use tokio::time::timeout;

use super::process::Process;
use super::serve::StandIn;
use crate::cli::CANARY;
use crate::cli::CREDENTIALS;
use crate::engine::rig::ask;
use crate::http::Client;

/// Longer than anything here takes; only a hang meets it.
const HANG: Duration = Duration::from_secs(60);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// The status and the body of a GET.
async fn get(address: &str, path: &str) -> (u16, Value) {
    let address: SocketAddr = address.parse().unwrap();
    let mut client = Client::connect(address, Version::HTTP_11).await;
    let answer = client.get(address, path).await;
    let body = serde_json::from_slice(answer.body()).unwrap_or(Value::Null);
    (answer.status().as_u16(), body)
}

/// The number behind `name` in a line of a demo.
fn number(line: &str, name: &str) -> f64 {
    let (_, rest) = line.split_once(&format!("{name} ")).unwrap();
    rest.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn a_demo_shows_moving_numbers() {
    let mut demo = Process::start(&["demo", "--listen", "127.0.0.1:0"], &[]);
    let first = number(&demo.until_stdout("live"), "total");
    // A line a second; a guest connects every few milliseconds.
    let moves = (0..60).any(|_| number(&demo.until_stdout("live"), "total") > first);
    assert!(moves, "stayed at {first}");
    demo.signal(&["TERM"]);
    assert_eq!(demo.wait().code, Some(0));
}

#[test]
fn a_demo_ends_by_itself_and_keeps_its_streams_apart() {
    let args = ["demo", "--listen", "127.0.0.1:0", "--for", "2s"];
    let mut demo = Process::start(&args, &[]);
    let address: SocketAddr = demo.address().parse().unwrap();
    assert_ne!(address.port(), 0);
    let ended = demo.wait();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(!ended.stdout.is_empty());
    for line in ended.stdout.lines() {
        for name in ["active", "total", "average", "messages/min"] {
            assert!(number(line, name) >= 0.0, "{line}");
        }
    }
    assert!(!ended.stderr.contains("messages/min"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_engine_accounts_for_every_event() {
    // After a thousand events the stream is silent, and answers compare.
    let stand_in = StandIn::start(&["malformed=5%", "duplicate=5%", "pause=1h@1000ev"]).await;
    let mut serve = stand_in.serve(SimulatorSettings::CLIENT);
    let address = serve.address();
    let query = "{ counters { received ignored rejected { total } shed late future duplicates
                   applied accountingGap } }";
    let counted = async {
        loop {
            let counters = ask(address.parse().unwrap(), query).await["data"]["counters"].clone();
            assert_eq!(counters["accountingGap"].as_f64(), Some(0.0));
            if counters["applied"] == 1_000 {
                return counters;
            }
            sleep(PAUSE).await;
        }
    };
    let counters = timeout(HANG, counted).await.unwrap();
    let stats = stand_in.observer.stats();
    let expected = json!({
        "received": stats.sent + stats.copies + stats.malformed, "ignored": 0,
        "rejected": { "total": stats.malformed }, "shed": 0, "late": 0, "future": 0,
        "duplicates": stats.copies, "applied": stats.sent,
        "accountingGap": counters["accountingGap"],
    });
    assert_eq!(counters, expected);
    assert_eq!(get(&address, "/healthz").await.0, 200);
    assert_eq!(get(&address, "/readyz").await.0, 200);
    serve.signal(&["TERM"]);
    let ended = serve.wait();
    assert_eq!(
        (ended.code, ended.stdout.as_str()),
        (Some(0), ""),
        "{}",
        ended.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_keep_the_engine_running_and_say_what_to_check() {
    let stand_in = StandIn::start(&[]).await;
    let mut serve = stand_in.serve(CANARY);
    let address = serve.address();
    serve.until_stderr("client refused");
    let refused = async {
        loop {
            let (status, body) = get(&address, "/readyz").await;
            assert_eq!(status, 503);
            let reason = body["reasons"][0].as_str().unwrap();
            if reason.contains("refused") {
                return reason.to_owned();
            }
            sleep(PAUSE).await;
        }
    };
    let reason = timeout(HANG, refused).await.unwrap();
    assert!(reason.contains("GENESYS_CLIENT_SECRET"), "{reason}");
    assert_eq!(get(&address, "/healthz").await.0, 200);
    serve.signal(&["TERM"]);
    let ended = serve.wait();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    for text in [&reason, &ended.stderr, &ended.stdout] {
        for form in [CANARY, "c4n4ry", "YzRuNHJ5"] {
            assert!(!text.contains(form), "{text}");
        }
    }
}

#[test]
fn a_taken_port_is_one_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let check = |args: &[&str], variables: &[(&str, &str)]| {
        let ended = Process::start(args, variables).wait();
        assert!(matches!(ended.code, Some(1 | 2)), "{args:?} {ended:?}");
        assert_eq!(ended.stdout, "", "{args:?}");
        let last = ended.stderr.lines().last().unwrap();
        assert!(
            last.starts_with("error: ") && last.contains(&address),
            "{args:?} {ended:?}"
        );
        let errors = ended
            .stderr
            .lines()
            .filter(|line| line.starts_with("error"));
        assert_eq!(errors.count(), 1, "{args:?} {ended:?}");
    };
    check(&["serve", "--listen", &address], &CREDENTIALS);
    check(&["simulate", "--listen", &address], &[]);
    check(&["demo", "--listen", &address], &[]);
}

#[test]
fn nothing_listens_beyond_this_machine_unasked() {
    for args in [
        &["serve", "--listen", "0.0.0.0:0"][..],
        &["simulate", "--listen", "0.0.0.0:0"],
    ] {
        let ended = Process::start(args, &CREDENTIALS).wait();
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(2), ""),
            "{ended:?}"
        );
        assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    }
}

#[test]
fn check_shows_what_serve_runs_with() {
    let settings = [
        "--window",
        "30s",
        "--bucket",
        "200ms",
        "--listen",
        "127.0.0.1:0",
    ];
    let args = [&["check"], &settings[..]].concat();
    let ended = Process::start(&args, &CREDENTIALS).wait();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let shows = |name: &str, value: &str| {
        let mut lines = ended
            .stdout
            .lines()
            .map(|line| line.split_whitespace().collect());
        lines.any(|words: Vec<&str>| words.starts_with(&[name, value]))
    };
    assert!(shows("window", "30s"), "{}", ended.stdout);
    assert!(shows("bucket", "200ms"), "{}", ended.stdout);
    assert!(shows("client-id", CREDENTIALS[0].1), "{}", ended.stdout);
    assert!(!ended.stdout.contains(CANARY));
    assert!(
        ended
            .stdout
            .contains("would serve GraphQL at http://127.0.0.1:0/graphql")
    );
}
