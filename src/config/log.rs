//! The settings of the log.

use tracing_subscriber::EnvFilter;

/// The log: lines on standard error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// Levels, as `RUST_LOG` writes them: `info`, `warn,streamgauge::source=debug`.
    pub filter: String,
    /// How a line is written.
    pub format: LogFormat,
}

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Text for people, with colours where standard error is a terminal and `NO_COLOR` is unset.
    #[default]
    Auto,
    /// Text without colours.
    Text,
    /// One JSON object a line.
    Json,
}

impl LogFormat {
    /// Every format, as a setting spells it.
    pub const NAMES: [(&'static str, Self); 3] = [
        ("auto", Self::Auto),
        ("text", Self::Text),
        ("json", Self::Json),
    ];
}

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Checks a filter.
///
/// # Errors
/// One reason that says what to write.
pub(super) fn filter(text: &str) -> Result<String, String> {
    // The library takes any word for the name of a module: `--log verbose` would silence the log.
    let is_level = |word: &str| LEVELS.contains(&word.to_ascii_lowercase().as_str());
    let fits = text
        .split(',')
        .all(|part| is_level(part) || part.contains(['=', ':', '[']));
    if fits && EnvFilter::builder().parse(text).is_ok() {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "not a log filter; write {}, or module=level, separated by commas",
            LEVELS.join(", ")
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_directives_are_filters_and_words_are_not() {
        for text in ["info", "WARN", "warn,streamgauge::source=debug", "off"] {
            assert!(filter(text).is_ok(), "{text}");
        }
        for text in ["verbose", "info,", "5", "a=loud", "é"] {
            assert!(filter(text).is_err(), "{text}");
        }
    }
}
