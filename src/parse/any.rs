//! A decoder that is chosen by the settings: one variant a dialect.

use std::sync::Arc;

use super::decoder::Decoded;
use super::decoder::Decoder;
use super::decoder::Output;
use super::events_stream::Parser;
use super::posted::Form;
use super::posted::PostedDecoder;
use crate::config::Dialect;
use crate::event::Field;
use crate::event::IdKeys;
use crate::event::LabelFault;

/// A decoder of any dialect.
#[derive(Debug)]
pub enum AnyDecoder {
    /// The events of the source `events-stream`.
    Tutorial(Box<Parser>),
    /// Every other dialect.
    Posted(Box<PostedDecoder>),
}

impl AnyDecoder {
    /// The decoder of a dialect, which reads labels, under the keys of an engine.
    pub fn new(dialect: &Dialect, keys: IdKeys) -> Self {
        let form = match dialect {
            Dialect::Tutorial => {
                return Self::Tutorial(Box::new(Parser::new(keys).with_labels()));
            }
            Dialect::GenesysEventbridge => Form::Genesys,
            Dialect::AmazonConnect => Form::AmazonConnect,
            Dialect::TwilioEventStreams => Form::Twilio,
            Dialect::Cloudevents => Form::CloudEvent,
            Dialect::Mapped(mapping) => Form::Mapped(Arc::clone(mapping)),
        };
        Self::Posted(Box::new(PostedDecoder::new(form, keys)))
    }
}

impl Decoder for AnyDecoder {
    #[inline]
    fn recognize(&mut self, payload: &[u8], output: &mut Output<'_>) -> Option<Decoded> {
        match self {
            Self::Tutorial(parser) => Decoder::recognize(&mut **parser, payload, output),
            Self::Posted(decoder) => decoder.recognize(payload, output),
        }
    }

    #[inline]
    fn decode(&mut self, payload: &mut [u8], output: &mut Output<'_>) -> Decoded {
        match self {
            Self::Tutorial(parser) => parser.decode(payload, output),
            Self::Posted(decoder) => decoder.decode(payload, output),
        }
    }

    fn place(&self, field: Field) -> &str {
        match self {
            Self::Tutorial(parser) => parser.place(field),
            Self::Posted(decoder) => decoder.place(field),
        }
    }

    #[inline]
    fn take_labels_refused(&mut self) -> [u64; LabelFault::COUNT] {
        match self {
            Self::Tutorial(parser) => Decoder::take_labels_refused(&mut **parser),
            Self::Posted(decoder) => decoder.take_labels_refused(),
        }
    }
}
