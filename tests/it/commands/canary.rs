//! A peer that repeats, in every place and every form, whatever it was sent: `serve` must not repeat it
//! once more, in no log, no `lastError` and no readiness.

use std::fmt::Write as _;
use std::fs;
use std::fs::Permissions;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;

use super::process::Process;
use crate::auth::grant;
use crate::auth::read_request;
use crate::engine::rig::ask;
use crate::http::Client;
use crate::source::peer::Peer;
use crate::source::peer::close;

const SECRET: &str = "c4n4ry/secret+1==";
const TOKEN: &str = "t0ken/c4n4ry+2~x==";
const HOOK_TOKEN: &str = "h00k/c4n4ry+3==";
const HOOK_KEY: &str = "k3y-c4n4ry-4";
const PROXY_PASSWORD: &str = "pr0xy:c4n4ry/5";

/// Everything that must not come out.
const SECRETS: [&str; 5] = [SECRET, TOKEN, HOOK_TOKEN, HOOK_KEY, PROXY_PASSWORD];

/// What the peer was sent, in all the forms that servers repeat it in.
fn echo(request: &str) -> String {
    let mut decoded = String::new();
    for line in request.lines() {
        let basic = line
            .split_once("Basic ")
            .and_then(|(_, pair)| STANDARD.decode(pair).ok());
        if let Some(pair) = basic {
            let _ = write!(decoded, "{} ", String::from_utf8(pair).unwrap());
        }
    }
    let all = format!("{decoded} {request}");
    let percent: String = all.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let json = serde_json::to_string(&all).unwrap().replace('/', "\\/");
    let wide: String = decoded.chars().flat_map(|c| [c, '\0']).collect();
    [
        decoded,
        percent,
        json,
        STANDARD.encode(&all),
        URL_SAFE_NO_PAD.encode(&all),
        wide,
        all,
    ]
    .join(" ")
}

/// Which of the forms comes first, by turns: only the beginning is ever quoted.
fn turned(text: &str, turn: usize) -> String {
    let parts: Vec<&str> = text.split(' ').collect();
    let at = turn * 7 % parts.len();
    [&parts[at..], &parts[..at]].concat().join(" ")
}

fn refusal(status: &str, body: &str) -> String {
    let line: String = body
        .chars()
        .filter(|c| c.is_ascii_graphic() || *c == ' ')
        .collect();
    format!(
        "HTTP/1.1 {status} {line}\r\nX-Error: {line}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

struct Echo {
    tokens: AtomicUsize,
    streams: AtomicUsize,
    tunnels: AtomicUsize,
    hooks: AtomicUsize,
}

impl Echo {
    /// One connection: of a client, or of one that takes this for a proxy.
    async fn serve(&self, mut socket: TcpStream) {
        let request = read_request(&mut socket).await;
        let target = request.split(' ').nth(1).unwrap_or_default().to_owned();
        let answer = if request.starts_with("CONNECT") {
            match self.tunnels.fetch_add(1, Ordering::SeqCst) {
                turn @ 0..2 => refusal("407", &turned(&echo(&request), turn)),
                _ => {
                    let _ = socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
                    return self.stream(socket).await;
                }
            }
        } else if target.contains("/oauth") {
            match self.tokens.fetch_add(1, Ordering::SeqCst) {
                turn @ 0..2 => refusal("403", &turned(&echo(&request), turn)),
                2 => {
                    let said = serde_json::to_string(&echo(&request)).unwrap();
                    let body = format!(
                        r#"{{"error":"temporarily_unavailable","error_description":{said}}}"#
                    );
                    refusal("400", &body)
                }
                _ => grant(TOKEN, 3_600),
            }
        } else {
            let turn = self.hooks.fetch_add(1, Ordering::SeqCst);
            let status = if turn.is_multiple_of(2) { "500" } else { "404" };
            refusal(status, &turned(&echo(&request), turn))
        };
        let _ = socket.write_all(answer.as_bytes()).await;
    }

    async fn stream(&self, socket: TcpStream) {
        let mut peer = Peer::new(socket).await;
        match self.streams.fetch_add(1, Ordering::SeqCst) {
            turn @ 0..4 => {
                let said = turned(&echo(&peer.request), turn);
                peer.write(refusal("400", &said).as_bytes()).await;
            }
            4 => {
                peer.open().await;
                peer.write(&close(4000, &format!("you are {TOKEN}"))).await;
                peer.until_close().await;
            }
            _ => {
                peer.open().await;
                let cut = format!("{}{}", "z".repeat(112), &TOKEN[..11]);
                peer.write(&close(1011, &cut)).await;
                peer.until_close().await;
            }
        }
    }
}

async fn start() -> (SocketAddr, Arc<Echo>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let echo = Arc::new(Echo {
        tokens: AtomicUsize::new(0),
        streams: AtomicUsize::new(0),
        tunnels: AtomicUsize::new(0),
        hooks: AtomicUsize::new(0),
    });
    let serving = Arc::clone(&echo);
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let echo = Arc::clone(&serving);
            tokio::spawn(async move { echo.serve(socket).await });
        }
    });
    (address, echo)
}

