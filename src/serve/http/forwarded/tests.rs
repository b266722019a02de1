//! Headers of proxies as they come: by one, by several, by those that nobody trusts.

use hyper::header::HeaderValue;

use super::*;

const TRUSTED: [&str; 2] = ["10.0.0.0/8", "::1"];

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

/// What is believed of `lines` from `peer`: scheme, host and prefix, `-` for what is not said.
fn said(peer: &str, lines: &[(&'static str, &str)]) -> String {
    let trusted = TRUSTED.map(|text| Network::parse(text).unwrap());
    let headers = headers(lines);
    let forwarded = Forwarded::read(peer.parse().unwrap(), &trusted, &headers);
    let host = forwarded.authority().map(|authority| match authority.port {
        Some(port) => format!("{}:{port}", authority.host),
        None => authority.host.to_string(),
    });
    format!(
        "{} {} {}",
        forwarded.scheme.map_or("-", Scheme::label),
        host.as_deref().unwrap_or("-"),
        forwarded.prefix.as_ref().map_or("-", Prefix::as_str),
    )
}

#[track_caller]
fn check(lines: &[(&'static str, &str)], expected: &str) {
    assert_eq!(said("10.0.0.1", lines), expected, "{lines:?}");
}

#[test]
fn only_trusted_peers_are_believed() {
    let lines = [
        ("forwarded", "for=192.0.2.1;host=gauge.example;proto=https"),
        ("x-forwarded-prefix", "/gauge"),
    ];
    for peer in ["10.0.0.1", "::ffff:10.0.0.1", "::1"] {
        assert_eq!(said(peer, &lines), "https gauge.example /gauge", "{peer}");
    }
    for peer in ["192.0.2.9", "127.0.0.1", "::2", "::ffff:11.0.0.1"] {
        assert_eq!(said(peer, &lines), "- - -", "{peer}");
    }
}

#[test]
fn forwarded_is_read_as_the_standard_has_it() {
    let forwarded = |line: &str, expected: &str| check(&[("forwarded", line)], expected);
    forwarded("proto=https;host=gauge.example", "https gauge.example -");
    forwarded(
        "For=\"[2001:db8::1]:4711\";Proto=HTTP;HOST=\"gauge.example:8443\"",
        "http gauge.example:8443 -",
    );
    forwarded(
        "host=\"[2001:db8::1]:8443\" ; proto=\"https\"",
        "https [2001:db8::1]:8443 -",
    );
    forwarded("host=\"gau\\ge.example\"", "- gauge.example -");
    forwarded("for=unknown;proto=https", "https - -");
    forwarded(
        "for=_hidden, for=_secret;by=_us;proto=https;ext=\"a,b;c\\\"\"",
        "https - -",
    );
    forwarded(";proto=https;", "https - -");
    forwarded("proto=wss", "https - -");
    forwarded("proto=ftp;host=\"not a host\"", "- - -");
    // What is not of its form says nothing.
    for line in [
        "",
        "proto",
        "=https",
        "proto=https;host=\"gauge.example",
        "proto=https;proto=http",
        "proto=https;Proto=https",
        "proto=\"https\"x",
        "proto=ht\"tps\"",
        "host=a b",
        "host=\"a\\\"",
    ] {
        forwarded(line, "- - -");
    }
}

#[test]
fn of_several_proxies_the_trusted_ones_are_believed() {
    let client = "for=192.0.2.1;host=gauge.example;proto=https";
    // Two trusted proxies: the outer one saw what the client wrote.
    let both = format!("{client}, for=10.9.9.9;host=inner.example;proto=http");
    check(&[("forwarded", &both)], "https gauge.example -");
    let lines = [
        ("forwarded", client),
        ("forwarded", "for=10.9.9.9;proto=http"),
    ];
    check(&lines, "https gauge.example -");
    // The client itself has written the first one.
    let forged = format!("{client}, for=192.0.2.66;host=true.example;proto=http");
    check(&[("forwarded", &forged)], "http true.example -");
    for broken in ["for=10.1.1.1;host=\"evil.example", "for=10.1.1.1;;=;"] {
        let lines = [
            ("forwarded", broken),
            ("forwarded", "for=10.9.9.9;proto=http"),
        ];
        check(&lines, "http - -");
    }
    check(
        &[(
            "forwarded",
            "for=_x;host=evil.example, for=unknown;proto=https",
        )],
        "https - -",
    );

    check(
        &[
            ("x-forwarded-for", "192.0.2.1, 10.9.9.9"),
            ("x-forwarded-host", "gauge.example, inner.example"),
            ("x-forwarded-proto", "https, http"),
        ],
        "https gauge.example -",
    );
    check(
        &[
            ("x-forwarded-for", "10.1.1.1, 192.0.2.66"),
            ("x-forwarded-host", "evil.example, true.example"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-proto", "http"),
        ],
        "http true.example -",
    );
}

#[test]
fn the_usual_headers_are_read_in_all_their_forms() {
    for (node, expected) in [
        ("10.9.9.9", "https"),
        ("10.9.9.9:4711", "https"),
        ("::ffff:10.9.9.9", "https"),
        ("::1", "https"),
        ("[::1]", "https"),
        ("[::1]:4711", "https"),
        ("192.0.2.1", "http"),
        ("10.9.9.9.9", "http"),
        ("unknown", "http"),
        ("", "http"),
        ("[10.9.9.9]", "http"),
    ] {
        let lines = [
            ("x-forwarded-for", node),
            ("x-forwarded-proto", "https, http"),
        ];
        check(&lines, &format!("{expected} - -"));
    }
    check(&[("x-forwarded-proto", "WSS")], "https - -");
    check(&[("x-forwarded-proto", "on")], "- - -");
    check(
        &[("x-forwarded-host", "gauge.example:8443")],
        "- gauge.example:8443 -",
    );
    check(&[("x-forwarded-host", "https://gauge.example")], "- - -");
    check(&[("x-forwarded-prefix", "/gauge/")], "- - /gauge");
    for prefix in ["/../evil", "//evil.example", "evil", "/a%2f", "/\"x"] {
        check(&[("x-forwarded-prefix", prefix)], "- - -");
    }
}

/// A proxy that writes one family lets the other one through as the client sent it.
#[test]
fn where_the_two_families_disagree_neither_counts() {
    let lines = |host: &'static str, proto: &'static str| {
        [
            ("forwarded", "host=gauge.example;proto=https"),
            ("x-forwarded-host", host),
            ("x-forwarded-proto", proto),
        ]
    };
    check(&lines("GAUGE.example", "https"), "https gauge.example -");
    check(&lines("evil.example", "https"), "https - -");
    check(&lines("gauge.example:444", "http"), "- - -");
}
