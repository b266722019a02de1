//! Notifications against a receiver over real sockets.

use std::io;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;
use streamgauge::alert::Outcome;
use streamgauge::config::AlertBy;
use streamgauge::config::AlertRule;
use streamgauge::config::Threshold;
use streamgauge::config::WebhookSettings;
use streamgauge::metric::Metric;
use streamgauge::net::Connector;
use streamgauge::notify::Notifier;
use streamgauge::ring::Mailbox;
use streamgauge::snapshot::Alert;
use streamgauge::snapshot::AlertPhase;
use streamgauge::snapshot::Alerts;
use streamgauge::snapshot::Comparison;
use streamgauge::snapshot::Publisher;
use streamgauge::snapshot::Snapshot;
use streamgauge::snapshot::channel;
use streamgauge::time::Clock;
use streamgauge::time::EpochMs;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::Instant;
use tokio::time::sleep;
use tokio::time::timeout;
use tracing::Dispatch;
use tracing_subscriber::util::SubscriberInitExt;

use crate::auth::answer;
use crate::auth::read_request;
use crate::engine::rig::Rig;
use crate::engine::rig::simulator;

/// Longer than anything here takes; only a hang meets it.
const HANG: Duration = Duration::from_secs(60);
/// In the URL's path and in the token: must never come out.
const CANARY: &str = "c4n4ry";

/// A receiver that gives the n-th post (from 0) the n-th answer of a function; none closes the
/// connection.
struct Receiver {
    address: SocketAddr,
    posts: UnboundedReceiver<(Instant, String)>,
}

impl Receiver {
    async fn start(answer: impl Fn(usize) -> Option<String> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, posts) = unbounded_channel();
        tokio::spawn(async move {
            for number in 0.. {
                let (mut socket, _) = listener.accept().await.unwrap();
                let request = read_request(&mut socket).await;
                if sender.send((Instant::now(), request)).is_err() {
                    return;
                }
                if let Some(answer) = answer(number) {
                    let _ = socket.write_all(answer.as_bytes()).await;
                }
            }
        });
        Self { address, posts }
    }

    async fn accepting() -> Self {
        Self::start(|_| Some(answer("204 No Content", "text/plain", ""))).await
    }

    /// The next post: when it came, its head and its body.
    async fn next(&mut self) -> (Instant, String, Value) {
        let (at, request) = timeout(HANG, self.posts.recv()).await.unwrap().unwrap();
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        (at, head.to_owned(), serde_json::from_str(body).unwrap())
    }

    /// The next post's alert and phase.
    async fn phase(&mut self) -> String {
        let (_, _, body) = self.next().await;
        format!(
            "{} {}",
            body["alert"].as_str().unwrap(),
            body["phase"].as_str().unwrap()
        )
    }
}

/// Settings with short delays.
fn settings(address: SocketAddr) -> WebhookSettings {
    let url = format!("http://{address}/hooks/{CANARY}?key={CANARY}");
    let mut settings = WebhookSettings::new(url.parse().unwrap());
    settings.token = Some(CANARY.into());
    settings.backoff_base = Duration::from_millis(1);
    settings.backoff_cap = Duration::from_millis(10);
    settings.drain = HANG;
    settings
}

fn alert(name: &str, phase: AlertPhase, fired: u64) -> Alert {
    Alert {
        name: name.into(),
        metric: "openSessions",
        window_ms: None,
        group: None,
        comparison: Comparison::Above,
        threshold: 5.0,
        clear: 5.0,
        for_ms: 0,
        phase,
        since: EpochMs::from_ms(1_000),
        value: Some(6.0),
        fired,
    }
}

/// A snapshot with an alert that fires.
pub(crate) fn firing() -> Snapshot {
    Snapshot {
        alerts: Arc::new(Alerts {
            all: vec![alert("a", AlertPhase::Firing, 1)],
            ..Alerts::default()
        }),
        ..Snapshot::default()
    }
}

/// What becomes of the first attempt to tell of a snapshot.
pub(crate) async fn first_outcome(
    settings: &WebhookSettings,
    connector: Connector,
    snapshot: Snapshot,
) -> Outcome {
    let (publisher, reader) = channel(snapshot);
    let outcomes = Mailbox::new(8);
    let clock = Clock::system();
    let notifier = Notifier::start(settings, connector, reader, outcomes.clone(), clock);
    let rig = Rigged {
        notifier: notifier.unwrap(),
        publisher,
        outcomes,
    };
    rig.outcome().await
}

