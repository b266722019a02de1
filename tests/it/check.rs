//! `streamgauge check`: what it shows, what it hides, and that it touches no network.

use std::fs;
use std::fs::Permissions;
use std::io::BufRead;
use std::io::BufReader;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value;
use streamgauge::config::SETTINGS;

use crate::cli::CANARY;
use crate::cli::CREDENTIALS;
use crate::cli::run;

/// The line of a setting.
fn line<'a>(stdout: &'a str, name: &str) -> Vec<&'a str> {
    let mut lines = stdout
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    lines
        .find(|words| words.first() == Some(&name))
        .unwrap_or_default()
}

#[test]
fn every_setting_stands_on_one_line_with_its_origin() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("streamgauge.toml");
    fs::write(&path, "lateness = \"1s\"\nmax-sessions = 5000\n").unwrap();
    let path = path.to_str().unwrap();
    let variables = [
        &CREDENTIALS[..],
        &[("STREAMGAUGE_SKEW", "2s"), ("GENESYS_ENV", "api")],
    ]
    .concat();
    let run = run(
        &["check", "--config", path, "--bucket", "200ms"],
        &variables,
    );
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    for (setting, shown) in SETTINGS.iter().zip(run.stdout.lines()) {
        assert_eq!(shown.split_whitespace().next(), Some(setting.name));
    }
    let check = |name: &str, rest: &str| {
        assert_eq!(
            line(&run.stdout, name)[1..].join(" "),
            rest,
            "{}",
            run.stdout
        );
    };
    check("bucket", "200ms --bucket");
    check("skew", "2s STREAMGAUGE_SKEW");
    check("lateness", &format!("1s {path}:1"));
    check("max-sessions", &format!("5000 {path}:2"));
    check("window", "60s default");
    check("region", "api GENESYS_ENV");
    check(
        "token-url",
        "https://login.mypurecloud.com/oauth/token region",
    );
    check("client-id", "id-1 GENESYS_CLIENT_ID");
    check("client-secret", "(set, from GENESYS_CLIENT_SECRET)");
    check("ca-file", "(not set)");
    for part in [
        "note: region: \"api\" by GENESYS_ENV, taken as mypurecloud.com",
        "would read events from wss://api.mypurecloud.com/api/v2/analytics/events/stream",
        "would serve GraphQL at http://127.0.0.1:4000/graphql",
    ] {
        assert!(run.stdout.contains(part), "{}", run.stdout);
    }
}

#[test]
fn json_says_the_same() {
    let good = run(&["check", "--format", "json"], &CREDENTIALS);
    assert_eq!(good.code, Some(0));
    let answer: Value = serde_json::from_str(&good.stdout).unwrap();
    assert_eq!(answer["ok"], true);
    assert_eq!(answer["settings"].as_array().unwrap().len(), SETTINGS.len());
    assert_eq!(
        answer["wouldRun"]["graphqlUrl"],
        "http://127.0.0.1:4000/graphql"
    );
    let secret = answer["settings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|setting| setting["name"] == "client-secret")
        .unwrap();
    assert_eq!(secret["value"], Value::Null);
    assert_eq!(secret["isSet"], true);
    assert_eq!(secret["origin"], "GENESYS_CLIENT_SECRET");

    let bad = run(
        &["check", "--format", "json", "--skew", "banana"],
        &CREDENTIALS,
    );
    assert_eq!(bad.code, Some(2));
    let answer: Value = serde_json::from_str(&bad.stdout).unwrap();
    assert_eq!(
        (&answer["ok"], &answer["wouldRun"]),
        (&Value::Bool(false), &Value::Null)
    );
    assert_eq!(answer["errors"].as_array().unwrap().len(), 1);
}

#[test]
fn all_faults_are_listed_and_the_settings_still_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("streamgauge.toml");
    fs::write(&path, "listne = 1\nwindow = 60\nlateness = \"99999d\"\n").unwrap();
    let path = path.to_str().unwrap();
    let run = run(
        &["check", "--config", path, "--overload", "panic"],
        &[("STREAMGAUGE_WAIT", "no")],
    );
    assert_eq!(run.code, Some(2));
    let faults = run.faults();
    for part in [
        ":1: \"listne\": unknown setting",
        ":2: \"window\": of the wrong type, integer",
        "lateness: ",
        "wait: STREAMGAUGE_WAIT: \"no\": unknown; choose spin or yield or park",
        "overload: --overload: \"panic\": unknown; choose wait or shed",
        "client-id: missing; set GENESYS_CLIENT_ID",
        "client-secret: missing; set GENESYS_CLIENT_SECRET",
    ] {
        assert_eq!(
            faults.iter().filter(|fault| fault.contains(part)).count(),
            1,
            "{part}: {faults:#?}"
        );
    }
    assert_eq!(faults.len(), 7, "{faults:#?}");
    assert_eq!(
        line(&run.stdout, "overload"),
        ["overload", "(refused)", "--overload"]
    );
}

