//! What a new user does first: builds, pastes, mistypes, points a command at something else.

use std::env;
use std::fs;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::thread;

use super::process::Process;
use crate::cli::CREDENTIALS;
use crate::cli::run;

#[path = "../../../build/commit.rs"]
mod commit;

const HASH: &str = "0123456789abcdef0123456789abcdef01234567";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn a_build_knows_its_commit_without_git() {
    let expected = Some(HASH[..12].to_owned());
    let check = |files: &[(&str, &str)], folder: &str| {
        let repository = tempfile::tempdir().unwrap();
        for (path, text) in files {
            write(&repository.path().join(path), text);
        }
        let commit = commit::of(&repository.path().join(folder));
        // A file that is not there would count as changed at every build.
        assert!(commit.files.iter().all(|file| file.exists()), "{commit:?}");
        (commit.hash, commit.files.len())
    };
    assert_eq!(check(&[("a.txt", "")], ""), (None, 0));
    let head = (".git/HEAD", "ref: refs/heads/main\n");
    let line = format!("{HASH}\n");
    let branch = (".git/refs/heads/main", line.as_str());
    assert_eq!(check(&[head, branch], ""), (expected.clone(), 2));
    assert_eq!(check(&[(".git/HEAD", &line)], ""), (expected.clone(), 1));
    let packed = format!("# pack-refs\n{HASH} refs/heads/main\n^{HASH}\n");
    let files = [head, (".git/packed-refs", &packed), (".git/logs/HEAD", "")];
    assert_eq!(check(&files, ""), (expected.clone(), 3));
    // A work tree of it.
    let files = [
        ("tree/.git", "gitdir: ../main/.git/worktrees/tree\n"),
        ("main/.git/worktrees/tree/HEAD", "ref: refs/heads/side\n"),
        ("main/.git/worktrees/tree/commondir", "../..\n"),
        ("main/.git/refs/heads/side", line.as_str()),
    ];
    assert_eq!(check(&files, "tree"), (expected, 2));
    // Before the first commit, and what is no hash.
    assert_eq!(check(&[head], "").0, None);
    assert_eq!(check(&[head, (".git/refs/heads/main", "oops")], "").0, None);
}

#[test]
fn users_get_a_program_without_line_tables_and_profilers_one_with_them() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let profile = &manifest["profile"];
    assert_eq!(profile["release"]["strip"].as_str(), Some("debuginfo"));
    assert!(profile["release"].get("debug").is_none());
    assert_eq!(profile["profiling"]["inherits"].as_str(), Some("release"));
    assert_eq!(profile["profiling"]["strip"].as_bool(), Some(false));
    let script = fs::read_to_string(root().join("perf/flamegraph.sh")).unwrap();
    assert!(script.contains("--profile profiling") && script.contains("/profiling/streamgauge"));
}

#[test]
fn negative_numbers_are_values_that_are_refused_with_a_reason() {
    for (args, expected) in [
        (
            &["demo", "--rate", "-5"][..],
            "error: --rate: \"-5\": not a rate",
        ),
        (
            &["load", "--rate", "-5"],
            "error: --rate: \"-5\": not a rate",
        ),
        (
            &["simulate", "--rate", "-0.5"],
            "error: --rate: \"-0.5\": not a rate",
        ),
        (
            &["replay", "-", "--speed", "-1"],
            "error: --speed: \"-1\": not a number above 0",
        ),
        (&["demo", "--seed", "-1"], "error: --seed: \"-1\": "),
        (&["load", "--queries", "-1"], "error: --queries: \"-1\": "),
        (
            &["simulate", "--events", "-1", "--out", "x"],
            "error: --events: \"-1\": ",
        ),
        (&["top", "--interval", "-1"], "error: --interval: \"-1\": "),
        (
            &["serve", "--max-groups", "-1"],
            "error: config: max-groups: --max-groups: \"-1\": ",
        ),
    ] {
        let run = run(args, &CREDENTIALS);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{args:?}");
        assert!(run.stderr.starts_with(expected), "{args:?}: {}", run.stderr);
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    }
    let unknown = run(&["demo", "--for", "1s", "-5"], &[]);
    assert_eq!(unknown.code, Some(2));
}

