//! Layers and origins, and every setting against every kind of bad value, made from the table.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use hyper::Uri;
use secrecy::ExposeSecret;
use tempfile::TempDir;

use crate::config::WaitStrategy;

use super::draft::Draft;
use super::setting::Kind;
use super::*;

/// Credentials, so that nothing is missing.
const CREDENTIALS: [(&str, &str); 2] = [
    ("GENESYS_CLIENT_ID", "id-1"),
    ("GENESYS_CLIENT_SECRET", "s3cret"),
];

fn environment(variables: &[(&str, &str)]) -> Environment {
    CREDENTIALS.iter().chain(variables).copied().collect()
}

fn flags(given: &[(&str, &str)]) -> Flags {
    let mut flags = Flags::default();
    for (name, text) in given {
        flags.set(Setting::by_name(name).unwrap(), (*text).to_owned());
    }
    flags
}

fn file(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("streamgauge.toml");
    fs::write(&path, text).unwrap();
    (folder, path)
}

/// Loads with a TOML file of that text.
fn load_file(text: &str) -> Loaded {
    load_file_in(text, &environment(&[]))
}

fn load_file_in(text: &str, environment: &Environment) -> Loaded {
    let (_folder, path) = file(text);
    load(&flags(&[("config", path.to_str().unwrap())]), environment)
}

fn shown(loaded: &Loaded, name: &str) -> (ShownValue, String) {
    let (_, shown) = loaded
        .shown
        .iter()
        .find(|(setting, _)| setting.name == name)
        .unwrap();
    (shown.value.clone(), shown.origin.to_string())
}

fn text(value: &str) -> ShownValue {
    ShownValue::Text(value.to_owned())
}

/// The faults, each checked to be one short line without a secret that names its setting's origin.
fn faults(loaded: &Loaded) -> Vec<String> {
    let error = loaded.settings.as_ref().err().cloned().unwrap_or_default();
    for line in error.lines() {
        assert!(line.starts_with("config: "), "{line}");
        assert!(!line.contains(['\n', '\r', '\u{1b}']), "{line:?}");
        assert!(!line.contains("s3cret"), "{line}");
        assert!(line.len() < 400, "{line}");
    }
    error.lines().to_vec()
}

/// Checks that there is exactly one fault, that it holds `parts`, and that it is about `name`.
fn check_one_fault(loaded: &Loaded, name: &str, parts: &[&str]) {
    let faults = faults(loaded);
    assert_eq!(faults.len(), 1, "{name} {parts:?}: {faults:#?}");
    for part in parts.iter().chain(&[name]) {
        assert!(faults[0].contains(part), "{part}: {}", faults[0]);
    }
}

#[test]
fn names_are_unique_and_spelled_alike() {
    for (index, setting) in SETTINGS.iter().enumerate() {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
        assert!(setting.name.bytes().all(fits), "{}", setting.name);
        assert!(!setting.help.is_empty() && !setting.help.ends_with('.'));
        let others = &SETTINGS[index + 1..];
        assert!(others.iter().all(|other| other.name != setting.name));
    }
}

#[test]
fn the_defaults_of_the_table_are_those_of_the_typed_settings() {
    let loaded = load(&Flags::default(), &environment(&[]));
    let settings = loaded.settings.unwrap();
    let engine = &settings.engine;
    assert_eq!(engine.aggregate, AggregateSettings::default());
    assert_eq!(engine.source, Source::default());
    assert_eq!(engine.wait, WaitStrategy::default());
    let stream = StreamSettings::new(engine.stream.stream_url.clone());
    assert_eq!(format!("{:?}", engine.stream), format!("{stream:?}"));
    let serve = ServeSettings::new(ServeSettings::LISTEN);
    assert_eq!(format!("{:?}", engine.serve), format!("{serve:?}"));
    assert_eq!(settings.log.filter, "info");
}

#[test]
fn every_setting_is_shown_in_order() {
    let loaded = load(&Flags::default(), &Environment::default());
    let names: Vec<&str> = loaded
        .shown
        .iter()
        .map(|(setting, _)| setting.name)
        .collect();
    let expected: Vec<&str> = SETTINGS.iter().map(|setting| setting.name).collect();
    assert_eq!(names, expected);
}

