//! Images of a running engine: asked for here, made by the writer between batches.

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::Engine;
use super::EngineError;
use crate::aggregate::FrameSink;
use crate::aggregate::Image;
use crate::config::limits;
use crate::ring::Bell;
use crate::ring::Mailbox;

/// Where images are asked for.
#[derive(Clone, Debug)]
pub(super) struct Images {
    requests: Mailbox<Box<dyn FrameSink>>,
    bell: Bell,
}

/// The frames of one image, in order, as they are made. Dropped, the rest is not made.
#[derive(Debug)]
pub struct ImageFrames {
    frames: mpsc::Receiver<Vec<u8>>,
    bell: Bell,
    is_whole: bool,
}

/// The writer's end of it.
#[derive(Debug)]
struct Sender(mpsc::Sender<Vec<u8>>);

impl Images {
    pub(super) fn new(bell: Bell) -> Self {
        Self {
            requests: Mailbox::new(limits::IMAGES_WAITING_MAX),
            bell,
        }
    }

    pub(super) fn requests(&self) -> Mailbox<Box<dyn FrameSink>> {
        self.requests.clone()
    }

    fn ask(&self) -> ImageFrames {
        let (sender, frames) = mpsc::channel(limits::IMAGE_FRAMES_WAITING_MAX);
        // A request too many is dropped, which ends its frames.
        self.requests.post(Box::new(Sender(sender)));
        self.bell.ring_always();
        ImageFrames {
            frames,
            bell: self.bell.clone(),
            is_whole: false,
        }
    }
}

impl ImageFrames {
    /// The next frame; `None` after the last one, or when the engine ends before it. Can be dropped while
    /// it waits.
    pub async fn next(&mut self) -> Option<Vec<u8>> {
        let frame = self.frames.recv().await?;
        // The writer may wait for room.
        // Always: the writer looks again at its rings before it parks, and not at this channel.
        self.bell.ring_always();
        self.is_whole |= Image::is_last(&frame);
        Some(frame)
    }

    /// Whether the last frame of the image was among those that came.
    pub const fn is_whole(&self) -> bool {
        self.is_whole
    }
}

impl FrameSink for Sender {
    fn offer(&mut self, frame: Vec<u8>) -> Result<(), Vec<u8>> {
        match self.0.try_send(frame) {
            Err(TrySendError::Full(frame)) => Err(frame),
            // Whoever is gone needs nothing.
            Ok(()) | Err(TrySendError::Closed(_)) => Ok(()),
        }
    }

    fn is_gone(&self) -> bool {
        self.0.is_closed()
    }
}

impl Engine {
    /// Asks for an image of the state, one cut from about now. It is made between batches, a little at a
    /// time, no faster than its frames are taken.
    pub fn image_frames(&self) -> ImageFrames {
        self.images.ask()
    }

    /// The bytes of an image of the state: what [`Image::decode`] reads.
    ///
    /// # Errors
    /// [`EngineError::Ended`] when the writer ends before the image does, or too many are asked for.
    pub async fn image(&self) -> Result<Vec<u8>, EngineError> {
        let mut frames = self.image_frames();
        let mut bytes = Vec::new();
        while let Some(frame) = frames.next().await {
            bytes.extend(frame);
        }
        match frames.is_whole() {
            true => Ok(bytes),
            false => Err(EngineError::Ended { part: "writer" }),
        }
    }
}
