//! Posts to the endpoints for events: a body is read within its limits and handed on.
//!
//! Who may post what is the endpoint's matter (`crate::post`); readers' tokens and cookies are not
//! looked at here.

use std::error::Error;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use bytes::BytesMut;
use futures_util::poll;
use http_body_util::BodyExt;
use hyper::Request;
use hyper::body::Body;
use hyper::header;
use hyper::header::HeaderValue;
use tokio::time::timeout;

use super::upload::NoRoom;
use crate::post::Delivery;
use crate::post::Outcome;
use crate::post::Poster;
use crate::post::Reply;
use crate::serve::answer;
use crate::serve::answer::Answer;
use crate::serve::post_counters::PostCounters;

/// The endpoints, in the order of the settings.
#[derive(Debug)]
pub(super) struct Posts {
    posters: Vec<Arc<dyn Poster>>,
    counters: PostCounters,
    /// How long a body may take.
    in_time: Duration,
}

/// What came of a body.
struct Read {
    reply: Reply,
    /// Whether some of the body is not read, so that nothing else can follow on HTTP/1.
    is_rest_left: bool,
}

/// A request that waits for its answer. Dropped without one, as it is when its sender goes away, it is
/// counted as gone.
struct Waiting<'a> {
    counters: &'a PostCounters,
    place: usize,
    /// What has come of its body.
    bytes: usize,
    is_answered: bool,
}

impl Waiting<'_> {
    fn answer(mut self, reply: &Reply) {
        self.is_answered = true;
        self.counters.answered(self.place, self.bytes, reply);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            let gone = Reply::empty(Outcome::Gone);
            self.counters.answered(self.place, self.bytes, &gone);
        }
    }
}

impl Posts {
    pub(super) fn new(
        posters: Vec<Arc<dyn Poster>>,
        counters: PostCounters,
        in_time: Duration,
    ) -> Self {
        Self {
            posters,
            counters,
            in_time,
        }
    }

    /// Whether there are none.
    pub(super) const fn is_empty(&self) -> bool {
        self.posters.is_empty()
    }

    /// The place of the endpoint at a path.
    pub(super) fn find(&self, path: &str) -> Option<usize> {
        // Mostly there is none, and never are there many.
        self.posters.iter().position(|poster| poster.path() == path)
    }

    /// The answer where a page of another site made a browser send the request, or it is for another
    /// host.
    pub(super) fn refused(&self, place: usize, answer: Answer) -> Answer {
        let refusal = Reply::empty(Outcome::Foreign);
        self.counters.answered(place, 0, &refusal);
        answer
    }

    /// Answers a request to the endpoint at a place.
    pub(super) async fn answer<B>(&self, place: usize, request: Request<B>) -> Answer
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let (head, body) = request.into_parts();
        let mut waiting = Waiting {
            counters: &self.counters,
            place,
            bytes: 0,
            is_answered: false,
        };
        let read = match self.posters[place].begin(head) {
            Ok(delivery) => self.take(delivery, body, &mut waiting.bytes).await,
            Err(reply) => Read {
                reply,
                is_rest_left: !body.is_end_stream(),
            },
        };
        waiting.answer(&read.reply);
        formed(read)
    }

    async fn take<B>(&self, mut delivery: Box<dyn Delivery>, body: B, bytes: &mut usize) -> Read
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let bytes_max = delivery.bytes_max();
        // What the head announces is refused before any of it is read; what it hides, on the way.
        if body.size_hint().lower() > bytes_max as u64 {
            return Read {
                reply: too_large(&*delivery),
                is_rest_left: true,
            };
        }
        let in_time = delivery
            .time_max()
            .map_or(self.in_time, |own| own.min(self.in_time));
        let collected = {
            let mut collecting = pin!(collect(&mut *delivery, body, bytes));
            // Most bodies come with their heads, and need no timer.
            match poll!(collecting.as_mut()) {
                Poll::Ready(collected) => Ok(collected),
                Poll::Pending => timeout(in_time, collecting).await,
            }
        };
        let refused = match collected {
            Ok(Ok(whole)) => {
                let reply = delivery.finish(whole).await;
                return Read {
                    reply,
                    is_rest_left: false,
                };
            }
            Ok(Err(refused)) => refused,
            Err(_) => delivery.refuse(Outcome::Slow, "the body did not come in time"),
        };
        Read {
            reply: refused,
            is_rest_left: true,
        }
    }
}

/// Reads a body to its end; `bytes` is how much of it has come.
async fn collect<B>(delivery: &mut dyn Delivery, body: B, bytes: &mut usize) -> Result<Bytes, Reply>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let mut body = pin!(body);
    // A body that comes in one piece is not copied.
    let (mut first, mut rest) = (Bytes::new(), BytesMut::new());
    while let Some(frame) = body.as_mut().frame().await {
        let frame = frame.map_err(|error| match error.into().is::<NoRoom>() {
            true => delivery.refuse(Outcome::Busy, "too many bytes are on their way"),
            false => delivery.refuse(Outcome::Cut, "the body was cut off"),
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        *bytes += data.len();
        if *bytes > delivery.bytes_max() {
            return Err(too_large(delivery));
        }
        delivery.hold(*bytes)?;
        if first.is_empty() {
            first = data;
        } else {
            if rest.is_empty() {
                rest.extend_from_slice(&first);
            }
            rest.extend_from_slice(&data);
        }
    }
    Ok(if rest.is_empty() {
        first
    } else {
        rest.freeze()
    })
}

fn too_large(delivery: &dyn Delivery) -> Reply {
    let why = format!("the body has over {} bytes", delivery.bytes_max());
    delivery.refuse(Outcome::TooLarge, &why)
}

/// An answer of HTTP.
fn formed(read: Read) -> Answer {
    let Reply {
        outcome,
        headers,
        body,
        ..
    } = read.reply;
    let mut answer = match body.is_empty() {
        true => answer::empty(outcome.status()),
        false => answer::new(outcome.status(), "application/json", body),
    };
    answer.headers_mut().extend(headers);
    if read.is_rest_left {
        let close = HeaderValue::from_static("close");
        answer.headers_mut().insert(header::CONNECTION, close);
    }
    answer
}
