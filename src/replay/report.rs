//! How a step is printed: one JSON object a line, or one row of a table.

use std::io;
use std::io::BufWriter;
use std::io::Write;

use serde::Serialize;

use crate::snapshot::Snapshot;
use crate::time::EpochMs;

/// The shape of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line, its keys always in the same order.
    #[default]
    Ndjson,
    /// Aligned columns under one header, for people.
    Table,
}

/// One step. The order of the fields is the order of the keys. Means and rates are floats in
/// their shortest form that reads back the same, always with a point or an exponent.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    at: i64,
    active_sessions: u64,
    total_connections: u64,
    avg_session_duration_ms: f64,
    messages_per_minute: f64,
    open_sessions: u64,
    received: u64,
    ignored: u64,
    rejected: u64,
    duplicates: u64,
    late: u64,
    future: u64,
    orphans: u64,
    out_of_order: u64,
}

const HEADER: &str = "\
at                          active       total      avg ms     msg/min        open    received \
ignored rejected duplicates   late future orphans outOfOrder";

/// Prints steps to `output`.
#[derive(Debug)]
pub(super) struct Report<W: Write> {
    format: Format,
    output: BufWriter<W>,
    has_header: bool,
}

impl<W: Write> Report<W> {
    pub(super) fn new(format: Format, output: W) -> Self {
        Self {
            format,
            output: BufWriter::with_capacity(64 << 10, output),
            has_header: false,
        }
    }

    /// Prints the step `at`.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub(super) fn row(&mut self, at: EpochMs, snapshot: &Snapshot) -> io::Result<()> {
        let row = Row::new(at, snapshot);
        match self.format {
            Format::Ndjson => {
                serde_json::to_writer(&mut self.output, &row)?;
                self.output.write_all(b"\n")
            }
            Format::Table => self.table_row(at, &row),
        }
    }

    fn table_row(&mut self, at: EpochMs, row: &Row) -> io::Result<()> {
        if !self.has_header {
            self.has_header = true;
            writeln!(self.output, "{HEADER}")?;
        }
        writeln!(
            self.output,
            "{at} {:>9} {:>11} {:>11.1} {:>11.1} {:>11} {:>11} {:>7} {:>8} {:>10} {:>6} {:>6} {:>7} {:>10}",
            row.active_sessions,
            row.total_connections,
            row.avg_session_duration_ms,
            row.messages_per_minute,
            row.open_sessions,
            row.received,
            row.ignored,
            row.rejected,
            row.duplicates,
            row.late,
            row.future,
            row.orphans,
            row.out_of_order,
        )
    }

    /// Makes what was printed visible.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

impl Row {
    fn new(at: EpochMs, snapshot: &Snapshot) -> Self {
        let (main, counters) = (snapshot.main(), &snapshot.counters);
        Self {
            at: at.ms(),
            active_sessions: main.active_sessions,
            total_connections: snapshot.total_connections,
            avg_session_duration_ms: main.avg_session_duration_ms(),
            messages_per_minute: main.messages_per_minute(),
            open_sessions: snapshot.sessions.open,
            received: counters.received,
            ignored: counters.ignored,
            rejected: counters.rejected_total(),
            // Facts of conversations that were known are copies too.
            duplicates: counters.duplicates + counters.repeated,
            late: counters.late,
            future: counters.future,
            orphans: counters.orphans,
            out_of_order: counters.out_of_order,
        }
    }
}
