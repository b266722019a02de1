//! SIGHUP: a server reads its settings again, all of them or none; other commands end.

use std::fs;
use std::fs::Permissions;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use hyper::Method;
use hyper::Version;
use hyper::header;
use serde_json::Value;
use serde_json::json;
use streamgauge::simulate::SimulatorSettings;
use tempfile::TempDir;
use tokio::time::sleep;
use tokio::time::timeout;

use super::process::HANG;
use super::process::Process;
use super::process::signal;
use super::serve::StandIn;
use super::terminal::Pty;
use crate::http::Client;
use crate::http::request;
use crate::http::secure::Authority;
use crate::push::rig::Events;
use crate::push::rig::HANDSHAKE;
use crate::push::rig::LIVE;
use crate::push::rig::Raw;

const FIRST: &str = "first-token-of-readers";
const SECOND: &str = "second-token-of-readers";
const ALERT: &str = "[[alert]]\nname = \"crowd\"\nmetric = \"openSessions\"\nabove = 1000000\n";

/// What is done to the files of a server.
type Breaks = Box<dyn Fn()>;

/// A server with a file of settings and a token, and where both lie.
struct Server {
    process: Process,
    address: SocketAddr,
    folder: TempDir,
    _stand_in: StandIn,
}

impl Server {
    async fn start() -> Self {
        let stand_in = StandIn::start(&[]).await;
        let folder = tempfile::tempdir().unwrap();
        let mut command = stand_in.command();
        let path = |name: &str| folder.path().join(name);
        write(&path("token"), FIRST);
        write(&path("settings.toml"), ALERT);
        command.arg("--config").arg(path("settings.toml"));
        command.arg("--token-file").arg(path("token"));
        let mut process = Process::of(&mut command);
        let address = process.address().parse().unwrap();
        Self {
            process,
            address,
            folder,
            _stand_in: stand_in,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What is said of a SIGHUP.
    fn hang_up(&mut self) -> String {
        self.process.signal(&["HUP"]);
        self.process.until_stderr("reload: ")
    }

    /// The status of a GraphQL request, and its data.
    async fn ask(&self, headers: &[(&str, &str)], query: &str) -> (u16, Value) {
        let body = json!({ "query": query }).to_string();
        let mut post = request(self.address, Method::POST, "/graphql", &body);
        for (name, value) in headers
            .iter()
            .chain(&[("content-type", "application/json")])
        {
            let name: header::HeaderName = name.parse().unwrap();
            post.headers_mut().insert(name, value.parse().unwrap());
        }
        let mut client = Client::connect(self.address, Version::HTTP_11).await;
        let answer = client.send(post).await;
        let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        (answer.status().as_u16(), body["data"].clone())
    }

    async fn status(&self, token: &str) -> u16 {
        let bearer = format!("Bearer {token}");
        self.ask(&[("authorization", &bearer)], "{ __typename }")
            .await
            .0
    }

    fn end(self) {
        self.process.signal(&["TERM"]);
        let ended = self.process.wait();
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    }
}

fn write(path: &PathBuf, text: &str) {
    // Beside it and then in its place, as every tool does.
    let new = path.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::set_permissions(&new, Permissions::from_mode(0o600)).unwrap();
    fs::rename(&new, path).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn token_alerts_and_levels_are_read_again_and_sessions_of_the_token_that_is_gone_end() {
    let mut server = Server::start().await;
    let bearer = format!("authorization: Bearer {FIRST}\r\n");
    let (mut shown, head) = Raw::handshake(server.address, &format!("{HANDSHAKE}{bearer}")).await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    shown.say(r#"{"type":"connection_init"}"#).await;
    let (mut told, _) = Raw::handshake(server.address, HANDSHAKE).await;
    let init =
        json!({"type": "connection_init", "payload": {"authorization": format!("Bearer {FIRST}")}});
    told.say(&init.to_string()).await;
    for socket in [&mut shown, &mut told] {
        assert_eq!(socket.hear().await, json!({ "type": "connection_ack" }));
        socket.subscribe("a", LIVE).await;
        assert_eq!(socket.hear().await["type"], "next");
    }
    let closing = format!("{bearer}connection: close\r\n");
    let (mut events, head) = Events::open(server.address, LIVE, &closing).await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let cookie = {
        let mut sign_in = request(server.address, Method::POST, "/session", "");
        let bearer = format!("Bearer {FIRST}").parse().unwrap();
        sign_in.headers_mut().insert(header::AUTHORIZATION, bearer);
        let mut client = Client::connect(server.address, Version::HTTP_11).await;
        let answer = client.send(sign_in).await;
        let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    };
    let by_cookie = [("cookie", cookie.as_str())];
    assert_eq!(server.ask(&by_cookie, "{ __typename }").await.0, 200);
    // The same again changes nothing and ends nothing.
    assert!(server.hang_up().contains("nothing changed"));
    assert_eq!(shown.hear().await["type"], "next");

    write(&server.path("token"), &format!("{SECOND}\n"));
    let alerts = format!(
        "log = \"debug\"\n{ALERT}{}",
        ALERT.replace("crowd", "throng")
    );
    write(&server.path("settings.toml"), &alerts);
    let said = server.hang_up();
    for part in [
        "token replaced",
        "alerts: 1 new, 0 gone, 1 kept",
        "log: debug",
    ] {
        assert!(said.contains(part), "{said}");
    }
    for socket in [&mut shown, &mut told] {
        let (code, reason) = socket.closed().await;
        assert_eq!(code, 4403, "{reason}");
        assert!(reason.contains("token has been replaced"), "{reason}");
    }
    while events.next().await.is_some() {}
    assert_eq!(server.ask(&by_cookie, "{ __typename }").await.0, 401);
    assert_eq!(server.status(FIRST).await, 401);
    assert_eq!(server.status(SECOND).await, 200);
    let bearer = format!("Bearer {SECOND}");
    let names = || async {
        let headers = [("authorization", bearer.as_str())];
        let data = server
            .ask(&headers, "{ alerts { items { name } } }")
            .await
            .1;
        data["alerts"]["items"].to_string()
    };
    let both = json!([{ "name": "crowd" }, { "name": "throng" }]).to_string();
    let watched = async {
        while names().await != both {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(HANG, watched).await.unwrap();
    // The level is in force: a feed tells of its end at debug.
    server.process.until_stderr("a feed has ended");
    server.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_anywhere_changes_nothing_and_is_named() {
    let mut server = Server::start().await;
    let (token, settings) = (server.path("token"), server.path("settings.toml"));
    let token_is = |text: &'static str| {
        let token = token.clone();
        move || write(&token, text)
    };
    let settings_are = |text: String| {
        let settings = settings.clone();
        move || write(&settings, &text)
    };
    let (directory, away) = (token.clone(), token.clone());
    let cases: Vec<(Breaks, &str)> = vec![
        (Box::new(token_is("")), "token-file: --token-file: is empty"),
        (
            Box::new(token_is("two\nlines")),
            "token-file: --token-file: has a space",
        ),
        (Box::new(settings_are("window = ".into())), "not TOML"),
        (
            Box::new(settings_are("listne = \"x\"".into())),
            "did you mean listen?",
        ),
        (
            Box::new(settings_are("log = \"loud\"".into())),
            "not a log filter",
        ),
        (
            // One window is there only after a restart.
            Box::new(settings_are(format!(
                "windows = [\"2m\"]\n{ALERT}window = \"2m\"\n{}",
                ALERT
                    .replace("openSessions", "activeSessions")
                    .replace("crowd", "c2")
                    + "window = \"2m\"\n"
            ))),
            "window",
        ),
        (
            Box::new(move || {
                fs::remove_file(&away).unwrap();
            }),
            "no such file",
        ),
        (
            Box::new(move || fs::create_dir(&directory).unwrap()),
            "is a directory",
        ),
    ];
    for (breaks, part) in cases {
        // Beside the fault, something that would be in force without it.
        if fs::metadata(&token).is_ok_and(|token| token.is_file()) {
            write(&token, SECOND);
        }
        write(&settings, &ALERT.replace("crowd", "throng"));
        breaks();
        let said = server.hang_up();
        assert!(said.contains("nothing changed: config: "), "{part}: {said}");
        assert!(said.contains(part), "{part}: {said}");
        assert_eq!(server.status(FIRST).await, 200, "{part}");
        assert_eq!(server.status(SECOND).await, 401, "{part}");
    }
    let bearer = format!("Bearer {FIRST}");
    let headers = [("authorization", bearer.as_str())];
    let data = server
        .ask(&headers, "{ alerts { items { name } } }")
        .await
        .1;
    assert_eq!(data["alerts"]["items"], json!([{ "name": "crowd" }]));
    server.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_a_restart_is_named_and_signals_may_come_together() {
    let mut server = Server::start().await;
    write(
        &server.path("settings.toml"),
        &format!("window = \"30s\"\nskew = \"1s\"\n{ALERT}"),
    );
    let said = server.hang_up();
    assert!(said.contains("only by a restart: window, skew"), "{said}");
    assert!(!said.contains("alerts"), "{said}");
    // Both wait for the process while it is stopped, and then there is one reload or two.
    write(&server.path("token"), SECOND);
    server.process.signal(&["STOP", "HUP", "HUP", "CONT"]);
    server.process.until_stderr("token replaced");
    assert_eq!(server.status(SECOND).await, 200);
    // Signals that would end a process by default, and mean nothing to this one.
    server.process.signal(&["USR1"]);
    server.process.until_stderr("SIGUSR1: nothing hangs on it");
    server.process.signal(&["USR2", "PIPE"]);
    server.process.until_stderr("SIGUSR2: nothing hangs on it");
    assert_eq!(server.status(SECOND).await, 200);
    // An end that has begun is not held up.
    server
        .process
        .signal(&["STOP", "HUP", "TERM", "HUP", "CONT"]);
    let ended = server.process.wait();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_was_renewed_is_shown_and_a_broken_one_changes_nothing() {
    let stand_in = StandIn::start(&[]).await;
    let authority = Authority::new();
    let (files, next) = (
        authority.pair("shown", [2020, 2100]),
        authority.pair("next", [2020, 2100]),
    );
    let mut command = stand_in.command();
    command.arg("--tls-cert").arg(&files.cert);
    command.arg("--tls-key").arg(&files.key);
    let mut process = Process::of(&mut command);
    let said = process.until_stderr("serving GraphQL at ");
    let (_, url) = said.split_once("https://").unwrap();
    let address = url.strip_suffix("/graphql").unwrap().parse().unwrap();
    let shown = async || {
        let stream = authority.connect(address, &[]).await;
        let chain = stream.get_ref().1.peer_certificates().unwrap();
        chain[0].to_vec()
    };
    let first = shown().await;
    fs::copy(&next.cert, &files.cert).unwrap();
    process.signal(&["HUP"]);
    let said = process.until_stderr("reload: ");
    assert!(said.contains("tls-key: "), "{said}");
    assert_eq!(shown().await, first);
    fs::copy(&next.key, &files.key).unwrap();
    process.signal(&["HUP"]);
    process.until_stderr("certificate replaced");
    assert_ne!(shown().await, first);
    process.signal(&["TERM"]);
    assert_eq!(process.wait().code, Some(0));
}

#[test]
fn other_commands_end_unless_they_were_told_to_stay() {
    let binary = env!("CARGO_BIN_EXE_streamgauge");
    // The tests themselves may have been told to stay, by `nohup`, which their children inherit.
    let mut plain = Command::new("env");
    plain.args(["--default-signal=HUP", binary, "demo"]);
    let mut demo = Process::of(plain.args(["--listen", "127.0.0.1:0"]));
    demo.address();
    demo.signal(&["HUP"]);
    assert_eq!(demo.wait().code, Some(0));

    let script = format!("trap '' HUP; exec {binary} demo --listen 127.0.0.1:0");
    let mut demo = Process::of(Command::new("/bin/sh").args(["-c", &script]));
    demo.until_stdout("live");
    demo.signal(&["HUP"]);
    // It goes on, and is ended by what it does not ignore.
    demo.until_stdout("live");
    demo.until_stdout("live");
    demo.signal(&["TERM"]);
    assert_eq!(demo.wait().code, Some(0));
}

/// The number of the process that a shell has become, from the terminal it says it on.
fn process_on(pty: &mut Pty) -> u32 {
    pty.until("pid ");
    let number = pty.line();
    number.trim().parse().unwrap()
}

async fn gone(id: u32) {
    let ending = async {
        while fs::read_to_string(format!("/proc/{id}/stat")).is_ok_and(|stat| !stat.contains(") Z"))
        {
            sleep(Duration::from_millis(10)).await;
        }
    };
    let ended = timeout(HANG, ending).await;
    if ended.is_err() {
        signal(id, &["KILL"]);
    }
    ended.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_at_a_terminal_reloads_until_the_terminal_hangs_up() {
    let stand_in = StandIn::start(&[]).await;
    let (id, secret) = (SimulatorSettings::CLIENT, SimulatorSettings::CLIENT);
    let command = stand_in.command();
    let args: Vec<&str> = command
        .get_args()
        .map(|arg| arg.to_str().unwrap())
        .collect();
    let binary = env!("CARGO_BIN_EXE_streamgauge");
    let script = format!(
        "echo pid $$; export GENESYS_CLIENT_ID={id} GENESYS_CLIENT_SECRET={secret}; exec {binary} {}",
        args.join(" ")
    );
    let mut pty = Pty::start(&script);
    let id = process_on(&mut pty);
    pty.until("stream is live");
    signal(id, &["HUP"]);
    pty.until("reload: settings read again, nothing changed");
    // The window is closed: nobody could end the server there any more.
    pty.close();
    gone(id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_is_held_does_not_hold_up_the_end() {
    let binary = env!("CARGO_BIN_EXE_streamgauge");
    for (args, begun) in [
        ("demo --listen 127.0.0.1:0 --log trace", "live"),
        ("simulate --listen 127.0.0.1:0", "try "),
    ] {
        let mut pty = Pty::start(&format!("echo pid $$; exec {binary} {args}"));
        let id = process_on(&mut pty);
        pty.until(begun);
        // Ctrl-S.
        pty.press("\u{13}");
        signal(id, &["TERM"]);
        gone(id).await;
        pty.close();
    }
}
