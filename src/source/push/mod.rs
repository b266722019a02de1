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
//!   ├ flight       bytes on their way, with a high and a low water mark; strangers' are apart
//!   ├ departures   senders that went away before they were answered
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
mod departures;
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
use departures::Departures;
use endpoint::Ways;
use flight::Flight;
use parcel::Parcel;

/// What endpoints hand over, for [`Push::new`].
#[derive(Debug)]
pub struct Parcels {
    parcels: mpsc::Receiver<Parcel>,
    /// Of each endpoint, in their order.
    departures: Vec<Departures>,
}

/// The endpoints of the settings, in their order, and the other end of what they hand over.
pub fn endpoints(settings: &PushSettings, clock: &Clock) -> (Vec<Arc<Endpoint>>, Parcels) {
    let (sender, parcels) = mpsc::channel(limits::POSTS_WAITING_MAX);
    let ways = Ways {
        parcels: sender,
        known: Flight::new(settings.high_water, settings.low_water),
        // No hysteresis: whoever is known a moment later has to find room again soon.
        unknown: Flight::new(settings.unknown_bytes, settings.unknown_bytes - 1),
        unknown_within: settings.unknown_within,
        unpacking: Arc::new(Semaphore::new(limits::POSTS_UNPACKED_MAX)),
        answer_within: settings.answer_within,
    };
    let departures: Vec<_> = settings
        .endpoints
        .iter()
        .map(|_| Departures::default())
        .collect();
    let endpoints = settings.endpoints.iter().zip(&departures).enumerate();
    let endpoints = endpoints.map(|(place, (own, departures))| {
        Arc::new(Endpoint::new(
            own.clone(),
            place,
            ways.clone(),
            departures.clone(),
            clock.clone(),
        ))
    });
    let endpoints = endpoints.collect();
    (
        endpoints,
        Parcels {
            parcels,
            departures,
        },
    )
}

#[cfg(test)]
mod tests;
