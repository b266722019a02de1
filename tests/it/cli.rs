//! The command line as a user meets it: the real binary, its environment cleared.

use std::io;
use std::net::TcpListener;
use std::process::Stdio;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use streamgauge::config::SETTINGS;

/// Credentials, so that nothing is missing.
pub(crate) const CREDENTIALS: [(&str, &str); 2] = [
    ("GENESYS_CLIENT_ID", "id-1"),
    ("GENESYS_CLIENT_SECRET", CANARY),
];

/// A secret that must never come out; its characters look different when they are URL-encoded.
pub(crate) const CANARY: &str = "c4n4ry+s3cret/value==";

/// Runs the binary with nothing in its environment but `variables`.
pub(crate) fn run(args: &[&str], variables: &[(&str, &str)]) -> Run {
    let assert = Command::new(env!("CARGO_BIN_EXE_streamgauge"))
        .env_clear()
        .envs(variables.iter().copied())
        .args(args)
        .assert();
    Run::of(&assert)
}

/// How a run ended and what it wrote.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    fn of(assert: &Assert) -> Self {
        let output = assert.get_output();
        let run = Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        for form in [
            CANARY.to_owned(),
            STANDARD.encode(CANARY),
            url_encoded(CANARY),
        ] {
            assert!(!run.stdout.contains(&form), "{}", run.stdout);
            assert!(!run.stderr.contains(&form), "{}", run.stderr);
        }
        assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
        run
    }

    /// The faults of the settings, one a line; nothing else may stand on standard error.
    pub(crate) fn faults(&self) -> Vec<&str> {
        let lines: Vec<&str> = self.stderr.lines().collect();
        for line in &lines {
            assert!(line.starts_with("error: config: "), "{}", self.stderr);
        }
        lines
    }
}

