//! Prometheus's own checker, from the Debian package `prometheus`.

use std::io::Write;
use std::process::Command;
use std::process::Stdio;

/// Runs `promtool` on a text; anything that it says beyond success fails the test.
pub(super) fn run(args: &[&str], input: &str) {
    let spawned = Command::new("promtool")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = spawned.unwrap_or_else(|error| {
        panic!("promtool: cannot be run ({error}); install the package prometheus (apt-get install prometheus)")
    });
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "promtool {args:?}: {said}");
    let is_news = |line: &str| {
        !(line.starts_with("Checking ")
            || line.starts_with("Unit Testing: ")
            || line.contains("SUCCESS")
            || line.trim().is_empty())
    };
    let news: Vec<&str> = said.lines().filter(|line| is_news(line)).collect();
    assert!(news.is_empty(), "promtool {args:?}: {news:#?}");
}