#[test]
fn flags_beat_variables_beat_the_file_beats_defaults() {
    let (_folder, path) = file("\nlateness = \"1s\"\nskew = \"1s\"\nwindow = \"10s\"\n");
    let path = path.to_str().unwrap();
    let loaded = load(
        &flags(&[("config", path), ("lateness", "3s")]),
        &environment(&[("STREAMGAUGE_LATENESS", "2s"), ("STREAMGAUGE_SKEW", "2s")]),
    );
    let check = |name: &str, value: &str, origin: &str| {
        assert_eq!(
            shown(&loaded, name),
            (text(value), origin.to_owned()),
            "{name}"
        );
    };
    check("lateness", "3s", "--lateness");
    check("skew", "2s", "STREAMGAUGE_SKEW");
    check("window", "10s", &format!("{path}:4"));
    check("bucket", "100ms", "default");
    check(
        "token-url",
        "https://login.mypurecloud.com/oauth/token",
        "region",
    );
    let engine = loaded.settings.unwrap().engine;
    assert_eq!(engine.aggregate.lateness_ms, 3_000);
    assert_eq!(engine.aggregate.clock, ClockRule::Wall { skew_ms: 2_000 });
    assert_eq!(engine.aggregate.main_window().ms(), 10_000);
}

#[test]
fn every_setting_is_read_from_every_layer() {
    let secret = file("s3cret\n");
    fs::set_permissions(&secret.1, fs::Permissions::from_mode(0o600)).unwrap();
    let path = secret.1.to_str().unwrap();
    for setting in SETTINGS.iter().filter(|setting| setting.is_in_file()) {
        let least;
        let (value, toml) = match &setting.kind {
            Kind::Length(range, _) => {
                least = duration::format(*range.start());
                (least.as_str(), format!("{least:?}"))
            }
            Kind::Lengths(..) => ("20s,40s", "[\"20s\", \"40s\"]".to_owned()),
            Kind::Count(..) => ("2000", "2_000".to_owned()),
            Kind::Bytes(..) => ("32MiB", "\"32MiB\"".to_owned()),
            Kind::Switch(_) => ("true", "true".to_owned()),
            Kind::Path(_) => (path, format!("{path:?}")),
            Kind::HttpUrl(_) => ("https://host/a", "\"https://host/a\"".to_owned()),
            Kind::WebSocketUrl(_) => ("wss://host/a", "\"wss://host/a\"".to_owned()),
            Kind::WebhookUrl(_) => (
                "https://host/(hidden)",
                "\"https://host/(hidden)\"".to_owned(),
            ),
            Kind::List(_) => match setting.name {
                "trusted-proxy" => (
                    "10.0.0.7,fd00::/8",
                    "[\"10.0.0.7\", \"fd00::/8\"]".to_owned(),
                ),
                _ => (
                    "https://a.example/,http://b.example:81/gauge",
                    "[\"https://a.example/\", \"http://b.example:81/gauge\"]".to_owned(),
                ),
            },
            Kind::Id(_) => ("id-2", "\"id-2\"".to_owned()),
            Kind::Phrase(_) => ("a:read b", "\"a:read b\"".to_owned()),
            Kind::Proxy(_) => ("http://proxy:3128", "\"http://proxy:3128\"".to_owned()),
            Kind::NoProxy => ("a.b,10.0.0.0/8", "\"a.b,10.0.0.0/8\"".to_owned()),
            Kind::Secret(_) => continue,
            Kind::Text(_) => {
                let value = match setting.name {
                    "log" => "debug",
                    "region" => "eu-central-1",
                    "session-link" => "https://a.example/#/{id}",
                    _ => setting.default.unwrap(),
                };
                (value, format!("{value:?}"))
            }
        };
        let name = setting.name;
        let by_flag = load(&flags(&[(name, value)]), &environment(&[]));
        assert_eq!(shown(&by_flag, name), (text(value), format!("--{name}")));
        for variable in setting.variables() {
            let given = [(variable.as_str(), value)];
            let by_variable = load(&Flags::default(), &environment(&given));
            assert_eq!(shown(&by_variable, name), (text(value), variable));
        }
        let by_file = load_file_in(&format!("{name} = {toml}"), &Environment::default());
        let (value_of_file, origin) = shown(&by_file, name);
        assert_eq!(value_of_file, text(value), "{name}");
        assert!(origin.ends_with("streamgauge.toml:1"), "{origin}");
    }
}

