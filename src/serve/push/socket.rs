//! One WebSocket, from the upgrade of its connection to its end.

use std::io::Cursor;

use fastwebsockets::Role;
use fastwebsockets::after_handshake_split;
use fastwebsockets::upgrade::UpgradeFut;
use futures_util::Stream;
use futures_util::stream;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::pin;
use tokio_util::sync::CancellationToken;

use super::Push;
use super::credential::Credential;
use super::frames::Ended;
use super::frames::Frames;
use super::frames::Received;
use super::pieces::InPieces;
use super::session::End;
use super::session::Session;
use crate::serve::socket::account::Account;
use crate::serve::socket::watch::Busy;
use crate::serve::socket::wire::ReadHalf;
use crate::serve::socket::wire::Wire;
use crate::serve::socket::wire::WriteHalf;

/// A connection, or a stream of one, that is about to become a WebSocket.
pub(in crate::serve) struct Opening {
    pub(super) upgrading: Upgrading,
    pub(super) credential: Credential,
    pub(super) push: Push,
    pub(super) account: Account,
    pub(super) _busy: Busy,
}

/// What becomes a WebSocket once the handshake is answered.
pub(super) enum Upgrading {
    /// The whole connection, of HTTP/1.1.
    Whole(UpgradeFut),
    /// One stream of HTTP/2.
    Stream(OnUpgrade),
}

impl Upgrading {
    /// The two ways of the socket; `None` when the client went away.
    async fn halves(self) -> Option<(ReadHalf, WriteHalf)> {
        match self {
            Self::Whole(upgraded) => {
                let upgraded = upgraded.await.ok()?.into_inner().into_inner();
                let parts = downcast::<TokioIo<Wire>>(upgraded).ok()?;
                let (read, write) = parts.io.into_inner().into_stream().split();
                let read = Cursor::new(parts.read_buf).chain(read);
                Some((Box::new(read), write))
            }
            Self::Stream(upgraded) => {
                // The halves share the stream behind tokio's lock, which one task alone takes.
                let (read, write) = tokio::io::split(TokioIo::new(upgraded.await.ok()?));
                Some((Box::new(read), Box::new(InPieces::new(write))))
            }
        }
    }
}

impl Opening {
    /// Whether the connection itself becomes the socket, which its own task then serves.
    pub(in crate::serve) const fn is_whole(&self) -> bool {
        matches!(self.upgrading, Upgrading::Whole(_))
    }

    /// Serves the socket until it ends or the server stops.
    pub(in crate::serve) async fn serve(self, stop: &CancellationToken) {
        // Without halves the client went away.
        let Some((read, write)) = self.upgrading.halves().await else {
            return;
        };
        let (read, write) = after_handshake_split(read, write, Role::Server);
        let received = received(Frames::new(read));
        pin!(received);
        let counters = self.push.counters().clone();
        let _counted = counters.socket();
        let mut session = Session::new(self.push, self.credential, self.account, write);
        match session.run(received.as_mut(), stop).await {
            End::Gone => {}
            End::Cut => counters.cut(),
            End::Close(close) => session.farewell(received, close).await,
        }
    }
}

/// Everything that comes; can be dropped between two items and while waiting for one.
fn received<S: AsyncRead + Unpin>(
    frames: Frames<S>,
) -> impl Stream<Item = Result<Received, Ended>> {
    stream::unfold(Some(frames), async |frames| {
        let mut frames = frames?;
        let next = frames.next().await;
        let frames = next.is_ok().then_some(frames);
        Some((next, frames))
    })
}
