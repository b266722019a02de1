//! The source `push`: events that others post to endpoints of our server.
//!
//! ```text
//!  ingest       the thread: bodies → elements → intakes → answers, all of a request or none of it
//!   ↑ parcels, bounded; each answered once
//!  endpoint     one endpoint of the server: who may post, how much, what is said to them
//!   ├ credential   what a post has to show; signature: keyed hashes over its body
//!   ├ greeting     the question of a sender before its first post
//!   ├ content      media type and packing
//!   ├ form         how a request wraps its elements, and the answer that its sender expects
//!   ├ flight       bytes on their way, with a high and a low water mark
//!   └ parcel       what is handed over, and what comes back
//!  reply        answers in JSON
//! ```
//!
//! An endpoint answers 2xx only when the ring has taken all of a request. What it answers otherwise has
//! left nothing behind, but for a request whose events still wait for a full ring: it is answered 503
//! after a while, and its events may count all the same.

mod binary_event;
mod content;
mod credential;
mod endpoint;
mod firehose;
mod flight;
mod form;
mod greeting;
mod header;
mod ingest;
mod parcel;
mod reply;
mod signature;

pub use endpoint::Endpoint;
pub use ingest::Push;

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::sync::mpsc;

use crate::config::PushSettings;
use crate::config::limits;
use crate::time::Clock;
use flight::Flight;
use parcel::Parcel;

/// What endpoints hand over, for [`Push::new`].
#[derive(Debug)]
pub struct Parcels(mpsc::Receiver<Parcel>);

/// The endpoints of the settings, in their order, and the other end of what they hand over.
pub fn endpoints(settings: &PushSettings, clock: &Clock) -> (Vec<Arc<Endpoint>>, Parcels) {
    let (sender, parcels) = mpsc::channel(limits::POSTS_WAITING_MAX);
    let flight = Flight::new(settings.high_water, settings.low_water);
    let unpacking = Arc::new(Semaphore::new(limits::POSTS_UNPACKED_MAX));
    let endpoints = settings.endpoints.iter().enumerate().map(|(place, own)| {
        Arc::new(Endpoint::new(
            own.clone(),
            place,
            sender.clone(),
            flight.clone(),
            Arc::clone(&unpacking),
            settings.answer_within,
            clock.clone(),
        ))
    });
    (endpoints.collect(), Parcels(parcels))
}

#[cfg(test)]
mod tests;
