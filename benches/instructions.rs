//! Instructions executed per stage, counted by valgrind: the gate against regressions, because wall
//! time on shared machines swings by more than most changes. `perf/instructions.sh` runs it.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    unused_qualifications,
    reason = "a bench ends at its first surprise; the macros qualify what need not be"
)]

use std::hint::black_box;

use gungraun::library_benchmark;
use gungraun::library_benchmark_group;
use gungraun::main;

use streamgauge::aggregate::State;
use streamgauge::config::AggregateSettings;
use streamgauge::event::Event;
use streamgauge::event::IdKeys;
use streamgauge::parse::Parser;
use streamgauge::parse::Verdict;
use streamgauge::simulate::FILE_START;
use streamgauge::simulate::SimulatorSettings;
use streamgauge::simulate::write_file;
use streamgauge::snapshot::Snapshot;

const EVENTS: usize = 2_000;

/// The first events of the simulator, a payload each.
fn payloads() -> Vec<Vec<u8>> {
    let settings = SimulatorSettings::new(SimulatorSettings::LISTEN);
    let mut bytes = Vec::new();
    write_file(&mut bytes, EVENTS as u64, &settings, |_| {}).unwrap();
    bytes
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(<[u8]>::to_vec)
        .collect()
}

/// A parser that has seen the payloads once, and the payloads.
fn warm_parser() -> (Parser, Vec<Vec<u8>>) {
    let mut parser = Parser::new(IdKeys::FIXED);
    payloads()
        .iter_mut()
        .for_each(|payload| drop_verdict(parser.parse(payload)));
    (parser, payloads())
}

fn drop_verdict(verdict: Verdict) {
    black_box(verdict);
}

fn state_and_events() -> (State, Vec<Event>) {
    let (mut parser, mut payloads) = warm_parser();
    let events = payloads
        .iter_mut()
        .filter_map(|payload| match parser.parse(payload) {
            Verdict::Event(event) => Some(event),
            Verdict::Ignored | Verdict::Rejected(_) => None,
        })
        .collect();
    let mut state = State::new(AggregateSettings::default(), IdKeys::FIXED, FILE_START);
    state.advance(FILE_START + 60_000);
    (state, events)
}

#[library_benchmark]
#[bench::simulated_2000(setup = warm_parser)]
fn parse((mut parser, mut payloads): (Parser, Vec<Vec<u8>>)) -> usize {
    let is_event = |payload: &mut Vec<u8>| matches!(parser.parse(payload), Verdict::Event(_));
    let events = payloads
        .iter_mut()
        .filter_map(|payload| is_event(payload).then_some(()))
        .count();
    assert_eq!(events, EVENTS);
    events
}

#[library_benchmark]
#[bench::simulated_2000(setup = state_and_events)]
fn apply((mut state, events): (State, Vec<Event>)) -> State {
    events.iter().for_each(|event| state.apply(event));
    state
}

#[library_benchmark]
#[bench::four_windows(setup = state_and_events)]
fn fill((state, _): (State, Vec<Event>)) -> Snapshot {
    let mut snapshot = Snapshot::default();
    state.fill(&mut snapshot);
    assert_eq!(snapshot.windows.len(), 4);
    snapshot
}

library_benchmark_group!(name = stages, benchmarks = [parse, apply, fill]);
main!(library_benchmark_groups = stages);
