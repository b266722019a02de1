//! A contact centre's events as lines of a file, as fast as they can be written.

use std::io;
use std::io::Write;

use super::conveyor::Conveyor;
use super::conveyor::ElementKind;
use crate::simulate::stats::SimulatorStats;

/// Writes the next `events` events of a conveyor, one a line, with the faults of events. `progress` hears
/// the number of events written now and then.
///
/// # Errors
/// When `out` cannot be written.
pub fn write_elements(
    mut out: impl Write,
    events: u64,
    conveyor: &mut Conveyor,
    mut progress: impl FnMut(u64),
) -> io::Result<SimulatorStats> {
    let mut stats = SimulatorStats::default();
    let mut elements = Vec::new();
    loop {
        let is_done = conveyor.sequence() >= events;
        if is_done {
            conveyor.drain(&mut elements);
        } else {
            conveyor.take(&mut elements);
        }
        let mut lines = Vec::new();
        for element in elements.drain(..) {
            match element.kind {
                ElementKind::Event => stats.sent += 1,
                ElementKind::Copy => stats.copies += 1,
                ElementKind::Bad => stats.malformed += 1,
            }
            lines.extend_from_slice(&element.payload);
            lines.push(b'\n');
        }
        out.write_all(&lines)?;
        stats.generated = conveyor.sequence();
        progress(stats.generated);
        if is_done {
            out.flush()?;
            return Ok(stats);
        }
    }
}
