//! The fuzz targets on the stable toolchain: every saved input, then a seeded mutator for a while.
//!
//! `cargo fuzz` finds more, but needs nightly (see `fuzz/README.md`). `STREAMGAUGE_FUZZ_SECONDS=600`
//! looks longer. A failure says seed, round and input: the input belongs into the corpus, target, seed and
//! round into `tests/fuzz_regressions.txt`, whose lines are run first, always.

use std::fs;
use std::panic;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::time::Duration;

use rand::RngExt;
use rand::SeedableRng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use streamgauge::time::Clock;

use crate::seeds;

#[path = "../../fuzz/targets/aggregate.rs"]
mod aggregate;
#[path = "../../fuzz/targets/dialects.rs"]
mod dialects;
#[path = "../../fuzz/targets/graphql.rs"]
mod graphql;
#[path = "../../fuzz/targets/parse.rs"]
mod parse;

/// How long each target is driven without `STREAMGAUGE_FUZZ_SECONDS`.
const SECONDS: u64 = 10;
/// Longer inputs find nothing more in the time there is.
const BYTES_MAX: usize = 4_096;

#[test]
fn parse_holds_for_the_corpus_and_its_mutations() {
    drive("parse", parse::run);
}

#[test]
fn dialects_hold_for_the_corpus_and_its_mutations() {
    drive("dialects", dialects::run);
}

#[test]
fn aggregate_holds_for_the_corpus_and_its_mutations() {
    drive("aggregate", aggregate::run);
}

#[test]
fn graphql_holds_for_the_corpus_and_its_mutations() {
    drive("graphql", graphql::run);
}

fn drive(target: &str, run: fn(&[u8])) {
    let mut inputs = corpus(target);
    assert!(inputs.len() >= 3, "the corpus of {target} is there");
    for input in &inputs {
        check(target, run, input);
    }
    let seconds = std::env::var("STREAMGAUGE_FUZZ_SECONDS");
    let seconds = seconds.map_or(SECONDS, |text| text.parse().unwrap());
    let limit_ns = u64::try_from(Duration::from_secs(seconds).as_nanos()).unwrap();
    let clock = Clock::system();
    let begun_ns = clock.mono_ns();
    for (seed, rounds) in regressions(target) {
        mutations(target, run, &mut inputs.clone(), seed, |round| {
            round < rounds
        });
    }
    let in_time = |_| clock.mono_ns() - begun_ns < limit_ns;
    mutations(target, run, &mut inputs, seeds::seed(1), in_time);
}

/// Seeds that once found something, and for how many rounds they have to run to find it.
fn regressions(target: &str) -> Vec<(u64, u64)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz_regressions.txt");
    let text = fs::read_to_string(path).unwrap();
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| line.split(' ').collect::<Vec<_>>())
        .filter(|words| words[0] == target)
        .map(|words| (words[1].parse().unwrap(), words[2].parse().unwrap()))
        .collect()
}

fn mutations(
    target: &str,
    run: fn(&[u8]),
    inputs: &mut Vec<Vec<u8>>,
    seed: u64,
    goes_on: impl Fn(u64) -> bool,
) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let saved = inputs.len();
    let mut round = 0;
    while goes_on(round) {
        round += 1;
        let mut input = inputs.choose(&mut rng).unwrap().clone();
        for _ in 0..rng.random_range(1..6) {
            let other = inputs.choose(&mut rng).unwrap();
            mutate(&mut rng, &mut input, other);
        }
        input.truncate(BYTES_MAX);
        check(&format!("{target} {seed} {round}"), run, &input);
        // Some go on, so that changes add up; without measuring coverage any is as good.
        if rng.random_ratio(1, 8) {
            let place = saved + rng.random_range(0..64);
            match inputs.get_mut(place) {
                Some(old) => *old = input,
                None => inputs.push(input),
            }
        }
    }
}

/// Runs the target; when it panics, says with which input.
fn check(target: &str, run: fn(&[u8]), input: &[u8]) {
    if let Err(panic) = panic::catch_unwind(AssertUnwindSafe(|| run(input))) {
        eprintln!("{target} fails on b\"{}\"", input.escape_ascii());
        panic::resume_unwind(panic);
    }
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    // Folders are listed in any order, which would make every run another.
    paths.sort();
    paths
        .into_iter()
        .map(|path| fs::read(path).unwrap())
        .collect()
}

/// One change to `input`; `other` is where pieces come from.
fn mutate(rng: &mut ChaCha8Rng, input: &mut Vec<u8>, other: &[u8]) {
    const SIGNS: &[u8] = b"\"\\{}[]:,0123456789+-.eE \n\t\0\x1f\x7f\x80\xc3\xa9\xffaftnuzTZ";
    let place = rng.random_range(0..=input.len());
    let end = (place + rng.random_range(0..48)).min(input.len());
    let byte = if rng.random() {
        *SIGNS.choose(rng).unwrap()
    } else {
        rng.random()
    };
    match rng.random_range(0..7) {
        0 | 1 => {
            if let Some(old) = input.get_mut(place) {
                *old = byte;
            }
        }
        2 => input.insert(place, byte),
        3 => drop(input.drain(place..end)),
        4 => {
            let run = input[place..end].to_vec();
            input.splice(end..end, run);
        }
        5 => {
            if let Some(old) = input.get_mut(place) {
                *old ^= 1 << rng.random_range(0..8);
            }
        }
        _ => {
            let from = rng.random_range(0..=other.len());
            let to = (from + rng.random_range(0..48)).min(other.len());
            input.splice(place..end, other[from..to].iter().copied());
        }
    }
}