#[test]
fn a_file_of_certificates_without_any_is_a_fault_of_the_settings() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    fs::write(&path, "no certificate\n").unwrap();
    let path = path.to_str().unwrap();
    let expected = format!(
        "error: config: ca-file: {path}: no certificate in it; give a file of PEM certificates\n"
    );
    // `serve` would wait for a signal otherwise.
    for args in [
        &["check", "--ca-file", path][..],
        &["serve", "--ca-file", path, "--listen", "127.0.0.1:0"],
    ] {
        let run = run(args, &CREDENTIALS);
        assert_eq!(run.code, Some(2), "{}", run.stderr);
        assert!(run.stderr.ends_with(&expected), "{}", run.stderr);
    }
}

#[test]
fn a_list_of_faults_ends_after_twenty() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("streamgauge.toml");
    let unknown: String = (0..100)
        .map(|index| format!("unknown{index} = 1\n"))
        .collect();
    fs::write(&path, unknown).unwrap();
    let run = run(&["check", "--config", path.to_str().unwrap()], &CREDENTIALS);
    assert_eq!(run.code, Some(2));
    assert_eq!(run.faults().len(), 21);
    assert!(run.stderr.contains("and 80 more"), "{}", run.stderr);
}

#[test]
fn check_touches_no_network() {
    let peer = TcpListener::bind("127.0.0.1:0").unwrap();
    peer.set_nonblocking(true).unwrap();
    let address = peer.local_addr().unwrap();
    let run = run(
        &[
            "check",
            "--token-url",
            &format!("http://{address}/oauth/token"),
            "--stream-url",
            &format!("ws://{address}/stream"),
            // Taken: binding it would fail.
            "--listen",
            &address.to_string(),
        ],
        &CREDENTIALS,
    );
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let nobody = peer.accept().unwrap_err();
    assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock);
}

