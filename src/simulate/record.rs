//! The record of every event, for tests that compare what was sent with what arrived. One task owns
//! it; others send to it and ask it over a channel.

use tokio::sync::mpsc;
use tokio::sync::oneshot;

use crate::time::EpochMs;

/// One event that was sent or would have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Emission {
    /// The event's `metadata.seq`.
    pub sequence: u64,
    /// When it was given to the socket, before the write; of a missed one, when it would have been:
    /// when it was due, but not before an event ahead of it.
    pub sent_at: EpochMs,
    /// The connection, counted from 1; `None` when nobody was subscribed. Of an event that is under
    /// way when its connection ends nobody can say whether it arrived.
    pub connection: Option<u64>,
}

#[derive(Debug)]
enum Entry {
    Emissions(Vec<Emission>),
    Read(oneshot::Sender<Vec<Emission>>),
}

/// The way to the record. It lives as long as one of these.
#[derive(Clone, Debug)]
pub(super) struct Recorder(mpsc::UnboundedSender<Entry>);

impl Recorder {
    /// Starts the task that owns the record.
    pub(super) fn spawn() -> Self {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut record = Vec::new();
            while let Some(entry) = receiver.recv().await {
                match entry {
                    Entry::Emissions(emissions) => record.extend(emissions),
                    // Whoever asked may have gone.
                    Entry::Read(reply) => drop(reply.send(record.clone())),
                }
            }
        });
        Self(sender)
    }

    pub(super) fn add(&self, sequences: &[u64], sent_at: EpochMs, connection: Option<u64>) {
        let emissions = sequences.iter().map(|sequence| Emission {
            sequence: *sequence,
            sent_at,
            connection,
        });
        // The task ends only with its runtime, and then nobody reads the record.
        drop(self.0.send(Entry::Emissions(emissions.collect())));
    }

    /// All that was added before this call.
    pub(super) async fn read(&self) -> Vec<Emission> {
        let (reply, record) = oneshot::channel();
        drop(self.0.send(Entry::Read(reply)));
        record.await.unwrap_or_default()
    }
}