/// Values that no setting of that kind may take.
fn bad_values(setting: &Setting) -> Vec<String> {
    let mut bad: Vec<&str> = vec![""];
    bad.extend(match &setting.kind {
        Kind::Length(..) => vec!["banana", "60", "-1s", "1us", "99999d", "1e18h", "６０s"],
        Kind::Lengths(..) => vec!["10s,", "10s;1m", "10s,99999d", "0s"],
        Kind::Count(range, _) => vec![
            "banana",
            "-1",
            "1.5",
            // Where 0 turns something off, it is as bad as a word that means it.
            if range.contains(&0) { "off" } else { "0" },
            "99999999999999999999999",
            "１０",
        ],
        Kind::Bytes(..) => vec!["banana", "-1", "1.5MiB", "0", "99999999999GiB", "1ＭiB"],
        Kind::Switch(_) => vec!["yes", "2", "TRUE", "да"],
        Kind::Path(_) => vec![],
        Kind::HttpUrl(_) | Kind::WebSocketUrl(_) | Kind::WebhookUrl(_) => vec![
            "banana",
            "ftp://host/",
            "http://host/",
            "ws://host/",
            "https://me:s3cret@host/",
            "wss://me:s3cret@host/",
            "wss://хост/",
        ],
        Kind::List(_) => vec![
            "banana",
            "10.0.0.7,banana",
            "https://a.example/,",
            "https://me:s3cret@host/",
            "me:s3cret@host",
            "host/?token=s3cret",
        ],
        Kind::Id(_) => vec!["id:s3cret", "i d", "ид"],
        Kind::Phrase(_) => vec!["\u{1b}[2J", "日本"],
        Kind::Proxy(_) => vec![
            "http://",
            "http://me:s3cret@",
            "http://me:s3/cret@proxy:1",
            "http://proxy:99999",
            "http://прокси",
        ],
        // What means nothing in it is noted: others put it there for other programs.
        Kind::NoProxy => vec![],
        Kind::Text(_) => vec!["banana", "\u{1b}[2J", "5", "日本"],
        // The rest of the table's columns is tested in `secret`.
        Kind::Secret(_) => vec!["s3cret s3cret", "s3cret\n", "s3crét"],
    });
    let mut bad: Vec<String> = bad.into_iter().map(str::to_owned).collect();
    bad.push("9".repeat(1 << 20));
    bad
}

#[test]
fn every_setting_refuses_every_bad_value_from_every_layer() {
    for setting in SETTINGS {
        let name = setting.name;
        for bad in bad_values(setting) {
            if !setting.is_secret() {
                let loaded = load(&flags(&[(name, &bad)]), &environment(&[]));
                // A credential that comes as a flag and a variable is another fault.
                check_one_fault(&loaded, name, &[&format!("--{name}")]);
            }
            // An empty variable is none; see below.
            for variable in setting.variables().filter(|_| !bad.is_empty()) {
                let given = [(variable.as_str(), bad.as_str())];
                let loaded = load(&Flags::default(), &environment(&given));
                check_one_fault(&loaded, name, &[&variable]);
            }
            let is_text = !matches!(
                setting.kind,
                Kind::Switch(_) | Kind::Count(..) | Kind::Lengths(..)
            );
            if setting.is_in_file() && is_text && bad.len() < 1_000 {
                // Escapes that Rust and TOML share.
                let quoted = bad.replace('\u{1b}', "\\u001b");
                let loaded = load_file(&format!("# first line\n{name} = \"{quoted}\""));
                check_one_fault(&loaded, name, &["streamgauge.toml:2"]);
            }
        }
    }
}

#[test]
fn every_setting_refuses_wrong_types_and_repetition_in_the_file() {
    for setting in SETTINGS {
        let name = setting.name;
        for wrong in ["3.5", "[[1]]", "{ a = 1 }", "2026-01-15", "inf"] {
            check_one_fault(
                &load_file(&format!("{name} = {wrong}")),
                name,
                &["streamgauge.toml:1"],
            );
        }
        let wrong = match setting.kind {
            Kind::Switch(_) | Kind::Count(..) | Kind::Lengths(..) => "\"text\"",
            _ => "true",
        };
        check_one_fault(&load_file(&format!("{name} = {wrong}")), name, &[]);
        let twice = faults(&load_file(&format!("{name} = 1\n{name} = 1")));
        assert_eq!(twice.len(), 1, "{twice:?}");
        assert!(
            twice[0].contains("streamgauge.toml:2: not TOML"),
            "{twice:?}"
        );
    }
}

#[test]
fn numbers_of_the_file_are_held_to_their_range() {
    for wrong in [
        "0",
        "-1",
        "0xffffffffffffffff",
        "99999999999999999999999999999999999999999",
    ] {
        let faults = faults(&load_file(&format!("max-sessions = {wrong}")));
        assert_eq!(faults.len(), 1, "{faults:?}");
    }
    let loaded = load_file("max-sessions = 0x2000");
    assert_eq!(
        loaded.settings.unwrap().engine.aggregate.sessions_max,
        0x2000
    );
}

