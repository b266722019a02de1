//! The dialect of a file: lines of one event each, by the way that costs least, or whatever a decoder of
//! posts reads.

use std::fmt;

use crate::config::Dialect;
use crate::event::Definitions;
use crate::event::Event;
use crate::event::Fact;
use crate::event::IdKeys;
use crate::event::LabelsId;
use crate::parse::AnyDecoder;
use crate::parse::Decoded;
use crate::parse::Decoder;
use crate::parse::Output;
use crate::parse::Parser;
use crate::parse::Verdict;

/// Reads records of one dialect.
pub(super) enum Reading {
    /// Of the source `events-stream`: one event a record.
    Own(Box<Parser>),
    /// Of any other.
    Posted(Box<Posted>),
}

/// A decoder, and what it read last.
pub(super) struct Posted {
    decoder: AnyDecoder,
    events: Vec<Event>,
    facts: Vec<Fact>,
    definitions: Definitions,
}

/// What a record came to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Read {
    /// At most one event.
    One(Verdict),
    /// All of [`Reading::events`]; there may be none.
    All,
}

impl Reading {
    pub(super) fn new(dialect: &Dialect) -> Self {
        match dialect {
            Dialect::Tutorial => Self::Own(Box::new(Parser::new(IdKeys::FIXED))),
            _ => Self::Posted(Box::new(Posted {
                decoder: AnyDecoder::new(dialect, IdKeys::FIXED),
                events: Vec::new(),
                facts: Vec::new(),
                definitions: Definitions::default(),
            })),
        }
    }

    /// What a record comes to that is like recent ones; its bytes stay as they are.
    #[inline]
    pub(super) fn recognize(&mut self, bytes: &[u8]) -> Option<Verdict> {
        match self {
            Self::Own(parser) => parser.recognize(bytes),
            Self::Posted(_) => None,
        }
    }

    /// Reads a record that is not like recent ones; its bytes may be changed.
    pub(super) fn read(&mut self, bytes: &mut [u8]) -> Read {
        match self {
            Self::Own(parser) => Read::One(parser.parse_unrecognized(bytes)),
            Self::Posted(posted) => posted.read(bytes),
        }
    }

    /// The events of the latest record that came to [`Read::All`], and their facts.
    pub(super) fn events(&self) -> (&[Event], &[Fact]) {
        match self {
            Self::Own(_) => (&[], &[]),
            Self::Posted(posted) => (&posted.events, &posted.facts),
        }
    }

    /// Reads any record; its bytes may be changed.
    pub(super) fn read_any(&mut self, bytes: &mut [u8]) -> Read {
        match self {
            Self::Own(parser) => Read::One(parser.parse(bytes)),
            Self::Posted(posted) => posted.read(bytes),
        }
    }
}

impl Posted {
    fn read(&mut self, bytes: &mut [u8]) -> Read {
        self.events.clear();
        self.facts.clear();
        self.definitions.clear();
        let mut output = Output {
            events: &mut self.events,
            facts: &mut self.facts,
            definitions: &mut self.definitions,
        };
        match self.decoder.take(bytes, &mut output) {
            Decoded::Events(_) => {
                // A replay prints totals alone, and knows no groups.
                for event in &mut self.events {
                    event.labels = LabelsId::NONE;
                }
                Read::All
            }
            Decoded::Ignored | Decoded::Control => Read::One(Verdict::Ignored),
            Decoded::Rejected(reason, _) => Read::One(Verdict::Rejected(reason)),
        }
    }
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Own(_) => "Own",
            Self::Posted(_) => "Posted",
        })
    }
}