/// A notifier at work, and what it reads and says.
struct Rigged {
    notifier: Notifier,
    publisher: Publisher,
    outcomes: Mailbox<Outcome>,
}

impl Rigged {
    fn start(settings: &WebhookSettings) -> Self {
        let (publisher, reader) = channel(Snapshot::default());
        let outcomes = Mailbox::new(64);
        let notifier = Notifier::start(
            settings,
            Connector::new(None).unwrap(),
            reader,
            outcomes.clone(),
            Clock::system(),
        );
        Self {
            notifier: notifier.unwrap(),
            publisher,
            outcomes,
        }
    }

    fn publish(&mut self, all: Vec<Alert>) {
        self.publisher.publish(|snapshot| {
            snapshot.alerts = Arc::new(Alerts {
                all,
                ..Alerts::default()
            });
        });
    }

    /// Waits for the next outcome.
    async fn outcome(&self) -> Outcome {
        let looking = async {
            loop {
                match self.outcomes.take() {
                    Some(outcome) => return outcome,
                    None => sleep(Duration::from_millis(1)).await,
                }
            }
        };
        let outcome = timeout(HANG, looking).await.unwrap();
        assert!(!format!("{outcome:?}").contains(CANARY), "{outcome:?}");
        outcome
    }

    async fn until(&self, expected: &[&str]) {
        for expected in expected {
            let outcome = format!("{:?}", self.outcome().await);
            assert!(outcome.contains(expected), "{outcome}, not {expected}");
        }
    }
}

#[tokio::test]
async fn each_change_is_posted_once_and_in_order() {
    let mut receiver = Receiver::accepting().await;
    let mut rig = Rigged::start(&settings(receiver.address));
    rig.publish(vec![
        alert("a", AlertPhase::Firing, 1),
        alert("b", AlertPhase::Pending, 0),
        alert("c", AlertPhase::Firing, 3),
    ]);
    let (_, head, body) = receiver.next().await;
    let head = head.to_lowercase();
    let target = format!("post /hooks/{CANARY}?key={CANARY} http/1.1\r\n");
    assert!(head.starts_with(&target), "{head}");
    assert!(
        head.contains(&format!("authorization: bearer {CANARY}")),
        "{head}"
    );
    assert!(head.contains("content-type: application/json"), "{head}");
    assert_eq!(
        (&body["alert"], &body["phase"]),
        (&"a".into(), &"FIRING".into())
    );
    assert_eq!(
        (&body["value"], &body["threshold"]),
        (&6.0.into(), &5.0.into())
    );
    assert_eq!(receiver.phase().await, "c FIRING");
    // The same phases in newer snapshots are no news.
    for _ in 0..3 {
        rig.publish(vec![
            alert("a", AlertPhase::Firing, 1),
            alert("b", AlertPhase::Ok, 0),
            alert("c", AlertPhase::Ok, 3),
        ]);
    }
    assert_eq!(receiver.phase().await, "c OK");
    rig.publish(vec![
        alert("a", AlertPhase::Ok, 1),
        alert("b", AlertPhase::Ok, 0),
        alert("c", AlertPhase::Ok, 3),
    ]);
    assert_eq!(receiver.phase().await, "a OK");
    rig.until(&["Sent", "Sent", "Sent", "Sent"]).await;
    rig.notifier.stop().await;
    assert!(receiver.posts.try_recv().is_err());
    assert_eq!(rig.outcomes.take(), None);
}

#[tokio::test]
async fn what_fails_is_tried_again_until_it_works() {
    let mut receiver = Receiver::start(|number| match number {
        0 => Some(answer("500 Oops", "text/plain", "no")),
        1 => None,
        _ => Some(answer("200 OK", "text/plain", "")),
    })
    .await;
    let mut rig = Rigged::start(&settings(receiver.address));
    rig.publish(vec![alert("a", AlertPhase::Firing, 1)]);
    for _ in 0..3 {
        assert_eq!(receiver.phase().await, "a FIRING");
    }
    let status = format!("webhook: {}: status 500", receiver.address);
    let closed = format!("webhook: {}: connection closed", receiver.address);
    rig.until(&[
        &format!("Retried(\"{status}"),
        &format!("Retried(\"{closed}"),
        "Sent",
    ])
    .await;
}