#[test]
fn what_is_not_in_the_table_is_refused_in_the_file_and_noted_in_the_environment() {
    for unknown in ["listne = \"x\"", "[stream]\nurl = \"x\"", "\"\\u001b\" = 1"] {
        let faults = faults(&load_file(unknown));
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].contains("unknown setting"), "{faults:?}");
    }
    check_one_fault(
        &load_file("listne = \"x\""),
        "listne",
        &["did you mean listen?"],
    );
    let loaded = load(
        &Flags::default(),
        &environment(&[("GENESYS_CLIENT_SECERT", "s3cret")]),
    );
    assert!(loaded.settings.is_ok());
    let warning = loaded.warnings.join("\n");
    assert!(
        warning.ends_with("did you mean GENESYS_CLIENT_SECRET?"),
        "{warning}"
    );
    let given = [("STREAMGAUGE_PORT", "tcp://10.0.0.1:4000")];
    let loaded = load(&Flags::default(), &environment(&given));
    assert!(loaded.settings.is_ok());
    assert!(
        loaded
            .notes
            .iter()
            .any(|note| note.starts_with("STREAMGAUGE_PORT:"))
    );
}

#[test]
fn a_broken_file_is_one_line_a_fault_and_never_shows_its_text() {
    for broken in [
        "listen = ",
        "client-id-file = s3cret",
        "= 1",
        "a = \"s3cret",
        "\u{feff}\u{feff}x",
        "[[[[",
        "listen = \"a\"\nlisten = \"b\"",
    ] {
        let faults = faults(&load_file(broken));
        assert!(!faults.is_empty(), "{broken}");
    }
    let deep = format!("windows = {}", "[".repeat(100_000));
    assert!(!faults(&load_file(&deep)).is_empty());
    let absent = load(
        &flags(&[("config", "/nonexistent/x.toml")]),
        &environment(&[]),
    );
    check_one_fault(
        &absent,
        "/nonexistent/x.toml",
        &["cannot be read (no such file)"],
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.toml");
    fs::write(&path, b"\xff\xfe").unwrap();
    let binary = load(
        &flags(&[("config", path.to_str().unwrap())]),
        &environment(&[]),
    );
    check_one_fault(&binary, "x.toml", &["no UTF-8"]);
}

#[test]
fn all_faults_come_at_once() {
    let given: Vec<(&str, &str)> = ["window", "bucket", "skew", "listen", "region"]
        .into_iter()
        .map(|name| (name, "banana"))
        .collect();
    let loaded = load(&flags(&given), &Environment::default());
    // The two credentials are missing too.
    assert_eq!(faults(&loaded).len(), 7);
    let shown = loaded.settings.unwrap_err().to_string();
    assert!(
        shown.contains("  eu-central-1    mypurecloud.de"),
        "{shown}"
    );
}

#[test]
fn faults_between_settings() {
    let check = |given: &[(&str, &str)], name: &str, part: &str| {
        check_one_fault(&load(&flags(given), &environment(&[])), name, &[part]);
    };
    check(&[("bucket", "300ms")], "bucket", "divides one second");
    check(&[("bucket", "7s")], "window", "multiple");
    check(&[("windows", "150ms")], "windows", "multiple");
    check(
        &[("windows", "1s,2s,3s,4s,5s,6s,7s,8s")],
        "windows",
        "8 windows over 7",
    );
    check(&[("bucket", "1ms"), ("windows", "24h")], "bucket", "widen");
    check(&[("dead-after", "15s")], "dead-after", "ping interval");
    check(
        &[("backoff-base", "2s"), ("backoff-cap", "1s")],
        "backoff-base",
        "cap",
    );
    check(
        &[("awaiting-warning", "11")],
        "awaiting-warning",
        "over awaiting-critical",
    );
    check(
        &[("longest-awaiting-critical", "90s")],
        "longest-awaiting-warning",
        "turn it off by 0",
    );
    check(&[("listen", "0.0.0.0:4000")], "listen", "--token-file");
    check(&[("listen", "[::]:4000")], "listen", "--open-to-network");
    check(
        &[("ca-file", "/nonexistent.pem")],
        "ca-file",
        "cannot be read (no such file)",
    );
    check(
        &[("token-file", "/nonexistent")],
        "token-file",
        "cannot be read (no such file)",
    );
    check(
        &[("client-id", "x"), ("client-id-file", "/x")],
        "client-id",
        "given twice",
    );
    check(
        &[("client-secret-file", "/x")],
        "client-secret",
        "given twice",
    );
    check(
        &[("client-secret", "")],
        "client-secret",
        "GENESYS_CLIENT_SECRET",
    );
    check(&[("source", "nats")], "source", "not yet built");
}

#[test]
fn default_windows_that_do_not_fit_the_bucket_are_left_out() {
    let loaded = load(&flags(&[("bucket", "20s")]), &environment(&[]));
    let aggregate = loaded.settings.unwrap().engine.aggregate;
    let lengths: Vec<u32> = aggregate.windows.iter().map(|window| window.ms()).collect();
    assert_eq!(lengths, [60_000, 300_000, 3_600_000]);
}

#[test]
fn a_server_opens_to_the_network_with_a_token_or_on_request() {
    let (_folder, path) = file("t0ken-of-16-char\n");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let token = ("token-file", path.to_str().unwrap());
    for given in [token, ("open-to-network", "true")] {
        let loaded = load(&flags(&[("listen", "0.0.0.0:1"), given]), &environment(&[]));
        let serve = loaded.settings.unwrap().engine.serve;
        assert_eq!(serve.open_to_network, serve.token.is_none());
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o646)).unwrap();
    check_one_fault(
        &load(&flags(&[token]), &environment(&[])),
        "token-file",
        &["chmod"],
    );
}

