//! What must have come of the events that were sent: the stand-in's record, joined with the file
//! that the same seed writes, which says what each sequence was.

use std::collections::HashSet;

use serde_json::Value;
use streamgauge::simulate::Emission;
use streamgauge::simulate::SimulatorSettings;
use streamgauge::simulate::write_file;

/// The numbers of a set of events, by plain sets. Right while nothing has left the window and no
/// session connects twice, as in every run here.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Ledger {
    pub(super) connections: u64,
    pub(super) messages: u64,
    /// Sessions whose connect and disconnect both were sent.
    pub(super) closed: u64,
    /// Sessions whose connect only was sent.
    pub(super) open: u64,
}

impl Ledger {
    /// Of the events of `record` that were given to a connection.
    pub(super) fn new(record: &[Emission], settings: &SimulatorSettings) -> Self {
        let sent = record
            .iter()
            .filter(|emission| emission.connection.is_some());
        let sent: HashSet<u64> = sent.map(|emission| emission.sequence).collect();
        let count = record.iter().map(|emission| emission.sequence).max();
        let mut file = Vec::new();
        let plain = SimulatorSettings {
            faults: Vec::new(),
            ..settings.clone()
        };
        write_file(&mut file, count.unwrap_or_default(), &plain, |_| {}).unwrap();
        let mut ledger = Self::default();
        let (mut connected, mut disconnected) = (HashSet::new(), HashSet::new());
        for line in file
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            let event: Value = serde_json::from_slice(line).unwrap();
            if !sent.contains(&event["metadata"]["seq"].as_u64().unwrap()) {
                continue;
            }
            let session = event["data"]["sessionId"].as_str().unwrap().to_owned();
            match event["eventType"].as_str().unwrap() {
                "webchat:message" => ledger.messages += 1,
                "webchat:connected" => assert!(connected.insert(session)),
                _ => assert!(disconnected.insert(session)),
            }
        }
        ledger.connections = connected.len() as u64;
        ledger.closed = connected.intersection(&disconnected).count() as u64;
        ledger.open = ledger.connections - ledger.closed;
        ledger
    }
}
