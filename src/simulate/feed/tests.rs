//! What a feed sends, when.

use super::super::outbox::Form;
use super::*;

#[test]
fn a_history_waits_for_the_first_subscriber_and_keeps_its_times() {
    let mut settings = SimulatorSettings::new(SimulatorSettings::LISTEN);
    settings.rate = Rate::PerSecond(100.0);
    settings.history = Duration::from_secs(60);
    let start = EpochMs::from_ms(1_000_000_000);
    let (clock, hands) = Clock::manual(start);
    let counters = Arc::<Counters>::default();
    let timeline = Timeline::new(clock);
    let mut feed = Feed::new(&settings, timeline, Arc::clone(&counters), None, None);
    // Nobody is there yet, for a while.
    hands.advance_ms(7_000);
    assert!(!feed.miss_due());
    feed.begin(u64::MAX);
    let subscription = Subscription::parse(ALL).unwrap();
    let mut text = String::new();
    let mut outbox = Outbox::new(Form::Lines);
    while feed.step(subscription, 1, &mut outbox) == Step::Write {
        text.push_str(std::str::from_utf8(&outbox.bytes).unwrap());
    }
    let times: Vec<i64> = text
        .lines()
        .map(|line| {
            let event: serde_json::Value = serde_json::from_str(line).unwrap();
            let time = event["timestamp"].as_str().unwrap();
            let time = humantime::parse_rfc3339(time).unwrap();
            let since = time.duration_since(std::time::UNIX_EPOCH).unwrap();
            i64::try_from(since.as_millis()).unwrap()
        })
        .collect();
    let now_ms = start.ms() + 7_000;
    assert!(times.len() > 3_000, "{}", times.len());
    assert!(times.is_sorted());
    assert!(
        times[0] >= now_ms - 60_000 && times[0] < now_ms - 50_000,
        "{}",
        times[0]
    );
    let last = times[times.len() - 1];
    assert!(last <= now_ms && last > now_ms - 1_000, "{last}");
    assert_eq!(counters.missed.value(), 0);
    // From here on events are due one by one, and pass by when nobody is subscribed.
    hands.advance_ms(1_000);
    assert_eq!(feed.step(subscription, 1, &mut outbox), Step::Write);
    feed.end();
    hands.advance_ms(1_000);
    assert!(!feed.miss_due());
    let missed = counters.missed.value();
    assert!((50..200).contains(&missed), "{missed}");
}

const ALL: &[u8] = br#"{"subscription":{"eventTypes":["webchat:connected","webchat:disconnected","webchat:message"],"filter":{"channel":"webchat"}}}"#;

#[tokio::test]
async fn what_a_fault_held_back_was_not_missed_before_what_was_sent() {
    let mut settings = SimulatorSettings::new(SimulatorSettings::LISTEN);
    settings.rate = Rate::PerSecond(2_000.0);
    settings.faults = vec!["close@10ev".parse().unwrap()];
    let start = EpochMs::from_ms(1_000_000);
    let (clock, hands) = Clock::manual(start);
    let recorder = Recorder::spawn();
    let mut feed = Feed::new(
        &settings,
        Timeline::new(clock),
        Arc::default(),
        Some(recorder.clone()),
        None,
    );
    let subscription = Subscription::parse(ALL).unwrap();
    let mut outbox = Outbox::new(Form::Frames);
    feed.begin(u64::MAX);
    // Some two hundred events are due at once, of which ten are sent, late.
    hands.advance_ms(100);
    assert_eq!(feed.step(subscription, 1, &mut outbox), Step::Write);
    let fault = feed.step(subscription, 1, &mut outbox);
    assert_eq!(fault, Step::Fault(Action::Close(1000)));
    feed.end();
    hands.advance_ms(100);
    assert!(!feed.miss_due());
    let record = recorder.read().await;
    assert!(record.len() > 100, "{}", record.len());
    assert!(record.is_sorted_by_key(|emission| (emission.sent_at, emission.sequence)));
    let sent = record
        .iter()
        .filter(|emission| emission.connection.is_some());
    assert_eq!(sent.count(), 10);
    assert_eq!(record[10].sent_at, start + 100);
}
