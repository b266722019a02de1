//! The body of a request, counted among the bytes of its connection while the request lasts.

use std::error::Error;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::task::ready;

use bytes::Bytes;
use hyper::body::Body;
use hyper::body::Frame;
use hyper::body::SizeHint;

use super::account::Account;
use super::account::Held;

/// A body whose bytes are counted as they come.
pub(super) struct Upload<B> {
    body: B,
    held: Held,
}

/// There is no room for more of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no room for the request")]
pub(super) struct NoRoom;

impl<B> Upload<B> {
    pub(super) fn new(body: B, account: Account) -> Self {
        Self {
            body,
            held: account.nothing(),
        }
    }
}

impl<B> Body for Upload<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        let frame = match ready!(Pin::new(&mut this.body).poll_frame(context)) {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
            None => return Poll::Ready(None),
        };
        let more = frame.data_ref().map_or(0, Bytes::len);
        let has_room = this.held.resize(this.held.bytes() + more);
        Poll::Ready(Some(has_room.then_some(frame).ok_or_else(|| NoRoom.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use http_body_util::Full;

    use super::*;
    use crate::config::ServeBytes;
    use crate::serve::account::Budget;

    #[tokio::test]
    async fn bodies_of_all_connections_are_bounded_together() {
        let budget = Budget::new(ServeBytes {
            per_connection: 100,
            total: 100,
        });
        let upload = |bytes: &'static [u8]| Upload::new(Full::from(bytes), budget.open());
        let mut first = upload(&[0; 60]);
        assert!(first.frame().await.unwrap().is_ok());
        let mut second = upload(&[0; 60]);
        assert!(second.frame().await.unwrap().unwrap_err().is::<NoRoom>());
        drop(first);
        let mut third = upload(&[0; 60]);
        assert!(third.frame().await.unwrap().is_ok());
    }
}
