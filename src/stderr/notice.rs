//! A line that is not the log's own, in the log's form: text for people, or one JSON object.

use serde_json::json;

use crate::time::Clock;

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// What happens.
    Info,
    /// What somebody should look at.
    Warn,
    /// What ends the command or a part of it.
    Error,
}

impl Level {
    const fn label(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// The line, with its end.
pub(super) fn line(level: Level, text: &str, is_json: bool) -> Vec<u8> {
    let line = match (is_json, level) {
        (true, _) => json(level, json!({ "message": text.trim_end() })),
        (false, Level::Error) if !text.starts_with(' ') => format!("error: {text}\n"),
        (false, _) => format!("{text}\n"),
    };
    line.into_bytes()
}

/// What is said where lines are missing.
pub(super) fn gap(dropped: u64, is_json: bool) -> Vec<u8> {
    let lines = if dropped == 1 { "line" } else { "lines" };
    let text = format!("log: {dropped} {lines} dropped here; standard error did not take them");
    let line = match is_json {
        true => json(Level::Warn, json!({ "message": text, "dropped": dropped })),
        false => format!("{}  WARN {text}\n", Clock::system().wall()),
    };
    line.into_bytes()
}

/// One object, with the names that the log gives its own.
fn json(level: Level, fields: serde_json::Value) -> String {
    let line = json!({
        "timestamp": Clock::system().wall().to_string(),
        "level": level.label(),
        "fields": fields,
        "target": "streamgauge",
    });
    format!("{line}\n")
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn text_is_plain_and_faults_are_marked() {
        assert_eq!(line(Level::Info, "stopping", false), b"stopping\n");
        assert_eq!(
            line(Level::Error, "config: x", false),
            b"error: config: x\n"
        );
        // Lines that begin with a space explain the one above.
        assert_eq!(line(Level::Error, "  eu-west-1", false), b"  eu-west-1\n");
        let gap = String::from_utf8(gap(3, false)).unwrap();
        assert!(gap.contains("WARN log: 3 lines dropped here"), "{gap}");
    }

    #[test]
    fn json_is_one_object_a_line() {
        for bytes in [line(Level::Error, "a \"quoted\"\nline", true), gap(1, true)] {
            let text = String::from_utf8(bytes).unwrap();
            assert_eq!(text.matches('\n').count(), 1, "{text}");
            let object: Value = serde_json::from_str(&text).unwrap();
            assert!(object["fields"]["message"].is_string(), "{text}");
            assert!(object["timestamp"].is_string() && object["level"].is_string());
        }
    }
}
