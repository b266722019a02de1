//! The commands of the documentation that no test runs, each with its reason, and what they are held
//! to instead. A command that is neither run nor listed here fails.

use std::fs;
use std::path::Path;

use super::page::root;

/// How a command begins, and why it is not run.
const UNRUN: [(&str, &str); 16] = [
    ("tests/run", "it runs this test"),
    (
        "cargo install --path . --locked",
        "commands::first_hour installs it",
    ),
    (
        "cargo bench",
        "takes minutes; .ci/run builds every bench and runs it once",
    ),
    ("perf/run", "measures for minutes and needs a quiet machine"),
    ("perf/gate.sh", "needs valgrind and takes minutes"),
    ("perf/flamegraph.sh", "needs perf and the profile's build"),
    ("cargo build --release", "takes minutes"),
    ("systemctl ", "needs systemd as process 1"),
    (
        "systemd-analyze ",
        "commands::systemd runs it on the same unit",
    ),
    ("install -", "writes into the system"),
    (
        "cd dashboard && npm",
        "the browser tests build and run the page",
    ),
    ("npm ", "the browser tests build and run the page"),
    ("cargo +nightly fuzz", "needs the nightly toolchain"),
    ("cargo install cargo-fuzz", "a tool for the above"),
    ("journalctl ", "needs a journal"),
    ("ulimit ", "changes the limits of the shell"),
];

/// Why a command is not run; `None` for one that is.
pub(super) fn reason(command: &str) -> Option<&'static str> {
    let found = UNRUN.iter().find(|(start, _)| command.starts_with(start));
    found.map(|(_, reason)| *reason)
}

/// Holds a command that is not run to what is there: its script, the flags that the script knows, and
/// the files of the tree that it names.
pub(super) fn check(command: &str) {
    let command = command.split(" #").next().unwrap();
    let words: Vec<&str> = command.split_whitespace().collect();
    if words[0].contains('/') {
        let script = root().join(words[0]);
        let text = fs::read_to_string(&script).unwrap_or_else(|error| panic!("{command}: {error}"));
        let flags = words[1..].iter().take_while(|word| word.starts_with("--"));
        for flag in flags {
            assert!(
                text.contains(*flag),
                "{command}: {} knows no {flag}",
                words[0]
            );
        }
    }
    if words[0] == "install" && words.contains(&"streamgauge.service") {
        assert!(root().join("deploy/streamgauge.service").exists());
    }
    for path in words
        .iter()
        .filter(|word| word.starts_with("perf/") || word.starts_with("deploy/"))
    {
        assert!(
            Path::new(root()).join(path).exists(),
            "{command}: no {path}"
        );
    }
}
