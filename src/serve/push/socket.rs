//! One WebSocket, from the upgrade of its connection to its end.

use std::io::Cursor;

use fastwebsockets::Role;
use fastwebsockets::after_handshake_split;
use fastwebsockets::upgrade::UpgradeFut;
use futures_util::Stream;
use futures_util::stream;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::pin;
use tokio_util::sync::CancellationToken;

use super::Push;
use super::credential::Credential;
use super::frames::Ended;
use super::frames::Frames;
use super::frames::Received;
use super::session::End;
use super::session::Session;

/// A connection that is about to become a WebSocket.
pub(in crate::serve) struct Opening {
    pub(super) upgraded: UpgradeFut,
    pub(super) credential: Credential,
    pub(super) push: Push,
}

impl Opening {
    /// Serves the socket until it ends or the server stops.
    pub(in crate::serve) async fn serve(self, stop: &CancellationToken) {
        // An error is the client's: it went away.
        let Ok(websocket) = self.upgraded.await else {
            return;
        };
        let upgraded = websocket.into_inner().into_inner();
        let Ok(parts) = downcast::<TokioIo<TcpStream>>(upgraded) else {
            return;
        };
        // The halves share the socket without a lock.
        let (read, write) = parts.io.into_inner().into_split();
        let read = Cursor::new(parts.read_buf).chain(read);
        let (read, write) = after_handshake_split(read, write, Role::Server);
        let received = received(Frames::new(read));
        pin!(received);
        let counters = self.push.counters().clone();
        let _counted = counters.socket();
        let mut session = Session::new(self.push, self.credential, write);
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
