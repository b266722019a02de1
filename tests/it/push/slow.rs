//! Clients that read slowly, not at all, or have gone: they miss answers and are cut, and nobody else
//! notices.

use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpSocket;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::http::HANG;
use crate::http::Served;
use crate::http::serve;
use crate::http::settings;
use crate::push::rig::Events;
use crate::push::rig::HANDSHAKE;
use crate::push::rig::LIVE;
use crate::push::rig::Raw;
use crate::push::rig::counted;
use crate::push::rig::counts;
use crate::push::rig::snapshot;

/// A subscription whose answers fill any buffer soon: about 300 kB each.
pub(crate) fn large() -> String {
    let series: String = (0..16)
        .map(|n| format!("s{n}: timeSeries(metric: MESSAGES, last: 3600) {{ values }} "))
        .collect();
    format!("subscription {{ live(intervalMs: 100) {{ engine {{ snapshotSequence }} {series} }} }}")
}

/// A connection that takes in little that is not read.
pub(crate) async fn narrow(served: &Served) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    socket.connect(served.addr).await.unwrap()
}

fn sequence(message: &Value) -> u64 {
    assert_eq!(message["type"], "next", "{message}");
    let sequence = &message["payload"]["data"]["live"]["engine"]["snapshotSequence"];
    sequence.as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_client_gets_the_latest_and_slows_nobody() {
    let mut served = serve(settings(), snapshot(1)).await;
    let (mut slow, _) = Raw::over(narrow(&served).await, HANDSHAKE).await;
    slow.say(r#"{"type":"connection_init"}"#).await;
    slow.subscribe("slow", &large()).await;
    let mut quick = Raw::begin(served.addr).await;
    quick.subscribe("quick", &large()).await;
    // The slow one reads nothing until it has missed some; the quick one sees every state meanwhile.
    let (mut newest, mut heard) = (1, 0);
    let ticks = loop {
        newest += 1;
        served.publisher.publish(|next| *next = snapshot(newest));
        heard += 1;
        while sequence(&quick.hear().await) != newest {
            heard += 1;
        }
        let counts = counts(served.addr).await;
        let count = |name: &str| counts[name].as_u64().unwrap();
        let by_slow = count("sent").saturating_sub(heard);
        if by_slow + 5 < count("executed") {
            break count("executed");
        }
    };
    assert_eq!(slow.hear().await["type"], "connection_ack");
    let mut seen = vec![sequence(&slow.hear().await)];
    while seen.last() != Some(&newest) {
        seen.push(sequence(&slow.hear().await));
    }
    assert!(seen.is_sorted(), "{seen:?}");
    assert!(
        (seen.len() as u64) < ticks,
        "{} answers of {ticks} ticks",
        seen.len()
    );
    counted(served.addr, "skipped", |count| count >= 4).await;
    assert_eq!(counts(served.addr).await["cut"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_read_is_cut_over_either_transport() {
    let mut settings = settings();
    settings.timeouts.silent = Duration::from_millis(400);
    settings.timeouts.ping = Duration::from_secs(3_600);
    let served = serve(settings, snapshot(1)).await;
    let (mut socket, _) = Raw::over(narrow(&served).await, HANDSHAKE).await;
    socket.say(r#"{"type":"connection_init"}"#).await;
    socket.subscribe("a", &large()).await;
    counted(served.addr, "cut", |count| count == 1).await;
    counted(served.addr, "sockets", |count| count == 0).await;
    counted(served.addr, "subscribers", |count| count == 0).await;

    let events = Events::over(narrow(&served).await, &large()).await;
    counted(served.addr, "subscribers", |count| count == 1).await;
    counted(served.addr, "subscribers", |count| count == 0).await;
    drop((socket, events));
}

#[tokio::test]
async fn who_is_silent_when_pinged_is_cut_and_who_answers_stays() {
    let mut settings = settings();
    settings.timeouts.ping = Duration::from_millis(20);
    settings.timeouts.silent = Duration::from_millis(200);
    let served = serve(settings, snapshot(1)).await;
    let mut lively = Raw::begin(served.addr).await;
    let mut dead = Raw::begin(served.addr).await;
    dead.subscribe("a", LIVE).await;
    let answers = async {
        loop {
            match lively.next().await {
                Some((9, payload)) => lively.frame(0x8a, &payload).await,
                other => panic!("{other:?} instead of a ping"),
            }
        }
    };
    let cut = async {
        counted(served.addr, "cut", |count| count == 1).await;
        counted(served.addr, "sockets", |count| count == 1).await;
        // As long again: the one that answers is not cut later either.
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert_eq!(counts(served.addr).await["cut"], 1);
    };
    let either = async {
        tokio::select! {
            () = answers => unreachable!("it goes on for ever"),
            () = cut => {}
        }
    };
    timeout(HANG, either).await.unwrap();
    while let Some((opcode, _)) = dead.next().await {
        assert_ne!(opcode, 8, "cut without a word");
    }
}

#[tokio::test]
async fn live_sockets_and_streams_are_not_idle() {
    let mut settings = settings();
    settings.timeouts.idle = Duration::from_millis(50);
    settings.timeouts.head = Duration::from_millis(50);
    let served = serve(settings, snapshot(1)).await;
    let mut raw = Raw::begin(served.addr).await;
    raw.subscribe("a", LIVE).await;
    let (mut events, _) = Events::open(served.addr, LIVE, "").await;
    for _ in 0..5 {
        assert_eq!(raw.hear().await["type"], "next");
        while events.next().await.expect("the stream has ended").0 != "next" {}
    }
}
