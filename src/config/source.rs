//! Where events come from.

use std::fmt;

/// The sources of an engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// The tutorial's protocol: an OAuth token, then a WebSocket of JSON events.
    #[default]
    EventsStream,
    /// What others post to the server.
    Push,
    /// Both of them: a number is complete where neither has missed anything.
    Both,
}

/// Sources that are planned, so that asking for one says more than "unknown".
const NOT_YET: [&str; 2] = ["notifications", "nats"];

impl Source {
    /// Reads one name, or several with commas between them.
    ///
    /// # Errors
    /// One reason that lists what exists.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut source = None;
        for name in text.split(',') {
            let one = Self::one(name.trim())?;
            source = match source {
                None => Some(one),
                Some(before) if before != one && before != Self::Both => Some(Self::Both),
                Some(_) => return Err("names a source twice; name each once".to_owned()),
            };
        }
        Ok(source.unwrap_or_default())
    }

    fn one(name: &str) -> Result<Self, String> {
        const THERE: &str = "choose events-stream, push, or events-stream,push";
        match name {
            "events-stream" => Ok(Self::EventsStream),
            "push" => Ok(Self::Push),
            "replay" => Err(format!(
                "a file is read by the command `streamgauge replay FILE`; {THERE}"
            )),
            "eventbridge" => Err(format!(
                "such events are posted to a [[push]] endpoint; {THERE}"
            )),
            _ if NOT_YET.contains(&name) => Err(format!("not yet built; {THERE}")),
            _ => Err(format!("unknown; {THERE}")),
        }
    }

    /// Whether events come over the tutorial's protocol.
    pub const fn has_events_stream(self) -> bool {
        matches!(self, Self::EventsStream | Self::Both)
    }

    /// Whether events are posted.
    pub const fn has_push(self) -> bool {
        matches!(self, Self::Push | Self::Both)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EventsStream => "events-stream",
            Self::Push => "push",
            Self::Both => "events-stream,push",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_named_once_each_in_any_order() {
        let check = |text: &str, expected: Source| {
            assert_eq!(Source::parse(text), Ok(expected), "{text}");
            assert_eq!(Source::parse(&expected.to_string()), Ok(expected));
        };
        check("events-stream", Source::EventsStream);
        check("push", Source::Push);
        check("events-stream,push", Source::Both);
        check("push, events-stream", Source::Both);
        for bad in [
            "",
            "push,",
            "push,push",
            "push,events-stream,push",
            "nats",
            "replay",
            "x",
        ] {
            let why = Source::parse(bad).unwrap_err();
            assert!(why.contains("; "), "{bad}: {why}");
        }
    }
}
