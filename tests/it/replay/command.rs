//! The command itself, as a process: streams and exit codes.

use std::io::Write;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

use super::events;

const PROGRAM: &str = env!("CARGO_BIN_EXE_streamgauge");

/// Runs `streamgauge replay` with `input` as its standard input.
fn replay(flags: &[&str], input: &str) -> Output {
    let mut child = Command::new(PROGRAM)
        .env_clear()
        .arg("replay")
        .args(flags)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command that refuses its flags does not read.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn steps_go_to_standard_output_and_the_rest_to_standard_error() {
    let input = [&events("c 1 500, d 1 1250"), "oops\n"].concat();
    let output = replay(&["-", "--every", "1s"], &input);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stdout).lines().count(), 2);
    let notes = text(&output.stderr);
    let lines: Vec<&str> = notes.lines().collect();
    assert_eq!(lines[0], "standard input: line 3: not_json");
    assert!(
        lines[1].starts_with("standard input: 3 lines in "),
        "{notes}"
    );
    assert_eq!(lines.len(), 2, "{notes}");
}

#[test]
fn lines_too_far_from_the_others_are_named() {
    let wrong = events("c 9 253402300799999");
    let good: String = (1..10)
        .map(|second| events(&format!("c {second} {second}500")))
        .collect();
    let output = replay(&["-"], &[wrong.as_str(), &good].concat());
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stdout).lines().count(), 9);
    let notes = text(&output.stderr);
    let lines: Vec<&str> = notes.lines().collect();
    assert_eq!(
        lines[0],
        "standard input: line 1: future: its time 9999-12-31T23:59:59.999Z is more than --max-jump \
         ahead of the other lines, which are at 1970-01-01T00:00:01.500Z"
    );
    let between: String = good
        .lines()
        .map(|line| format!("{line}\n{wrong}"))
        .collect();
    let many = replay(&["-"], &between);
    let notes = text(&many.stderr);
    assert!(
        notes.contains("standard input: 4 more lines too far from the others\n"),
        "{notes}"
    );
}

#[test]
fn a_file_gives_what_its_bytes_on_standard_input_give() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.ndjson");
    let input = events("c 1 500, d 1 1250");
    std::fs::write(&path, &input).unwrap();
    let from_file = replay(&[path.to_str().unwrap()], "");
    assert_eq!(from_file.status.code(), Some(0));
    assert_eq!(from_file.stdout, replay(&["-"], &input).stdout);
    assert!(!from_file.stdout.is_empty());
}

#[test]
fn exit_codes_tell_usage_from_failure() {
    let check = |flags: &[&str], code: i32, part: &str| {
        let output = replay(flags, "oops\n");
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{flags:?}: {error}");
        assert!(error.contains(part), "{flags:?}: {error}");
        assert_eq!(text(&output.stdout), "");
    };
    check(&["-", "--every", "150ms"], 2, "--every");
    check(&["-", "--speed", "0"], 2, "--speed");
    check(&[], 2, "FILE");
    check(&["no-such-file.ndjson"], 1, "no-such-file.ndjson");
    check(&["."], 1, "is a directory");
    check(&["-", "--strict"], 1, "line 1: not_json");
}

#[test]
fn a_reader_that_leaves_ends_it_quietly() {
    let mut child = Command::new(PROGRAM)
        .env_clear()
        .args(["replay", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    let _ = stdin.write_all(events("c 1 500, d 1 2250").as_bytes());
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stderr), "");
}
