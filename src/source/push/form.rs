//! How a request wraps its elements, and in which form its sender wants the answer.
//!
//! The seam for senders whose requests are more than elements: one whose elements lie packed in records,
//! or have a part of them in headers. A form is recognised by the head of a request, makes the text of
//! elements that the endpoint's decoder reads out of the body, and writes the answer as its sender
//! expects it. What an element means is its decoder's matter (`crate::parse`).

use bytes::Bytes;
use hyper::HeaderMap;

use super::binary_event::BinaryEvent;
use super::firehose::Firehose;
use crate::post::Reply;
use crate::time::EpochMs;

/// The form of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Elements and nothing else: an object, an array, or lines.
    Plain,
    /// Records of Amazon Data Firehose.
    Firehose(Firehose),
    /// One CloudEvent in binary mode.
    Binary(BinaryEvent),
}

impl Form {
    /// The form of a request with these headers, which came at a time.
    pub(super) fn of(headers: &HeaderMap, at: EpochMs) -> Self {
        if let Some(firehose) = Firehose::of(headers, at) {
            return Self::Firehose(firehose);
        }
        BinaryEvent::of(headers).map_or(Self::Plain, Self::Binary)
    }

    /// Whether a body is JSON where nothing says what it is: a CloudEvent in binary mode whose
    /// `datacontenttype` was left out, which is how the SDKs post one without it.
    pub(super) const fn is_known_json(&self) -> bool {
        matches!(self, Self::Binary(_))
    }

    /// The elements of an unpacked body, as one text.
    ///
    /// # Errors
    /// The answer, before [`Form::answer`] has written it, where there are none to be found in it.
    pub(super) fn elements(&self, body: Bytes) -> Result<Bytes, Reply> {
        match self {
            Self::Plain => Ok(body),
            Self::Firehose(_) => Firehose::elements(&body),
            Self::Binary(event) => event.structured(&body),
        }
    }

    /// An answer as the sender expects it; its status says the same.
    pub(super) fn answer(&self, reply: Reply) -> Reply {
        match self {
            Self::Plain | Self::Binary(_) => reply,
            Self::Firehose(firehose) => firehose.answer(reply),
        }
    }
}
