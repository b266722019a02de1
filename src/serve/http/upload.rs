//! The body of a request, counted among the bytes of its connection while the request lasts.
//!
//! What a client of HTTP/2 still sends of a body that nobody wants is read and thrown away for a while:
//! many clients read no answer before they have sent everything, and some take the reset of the stream,
//! which is what they would get instead, for a failure. Over HTTP/1 the socket does the same.

use std::error::Error;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::task::ready;

use bytes::Buf;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Body;
use hyper::body::Frame;
use hyper::body::SizeHint;
use tokio::time::timeout;

use crate::serve::socket::account::Account;
use crate::serve::socket::account::Held;
use crate::serve::socket::wire::LINGER_BYTES_MAX;
use crate::serve::socket::wire::LINGER_MAX;

/// A body whose bytes are counted as they come.
pub(super) struct Upload<B: Body + Send + Unpin + 'static> {
    body: Option<B>,
    held: Held,
    /// Whether the rest is read when nobody wants it any more.
    lingers: bool,
}

/// There is no room for more of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no room for the request")]
pub(super) struct NoRoom;

impl<B: Body + Send + Unpin + 'static> Upload<B> {
    /// A body that came over the connection of `account`; `lingers` says that the rest of it is read
    /// when nobody wants it any more.
    pub(super) fn new(body: B, account: &Account, lingers: bool) -> Self {
        Self {
            body: Some(body),
            held: account.nothing(),
            lingers,
        }
    }
}

impl<B: Body + Send + Unpin + 'static> Drop for Upload<B> {
    fn drop(&mut self) {
        let rest = self.body.take().filter(|body| !body.is_end_stream());
        if let Some(rest) = rest.filter(|_| self.lingers) {
            tokio::spawn(timeout(LINGER_MAX, throw_away(rest)));
        }
    }
}

/// Reads a body to its end, or far enough.
async fn throw_away<B: Body + Unpin>(mut body: B) {
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, |data| data.remaining() as u64);
        if read > LINGER_BYTES_MAX {
            return;
        }
    }
}

impl<B> Body for Upload<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        let Some(body) = &mut this.body else {
            return Poll::Ready(None);
        };
        let frame = match ready!(Pin::new(body).poll_frame(context)) {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
            None => return Poll::Ready(None),
        };
        let more = frame.data_ref().map_or(0, Bytes::len);
        let has_room = this.held.resize(this.held.bytes() + more);
        Poll::Ready(Some(has_room.then_some(frame).ok_or_else(|| NoRoom.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(B::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or_else(SizeHint::default, B::size_hint)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use http_body_util::Full;

    use super::*;
    use crate::config::ServeBytes;
    use crate::serve::socket::account::Budget;

    #[tokio::test]
    async fn bodies_of_all_connections_are_bounded_together() {
        let budget = Budget::new(ServeBytes {
            per_connection: 100,
            total: 100,
        });
        let upload = |bytes: &'static [u8]| Upload::new(Full::from(bytes), &budget.open(), false);
        let mut first = upload(&[0; 60]);
        assert!(first.frame().await.unwrap().is_ok());
        let mut second = upload(&[0; 60]);
        assert!(second.frame().await.unwrap().unwrap_err().is::<NoRoom>());
        drop(first);
        let mut third = upload(&[0; 60]);
        assert!(third.frame().await.unwrap().is_ok());
    }
}
