//! A decoder that is chosen by the settings: one variant a dialect.

use super::decoder::Decoded;
use super::decoder::Decoder;
use super::decoder::Output;
use super::events_stream::Parser;
use crate::config::Dialect;
use crate::event::IdKeys;
use crate::event::LabelFault;

/// A decoder of any dialect.
#[derive(Debug)]
pub enum AnyDecoder {
    /// The events of the source `events-stream`.
    Tutorial(Box<Parser>),
}

impl AnyDecoder {
    /// The decoder of a dialect, which reads labels, under the keys of an engine.
    pub fn new(dialect: &Dialect, keys: IdKeys) -> Self {
        match dialect {
            Dialect::Tutorial => Self::Tutorial(Box::new(Parser::new(keys).with_labels())),
        }
    }
}

impl Decoder for AnyDecoder {
    #[inline]
    fn recognize(&mut self, payload: &[u8], output: &mut Output<'_>) -> Option<Decoded> {
        match self {
            Self::Tutorial(parser) => Decoder::recognize(&mut **parser, payload, output),
        }
    }

    #[inline]
    fn decode(&mut self, payload: &mut [u8], output: &mut Output<'_>) -> Decoded {
        match self {
            Self::Tutorial(parser) => parser.decode(payload, output),
        }
    }

    #[inline]
    fn take_labels_refused(&mut self) -> [u64; LabelFault::COUNT] {
        match self {
            Self::Tutorial(parser) => Decoder::take_labels_refused(&mut **parser),
        }
    }
}