/// [`run`] itself looks for the secret in all that comes out.
#[test]
fn no_way_to_give_a_secret_brings_it_out() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str, mode: u32| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let closed = write("closed", &format!("{CANARY}\n"), 0o600);
    let open = write("open", CANARY, 0o646);
    let two_lines = write("two-lines", &format!("{CANARY}\n{CANARY}\n"), 0o600);
    let toml = write("a.toml", &format!("client-secret = \"{CANARY}\""), 0o600);
    let torn = write("b.toml", &format!("client-secret = \"{CANARY}"), 0o600);
    let bare = write("c.toml", &format!("client-id = {CANARY}"), 0o600);
    let id = ("GENESYS_CLIENT_ID", "id-1");
    let userinfo = format!("https://me:{CANARY}@host/");
    let query = format!("https://host/token?access_token={CANARY}");
    let pair = format!("id:{CANARY}");

    let check = |code: i32, args: &[&str], variables: &[(&str, &str)]| {
        for format in ["text", "json"] {
            let args = [&["check", "--format", format], args].concat();
            let run = run(&args, variables);
            assert_eq!(
                run.code,
                Some(code),
                "{args:?}: {}{}",
                run.stdout,
                run.stderr
            );
        }
    };
    check(0, &[], &CREDENTIALS);
    check(
        0,
        &["--client-secret-file", &closed, "--token-file", &closed],
        &[id],
    );
    check(
        0,
        &["--token-url", &query.replace("access_token", "key")],
        &CREDENTIALS,
    );
    check(2, &["--client-secret-file", &open], &[id]);
    check(2, &["--client-secret-file", &two_lines], &[id]);
    check(2, &["--client-secret-file", &closed], &CREDENTIALS);
    check(2, &["--token-file", &open], &CREDENTIALS);
    check(2, &["--config", &toml], &CREDENTIALS);
    check(2, &["--config", &torn], &CREDENTIALS);
    check(2, &["--config", &bare], &CREDENTIALS);
    check(2, &["--config", &closed], &CREDENTIALS);
    check(2, &["--region", &userinfo], &CREDENTIALS);
    check(2, &["--listen", &userinfo], &CREDENTIALS);
    check(2, &["--token-url", &userinfo], &CREDENTIALS);
    check(2, &["--token-url", &query], &CREDENTIALS);
    check(2, &["--client-id", &pair], &[CREDENTIALS[1]]);
    check(
        2,
        &[],
        &[id, ("GENESYS_CLIENT_SECRET", &format!("{CANARY} {CANARY}"))],
    );
}

#[test]
fn alerts_are_shown_with_their_line_or_refused_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("streamgauge.toml");
    // The documentation's own example, below a line of another setting.
    let page = include_str!("../../docs/settings.md");
    let (_, example) = page.split_once("```toml\n[[alert]]").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let example = format!("[[alert]]{example}");
    fs::write(&path, format!("lateness = \"1s\"\n{example}")).unwrap();
    let path = path.to_str().unwrap();
    let good = run(&["check", "--config", path], &CREDENTIALS);
    assert_eq!((good.code, good.stderr.as_str()), (Some(0), ""));
    let rule = "messagesPerMinute over 1m of queue \"sales\" above 500 for 30s, until 450";
    let line = format!("alert \"sales is swamped\": {rule}  {path}:2\n");
    assert!(good.stdout.contains(&line), "{}", good.stdout);
    let json = run(
        &["check", "--config", path, "--format", "json"],
        &CREDENTIALS,
    );
    let answer: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(answer["alerts"][0]["rule"], rule);
    assert_eq!(answer["alerts"][0]["origin"], format!("{path}:2"));

    let wrong = example.replace("above = 500", "above = \"500\"");
    fs::write(path, wrong.replace("window = \"1m\"", "window = \"2m\"")).unwrap();
    let bad = run(&["check", "--config", path], &CREDENTIALS);
    assert_eq!(bad.code, Some(2));
    for part in [
        ":6: alert \"sales is swamped\": above: of the wrong type, string; write a number",
        ":1: alert \"sales is swamped\": window: 2m is none of its windows; choose 10s or 1m",
    ] {
        assert!(bad.stderr.contains(part), "{}", bad.stderr);
    }
    assert_eq!(bad.faults().len(), 2, "{}", bad.stderr);
    let served = run(&["serve", "--config", path], &CREDENTIALS);
    assert_eq!((served.code, served.faults().len()), (Some(2), 2));
}

/// Whether `serve` starts with these arguments: it says where it serves, or ends with an exit code.
fn serves(args: &[&str], variables: &[(&str, &str)]) -> Result<(), i32> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_streamgauge"))
        .env_clear()
        .envs(variables.iter().copied())
        .arg("serve")
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let mut lines = stderr.lines().map_while(Result::ok);
    if lines.any(|line| line.contains("serving GraphQL at")) {
        child.kill().unwrap();
        child.wait().unwrap();
        return Ok(());
    }
    Err(child.wait().unwrap().code().unwrap())
}

