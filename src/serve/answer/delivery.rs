//! The body of an answer on its way: in parts, each of which says when it has left.
//!
//! What is dropped by hyper was taken by the socket, or its connection is gone. A part is as large as
//! a frame of HTTP/2, so a large body that goes out slowly is seen to go.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;

use bytes::Bytes;
use futures_util::StreamExt;
use hyper::body::Body;
use hyper::body::Frame;
use hyper::body::SizeHint;

use crate::serve::answer::AnswerBody;
use crate::serve::answer::Form;
use crate::serve::answer::Piece;
use crate::serve::socket::account::Account;
use crate::serve::socket::account::Held;
use crate::serve::socket::account::Waiting;

/// The longest part, in bytes: the longest frame that every client of HTTP/2 takes.
const PART_BYTES_MAX: usize = 16 << 10;

/// A body whose request is in progress until it is sent or given up.
pub(in crate::serve) struct Delivery<G> {
    account: Account,
    form: Form,
    /// What the rest of a whole body waits for, together with its parts.
    load: Option<Arc<Load>>,
    _guard: G,
}

/// Something that waits, and the room it takes.
struct Load {
    waiting: Waiting,
    _held: Option<Held>,
}

/// Bytes that hyper has, and may still have to send.
struct Part {
    bytes: Bytes,
    load: Arc<Load>,
}

impl<G> Delivery<G> {
    /// A body on the way to the client of `account`; `guard` is kept as long as it is.
    pub(in crate::serve) fn new(body: AnswerBody, account: Account, guard: G) -> Self {
        let mut form = body.0;
        let load = match &mut form {
            Form::Whole(whole) if !whole.bytes.is_empty() => {
                Some(Load::of(&account, whole.held.take()))
            }
            Form::Whole(_) | Form::Pieces(_) => None,
        };
        Self {
            account,
            form,
            load,
            _guard: guard,
        }
    }
}

impl Load {
    fn of(account: &Account, held: Option<Held>) -> Arc<Self> {
        Arc::new(Self {
            waiting: account.wait(),
            _held: held,
        })
    }
}

impl Part {
    fn frame(bytes: Bytes, load: Arc<Load>) -> Frame<Bytes> {
        Frame::data(Bytes::from_owner(Self { bytes, load }))
    }
}

impl AsRef<[u8]> for Part {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.load.waiting.moved();
    }
}

impl<G: Unpin> Body for Delivery<G> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        let frame = match &mut this.form {
            Form::Whole(whole) => {
                let part = whole.bytes.split_to(PART_BYTES_MAX.min(whole.bytes.len()));
                // With the last part goes what it waits for.
                let load = match whole.bytes.is_empty() {
                    true => this.load.take(),
                    false => this.load.clone(),
                };
                load.map(|load| Part::frame(part, load))
            }
            Form::Pieces(pieces) => {
                let next = std::task::ready!(pieces.poll_next_unpin(context));
                next.map(|Piece { bytes, held }| Part::frame(bytes, Load::of(&this.account, held)))
            }
        };
        Poll::Ready(frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.form, Form::Whole(whole) if whole.bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.form {
            Form::Whole(whole) => SizeHint::with_exact(whole.bytes.len() as u64),
            Form::Pieces(_) => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use hyper::StatusCode;

    use super::*;
    use crate::serve::answer;

    #[tokio::test]
    async fn a_body_waits_until_its_last_part_is_gone() {
        let account = Account::default();
        let text = "x".repeat(PART_BYTES_MAX * 2 + 5);
        let held = account.hold(1).await;
        let answer = answer::new(StatusCode::OK, "text/plain", text.clone());
        let answer = answer::within(answer, held).unwrap();
        let mut body = Delivery::new(answer.into_body(), account.clone(), ());
        assert_eq!(body.size_hint().exact(), Some(text.len() as u64));
        let mut parts = Vec::new();
        while let Some(frame) = body.frame().await {
            parts.push(frame.unwrap().into_data().unwrap());
        }
        assert!(body.is_end_stream());
        assert_eq!(parts.concat(), text.as_bytes());
        let lengths: Vec<_> = parts.iter().map(Bytes::len).collect();
        assert_eq!(lengths, [PART_BYTES_MAX, PART_BYTES_MAX, 5]);
        drop(body);
        while let Some(part) = parts.pop() {
            assert_eq!(account.bytes(), text.len());
            assert!(account.stalled_since().is_some());
            drop(part);
        }
        assert_eq!((account.bytes(), account.stalled_since()), (0, None));
    }

    #[tokio::test]
    async fn what_is_empty_waits_for_nobody() {
        let account = Account::default();
        let answer = answer::empty(StatusCode::OK);
        let mut body = Delivery::new(answer.into_body(), account.clone(), ());
        assert!(body.is_end_stream() && account.stalled_since().is_none());
        assert!(body.frame().await.is_none());
    }
}