#[test]
fn a_short_token_stays_on_this_machine() {
    let (_folder, path) = file("only-15-letters\n");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let token = ("token-file", path.to_str().unwrap());
    for listen in [
        "0.0.0.0:1",
        "[::]:1",
        "10.0.0.1:1",
        "[fe80::1%1]:1",
        "[::ffff:10.0.0.1]:1",
    ] {
        for open in ["false", "true"] {
            let given = [("listen", listen), token, ("open-to-network", open)];
            let loaded = load(&flags(&given), &environment(&[]));
            check_one_fault(&loaded, "token-file", &["fewer than 16 characters"]);
        }
    }
    for listen in [
        "127.0.0.1:1",
        "[::1]:1",
        "[::ffff:127.0.0.1]:1",
        "localhost:1",
    ] {
        let loaded = load(&flags(&[("listen", listen), token]), &environment(&[]));
        assert!(loaded.settings.is_ok(), "{listen}");
        let warnings = loaded.warnings.join("\n");
        assert!(
            warnings.contains("token-file: the token has fewer than 16"),
            "{warnings}"
        );
    }
}

#[test]
fn an_empty_or_blank_variable_is_as_good_as_unset() {
    let unset = load(&Flags::default(), &environment(&[]));
    for setting in SETTINGS {
        for variable in setting.variables() {
            for blank in ["", " ", "\t\n"] {
                let given = [(variable.as_str(), blank)];
                let loaded = load(&Flags::default(), &environment(&given));
                let is_credential = CREDENTIALS.iter().any(|(name, _)| *name == variable);
                if is_credential {
                    check_one_fault(&loaded, setting.name, &["missing", &variable]);
                } else {
                    let values = |loaded: &Loaded| -> Vec<Shown> {
                        loaded
                            .shown
                            .iter()
                            .map(|(_, shown)| shown.clone())
                            .collect()
                    };
                    assert_eq!(values(&loaded), values(&unset), "{variable}");
                }
            }
        }
    }
    // The weaker name counts where the stronger one is empty.
    let given = [
        ("GENESYS_ENV", "mypurecloud.de"),
        ("STREAMGAUGE_REGION", ""),
    ];
    let loaded = load(&Flags::default(), &environment(&given));
    assert_eq!(shown(&loaded, "region").1, "GENESYS_ENV");
    // A file that is empty is a slip, and no way to say nothing.
    let (_folder, path) = file("\n");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let given = flags(&[("token-file", path.to_str().unwrap())]);
    check_one_fault(
        &load(&given, &environment(&[])),
        "token-file",
        &["is empty"],
    );
}

#[test]
fn a_public_url_beyond_this_machine_asks_for_a_token_or_consent() {
    let (_folder, path) = file("correct-horse-battery\n");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let token = ("token-file", path.to_str().unwrap());
    let check = |urls: &str, given: &[(&str, &str)], is_good: bool| {
        let given = [&[("public-url", urls)], given].concat();
        let loaded = load(&flags(&given), &environment(&[]));
        match is_good {
            true => {
                let serve = loaded.settings.unwrap().engine.serve;
                assert_eq!(serve.public_urls.len(), urls.split(',').count());
            }
            false => check_one_fault(
                &loaded,
                "public-url",
                &["--token-file", "--open-to-network"],
            ),
        }
    };
    for urls in [
        "https://gauge.example/",
        "http://10.0.0.1/",
        "https://[fd00::1]/gauge",
        "https://localhost.example/",
        "http://localhost:1/,https://gauge.example/",
    ] {
        check(urls, &[], false);
        check(urls, &[token], true);
        check(urls, &[("open-to-network", "true")], true);
    }
    for urls in [
        "http://localhost:8080/gauge/",
        "https://127.9.9.9/,http://[::1]:1/",
        "http://[::ffff:127.0.0.1]/",
    ] {
        check(urls, &[], true);
    }
}

