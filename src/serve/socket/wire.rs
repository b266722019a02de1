//! The socket of one client, plain or under TLS: what hyper reads from and writes to.
//!
//! It reads along where requests begin and end, and it closes in a way that lets the client read the
//! last answer: while the client still sends, what it sends is read and thrown away for a while,
//! because a socket that is closed with something unread is reset, and a reset takes away what the
//! client has not read yet.

use std::io;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::task::ready;
use std::time::Duration;

use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::ReadBuf;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio::time::Sleep;
use tokio::time::sleep;
use tokio_rustls::server::TlsStream;

use super::framing::Framing;

/// How long a client may be silent while what it sends is thrown away.
const LINGER_QUIET: Duration = Duration::from_secs(2);
/// How much of it is read, in bytes, and for how long.
pub(in crate::serve) const LINGER_BYTES_MAX: u64 = 256 << 20;
pub(in crate::serve) const LINGER_MAX: Duration = Duration::from_secs(10);

/// A client's socket.
#[derive(Debug)]
pub(in crate::serve) struct Wire {
    stream: Stream,
    framing: Framing,
    linger: Option<Linger>,
}

/// The bytes' way.
#[derive(Debug)]
pub(in crate::serve) enum Stream {
    /// As they are.
    Plain(TcpStream),
    /// Encrypted.
    Tls(Box<TlsStream<TcpStream>>),
}

/// The end of a connection whose client still sends.
#[derive(Debug)]
struct Linger {
    read: u64,
    until: Instant,
    quiet: Pin<Box<Sleep>>,
}

/// The reading half of a connection that is no HTTP any more.
pub(in crate::serve) type ReadHalf = Box<dyn AsyncRead + Send + Unpin>;
/// The writing half of such a connection.
pub(in crate::serve) type WriteHalf = Box<dyn AsyncWrite + Send + Unpin>;

impl Wire {
    pub(in crate::serve) fn new(stream: Stream, framing: Framing) -> Self {
        Self {
            stream,
            framing,
            linger: None,
        }
    }

    /// What another protocol goes on with.
    pub(in crate::serve) fn into_stream(self) -> Stream {
        self.stream
    }
}

impl Stream {
    /// Takes the stream apart, so that one future can read while another writes.
    pub(in crate::serve) fn split(self) -> (ReadHalf, WriteHalf) {
        match self {
            // The halves share the socket without a lock.
            Self::Plain(stream) => {
                let (read, write) = stream.into_split();
                (Box::new(read), Box::new(write))
            }
            // These share the state of TLS behind tokio's lock, which nobody else ever holds: one task
            // drives both.
            Self::Tls(stream) => {
                let (read, write) = tokio::io::split(stream);
                (Box::new(read), Box::new(write))
            }
        }
    }

    fn socket(&mut self) -> &mut TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.get_mut().0,
        }
    }
}

impl Linger {
    fn new() -> Self {
        Self {
            read: 0,
            until: Instant::now() + LINGER_MAX,
            quiet: Box::pin(sleep(LINGER_QUIET)),
        }
    }

    /// Throws away what comes until nothing comes any more, or for long enough.
    fn poll(
        &mut self,
        socket: &mut TcpStream,
        is_between: bool,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        let mut room = [0; 8 << 10];
        loop {
            let mut bytes = ReadBuf::new(&mut room);
            match Pin::new(&mut *socket).poll_read(context, &mut bytes) {
                Poll::Ready(Ok(())) if !bytes.filled().is_empty() => {}
                Poll::Ready(_) => return Poll::Ready(()),
                // Nothing was missing, and nothing has come.
                Poll::Pending if is_between && self.read == 0 => return Poll::Ready(()),
                Poll::Pending => return self.quiet.as_mut().poll(context),
            }
            self.read += bytes.filled().len() as u64;
            let now = Instant::now();
            if self.read > LINGER_BYTES_MAX || now > self.until {
                return Poll::Ready(());
            }
            self.quiet.as_mut().reset(now + LINGER_QUIET);
        }
    }
}

macro_rules! forward {
    ($stream:expr, $inner:ident => $call:expr) => {
        match $stream {
            Stream::Plain(inner) => {
                let $inner = Pin::new(inner);
                $call
            }
            Stream::Tls(inner) => {
                let $inner = Pin::new(inner.as_mut());
                $call
            }
        }
    };
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = bytes.filled().len();
        ready!(forward!(&mut this.stream, stream => stream.poll_read(context, bytes)))?;
        this.framing.read(&bytes.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        forward!(&mut self.get_mut().stream, stream => stream.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        forward!(&mut self.get_mut().stream, stream => stream.poll_write_vectored(context, bytes))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        forward!(&mut self.get_mut().stream, stream => stream.poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.linger.is_none() {
            ready!(forward!(&mut this.stream, stream => stream.poll_shutdown(context)))?;
        }
        let linger = this.linger.get_or_insert_with(Linger::new);
        let is_between = this.framing.is_between();
        linger
            .poll(this.stream.socket(), is_between, context)
            .map(Ok)
    }
}
