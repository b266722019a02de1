//! An image of a running engine, and another engine that goes on from it.

use serde_json::Value;
use serde_json::json;
use streamgauge::aggregate::Image;
use streamgauge::input::Position;
use streamgauge::input::Shard;
use streamgauge::parse::Parser;
use streamgauge::snapshot::Dimension;
use streamgauge::snapshot::InputStatus;
use streamgauge::snapshot::Snapshot;
use streamgauge::source::Intake;
use streamgauge::stream::StreamNote;
use streamgauge::stream::StreamState;
use streamgauge::time::Clock;

use super::rig::Rig;
use super::rig::simulator;

const CHANNEL: Shard = Shard::only("channel");

/// A second input that is live.
fn channel(rig: &Rig) -> Intake<Parser> {
    let decoder = |keys| Parser::new(keys).with_labels();
    let mut intake = rig.engine().inputs().open(CHANNEL, decoder);
    let at = Clock::system().wall();
    intake.note(StreamNote::Live { at });
    intake
}

fn send(intake: &mut Intake<Parser>, event: &Value, position: u64) {
    intake.arrived();
    // Counted, whatever became of it.
    let _ = intake.take(&mut event.to_string().into_bytes());
    intake.reached(Position::Sequence(position));
    while !intake.offer() {
        std::thread::yield_now();
    }
}

fn event(kind: &str, id: &str) -> Value {
    json!({
        "eventType": format!("webchat:{kind}"),
        "timestamp": Clock::system().wall().ms(),
        "data": {"sessionId": id, "queueId": "channel"},
    })
}

/// The name by which the one session of the channel is listed.
fn listed(snapshot: &Snapshot) -> Option<String> {
    let all = snapshot.longest.all();
    let of_channel = all.iter().find(|session| &*session.queue == "channel")?;
    Some(of_channel.id.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_goes_on_from_the_image_of_another() {
    // It falls silent, and stays live.
    let mut rig = Rig::start(simulator(&["pause=1h@500ev"])).await;
    rig.until_received(500).await;
    let mut intake = channel(&rig);
    // No UUID: the keys decide which row it is.
    send(&mut intake, &event("connected", "guest é"), 7);
    let is_listed = |snapshot: &Snapshot| listed(snapshot).as_deref() == Some("guest é");
    let before = rig.until("listed", is_listed).await;

    let bytes = rig.engine().image().await.unwrap();
    let image = Image::decode(&bytes).unwrap();
    drop(intake);
    rig.go_on_from(image).await;
    let seen = rig.until("there", |_| true).await;
    assert_ne!(seen.engine_id, before.engine_id);
    assert_eq!(seen.counters_since, before.counters_since);
    assert!(seen.counters.applied >= before.counters.applied);
    assert!(seen.total_connections >= before.total_connections);
    assert!(seen.stream.gaps_total > before.stream.gaps_total);
    assert_eq!(listed(&seen).as_deref(), Some("guest é"));
    let inputs = seen.stream.inputs.iter();
    let is_ours = |input: &&InputStatus| input.id.shard == CHANNEL;
    let ours = inputs.filter(is_ours).map(|input| input.position);
    assert_eq!(ours.collect::<Vec<_>>(), [Position::Sequence(7)]);

    let mut intake = channel(&rig);
    send(&mut intake, &event("disconnected", "guest é"), 8);
    let is_closed = |snapshot: &Snapshot| {
        let group = snapshot.groups.by(Dimension::Queue).find("channel", None);
        let is_closed = group.is_some_and(|group| group.open_sessions == 0);
        is_closed && snapshot.stream.state == StreamState::Live
    };
    let seen = rig.until("closed and live again", is_closed).await;
    assert!(seen.stream.gaps.iter().all(|gap| gap.end.is_some()));
    let instances = seen.stream.inputs.iter().map(|input| input.id.instance);
    let instances: Vec<u64> = instances.collect();
    assert!(
        instances.iter().all(|instance| *instance >= 2),
        "{instances:?}"
    );

    intake.note(StreamNote::State(StreamState::Closed));
    while !intake.offer() {
        std::thread::yield_now();
    }
    drop(intake);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_goes_away_is_not_waited_for() {
    let mut rig = Rig::start(simulator(&["pause=1h@500ev"])).await;
    rig.until_received(500).await;
    let mut frames = rig.engine().image_frames();
    assert!(frames.next().await.is_some() && !frames.is_whole());
    drop(frames);
    let (one, other) = tokio::join!(rig.engine().image(), rig.engine().image());
    for bytes in [one.unwrap(), other.unwrap()] {
        assert!(Image::decode(&bytes).is_ok());
    }
    rig.stop().await;
}
