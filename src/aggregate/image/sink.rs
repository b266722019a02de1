//! Whoever asks for an image and keeps its frames.

use std::fmt;

/// Takes the frames of an image as they are made, on the writer's thread: it never waits, and does no I/O.
/// It is dropped after the last frame, or when no image will come.
pub trait FrameSink: fmt::Debug + Send {
    /// Takes a frame.
    ///
    /// # Errors
    /// Gives it back when there is no room for it now; it is offered again.
    fn offer(&mut self, frame: Vec<u8>) -> Result<(), Vec<u8>>;

    /// Whether nobody takes frames any more: the rest is not made.
    fn is_gone(&self) -> bool;
}
