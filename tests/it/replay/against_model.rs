//! Generated files, with copies, orphans, restarts, silence and disorder: two replays print the
//! same, and what they print are the reference model's numbers at every step.

use std::path::Path;
use std::process::Command;

use streamgauge::event::Actor;
use streamgauge::event::Detail;
use streamgauge::event::Event;
use streamgauge::event::EventKind;
use streamgauge::event::IdKeys;
use streamgauge::event::IdKind;
use streamgauge::event::Identity;
use streamgauge::event::LabelsId;
use streamgauge::event::SessionKey;
use streamgauge::parse::Parser;
use streamgauge::parse::Verdict;
use streamgauge::replay::ReplaySettings;
use streamgauge::ring::Delta;
use streamgauge::time::EpochMs;
use streamgauge::window::Width;

use crate::model::Model;

use super::run;

const EVENTS: u64 = 6_000;
const JITTER_MS: u64 = 700;
const EVERY_MS: i64 = 1_000;

/// Steele, Lea and Flood's SplitMix64.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    pub(super) fn one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }
}

/// Events as they stand in a file; with `jitter_ms` up to that much out of order.
fn generate(seed: u64, jitter_ms: u64) -> Vec<Event> {
    generate_some(EVENTS, seed, jitter_ms)
}

/// The first so many of them.
pub(super) fn generate_some(count: u64, seed: u64, jitter_ms: u64) -> Vec<Event> {
    let mut random = Random(seed);
    let mut now = EpochMs::from_ms(1_768_478_400_000);
    let mut open: Vec<u64> = Vec::new();
    let mut events: Vec<Event> = Vec::new();
    for serial in 1..=count {
        now = now + i64::try_from(random.below(20)).unwrap();
        if random.one_in(1_000) {
            now = now + i64::try_from(random.below(9_000)).unwrap();
        }
        if random.one_in(50) && !events.is_empty() {
            events.push(events[events.len() - 1]);
            continue;
        }
        let kind = match random.below(10) {
            0..3 => EventKind::Connected,
            3..5 => EventKind::Disconnected,
            _ => EventKind::Message,
        };
        let (number, own_duration_ms) = match kind {
            // A restart now and then.
            EventKind::Connected if !open.is_empty() && random.one_in(10) => (open[0], None),
            EventKind::Connected => {
                open.push(serial);
                (serial, None)
            }
            _ if open.is_empty() || random.one_in(20) => (serial, Some(random.below(5_000))),
            EventKind::Disconnected => {
                let index = random.below(u64::try_from(open.len()).unwrap());
                (open.remove(usize::try_from(index).unwrap()), None)
            }
            EventKind::Message | EventKind::Fact => {
                let index = random.below(u64::try_from(open.len()).unwrap());
                (open[usize::try_from(index).unwrap()], None)
            }
        };
        let behind = i64::try_from(random.below(jitter_ms + 1)).unwrap();
        let is_message = kind == EventKind::Message;
        let own_duration_ms = own_duration_ms
            .filter(|duration| kind == EventKind::Disconnected && duration % 2 == 0)
            .map(|duration| u32::try_from(duration).unwrap());
        events.push(Event {
            time: now - behind,
            session: SessionKey {
                hi: 0,
                lo: number,
                kind: IdKind::Hashed,
            },
            identity: if is_message {
                Identity::from_hash(serial)
            } else {
                Identity::NONE
            },
            detail: Detail::of_duration(own_duration_ms),
            kind,
            labels: LabelsId::NONE,
            actor: Actor::Unknown,
        });
    }
    events
}

/// The event as a line of a file.
pub(super) fn line(event: &Event) -> String {
    let kind = match event.kind {
        EventKind::Connected => "connected",
        EventKind::Disconnected => "disconnected",
        EventKind::Message => "message",
        EventKind::Fact => unreachable!("the tutorial's protocol knows no facts"),
    };
    let mut data = format!("\"sessionId\":\"guest-{}\"", event.session.lo);
    if let Some(fingerprint) = event.identity.fingerprint() {
        data += &format!(",\"messageId\":\"m{fingerprint}\"");
    }
    if let Some(duration) = event.own_duration_ms() {
        data += &format!(",\"durationMs\":{duration}");
    }
    format!(
        "{{\"eventType\":\"webchat:{kind}\",\"timestamp\":\"{}\",\"data\":{{{data}}}}}\n",
        event.time
    )
}