#[test]
fn what_check_accepts_serve_accepts_and_the_other_way_round() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str, mode: u32| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let directory = folder.path().to_str().unwrap();
    let (long, short) = (
        write("long", "0123456789abcdef", 0o600),
        write("short", "0123", 0o600),
    );
    let (read, written) = (
        write("read", "0123456789abcdef", 0o444),
        write("written", "0123456789abcdef", 0o666),
    );
    let (empty, text) = (
        write("empty", "", 0o600),
        write("text", "no certificate", 0o600),
    );
    let local = ["--listen", "127.0.0.1:0"];
    let cases: Vec<(Vec<&str>, bool)> = [
        (&[][..], true),
        // Addresses: the last of a kind wins, so the first is overridden below.
        (&["[::ffff:127.0.0.1]:0"], true),
        (&["localhost:0"], true),
        (&["127.1.2.3:0"], true),
        (&["0.0.0.0:0"], false),
        (&["[::]:0"], false),
        (&["[::ffff:0.0.0.0]:0"], false),
        (&["[fe80::1%1]:0"], false),
        (&["[fe80::1%eth0]:0"], false),
        (&["127.0.0.1"], false),
        (&["127.0.0.1:65536"], false),
        (&["0.0.0.0:0", "--open-to-network"], true),
        (&["0.0.0.0:0", "--token-file", &long], true),
        (&["0.0.0.0:0", "--token-file", &short], false),
        (
            &["0.0.0.0:0", "--token-file", &short, "--open-to-network"],
            false,
        ),
        (&["[::ffff:127.0.0.1]:0", "--token-file", &short], true),
        (&["127.0.0.1:0", "--token-file", &read], true),
        (&["127.0.0.1:0", "--token-file", &written], false),
        (&["127.0.0.1:0", "--token-file", directory], false),
        (&["127.0.0.1:0", "--token-file", &empty], false),
        (&["127.0.0.1:0", "--token-file", "/nowhere"], false),
        (&["127.0.0.1:0", "--ca-file", &text], false),
        (&["127.0.0.1:0", "--ca-file", directory], false),
        (&["127.0.0.1:0", "--ca-file", "/dev/null"], false),
        (&["127.0.0.1:0", "--config", directory], false),
        (
            &["127.0.0.1:0", "--webhook-url", "https://hooks.example/x"],
            true,
        ),
        (
            &["127.0.0.1:0", "--webhook-url", "http://hooks.example/x"],
            false,
        ),
        (&["127.0.0.1:0", "--webhook-url", "https://[::1"], false),
        (&["127.0.0.1:0", "--webhook-token-file", &long], false),
        (&["127.0.0.1:0", "--bucket", "7ms"], false),
        (&["127.0.0.1:0", "--bucket", "20s"], true),
        (&["127.0.0.1:0", "--windows", "150ms"], false),
        (&["127.0.0.1:0", "--log", "loud"], false),
    ]
    .into_iter()
    .map(|(args, is_good)| match args {
        [] => (local.to_vec(), is_good),
        args => ([&["--listen"], args].concat(), is_good),
    })
    .collect();
    for (args, is_good) in cases {
        let checked = run(&[&["check"], &args[..]].concat(), &CREDENTIALS);
        assert_eq!(
            checked.code == Some(0),
            is_good,
            "check {args:?}: {}",
            checked.stderr
        );
        let expected = if is_good { Ok(()) } else { Err(2) };
        assert_eq!(serves(&args, &CREDENTIALS), expected, "serve {args:?}");
    }
}

