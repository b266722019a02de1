//! Requests as proxies of all habits pass them on.

use hyper::Method;
use hyper::header::HeaderName;
use hyper::header::HeaderValue;

use super::*;

const PROXY: &str = "10.0.0.1";
const CLIENT: &str = "192.0.2.1";

fn front(token: bool, public_urls: &[&str]) -> Front {
    let bound = SocketAddr::from(([127, 0, 0, 1], 4000));
    let mut settings = ServeSettings::new(bound);
    settings.token = token.then(|| "s3cret".into());
    settings.public_urls = public_urls
        .iter()
        .map(|url| PublicUrl::parse(url).unwrap())
        .collect();
    settings.trusted_proxies = vec![Network::parse(PROXY).unwrap()];
    Front::new(&settings, bound)
}

fn peer(address: &str) -> Peer {
    Peer {
        address: Some(address.parse().unwrap()),
        is_tls: false,
    }
}

/// A request by its path and its headers.
fn request(path: &str, lines: &[(&'static str, &str)]) -> Request<()> {
    let mut request = Request::new(());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = path.parse().unwrap();
    for (name, value) in lines {
        let value = HeaderValue::from_str(value).unwrap();
        request
            .headers_mut()
            .append(HeaderName::from_static(name), value);
    }
    request
}

fn check_as(front: &Front, peer: Peer, lines: &[(&'static str, &str)]) -> Result<(), Misdirected> {
    let request = request("/graphql", lines);
    front.check(peer, request.uri(), request.headers())
}

#[test]
fn other_origins_are_refused_whatever_protects_the_server() {
    let any = front(true, &[]);
    let from = |host, origin| check_as(&any, peer(CLIENT), &[("host", host), ("origin", origin)]);
    for (host, origin) in [
        ("gauge.example", "https://gauge.example"),
        ("gauge.example:443", "https://gauge.example"),
        ("gauge.example:4000", "http://GAUGE.example:4000"),
        ("gauge.example.", "https://gauge.example"),
        ("xn--bcher-kva.example", "https://XN--bcher-kva.example"),
        ("[2001:db8::1]:4000", "http://[2001:DB8:0::1]:4000"),
    ] {
        assert_eq!(from(host, origin), Ok(()), "{host} {origin}");
    }
    for origin in [
        "http://evil.example",
        "http://localhost:4000",
        "http://gauge.example:81",
        "http://gauge.example.evil.example",
        "https://gauge.example@evil.example",
        "https://gauge.example, https://gauge.example",
        "null",
        "",
        "file://",
    ] {
        let expected = Err(Misdirected::WrongOrigin);
        assert_eq!(from("gauge.example", origin), expected, "{origin}");
    }
    let twice = [
        ("host", "gauge.example"),
        ("origin", "https://gauge.example"),
        ("origin", "https://evil.example"),
    ];
    assert_eq!(
        check_as(&any, peer(CLIENT), &twice),
        Err(Misdirected::WrongOrigin)
    );
}

/// The proxy sends what it likes as the host; the public URL says what browsers see.
#[test]
fn pages_of_a_public_url_are_ours_whatever_host_the_proxy_sends() {
    let public = ["https://gauge.example:8443/gauge/", "http://[fd00::1]/"];
    for token in [true, false] {
        let front = front(token, &public);
        for host in [
            "gauge.example:8443",
            "gauge.example",
            "GAUGE.example.:80",
            "127.0.0.1:4000",
            "localhost",
            "[fd00::1]",
        ] {
            let check =
                |origin| check_as(&front, peer(CLIENT), &[("host", host), ("origin", origin)]);
            assert_eq!(check("https://gauge.example:8443"), Ok(()), "{host}");
            assert_eq!(check("http://[fd00:0::1]:80"), Ok(()), "{host}");
            for origin in [
                "https://gauge.example:8444",
                "http://gauge.example:8443/",
                "https://www.gauge.example:8443",
                "https://[fd00::1]:8443",
                "https://evil.example",
                "null",
            ] {
                assert_eq!(
                    check(origin),
                    Err(Misdirected::WrongOrigin),
                    "{host} {origin}"
                );
            }
        }
    }
    // A host without its port may be that of any service of the host.
    let front = front(true, &public);
    let from = |host, origin| check_as(&front, peer(CLIENT), &[("host", host), ("origin", origin)]);
    let wrong = Err(Misdirected::WrongOrigin);
    assert_eq!(from("gauge.example", "https://gauge.example"), wrong);
    assert_eq!(from("gauge.example", "http://gauge.example"), wrong);
    assert_eq!(from("gauge.example:443", "https://gauge.example"), Ok(()));
    assert_eq!(
        from("gauge.example:4000", "http://gauge.example:4000"),
        Ok(())
    );
    assert_eq!(from("other.example", "https://other.example"), Ok(()));
}

#[test]
fn a_public_url_settles_the_scheme() {
    let front = front(true, &["https://gauge.example/"]);
    for host in ["127.0.0.1:4000", "gauge.example", "GAUGE.example."] {
        let from = |origin| check_as(&front, peer(CLIENT), &[("host", host), ("origin", origin)]);
        assert_eq!(from("https://gauge.example"), Ok(()), "{host}");
        let wrong = Err(Misdirected::WrongOrigin);
        assert_eq!(from("http://gauge.example"), wrong, "{host}");
    }
}

#[test]
fn without_a_token_foreign_hosts_stay_refused() {
    let front = front(false, &["https://gauge.example/"]);
    let wrong = Err(Misdirected::WrongHost);
    let check = |address, lines: &[(&'static str, &str)]| check_as(&front, peer(address), lines);
    for (host, expected) in [
        ("gauge.example", Ok(())),
        ("gauge.example:4000", Ok(())),
        ("evil.example", wrong),
        ("gauge.example.evil.example", wrong),
        ("backend", wrong),
        ("backend:4000", wrong),
    ] {
        assert_eq!(check(CLIENT, &[("host", host)]), expected, "{host}");
        let forged = [("host", host), ("x-forwarded-host", "gauge.example")];
        assert_eq!(
            check(CLIENT, &forged),
            expected,
            "{host}: said by a stranger"
        );
    }
    for (host, forwarded, expected) in [
        // The proxy's own name for us.
        ("backend:4000", "gauge.example", Ok(())),
        ("backend", "localhost", wrong),
        ("backend", "evil.example", wrong),
        ("127.0.0.1:4000", "gauge.example", Ok(())),
        // What the client has asked the proxy for.
        ("127.0.0.1:4000", "evil.example", wrong),
        // A name with a dot may be somebody's who makes it resolve to this machine.
        ("evil.example", "gauge.example", wrong),
        ("evil.example:4000", "localhost", wrong),
    ] {
        let lines = [("host", host), ("x-forwarded-host", forwarded)];
        assert_eq!(check(PROXY, &lines), expected, "{host} {forwarded}");
        let forwarded = format!("host={forwarded}");
        let lines = [("host", host), ("forwarded", &forwarded)];
        assert_eq!(check(PROXY, &lines), expected, "{host} {forwarded}");
    }
}

#[test]
fn a_trusted_proxy_says_which_page_asks() {
    let front = front(true, &[]);
    let check = |address, proto, forwarded, origin| {
        let lines = [
            ("host", "backend:4000"),
            ("x-forwarded-host", forwarded),
            ("x-forwarded-proto", proto),
            ("origin", origin),
        ];
        check_as(&front, peer(address), &lines)
    };
    let wrong = Err(Misdirected::WrongOrigin);
    let page = "https://gauge.example";
    assert_eq!(check(PROXY, "https", "gauge.example", page), Ok(()));
    assert_eq!(check(PROXY, "https", "gauge.example:443", page), Ok(()));
    assert_eq!(check(PROXY, "https", "gauge.example:8443", page), wrong);
    assert_eq!(check(PROXY, "http", "gauge.example", page), wrong);
    assert_eq!(
        check(PROXY, "https", "gauge.example", "http://gauge.example"),
        wrong
    );
    assert_eq!(
        check(PROXY, "https", "gauge.example", "https://evil.example"),
        wrong
    );
    assert_eq!(check(PROXY, "https", "gauge.example", "null"), wrong);
    assert_eq!(check(CLIENT, "https", "gauge.example", page), wrong);
    // Our own TLS is as good as a word.
    let over_tls = Peer {
        is_tls: true,
        ..peer(CLIENT)
    };
    let lines = |origin| [("host", "gauge.example:4000"), ("origin", origin)];
    let check = |origin| check_as(&front, over_tls, &lines(origin));
    assert_eq!(check("https://gauge.example:4000"), Ok(()));
    assert_eq!(check("http://gauge.example:4000"), wrong);
}

#[test]
fn a_prefix_is_taken_away_where_it_is_still_there() {
    let front = front(
        false,
        &["https://a.example/gauge/", "https://a.example/gauge/two"],
    );
    let check = |address, path: &str, lines: &[(&'static str, &str)], prefix: &str, rest: &str| {
        let request = request(path, lines);
        let place = front.place(peer(address), &request);
        assert_eq!((place.prefix, place.path), (prefix, rest), "{path}");
    };
    for (path, prefix, rest) in [
        ("/", "", "/"),
        ("/graphql", "", "/graphql"),
        ("/gauge", "/gauge", ""),
        ("/gauge/", "/gauge", "/"),
        ("/gauge/graphql?query=x", "/gauge", "/graphql"),
        ("/gauge/two/readyz", "/gauge/two", "/readyz"),
        ("/gauge/twofold", "/gauge", "/twofold"),
        ("/gauges/graphql", "", "/gauges/graphql"),
        ("/gauge/gauge/", "/gauge", "/gauge/"),
    ] {
        check(CLIENT, path, &[], prefix, rest);
    }
    let said = [("x-forwarded-prefix", "/other/")];
    check(PROXY, "/other/graphql", &said, "/other", "/graphql");
    check(PROXY, "/graphql", &said, "", "/graphql");
    check(PROXY, "/other", &said, "/other", "");
    check(CLIENT, "/other/graphql", &said, "", "/other/graphql");
}

#[test]
fn a_prefix_without_its_slash_leads_to_the_one_with_it() {
    let front = front(false, &["https://a.example/apps/gauge"]);
    let location = |path: &str| {
        let request = request(path, &[]);
        front
            .place(peer(CLIENT), &request)
            .with_slash(request.uri().query())
    };
    assert_eq!(location("/apps/gauge").as_deref(), Some("gauge/"));
    assert_eq!(
        location("/apps/gauge?a=/&b").as_deref(),
        Some("gauge/?a=/&b")
    );
    for path in ["/", "/apps", "/apps/gauge/", "/apps/gauge/graphql"] {
        assert_eq!(location(path), None, "{path}");
    }
}

/// The scope of a cookie: the prefix, and whether over TLS.
#[track_caller]
fn scope(
    public_urls: &[&str],
    address: &str,
    path: &str,
    lines: &[(&'static str, &str)],
    expected: (&str, bool),
) {
    let front = front(true, public_urls);
    let scope = front.scope(peer(address), &request(path, lines));
    assert_eq!(
        (scope.prefix.as_str(), scope.is_tls),
        expected,
        "{path} {lines:?}"
    );
}

#[test]
fn a_cookie_is_bound_to_what_the_browser_sees() {
    let one = ["https://a.example/gauge/"];
    let page = ("origin", "https://a.example");
    let local = ("host", "127.0.0.1:4000");
    // The prefix is taken away by the proxy, or passed on; the origin tells, whatever the host.
    scope(&one, CLIENT, "/session", &[local, page], ("/gauge", true));
    scope(
        &one,
        CLIENT,
        "/gauge/session",
        &[local, page],
        ("/gauge", true),
    );
    scope(
        &one,
        CLIENT,
        "/session",
        &[("host", "a.example")],
        ("/gauge", true),
    );
    // Somebody on the machine itself.
    let own = ("origin", "http://127.0.0.1:4000");
    scope(&one, CLIENT, "/session", &[local, own], ("", false));
    scope(&one, CLIENT, "/session", &[local], ("", false));
    // Two prefixes on one host are distinguished by the path, or else share what holds for both.
    let two = ["https://a.example/one", "https://a.example/two"];
    scope(&two, CLIENT, "/two/session", &[local, page], ("/two", true));
    scope(&two, CLIENT, "/session", &[local, page], ("", true));
    // One gauge, seen with TLS and without.
    let both = ["https://a.example/gauge", "http://a.example/gauge"];
    scope(&both, CLIENT, "/session", &[local, page], ("/gauge", true));
    let plain = ("origin", "http://a.example");
    scope(
        &both,
        CLIENT,
        "/session",
        &[local, plain],
        ("/gauge", false),
    );
}

#[test]
fn tls_in_front_is_believed_of_those_who_know() {
    let host = ("host", "wall.example");
    let page = ("origin", "https://wall.example");
    scope(&[], CLIENT, "/session", &[host, page], ("", false));
    let said = ("x-forwarded-proto", "https");
    scope(&[], CLIENT, "/session", &[host, page, said], ("", false));
    scope(&[], PROXY, "/session", &[host, page, said], ("", true));
    scope(
        &[],
        PROXY,
        "/session",
        &[host, ("forwarded", "proto=https")],
        ("", true),
    );
    scope(
        &[],
        PROXY,
        "/session",
        &[host, ("forwarded", "proto=http")],
        ("", false),
    );
    let prefix = ("x-forwarded-prefix", "/gauge");
    scope(
        &[],
        PROXY,
        "/session",
        &[host, page, said, prefix],
        ("/gauge", true),
    );
    scope(
        &[],
        CLIENT,
        "/session",
        &[host, page, said, prefix],
        ("", false),
    );
    scope(
        &["https://wall.example/"],
        CLIENT,
        "/session",
        &[host, page],
        ("", true),
    );
    scope(
        &["http://wall.example/"],
        CLIENT,
        "/session",
        &[host, page],
        ("", false),
    );
    let front = front(true, &[]);
    let over_tls = Peer {
        is_tls: true,
        ..peer(CLIENT)
    };
    assert!(front.scope(over_tls, &request("/session", &[host])).is_tls);
}
