//! The decoders of what is posted: lines of a stream, to every preset and to mappings.

use std::collections::BTreeMap;
use std::sync::Arc;

use streamgauge::config::Dialect;
use streamgauge::config::MappedAuthor;
use streamgauge::config::MappedKind;
use streamgauge::config::Mapping;
use streamgauge::config::OtherKinds;
use streamgauge::config::TimeUnit;
use streamgauge::event::Definitions;
use streamgauge::event::Event;
use streamgauge::event::EventKind;
use streamgauge::event::Fact;
use streamgauge::event::IdKeys;
use streamgauge::event::LabelFault;
use streamgauge::parse::AnyDecoder;
use streamgauge::parse::Decoded;
use streamgauge::parse::Decoder;
use streamgauge::parse::Elements;
use streamgauge::parse::Output;

#[path = "dialects/slow.rs"]
mod slow;

/// Every line, and then every line once more, comes to the same whether layouts are remembered or every
/// payload is read by simd-json; to all of its events or to nothing; and to what a slow reading says.
/// Then all of it is taken as the body of a request.
///
/// # Panics
/// When it does not.
pub(crate) fn run(bytes: &[u8]) {
    let presets = Dialect::NAMES.iter().map(|(_, dialect)| dialect.clone());
    let mappings = mappings().map(|mapping| Dialect::Mapped(Arc::new(mapping)));
    for dialect in presets.chain(mappings) {
        let mut known = Batch::new(&dialect);
        let mut plain = Batch::new(&dialect);
        let lines = || bytes.split(|byte| *byte == b'\n');
        for line in lines().chain(lines()) {
            let shown = || format!("{dialect:?}: {}", line.escape_ascii());
            let expected = plain.decode(line);
            assert_eq!(known.take(line), expected, "{}", shown());
            assert_eq!(known.events, plain.events, "{}", shown());
            assert_eq!(known.facts, plain.facts, "{}", shown());
            assert_eq!(known.told(), plain.told(), "{}", shown());
            slow::check(&dialect, line, expected, &plain);
        }
        assert_eq!(known.refused(), plain.refused());
        known.take_body(bytes);
    }
}

/// A decoder and what it has read.
struct Batch {
    decoder: AnyDecoder,
    events: Vec<Event>,
    facts: Vec<Fact>,
    definitions: Definitions,
}

impl Batch {
    fn new(dialect: &Dialect) -> Self {
        Self {
            decoder: AnyDecoder::new(dialect, IdKeys::FIXED),
            events: Vec::new(),
            facts: Vec::new(),
            definitions: Definitions::default(),
        }
    }

    /// By simd-json, which changes its input.
    fn decode(&mut self, payload: &[u8]) -> Decoded {
        self.whole(|decoder, output| decoder.decode(&mut payload.to_vec(), output))
    }

    /// As an intake does it.
    fn take(&mut self, payload: &[u8]) -> Decoded {
        self.whole(|decoder, output| decoder.take(&mut payload.to_vec(), output))
    }

    /// Reads with a decoder; what it does not take it leaves no trace of.
    fn whole(&mut self, read: impl FnOnce(&mut AnyDecoder, &mut Output<'_>) -> Decoded) -> Decoded {
        let (events, facts, ids) = (self.events.clone(), self.facts.clone(), self.ids());
        let mut output = Output {
            events: &mut self.events,
            facts: &mut self.facts,
            definitions: &mut self.definitions,
        };
        let decoded = read(&mut self.decoder, &mut output);
        match decoded {
            Decoded::Events(count) => {
                assert_eq!(self.events.len(), events.len() + count);
                assert_eq!(self.events[..events.len()], events[..]);
                assert!(self.events.iter().all(is_right), "{:?}", self.events);
            }
            Decoded::Ignored | Decoded::Rejected(..) => {
                assert_eq!(self.events, events, "nothing is left of it");
                assert_eq!(self.facts, facts, "nothing is left of it");
                assert_eq!(self.ids(), ids, "nothing is left of it");
            }
            Decoded::Control => panic!("nobody who posts speaks of a connection"),
        }
        decoded
    }

    fn ids(&self) -> Vec<(usize, String)> {
        let ids = self.definitions.session_ids();
        ids.map(|(event, id)| (event, id.to_owned())).collect()
    }

    /// All that the writer gets beside the events.
    fn told(&self) -> String {
        format!("{:?}", self.definitions)
    }

    fn refused(&mut self) -> [u64; LabelFault::COUNT] {
        self.decoder.take_labels_refused()
    }

    /// Every element that the whole is the body of; none lies inside of another.
    fn take_body(&mut self, body: &[u8]) {
        let mut elements = Elements::default();
        let mut end = 0;
        while let Some(element) = elements.next(body) {
            let Ok(element) = element else { continue };
            assert!(end <= element.start && element.start < element.end);
            end = element.end;
            let payload = &body[element];
            assert!(payload.starts_with(b"{") && payload.ends_with(b"}"));
            self.take(payload);
        }
    }
}

/// What no event of a decoder lacks.
fn is_right(event: &Event) -> bool {
    let has_identity = event.identity.fingerprint().is_some();
    event.time.ms() >= 0 && (event.kind == EventKind::Message || !has_identity)
}

/// One mapping with everything, and one with only what is required, of other settings.
fn mappings() -> [Mapping; 2] {
    let pointer = |text: &str| match text.parse() {
        Ok(pointer) => pointer,
        Err(_) => panic!("{text} is a pointer"),
    };
    let kinds = BTreeMap::from([
        ("opened".into(), MappedKind::Connected),
        ("closed".into(), MappedKind::Disconnected),
        ("said".into(), MappedKind::Message),
        ("1".into(), MappedKind::Message),
        ("typing".into(), MappedKind::Ignored),
    ]);
    let full = Mapping {
        kind: pointer("/event"),
        kinds: kinds.clone(),
        other_kinds: OtherKinds::Ignored,
        time: pointer("/at"),
        time_unit: TimeUnit::Milliseconds,
        session: pointer("/room/id"),
        id: Some(pointer("/message/0/id")),
        queue: Some(pointer("/team")),
        deployment: Some(pointer("/a~1b")),
        agent: Some(pointer("/agent")),
        direction: Some(pointer("/direction")),
        author: Some(pointer("/message/0/type")),
        authors: BTreeMap::from([("incoming".into(), MappedAuthor::Guest)]),
    };
    let least = Mapping {
        kinds,
        other_kinds: OtherKinds::Refused,
        time_unit: TimeUnit::Seconds,
        id: None,
        queue: None,
        deployment: None,
        agent: None,
        direction: None,
        author: None,
        authors: BTreeMap::new(),
        ..full.clone()
    };
    [full, least]
}