#[test]
fn a_misspelt_variable_is_named_by_both_and_an_empty_one_is_none() {
    let variables = [
        &CREDENTIALS[..],
        &[
            ("STREAMGAUGE_LISTNE", "x"),
            ("GENESYS_ENV", ""),
            ("STREAMGAUGE_LISTEN", "127.0.0.1:0"),
        ],
    ]
    .concat();
    let line =
        "STREAMGAUGE_LISTNE: names no setting and is not read; did you mean STREAMGAUGE_LISTEN?";
    let checked = run(&["check"], &variables);
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
    assert!(
        checked.stdout.contains(&format!("warning: {line}\n")),
        "{}",
        checked.stdout
    );
    let json = run(&["check", "--format", "json"], &variables);
    let answer: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(answer["warnings"], serde_json::json!([line]));
    // Also where the log says no more than warnings.
    let mut served =
        crate::commands::process::Process::start(&["serve", "--log", "warn"], &variables);
    assert!(served.until_stderr("STREAMGAUGE_LISTNE").contains(line));
    served.until_stderr("serving GraphQL at");
    served.signal(&["TERM"]);
    let ended = served.wait();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(
        ended.stderr.matches("STREAMGAUGE_LISTNE").count(),
        1,
        "{}",
        ended.stderr
    );
}

#[test]
fn what_stands_in_front_is_given_by_every_layer() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    fs::write(&token, "correct-horse-battery-staple\n").unwrap();
    fs::set_permissions(&token, Permissions::from_mode(0o600)).unwrap();
    let file = folder.path().join("streamgauge.toml");
    let lines = "public-url = [\"https://a.example\", \"https://b.example/gauge/\"]\n\
                 trusted-proxy = [\"10.0.0.0/8\"]\n";
    fs::write(&file, lines).unwrap();
    let token = ["check", "--token-file", token.to_str().unwrap()];
    let flags = [
        &token[..],
        &[
            "--public-url",
            "https://a.example",
            "--trusted-proxy",
            "::1",
        ],
        &[
            "--public-url",
            "https://b.example/gauge/",
            "--trusted-proxy=10.0.0.7",
        ],
    ]
    .concat();
    let by_file = [&token[..], &["--config", file.to_str().unwrap()]].concat();
    let variable = (
        "STREAMGAUGE_PUBLIC_URL",
        "https://a.example, https://b.example/gauge/",
    );
    let by_variable = [&CREDENTIALS[..], &[variable]].concat();
    for (args, variables) in [
        (flags, &CREDENTIALS[..]),
        (by_file, &CREDENTIALS[..]),
        (token.to_vec(), &by_variable),
    ] {
        let run = run(&args, variables);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{args:?}");
        for url in ["https://a.example/", "https://b.example/gauge/"] {
            let expected = format!("would be found by browsers elsewhere at {url}\n");
            assert!(run.stdout.contains(&expected), "{args:?}: {}", run.stdout);
        }
    }
}

#[test]
fn serve_and_check_refuse_a_public_url_alike() {
    for (given, parts) in [
        (
            &["--public-url", "https://gauge.example/"][..],
            &["--token-file", "--open-to-network"][..],
        ),
        (
            &[
                "--public-url",
                "http://localhost:1/",
                "--public-url",
                "https://gauge.example/?a",
            ],
            &["number 2 of 2", "query"],
        ),
        (&["--public-url", "gauge.example"], &["no scheme"]),
        (
            &[
                "--public-url",
                &format!("https://me:{CANARY}@gauge.example/"),
            ],
            &["password"],
        ),
        (
            &["--public-url", &format!("me:{CANARY}@gauge.example/")],
            &["no scheme"],
        ),
        (
            &["--trusted-proxy", "localhost"],
            &["\"localhost\"", "not an IP address"],
        ),
        (&["--trusted-proxy", "0.0.0.0/0"], &["everybody"]),
    ] {
        for command in ["check", "serve"] {
            let run = run(
                &[&[command, "--listen", "127.0.0.1:0"], given].concat(),
                &CREDENTIALS,
            );
            assert_eq!(run.code, Some(2), "{command} {given:?}: {}", run.stderr);
            assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
            for part in parts.iter().chain(&[&given[0][2..]]) {
                assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
            }
            assert!(!run.stderr.contains(CANARY) && !run.stdout.contains(CANARY));
        }
    }
}

