//! Answers in JSON: what was taken, or why nothing was.

use bytes::Bytes;
use hyper::header;
use hyper::header::HeaderValue;
use serde_json::Value;
use serde_json::json;

use super::parcel::Bad;
use super::parcel::Taken;
use crate::post::Outcome;
use crate::post::Reply;

/// How long a sender that is sent away should wait, in seconds.
const BUSY_WAIT: HeaderValue = HeaderValue::from_static("1");
/// The same while the server stops, which takes longer.
const STOPPING_WAIT: HeaderValue = HeaderValue::from_static("5");

/// A refusal in words.
pub(super) fn refused(outcome: Outcome, why: &str) -> Reply {
    of(outcome, &json!({ "error": why }))
}

/// All was taken.
pub(super) fn taken(taken: Taken) -> Reply {
    let Taken {
        elements,
        events,
        ignored,
    } = taken;
    // Written by hand: this is the answer to nearly every request.
    let body = format!("{{\"elements\":{elements},\"events\":{events},\"ignored\":{ignored}}}\n");
    Reply {
        elements,
        ignored,
        body: body.into(),
        ..Reply::empty(Outcome::Taken)
    }
}

/// An element is bad, so nothing was taken.
pub(super) fn bad(bad: &Bad) -> Reply {
    let Bad { index, why, reason } = bad;
    of(
        Outcome::Malformed,
        &json!({
            "error": format!("element {index}: {why}; nothing of the request was taken"),
            "index": index,
            "reason": reason,
        }),
    )
}

/// There is no room now.
pub(super) fn busy() -> Reply {
    refused(
        Outcome::Busy,
        "too much is on its way; send it again after Retry-After",
    )
}

/// There is no room now for senders that nothing but their bodies can make known.
pub(super) fn crowded() -> Reply {
    refused(
        Outcome::Busy,
        "too many bodies of senders that are not known yet are on their way; send it again after Retry-After",
    )
}

/// There was no room in time, and it may be too late to take it back.
pub(super) fn late() -> Reply {
    refused(
        Outcome::Busy,
        "there was no room in time; send it again after Retry-After; it may have been taken all the same",
    )
}

/// The server is about to stop.
pub(super) fn stopping() -> Reply {
    refused(
        Outcome::Stopping,
        "the server is about to stop; send it again after Retry-After",
    )
}

fn of(outcome: Outcome, body: &Value) -> Reply {
    let mut reply = Reply {
        body: Bytes::from(format!("{body}\n")),
        ..Reply::empty(outcome)
    };
    let wait = match outcome {
        Outcome::Busy => Some(BUSY_WAIT),
        Outcome::Stopping => Some(STOPPING_WAIT),
        _ => None,
    };
    reply
        .headers
        .extend(wait.map(|wait| (header::RETRY_AFTER, wait)));
    reply
}
