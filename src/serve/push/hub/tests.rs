//! Sharing, spreading and limits, on tokio's paused clock.

use std::net::SocketAddr;

use futures_util::FutureExt;

use super::*;
use crate::config::ServeSettings;
use crate::ring::Mailbox;
use crate::serve::graphql::Carries;
use crate::serve::graphql::Outcome;
use crate::serve::graphql::query::Wire;
use crate::serve::graphql::viewer::Viewer;
use crate::serve::push_counters::PushCounts;
use crate::snapshot;
use crate::snapshot::Publisher;
use crate::snapshot::Snapshot;
use crate::time::Clock;
use crate::time::EpochMs;

struct Rig {
    hub: Hub,
    graphql: Arc<GraphQl>,
    counters: PushCounters,
    publisher: Publisher,
    stop: CancellationToken,
}

fn rig() -> Rig {
    let (publisher, reader) = snapshot::channel(Snapshot::default());
    let (clock, _) = Clock::manual(EpochMs::from_ms(1_000));
    let (counters, stop) = (PushCounters::default(), CancellationToken::new());
    let viewer = Viewer::new(reader, clock, counters.clone());
    let settings = ServeSettings::new(SocketAddr::from(([127, 0, 0, 1], 0)));
    let graphql = Arc::new(GraphQl::new(&settings, viewer, Mailbox::new(1)));
    Rig {
        hub: Hub::new(Arc::clone(&graphql), counters.clone(), &stop),
        graphql,
        counters,
        publisher,
        stop,
    }
}

impl Rig {
    async fn ask(&self, interval_ms: usize, more: &str) -> Ask {
        let body = format!(
            r#"{{"query":"subscription {{ live(intervalMs: {interval_ms}) {{ engine {{ snapshotSequence }} }} }}{more}"}}"#
        );
        let wire = Wire::Body(body.as_bytes());
        match self.graphql.outcome(wire, Carries::ALL).await {
            Outcome::Subscription(ask) => ask,
            other => panic!("{other:?}"),
        }
    }

    async fn subscribe(&self, ask: &Ask) -> Subscriber {
        self.hub.subscribe(ask.clone()).await.unwrap()
    }

    fn counts(&self) -> PushCounts {
        self.counters.now()
    }
}