#[test]
fn placeholders_of_the_readme_are_no_credentials() {
    let id = ("GENESYS_CLIENT_ID", "...");
    let secret = ("GENESYS_CLIENT_SECRET", "...");
    for command in ["check", "serve"] {
        let run = run(&[command, "--region", "eu-central-1"], &[id, secret]);
        assert_eq!(run.code, Some(2), "{command}");
        let faults = run.faults();
        assert_eq!(faults.len(), 2, "{command}: {faults:?}");
        for (fault, variable) in faults.iter().zip([id.0, secret.0]) {
            assert!(fault.contains(variable), "{fault}");
            assert!(fault.contains("placeholder of an example"), "{fault}");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    write(&file, "<client secret>\n");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let flag = ["check", "--client-secret-file", file.to_str().unwrap()];
    let of_file = run(&flag, &[("GENESYS_CLIENT_ID", "id-1")]);
    assert_eq!(of_file.code, Some(2));
    assert!(of_file.stderr.contains("placeholder"), "{}", of_file.stderr);
    assert!(!of_file.stderr.contains("<client"), "{}", of_file.stderr);
}

#[test]
fn flags_of_the_log_stand_apart() {
    for command in [
        "demo", "serve", "simulate", "replay", "load", "top", "check",
    ] {
        let help = run(&[command, "--help"], &[]).stdout;
        let (own, log) = help.split_once("\nLogging:\n").unwrap();
        assert!(!own.contains("--log <"), "{command}: {help}");
        assert!(
            log.contains("--log <") && log.contains("--log-format <"),
            "{command}"
        );
        let flags = log
            .lines()
            .take_while(|line| line.is_empty() || line.starts_with(' '));
        let flags = flags.filter(|line| line.trim_start().starts_with("--"));
        assert_eq!(flags.count(), 2, "{command}: {log}");
    }
}

/// Answers each connection with the same bytes; `None` hangs up.
fn stranger(answer: Option<&'static [u8]>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 65_536];
            // The question fits one read on this machine; what is left of it does not matter.
            let _ = stream.read(&mut request);
            if let Some(answer) = answer {
                let _ = stream.write_all(answer);
            }
        }
    });
    url
}

