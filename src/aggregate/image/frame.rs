//! How an image is cut into frames: a kind, a length and so many bytes.
//!
//! A frame is written whole, is about 64 KiB at the most where what it holds allows, and means the same
//! in whatever order the frames between the first and the last are read.

use super::ImageFault;

/// Bytes after which a frame is full.
pub(super) const FRAME_BYTES: usize = 64 << 10;
/// Kind and length.
pub(super) const HEADER_BYTES: usize = 5;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// The first frame: version, and everything that is small.
    Head = 1,
    /// Rows of 64 bytes.
    Rows = 2,
    /// A bucket's fingerprints of 8 bytes.
    Fingerprints = 3,
    /// Parts of what is not small, one after the other.
    Pieces = 4,
    /// The states of alerts.
    Alerts = 5,
    /// The last frame: how many there are before it.
    End = 6,
}

impl Kind {
    const ALL: [Self; 6] = [
        Self::Head,
        Self::Rows,
        Self::Fingerprints,
        Self::Pieces,
        Self::Alerts,
        Self::End,
    ];
}

/// An empty frame to write into.
pub(super) fn begin(kind: Kind) -> Vec<u8> {
    let mut frame = Vec::with_capacity(FRAME_BYTES + HEADER_BYTES + 1_024);
    frame.push(kind as u8);
    frame.extend([0; 4]);
    frame
}

/// Writes down how long a frame has become.
pub(super) fn end(frame: &mut [u8]) {
    let length = frame.len().saturating_sub(HEADER_BYTES);
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    if let Some(place) = frame.get_mut(1..HEADER_BYTES) {
        place.copy_from_slice(&length.to_le_bytes());
    }
}

/// The first frame of some bytes, what it holds, and the bytes after it.
pub(super) fn split(bytes: &[u8]) -> Result<(Kind, &[u8], &[u8]), ImageFault> {
    let within = "the head of a frame";
    let Some((head, rest)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
        return Err(ImageFault::Short { within });
    };
    let [kind, length @ ..] = *head;
    let known = Kind::ALL.into_iter().find(|known| *known as u8 == kind);
    let kind = known.ok_or(ImageFault::damaged("a frame of no known kind"))?;
    let length = u32::from_le_bytes(length) as usize;
    let within = "a frame";
    match rest.split_at_checked(length) {
        Some((payload, rest)) => Ok((kind, payload, rest)),
        None => Err(ImageFault::Short { within }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_split_where_they_were_joined() {
        let mut first = begin(Kind::Rows);
        first.extend(b"rows");
        end(&mut first);
        let mut second = begin(Kind::End);
        end(&mut second);
        let bytes = [&first[..], &second].concat();
        let (kind, payload, rest) = split(&bytes).unwrap();
        assert_eq!((kind, payload), (Kind::Rows, &b"rows"[..]));
        assert_eq!(split(rest).unwrap(), (Kind::End, &b""[..], &b""[..]));
        for short in 0..first.len() {
            let fault = split(&first[..short]).unwrap_err();
            assert!(matches!(fault, ImageFault::Short { .. }), "{short}");
        }
        assert_eq!(
            split(&[9, 0, 0, 0, 0]).unwrap_err().to_string(),
            "the image is damaged: a frame of no known kind"
        );
    }
}
