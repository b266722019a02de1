//! How many events a second the parse stage alone makes of a file, to run in turns with a rival on
//! the same file (`perf/rivals/on_demand.cpp`), which has to come to the same checksum.
//!
//! `parse_file FILE [guided|tape] [PASSES] [labels]`: the file is read before the clock starts; then each
//! line is parsed as `replay` does it and its fields summed up, and the best of the passes is printed:
//! wall time, and behind `cpu` the processor time of the same pass. With `labels` the names of queues and
//! deployments are read too, as `serve` does it.

#![expect(clippy::print_stdout, reason = "the result")]
#![expect(clippy::cast_precision_loss, reason = "a few digits are printed")]

use std::error::Error;

use memchr::memchr;

use streamgauge::event::Definitions;
use streamgauge::event::IdKeys;
use streamgauge::parse::Parser;
use streamgauge::parse::Verdict;
use streamgauge::time::Clock;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let usage = "usage: parse_file FILE [guided|tape] [PASSES] [labels]";
    let file = arguments.first().ok_or(usage)?;
    let mut parser = match arguments.get(1).map(String::as_str) {
        None | Some("guided") => Parser::new(IdKeys::FIXED),
        Some("tape") => Parser::reference(IdKeys::FIXED),
        Some(_) => return Err(usage.into()),
    };
    let passes = arguments.get(2).map_or(Ok(1), |passes| passes.parse())?;
    match arguments.get(3).map(String::as_str) {
        None => {}
        Some("labels") => parser = parser.with_labels(),
        Some(_) => return Err(usage.into()),
    }
    let read = std::fs::read(file)?;
    let mut bytes = read.clone();
    let clock = Clock::system();
    let (mut best_ns, mut best_cpu_ns) = (u64::MAX, 0);
    let mut sums = Sums::default();
    for _ in 0..passes {
        // The tape writes over escapes: every pass gets the file as it was.
        bytes.copy_from_slice(&read);
        let (begun_ns, begun_cpu_ns) = (clock.mono_ns(), cpu_ns());
        sums = Sums::of(&mut bytes, &mut parser);
        let (ns, of_cpu_ns) = (clock.mono_ns() - begun_ns, cpu_ns() - begun_cpu_ns);
        if ns < best_ns {
            (best_ns, best_cpu_ns) = (ns, of_cpu_ns);
        }
    }

    let Sums {
        events,
        others,
        checksum,
    } = sums;
    println!(
        "events {events}  others {others}  checksum {checksum:016x}  {:.1} ns/event  {:.2} M events/s  {:.2} GB/s  cpu {:.1} ns/event",
        best_ns as f64 / events as f64,
        events as f64 * 1e3 / best_ns as f64,
        bytes.len() as f64 / best_ns as f64,
        best_cpu_ns as f64 / events as f64,
    );
    Ok(())
}

/// Processor time of this thread so far.
fn cpu_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    u64::try_from(now.tv_sec * 1_000_000_000 + now.tv_nsec).unwrap_or(0)
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
        let definitions = &mut Definitions::default();
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
                    parser.define(0, definitions);
                    definitions.clear();
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
