//! Zstandard as a file holds it: any number of frames, some of which are to be left out.

use std::io;
use std::io::BufRead;
use std::io::Error;
use std::io::ErrorKind;
use std::io::Read;

use ruzstd::decoding::BlockDecodingStrategy;
use ruzstd::decoding::FrameDecoder;
use ruzstd::decoding::errors::FrameDecoderError;
use ruzstd::decoding::errors::ReadFrameHeaderError;

/// Unpacks frame after frame. Memory: the frame's window, 128 MiB at most, and a block.
pub(super) struct Zstd<R> {
    input: R,
    decoder: FrameDecoder,
    is_in_frame: bool,
}

impl<R: BufRead> Zstd<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            decoder: FrameDecoder::new(),
            is_in_frame: false,
        }
    }

    /// Begins the next frame; false when there is none.
    fn begin_frame(&mut self) -> io::Result<bool> {
        while !self.input.fill_buf()?.is_empty() {
            match self.decoder.reset(&mut self.input) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let length = u64::from(length);
                    let skipped = io::copy(&mut (&mut self.input).take(length), &mut io::sink())?;
                    if skipped < length {
                        return Err(ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(fault(self.is_at_end(), error)),
            }
        }
        Ok(false)
    }

    /// The decoder says of an input that ends only that it could not read.
    fn is_at_end(&mut self) -> bool {
        self.input.fill_buf().is_ok_and(<[u8]>::is_empty)
    }
}

fn fault(is_at_end: bool, error: FrameDecoderError) -> Error {
    match is_at_end {
        true => ErrorKind::UnexpectedEof.into(),
        false => Error::new(ErrorKind::InvalidData, error),
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.is_in_frame && !self.begin_frame()? {
                return Ok(0);
            }
            self.is_in_frame = true;
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                let one = BlockDecodingStrategy::UptoBlocks(1);
                if let Err(error) = self.decoder.decode_blocks(&mut self.input, one) {
                    return Err(fault(self.is_at_end(), error));
                }
            }
            let bytes = self.decoder.read(room)?;
            if bytes > 0 || room.is_empty() {
                return Ok(bytes);
            }
            let said = self.decoder.get_checksum_from_data();
            if said.is_some() && said != self.decoder.get_calculated_checksum() {
                return Err(Error::new(ErrorKind::InvalidData, "wrong checksum"));
            }
            self.is_in_frame = false;
        }
    }
}