/// The steps as the model sees them, when events are applied in the given order.
fn model_steps(settings: &ReplaySettings, every_ms: i64, events: &[Event]) -> String {
    let step_after = |time: EpochMs| (time.ms() / every_ms + 1) * every_ms;
    let mut model = Model::new(settings.aggregate().clone());
    let mut at = step_after(events[0].time);
    let mut newest = events[0].time;
    let mut output = String::new();
    for event in events {
        while event.time.ms() >= at {
            output += &model_step(&mut model, at);
            at += every_ms;
        }
        newest = newest.max(event.time);
        model.count(&Delta {
            received: 1,
            accepted: 1,
            events: 1,
            ..Delta::default()
        });
        model.apply(event);
    }
    while at <= step_after(newest) {
        output += &model_step(&mut model, at);
        at += every_ms;
    }
    output
}

/// The same for a file of any order, as the definitions have it: events wait until the newest is a
/// lateness past their bucket. No clock has to be voted over.
pub(super) fn model_steps_waiting(
    settings: &ReplaySettings,
    every_ms: i64,
    in_file: &[Event],
) -> String {
    let lateness_ms = i64::try_from(settings.aggregate().lateness_ms).unwrap();
    if lateness_ms == 0 {
        return model_steps(settings, every_ms, in_file);
    }
    let width_ms = i64::from(settings.aggregate().width.ms());
    let retained = i64::try_from(settings.aggregate().retained_buckets()).unwrap();
    let bucket = |time: EpochMs| time.ms().div_euclid(width_ms);
    let end = |time: EpochMs| (bucket(time) + 1) * width_ms;
    let step_after = |time: EpochMs| (time.ms() / every_ms + 1) * every_ms;
    let mut model = Model::new(settings.aggregate().clone());
    let mut output = String::new();
    let mut waiting: Vec<Event> = Vec::new();
    let mut next_at = None;
    let mut newest = in_file[0].time;
    let last = EpochMs::from_ms(i64::MAX);
    // One more turn at the end, in which nothing has to wait.
    for event in in_file.iter().map(Some).chain([None]) {
        newest = event.map_or(newest, |event| newest.max(event.time));
        let horizon = event.map_or(last, |_| newest - lateness_ms);
        let is_ready = |event: &Event| end(event.time) <= horizon.ms();
        let mut ready: Vec<Event> = waiting.iter().copied().filter(is_ready).collect();
        waiting.retain(|event| !is_ready(event));
        ready.sort_by_key(|event| event.time);
        for event in ready {
            let at = next_at.get_or_insert_with(|| step_after(event.time));
            while *at <= event.time.ms() {
                output += &model_step(&mut model, *at);
                *at += every_ms;
            }
            model.advance(event.time);
            receive(&mut model);
            model.apply(&event);
        }
        let until = event.map_or_else(|| step_after(newest), |_| horizon.ms());
        while let Some(at) = next_at.filter(|at| *at <= until) {
            output += &model_step(&mut model, at);
            next_at = Some(at + every_ms);
        }
        match event {
            Some(event) if !is_ready(event) => waiting.push(*event),
            Some(straggler) => {
                receive(&mut model);
                model.advance(EpochMs::from_ms(bucket(horizon) * width_ms - 1));
                if bucket(straggler.time) <= bucket(newest) - retained {
                    model.refuse_late(straggler);
                } else {
                    model.apply(straggler);
                }
            }
            None => {}
        }
    }
    output
}

fn receive(model: &mut Model) {
    model.count(&Delta {
        received: 1,
        accepted: 1,
        events: 1,
        ..Delta::default()
    });
}

