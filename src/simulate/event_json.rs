//! Writes events in their wire form, without allocating: one JSON object, no line end.
//!
//! With `parse`, the only place that spells the wire's field names; it must write what the other
//! reads.

use super::habits;
use super::traffic::Detail;
use super::traffic::TrafficEvent;
use crate::time::EpochMs;

/// `metadata.region` of every event.
const REGION: &str = "use1";
const HEX: &[u8; 16] = b"0123456789abcdef";

/// Writes events; keeps the last timestamp's text, as neighbours often share it.
#[derive(Debug)]
pub(super) struct EventWriter {
    time: EpochMs,
    stamp: String,
}

impl EventWriter {
    pub(super) fn new() -> Self {
        let time = EpochMs::default();
        Self {
            time,
            stamp: time.to_string(),
        }
    }

    /// Appends `event`, stamped with `time`, to `out`.
    pub(super) fn write(&mut self, event: &TrafficEvent, time: EpochMs, out: &mut Vec<u8>) {
        self.set_time(time);
        let name: &[u8] = match event.detail {
            Detail::Connected => b"connected",
            Detail::Message { .. } => b"message",
            Detail::Disconnected { .. } => b"disconnected",
        };
        let (deployment, _) = habits::DEPLOYMENTS[usize::from(event.deployment)];
        let (queue, _) = habits::QUEUES[usize::from(event.queue)];
        out.extend_from_slice(b"{\"eventType\":\"webchat:");
        out.extend_from_slice(name);
        out.extend_from_slice(b"\",\"timestamp\":\"");
        out.extend_from_slice(self.stamp.as_bytes());
        out.extend_from_slice(b"\",\"data\":{\"sessionId\":\"");
        write_uuid(event.session, out);
        out.extend_from_slice(b"\",\"conversationId\":\"");
        write_uuid(event.conversation, out);
        out.extend_from_slice(b"\",\"deploymentId\":\"");
        out.extend_from_slice(deployment.as_bytes());
        out.extend_from_slice(b"\",\"queueId\":\"");
        out.extend_from_slice(queue.as_bytes());
        out.push(b'"');
        write_detail(&event.detail, out);
        out.extend_from_slice(b"},\"metadata\":{\"seq\":");
        write_number(event.sequence, out);
        out.extend_from_slice(b",\"region\":\"");
        out.extend_from_slice(REGION.as_bytes());
        out.extend_from_slice(b"\"}}");
    }

    /// Brings the stamp to `time`; within one second only its last digits change.
    fn set_time(&mut self, time: EpochMs) {
        use std::fmt::Write as _;

        if time == self.time {
            return;
        }
        let written = if time.second() == self.time.second() {
            // "2026-01-15T12:00:00." is kept.
            self.stamp.truncate(20);
            write!(self.stamp, "{:03}Z", time.ms().rem_euclid(1_000))
        } else {
            self.stamp.clear();
            write!(self.stamp, "{time}")
        };
        written.unwrap_or_else(|_| unreachable!("writing to a string cannot fail"));
        self.time = time;
    }
}

fn write_detail(detail: &Detail, out: &mut Vec<u8>) {
    match detail {
        Detail::Connected => {}
        Detail::Message {
            id,
            inbound,
            text_length,
        } => {
            out.extend_from_slice(b",\"messageId\":\"");
            write_uuid(*id, out);
            out.extend_from_slice(if *inbound {
                b"\",\"direction\":\"inbound\",\"textLength\":"
            } else {
                b"\",\"direction\":\"outbound\",\"textLength\":"
            });
            write_number(*text_length, out);
        }
        Detail::Disconnected { reason } => {
            out.extend_from_slice(b",\"reason\":\"");
            out.extend_from_slice(reason.as_bytes());
            out.push(b'"');
        }
    }
}

fn write_uuid(id: u128, out: &mut Vec<u8>) {
    let mut text = [b'-'; 36];
    let mut place = 0;
    for byte in id.to_be_bytes() {
        if matches!(place, 8 | 13 | 18 | 23) {
            place += 1;
        }
        text[place] = HEX[usize::from(byte >> 4)];
        text[place + 1] = HEX[usize::from(byte & 0xf)];
        place += 2;
    }
    out.extend_from_slice(&text);
}

