//! The thread of the source: bodies become elements, elements events, and every body is answered.
//!
//! Each endpoint is an input of a shard of its own, with a ring of its own: what labels stand for and
//! how its events lag is each endpoint's. It is live while the server listens: what it did not take
//! was answered so, and the sender keeps it.

use std::sync::Arc;
use std::time::Duration;

use tokio::select;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio::time::interval;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::info;
use tracing::warn;

use super::Parcels;
use super::credential;
use super::departures::Departures;
use super::flight::Held;
use super::parcel::Bad;
use super::parcel::Parcel;
use super::parcel::Taken;
use crate::config::PushEndpoint;
use crate::config::limits::MESSAGE_BYTES_MAX;
use crate::event::Reject;
use crate::parse::AnyDecoder;
use crate::parse::Decoded;
use crate::parse::Elements;
use crate::source::Intake;
use crate::stream::StreamNote;
use crate::stream::StreamState;

/// How often it beats.
const BEAT: Duration = Duration::from_secs(1);
/// How long to wait before a batch is offered to a full ring again.
const RING_RETRY: Duration = Duration::from_millis(1);
/// How long the last batches wait for a full ring when the engine ends.
const LAST_OFFER_WAIT: Duration = Duration::from_secs(3);
/// Parcels that are decoded before their events are offered, if so many are there.
const TURN_PARCELS_MAX: usize = 64;

/// The source. Runs on its own thread's `current_thread` runtime.
#[derive(Debug)]
pub struct Push {
    inputs: Vec<Input>,
    parcels: mpsc::Receiver<Parcel>,
    /// What was taken and is not offered yet, by who waits for it.
    unanswered: Vec<Unanswered>,
    /// Until when a full ring is waited for.
    give_up_at: Option<Instant>,
}

#[derive(Debug)]
struct Input {
    intake: Intake<AnyDecoder>,
    name: Arc<str>,
    departures: Departures,
    /// Whether something waits to be offered.
    is_touched: bool,
}

#[derive(Debug)]
struct Unanswered {
    taken: Taken,
    answer: oneshot::Sender<Result<Taken, Bad>>,
    /// The body's bytes are on their way until it is answered.
    _held: Held,
}

impl Push {
    /// The source's name.
    pub const NAME: &'static str = "push";

    /// A source of these endpoints, each with its intake.
    pub fn new(
        endpoints: impl Iterator<Item = (PushEndpoint, Intake<AnyDecoder>)>,
        Parcels {
            parcels,
            departures,
        }: Parcels,
    ) -> Self {
        let inputs = endpoints.zip(departures);
        let inputs = inputs.map(|((endpoint, mut intake), departures)| {
            intake.begin(credential::redactor(&endpoint.credential));
            Input {
                intake,
                name: endpoint.name,
                departures,
                is_touched: true,
            }
        });
        Self {
            inputs: inputs.collect(),
            parcels,
            unanswered: Vec::new(),
            give_up_at: None,
        }
    }

    /// Takes what is posted until `shutdown` is cancelled, then what was handed over before that.
    ///
    /// Returns within 4 s of the cancellation, whatever the ring does; usually at once.
    pub async fn run(mut self, shutdown: CancellationToken) {
        for input in &mut self.inputs {
            let at = input.intake.wall();
            input.intake.beat();
            input.intake.note(StreamNote::Live { at });
        }
        info!(endpoints = self.inputs.len(), "push: endpoints are open");
        self.flush(&shutdown).await;
        let mut beats = interval(BEAT);
        loop {
            select! {
                biased;
                () = shutdown.cancelled() => break,
                parcel = self.parcels.recv() => match parcel {
                    Some(parcel) => self.turn(parcel, &shutdown).await,
                    None => break,
                },
                _ = beats.tick() => {
                    for input in &mut self.inputs {
                        input.intake.beat();
                        input.intake.log_refusals();
                        input.log_departures();
                    }
                }
            }
        }
        self.close(&shutdown).await;
    }

    /// From here on nothing is taken any more; what was handed over is answered.
    async fn close(mut self, shutdown: &CancellationToken) {
        self.parcels.close();
        self.give_up_at = Some(Instant::now() + LAST_OFFER_WAIT);
        while let Some(parcel) = self.parcels.recv().await {
            self.turn(parcel, shutdown).await;
        }
        for input in &mut self.inputs {
            input.log_departures();
            input.intake.note(StreamNote::State(StreamState::Closed));
            input.is_touched = true;
        }
        self.flush(shutdown).await;
    }

