//! What a file probably is that held no event, and what to do with it.

use super::shape::Shape;
use crate::config::Dialect;
use crate::snapshot::Counters;

/// A longer name of a field is not repeated.
const NAME_BYTES_MAX: usize = 40;

/// One line, without a full stop.
pub(super) fn guess(head: &[u8], shape: Shape, dialect: &Dialect, counters: &Counters) -> String {
    let text = head.trim_ascii_start();
    let line = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
    if counters.received == 0 {
        return match shape {
            Shape::Lines => "only blank lines; was it written to its end?",
            _ => "no object in it; was it written to its end?",
        }
        .to_owned();
    }
    if counters.received == counters.ignored && *dialect != Dialect::Tutorial {
        return format!(
            "nothing in it is counted; is it of the dialect {dialect}? streamgauge check --sample \
             shows each element"
        );
    }
    if counters.received == counters.ignored {
        return "all events are of other types; replay reads webchat:connected, \
                webchat:disconnected and webchat:message"
            .to_owned();
    }
    if head.contains(&0) {
        return "binary data; give text, one JSON object a line".to_owned();
    }
    match text.first() {
        Some(b'<') => "looks like HTML or XML, perhaps an error page; download it again".to_owned(),
        Some(b'"') => {
            "looks like JSON inside strings; take it out: jq -r . FILE | streamgauge replay -"
                .to_owned()
        }
        Some(b'{') => of_objects(text, dialect, counters),
        _ if line.windows(2).any(|two| two == b"{\"") => {
            "text stands before each object; cut it off: sed 's/^[^{]*//' FILE | streamgauge replay -"
                .to_owned()
        }
        _ if is_table(line) => {
            "looks like a table (CSV or the like); write each row as a JSON object on a line"
                .to_owned()
        }
        _ => "not JSON; give one JSON object a line, or an array of them".to_owned(),
    }
}

fn of_objects(text: &[u8], dialect: &Dialect, counters: &Counters) -> String {
    if let Some(name) = list_name(text) {
        return format!(
            "looks like one object with its records in \"{name}\"; take them out: \
             jq -c '.{name}[]' FILE | streamgauge replay -"
        );
    }
    let most = counters
        .rejected_by_reason()
        .max_by_key(|&(_, count)| count);
    let reason = most.map_or("", |(reason, _)| reason);
    match reason {
        "field" | "shape" | "timestamp" if *dialect != Dialect::Tutorial => {
            return format!(
                "JSON, but not what the dialect {dialect} reads; streamgauge check --sample shows \
                 what is wrong with each element"
            );
        }
        "field" | "shape" => {
            "JSON, but not the events of this protocol: each needs eventType, timestamp and \
             data with id or sessionId"
        }
        "timestamp" => {
            "the timestamps cannot be read: RFC 3339 with a zone, or whole milliseconds since 1970"
        }
        "too_big" => "the records are over 1 MiB; give one event a record",
        "utf8" => "not in UTF-8; turn it into UTF-8 first, such as with iconv",
        _ => "looks like damaged JSON; was it written to its end?",
    }
    .to_owned()
}

/// The field of the outermost object that holds an array of objects.
fn list_name(text: &[u8]) -> Option<&str> {
    let (mut depth, mut at, mut key) = (0, 0, None);
    while at < text.len() {
        match text[at] {
            b'"' => {
                let length = text[at + 1..].iter().position(|&byte| byte == b'"')?;
                if depth == 1 {
                    key = Some(&text[at + 1..at + 1 + length]);
                }
                at += length + 1;
            }
            b'[' if depth == 1 && text[at + 1..].trim_ascii_start().starts_with(b"{") => {
                let name = key.filter(|key| key.len() <= NAME_BYTES_MAX)?;
                let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
                let begins = name.first().is_some_and(|byte| !byte.is_ascii_digit());
                return (begins && name.iter().all(is_plain))
                    .then(|| std::str::from_utf8(name).ok())?;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    None
}

/// Cells in one line, divided by the same sign.
fn is_table(line: &[u8]) -> bool {
    [b',', b';', b'\t', b'|']
        .iter()
        .any(|sign| line.iter().filter(|byte| *byte == sign).count() >= 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Reject;

    #[test]
    fn a_file_without_an_event_is_told_from_its_beginning() {
        let check = |head: &str, reason: Reject, part: &str| {
            let mut counters = Counters {
                received: 3,
                ..Counters::default()
            };
            counters.rejected[reason.index()] = 3;
            let text = guess(head.as_bytes(), Shape::Lines, &Dialect::Tutorial, &counters);
            assert!(
                text.contains(part) && !text.contains('\n'),
                "{head}: {text}"
            );
        };
        check("time,id,type\n1,2,3\n", Reject::NotJson, "CSV");
        check("time\tid\ttype\n1,2,3\n", Reject::NotJson, "CSV");
        check("<!doctype html>", Reject::NotJson, "HTML");
        check(
            "data: {\"eventType\":1}\n",
            Reject::NotJson,
            "before each object",
        );
        check("\"{\\\"eventType\\\":\"", Reject::Shape, "inside strings");
        check(
            "{\"a\":1,\"rows\": [ {\"b\":2}]}",
            Reject::Field,
            "'.rows[]'",
        );
        check(
            "{\"a\":1,\"$(x)\": [{\"b\":2}]}",
            Reject::Field,
            "eventType",
        );
        check("{\"a\":[1],\"b\":{}}", Reject::Field, "eventType");
        check("{\"eventType\":\"x\"}", Reject::Timestamp, "RFC 3339");
        check("{\"eventType\":\"x", Reject::NotJson, "damaged");
        check("once upon a time\n", Reject::NotJson, "not JSON");
        check("a\0b", Reject::NotJson, "binary");
    }

    #[test]
    fn what_is_empty_or_of_another_type_is_told_too() {
        let none = Counters::default();
        assert!(guess(b"\n\n", Shape::Lines, &Dialect::Tutorial, &none).contains("blank"));
        assert!(guess(b"[]", Shape::Array, &Dialect::Tutorial, &none).contains("no object"));
        let ignored = Counters {
            received: 2,
            ignored: 2,
            ..none
        };
        let of = |dialect| guess(b"{}", Shape::Lines, &dialect, &ignored);
        assert!(of(Dialect::Tutorial).contains("other types"));
        let other = of(Dialect::AmazonConnect);
        assert!(other.contains("dialect amazon-connect?"), "{other}");
        let mut refused = Counters {
            received: 1,
            ..none
        };
        refused.rejected[Reject::Field.index()] = 1;
        let other = guess(b"{}", Shape::Lines, &Dialect::Cloudevents, &refused);
        assert!(other.contains("dialect cloudevents reads"), "{other}");
    }
}
