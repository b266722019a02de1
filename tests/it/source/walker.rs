//! The frame walker against `fastwebsockets`, on saved streams and on seeded mutations of legal ones.

use std::fs;
use std::path::Path;

use rand::RngExt;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::peer;

#[path = "../../../fuzz/targets/frames.rs"]
mod target;

/// Mutated streams; the variable `STREAMGAUGE_FUZZ_RUNS` asks for more.
const RUNS: usize = 1_000;

#[test]
fn saved_streams_are_walked_like_the_reference() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/frames");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let stream = fs::read(entry.unwrap().path()).unwrap();
        for cut in [0, 1, 2, 3, 5, 127, 128, 255] {
            target::run(&[&[cut], stream.get(1..).unwrap_or_default()].concat());
        }
        count += 1;
    }
    assert!(count >= 10, "{count} streams");
}

#[test]
fn mutated_streams_are_walked_like_the_reference() {
    let runs = std::env::var("STREAMGAUGE_FUZZ_RUNS");
    let runs = runs.map_or(RUNS, |runs| runs.parse().unwrap());
    let mut rng = ChaCha8Rng::seed_from_u64(crate::seeds::seed(17));
    for _ in 0..runs {
        let mut input = vec![rng.random()];
        for _ in 0..rng.random_range(1..20) {
            input.extend(frame(&mut rng));
        }
        for _ in 0..rng.random_range(0..4) {
            mutate(&mut input, &mut rng);
        }
        target::run(&input);
    }
}

/// A frame that is legal in its place, mostly.
fn frame(rng: &mut ChaCha8Rng) -> Vec<u8> {
    let length = match rng.random_range(0..20) {
        0..12 => rng.random_range(0..20),
        12..16 => rng.random_range(120..130),
        16..19 => rng.random_range(300..400),
        _ => rng.random_range(65_530..65_540),
    };
    let text: Vec<u8> = "naïve €uro 𝄞 {\"a\":1}"
        .bytes()
        .cycle()
        .take(length)
        .collect();
    let first = match rng.random_range(0..20) {
        0..8 => 0x81,
        8 => 0x82,
        9..11 => 0x01,
        11..14 => 0x00,
        14..16 => 0x80,
        16 => 0x89,
        17 => 0x8a,
        18 => return peer::close(rng.random_range(998..1018), "bye"),
        _ => rng.random(),
    };
    let mut frame = peer::frame(first, &text);
    // Lengths in a longer form than they need.
    if text.len() < 126 && rng.random_bool(0.1) {
        let long = [&[first, 127][..], &(text.len() as u64).to_be_bytes()].concat();
        frame.splice(..2, long);
    }
    frame
}

fn mutate(input: &mut Vec<u8>, rng: &mut ChaCha8Rng) {
    let at = rng.random_range(0..input.len());
    match rng.random_range(0..5) {
        0 => input[at] = rng.random(),
        1 => input[at] ^= 1 << rng.random_range(0..8),
        2 => _ = input.splice(at..at, [rng.random()]),
        3 => input.truncate(at + 1),
        _ => {
            let end = input.len().min(at + rng.random_range(1..50));
            let copy = input[at..end].to_vec();
            input.splice(at..at, copy);
        }
    }
}
