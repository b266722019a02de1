//! The two text formats: OpenMetrics 1.0, which the client library writes, and the classic format
//! 0.0.4 that every scraper and `promtool` read.

use std::fmt::Write;

use hyper::HeaderMap;
use hyper::header;

use crate::serve::answer::media;

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// The text format of Prometheus, version 0.0.4.
    Classic,
}

impl Format {
    /// OpenMetrics for who names it and likes it no less than plain text, the classic format for
    /// everybody else: it is never wrong.
    pub(super) fn accepted(headers: &HeaderMap) -> Self {
        let (mut open, mut classic) = (0, 0);
        for value in headers.get_all(header::ACCEPT) {
            for range in value.to_str().unwrap_or_default().split(',') {
                let (name, quality) = media::parse_range(range);
                match name.as_str() {
                    "application/openmetrics-text" => open = quality.max(open),
                    "text/plain" => classic = quality.max(classic),
                    _ => {}
                }
            }
        }
        if open > 0 && open >= classic {
            Self::OpenMetrics
        } else {
            Self::Classic
        }
    }

    /// The value of `Content-Type`.
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Classic => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// Turns OpenMetrics text into the classic format, where the name of a family is that of its samples:
/// with the `_total` of a counter, and the `_info` of an info, which is a gauge there. Samples are
/// written the same in both.
pub(super) fn classic(open: &str) -> String {
    let mut text = String::with_capacity(open.len() + open.len() / 16);
    // The help of a family comes before its type, and its name depends on that.
    let mut help = "";
    for line in open.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ').map_or("", |(_, help)| help);
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap_or((rest, "unknown"));
            let (suffix, kind) = match kind {
                "counter" => ("_total", "counter"),
                "info" => ("_info", "gauge"),
                "unknown" => ("", "untyped"),
                kind => ("", kind),
            };
            // Writing to a string does not fail.
            let _ = writeln!(text, "# HELP {name}{suffix} {help}");
            let _ = writeln!(text, "# TYPE {name}{suffix} {kind}");
        } else if !line.starts_with('#') {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn openmetrics_is_for_who_asks_for_it() {
        let check = |accept: &'static str, format: Format| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(Format::accepted(&headers), format, "{accept}");
        };
        check(
            "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            Format::OpenMetrics,
        );
        check(
            "application/openmetrics-text; version=1.0.0",
            Format::OpenMetrics,
        );
        check(
            "text/plain, application/openmetrics-text;q=0.5",
            Format::Classic,
        );
        check("application/openmetrics-text;q=0", Format::Classic);
        check("text/html, */*", Format::Classic);
        assert_eq!(Format::accepted(&HeaderMap::new()), Format::Classic);
    }

    #[test]
    fn classic_families_are_named_like_their_samples() {
        let open = "# HELP a What.\n# TYPE a counter\na_total{b=\"# x\"} 1\n# HELP c C.\n\
                    # TYPE c info\nc_info{v=\"1\"} 1\n# HELP d_seconds D.\n# TYPE d_seconds gauge\n\
                    # UNIT d_seconds seconds\nd_seconds 2.5\n# EOF\n";
        let expected = "# HELP a_total What.\n# TYPE a_total counter\na_total{b=\"# x\"} 1\n\
                        # HELP c_info C.\n# TYPE c_info gauge\nc_info{v=\"1\"} 1\n\
                        # HELP d_seconds D.\n# TYPE d_seconds gauge\nd_seconds 2.5\n";
        assert_eq!(classic(open), expected);
    }
}
