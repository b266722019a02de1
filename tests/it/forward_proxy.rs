//! Token, stream, webhook and `top` by way of a proxy, and proxies that refuse.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::Request;
use streamgauge::auth::TokenSource;
use streamgauge::config::AuthSettings;
use streamgauge::config::Environment;
use streamgauge::config::StreamSettings;
use streamgauge::config::WebhookSettings;
use streamgauge::config::load_proxies;
use streamgauge::net::CallError;
use streamgauge::net::Client;
use streamgauge::net::Connector;
use streamgauge::net::Endpoint;
use streamgauge::net::NetError;
use streamgauge::net::Repeat;
use streamgauge::net::Terms;
use streamgauge::time::Clock;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt;
use tokio::io::copy_bidirectional;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::Instant;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::auth::TokenEndpoint;
use crate::auth::answer;
use crate::auth::grant;
use crate::auth::read_request;
use crate::notify;
use crate::source::peer::Peer;
use crate::source::peer::event;
use crate::source::rig::Rig;
use crate::tls::Authority;
use crate::tls::serve;

/// Longer than anything here takes; only a hang meets it.
const HANG: Duration = Duration::from_secs(60);
/// The proxy's password, with characters that a URL has to escape.
const PASSWORD: &str = "c4n4ry:/@\u{e4}";
const ESCAPED: &str = "c4n4ry%3A%2F%40%C3%A4";

/// What a proxy does with a request.
pub(crate) enum Act {
    /// Connects to this address, whatever was asked for.
    Tunnel(SocketAddr),
    /// Gives the request to this address, as one to itself.
    Forward(SocketAddr),
    /// Answers this.
    Answer(String),
    /// Says nothing.
    Silence,
}

/// A proxy, and the heads of the requests that it got.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    pub(crate) heads: UnboundedReceiver<String>,
}

impl Proxy {
    pub(crate) async fn start(act: impl Fn(&str) -> Act + Send + Sync + 'static) -> Self {
        Self::start_with(None, act).await
    }