#[tokio::test]
async fn the_receiver_may_ask_for_a_pause() {
    let mut receiver = Receiver::start(|number| {
        Some(match number {
            0 => "HTTP/1.1 429 Slow\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n".to_owned(),
            _ => answer("200 OK", "text/plain", ""),
        })
    })
    .await;
    let mut rig = Rigged::start(&settings(receiver.address));
    rig.publish(vec![alert("a", AlertPhase::Firing, 1)]);
    let (first, _, _) = receiver.next().await;
    let (second, _, _) = receiver.next().await;
    assert!(
        second - first >= Duration::from_secs(1),
        "{:?}",
        second - first
    );
    rig.until(&["Retried(\"webhook: ", "Sent"]).await;
}

#[tokio::test]
async fn what_never_works_is_given_up_and_said() {
    // Nobody listens on the first port.
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
    let mut short = settings(nowhere);
    short.attempts_max = 3;
    let mut rig = Rigged::start(&short);
    rig.publish(vec![alert("a", AlertPhase::Firing, 1)]);
    let refused = "webhook: connect: 127.0.0.1:1: connection refused";
    let (retried, failed) = (
        format!("Retried(\"{refused}"),
        format!("Failed(\"{refused}"),
    );
    rig.until(&[&retried, &retried, &failed]).await;

    // A refusal is final, and the next change has its own attempts.
    let mut receiver = Receiver::start(|number| {
        Some(match number {
            0 => answer("403 No", "text/plain", ""),
            1 => answer("302 Away", "text/plain", ""),
            _ => answer("200 OK", "text/plain", ""),
        })
    })
    .await;
    let mut rig = Rigged::start(&settings(receiver.address));
    for (phase, fired, told) in [
        (AlertPhase::Firing, 1, "Failed(\"webhook: 127.0.0.1:"),
        (AlertPhase::Ok, 1, "redirects are not followed"),
        (AlertPhase::Firing, 2, "Sent"),
    ] {
        rig.publish(vec![alert("a", phase, fired)]);
        receiver.next().await;
        rig.until(&[told]).await;
    }
}

#[tokio::test]
async fn the_end_delivers_what_can_be_delivered_and_drops_the_rest() {
    let mut receiver = Receiver::accepting().await;
    let mut rig = Rigged::start(&settings(receiver.address));
    rig.publish(vec![alert("a", AlertPhase::Firing, 1)]);
    rig.notifier.stop().await;
    assert_eq!(receiver.phase().await, "a FIRING");

    let mut silent = settings(SocketAddr::from(([127, 0, 0, 1], 1)));
    silent.backoff_base = HANG;
    silent.backoff_cap = HANG;
    silent.drain = Duration::from_millis(50);
    let mut rig = Rigged::start(&silent);
    rig.publish(vec![alert("a", AlertPhase::Firing, 1)]);
    timeout(HANG, rig.notifier.stop()).await.unwrap();
}

