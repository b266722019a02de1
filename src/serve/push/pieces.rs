//! Writes to a stream of HTTP/2 piece by piece.
//!
//! hyper copies whatever it is given at once, however little the client takes, and takes some writes
//! ahead. In pieces, a client that takes nothing holds a few of them and no more.

use std::io;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use tokio::io::AsyncWrite;

/// The longest piece, in bytes: a frame of HTTP/2.
const PIECE_BYTES_MAX: usize = 16 << 10;

/// A writer that passes on no more than one piece at a time.
#[derive(Debug)]
pub(super) struct InPieces<W>(W);

impl<W> InPieces<W> {
    pub(super) const fn new(write: W) -> Self {
        Self(write)
    }
}

impl<W: AsyncWrite + Unpin> AsyncWrite for InPieces<W> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let piece = &bytes[..bytes.len().min(PIECE_BYTES_MAX)];
        Pin::new(&mut self.get_mut().0).poll_write(context, piece)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_shutdown(context)
    }
}