#[test]
fn a_fault_in_a_list_says_which_value_it_is() {
    let urls = "https://a.example/,https://b.example/?x,https://c.example/";
    let loaded = load(&flags(&[("public-url", urls)]), &environment(&[]));
    check_one_fault(&loaded, "public-url", &["number 2 of 3", "query"]);
    let loaded = load(
        &flags(&[("trusted-proxy", "10.0.0.0/8, ::/0")]),
        &environment(&[]),
    );
    check_one_fault(&loaded, "trusted-proxy", &["number 2 of 2", "everybody"]);
}

#[test]
fn every_file_of_a_secret_is_judged_alike() {
    let (_folder, path) = file("0123456789abcdef\n");
    let path = path.to_str().unwrap();
    for name in ["client-secret-file", "token-file", "webhook-token-file"] {
        // A secret that comes from a file comes from nowhere else.
        let secret = if name == "client-secret-file" {
            ""
        } else {
            "s3cret"
        };
        let environment = environment(&[("GENESYS_CLIENT_SECRET", secret)]);
        let load = |mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
            let given = [(name, path), ("webhook-url", "https://hooks.example/")];
            load(&flags(&given), &environment)
        };
        let read = load(0o444);
        assert!(read.settings.is_ok(), "{name}: {:?}", read.settings);
        assert_eq!(read.warnings.len(), 1, "{:?}", read.warnings);
        let expected = format!("{name}: {path}: everybody on this machine can read it (mode 0444)");
        assert!(
            read.warnings[0].starts_with(&expected),
            "{:?}",
            read.warnings
        );
        check_one_fault(&load(0o666), name, &["can replace it (mode 0666)", "chmod"]);
        assert!(load(0o400).warnings.is_empty());
    }
}

#[test]
fn a_missing_credential_names_its_variable() {
    for (missing, (name, _)) in ["client-id", "client-secret"].into_iter().zip(CREDENTIALS) {
        let environment = CREDENTIALS.into_iter().filter(|(other, _)| *other != name);
        let loaded = load(&Flags::default(), &environment.collect());
        check_one_fault(&loaded, missing, &["missing", name]);
    }
}

#[test]
fn a_variable_that_is_no_text_is_refused() {
    let bytes = OsString::from_vec(vec![0xff, 0xfe]);
    let variables = CREDENTIALS.map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let given = variables
        .into_iter()
        .chain([("STREAMGAUGE_LISTEN".into(), bytes)]);
    let loaded = load(&Flags::default(), &given.collect());
    check_one_fault(&loaded, "listen", &["STREAMGAUGE_LISTEN", "no UTF-8"]);
}

#[test]
fn credentials_come_from_files() {
    let (_folder, path) = file("value-1\n");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let path = path.to_str().unwrap();
    for prefix in ["GENESYS_", "STREAMGAUGE_"] {
        let environment = [
            (format!("{prefix}CLIENT_ID_FILE"), path),
            (format!("{prefix}CLIENT_SECRET_FILE"), path),
        ];
        let loaded = load(&Flags::default(), &environment.into_iter().collect());
        assert_eq!(
            shown(&loaded, "client-id"),
            (text("value-1"), "client-id-file".into())
        );
        let hidden = (ShownValue::Hidden, "client-secret-file".to_owned());
        assert_eq!(shown(&loaded, "client-secret"), hidden);
        let auth = loaded.settings.unwrap().engine.auth.unwrap();
        assert_eq!(auth.client_id, "value-1");
        assert_eq!(auth.client_secret.expose_secret(), "value-1");
    }
}

#[test]
fn given_urls_stand_in_for_the_regions() {
    let token_url = "http://127.0.0.1:1/oauth/token";
    let loaded = load(
        &flags(&[("token-url", token_url), ("region", "mypurecloud.ie")]),
        &environment(&[]),
    );
    let engine = loaded.settings.unwrap().engine;
    assert_eq!(engine.auth.unwrap().token_url, Uri::from_static(token_url));
    let stream = "wss://api.mypurecloud.ie/api/v2/analytics/events/stream";
    assert_eq!(engine.stream.stream_url, Uri::from_static(stream));
}

#[test]
fn the_default_region_is_noted() {
    let notes = |variables: &[(&str, &str)]| {
        load(&Flags::default(), &environment(variables))
            .notes
            .join("\n")
    };
    assert!(notes(&[]).contains("unset, taken as mypurecloud.com"));
    assert!(
        notes(&[("GENESYS_ENV", "api")])
            .contains("\"api\" by GENESYS_ENV, taken as mypurecloud.com")
    );
    assert_eq!(notes(&[("GENESYS_ENV", "mypurecloud.de")]), "");
    // The program's own variable is the stronger one.
    assert_eq!(
        notes(&[("GENESYS_ENV", "api"), ("STREAMGAUGE_REGION", "eu-west-1")]),
        ""
    );
}

