//! An image put together from its frames.

use super::ImageFault;
use super::dedup::Fingerprints;
use super::fault::ensure;
use super::frame;
use super::frame::Kind;
use super::head::Head;
use super::out::single;
use super::piece::Piece;
use super::row::ROW_BYTES;
use super::row::Row;
use crate::alert::WatchImage;
use crate::event::IdKeys;
use crate::time::EpochMs;

/// What the first frame begins with.
const MAGIC: [u8; 8] = *b"sg-image";
/// The form of images. It changes with anything that is in one.
const VERSION: u16 = 2;

/// The first frame of an image.
pub(in crate::aggregate) fn head_frame(head: &Head) -> Vec<u8> {
    let before = [&MAGIC[..], &VERSION.to_le_bytes()].concat();
    single(Kind::Head, &before, head)
}

/// A frame of the states of alerts.
pub(in crate::aggregate) fn alerts_frame(alerts: &WatchImage) -> Vec<u8> {
    single(Kind::Alerts, &[], alerts)
}

/// The last frame, after so many.
pub(in crate::aggregate) fn end_frame(frames: u64) -> Vec<u8> {
    single(Kind::End, &[], &frames)
}

/// An image that was read. A state goes on from it by [`State::restore`](super::super::State::restore).
#[derive(Debug)]
pub struct Image {
    pub(in crate::aggregate) head: Head,
    pub(in crate::aggregate) rows: Vec<Row>,
    pub(in crate::aggregate) fingerprints: Vec<Fingerprints>,
    pub(in crate::aggregate) pieces: Vec<Piece>,
    pub(in crate::aggregate) alerts: Option<WatchImage>,
}

impl Image {
    /// Reads an image from the bytes of its frames, one after the other.
    ///
    /// # Errors
    /// [`ImageFault`] says what is wrong with them: nothing of them can be used then.
    pub fn decode(bytes: &[u8]) -> Result<Self, ImageFault> {
        let within = "its first frame";
        if bytes.is_empty() {
            return Err(ImageFault::Short { within });
        }
        let (kind, payload, mut rest) = frame::split(bytes)?;
        let Some(payload) = payload.strip_prefix(&MAGIC).filter(|_| kind == Kind::Head) else {
            return Err(ImageFault::Other);
        };
        let (version, payload) = payload
            .split_first_chunk()
            .ok_or(ImageFault::Short { within })?;
        let found = u16::from_le_bytes(*version);
        if found != VERSION {
            let known = VERSION;
            return Err(ImageFault::Version { found, known });
        }
        let head = postcard::from_bytes(payload);
        let mut image = Self {
            head: head.map_err(|_| ImageFault::damaged("its first frame says nothing"))?,
            rows: Vec::new(),
            fingerprints: Vec::new(),
            pieces: Vec::new(),
            alerts: None,
        };
        for frames in 1_u64.. {
            if rest.is_empty() {
                let within = "frames before the last one";
                return Err(ImageFault::Short { within });
            }
            let (kind, payload, after) = frame::split(rest)?;
            rest = after;
            if kind == Kind::End {
                let said: Result<u64, _> = postcard::from_bytes(payload);
                ensure(said == Ok(frames), "some of its frames are missing")?;
                break;
            }
            image.take(kind, payload)?;
        }
        ensure(rest.is_empty(), "it goes on after its end")?;
        Ok(image)
    }

    /// Whether a frame is the last one of an image.
    pub fn is_last(frame: &[u8]) -> bool {
        matches!(frame::split(frame), Ok((Kind::End, _, [])))
    }

    /// Elapsed time of the engine at the cut, in nanoseconds. Who goes on from the image counts on from
    /// there: time while no process runs does not count.
    pub const fn elapsed_ns(&self) -> u64 {
        self.head.elapsed_ns
    }

    /// The keys under which the ids in it are hashed.
    pub const fn keys(&self) -> IdKeys {
        self.head.keys
    }

    /// The engine clock of the cut; `None` before it was first set.
    pub const fn now(&self) -> Option<EpochMs> {
        self.head.now
    }

    /// The instance from which on new inputs are numbered.
    pub fn next_instance(&self) -> u64 {
        self.head.coverage.next_instance()
    }

    /// Takes the states of alerts out, if it holds any.
    pub fn take_alerts(&mut self) -> Option<WatchImage> {
        self.alerts.take()
    }

    fn take(&mut self, kind: Kind, mut payload: &[u8]) -> Result<(), ImageFault> {
        match kind {
            Kind::Rows => {
                let (rows, rest) = payload.as_chunks::<ROW_BYTES>();
                ensure(rest.is_empty(), "a part of a session")?;
                for row in rows {
                    self.rows.push(Row::read(row)?);
                }
            }
            Kind::Fingerprints => {
                let (words, rest) = payload.as_chunks();
                let words: Vec<u64> = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
                let Some((bucket, fingerprints)) = words.split_first().filter(|_| rest.is_empty())
                else {
                    return Err(ImageFault::damaged("a part of a fingerprint"));
                };
                self.fingerprints.push(Fingerprints {
                    bucket: bucket.cast_signed(),
                    fingerprints: fingerprints.to_vec(),
                });
            }
            Kind::Pieces => {
                while !payload.is_empty() {
                    let (piece, rest) = postcard::take_from_bytes(payload)
                        .map_err(|_| ImageFault::damaged("a piece that says nothing"))?;
                    self.pieces.push(piece);
                    payload = rest;
                }
            }
            Kind::Alerts => {
                let alerts = postcard::from_bytes(payload);
                self.alerts = Some(alerts.map_err(|_| ImageFault::damaged("its alerts"))?);
            }
            Kind::Head | Kind::End => return Err(ImageFault::damaged("a second first frame")),
        }
        Ok(())
    }
}
