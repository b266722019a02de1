//! A sender that goes away before its answer: its request is given up, and counted.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use hyper::http::request::Parts;
use streamgauge::post::Delivery;
use streamgauge::post::Outcome;
use streamgauge::post::Poster;
use streamgauge::post::Reply;
use streamgauge::ring::Mailbox;
use streamgauge::serve::Server;
use streamgauge::snapshot::channel;
use tokio_util::sync::CancellationToken;

use super::presets::query;
use super::*;
use crate::http::NOW;
use crate::http::live;
use crate::http::settings;

/// An endpoint that never answers, and how many wait for it.
#[derive(Clone, Debug, Default)]
struct Mute(Arc<AtomicUsize>);

impl Poster for Mute {
    fn name(&self) -> &str {
        "mute"
    }

    fn path(&self) -> &str {
        "/push/mute"
    }

    fn begin(&self, _: Parts) -> Result<Box<dyn Delivery>, Reply> {
        Ok(Box::new(self.clone()))
    }
}

impl Delivery for Mute {
    fn bytes_max(&self) -> usize {
        1_000
    }

    fn hold(&mut self, _: usize) -> Result<(), Reply> {
        Ok(())
    }

    fn refuse(&self, outcome: Outcome, _: &str) -> Reply {
        Reply::empty(outcome)
    }

    fn finish(self: Box<Self>, _: Bytes) -> Pin<Box<dyn Future<Output = Reply> + Send>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(std::future::pending())
    }
}

/// Waits until so many requests have come to something.
async fn counted(addr: SocketAddr, outcome: &str, count: u64) {
    let asked = "{ engine { pushEndpoints { requests { outcome status count } } } }";
    let counting = async {
        loop {
            let said = query(addr, asked).await;
            let requests = &said["data"]["engine"]["pushEndpoints"][0]["requests"];
            let requests = requests.as_array().unwrap();
            let of = |outcome: &str| {
                let mut found = requests.iter();
                found.find(|each| each["outcome"] == outcome).unwrap()
            };
            // Nobody was answered.
            assert_eq!(of("gone")["status"], 0);
            assert_eq!(of("taken")["count"], 0);
            if of(outcome)["count"] == count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(HANG, counting).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_goes_away_before_its_answer_is_counted() {
    let mute = Mute::default();
    let (_publisher, reader) = channel(live());
    let (clock, _) = Clock::manual(NOW);
    let posters: Vec<Arc<dyn Poster>> = vec![Arc::new(mute.clone())];
    let server = Server::bind_taking(posters, settings(), reader, Mailbox::new(64), clock);
    let server = server.await.unwrap();
    let addr = server.local_addr();
    let shutdown = CancellationToken::new();
    let run = tokio::spawn(server.run(shutdown.clone()));
    for (version, gone) in [(Version::HTTP_11, 1), (Version::HTTP_2, 2)] {
        let mut client = Client::connect(addr, version).await;
        let waiting =
            tokio::spawn(async move { client.send(post(addr, "/push/mute", "{}")).await });
        let begun = async {
            while mute.0.load(Ordering::Relaxed) < gone {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(HANG, begun).await.unwrap();
        // With its client the connection goes.
        waiting.abort();
        counted(addr, "gone", gone as u64).await;
    }
    // Before its body was whole there is nothing that could have been taken.
    let head = format!("POST /push/mute HTTP/1.1\r\nhost: {addr}\r\ncontent-length: 9\r\n\r\n{{");
    let mut half = TcpStream::connect(addr).await.unwrap();
    half.write_all(head.as_bytes()).await.unwrap();
    drop(half);
    counted(addr, "cut", 1).await;
    counted(addr, "gone", 2).await;
    assert_eq!(mute.0.load(Ordering::Relaxed), 2);
    shutdown.cancel();
    run.await.unwrap();
}