#[test]
fn the_proxy_on_the_way_to_each_service_is_shown_without_its_password() {
    let variables = [
        ("HTTPS_PROXY", "http://me:c4n4ry@proxy.example:3128"),
        ("no_proxy", "api.mypurecloud.com"),
        ("STREAMGAUGE_WEBHOOK_URL", "https://hooks.example/k3y"),
    ];
    let variables: Vec<_> = CREDENTIALS.iter().chain(&variables).copied().collect();
    let checked = run(&["check"], &variables);
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
    let proxy = "http://(hidden)@proxy.example:3128";
    for line in [
        format!(
            "would fetch a token from https://login.mypurecloud.com/oauth/token through the proxy {proxy}"
        ),
        "would read events from wss://api.mypurecloud.com/api/v2/analytics/events/stream"
            .to_owned(),
        format!("would post alerts to https://hooks.example/(hidden) through the proxy {proxy}"),
    ] {
        assert!(
            checked.stdout.lines().any(|found| found == line),
            "{line}: {}",
            checked.stdout
        );
    }
    assert!(
        !checked.stdout.contains("c4n4ry") && !checked.stdout.contains("k3y"),
        "{}",
        checked.stdout
    );

    let json = run(&["check", "--format", "json"], &variables);
    let shown: Value = serde_json::from_str(&json.stdout).unwrap();
    let would_run = &shown["wouldRun"];
    assert_eq!(would_run["tokenProxy"], proxy);
    assert_eq!(would_run["streamProxy"], Value::Null);
    assert_eq!(would_run["webhookProxy"], proxy);
    assert!(!json.stdout.contains("c4n4ry"), "{}", json.stdout);
}

/// Settings with an endpoint for a preset and one for a mapping, whose secret stands in the body.
const ENDPOINTS: &str = r#"
source = "push"

[[push]]
name = "shop"
path = "/push/shop"
bearer.secret = "c4n4ry+s3cret/value=="

[[push]]
name = "chat"
path = "/push/chat"
body.pointer = "/key"
body.secret = "a-canary-in-the-body"

[push.mapping]
kind = "/event"
kinds = { opened = "connected", said = "message" }
time = "/at"
session = "/room/id"
id = "/id"
queue = "/team"
author = "/from"
authors = { me = "guest", you = "agent" }
"#;

const SAMPLE: &str = r#"{"event":"opened","at":1760000000000,"room":{"id":"r-1"},"team":"sales","key":"a-canary-in-the-body"}

{"event":"said","at":1760000001000,"room":{"id":7},"id":1,"from":"you","key":"a-canary-in-the-body"}
{"event":"said","at":1760000001000,"room":{"id":7},"id":1,"from":"you","key":"a-canary-in-the-body"}
{"event":"said","at":1760000002000,"room":{"id":7},"key":"a-canary-in-the-body"}
{"event":"typing","at":1760000003000,"room":{"id":7},"key":"a-canary-in-the-body"}
"#;

/// Runs `check --sample` over a file of these bytes.
fn sample(push: &str, bytes: &[u8], flags: &[&str]) -> crate::cli::Run {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (config, file) = (
        write("push.toml", ENDPOINTS.as_bytes()),
        write("sample", bytes),
    );
    let args = [
        "check", "--config", &config, "--push", push, "--sample", &file,
    ];
    let mut run = run(&[&args, flags].concat(), &[]);
    assert!(!run.stdout.contains("canary-in"), "{}", run.stdout);
    for text in [&mut run.stdout, &mut run.stderr] {
        *text = text.replace(&file, "FILE");
    }
    run
}

