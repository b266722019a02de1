//! The walk over a file: what an endpoint does with a body, and every element's fate.

use std::collections::HashMap;

use serde_json::Value;

use super::body::Body;
use super::element::CameTo;
use super::element::Copied;
use super::element::Element;
use super::element::Place;
use super::element::Seen;
use super::names::Names;
use super::tally::Ages;
use super::tally::Tally;
use crate::config::PushCredential;
use crate::config::PushEndpoint;
use crate::config::limits::MESSAGE_BYTES_MAX;
use crate::config::limits::POST_BYTES_MAX;
use crate::event::Definitions;
use crate::event::Event;
use crate::event::EventKind;
use crate::event::Fact;
use crate::event::FactKind;
use crate::event::Field;
use crate::event::IdKeys;
use crate::event::Identity;
use crate::event::LabelFault;
use crate::event::LegKey;
use crate::event::Reject;
use crate::event::SessionKey;
use crate::net::Redactor;
use crate::parse::AnyDecoder;
use crate::parse::Decoded;
use crate::parse::Decoder;
use crate::parse::Elements;
use crate::parse::Output;
use crate::parse::Records;
use crate::parse::RecordsFault;
use crate::time::EpochMs;

/// Looks at a file as an endpoint would.
#[derive(Debug)]
pub struct Look<'a> {
    endpoint: &'a PushEndpoint,
    ages: Option<Ages>,
    decoder: AnyDecoder,
    names: Names,
    /// The lines of events by what a copy would repeat.
    first: HashMap<Repeated, u64>,
    events: Vec<Event>,
    facts: Vec<Fact>,
    definitions: Definitions,
    tally: Tally,
}

/// What a copy of an event would repeat.
type Repeated = (
    (EventKind, Option<(FactKind, LegKey)>),
    SessionKey,
    EpochMs,
    Identity,
);

/// A text of elements, and where it is in the file.
struct Text<'a> {
    bytes: &'a [u8],
    /// The line on which all of it is; `None` where it is the file itself.
    line: Option<u64>,
    /// The records that it was put together of.
    records: Option<&'a Records>,
}

impl<'a> Look<'a> {
    /// A look at what would be posted to an endpoint. With `ages` the times of events are judged too.
    pub fn new(endpoint: &'a PushEndpoint, ages: Option<Ages>) -> Self {
        let secret = endpoint.credential.secret().expose();
        Self {
            endpoint,
            ages,
            decoder: AnyDecoder::new(&endpoint.dialect, IdKeys::FIXED),
            names: Names::new(IdKeys::FIXED, Redactor::default().with(secret)),
            first: HashMap::new(),
            events: Vec::new(),
            facts: Vec::new(),
            definitions: Definitions::default(),
            tally: Tally::default(),
        }
    }

    /// Looks at all elements of a file and hands on what became of each.
    pub fn over(mut self, body: &Body, mut on_element: impl FnMut(&Element)) -> Tally {
        let text = Text {
            bytes: &body.text,
            line: None,
            records: None,
        };
        self.walk(&text, &mut on_element);
        self.tally
    }

    /// Where in every element the endpoint looks for a secret.
    pub fn secret_at(endpoint: &PushEndpoint) -> Option<&str> {
        match &endpoint.credential {
            PushCredential::Body { pointer, .. } => Some(pointer),
            _ => None,
        }
    }

    fn walk(&mut self, text: &Text<'_>, on_element: &mut dyn FnMut(&Element)) {
        let mut elements = Elements::default();
        let (mut line, mut counted, mut index) = (text.line.unwrap_or(1), 0, 0);
        while let Some(found) = elements.next(text.bytes) {
            let at = match &found {
                Ok(range) => range.start,
                Err(_) => elements.at(),
            };
            if text.line.is_none() {
                line += memchr::memchr_iter(b'\n', &text.bytes[counted..at]).count() as u64;
                counted = at;
            }
            let records = text.records;
            let record = records.map(|records| records.record_at(at) as u64);
            let place = Place {
                line,
                record,
                index,
            };
            index += 1;
            match found {
                Ok(range) if text.line.is_none() => {
                    self.line(place, &text.bytes[range], on_element);
                }
                Ok(range) => self.element(place, &text.bytes[range], on_element),
                Err(fault) => {
                    self.refuse(place, fault.reason(), fault.words().to_owned(), on_element);
                    if !elements.resume(text.bytes) {
                        self.tally.unread_bytes += text.bytes.len() - elements.at();
                    }
                }
            }
        }
    }

