//! Where events come from.

/// A kind of source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// The tutorial's protocol: an OAuth token, then a WebSocket of JSON events.
    #[default]
    EventsStream,
}

/// Sources that are planned, so that asking for one says more than "unknown".
const NOT_YET: [&str; 3] = ["notifications", "eventbridge", "nats"];

impl Source {
    /// Reads a source's name.
    ///
    /// # Errors
    /// One reason that lists what exists.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "events-stream" => Ok(Self::EventsStream),
            "replay" => Err(
                "a file is read by the command `streamgauge replay FILE`; choose events-stream"
                    .to_owned(),
            ),
            _ if NOT_YET.contains(&text) => {
                Err("not yet built; choose events-stream, the only source so far".to_owned())
            }
            _ => Err("unknown; choose events-stream, the only source so far".to_owned()),
        }
    }
}