#[test]
fn a_sample_is_shown_line_by_line() {
    let good = sample("chat", SAMPLE.as_bytes(), &[]);
    assert_eq!((good.code, good.stderr.as_str()), (Some(0), ""));
    let lines: Vec<&str> = good.stdout.lines().collect();
    assert_eq!(
        lines[..7],
        [
            "line 1, element 0: connected at 2025-10-09T08:53:20.000Z, session r-1, queue sales",
            "line 3, element 1: message at 2025-10-09T08:53:21.000Z, session 7, outbound by agent",
            "line 4, element 2: message at 2025-10-09T08:53:21.000Z, session 7, outbound by agent, a copy of line 3: counts once",
            "line 5, element 3: message at 2025-10-09T08:53:22.000Z, session 7, direction unknown, without an id: each copy counts again",
            "line 6, element 4: ignored: /event \"typing\" is none that is counted",
            "5 elements: 4 events (1 connected, 0 disconnected, 3 messages, 0 of legs), 1 ignored, 0 refused; 1 of the events are copies",
            "times from 2025-10-09T08:53:20.000Z to 2025-10-09T08:53:22.000Z",
        ]
    );
    assert!(
        lines[7].starts_with("4 events are older than the "),
        "{}",
        lines[7]
    );
    assert_eq!(
        lines[8..],
        ["posted as one request: 200: all of it would be taken"]
    );

    // What is refused, and all that comes after it.
    let text = [
        SAMPLE,
        "oops\n",
        &SAMPLE.replace("opened\",\"at\":1760", "opened\",\"at\":\"1760"),
        "{\"key\":\"x\"}",
    ]
    .concat();
    let bad = sample("chat", text.as_bytes(), &[]);
    assert_eq!(bad.code, Some(1), "{}", bad.stdout);
    for part in [
        "line 7, element 5: refused (shape): not a JSON object\n",
        "line 8, element 6: refused (not_json): ",
        "line 14, element 11: refused (field): /event: missing, empty, too long or of the wrong type; the secret of the endpoint is missing or wrong in it\n",
        "posted as one request: 400: element 5: not a JSON object\n",
    ] {
        assert!(bad.stdout.contains(part), "{part}: {}", bad.stdout);
    }
    assert_eq!(
        bad.stderr,
        "error: check: FILE: 3 of 12 elements are refused; mend them, or the dialect or mapping of the endpoint\n"
    );
    // A secret that is missing is an answer of its own, and one that stands where an id is expected
    // is hidden.
    let stranger = sample(
        "chat",
        b"{\"event\":\"opened\",\"at\":1,\"room\":{\"id\":\"a-canary-in-the-body\"}}",
        &[],
    );
    assert!(
        stranger.stdout.contains("session [hidden]"),
        "{}",
        stranger.stdout
    );
    assert!(
        stranger
            .stdout
            .contains("401: the secret at /key is missing or wrong in element 0"),
        "{}",
        stranger.stdout
    );
    // Of another dialect altogether.
    let other = sample("shop", br#"{"eventType":"order","timestamp":1}"#, &[]);
    assert_eq!(other.code, Some(1));
    assert!(
        other
            .stdout
            .contains("ignored: eventType \"order\" is none that is counted")
    );
    assert!(
        other
            .stderr
            .contains("none of 1 elements is counted; does the dialect"),
        "{}",
        other.stderr
    );
}

#[test]
fn a_sample_may_be_an_array_packed_or_in_records() {
    let elements: Vec<Value> = SAMPLE
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let array = Value::from(elements).to_string();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, array.as_bytes()).unwrap();
    let encode =
        |text: &str| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text);
    let firehose = serde_json::json!({
        "requestId": "r", "timestamp": 1, "records": [{"data": encode(SAMPLE)}, {"data": encode(&array)}],
    });
    for (bytes, place) in [
        (array.clone().into_bytes(), "line 1, element 4: ignored"),
        (encoder.finish().unwrap(), "line 1, element 4: ignored"),
        // The first bad one of a request is counted over all of its records.
        (
            firehose.to_string().into_bytes(),
            "line 1, record 1, element 5: refused (shape)",
        ),
        (
            format!("\u{feff}{SAMPLE}").into_bytes(),
            "the file begins with a byte-order mark",
        ),
    ] {
        let run = sample("chat", &bytes, &[]);
        assert!(run.stdout.contains(place), "{place}: {}", run.stdout);
    }
    let json = sample("chat", array.as_bytes(), &["--format", "json"]);
    assert_eq!((json.code, json.stderr.as_str()), (Some(0), ""));
    let shown: Value = serde_json::from_str(&json.stdout).unwrap();
    let event = serde_json::json!({
        "kind": "message", "time": "2025-10-09T08:53:21.000Z", "session": "7", "queue": null,
        "deployment": null, "direction": "outbound", "author": "agent", "agent": null,
        "copyOfLine": 1, "copiesCountOnce": true,
    });
    assert_eq!(shown["elements"][2]["events"][0], event);
    assert_eq!(shown["elements"][4]["outcome"], "ignored");
    assert_eq!(shown["summary"]["events"], 4);
    assert_eq!(shown["answer"]["status"], 200);

    // Standard input.
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("push.toml");
    fs::write(&config, ENDPOINTS).unwrap();
    fs::set_permissions(&config, Permissions::from_mode(0o600)).unwrap();
    let assert = assert_cmd::Command::new(env!("CARGO_BIN_EXE_streamgauge"))
        .env_clear()
        .args(["check", "--push", "chat", "--sample", "-", "--config"])
        .arg(&config)
        .write_stdin(array)
        .assert();
    assert.code(0);
}