#[test]
fn top_says_what_a_stranger_is() {
    let check = |answer: Option<&'static [u8]>, part: &str| {
        let run = run(&["top", "--once", "--url", &stranger(answer)], &[]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{part}");
        assert!(
            run.stderr.starts_with("error: top: 127.0.0.1:"),
            "{}",
            run.stderr
        );
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    };
    let page = b"HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n<html></html>";
    check(Some(page), "no answer of streamgauge; check --url");
    let json = b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{\"data\":{}}";
    check(Some(json), "no answer of streamgauge; check --url");
    let gone = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
    check(
        Some(gone),
        "status 404: nothing answers GraphQL there; check --url",
    );
    let simple = b"HTTP/1.0 501 Unsupported method ('POST')\r\nconnection: close\r\n\r\n";
    check(Some(simple), "status 501: the server failed");
    let not_allowed = b"HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 0\r\n\r\n";
    check(
        Some(not_allowed),
        "status 405: this is no streamgauge server; check --url",
    );
    let moved =
        b"HTTP/1.1 308 Permanent Redirect\r\nlocation: https://x/\r\ncontent-length: 0\r\n\r\n";
    check(Some(moved), "status 308: it sends on to another place");
    let busy = b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n";
    check(
        Some(busy),
        "status 502: the server, or a proxy before it, is not ready",
    );
    let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n<html>";
    check(
        Some(cut),
        "connection closed within the answer; if it stays so, check --url",
    );
    // A TLS port, asked without: an alert, or nothing.
    check(Some(b"\x15\x03\x01\x00\x02\x02\x46"), "is it https?");
    check(None, "is it https?");
    check(Some(b"SSH-2.0-OpenSSH_9.6\r\n"), "the answer is not http");
}

#[test]
fn the_line_that_simulate_prints_can_be_pasted() {
    let mut simulate = Process::start(&["simulate", "--listen", "127.0.0.1:0"], &[]);
    let line = simulate.until_stderr("try     ");
    let (_, command) = line.split_once("try     ").unwrap();
    let mut words: Vec<&str> = command.split_whitespace().collect();
    let variables: Vec<(&str, &str)> = words
        .drain(..2)
        .map(|word| word.split_once('=').unwrap())
        .collect();
    assert!(
        words[0].ends_with("streamgauge") && Path::new(words[0]).exists(),
        "{line}"
    );
    // Not where a demo has its page.
    let listen = words.iter().position(|word| *word == "--listen").unwrap();
    assert_eq!(words[listen + 1], "127.0.0.1:4001");
    // As it stands but for the port, which may be taken here.
    words[listen + 1] = "127.0.0.1:0";
    let mut serve = Process::start(&words[1..], &variables);
    serve.until_stderr("stream is live");
    serve.signal(&["TERM"]);
    assert_eq!(serve.wait().code, Some(0));
    simulate.signal(&["TERM"]);
    assert_eq!(simulate.wait().code, Some(0));
}

/// `tests/run` with programs that only say they are there; `node` says this version, and what npm
/// brings `npm_node`.
fn tests_run(node: &str, npm: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let program = |name: &str, script: &str| {
        let path = folder.path().join("bin").join(name);
        write(&path, &format!("#!/bin/sh\n{script}\n"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    for name in ["cc", "chromium", "promtool", "python3"] {
        program(name, "exit 0");
    }
    program("cargo", "echo cargo with node \"$(node --version)\" >&2");
    program("node", &format!("echo {node}"));
    program("npm", npm);
    let tools = folder.path().join("tools");
    let output = Command::new(root().join("tests/run"))
        .env(
            "PATH",
            format!("{}:/usr/bin:/bin", folder.path().join("bin").display()),
        )
        .env("STREAMGAUGE_TOOLS", &tools)
        .output()
        .unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn tests_get_a_newer_node_or_say_so_before_they_start() {
    let (code, said) = tests_run("v20.19.0", "exit 1");
    assert_eq!(
        (code, said.as_str()),
        (Some(0), "cargo with node v20.19.0\n")
    );
    let (code, said) = tests_run("v22.1.0", "exit 1");
    assert_eq!(code, Some(0), "{said}");
    for old in ["v18.19.1", "v20.18.9", "v9.0.0"] {
        let (code, said) = tests_run(old, "exit 1");
        assert_eq!(code, Some(1), "{said}");
        assert!(
            said.contains(&format!("{old} is older than 20.19")),
            "{said}"
        );
        assert!(said.contains("install Node.js 20.19 or newer"), "{said}");
        assert!(!said.contains("cargo with"), "{said}");
    }
    let brings = r#"bin="$STREAMGAUGE_TOOLS/node_modules/.bin"; mkdir -p "$bin"
        printf '#!/bin/sh\necho v22.0.0\n' > "$bin/node"; chmod +x "$bin/node""#;
    let (code, said) = tests_run("v18.19.1", brings);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("cargo with node v22.0.0"), "{said}");
}

/// As the README says it, but for the profile and the folder of the build: those of the tests, so that
/// little is left to build.
#[test]
fn the_program_installs_from_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let built = Path::new(env!("CARGO_BIN_EXE_streamgauge"))
        .ancestors()
        .nth(2)
        .unwrap();
    let mut install = Command::new(env!("CARGO"));
    // What cargo has set for this test would have dependencies built again.
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("CARGO") && name != "CARGO_HOME" {
            install.env_remove(name);
        }
    }
    let installed = install
        .args([
            "install",
            "--path",
            ".",
            "--locked",
            "--offline",
            "--quiet",
            "--debug",
        ])
        .arg("--root")
        .arg(folder.path())
        .arg("--target-dir")
        .arg(built)
        .current_dir(root())
        .status()
        .unwrap();
    assert!(installed.success());
    let program = folder.path().join("bin/streamgauge");
    let version = Command::new(&program).arg("--version").output().unwrap();
    assert!(version.stdout.starts_with(b"streamgauge "));
}