    /// Takes what stands in a file, which may be a request of Firehose and have elements inside.
    fn line(&mut self, place: Place, bytes: &[u8], on_element: &mut dyn FnMut(&Element)) {
        let Some(records) = Records::found_in(bytes, POST_BYTES_MAX) else {
            return self.element(place, bytes, on_element);
        };
        self.tally.firehose += 1;
        match records {
            Ok(records) => {
                let text = Text {
                    bytes: records.text(),
                    line: Some(place.line),
                    records: Some(&records),
                };
                self.walk(&text, on_element);
            }
            Err(fault) => {
                let record = match fault {
                    RecordsFault::Base64 { record } => record as u64,
                    RecordsFault::Shape { .. } | RecordsFault::TooLong(_) => 0,
                };
                let place = Place {
                    record: Some(record),
                    ..place
                };
                self.refuse(place, Reject::NotJson, fault.to_string(), on_element);
            }
        }
    }

    fn element(&mut self, place: Place, bytes: &[u8], on_element: &mut dyn FnMut(&Element)) {
        if bytes.len() > MESSAGE_BYTES_MAX {
            let why = Reject::TooBig.words_of(None);
            return self.refuse(place, Reject::TooBig, why, on_element);
        }
        let value: Option<Value> = serde_json::from_slice(bytes).ok();
        let shows_secret = match &self.endpoint.credential {
            PushCredential::Body { pointer, secret } => {
                value.as_ref().map(|value| secret.is_at(pointer, value))
            }
            _ => None,
        };
        self.events.clear();
        self.facts.clear();
        self.definitions.clear();
        let mut output = Output {
            events: &mut self.events,
            facts: &mut self.facts,
            definitions: &mut self.definitions,
        };
        let decoded = self.decoder.decode(&mut bytes.to_vec(), &mut output);
        self.names.learn(&self.definitions);
        let value = value.unwrap_or_default();
        let came_to = match decoded {
            Decoded::Events(_) => CameTo::Events(self.seen(place.line, &value)),
            Decoded::Ignored => {
                let place = self.decoder.place(Field::EventType);
                CameTo::Ignored(self.names.type_of(place, &value))
            }
            Decoded::Control => CameTo::Ignored("it speaks of the connection".to_owned()),
            Decoded::Rejected(reason, field) => {
                let place = field.map(|field| self.decoder.place(field));
                CameTo::Refused(reason, reason.words_of(place))
            }
        };
        let names_refused = LabelFault::ALL
            .iter()
            .zip(self.decoder.take_labels_refused());
        let element = Element {
            place,
            came_to,
            shows_secret,
            names_refused: names_refused
                .filter_map(|(fault, count)| (count > 0).then_some(fault.label()))
                .collect(),
        };
        self.put(&element, on_element);
    }

    /// The latest events, as a person reads them.
    fn seen(&mut self, line: u64, element: &Value) -> Vec<Seen> {
        let mut seen: Vec<Seen> = Vec::with_capacity(self.events.len());
        // Nearly always all events of an element are of one session, which is looked for once.
        let mut session: Option<(SessionKey, String)> = None;
        for event in &self.events {
            let known = session.take().filter(|(key, _)| *key == event.session);
            let (_, id) = session.insert(known.unwrap_or_else(|| {
                let id = self.names.session(event.session, element);
                (event.session, id)
            }));
            let kind = event
                .fact()
                .and_then(|place| self.facts.get(place as usize));
            let kind = (event.kind, kind.map(|fact| (fact.kind, fact.leg)));
            let repeated = (kind, event.session, event.time, event.identity);
            let is_recognised =
                event.kind != EventKind::Message || event.identity.fingerprint().is_some();
            let copied = match self.first.get(&repeated) {
                _ if !is_recognised => Copied::Unknown,
                Some(first) => Copied::Of(*first),
                None => {
                    self.first.insert(repeated, line);
                    Copied::Known
                }
            };
            let [queue, deployment] = self.names.labels(event.labels);
            let fact = event
                .fact()
                .and_then(|place| self.facts.get(place as usize));
            let leg = fact.map(|fact| (fact.kind, self.names.agent(fact.agent)));
            seen.push(Seen {
                kind: event.kind,
                time: event.time,
                session: id.clone(),
                queue,
                deployment,
                actor: event.actor,
                leg,
                copied,
            });
        }
        seen
    }

    fn refuse(
        &mut self,
        place: Place,
        reason: Reject,
        why: String,
        on_element: &mut dyn FnMut(&Element),
    ) {
        let element = Element {
            place,
            came_to: CameTo::Refused(reason, why),
            shows_secret: None,
            names_refused: Vec::new(),
        };
        self.put(&element, on_element);
    }

    fn put(&mut self, element: &Element, on_element: &mut dyn FnMut(&Element)) {
        self.tally.add(element, self.ages);
        on_element(element);
    }
}