#[test]
fn a_sample_that_cannot_be_looked_at_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("push.toml");
    let write = |text: &str| {
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    };
    write(ENDPOINTS);
    let config = path.to_str().unwrap();
    let check = |args: &[&str], code: i32, why: &str| {
        let run = run(&[&["check", "--config", config], args].concat(), &[]);
        assert_eq!(run.code, Some(code), "{args:?}: {}", run.stderr);
        assert!(run.stderr.contains(why), "{why}: {}", run.stderr);
        run
    };
    let of = |file: &'static str| ["--push", "shop", "--sample", file];
    check(
        &["--push", "shp", "--sample", "-"],
        2,
        "error: --push: \"shp\": no endpoint of that name; choose shop or chat\n",
    );
    check(&["--sample", "-"], 2, "--push");
    check(&["--push", "shop"], 2, "--sample");
    check(&of("/nowhere"), 1, "error: check: /nowhere: ");
    check(&of("/"), 1, "error: check: /: is a directory; name a file");
    let zip = folder.path().join("a.zip");
    fs::write(&zip, b"PK\x03\x04").unwrap();
    let zip = zip.to_str().unwrap();
    check(
        &["--push", "shop", "--sample", zip],
        1,
        "unzip -p FILE | streamgauge check --push NAME --sample -",
    );
    // Faults elsewhere are said after it; those of its own table instead of it.
    write(&format!("skew = \"banana\"\n{ENDPOINTS}"));
    let file = folder.path().join("sample");
    fs::write(&file, SAMPLE).unwrap();
    let file = file.to_str().unwrap();
    let run = check(&["--push", "chat", "--sample", file], 2, "skew: ");
    assert!(
        run.stdout.contains("line 1, element 0: connected"),
        "{}",
        run.stdout
    );
    write(&ENDPOINTS.replace("time = \"/at\"", "time = \"at\""));
    let run = check(
        &["--push", "chat", "--sample", file],
        2,
        "push \"chat\": mapping",
    );
    assert_eq!(run.stdout, "");
    let line = "error: --push: \"chat\": no endpoint of that name; choose shop\n";
    assert!(run.stderr.ends_with(line), "{}", run.stderr);
}
