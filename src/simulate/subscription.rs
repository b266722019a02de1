//! The one message a client sends after the handshake: which events it wants.

use serde_json::Map;
use serde_json::Value;

use crate::event::EventKind;

/// What a client has asked for. The channel is always `webchat`: the model has no other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Subscription {
    connected: bool,
    disconnected: bool,
    message: bool,
}

impl Subscription {
    /// Reads `{"subscription":{"eventTypes":[...],"filter":{"channel":"webchat"}}}` and nothing else.
    ///
    /// # Errors
    /// What is wrong, as the reason of a close frame.
    pub(super) fn parse(text: &[u8]) -> Result<Self, &'static str> {
        let message: Value = serde_json::from_slice(text).map_err(|_| "not JSON")?;
        let [body] = fields(&message, ["subscription"])?;
        let [event_types, filter] = fields(body, ["eventTypes", "filter"])?;
        let [channel] = fields(filter, ["channel"])?;
        if channel != "webchat" {
            return Err("unknown channel");
        }
        let Some(event_types) = event_types.as_array().filter(|types| !types.is_empty()) else {
            return Err("eventTypes is no list with something in it");
        };
        let mut subscription = Self::default();
        for event_type in event_types {
            match event_type.as_str() {
                Some("webchat:connected") => subscription.connected = true,
                Some("webchat:disconnected") => subscription.disconnected = true,
                Some("webchat:message") => subscription.message = true,
                _ => return Err("unknown event type"),
            }
        }
        Ok(subscription)
    }

    pub(super) const fn wants(self, kind: EventKind) -> bool {
        match kind {
            EventKind::Connected => self.connected,
            EventKind::Disconnected => self.disconnected,
            EventKind::Message => self.message,
            // Nobody can subscribe to facts here.
            EventKind::Fact => false,
        }
    }
}

/// The values of an object that has exactly these fields.
fn fields<'v, const N: usize>(
    value: &'v Value,
    names: [&str; N],
) -> Result<[&'v Value; N], &'static str> {
    let wrong = "not a subscription";
    let object: &Map<String, Value> = value.as_object().ok_or(wrong)?;
    if object.len() != N || !names.iter().all(|name| object.contains_key(*name)) {
        return Err(wrong);
    }
    Ok(names.map(|name| &value[name]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tutorials_message_subscribes() {
        let subscription = Subscription::parse(
            br#"{"subscription":{"eventTypes":["webchat:connected","webchat:message"],"filter":{"channel":"webchat"}}}"#,
        )
        .unwrap();
        assert!(subscription.wants(EventKind::Connected));
        assert!(subscription.wants(EventKind::Message));
        assert!(!subscription.wants(EventKind::Disconnected));
    }

    #[test]
    fn anything_else_is_refused() {
        let check = |text: &str, reason: &str| {
            assert_eq!(Subscription::parse(text.as_bytes()), Err(reason), "{text}");
        };
        check("", "not JSON");
        check("[]", "not a subscription");
        check(r#"{"subscription":[]}"#, "not a subscription");
        check(
            r#"{"subscription":{"eventTypes":["webchat:message"]}}"#,
            "not a subscription",
        );
        check(
            r#"{"subscription":{"eventTypes":[],"filter":{"channel":"webchat"}}}"#,
            "eventTypes is no list with something in it",
        );
        check(
            r#"{"subscription":{"eventTypes":["call:connected"],"filter":{"channel":"webchat"}}}"#,
            "unknown event type",
        );
        check(
            r#"{"subscription":{"eventTypes":["webchat:message"],"filter":{"channel":"voice"}}}"#,
            "unknown channel",
        );
        check(
            r#"{"subscription":{"eventTypes":["webchat:message"],"filter":{"channel":"webchat"}},"more":1}"#,
            "not a subscription",
        );
    }
}