/// Fails when a secret stands in the text, in one of its forms.
#[track_caller]
fn check(what: &str, text: &str) {
    for secret in SECRETS {
        let percent: String = secret.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let mut forms = vec![secret.to_owned(), secret[..10].to_owned(), percent];
        for shift in 0..3 {
            let encoded = STANDARD.encode(format!("{}{secret}", "-".repeat(shift)));
            // Without the characters that depend on what stands beside it.
            forms.push(encoded[4..16].to_owned());
        }
        for form in forms {
            assert!(
                !text.contains(&form),
                "{form} of {secret} in {what}: {text}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_repeats_everything_gets_nothing_told() {
    let (peer, echo) = start().await;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("streamgauge.toml");
    let alert = "[[alert]]\nname = \"quiet\"\nmetric = \"openSessions\"\nbelow = 1\n";
    let other = "[[alert]]\nname = \"idle\"\nmetric = \"openSessions\"\nbelow = 2\n";
    let settings = "backoff-base = \"10ms\"\nbackoff-cap = \"20ms\"\ntoken-in-query = true\n";
    fs::write(&config, format!("{settings}{alert}{other}")).unwrap();
    let hook_token = folder.path().join("hook");
    fs::write(&hook_token, HOOK_TOKEN).unwrap();
    fs::set_permissions(&hook_token, Permissions::from_mode(0o600)).unwrap();
    let password = PROXY_PASSWORD.replace(':', "%3A").replace('/', "%2F");
    let variables = [
        ("GENESYS_CLIENT_ID", "client-1".to_owned()),
        ("GENESYS_CLIENT_SECRET", SECRET.to_owned()),
        (
            "STREAMGAUGE_TOKEN_URL",
            format!("http://{peer}/oauth/token"),
        ),
        ("STREAMGAUGE_STREAM_URL", format!("ws://{peer}/stream")),
        (
            "STREAMGAUGE_WEBHOOK_URL",
            format!("http://{peer}/hooks/{HOOK_KEY}?key={HOOK_KEY}"),
        ),
        (
            "STREAMGAUGE_WEBHOOK_TOKEN_FILE",
            hook_token.display().to_string(),
        ),
        ("STREAMGAUGE_LISTEN", "127.0.0.1:0".to_owned()),
        ("http_proxy", format!("http://me:{password}@{peer}")),
        ("no_proxy", "<-loopback>".to_owned()),
    ];
    let variables: Vec<(&str, &str)> = variables
        .iter()
        .map(|(name, value)| (*name, &**value))
        .collect();
    let config = config.display().to_string();
    let args = ["serve", "--log", "trace", "--config", &config];
    let mut serving = Process::start(&args, &variables);
    let address: SocketAddr = serving.address().parse().unwrap();
    let mut errors = Vec::new();
    // Until each of the places has been used.
    while echo.streams.load(Ordering::SeqCst) < 7 || echo.hooks.load(Ordering::SeqCst) < 3 {
        let answer = ask(
            address,
            "{ stream { lastError } alerts { notifications { lastError } } }",
        )
        .await;
        assert!(answer["errors"].is_null(), "{answer}");
        errors.push(answer.to_string());
        let mut client = Client::connect(address, hyper::Version::HTTP_11).await;
        let readiness = client.get(address, "/readyz").await;
        errors.push(String::from_utf8(readiness.body().to_vec()).unwrap());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    serving.signal(&["TERM"]);
    let ended = tokio::task::spawn_blocking(move || serving.wait())
        .await
        .unwrap();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    errors.dedup();
    for error in &errors {
        check("an answer", error);
    }
    check("the log", &ended.stderr);
    check("the output", &ended.stdout);
    for part in [
        "oauth: ",
        "proxy: ",
        "handshake: ",
        "stream: closed by the peer (4000): you are [hidden]",
        "webhook: ",
    ] {
        let line = ended
            .stderr
            .lines()
            .find(|line| line.contains(part) && line.contains("[hid"));
        assert!(line.is_some(), "{part}: {}", ended.stderr);
    }
}