fn url_encoded(text: &str) -> String {
    let escape = |byte: u8| match byte {
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

#[test]
fn help_and_version_go_to_standard_output() {
    for args in [&["--help"][..], &["--version"], &["help", "serve"]] {
        let run = run(args, &[]);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{args:?}");
        assert!(run.stdout.len() > 10, "{args:?}");
    }
    assert!(
        run(&["--version"], &[])
            .stdout
            .contains(env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn a_bad_value_is_told_in_one_line() {
    let long = "9".repeat(100_000);
    for (args, expected) in [
        (
            &["demo", "--rate", "0"][..],
            "error: --rate: \"0\": not a rate; use events per second (0.001 to 1000000) or max\n",
        ),
        (&["demo", "--seed", &long], "error: --seed: \"9999"),
        (
            &["demo", "--for", "1\u{1b}[31m\n"],
            "error: --for: \"1\\u{1b}[31m\\n\": ",
        ),
        (
            &["simulate", "--fault", "bogus"],
            "error: --fault: \"bogus\": no such fault; use close, ",
        ),
        (
            &["replay", "-", "--speed", "nan"],
            "error: --speed: \"nan\": ",
        ),
        (&["load", "--duration", ""], "error: --duration: \"\": "),
    ] {
        let run = run(args, &[]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{args:?}");
        assert!(run.stderr.starts_with(expected), "{}", run.stderr);
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
        assert!(run.stderr.len() < 400, "{}", run.stderr);
    }
}

#[test]
fn every_command_has_help_with_examples() {
    for command in [
        "demo",
        "serve",
        "simulate",
        "replay",
        "load",
        "check",
        "completions",
    ] {
        let run = run(&[command, "--help"], &[]);
        assert_eq!(run.code, Some(0));
        let example = format!("streamgauge {command}");
        let (_, examples) = run.stdout.split_once("Examples:").unwrap();
        assert!(examples.contains(&example), "{}", run.stdout);
    }
}

#[test]
fn help_mentions_every_setting() {
    for command in ["serve", "check"] {
        let help = run(&[command, "--help"], &[]).stdout;
        for setting in SETTINGS {
            let flag = format!("--{}", setting.name);
            assert_eq!(
                help.contains(&format!("{flag} ")) || help.contains(&format!("{flag}[")),
                !setting.is_secret(),
                "{flag}"
            );
            for variable in setting.variables() {
                assert!(help.contains(&variable), "{command}: {variable}");
            }
        }
    }
}

#[test]
fn wrong_usage_ends_with_2_and_says_what_was_meant() {
    let check = |args: &[&str], part: &str| {
        let run = run(args, &CREDENTIALS);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{args:?}");
        assert!(run.stderr.contains(part), "{args:?}: {}", run.stderr);
    };
    check(&[], "Usage");
    check(&["sevre"], "'serve'");
    check(&["serve", "--widnow", "5s"], "'--window'");
    check(&["serve", "--window"], "value is required");
    check(
        &["serve", "--window", "5s", "--window", "6s"],
        "multiple times",
    );
    check(&["serve", "extra"], "unexpected argument");
    check(&["demo", "--rate", "0"], "--rate");
    check(&["demo", "--for", "soon"], "--for");
    check(&["demo", "--listen", "here"], "--listen");
    check(&["completions", "csh"], "csh");
}

#[test]
fn a_secret_on_the_command_line_is_refused_and_not_repeated() {
    for args in [
        &["serve", "--client-secret", CANARY][..],
        &["serve", &format!("--client-secret={CANARY}")],
        &["serve", "--client-secret"],
    ] {
        let run = run(args, &[("GENESYS_CLIENT_ID", "id-1")]);
        assert_eq!(run.code, Some(2));
        assert_eq!(run.faults().len(), 1);
        assert!(
            run.stderr.contains("GENESYS_CLIENT_SECRET"),
            "{}",
            run.stderr
        );
        assert!(
            run.stderr.contains("--client-secret-file"),
            "{}",
            run.stderr
        );
    }
    // A slip of the pen must not bring it out either.
    let slip = format!("--client-secert={CANARY}");
    assert_eq!(run(&["serve", &slip], &[]).code, Some(2));
    assert_eq!(run(&["demo", "--client-secret", CANARY], &[]).code, Some(2));
}

#[test]
fn a_missing_credential_is_one_line_that_names_its_variable() {
    for (missing, _) in CREDENTIALS {
        let others = CREDENTIALS.into_iter().filter(|(name, _)| *name != missing);
        let run = run(&["serve"], &others.collect::<Vec<_>>());
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
        assert_eq!(run.faults().len(), 1, "{}", run.stderr);
        assert!(run.stderr.contains(missing), "{}", run.stderr);
    }
}

#[test]
fn nothing_is_bound_before_the_settings_are_good() {
    // The port is taken, so an attempt to bind it would be what is complained of.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let run = run(
        &["serve", "--listen", &listen, "--skew", "banana"],
        &CREDENTIALS,
    );
    assert_eq!(run.code, Some(2));
    assert_eq!(run.faults().len(), 1);
    assert!(run.stderr.contains("skew"), "{}", run.stderr);
}

#[test]
fn an_unknown_region_shows_the_table_of_regions() {
    let run = run(
        &["serve"],
        &[CREDENTIALS[0], CREDENTIALS[1], ("GENESYS_ENV", "prod")],
    );
    assert_eq!(run.code, Some(2));
    let (fault, table) = run.stderr.split_once('\n').unwrap();
    assert!(
        fault.starts_with("error: config: region: GENESYS_ENV: \"prod\""),
        "{fault}"
    );
    assert_eq!(table.lines().count(), 18);
    assert!(table.contains("eu-central-1    mypurecloud.de"), "{table}");
}

#[test]
fn a_demo_stays_on_this_machine() {
    let run = run(&["demo", "--listen", "0.0.0.0:0"], &[]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
}

#[test]
fn a_wrong_log_level_is_refused_by_every_command_that_logs() {
    for command in ["demo", "serve", "check"] {
        for (args, variables) in [
            (vec![command, "--log", "loud"], vec![]),
            (vec!["--log", "loud", command], vec![]),
            (vec![command], vec![("RUST_LOG", "loud")]),
            (vec![command], vec![("STREAMGAUGE_LOG_FORMAT", "loud")]),
        ] {
            let variables = [&CREDENTIALS[..], &variables].concat();
            let run = run(&args, &variables);
            assert_eq!(run.code, Some(2), "{args:?}");
            assert_eq!(run.faults().len(), 1, "{}", run.stderr);
        }
    }
}

#[test]
fn completions_for_the_usual_shells() {
    for (shell, sign) in [
        ("bash", "complete -F _streamgauge"),
        ("zsh", "#compdef streamgauge"),
        ("fish", "complete -c streamgauge"),
    ] {
        let run = run(&["completions", shell], &[]);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
        assert!(run.stdout.contains(sign), "{shell}");
        for word in ["dead-after", "simulate", "completions"] {
            assert!(run.stdout.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn a_closed_standard_output_is_no_panic() {
    for args in [&["check"][..], &["completions", "bash"], &["--help"]] {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_streamgauge"))
            .env_clear()
            .envs(CREDENTIALS)
            .args(args)
            .stdout(Stdio::from(writer))
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {stderr}");
        assert_eq!(stderr, "", "{args:?}");
    }
}
