//! A recorded file as people have it, before its lines are looked for: unpacked, without a byte-order
//! mark, and with one record a line. What cannot be read is named by its first bytes.
//!
//! ```text
//!  bytes ─→ format: gzip, zstd ─→ shape: lines ────────────────────→ line reader
//!           unpacked, looked at   array, pretty-printed, ...─→ records ─┘
//!           again; others refused
//! ```
//!
//! Everything streams: memory is bounded by a few reads, the decoder's window, and the first record,
//! however large the file is or unpacks to. Newline-delimited lines pass through untouched; one that is
//! refused is looked at again (`salvage.rs`).

mod format;
mod guess;
mod peek;
mod records;
mod salvage;
mod shape;
mod zstd;

use std::fmt;
use std::io;
use std::io::BufReader;
use std::io::Read;

use flate2::bufread::MultiGzDecoder;

use crate::config::Dialect;
use crate::snapshot::Counters;

use format::Format;
use peek::Peek;
use peek::READ_BYTES;
use records::Records;
use zstd::Zstd;

pub use format::Foreign;
pub(super) use salvage::Piece;
pub(super) use salvage::Refused;
pub(super) use salvage::Salvage;
pub use shape::Shape;

/// How often a file may be packed; a compressed file in a compressed file is common, more is not.
const LAYERS_MAX: usize = 3;

/// Enough of the beginning to say what a file is that held no event.
const HEAD_BYTES: usize = 4_096;

/// A recorded file, read as one record a line.
pub struct Recording<'a> {
    stream: Box<dyn Read + 'a>,
    shape: Shape,
    /// Its first bytes, unpacked and without a byte-order mark.
    head: Vec<u8>,
}

impl<'a> Recording<'a> {
    /// Looks at the first bytes of `input`, and reads on only as far as they leave a doubt: of
    /// newline-delimited records not beyond the first line.
    ///
    /// What fails to be read or unpacked is an error of the later read that meets it.
    ///
    /// # Errors
    /// When the bytes are of a kind that is not read; says which, and what to do.
    pub fn open(input: impl Read + 'a) -> Result<Self, Foreign> {
        let (mut packed, _) = unpack(Box::new(input))?;
        let shape = packed.decide(shape::shape);
        let head = packed.peeked();
        let head = head[..head.len().min(HEAD_BYTES)].to_vec();
        let stream: Box<dyn Read + 'a> = match shape {
            Shape::Lines => Box::new(packed),
            _ => Box::new(Records::new(packed)),
        };
        Ok(Self {
            stream,
            shape,
            head,
        })
    }

    /// How its records lie in it.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Whether it holds no byte, unpacked and without a byte-order mark.
    pub fn is_empty(&self) -> bool {
        self.head.is_empty()
    }

    /// What it probably is and what to do, once none of its lines was accepted: one line that repeats
    /// nothing of it but a plain name of a field.
    pub fn guess(&self, dialect: &Dialect, counters: &Counters) -> String {
        guess::guess(&self.head, self.shape, dialect, counters)
    }
}

/// A file as it is before its records are looked for.
pub struct Unpacked<'a> {
    /// Its bytes, unpacked, without a byte-order mark.
    pub bytes: Box<dyn Read + 'a>,
    /// Whether there was such a mark.
    pub has_mark: bool,
}

/// Unpacks a file.
///
/// # Errors
/// When the bytes are of a kind that is not read; says which, and what to do.
pub fn unpacked<'a>(input: impl Read + 'a) -> Result<Unpacked<'a>, Foreign> {
    let (bytes, has_mark) = unpack(Box::new(input))?;
    Ok(Unpacked {
        bytes: Box::new(bytes),
        has_mark,
    })
}

/// What a file begins with once it is unpacked, and whether a byte-order mark was left out before that.
fn unpack<'a>(input: Box<dyn Read + 'a>) -> Result<(Peek<Box<dyn Read + 'a>>, bool), Foreign> {
    let mut packed = Peek::new(input);
    let mut layers = 0;
    let start = loop {
        let format = packed.decide(format::format);
        if layers == LAYERS_MAX && !matches!(format, Format::Text { .. }) {
            return Err(Foreign::PACKED_TOO_OFTEN);
        }
        layers += 1;
        let unpacked: Box<dyn Read + 'a> = match format {
            Format::Gzip => {
                let input = BufReader::with_capacity(READ_BYTES, packed);
                Box::new(Unpacking::new("gzip", MultiGzDecoder::new(input)))
            }
            Format::Zstd => {
                let input = BufReader::with_capacity(READ_BYTES, packed);
                Box::new(Unpacking::new("zstd", Zstd::new(input)))
            }
            Format::Text { start } => break start,
            Format::Foreign(foreign) => return Err(foreign),
        };
        packed = Peek::new(unpacked);
    };
    packed.skip(start);
    Ok((packed, start > 0))
}

impl Read for Recording<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.stream.read(room)
    }
}

impl fmt::Debug for Unpacked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unpacked")
            .field("has_mark", &self.has_mark)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Recording<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording")
            .field("shape", &self.shape)
            .finish_non_exhaustive()
    }
}

/// A decoder whose errors say what was unpacked, and what it means when its input ends too early.
struct Unpacking<R> {
    name: &'static str,
    decoder: R,
}

impl<R> Unpacking<R> {
    fn new(name: &'static str, decoder: R) -> Self {
        Self { name, decoder }
    }
}

impl<R: Read> Read for Unpacking<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.decoder.read(room).map_err(|error| {
            let what = match error.kind() {
                io::ErrorKind::Interrupted => return error,
                io::ErrorKind::UnexpectedEof => {
                    "the file ends in the middle of its data; copy it again".to_owned()
                }
                io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                    format!("damaged, or followed by something else ({error}); copy it again")
                }
                _ => error.to_string(),
            };
            io::Error::new(error.kind(), format!("{}: {what}", self.name))
        })
    }
}

#[cfg(test)]
mod tests;
