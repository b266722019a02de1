//! How a request wraps its elements, and in which form its sender wants the answer.
//!
//! The seam for senders whose requests are more than elements: one whose elements lie packed in records,
//! or have a part of them in headers. A form is recognised by the head of a request, makes the text of
//! elements that the endpoint's decoder reads out of the body, and writes the answer as its sender
//! expects it. What an element means is its decoder's matter (`crate::parse`).

use bytes::Bytes;
use hyper::HeaderMap;

use crate::post::Reply;

/// The form of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Elements and nothing else: an object, an array, or lines.
    Plain,
}

impl Form {
    /// The form of a request with these headers.
    pub(super) const fn of(_headers: &HeaderMap) -> Self {
        Self::Plain
    }

    /// The elements of an unpacked body, as one text.
    ///
    /// # Errors
    /// The answer, before [`Form::answer`] has written it, where there are none to be found in it.
    pub(super) const fn elements(&self, body: Bytes) -> Result<Bytes, Reply> {
        match self {
            Self::Plain => Ok(body),
        }
    }

    /// An answer as the sender expects it; its status says the same.
    pub(super) const fn answer(&self, reply: Reply) -> Reply {
        match self {
            Self::Plain => reply,
        }
    }
}