fn of(sequence: u64) -> Bytes {
    let body = format!(r#"{{"data":{{"live":{{"engine":{{"snapshotSequence":{sequence}}}}}}}}}"#);
    body.into()
}

#[tokio::test(start_paused = true)]
async fn one_request_of_many_clients_is_executed_once_a_tick_and_shared() {
    let mut rig = rig();
    let mut subscribers = Vec::new();
    for _ in 0..limits::FEED_SUBSCRIBERS_FULL {
        // Each has read its own request.
        let ask = rig.ask(100, "").await;
        subscribers.push(rig.subscribe(&ask).await);
    }
    for subscriber in &mut subscribers {
        assert_eq!(subscriber.next().await, Some(of(0)));
    }
    assert_eq!(rig.counts().executed, 1);
    for sequence in 1..=10 {
        rig.publisher
            .publish(|snapshot| snapshot.sequence = sequence);
        let bodies = futures_util::future::join_all(subscribers.iter_mut().map(Subscriber::next));
        let bodies: Vec<Bytes> = bodies.await.into_iter().map(Option::unwrap).collect();
        assert_eq!(bodies[0], of(sequence));
        let is_shared = |body: &Bytes| body.as_ptr() == bodies[0].as_ptr();
        assert!(bodies.iter().all(is_shared), "serialised once");
        assert_eq!(rig.counts().executed, 1 + sequence);
    }
    let counts = rig.counts();
    let all = limits::FEED_SUBSCRIBERS_FULL as u64;
    assert_eq!((counts.subscribers, counts.feeds), (all, 1));
    assert_eq!((counts.sent, counts.skipped), (11 * all, 0));
}

#[tokio::test(start_paused = true)]
async fn who_does_not_fetch_misses_and_gets_the_latest() {
    let mut rig = rig();
    let ask = rig.ask(100, "").await;
    let (mut quick, mut slow) = (rig.subscribe(&ask).await, rig.subscribe(&ask).await);
    let mut gone = rig.subscribe(&ask).await;
    for subscriber in [&mut quick, &mut slow, &mut gone] {
        subscriber.next().await;
    }
    for sequence in 1..=5 {
        rig.publisher
            .publish(|snapshot| snapshot.sequence = sequence);
        assert_eq!(quick.next().await, Some(of(sequence)));
    }
    assert_eq!(rig.counts().skipped, 0);
    assert_eq!(slow.next().await, Some(of(5)));
    assert_eq!(rig.counts().skipped, 4);
    assert!(
        slow.next().now_or_never().is_none(),
        "there is no newer one"
    );
    drop(gone);
    assert_eq!(rig.counts().skipped, 4 + 4);
}

#[tokio::test(start_paused = true)]
async fn thousands_are_spread_evenly_over_the_interval() {
    const CLIENTS: usize = 5_000;
    let rig = rig();
    let ask = rig.ask(1_000, "").await;
    let mut subscribers = Vec::new();
    for _ in 0..CLIENTS {
        subscribers.push(rig.subscribe(&ask).await);
    }
    assert_eq!((rig.counts().feeds, rig.counts().executed), (20, 1));
    for subscriber in &mut subscribers {
        subscriber.next().await;
    }
    // When each is sent to next, in slices of 50 ms of one interval.
    let began = Instant::now();
    let told = subscribers.iter_mut().map(|subscriber| async move {
        subscriber.next().await;
        began.elapsed().as_millis()
    });
    let mut told = futures_util::future::join_all(told).await;
    told.sort_unstable();
    // The timer's own step is a millisecond.
    assert!(told[CLIENTS - 1] <= 1_001, "{}", told[CLIENTS - 1]);
    let most = (0..950)
        .map(|from| {
            let inside = told.iter().filter(|&&ms| (from..from + 50).contains(&ms));
            inside.count()
        })
        .max();
    assert_eq!(most, Some(CLIENTS / 20));
    assert_eq!(rig.counts().executed, 1 + 20);
}

#[tokio::test(start_paused = true)]
async fn different_requests_and_intervals_have_feeds_of_their_own_which_end() {
    let rig = rig();
    let asks = [
        rig.ask(100, "").await,
        rig.ask(200, "").await,
        rig.ask(100, " # more").await,
    ];
    let mut subscribers = Vec::new();
    for ask in &asks {
        subscribers.push(rig.subscribe(ask).await);
        subscribers.push(rig.subscribe(ask).await);
    }
    assert_eq!((rig.counts().feeds, rig.counts().subscribers), (3, 6));
    subscribers.truncate(1);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!((rig.counts().feeds, rig.counts().subscribers), (1, 1));
    // Who comes again starts again. Nobody else is executed for meanwhile.
    subscribers.clear();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let executed = rig.counts().executed;
    let mut again = rig.subscribe(&asks[1]).await;
    assert_eq!(again.next().await, Some(of(0)));
    assert_eq!(rig.counts().executed, executed + 1);
}

#[tokio::test(start_paused = true)]
async fn there_are_as_many_subscriptions_and_topics_as_may_be() {
    let rig = rig();
    let ask = rig.ask(60_000, "").await;
    let mut subscribers = Vec::new();
    for _ in 0..limits::SUBSCRIPTIONS_MAX {
        subscribers.push(rig.subscribe(&ask).await);
    }
    assert!(rig.counts().feeds <= limits::FEED_PHASES_MAX as u64);
    let declined = rig.hub.subscribe(ask.clone()).await;
    assert!(matches!(declined, Err(Declined::Full)), "{declined:?}");
    subscribers.clear();
    tokio::time::sleep(Duration::from_secs(61)).await;
    assert_eq!(rig.counts().feeds, 0);

    for topic in 0..limits::TOPICS_MAX {
        let ask = rig.ask(60_000, &format!(" # {topic}")).await;
        subscribers.push(rig.subscribe(&ask).await);
    }
    let one_more = rig.ask(60_000, " # one more").await;
    let declined = rig.hub.subscribe(one_more).await;
    assert!(matches!(declined, Err(Declined::Full)), "{declined:?}");
    let known = rig.ask(60_000, " # 7").await;
    rig.subscribe(&known).await;
}

#[tokio::test(start_paused = true)]
async fn when_the_server_stops_subscriptions_end_and_none_begins() {
    let rig = rig();
    let ask = rig.ask(60_000, "").await;
    let mut subscriber = rig.subscribe(&ask).await;
    subscriber.next().await;
    rig.stop.cancel();
    assert_eq!(subscriber.next().await, None);
    let declined = rig.hub.subscribe(ask).await;
    assert!(matches!(declined, Err(Declined::Stopping)), "{declined:?}");
}
