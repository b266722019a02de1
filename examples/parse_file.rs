//! How many events a second the parse stage alone makes of a file, to run in turns with a rival on
//! the same file (`perf/rivals/on_demand.cpp`), which has to come to the same checksum.
//!
//! `parse_file FILE [guided|tape] [PASSES]`: the file is read before the clock starts; then each line
//! is parsed as `replay` does it and its fields summed up, and the best of the passes is reported.

#![expect(clippy::print_stdout, reason = "the result")]
#![expect(clippy::cast_precision_loss, reason = "a few digits are printed")]

use std::error::Error;

use memchr::memchr;

use streamgauge::event::IdKeys;
use streamgauge::parse::Parser;
use streamgauge::parse::Verdict;
use streamgauge::time::Clock;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let usage = "usage: parse_file FILE [guided|tape] [PASSES]";
    let file = arguments.first().ok_or(usage)?;
    let mut parser = match arguments.get(1).map(String::as_str) {
        None | Some("guided") => Parser::new(IdKeys::FIXED),
        Some("tape") => Parser::reference(IdKeys::FIXED),
        Some(_) => return Err(usage.into()),
    };
    let passes = arguments.get(2).map_or(Ok(1), |passes| passes.parse())?;
    // Both paths leave a line without escapes as it is, so that a second pass reads the same.
    let mut bytes = std::fs::read(file)?;
    let clock = Clock::system();
    let mut best_ns = u64::MAX;
    let mut sums = Sums::default();
    for _ in 0..passes {
        let begun_ns = clock.mono_ns();
        sums = Sums::of(&mut bytes, &mut parser);
        best_ns = best_ns.min(clock.mono_ns() - begun_ns);
    }

    let Sums {
        events,
        others,
        checksum,
    } = sums;
    println!(
        "events {events}  others {others}  checksum {checksum:016x}  {:.1} ns/event  {:.2} M events/s  {:.2} GB/s",
        best_ns as f64 / events as f64,
        events as f64 * 1e3 / best_ns as f64,
        bytes.len() as f64 / best_ns as f64,
    );
    Ok(())
}

/// What one pass comes to.
#[derive(Default)]
struct Sums {
    events: u64,
    others: u64,
    /// Of kinds, times and the first eight digits of the session's id.
    checksum: u64,
}

impl Sums {
    fn of(bytes: &mut [u8], parser: &mut Parser) -> Self {
        let mut sums = Self::default();
        let mut rest = bytes;
        loop {
            // As a replay takes lines: those like recent ones without a look for their end.
            let (verdict, end) = match parser.recognize_line(rest) {
                Some(read) => read,
                None => match memchr(b'\n', rest) {
                    Some(end) => (parser.parse(&mut rest[..end]), end),
                    None => return sums,
                },
            };
            match verdict {
                Verdict::Event(event) => {
                    sums.events += 1;
                    sums.checksum = sums
                        .checksum
                        .wrapping_add(event.time.ms().cast_unsigned())
                        .wrapping_add(event.session.hi >> 32)
                        .wrapping_add(event.kind as u64);
                }
                Verdict::Ignored | Verdict::Rejected(_) => sums.others += 1,
            }
            rest = rest.get_mut(end + 1..).unwrap_or_default();
        }
    }
}
