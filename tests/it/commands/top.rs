//! `streamgauge top` against a running server.

use std::fs;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use streamgauge::config::ServeSettings;

use super::process::Process;
use super::terminal::Pty;
use crate::cli::CANARY;
use crate::cli::run;
use crate::forward_proxy::Act;
use crate::forward_proxy::Proxy;
use crate::http::serve;
use crate::http::settings;
use crate::metrics::sample::snapshot;

/// Runs a command on a thread of its own, so that a server in this process can answer it.
async fn top(args: &[&str]) -> crate::cli::Run {
    top_with(args, &[]).await
}

/// The same with these variables in its environment.
async fn top_with(args: &[&str], variables: &[(&str, &str)]) -> crate::cli::Run {
    let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let variables: Vec<(String, String)> = variables.iter().map(owned).collect();
    let running = tokio::task::spawn_blocking(move || {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let variables = variables.iter().map(|(name, value)| (&**name, &**value));
        run(&args, &variables.collect::<Vec<_>>())
    });
    running.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_frame_holds_the_numbers_of_the_snapshot() {
    let served = serve(settings(), snapshot()).await;
    let url = format!("http://{}", served.addr);
    let shown = top(&["top", "--once", "--url", &url]).await;
    assert_eq!((shown.code, shown.stderr.as_str()), (Some(0), ""));
    for part in [
        &format!(
            "streamgauge {} at {}",
            env!("CARGO_PKG_VERSION"),
            served.addr
        ),
        "live",
        "open 71   uncertain 70   messages/min 35",
        "ended after p50 / p99 10.0 s / 30.0 s",
        "active 14",
        "average 18.5 s",
        "total 892",
        "lag -125 ms",
        "rejected 2.04 k   ignored 101   late 103   future 104",
        "duplicates 105   shed 102",
        "alerts   1 firing   0 pending   0 ok",
        "FIRING   flood  messagesPerMinute 35, above 10",
        "QUEUE ",
        "Sales \"north\" ",
        "a \"quoted\\\" name·# …",
    ] {
        assert!(shown.stdout.contains(part), "{part}: {}", shown.stdout);
    }
    assert!(!shown.stdout.contains('\u{1b}'), "{}", shown.stdout);

    let args = ["--by", "deployment", "--sort", "open", "--filter", "NONE"];
    let shown = top(&[&["top", "--once", "--url", &url], &args[..]].concat()).await;
    let row = shown.stdout.lines().find(|line| line.starts_with("(none)"));
    assert!(row.unwrap().contains(" 9 "), "{}", shown.stdout);
    // One that is itself named so.
    let row = shown
        .stdout
        .lines()
        .find(|line| line.starts_with("\"(none)\""));
    assert!(row.unwrap().contains(" 5 "), "{}", shown.stdout);
    assert!(!shown.stdout.contains("sales"), "{}", shown.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_asked_for_and_sent() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let settings = ServeSettings {
        token: Some(CANARY.into()),
        ..settings()
    };
    let served = serve(settings, snapshot()).await;
    let url = format!("http://{}/", served.addr);
    let (right, wrong) = (file("right", CANARY), file("wrong", "else"));
    let check = async |args: &[&str], code: i32, part: &str| {
        let run = top(&[&["top", "--once", "--url", &url], args].concat()).await;
        let said = format!("{}{}", run.stdout, run.stderr);
        assert_eq!(run.code, Some(code), "{said}");
        assert!(said.contains(part), "{said}");
        assert_eq!(run.stdout.is_empty(), code != 0, "{said}");
    };
    check(
        &[],
        1,
        "the server asks for a token; give its file with --token-file",
    )
    .await;
    check(&["--token-file", &wrong], 1, "the server refuses the token").await;
    check(
        &["--token-file", "/nowhere"],
        2,
        "--token-file: /nowhere: cannot be read",
    )
    .await;
    check(&["--token-file", &right], 0, "active 14").await;
}

#[test]
fn what_keeps_it_from_starting_is_one_line() {
    let check = |args: &[&str], code: i32, part: &str| {
        let run = run(&[&["top"], args].concat(), &[]);
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (Some(code), ""),
            "{}",
            run.stderr
        );
        assert!(run.stderr.contains(part), "{}", run.stderr);
        assert!(run.stderr.starts_with("error: "), "{}", run.stderr);
    };
    // Nobody listens on the first port.
    let nowhere = ["--url", "http://127.0.0.1:1"];
    let refused = "top: 127.0.0.1:1: connection refused; start streamgauge serve or demo there";
    check(&nowhere, 1, refused);
    check(&["--url", "http://example.com"], 2, "use https or wss");
    check(&["--interval", "1ms"], 2, "under 100ms");
    check(
        &["--by", "guest"],
        2,
        "possible values: queue, deployment, direction",
    );
}

#[test]
fn lines_come_where_no_terminal_is_and_outlive_the_server() {
    let mut demo = Process::start(&["demo", "--listen", "127.0.0.1:0"], &[]);
    let address = demo.address();
    let url = format!("http://{address}");
    let mut top = Process::start(&["top", "--url", &url, "--interval", "100ms"], &[]);
    for _ in 0..3 {
        top.until_stdout("  live  active ");
    }
    demo.signal(&["TERM"]);
    demo.wait();
    top.until_stdout("  no answer for ");
    let mut again = Process::start(&["demo", "--listen", &address], &[]);
    again.address();
    top.until_stdout("  live  active ");
    top.signal(&["TERM"]);
    let ended = top.wait();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
}

#[test]
fn keys_work_on_a_terminal_which_is_given_back() {
    let mut demo = Process::start(&["demo", "--listen", "127.0.0.1:0"], &[]);
    let address = demo.address();
    let binary = env!("CARGO_BIN_EXE_streamgauge");
    for end in ["q", "\u{3}"] {
        // The modes before and after: the terminal is given back as it was. Ctrl-C goes to the shell
        // too, which must outlive it. The shell stays until a key is pressed, as `script` may drop
        // what the terminal still holds when its child ends.
        let command = format!(
            "trap : INT; before=$(stty -g); {binary} top --url http://{address} --interval 100ms; code=$?; \
             [ \"$before\" = \"$(stty -g)\" ] && modes=same || modes=other; \
             echo $modes modes, code $code; read -r _"
        );
        let mut pty = Pty::start(&command);
        pty.until("\u{1b}[?1049h");
        pty.until("q quit   s sort   b by   / filter");
        pty.until("\u{1b}[7mQUEUE");
        pty.press("b");
        pty.until("\u{1b}[7mDEPLOYMENT");
        pty.press("/zzz");
        pty.until("filter: \u{1b}[0mzzz");
        pty.press("\r");
        pty.until("/ filter: zzz");
        pty.press(end);
        pty.until("\u{1b}[?25h\u{1b}[?1049l");
        pty.until("same modes, code 0");
        pty.press("\n");
        assert!(pty.ended_well());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_on_the_way_is_used_and_named_when_it_refuses() {
    let served = serve(settings(), snapshot()).await;
    let to = served.addr;
    let mut proxy = Proxy::start(move |_| Act::Forward(to)).await;
    let by = format!("http://me:c4n4ry@{}", proxy.address);
    let url = format!("http://{to}");
    let args = ["top", "--once", "--url", &url];
    let through = [("http_proxy", by.as_str()), ("NO_PROXY", "<-loopback>")];
    let shown = top_with(&args, &through).await;
    assert_eq!((shown.code, shown.stderr.as_str()), (Some(0), ""));
    assert!(shown.stdout.contains("open 71"), "{}", shown.stdout);
    let head = proxy.next().await;
    assert!(
        head.starts_with(&format!("POST {url}/graphql HTTP/1.1\r\n")),
        "{head}"
    );
    assert!(head.contains("proxy-authorization: Basic "), "{head}");

    // This machine is reached without one, whatever is set.
    let broken = [
        ("http_proxy", "http://127.0.0.1:1"),
        ("ALL_PROXY", "socks5://127.0.0.1:1"),
    ];
    let shown = top_with(&args, &broken).await;
    assert_eq!((shown.code, shown.stderr.as_str()), (Some(0), ""));

    let refusing = Proxy::start(|head| {
        let body = format!("<html>{head}</html>");
        Act::Answer(crate::auth::answer("403 Forbidden", "text/html", &body))
    })
    .await;
    let by = format!("http://me:c4n4ry@{}", refusing.address);
    let args = ["top", "--once", "--url", "https://gauge.test"];
    let shown = top_with(&args, &[("https_proxy", &by)]).await;
    assert_eq!(shown.code, Some(1), "{}", shown.stderr);
    let expected = format!(
        "error: top: proxy: {}: does not connect to gauge.test: status 403: ",
        refusing.address
    );
    assert!(shown.stderr.starts_with(&expected), "{}", shown.stderr);
    assert_eq!(shown.stderr.lines().count(), 1, "{}", shown.stderr);
    for secret in ["c4n4ry", "bWU6YzRuNHJ5"] {
        assert!(!shown.stderr.contains(secret), "{}", shown.stderr);
    }

    let shown = top_with(&args, &[("https_proxy", "http://me:c4n4ry@")]).await;
    assert_eq!(shown.code, Some(2), "{}", shown.stderr);
    assert!(
        shown
            .stderr
            .contains("https-proxy: https_proxy: not a proxy's URL"),
        "{}",
        shown.stderr
    );
}
