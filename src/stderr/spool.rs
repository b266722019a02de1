//! Lines on their way to a file that may not take them: a bounded queue and the thread behind it.

use std::io;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::Duration;

use crate::time::Clock;

use super::notice;

/// Lines that wait at the most.
const LINES_MAX: usize = 8_192;
/// Bytes of lines that wait at the most: what a reader that stops may cost in memory.
const BYTES_MAX: usize = 1 << 20;
/// The longest line, in bytes: one may not take the room of all others.
const LINE_BYTES_MAX: usize = 64 << 10;
/// Between two attempts at a file that is set to refuse instead of waiting.
const RETRY: Duration = Duration::from_millis(10);
/// Between two looks whether all is written.
const LOOK: Duration = Duration::from_millis(1);

/// Where lines are put. Nobody waits here.
#[derive(Debug)]
pub(super) struct Spool {
    lines: Option<SyncSender<Line>>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Line {
    text: Box<[u8]>,
    /// Lines dropped between the one before and this one.
    dropped_before: u64,
}

#[derive(Debug, Default)]
struct Shared {
    /// Bytes put and neither written nor given up.
    waiting_bytes: AtomicUsize,
    dropped: AtomicU64,
    /// Those dropped that no line has reported yet.
    unreported: AtomicU64,
    /// Whether the last attempt to write failed.
    is_broken: AtomicBool,
    is_json: AtomicBool,
}

impl Spool {
    /// A spool to a file. Without one, or where the system refuses a thread, all lines are dropped.
    pub(super) fn start(file: Option<impl Write + Send + 'static>) -> Self {
        let shared = Arc::<Shared>::default();
        let (lines, waiting) = mpsc::sync_channel(LINES_MAX);
        let started = file.map(|file| {
            let mut pen = Pen {
                file,
                shared: Arc::clone(&shared),
                is_torn: false,
            };
            thread::Builder::new()
                .name("streamgauge-log".to_owned())
                .spawn(move || pen.run(&waiting))
        });
        let is_started = matches!(started, Some(Ok(_)));
        Self {
            lines: is_started.then_some(lines),
            shared,
        }
    }

    /// Puts a line, with its end, behind those that wait; drops and counts it where there is no room.
    pub(super) fn put(&self, text: &[u8]) {
        let shared = &self.shared;
        let (text, is_cut) = match text.len() > LINE_BYTES_MAX {
            true => (&text[..LINE_BYTES_MAX], true),
            false => (text, false),
        };
        // Part of a JSON object is none.
        if is_cut && self.is_json() {
            return shared.dropped(1);
        }
        let bytes = text.len();
        // Relaxed, here and below: counters, which order nothing; the channel orders the lines.
        let before = shared.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        let dropped_before = shared.unreported.swap(0, Ordering::Relaxed);
        let sent = match &self.lines {
            Some(lines) if before + bytes <= BYTES_MAX => {
                let mut text: Box<[u8]> = text.into();
                if is_cut && let Some(end) = text.last_chunk_mut() {
                    *end = *b" ...\n";
                }
                let line = Line {
                    text,
                    dropped_before,
                };
                lines.try_send(line).is_ok()
            }
            _ => false,
        };
        if !sent {
            shared.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
            shared
                .unreported
                .fetch_add(dropped_before, Ordering::Relaxed);
            shared.dropped(1);
        }
    }

    pub(super) fn use_json(&self) {
        self.shared.is_json.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_json(&self) -> bool {
        self.shared.is_json.load(Ordering::Relaxed)
    }

    /// Lines dropped so far.
    pub(super) fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }

    /// Waits until nothing waits any more, for `at_most`.
    pub(super) fn flush(&self, at_most: Duration) {
        let clock = Clock::system();
        while !self.shared.is_done() && u128::from(clock.mono_ns()) < at_most.as_nanos() {
            thread::sleep(LOOK);
        }
    }
}

impl Shared {
    fn dropped(&self, lines: u64) {
        self.dropped.fetch_add(lines, Ordering::Relaxed);
        self.unreported.fetch_add(lines, Ordering::Relaxed);
    }

    /// Whether all lines are written, and what is missing reported, as far as that can be.
    fn is_done(&self) -> bool {
        let is_told =
            self.unreported.load(Ordering::Relaxed) == 0 || self.is_broken.load(Ordering::Relaxed);
        self.waiting_bytes.load(Ordering::Relaxed) == 0 && is_told
    }
}

/// The thread's end.
struct Pen<W> {
    file: W,
    shared: Arc<Shared>,
    /// Whether the file ends inside a line.
    is_torn: bool,
}

impl<W: Write> Pen<W> {
    /// Writes until there is nobody left who could put a line.
    fn run(&mut self, waiting: &Receiver<Line>) {
        while let Ok(first) = waiting.recv() {
            let mut next = Some(first);
            while let Some(line) = next {
                self.write(&line);
                next = waiting.try_recv().ok();
            }
            // Counts as something that waits, so that a flush waits for it.
            self.shared.waiting_bytes.fetch_add(1, Ordering::Relaxed);
            let unreported = self.shared.unreported.swap(0, Ordering::Relaxed);
            self.report_dropped(unreported);
            self.shared.waiting_bytes.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn write(&mut self, line: &Line) {
        self.report_dropped(line.dropped_before);
        if !self.write_whole(&line.text) {
            self.shared.dropped(1);
        }
        let bytes = line.text.len();
        self.shared
            .waiting_bytes
            .fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Says that lines are missing here.
    fn report_dropped(&mut self, dropped: u64) {
        if dropped == 0 {
            return;
        }
        let is_json = self.shared.is_json.load(Ordering::Relaxed);
        if !self.write_whole(&notice::gap(dropped, is_json)) {
            self.shared.unreported.fetch_add(dropped, Ordering::Relaxed);
        }
    }

    /// Whether it was written. Waits for as long as the file takes.
    fn write_whole(&mut self, text: &[u8]) -> bool {
        let whole = match self.is_torn {
            // A disk was full in the middle of a line.
            true => [b"\n", text].concat(),
            false => text.to_vec(),
        };
        let mut rest = &whole[..];
        while !rest.is_empty() {
            match self.file.write(rest) {
                Ok(written @ 1..) => {
                    rest = &rest[written..];
                    self.is_torn = true;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Somebody who shares the file has set it so.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(RETRY),
                Ok(_) | Err(_) => {
                    self.shared.is_broken.store(true, Ordering::Relaxed);
                    return false;
                }
            }
        }
        self.is_torn = false;
        self.shared.is_broken.store(false, Ordering::Relaxed);
        true
    }
}

#[cfg(test)]
mod tests;
