//! What is answered when the ring is full and when the engine ends, and what the ring has then.

use bytes::Bytes;
use hyper::Request;
use secrecy::SecretString;
use tokio::join;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::config::Dialect;
use crate::config::PushCredential;
use crate::config::PushEndpoint;
use crate::config::PushPath;
use crate::event::IdKeys;
use crate::parse::AnyDecoder;
use crate::post::Outcome;
use crate::post::Poster;
use crate::post::Reply;
use crate::ring::Bell;
use crate::ring::Consumer;
use crate::ring::ring;
use crate::source::Intake;

/// One endpoint before a ring of one batch that nobody empties by itself.
fn smoke() -> (Arc<Endpoint>, Push, Consumer) {
    let endpoint = PushEndpoint {
        name: "shop".into(),
        path: PushPath::parse("/push/shop").unwrap(),
        credential: PushCredential::Bearer(SecretString::from("s3cret").into()),
        dialect: Dialect::Tutorial,
        allowed_origins: vec![PushEndpoint::ANY_ORIGIN.to_owned()],
    };
    let settings = PushSettings::new(vec![endpoint.clone()]);
    let clock = Clock::system();
    let (mut endpoints, parcels) = endpoints(&settings, &clock);
    let (producer, consumer) = ring(1, 4, Bell::new());
    let decoder = AnyDecoder::new(&Dialect::Tutorial, IdKeys::FIXED);
    let intake = Intake::new(decoder, producer, clock);
    let source = Push::new([(endpoint, intake)].into_iter(), parcels);
    (endpoints.remove(0), source, consumer)
}