    /// Takes a parcel and those that are there already, and answers them.
    async fn turn(&mut self, first: Parcel, shutdown: &CancellationToken) {
        let mut next = Some(first);
        for _ in 0..TURN_PARCELS_MAX {
            let Some(parcel) = next else { break };
            self.take(parcel);
            next = self.parcels.try_recv().ok();
        }
        if let Some(parcel) = next {
            self.take(parcel);
        }
        self.flush(shutdown).await;
    }

    fn take(&mut self, parcel: Parcel) {
        let Parcel {
            place,
            mut body,
            read_at: (wall, mono_ns),
            held,
            answer,
        } = parcel;
        if answer.is_closed() {
            // It was answered that there is no room, or the sender is gone: it will come again.
            return;
        }
        let input = &mut self.inputs[place];
        input.is_touched = true;
        input.intake.arrived_at(wall, mono_ns);
        match take_all(&mut input.intake, &mut body) {
            Ok(taken) => self.unanswered.push(Unanswered {
                taken,
                answer,
                _held: held,
            }),
            // Nobody waits any more: nothing was taken, so nothing is to be said.
            Err(bad) => drop(answer.send(Err(bad))),
        }
    }

    /// Offers everything and answers those who wait for it.
    async fn flush(&mut self, shutdown: &CancellationToken) {
        let mut beat_at = Instant::now() + BEAT;
        for place in 0..self.inputs.len() {
            while self.inputs[place].is_touched && !self.inputs[place].intake.offer() {
                // The ring is full: nothing is lost, and senders are sent away meanwhile.
                if shutdown.is_cancelled() {
                    let end = *self
                        .give_up_at
                        .get_or_insert_with(|| Instant::now() + LAST_OFFER_WAIT);
                    if Instant::now() >= end {
                        warn!("push: the ring stayed full: the last batches are lost");
                        self.unanswered.clear();
                        return;
                    }
                }
                if Instant::now() >= beat_at {
                    beat_at = Instant::now() + BEAT;
                    self.inputs.iter_mut().for_each(|input| input.intake.beat());
                }
                sleep(RING_RETRY).await;
            }
            self.inputs[place].is_touched = false;
        }
        for unanswered in self.unanswered.drain(..) {
            // Whoever has gone away meanwhile sends it again.
            let _ = unanswered.answer.send(Ok(unanswered.taken));
        }
    }
}

impl Input {
    /// Logs, once a beat, that senders did not wait for their answers.
    fn log_departures(&self) {
        let count = self.departures.take();
        if count > 0 {
            warn!(
                endpoint = &*self.name,
                count,
                "push: senders went away before they were answered; what they sent may have been taken, and they will send it again"
            );
        }
    }
}

/// Takes all elements of a body, or none.
fn take_all(intake: &mut Intake<AnyDecoder>, body: &mut [u8]) -> Result<Taken, Bad> {
    let mark = intake.mark();
    let mut taken = Taken::default();
    let mut elements = Elements::default();
    while let Some(element) = elements.next(body) {
        let index = taken.elements;
        let range = match element {
            Ok(range) => range,
            Err(fault) => {
                let reason = fault.reason();
                // What stands at the end of the body, for the log.
                intake.refuse(body, reason);
                intake.take_back(&mark, body.len(), reason, None);
                return Err(Bad {
                    index,
                    why: fault.words().to_owned(),
                    reason: reason.label(),
                });
            }
        };
        let bytes = range.len();
        if bytes > MESSAGE_BYTES_MAX {
            intake.refuse(&body[range], Reject::TooBig);
            intake.take_back(&mark, bytes, Reject::TooBig, None);
            return Err(Bad {
                index,
                why: Reject::TooBig.words_of(None),
                reason: Reject::TooBig.label(),
            });
        }
        match intake.take_part(&mut body[range]) {
            Decoded::Events(events) => taken.events += events as u64,
            Decoded::Ignored | Decoded::Control => taken.ignored += 1,
            Decoded::Rejected(reason, field) => {
                intake.take_back(&mark, bytes, reason, field);
                return Err(Bad {
                    index,
                    why: reason.words_of(field.map(|field| intake.place(field))),
                    reason: reason.label(),
                });
            }
        }
        taken.elements += 1;
    }
    Ok(taken)
}