#[test]
fn the_log_has_a_default_of_the_commands_own() {
    let load = |given: &[(&str, &str)]| load_log(&Flags::default(), &environment(given), "warn");
    assert_eq!(load(&[]).unwrap().filter, "warn");
    assert_eq!(load(&[("RUST_LOG", "debug")]).unwrap().filter, "debug");
    // A fault elsewhere is not the log's.
    assert!(load(&[("STREAMGAUGE_WINDOW", "banana")]).is_ok());
    assert!(load(&[("RUST_LOG", "banana")]).is_err());
}

#[test]
fn no_debug_output_holds_a_secret() {
    let environment = environment(&[]);
    let loaded = load(&Flags::default(), &environment);
    let draft = Draft {
        client_secret: Some("s3cret".into()),
        ping_interval: Duration::from_secs(1),
        ..Draft::default()
    };
    let all = format!("{environment:?} {loaded:?} {draft:?}");
    assert!(all.contains("id-1") && !all.contains("s3cret"), "{all}");
}

/// The proxy of the default token URL.
fn proxy(variables: &[(&str, &str)]) -> Option<String> {
    let settings = load(&Flags::default(), &environment(variables)).settings;
    let proxies = settings.unwrap().engine.proxies;
    let proxy = proxies.choose(true, "login.mypurecloud.com", 443);
    proxy.map(ToString::to_string)
}

#[test]
fn proxies_come_from_the_variables_that_every_program_reads() {
    let check = |variables: &[(&str, &str)], expected: Option<&str>| {
        assert_eq!(proxy(variables).as_deref(), expected, "{variables:?}");
    };
    let (all, upper) = (("ALL_PROXY", "all:1"), ("HTTPS_PROXY", "upper:1"));
    let (lower, own) = (
        ("https_proxy", "lower:1"),
        ("STREAMGAUGE_HTTPS_PROXY", "own:1"),
    );
    check(&[], None);
    check(&[("all_proxy", "all:1")], Some("http://all:1"));
    check(&[all, upper], Some("http://upper:1"));
    check(&[all, upper, lower], Some("http://lower:1"));
    check(&[all, upper, lower, own], Some("http://own:1"));
    check(&[all, ("STREAMGAUGE_HTTPS_PROXY", "none")], None);
    check(&[("HTTP_PROXY", "http:1")], None);
    // Set and empty, they say nothing.
    check(
        &[all, ("HTTPS_PROXY", ""), ("https_proxy", "")],
        Some("http://all:1"),
    );
    check(&[upper, ("NO_PROXY", "")], Some("http://upper:1"));
    check(&[upper, ("NO_PROXY", ".mypurecloud.com")], None);
    check(
        &[upper, ("NO_PROXY", ".mypurecloud.com"), ("no_proxy", "a.b")],
        Some("http://upper:1"),
    );
    check(&[upper, ("no_proxy", "*")], None);
}

#[test]
fn a_request_names_no_proxy() {
    let given = [("HTTP_PROXY", "evil:1"), ("REQUEST_METHOD", "GET")];
    let loaded = load(&Flags::default(), &environment(&given));
    assert!(loaded.settings.unwrap().engine.proxies.http.is_none());
    assert!(
        loaded
            .notes
            .iter()
            .any(|note| note.contains("REQUEST_METHOD"))
    );
    let given = [("http_proxy", "good:1"), ("REQUEST_METHOD", "GET")];
    let loaded = load(&Flags::default(), &environment(&given));
    assert!(loaded.settings.unwrap().engine.proxies.http.is_some());
}

#[test]
fn a_proxy_that_cannot_be_used_is_refused_where_it_would_be() {
    let socks = ("ALL_PROXY", "socks5://me:s3cret@proxy:1080");
    let faults = faults(&load(&Flags::default(), &environment(&[socks])));
    assert_eq!(faults.len(), 1, "{faults:?}");
    let expected = "config: all-proxy: ALL_PROXY: a socks5 proxy is not supported";
    assert!(faults[0].starts_with(expected), "{faults:?}");
    assert!(!faults[0].contains("s3cret"));
    // Another program's proxy is no concern of ours.
    for exempting in [
        ("NO_PROXY", "mypurecloud.com"),
        ("HTTPS_PROXY", "proxy:3128"),
    ] {
        let loaded = load(&Flags::default(), &environment(&[socks, exempting]));
        assert!(loaded.settings.is_ok(), "{exempting:?}");
    }
    let only_here = [
        socks,
        ("STREAMGAUGE_TOKEN_URL", "http://127.0.0.1:1/"),
        ("STREAMGAUGE_STREAM_URL", "ws://localhost:1/"),
    ];
    assert!(
        load(&Flags::default(), &environment(&only_here))
            .settings
            .is_ok()
    );
}