fn event(time: u64) -> String {
    format!(r#"{{"eventType":"webchat:connected","timestamp":{time},"data":{{"id":"g{time}"}}}}"#)
}

async fn post(endpoint: &Arc<Endpoint>, body: String) -> Reply {
    let head = Request::post("/push/shop")
        .header("authorization", "Bearer s3cret")
        .header("content-type", "application/json");
    let head = head.body(()).unwrap().into_parts().0;
    match endpoint.begin(head) {
        Ok(delivery) => delivery.finish(Bytes::from(body)).await,
        Err(reply) => reply,
    }
}

fn times(consumer: &mut Consumer) -> Vec<i64> {
    let mut times = Vec::new();
    while let Some(batch) = consumer.drain() {
        times.extend(batch.events.iter().map(|event| event.time.ms()));
        consumer.recycle(batch);
    }
    times
}

#[tokio::test(start_paused = true)]
async fn while_the_ring_is_full_posts_are_sent_away_and_nothing_is_taken_twice() {
    let (endpoint, source, mut consumer) = smoke();
    let shutdown = CancellationToken::new();
    let running = source.run(shutdown.clone());
    let posting = async {
        // The note that it is live fills the ring; the first waits for it, the second behind the first.
        let (first, second) = join!(post(&endpoint, event(1)), async {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            post(&endpoint, event(2)).await
        });
        for reply in [first, second] {
            assert_eq!(reply.outcome, Outcome::Busy, "{reply:?}");
            assert_eq!(reply.headers[0].0, "retry-after");
            let text = String::from_utf8(reply.body.to_vec()).unwrap();
            assert!(text.contains("may have been taken all the same"), "{text}");
        }
        let mut seen = times(&mut consumer);
        // What nobody waits for any more was not taken.
        let third = async { post(&endpoint, event(3)).await };
        let drained = async {
            while !seen.contains(&3) {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                seen.extend(times(&mut consumer));
            }
        };
        let (third, ()) = join!(third, drained);
        assert_eq!(third.outcome, Outcome::Taken);
        assert!(!seen.contains(&2), "{seen:?}");
        shutdown.cancel();
    };
    join!(running, posting);
}

#[tokio::test(start_paused = true)]
async fn what_was_handed_over_before_the_end_is_answered_and_what_comes_after_is_refused() {
    let (endpoint, source, mut consumer) = smoke();
    let shutdown = CancellationToken::new();
    let body = [event(1), event(2)].join("\n");
    let before = post(&endpoint, body);
    let ending = async {
        // Handed over, and looked at by nobody yet.
        tokio::task::yield_now().await;
        shutdown.cancel();
        let draining = async {
            let mut seen = Vec::new();
            while seen.len() < 2 {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                seen.extend(times(&mut consumer));
            }
            seen
        };
        join!(source.run(shutdown.clone()), draining).1
    };
    let (before, seen) = join!(before, ending);
    assert_eq!((before.outcome, before.elements), (Outcome::Taken, 2));
    assert_eq!(seen, [1, 2]);
    let after = post(&endpoint, event(3)).await;
    assert_eq!(after.outcome, Outcome::Stopping, "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn where_the_ring_stays_full_to_the_end_nobody_hears_that_it_was_taken() {
    let (endpoint, source, consumer) = smoke();
    let shutdown = CancellationToken::new();
    let (before, ()) = join!(post(&endpoint, event(1)), async {
        tokio::task::yield_now().await;
        shutdown.cancel();
        source.run(shutdown.clone()).await;
    });
    assert_eq!(before.outcome, Outcome::Stopping, "{before:?}");
    drop(consumer);
}

#[tokio::test(start_paused = true)]
async fn who_goes_away_before_its_answer_is_known_to_the_log() {
    let (endpoint, _source, _consumer) = smoke();
    // Nobody looks at what was handed over, so there is no answer yet.
    let waiting = post(&endpoint, event(1));
    let gone = tokio::time::timeout(std::time::Duration::from_millis(1), waiting).await;
    assert!(gone.is_err(), "{gone:?}");
    assert_eq!(endpoint.departures().take(), 1);
    // Whoever waits to the end is not gone, whatever it is answered.
    let reply = post(&endpoint, event(2)).await;
    assert_eq!(reply.outcome, Outcome::Busy, "{reply:?}");
    assert_eq!(endpoint.departures().take(), 0);
}

/// Two endpoints: one that knows its senders by their heads, and one by their bodies alone.
fn strangers(unknown_bytes: usize) -> Vec<Arc<Endpoint>> {
    let of = |name: &str, credential| PushEndpoint {
        name: name.into(),
        path: PushPath::parse(&format!("/push/{name}")).unwrap(),
        credential,
        dialect: Dialect::Tutorial,
        allowed_origins: vec![PushEndpoint::ANY_ORIGIN.to_owned()],
    };
    let secret = |text: &str| SecretString::from(text).into();
    let mut settings = PushSettings::new(vec![
        of("head", PushCredential::Bearer(secret("s3cret"))),
        of(
            "body",
            PushCredential::Body {
                pointer: "/key".to_owned(),
                secret: secret("s3cret-in-the-body"),
            },
        ),
    ]);
    settings.unknown_bytes = unknown_bytes;
    endpoints(&settings, &Clock::system()).0
}

#[test]
fn senders_that_are_not_known_yet_keep_no_room_from_others() {
    let endpoints = strangers(100);
    let begin = |place: usize| {
        let head = Request::post("/").header("authorization", "Bearer s3cret");
        let head = head.header("content-type", "application/json");
        endpoints[place].begin(head.body(()).unwrap().into_parts().0)
    };
    let refused = |reply: Reply| {
        assert_eq!(reply.outcome, Outcome::Busy);
        let text = String::from_utf8(reply.body.to_vec()).unwrap();
        assert!(text.contains("not known yet"), "{text}");
        assert_eq!(reply.headers[0].0, "retry-after");
    };
    let mut first = begin(1).unwrap();
    assert!(first.time_max().is_some());
    first.hold(60).unwrap();
    let mut second = begin(1).unwrap();
    refused(second.hold(41).unwrap_err());
    second.hold(40).unwrap();
    refused(begin(1).err().unwrap());
    // Whoever is known by its head is not held up, and has the time that the server gives.
    let mut known = begin(0).unwrap();
    assert_eq!(known.time_max(), None);
    known.hold(1 << 20).unwrap();
    drop(first);
    begin(1).unwrap().hold(60).unwrap();
}
