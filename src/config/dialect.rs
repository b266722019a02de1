//! What is posted to an endpoint, or stands in a file: a preset, or a mapping of one's own.

use std::fmt;
use std::sync::Arc;

use super::mapping::Mapping;

/// What the payloads of an endpoint or a file are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// The events of the source `events-stream`.
    #[default]
    Tutorial,
    /// Notifications of Genesys Cloud, by way of EventBridge or as they are.
    GenesysEventbridge,
    /// Contact events of Amazon Connect, by way of EventBridge.
    AmazonConnect,
    /// Events of Twilio Event Streams.
    TwilioEventStreams,
    /// CloudEvents whose data is that of the tutorial's events.
    Cloudevents,
    /// What the settings say where the fields stand.
    Mapped(Arc<Mapping>),
}

impl Dialect {
    /// The presets' names in the settings.
    pub const NAMES: [(&str, Self); 5] = [
        ("tutorial", Self::Tutorial),
        ("genesys-eventbridge", Self::GenesysEventbridge),
        ("amazon-connect", Self::AmazonConnect),
        ("twilio-event-streams", Self::TwilioEventStreams),
        ("cloudevents", Self::Cloudevents),
    ];
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let preset = Self::NAMES.iter().find(|(_, dialect)| dialect == self);
        f.write_str(preset.map_or("mapping", |(name, _)| name))
    }
}
