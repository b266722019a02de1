//! Lines to verdicts, on the reading thread: parsed, looked at again where they are refused, and handed
//! over in order.

use std::io;
use std::io::Read;

use crate::parse::Verdict;

use super::MALFORMED_SHOWN;
use super::Malformed;
use super::handoff::Gone;
use super::handoff::Inlet;
use super::input::Piece;
use super::input::Refused;
use super::input::Salvage;
use super::reader::Line;
use super::reader::LineReader;
use super::reading::Read as ReadAs;
use super::reading::Reading;

/// Takes the lines of one input.
pub(super) struct Intake<F> {
    reading: Reading,
    inlet: Inlet,
    salvage: Salvage,
    is_strict: bool,
    malformed: u64,
    on_malformed: F,
}

/// Why no more lines are taken before the end of the input.
#[derive(Debug)]
pub(super) enum Stop {
    /// Nobody takes them: the other end failed, and knows why.
    Gone,
    /// The input failed.
    Read(io::Error),
    /// The first malformed line, where none is let pass.
    Malformed(Malformed),
}

impl From<Gone> for Stop {
    fn from(Gone: Gone) -> Self {
        Self::Gone
    }
}

impl<F: FnMut(Malformed)> Intake<F> {
    /// Hands the first malformed lines to `on_malformed`, or stops at the first under `is_strict`.
    pub(super) fn new(reading: Reading, inlet: Inlet, is_strict: bool, on_malformed: F) -> Self {
        Self {
            reading,
            inlet,
            salvage: Salvage::default(),
            is_strict,
            malformed: 0,
            on_malformed,
        }
    }

    /// Takes all lines to the end of the input.
    ///
    /// # Errors
    /// When it stops before the end.
    pub(super) fn take_all<R: Read>(mut self, reader: &mut LineReader<R>) -> Result<(), Stop> {
        loop {
            if !self.salvage.is_open()
                && let Reading::Own(parser) = &mut self.reading
            {
                // Lines like those before: neither a search for their end nor a refusal.
                while let Some((verdict, bytes)) = reader
                    .ahead()
                    .and_then(|ahead| parser.recognize_line(ahead))
                {
                    reader.take(bytes);
                    self.inlet.put(verdict, reader.lines())?;
                }
            }
            if reader.find_line() {
                self.take_line(reader.line())?;
                continue;
            }
            if reader.is_at_end() {
                self.give_up_open()?;
                return Ok(self.inlet.end()?);
            }
            if reader.may_wait() {
                self.inlet.hand_over()?;
            }
            reader.refill().map_err(Stop::Read)?;
        }
    }

    fn take_line(&mut self, line: Line<'_>) -> Result<(), Stop> {
        let number = line.number;
        let bytes = match line.content {
            Ok(bytes) => bytes,
            Err(reason) => {
                self.give_up_open()?;
                return self.refuse(Refused {
                    line: number,
                    reason,
                });
            }
        };
        let read = match self.reading.recognize(bytes) {
            Some(verdict @ (Verdict::Event(_) | Verdict::Ignored)) => ReadAs::One(verdict),
            Some(Verdict::Rejected(_)) | None => {
                self.salvage.keep(bytes);
                self.reading.read(bytes)
            }
        };
        let ReadAs::One(Verdict::Rejected(reason)) = read else {
            self.give_up_open()?;
            return self.put(read, number);
        };
        let pieces = self.salvage.look(Refused {
            line: number,
            reason,
        });
        self.take_pieces(pieces)
    }

    /// A record that was open is none after all.
    fn give_up_open(&mut self) -> Result<(), Stop> {
        if !self.salvage.is_open() {
            return Ok(());
        }
        let pieces = self.salvage.give_up();
        self.take_pieces(pieces)
    }

    #[cold]
    fn take_pieces(&mut self, pieces: Vec<Piece>) -> Result<(), Stop> {
        for piece in pieces {
            match piece {
                Piece::Refused(refused) => self.refuse(refused)?,
                Piece::Record(mut bytes, line) => match self.reading.read_any(&mut bytes) {
                    ReadAs::One(Verdict::Rejected(reason)) => {
                        self.refuse(Refused { line, reason })?;
                    }
                    read => self.put(read, line)?,
                },
            }
        }
        Ok(())
    }

    /// Hands over what a record came to that is not refused.
    #[inline]
    fn put(&mut self, read: ReadAs, line: u64) -> Result<(), Stop> {
        match read {
            ReadAs::One(verdict) => self.inlet.put(verdict, line)?,
            ReadAs::All => {
                let (events, facts) = self.reading.events();
                self.inlet.put_all(events, facts, line)?;
            }
        }
        Ok(())
    }

    fn refuse(&mut self, refused: Refused) -> Result<(), Stop> {
        let Refused { line, reason } = refused;
        let malformed = Malformed { line, reason };
        if self.is_strict {
            // When nobody takes it, that fault comes first.
            let _ = self.inlet.hand_over();
            return Err(Stop::Malformed(malformed));
        }
        self.malformed += 1;
        if self.malformed <= MALFORMED_SHOWN {
            (self.on_malformed)(malformed);
        }
        Ok(self.inlet.put(Verdict::Rejected(reason), line)?)
    }
}