fn model_step(model: &mut Model, at: i64) -> String {
    model.advance(EpochMs::from_ms(at - 1));
    let snapshot = model.snapshot();
    let (main, counters) = (&snapshot.windows[0], &snapshot.counters);
    format!(
        "{{\"at\":{at},\"activeSessions\":{},\"totalConnections\":{},\
         \"avgSessionDurationMs\":{:?},\"messagesPerMinute\":{:?},\"openSessions\":{},\
         \"received\":{},\"ignored\":0,\"rejected\":0,\"duplicates\":{},\"late\":{},\"future\":{},\
         \"orphans\":{},\"outOfOrder\":{}}}\n",
        main.active_sessions,
        snapshot.total_connections,
        main.avg_session_duration_ms(),
        main.messages_per_minute(),
        snapshot.sessions.open,
        counters.received,
        counters.duplicates,
        counters.late,
        counters.future,
        counters.orphans,
        counters.out_of_order,
    )
}

/// Replays the events twice and compares with the model, which applies them in `order`.
fn check(lateness_ms: u64, in_file: &[Event], in_order: &[Event]) -> String {
    let every_ms = u64::try_from(EVERY_MS).unwrap();
    let settings =
        ReplaySettings::new(Width::DEFAULT, 5_000, every_ms, lateness_ms, 86_400_000).unwrap();
    let file: String = in_file.iter().map(line).collect();
    let first = run(file.as_bytes(), &settings);
    assert_eq!(first.malformed, []);
    let second = run(file.as_bytes(), &settings);
    assert_eq!(first.output, second.output);

    let model = model_steps(&settings, EVERY_MS, in_order);
    assert_same_lines(&first.output, &model);
    assert!(model.lines().count() > 50, "a file of some length");
    model
}

fn assert_same_lines(printed: &str, expected: &str) {
    for (printed, expected) in printed.lines().zip(expected.lines()) {
        assert_eq!(printed, expected);
    }
    assert_eq!(printed.len(), expected.len());
}

#[test]
fn a_file_in_order() {
    let events = generate(7, 0);
    let last = check(0, &events, &events);
    let last = last.lines().last().unwrap();
    // The file has what it was generated for.
    for none in ["\"duplicates\":0,", "\"orphans\":0,", "\"openSessions\":0,"] {
        assert!(!last.contains(none), "{last}");
    }
}

#[test]
fn a_file_out_of_order_as_it_comes() {
    let events = generate(8, JITTER_MS);
    let last = check(0, &events, &events);
    assert!(!last.lines().last().unwrap().contains("\"outOfOrder\":0}"));
}

#[test]
fn a_file_out_of_order_put_in_order() {
    let events = generate(9, JITTER_MS);
    let mut sorted = events.clone();
    sorted.sort_by_key(|event| event.time);
    let last = check(JITTER_MS, &events, &sorted);
    assert!(last.lines().last().unwrap().contains("\"outOfOrder\":0}"));
}

/// Runs the program, which has to succeed, and gives what it prints.
fn printed(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_streamgauge"))
        .env_clear()
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The two commands of docs/load-testing.md, as they are written there.
#[test]
fn the_file_of_the_documentation() {
    let folder = tempfile::tempdir().unwrap();
    let simulate = "simulate --out e.ndjson --events 1000000 --seed 7";
    let replay = "replay e.ndjson --every 10s";
    let page = include_str!("../../../docs/load-testing.md");
    for command in [simulate, replay] {
        assert!(page.contains(&format!("\nstreamgauge {command}\n")));
    }
    let run = |command: &str| {
        let arguments: Vec<&str> = command.split(' ').collect();
        printed(folder.path(), &arguments)
    };
    assert_eq!(run(simulate), "");
    let first = run(replay);
    assert_eq!(run(replay), first);

    let file = std::fs::read(folder.path().join("e.ndjson")).unwrap();
    let mut parser = Parser::new(IdKeys::FIXED);
    let events: Vec<Event> = file
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| match parser.parse(&mut line.to_vec()) {
            Verdict::Event(event) => event,
            other => panic!("{other:?}: {}", String::from_utf8_lossy(line)),
        })
        .collect();
    assert_eq!(events.len(), 1_000_000);
    let settings = ReplaySettings::new(Width::DEFAULT, 60_000, 10_000, 0, 86_400_000).unwrap();
    assert_same_lines(&first, &model_steps(&settings, 10_000, &events));
}