    async fn start_with(
        tls: Option<TlsAcceptor>,
        act: impl Fn(&str) -> Act + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, heads) = unbounded_channel();
        let act = Arc::new(act);
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let (act, sender, tls) = (Arc::clone(&act), sender.clone(), tls.clone());
                tokio::spawn(async move {
                    let judge = |head: &str| {
                        let _ = sender.send(head.to_owned());
                        act(head)
                    };
                    match tls {
                        None => one(socket, judge).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(socket).await {
                                one(stream, judge).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, heads }
    }

    pub(crate) async fn next(&mut self) -> String {
        timeout(HANG, self.heads.recv()).await.unwrap().unwrap()
    }
}

/// Serves one connection.
async fn one(mut stream: impl AsyncRead + AsyncWrite + Unpin, act: impl FnOnce(&str) -> Act) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    match act(&head) {
        Act::Tunnel(to) => {
            let mut server = TcpStream::connect(to).await.unwrap();
            let established = b"HTTP/1.1 200 Connection established\r\n\r\n";
            stream.write_all(established).await.unwrap();
            stream.flush().await.unwrap();
            let _ = copy_bidirectional(&mut stream, &mut server).await;
        }
        Act::Forward(to) => {
            let mut server = TcpStream::connect(to).await.unwrap();
            let (_, behind) = head.split_once("://").unwrap();
            let (_, path) = behind.split_once('/').unwrap();
            let method = head.split(' ').next().unwrap();
            let forwarded = format!("{method} /{path}");
            server.write_all(forwarded.as_bytes()).await.unwrap();
            let _ = copy_bidirectional(&mut stream, &mut server).await;
        }
        Act::Answer(answer) => {
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.flush().await;
            let _ = stream.shutdown().await;
        }
        Act::Silence => std::future::pending().await,
    }
}

/// A connector with what these variables say of proxies.
fn connector(authority: Option<&Authority>, variables: &[(&str, &str)]) -> Connector {
    let file = authority.map(Authority::file);
    let environment: Environment = variables.iter().copied().collect();
    Connector::new(file.as_ref().map(tempfile::NamedTempFile::path))
        .unwrap()
        .with_proxies(load_proxies(&environment).unwrap())
}

fn url(proxy: &Proxy) -> String {
    format!("http://me:{ESCAPED}@{}", proxy.address)
}

/// The header line that the proxy has to get.
fn authorization() -> String {
    let pair = STANDARD.encode(format!("me:{PASSWORD}"));
    format!("proxy-authorization: Basic {pair}\r\n")
}

fn auth(url: &str) -> AuthSettings {
    AuthSettings::new(
        url.parse().unwrap(),
        "client-1".to_owned(),
        "canary-secret".into(),
    )
}

fn terms() -> Terms {
    Terms {
        repeat: Repeat::Allowed,
        deadline: Instant::now() + HANG,
        answer_bytes_max: 1_024,
    }
}

/// The error of a call to a host behind a proxy that acts like this.
async fn refusal(has_password: bool, act: impl Fn(&str) -> Act + Send + Sync + 'static) -> String {
    let proxy = Proxy::start(act).await;
    let url = match has_password {
        true => url(&proxy),
        false => format!("http://{}", proxy.address),
    };
    let connector = connector(None, &[("HTTPS_PROXY", &url)]);
    let to = Endpoint::new(&"https://token.test/".parse().unwrap()).unwrap();
    let mut terms = terms();
    terms.deadline = Instant::now() + Duration::from_secs(2);
    let client = Client::new(connector);
    let called = client.call(&to, Request::new(Bytes::new()), &terms);
    let error = called.await.unwrap_err().to_string();
    let place = format!("proxy: {}: ", proxy.address);
    assert!(
        error.starts_with(&place) || error.contains("no answer in time"),
        "{error}"
    );
    for hidden in ["c4n4", "bWU6YzRuNHJ5", "\n", "%3A"] {
        assert!(!error.contains(hidden), "{error}");
    }
    error
}

#[tokio::test]
async fn token_webhook_and_stream_go_through_a_tunnel_with_credentials() {
    let authority = Authority::new();
    let token_server = serve(
        authority.server("token.test", false),
        |mut stream| async move {
            read_request(&mut stream).await;
            let _ = stream.write_all(grant("token-1", 3_600).as_bytes()).await;
            let _ = stream.shutdown().await;
        },
    )
    .await;
    let hook_server = serve(
        authority.server("hook.test", false),
        |mut stream| async move {
            read_request(&mut stream).await;
            let _ = stream
                .write_all(answer("200 OK", "text/plain", "").as_bytes())
                .await;
            let _ = stream.shutdown().await;
        },
    )
    .await;
    let stream_server = serve(
        authority.server("stream.test", false),
        |stream| async move {
            let mut peer = Peer::new(stream).await;
            peer.open().await;
            peer.write(&(0..100).flat_map(event).collect::<Vec<u8>>())
                .await;
            peer.until_close().await;
        },
    )
    .await;
    // No name of these has an address here: the proxy resolves them.
    let mut proxy = Proxy::start(move |head| {
        assert!(head.contains(&authorization()), "{head}");
        match head.split(' ').nth(1).unwrap() {
            "token.test:443" => Act::Tunnel(token_server),
            "hook.test:8443" => Act::Tunnel(hook_server),
            "stream.test:443" => Act::Tunnel(stream_server),
            target => panic!("{target}"),
        }
    })
    .await;
    let connector = connector(Some(&authority), &[("HTTPS_PROXY", &url(&proxy))]);

    let settings = auth("https://token.test/oauth/token");
    let tokens = TokenSource::start(settings, connector.clone(), Clock::system()).unwrap();
    assert_eq!(tokens.token().await.unwrap().expose(), "token-1");
    assert!(
        proxy
            .next()
            .await
            .starts_with("CONNECT token.test:443 HTTP/1.1\r\n")
    );

    let hook = WebhookSettings::new("https://hook.test:8443/hook".parse().unwrap());
    let outcome = notify::first_outcome(&hook, connector.clone(), notify::firing()).await;
    assert!(format!("{outcome:?}").contains("Sent"), "{outcome:?}");
    assert!(proxy.next().await.contains("host: hook.test:8443\r\n"));

    let settings = StreamSettings::new("wss://stream.test/stream".parse().unwrap());
    let endpoint = TokenEndpoint::granting().await;
    let mut rig = Rig::with_connector(settings, &endpoint, connector, 64, 64);
    rig.until_events(100).await;
    rig.stop().await;
    assert!(proxy.next().await.starts_with("CONNECT stream.test:443 "));
}

#[tokio::test]
async fn a_proxy_may_be_encrypted_itself() {
    let authority = Authority::new();
    let server = serve(
        authority.server("token.test", false),
        |mut stream| async move {
            read_request(&mut stream).await;
            let _ = stream.write_all(grant("token-1", 3_600).as_bytes()).await;
            let _ = stream.shutdown().await;
        },
    )
    .await;
    let tls = TlsAcceptor::from(Arc::new(authority.server("localhost", false)));
    let proxy = Proxy::start_with(Some(tls), move |head| {
        assert!(head.contains(&authorization()), "{head}");
        Act::Tunnel(server)
    })
    .await;
    let url = format!("https://me:{ESCAPED}@localhost:{}", proxy.address.port());
    let connector = connector(Some(&authority), &[("HTTPS_PROXY", &url)]);
    let tokens =
        TokenSource::start(auth("https://token.test/"), connector, Clock::system()).unwrap();
    assert_eq!(tokens.token().await.unwrap().expose(), "token-1");
}

#[tokio::test]
async fn what_is_not_encrypted_goes_to_a_proxy_on_this_machine_alone() {
    let endpoint = TokenEndpoint::granting().await;
    let to = endpoint.address;
    let mut proxy = Proxy::start(move |_| Act::Forward(to)).await;
    let loopback = ("NO_PROXY", "<-loopback>");
    let by = |url: &str| connector(None, &[("http_proxy", url), loopback]);
    let url = url(&proxy);
    let token_url = format!("http://{to}/oauth/token");
    let tokens =
        TokenSource::start(auth_of_endpoint(&token_url), by(&url), Clock::system()).unwrap();
    assert_eq!(tokens.token().await.unwrap().expose(), "token-1");
    let head = proxy.next().await;
    assert!(
        head.starts_with(&format!("POST http://{to}/oauth/token HTTP/1.1\r\n")),
        "{head}"
    );
    assert!(head.contains(&authorization()), "{head}");

    // Unless it is said, this machine is reached without a proxy.
    let direct = connector(None, &[("http_proxy", &url), ("HTTPS_PROXY", &url)]);
    let tokens = TokenSource::start(auth_of_endpoint(&token_url), direct, Clock::system()).unwrap();
    assert_eq!(tokens.token().await.unwrap().expose(), "token-2");
    assert!(proxy.heads.try_recv().is_err());

    // The rule about plain http holds for the way as for its end.
    for (target, elsewhere) in [
        ("http://127.0.0.1:1/", "http://192.0.2.1:3128"),
        ("http://localhost:1/", "https://192.0.2.1:3128"),
    ] {
        let to = Endpoint::new(&target.parse().unwrap()).unwrap();
        let client = Client::new(by(elsewhere));
        let called = client.call(&to, Request::new(Bytes::new()), &terms()).await;
        let error = called.unwrap_err().to_string();
        assert!(error.contains("never sent over plain http"), "{error}");
        let connected = by(elsewhere).connect(&to, terms().deadline).await;
        let error = connected.unwrap_err().to_string();
        assert!(error.contains("never sent over plain http"), "{error}");
    }
    let other = Endpoint::new(&"http://token.test/".parse().unwrap());
    assert!(matches!(other, Err(NetError::Url { .. })));
}

/// The credentials that the token endpoint of `auth` asks for.
fn auth_of_endpoint(url: &str) -> AuthSettings {
    AuthSettings::new(
        url.parse().unwrap(),
        crate::auth::CLIENT.to_owned(),
        crate::auth::SECRET.into(),
    )
}

#[tokio::test]
async fn exempt_hosts_are_reached_without_the_proxy() {
    let authority = Authority::new();
    let server = serve(
        authority.server("localhost", false),
        |mut stream| async move {
            read_request(&mut stream).await;
            let _ = stream.write_all(grant("token-1", 3_600).as_bytes()).await;
            let _ = stream.shutdown().await;
        },
    )
    .await;
    let mut proxy = Proxy::start(move |_| Act::Tunnel(server)).await;
    let target = format!("https://localhost:{}/", server.port());
    let (this, other) = (
        format!("<-loopback>,localhost:{}", server.port()),
        "<-loopback>,localhost:1",
    );
    for (exempt, is_proxied) in [(this.as_str(), false), ("*", false), (other, true)] {
        let variables = [("HTTPS_PROXY", &*url(&proxy)), ("no_proxy", exempt)];
        let connector = connector(Some(&authority), &variables);
        let tokens = TokenSource::start(auth(&target), connector, Clock::system()).unwrap();
        assert_eq!(tokens.token().await.unwrap().expose(), "token-1");
        assert_eq!(proxy.heads.try_recv().is_ok(), is_proxied, "{exempt}");
    }
}

#[tokio::test]
async fn a_proxy_that_refuses_says_why_in_one_line_without_its_password() {
    let echo = |head: &str| head.replace("\r\n", "<br>");
    let html = move |head: &str| {
        let body = format!("<html>blocked: {}</html>", echo(head));
        Act::Answer(answer("403 Forbidden", "text/html", &body))
    };
    let error = refusal(true, html).await;
    assert!(
        error.contains("does not connect to token.test: status 403: \"<html>blocked: CONNECT"),
        "{error}"
    );
    assert!(
        error.ends_with("; ask who runs the proxy, or exempt the host by NO_PROXY"),
        "{error}"
    );

    let asks = |scheme: &'static str| {
        move |_: &str| {
            Act::Answer(format!(
                "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: {scheme}\r\nContent-Length: 0\r\n\r\n"
            ))
        }
    };
    let error = refusal(true, asks("Basic realm=\"x\"")).await;
    assert!(error.contains("status 407"), "{error}");
    assert!(
        error.contains("check the user name and password in the proxy's url"),
        "{error}"
    );
    let unauthorized = |_: &str| Act::Answer(answer("401 Unauthorized", "text/plain", ""));
    let error = refusal(true, unauthorized).await;
    assert!(
        error.contains("check the user name and password"),
        "{error}"
    );
    let error = refusal(false, asks("Basic realm=\"x\"")).await;
    assert!(
        error.contains("it wants a user name and password"),
        "{error}"
    );
    let error = refusal(true, asks("Negotiate")).await;
    assert!(error.contains("another scheme than Basic"), "{error}");