/// Log lines, as they are written.
struct Lines(mpsc::Sender<Vec<u8>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.send(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs on this thread alone, so that the log of its tasks can be read.
#[tokio::test]
async fn neither_the_path_nor_the_token_is_in_the_log() {
    let (sender, lines) = mpsc::channel();
    // While there is only one subscriber, a log line that a thread without one meets first is off
    // for good. A second one that reads nothing keeps the other tests from doing that.
    let _second = Dispatch::new(tracing_subscriber::registry());
    let _logging = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || Lines(sender.clone()))
        .set_default();
    let mut receiver = Receiver::start(|number| {
        Some(match number {
            0 => answer(
                "500 Oops",
                "text/plain",
                &format!("Cannot POST /hooks/{CANARY}?key={CANARY}"),
            ),
            1 => answer("404 No", "text/plain", CANARY),
            _ => answer("200 OK", "text/plain", CANARY),
        })
    })
    .await;
    let settings = settings(receiver.address);
    let mut rig = Rigged::start(&settings);
    rig.publish(vec![alert("a", AlertPhase::Firing, 1)]);
    receiver.next().await;
    receiver.next().await;
    rig.publish(vec![alert("a", AlertPhase::Ok, 1)]);
    receiver.next().await;
    rig.until(&["Retried", "Failed", "Sent"]).await;
    assert!(!format!("{settings:?} {:?}", rig.notifier).contains(CANARY));
    rig.notifier.stop().await;
    let log: Vec<u8> = lines.try_iter().flatten().collect();
    let log = String::from_utf8(log).unwrap();
    for part in [
        "status 500: \"Cannot POST [hidden]?[hidden]\"",
        "status 404: \"[hidden]\"; check webhook-url; given up",
        "notified",
    ] {
        assert!(log.contains(part), "{log}");
    }
    assert!(!log.contains(CANARY), "{log}");
}

/// Of two rules about queues, that of the one which guests write to fires; the other stays at 0.
#[tokio::test(flavor = "multi_thread")]
async fn an_alert_of_a_queue_watches_its_own_numbers() {
    let mut receiver = Receiver::accepting().await;
    let address = receiver.address;
    let rule = |queue: &str| {
        let above = Threshold::Above(10.0);
        let metric = Metric::MessagesPerMinute;
        let mut rule = AlertRule::new(queue, metric, Some(60_000), above);
        rule.group = Some((AlertBy::Queue, queue.into()));
        rule
    };
    let mut rig = Rig::start_engine(simulator(&[]), |engine| {
        engine.alerts = vec![rule("support"), rule("nobody's")];
        engine.webhook = Some(settings(address));
    })
    .await;
    let (_, _, body) = receiver.next().await;
    assert_eq!(body["phase"], "FIRING", "{body}");
    assert_eq!(
        body["group"],
        json!({"by": "queue", "name": "support", "displayName": "support"})
    );
    let told = |snapshot: &Snapshot| snapshot.alerts.notifications.sent == 1;
    let snapshot = rig.until("told", told).await;
    let [busy, quiet] = &snapshot.alerts.all[..] else {
        panic!("{:?}", snapshot.alerts.all);
    };
    assert_eq!(
        (busy.phase, quiet.phase),
        (AlertPhase::Firing, AlertPhase::Ok)
    );
    assert!(busy.value.unwrap() > 10.0, "{:?}", busy.value);
    assert_eq!(quiet.value, Some(0.0));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engines_alert_is_told_and_counted_in_its_snapshots() {
    let mut receiver = Receiver::accepting().await;
    let address = receiver.address;
    let mut rig = Rig::start_engine(simulator(&[]), |engine| {
        let above = Threshold::Above(10.0);
        let crowd = AlertRule::new("crowd", Metric::OpenSessions, None, above);
        engine.alerts = vec![crowd];
        engine.webhook = Some(settings(address));
    })
    .await;
    assert_eq!(receiver.phase().await, "crowd FIRING");
    let told = |snapshot: &Snapshot| snapshot.alerts.notifications.sent == 1;
    let snapshot = rig.until("told", told).await;
    let alert = &snapshot.alerts.all[0];
    assert_eq!((alert.phase, alert.fired), (AlertPhase::Firing, 1));
    assert!(alert.value.unwrap() > 10.0 && alert.since <= snapshot.now);
    assert!(snapshot.alerts.notifications.is_configured);
    rig.stop().await;
    assert!(
        receiver.posts.try_recv().is_err(),
        "nothing else has changed"
    );
}

/// A receiver keeps its connection open, and ends it with the next post half taken.
#[tokio::test]
async fn a_post_never_travels_on_a_connection_that_has_served() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, mut posts) = unbounded_channel();
    tokio::spawn(async move {
        for number in 0.. {
            let (mut socket, _) = listener.accept().await.unwrap();
            let sender = sender.clone();
            tokio::spawn(async move {
                let mut on_this = 0;
                loop {
                    let request = read_request(&mut socket).await;
                    if request.is_empty() {
                        return;
                    }
                    on_this += 1;
                    sender.send((number, on_this)).unwrap();
                    if on_this > 1 {
                        return;
                    }
                    let answer = answer("200 OK", "text/plain", "");
                    socket.write_all(answer.as_bytes()).await.unwrap();
                }
            });
        }
    });
    let mut rig = Rigged::start(&settings(address));
    for fired in 1..=3 {
        rig.publish(vec![alert("a", AlertPhase::Firing, fired)]);
        rig.until(&["Sent"]).await;
    }
    let posts: Vec<(i32, i32)> = std::iter::from_fn(|| posts.try_recv().ok()).collect();
    assert_eq!(posts, [(0, 1), (1, 1), (2, 1)]);
}
