//! The ingest threads: one a source, each with a runtime of its own.

use std::pin::Pin;

use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::Alarm;
use super::EngineError;
use super::Inputs;
use super::Part;
use super::spawn;
use crate::auth::TokenSource;
use crate::config::AuthSettings;
use crate::config::PushEndpoint;
use crate::config::StreamSettings;
use crate::input::Shard;
use crate::net::Connector;
use crate::net::NetError;
use crate::parse::AnyDecoder;
use crate::parse::Parser;
use crate::source::EventsStream;
use crate::source::Exit;
use crate::source::Push;
use crate::source::push::Parcels;
use crate::time::Clock;

/// The life of a source: whether it ended because it was asked to.
type Life = Pin<Box<dyn Future<Output = bool>>>;

/// A source that is not made yet: its tasks belong to its thread's runtime.
pub(super) struct Source {
    /// The name of its thread.
    part: &'static str,
    make: Box<dyn FnOnce(CancellationToken) -> Result<Life, NetError> + Send>,
}

/// The source `events-stream`.
pub(super) fn events_stream(
    auth: AuthSettings,
    stream: StreamSettings,
    connector: Connector,
    inputs: &Inputs,
    clock: Clock,
) -> Source {
    let producer = inputs.producer(Shard::only(EventsStream::NAME));
    let (keys, pulse) = (inputs.keys, inputs.pulse.clone());
    Source {
        part: "ingest",
        make: Box::new(move |shutdown| {
            let tokens = TokenSource::start(auth, connector.clone(), clock.clone())?;
            let parser = Parser::new(keys).with_labels();
            let source = EventsStream::new(stream, connector, tokens, parser, producer, clock)?;
            let source = source.with_pulse(&pulse);
            Ok(Box::pin(async move {
                source.run(shutdown).await == Exit::Shutdown
            }))
        }),
    }
}

/// The source `push`: each endpoint is a shard of its own, by its place in the settings.
pub(super) fn push(endpoints: Vec<PushEndpoint>, parcels: Parcels, inputs: &Inputs) -> Source {
    let inputs = inputs.clone();
    Source {
        part: "push",
        make: Box::new(move |shutdown| {
            let opened = (0_u16..).zip(endpoints).map(|(number, endpoint)| {
                let shard = Shard {
                    source: Push::NAME,
                    number,
                };
                let decoder = |keys| AnyDecoder::new(&endpoint.dialect, keys);
                let intake = inputs.open(shard, decoder);
                (endpoint, intake)
            });
            let source = Push::new(opened, parcels);
            Ok(Box::pin(async move {
                source.run(shutdown.clone()).await;
                shutdown.is_cancelled()
            }))
        }),
    }
}

/// Starts the thread of a source, which makes the source itself.
pub(super) async fn start(
    source: Source,
    failed: mpsc::Sender<EngineError>,
) -> Result<Part, EngineError> {
    let (done, ended) = oneshot::channel();
    let (made, is_made) = oneshot::channel();
    let stop = CancellationToken::new();
    let shutdown = stop.clone();
    let Source { part, make } = source;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| EngineError::Thread { part, error })?;
    spawn(part, move || {
        let mut alarm = Alarm {
            part,
            failed: Some(failed),
        };
        runtime.block_on(async {
            let life = match make(shutdown) {
                Ok(life) => life,
                Err(error) => {
                    alarm.failed = None;
                    // The other end waits for this word.
                    let _ = made.send(Err(error));
                    return;
                }
            };
            let _ = made.send(Ok(()));
            if life.await {
                alarm.failed = None;
            }
        });
        drop(done);
    })?;
    match is_made.await {
        Ok(Ok(())) => Ok(Part { stop, ended }),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(EngineError::Ended { part }),
    }
}