fn write_number(mut number: u64, out: &mut Vec<u8>) {
    // 20 digits hold every 64-bit number.
    let mut digits = [b'0'; 20];
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = HEX[usize::try_from(number % 10).unwrap_or_default()];
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[first..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::arrivals::Curve;
    use crate::simulate::traffic::Traffic;

    fn text(event: &TrafficEvent, ms: i64) -> String {
        let mut out = Vec::new();
        EventWriter::new().write(event, EpochMs::from_ms(ms), &mut out);
        String::from_utf8(out).unwrap()
    }

    /// Holds the sequence of a seed and its form: whoever changes this changes every recorded file.
    #[test]
    fn the_first_events_of_seed_1_are_pinned() {
        let mut traffic = Traffic::new(1, 500.0, Curve::Flat);
        let start = 1_768_478_400_000_i64;
        let mut first = |wanted: fn(&Detail) -> bool| loop {
            let event = traffic.take();
            if wanted(&event.detail) {
                let ms = start + i64::try_from(event.offset_us / 1_000).unwrap();
                return text(&event, ms);
            }
        };
        let connected = first(|detail| matches!(detail, Detail::Connected));
        let message = first(|detail| matches!(detail, Detail::Message { .. }));
        let disconnected = first(|detail| matches!(detail, Detail::Disconnected { .. }));
        assert_eq!(
            [connected, message, disconnected],
            [
                r#"{"eventType":"webchat:connected","timestamp":"2026-01-15T12:00:00.000Z","data":{"sessionId":"7609dfe0-7eff-4a17-b5ea-8d36e9e22058","conversationId":"dff1a71b-0ab1-4013-a714-3f42b5c5488e","deploymentId":"5f1d0c9a-3b7e-4c52-9a41-6d2e8f70b1c3","queueId":"returns"},"metadata":{"seq":1,"region":"use1"}}"#,
                r#"{"eventType":"webchat:message","timestamp":"2026-01-15T12:00:00.287Z","data":{"sessionId":"a5345893-4b1d-46a9-bc57-d24354b11113","conversationId":"3cb99e97-1dd8-4952-8c36-074f64125b34","deploymentId":"5f1d0c9a-3b7e-4c52-9a41-6d2e8f70b1c3","queueId":"billing","messageId":"b84f371a-0fac-4092-988f-1441a33c4d6c","direction":"inbound","textLength":110},"metadata":{"seq":139,"region":"use1"}}"#,
                r#"{"eventType":"webchat:disconnected","timestamp":"2026-01-15T12:00:01.460Z","data":{"sessionId":"f7bb1702-4d61-49dd-9f03-34ae581a06f2","conversationId":"d1a8e1b3-da3d-468d-9f24-51828545b851","deploymentId":"c2a86e14-90fd-4b3a-8e67-1f5b3d9c7a20","queueId":"bookings","reason":"guest"},"metadata":{"seq":666,"region":"use1"}}"#,
            ]
        );
    }

    #[test]
    fn every_event_is_json_with_the_stated_fields() {
        let mut traffic = Traffic::new(9, 500.0, Curve::Flat);
        let mut writer = EventWriter::new();
        let mut out = Vec::new();
        for ms in 1_768_478_399_000_i64..1_768_478_404_000 {
            let event = traffic.take();
            let time = EpochMs::from_ms(ms);
            out.clear();
            writer.write(&event, time, &mut out);
            let json: serde_json::Value = serde_json::from_slice(&out).unwrap();
            assert_eq!(json["timestamp"], time.to_string());
            assert_eq!(json["metadata"]["seq"], event.sequence);
            assert_eq!(
                json["data"]["messageId"].is_string(),
                matches!(event.detail, Detail::Message { .. })
            );
            let session = json["data"]["sessionId"].as_str().unwrap().replace('-', "");
            assert_eq!(u128::from_str_radix(&session, 16).unwrap(), event.session);
        }
    }

    #[test]
    fn numbers_are_written_whole() {
        for number in [0, 9, 10, 12_345, u64::MAX] {
            let mut out = Vec::new();
            write_number(number, &mut out);
            assert_eq!(out, number.to_string().as_bytes());
        }
    }
}
