//! `simulate --out` and `replay`: the same seed gives the same bytes, and the same file the same
//! steps, however they are passed on.

use std::fs;
use std::fs::File;
use std::process::Command;
use std::process::Stdio;

const PROGRAM: &str = env!("CARGO_BIN_EXE_streamgauge");

fn simulated(out: &str) -> Vec<u8> {
    let output = Command::new(PROGRAM)
        .env_clear()
        .args(["simulate", "--events", "1000", "--seed", "7", "--out", out])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

/// `streamgauge simulate ... | streamgauge replay -`.
fn simulated_and_replayed() -> Vec<u8> {
    let mut simulate = Command::new(PROGRAM)
        .env_clear()
        .args(["simulate", "--events", "1000", "--seed", "7", "--out", "-"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let replay = Command::new(PROGRAM)
        .env_clear()
        .args(["replay", "-", "--every", "1s"])
        .stdin(simulate.stdout.take().unwrap())
        .output()
        .unwrap();
    assert!(simulate.wait().unwrap().success());
    assert!(replay.status.success(), "{replay:?}");
    replay.stdout
}

#[test]
fn a_seed_gives_the_same_events_in_a_pipe_and_in_a_file() {
    let events = simulated("-");
    assert_eq!(events.iter().filter(|byte| **byte == b'\n').count(), 1_000);
    assert_eq!(simulated("-"), events);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.ndjson");
    assert_eq!(simulated(path.to_str().unwrap()), b"");
    assert_eq!(fs::read(&path).unwrap(), events);
}

#[test]
fn simulated_events_replay_to_the_same_steps() {
    let steps = simulated_and_replayed();
    assert_eq!(simulated_and_replayed(), steps);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.ndjson");
    fs::write(&path, simulated("-")).unwrap();
    let from_file = Command::new(PROGRAM)
        .env_clear()
        .args(["replay", "-", "--every", "1s"])
        .stdin(File::open(&path).unwrap())
        .output()
        .unwrap();
    assert_eq!(from_file.stdout, steps);
    let text = String::from_utf8(steps).unwrap();
    let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(last["received"], 1_000);
    assert_eq!(last["rejected"], 0);
}
