//! Probes and scrapers, which speak less than HTTP/1.1, and lines that stay open between requests.

use std::time::Duration;

use hyper::StatusCode;
use hyper::Version;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Client;
use super::HANG;
use super::live;
use super::raw;
use super::read_to_end;
use super::serve;
use super::settings;

const PROBED: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

#[tokio::test]
async fn http_1_0_is_answered_and_closed_unless_it_asks_to_stay() {
    let served = serve(settings(), live()).await;
    for path in PROBED {
        for head in [
            "",
            "host: localhost\r\n",
            "host:\r\n",
            "user-agent: kube-probe/1.31\r\n",
        ] {
            let text = format!("GET {path} HTTP/1.0\r\n{head}\r\n");
            let answer = read_to_end(raw(served.addr, &text).await).await;
            assert!(answer.starts_with("HTTP/1.0 200 OK\r\n"), "{text}{answer}");
            assert!(!answer.contains("transfer-encoding"), "{answer}");
        }
        let text = format!("GET {path} HTTP/1.1\r\nconnection: close\r\n\r\n");
        let answer = read_to_end(raw(served.addr, &text).await).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{text}{answer}");
    }
    // Two on one line, of which the first asks to stay.
    let stay = "GET /healthz HTTP/1.0\r\nconnection: keep-alive\r\n\r\n";
    let text = format!("{stay}GET /healthz HTTP/1.0\r\n\r\n");
    let answer = read_to_end(raw(served.addr, &text).await).await;
    assert_eq!(answer.matches("HTTP/1.0 200 OK").count(), 2, "{answer}");
    // What is not for probes asks for a host as before, and a foreign one is refused everywhere.
    let answer = read_to_end(raw(served.addr, "GET / HTTP/1.0\r\n\r\n").await).await;
    assert!(answer.starts_with("HTTP/1.0 400"), "{answer}");
    let foreign = "GET /metrics HTTP/1.0\r\nhost: evil.example\r\n\r\n";
    let answer = read_to_end(raw(served.addr, foreign).await).await;
    assert!(answer.starts_with("HTTP/1.0 421"), "{answer}");
}

#[tokio::test]
async fn an_absolute_target_names_the_host() {
    let served = serve(settings(), live()).await;
    for (target, host, status) in [
        ("http://localhost/metrics", "localhost", "200"),
        ("http://localhost/metrics", "evil.example", "200"),
        ("http://evil.example/metrics", "localhost", "421"),
        ("http://evil.example/metrics", "", "421"),
    ] {
        let text = format!("GET {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        let answer = read_to_end(raw(served.addr, &text).await).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{text}{answer}"
        );
    }
}

#[tokio::test]
async fn a_head_that_comes_slowly_ends_a_line_that_may_be_idle_for_long() {
    let mut settings = settings();
    settings.timeouts.head = Duration::from_millis(300);
    settings.timeouts.idle = HANG * 2;
    let served = serve(settings, live()).await;
    let request = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let mut stream = raw(served.addr, request).await;
    read_answer(&mut stream).await;
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nx: ")
        .await
        .unwrap();
    let mut dripping = stream;
    let drip = async {
        // A byte now and then is no head.
        while dripping.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(HANG, drip).await.unwrap();
    assert_eq!(read_to_end(dripping).await, "");
}

async fn read_answer(stream: &mut TcpStream) {
    let mut read = Vec::new();
    while !read.ends_with(b"ok\n") {
        let more = timeout(HANG, stream.read_buf(&mut read)).await;
        assert_ne!(more.unwrap().unwrap(), 0, "closed");
    }
}

#[tokio::test]
async fn a_balancers_line_is_kept_for_longer_than_a_minute() {
    assert!(settings().timeouts.idle >= Duration::from_secs(75));
    let served = serve(settings(), live()).await;
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let mut client = Client::connect(served.addr, version).await;
        for _ in 0..2 {
            let answer = client.get(served.addr, "/readyz").await;
            assert_eq!(answer.status(), StatusCode::OK);
        }
    }
}
