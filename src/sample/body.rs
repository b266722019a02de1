//! A file as the body of a post: unpacked, and whole in memory.

use std::io;
use std::io::Read;

use crate::config::limits::SAMPLE_BYTES_MAX;
use crate::replay;
use crate::replay::Foreign;

/// The text of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// Its bytes, unpacked, without a byte-order mark.
    pub text: Vec<u8>,
    /// Whether there was such a mark, which an endpoint refuses.
    pub has_mark: bool,
}

/// Why a file is not looked at.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It is of a kind that is not read.
    #[error(transparent)]
    Foreign(Foreign),
    /// It cannot be read, or is damaged.
    #[error("{0}")]
    Read(#[from] io::Error),
    /// It is too long for a sample.
    #[error("over {SAMPLE_BYTES_MAX} bytes unpacked; give a part of it, such as its first lines")]
    TooLong,
}

impl Body {
    /// Reads a file; gzip and zstd are unpacked.
    ///
    /// # Errors
    /// Why there is nothing to look at.
    pub fn read(input: impl Read) -> Result<Self, BodyError> {
        let unpacked = replay::unpacked(input).map_err(BodyError::Foreign)?;
        let mut text = Vec::new();
        let bytes_max = SAMPLE_BYTES_MAX as u64;
        unpacked.bytes.take(bytes_max + 1).read_to_end(&mut text)?;
        if text.len() > SAMPLE_BYTES_MAX {
            return Err(BodyError::TooLong);
        }
        Ok(Self {
            text,
            has_mark: unpacked.has_mark,
        })
    }
}
