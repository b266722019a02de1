//! What values a setting takes, in words, for the documentation.

use std::time::Duration;

use super::setting::Kind;
use super::setting::Setting;

impl Setting {
    /// What values it takes: bounds included, units as a user writes them.
    pub fn takes(&self) -> String {
        match &self.kind {
            Kind::Length(range, _) => {
                let (least, most) = (length(*range.start()), length(*range.end()));
                format!("time, {least} to {most}")
            }
            Kind::Lengths(range, _) => {
                let (least, most) = (length(*range.start()), length(*range.end()));
                format!("list of times, {least} to {most}")
            }
            Kind::Count(range, _) => format!("number, {} to {}", range.start(), range.end()),
            Kind::Bytes(range, _) => {
                format!("size, {} to {}", size(*range.start()), size(*range.end()))
            }
            Kind::Switch(_) => "true or false".to_owned(),
            Kind::Path(_) => "path".to_owned(),
            Kind::HttpUrl(_) | Kind::WebSocketUrl(_) | Kind::WebhookUrl(_) | Kind::Proxy(_) => {
                "URL".to_owned()
            }
            Kind::List(_) | Kind::NoProxy => format!("list of {}", spoken(self.value)),
            Kind::Text(_) | Kind::Phrase(_) | Kind::Id(_) | Kind::Secret(_) => spoken(self.value),
        }
    }
}

/// The placeholder of the help in small letters: `LEVEL` is a level, `auto|text` are choices.
fn spoken(value: &str) -> String {
    let choices: Vec<&str> = value.trim_end_matches(",...").split('|').collect();
    choices.join(" or ").to_lowercase()
}

/// In the greatest unit in which it is whole.
fn length(length: Duration) -> String {
    let ms = length.as_millis();
    let units = [
        (172_800_000, 86_400_000, "d"),
        (3_600_000, 3_600_000, "h"),
        (60_000, 60_000, "m"),
        (1_000, 1_000, "s"),
    ];
    let fit = units
        .into_iter()
        .find(|(least, unit, _)| ms >= *least && ms.is_multiple_of(*unit));
    match fit {
        Some((_, unit, name)) => format!("{}{name}", ms / unit),
        None if ms == 0 => "0s".to_owned(),
        None => format!("{ms}ms"),
    }
}

/// In the greatest binary unit in which it is whole.
fn size(bytes: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let fit = units
        .into_iter()
        .find(|(bits, _)| bytes >= 1 << bits && bytes.is_multiple_of(1 << bits));
    match fit {
        Some((bits, name)) => format!("{}{name}", bytes >> bits),
        None => format!("{bytes}B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_sizes_are_written_as_they_are_read() {
        let check = |ms: u64, expected: &str| {
            assert_eq!(length(Duration::from_millis(ms)), expected);
            let read = super::super::duration::parse(expected);
            assert_eq!(read, Ok(Duration::from_millis(ms)));
        };
        check(0, "0s");
        check(1, "1ms");
        check(1_500, "1500ms");
        check(60_000, "1m");
        check(90_000, "90s");
        check(86_400_000, "24h");
        check(366 * 86_400_000, "366d");
        assert_eq!(
            (size(1 << 20), size(64 << 30), size(1_500)),
            ("1MiB".to_owned(), "64GiB".to_owned(), "1500B".to_owned())
        );
    }

    #[test]
    fn every_setting_says_what_it_takes() {
        let takes = |name| Setting::by_name(name).map(Setting::takes).unwrap();
        assert_eq!(takes("skew"), "time, 0s to 1h");
        assert_eq!(takes("windows"), "list of times, 1ms to 24h");
        assert_eq!(takes("dedup-memory"), "size, 1MiB to 64GiB");
        assert_eq!(takes("wait"), "spin or yield or park");
        assert_eq!(takes("no-proxy"), "list of host");
    }
}