    let error = refusal(true, |_| {
        Act::Answer(answer("502 Bad Gateway", "text/plain", ""))
    })
    .await;
    assert!(error.contains("status 502;"), "{error}");
    let error = refusal(true, |_| Act::Answer("SSH-2.0-OpenSSH\r\n\r\n".to_owned())).await;
    assert!(error.contains("the answer is not http"), "{error}");
    let error = refusal(true, |_| Act::Answer(String::new())).await;
    assert!(
        error.contains("connection closed before the answer"),
        "{error}"
    );
    let error = refusal(true, |_| Act::Silence).await;
    assert!(
        error.contains("no answer in time (asking the proxy)"),
        "{error}"
    );
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_named() {
    let gone = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let connector = connector(
        None,
        &[("ALL_PROXY", &format!("http://me:{ESCAPED}@{gone}"))],
    );
    let to = Endpoint::new(&"https://token.test/".parse().unwrap()).unwrap();
    let client = Client::new(connector);
    let error = client
        .call(&to, Request::new(Bytes::new()), &terms())
        .await
        .unwrap_err();
    let CallError::Net(error) = error else {
        panic!("{error:?}")
    };
    let expected = format!("proxy: connect: {gone}: connection refused");
    assert!(error.to_string().starts_with(&expected), "{error}");
}

#[tokio::test]
async fn a_socks_proxy_is_refused_by_name() {
    let connector = connector(None, &[("ALL_PROXY", "socks5h://me:c4n4ry@127.0.0.1:1")]);
    let to = Endpoint::new(&"https://token.test/".parse().unwrap()).unwrap();
    let error = connector
        .connect(&to, terms().deadline)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("socks5h://(hidden)@127.0.0.1:1: a socks5h proxy is not supported"),
        "{error}"
    );
    assert!(!error.contains("c4n4ry"), "{error}");
}
