//! Lengths of time as people write them: `100ms`, `60s`, `5m`, `24h`.

use std::time::Duration;

/// The longest length of time a setting may have: a year. Longer ones overflow clocks.
const MAX: Duration = Duration::from_secs(366 * 86_400);

/// Reads a length of time with its unit.
///
/// # Errors
/// One line that says what to write instead.
pub fn parse(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text.trim()).map_err(|_| {
        "not a length of time; write a number and a unit, such as 100ms, 60s or 5m".to_owned()
    })?;
    if duration > MAX {
        return Err("longer than a year".to_owned());
    }
    Ok(duration)
}

/// Whole milliseconds of a length of time that [`parse`] has accepted.
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Writes a length of time as [`parse`] reads it.
pub fn format(duration: Duration) -> String {
    humantime::format_duration(duration)
        .to_string()
        .replace(' ', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_round_trip() {
        for text in ["100ms", "60s", "1m", "90s", "24h", "0s"] {
            let duration = parse(text).unwrap();
            assert_eq!(parse(&format(duration)), Ok(duration), "{text}");
        }
    }

    #[test]
    fn what_is_no_length_is_refused() {
        for text in ["", "60", "-1s", "1e18h", "two minutes", "99999d"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
