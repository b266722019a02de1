//! How many events a second the parse stage alone makes of a file, beside rivals that read the same
//! file: `parse_file FILE [guided|tape]` prints one line like theirs (see `perf/rivals`).
//!
//! The file is read before the clock starts; a line is found, parsed and its fields summed up.

#![expect(clippy::print_stdout, reason = "the result")]

use std::error::Error;

use memchr::memchr;

use streamgauge::event::IdKeys;
use streamgauge::parse::Parser;
use streamgauge::parse::Verdict;
use streamgauge::time::Clock;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments
        .next()
        .ok_or("usage: parse_file FILE [guided|tape]")?;
    let mut parser = match arguments.next().as_deref() {
        None | Some("guided") => Parser::new(IdKeys::FIXED),
        Some("tape") => Parser::reference(IdKeys::FIXED),
        Some(other) => return Err(format!("no such path: {other}").into()),
    };
    let mut bytes = std::fs::read(file)?;
    let length = bytes.len();

    let clock = Clock::system();
    let begun_ns = clock.mono_ns();
    let (mut events, mut others, mut checksum) = (0_u64, 0_u64, 0_u64);
    let mut rest = bytes.as_mut_slice();
    while let Some(end) = memchr(b'\n', rest) {
        let (line, after) = rest.split_at_mut(end);
        match parser.parse(line) {
            Verdict::Event(event) => {
                events += 1;
                // The session's first eight digits, which a rival need not convert further.
                checksum = checksum
                    .wrapping_add(event.time.ms().cast_unsigned())
                    .wrapping_add(event.session.hi >> 32)
                    .wrapping_add(event.kind as u64);
            }
            Verdict::Ignored | Verdict::Rejected(_) => others += 1,
        }
        rest = after.get_mut(1..).unwrap_or_default();
    }
    let ns = clock.mono_ns() - begun_ns;
    println!(
        "events {events}  others {others}  checksum {checksum:016x}  {:.1} ns/event  {:.2} M events/s  {:.2} GB/s",
        ns as f64 / events as f64,
        events as f64 * 1e3 / ns as f64,
        length as f64 / ns as f64,
    );
    Ok(())
}
