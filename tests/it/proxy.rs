//! The examples of `docs/operations.md` behind which the server is to work, run as they stand there
//! by nginx, HAProxy and Caddy, with other ports and certificates.
//!
//! A program that is missing fails its test and is named; `STREAMGAUGE_PROXY_TESTS=off` leaves all of
//! them out, and says so.

mod client;
mod program;
mod snippet;
mod visit;

use streamgauge::config::Network;
use streamgauge::config::PublicUrl;
use streamgauge::config::ServeSettings;

use crate::http::Served;
use crate::http::serve;
use crate::http::settings;
use crate::proxy::program::Proxy;
use crate::proxy::snippet::Kind;
use crate::proxy::visit::Visit;
use crate::push::rig::snapshot;

/// Long enough beyond this machine.
const TOKEN: &str = "correct-horse-battery-staple";

fn are_left_out() -> bool {
    let are = std::env::var("STREAMGAUGE_PROXY_TESTS").is_ok_and(|wish| wish == "off");
    if are {
        eprintln!("proxy tests: left out, because STREAMGAUGE_PROXY_TESTS=off");
    }
    are
}

/// A server that asks for a token, under a public URL.
async fn server(public_url: &str, trusted: &[&str]) -> Served {
    let settings = ServeSettings {
        token: Some(TOKEN.into()),
        public_urls: vec![PublicUrl::parse(public_url).unwrap()],
        trusted_proxies: trusted
            .iter()
            .map(|text| Network::parse(text).unwrap())
            .collect(),
        ..settings()
    };
    serve(settings, snapshot(1)).await
}

/// Visits a server through both examples for a proxy.
async fn check(kind: Kind) {
    if are_left_out() {
        return;
    }
    for (name, host, prefix) in [
        ("own-host", "gauge.example", ""),
        ("sub-path", "apps.example", "/gauge"),
    ] {
        let public_url = format!("https://{host}{prefix}/");
        // With the proxy's word and without it.
        for trusted in [&[][..], &["127.0.0.1"]] {
            let served = server(&public_url, trusted).await;
            let proxy = Proxy::start(kind, &snippet::named(kind, name), served.addr).await;
            let visit = Visit {
                proxy: &proxy,
                host,
                prefix,
                token: TOKEN,
            };
            visit.everything().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nginx_as_in_the_docs() {
    check(Kind::Nginx).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn haproxy_as_in_the_docs() {
    check(Kind::Haproxy).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn caddy_as_in_the_docs() {
    check(Kind::Caddy).await;
}

/// An nginx of which nobody has set anything: it speaks HTTP/1.0, sends its own name for us as the
/// host and holds answers back until a buffer is full.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_come_through_a_plain_nginx() {
    if are_left_out() {
        return;
    }
    let served = server("https://gauge.example/", &[]).await;
    let plain = "server {
    listen 443 ssl;
    ssl_certificate /etc/ssl/gauge.pem;
    ssl_certificate_key /etc/ssl/gauge.key;
    location / { proxy_pass http://127.0.0.1:4000; }
}";
    let proxy = Proxy::start(Kind::Nginx, plain, served.addr).await;
    let visit = Visit {
        proxy: &proxy,
        host: "gauge.example",
        prefix: "",
        token: TOKEN,
    };
    let cookie = visit.signs_in().await;
    visit.asks(&cookie).await;
    visit.follows_events(&cookie).await;
}
