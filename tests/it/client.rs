//! The HTTP client: connections that are kept, that have ended, and that never answer.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use streamgauge::net::Answer;
use streamgauge::net::CallError;
use streamgauge::net::Client;
use streamgauge::net::Connector;
use streamgauge::net::Endpoint;
use streamgauge::net::Repeat;
use streamgauge::net::Terms;
use streamgauge::time::EpochMs;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::auth::answer;
use crate::auth::read_request;

/// Longer than anything here takes; only a hang meets it.
const HANG: Duration = Duration::from_secs(60);

/// A server, and how many connections and requests it has seen.
struct Server {
    to: Endpoint,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
}

impl Server {
    /// Answers the n-th request (from 1) of each connection; `None` ends the connection in place of
    /// an answer, without a word before.
    async fn start(answer: impl Fn(usize) -> Option<String> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let server = Self {
            to: Endpoint::new(&url.parse().unwrap()).unwrap(),
            connections: Arc::default(),
            requests: Arc::default(),
        };
        let (connections, requests) = (
            Arc::clone(&server.connections),
            Arc::clone(&server.requests),
        );
        let answer = Arc::new(answer);
        tokio::spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                connections.fetch_add(1, Ordering::SeqCst);
                let (answer, requests) = (Arc::clone(&answer), Arc::clone(&requests));
                tokio::spawn(async move {
                    for number in 1.. {
                        if read_request(&mut socket).await.is_empty() {
                            return;
                        }
                        requests.fetch_add(1, Ordering::SeqCst);
                        let Some(answer) = answer(number) else { return };
                        socket.write_all(answer.as_bytes()).await.unwrap();
                    }
                });
            }
        });
        server
    }

    fn seen(&self) -> (usize, usize) {
        let of = |count: &AtomicUsize| count.load(Ordering::SeqCst);
        (of(&self.connections), of(&self.requests))
    }
}

fn client() -> Client {
    Client::new(Connector::new(None).unwrap())
}

async fn call(client: &Client, to: &Endpoint, repeat: Repeat) -> Result<Answer, CallError> {
    let terms = Terms {
        repeat,
        deadline: Instant::now() + HANG,
        answer_bytes_max: 1_000,
    };
    let request = Request::post("/").body(Bytes::from("body")).unwrap();
    client.call(to, request, &terms).await
}

#[tokio::test]
async fn a_connection_is_kept_for_the_next_request() {
    let server = Server::start(|_| Some(answer("200 OK", "text/plain", "yes"))).await;
    let client = client();
    for _ in 0..5 {
        let answer = call(&client, &server.to, Repeat::Allowed).await.unwrap();
        assert_eq!(answer.body, "yes");
    }
    assert_eq!(server.seen(), (1, 5));
}

/// The server takes the second request of a connection and ends it: nobody can tell from outside
/// whether it did anything.
#[tokio::test]
async fn a_request_that_may_be_repeated_survives_the_end_of_a_kept_connection() {
    let server =
        Server::start(|number| (number == 1).then(|| answer("200 OK", "text/plain", ""))).await;
    let client = client();
    for _ in 0..3 {
        call(&client, &server.to, Repeat::Allowed).await.unwrap();
    }
    assert_eq!(server.seen(), (3, 5));
}

#[tokio::test]
async fn a_request_that_must_not_be_repeated_has_a_connection_of_its_own() {
    let server =
        Server::start(|number| (number == 1).then(|| answer("200 OK", "text/plain", ""))).await;
    let client = client();
    for _ in 0..3 {
        call(&client, &server.to, Repeat::Allowed).await.unwrap();
        call(&client, &server.to, Repeat::Never).await.unwrap();
    }
    let (connections, _) = server.seen();
    assert_eq!(connections, 6);
    // And is sent once, whatever becomes of it.
    let server = Server::start(|_| None).await;
    for repeat in [Repeat::Never, Repeat::Allowed] {
        let error = call(&client, &server.to, repeat).await.unwrap_err();
        assert_eq!(error.to_string(), "connection closed before the answer");
    }
    assert_eq!(server.seen(), (2, 2));
}

#[tokio::test]
async fn the_servers_date_comes_with_the_answer() {
    let raw = "HTTP/1.1 200 OK\r\nDate: Thu, 15 Jan 2026 12:00:00 GMT\r\nContent-Length: 0\r\n\r\n";
    let server = Server::start(|_| Some(raw.to_owned())).await;
    let answer = call(&client(), &server.to, Repeat::Allowed).await.unwrap();
    assert_eq!(
        answer.server_date,
        Some(EpochMs::from_ms(1_768_478_400_000))
    );
}

#[tokio::test]
async fn what_took_too_long_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // Accepts, and says at most the beginning of an answer.
    tokio::spawn(async move {
        let mut kept: Vec<TcpStream> = Vec::new();
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            if kept.len() == 2 {
                read_request(&mut socket).await;
                let head = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc";
                socket.write_all(head).await.unwrap();
            }
            kept.push(socket);
        }
    });
    for (scheme, phase) in [
        ("https", "tls handshake"),
        ("http", "http request"),
        ("http", "http request"),
    ] {
        let to = Endpoint::new(&format!("{scheme}://{address}/").parse().unwrap()).unwrap();
        let terms = Terms {
            repeat: Repeat::Allowed,
            deadline: Instant::now() + Duration::from_millis(500),
            answer_bytes_max: 1_000,
        };
        let called = client().call(&to, Request::new(Bytes::new()), &terms).await;
        let error = called.unwrap_err().to_string();
        assert!(
            error.contains(&format!("no answer in time ({phase})")),
            "{error}"
        );
    }
}