#[test]
fn a_proxys_password_stays_out_of_sight() {
    let url = "http://me:s3cret@proxy:3128";
    let loaded = load(&Flags::default(), &environment(&[("HTTPS_PROXY", url)]));
    assert_eq!(
        shown(&loaded, "https-proxy").0,
        text("http://(hidden)@proxy:3128")
    );
    assert!(
        loaded
            .notes
            .iter()
            .any(|note| note.contains("unencrypted to http://(hidden)@proxy"))
    );
    assert!(!format!("{loaded:?}").contains("s3cret"));
    let by_flag = load(&flags(&[("https-proxy", url)]), &environment(&[]));
    check_one_fault(
        &by_flag,
        "https-proxy",
        &["--https-proxy", "set HTTPS_PROXY"],
    );
    let by_file = load_file(&format!("https-proxy = \"{url}\""));
    check_one_fault(&by_file, "https-proxy", &["streamgauge.toml:1"]);
    assert!(!format!("{by_flag:?} {by_file:?}").contains("s3cret"));
}

#[test]
fn what_of_no_proxy_means_nothing_is_noted() {
    let given = [("NO_PROXY", "a.b,10.0.0.0/99")];
    let loaded = load(&Flags::default(), &environment(&given));
    assert!(loaded.settings.is_ok());
    let note = "no-proxy: NO_PROXY: \"10.0.0.0/99\": neither a host nor a network, and not read";
    assert!(
        loaded.notes.iter().any(|found| found == note),
        "{:?}",
        loaded.notes
    );
}

#[test]
fn top_has_the_proxies_of_the_environment() {
    let given = [
        ("https_proxy", "proxy:1"),
        ("no_proxy", "a.b"),
        ("STREAMGAUGE_WINDOW", "banana"),
    ];
    let proxies = load_proxies(&given.into_iter().collect()).unwrap();
    assert!(proxies.choose(true, "c.d", 443).is_some());
    assert!(proxies.choose(true, "a.b", 443).is_none());
    let broken = [("https_proxy", "http://me:s3cret@")];
    let error = load_proxies(&broken.into_iter().collect()).unwrap_err();
    assert!(
        error.to_string().contains("https-proxy: https_proxy: "),
        "{error}"
    );
    assert!(!error.to_string().contains("s3cret"));
}

#[test]
fn what_gateways_want_of_a_token_request_is_set() {
    let given = [
        ("STREAMGAUGE_OAUTH_SCOPE", "a:read b"),
        ("STREAMGAUGE_OAUTH_AUDIENCE", "https://api.example/"),
        ("STREAMGAUGE_OAUTH_CREDENTIALS", "body"),
    ];
    let auth = load(&Flags::default(), &environment(&given))
        .settings
        .unwrap()
        .engine
        .auth
        .unwrap();
    assert_eq!(auth.scope.as_deref(), Some("a:read b"));
    assert_eq!(auth.audience.as_deref(), Some("https://api.example/"));
    assert_eq!(auth.credentials_in, CredentialsIn::Body);
    for bad in ["a  b", " a", "a ", "a\"b", "a\\b", "é"] {
        let loaded = load(
            &Flags::default(),
            &environment(&[("STREAMGAUGE_OAUTH_SCOPE", bad)]),
        );
        check_one_fault(&loaded, "oauth-scope", &["STREAMGAUGE_OAUTH_SCOPE"]);
    }
}

#[test]
fn what_differs_is_named_secrets_too() {
    let (_folder, path) = file("0123456789abcdef\n");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let load = |window: &str, secret: &str, hook: &str| {
        let token = ("webhook-token-file", path.to_str().unwrap());
        let given = flags(&[("window", window), ("webhook-url", hook), token]);
        load(&given, &environment(&[("GENESYS_CLIENT_SECRET", secret)]))
    };
    let first = load("60s", "s3cret", "https://hooks.example/s3cret-1");
    assert!(first.differing(&first).is_empty());
    let other = load("30s", "s3cret-2", "https://hooks.example/s3cret-2");
    let expected = ["client-secret", "window", "webhook-url"];
    assert_eq!(first.differing(&other), expected);
    fs::write(&path, "another-0123456789\n").unwrap();
    let again = load("60s", "s3cret", "https://hooks.example/s3cret-1");
    assert_eq!(first.differing(&again), ["webhook-token-file"]);
}
