//! One hand-made file through every header it answers to, and the table that was built.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt;
use sha2::Digest;
use sha2::Sha256;

use super::*;

static SCRIPT: Asset = Asset {
    path: "/assets/main-1a2b.js",
    mime: "text/javascript; charset=utf-8",
    etag: "\"abc\"",
    gzip_etag: "\"abc-gz\"",
    identity: b"plain",
    gzip: Some(b"packed"),
};

fn ask(asset: &'static Asset, pairs: &[(header::HeaderName, &'static str)]) -> Answer {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(name, HeaderValue::from_static(value));
    }
    asset.answer(&headers)
}

async fn body(answer: Answer) -> Bytes {
    answer.into_body().collect().await.unwrap().to_bytes()
}

#[tokio::test]
async fn the_client_chooses_the_encoding() {
    let check = async |accept: Option<&'static str>, is_gzip: bool| {
        let pairs = accept.map(|accept| (header::ACCEPT_ENCODING, accept));
        let answer = ask(&SCRIPT, pairs.as_slice());
        assert_eq!(answer.status(), StatusCode::OK, "{accept:?}");
        let headers = answer.headers().clone();
        let encoding = headers.get(header::CONTENT_ENCODING);
        assert_eq!(encoding.is_some(), is_gzip, "{accept:?}");
        let etag = if is_gzip { "\"abc-gz\"" } else { "\"abc\"" };
        assert_eq!(headers[header::ETAG], etag, "{accept:?}");
        assert_eq!(headers[header::VARY], "accept, accept-encoding");
        let bytes = body(answer).await;
        assert_eq!(
            bytes,
            if is_gzip { "packed" } else { "plain" },
            "{accept:?}"
        );
    };
    check(None, false).await;
    check(Some("gzip"), true).await;
    check(Some("br, GZIP;q=0.5"), true).await;
    check(Some("*"), true).await;
    check(Some("br"), false).await;
    check(Some("gzip;q=0"), false).await;
    check(Some("gzip;q=0, *"), false).await;
    check(Some("identity"), false).await;
}

#[tokio::test]
async fn what_the_client_has_is_not_sent_again() {
    for (known, expected) in [
        ("\"abc\"", StatusCode::NOT_MODIFIED),
        ("W/\"abc\"", StatusCode::NOT_MODIFIED),
        ("\"x\", \"abc\"", StatusCode::NOT_MODIFIED),
        ("*", StatusCode::NOT_MODIFIED),
        ("\"abc-gz\"", StatusCode::OK),
        ("abc", StatusCode::OK),
    ] {
        let answer = ask(&SCRIPT, &[(header::IF_NONE_MATCH, known)]);
        assert_eq!(answer.status(), expected, "{known}");
        assert_eq!(answer.headers()[header::ETAG], "\"abc\"", "{known}");
        let is_empty = body(answer).await.is_empty();
        assert_eq!(is_empty, expected == StatusCode::NOT_MODIFIED, "{known}");
    }
}

#[test]
fn names_with_a_hash_are_kept_for_ever_and_pages_never_unasked() {
    let kept = |asset: &'static Asset| ask(asset, &[]).headers()[header::CACHE_CONTROL].clone();
    assert_eq!(kept(&SCRIPT), "private, max-age=31536000, immutable");
    static PAGE: Asset = Asset {
        path: "/index.html",
        ..SCRIPT_LIKE
    };
    assert_eq!(kept(&PAGE), "private, no-cache");
}

const SCRIPT_LIKE: Asset = Asset {
    path: "",
    mime: "text/html; charset=utf-8",
    etag: "\"abc\"",
    gzip_etag: "\"abc-gz\"",
    identity: b"plain",
    gzip: None,
};

#[test]
fn only_the_explorer_may_write_styles_and_nothing_comes_from_elsewhere() {
    static EXPLORER_PAGE: Asset = Asset {
        path: EXPLORER,
        ..SCRIPT_LIKE
    };
    let policy = |asset: &'static Asset| {
        let value = ask(asset, &[]).headers()[header::CONTENT_SECURITY_POLICY].clone();
        value.to_str().unwrap().to_owned()
    };
    assert_eq!(policy(&SCRIPT), POLICY);
    assert!(!POLICY.contains("unsafe"));
    let explorer = policy(&EXPLORER_PAGE);
    assert!(explorer.contains("style-src 'self' 'unsafe-inline';"));
    for policy in [POLICY, &explorer] {
        assert!(policy.contains("default-src 'none'; script-src 'self'"));
        assert!(policy.contains("frame-ancestors 'none'"));
        assert!(
            !policy.contains("http") && !policy.contains("  "),
            "{policy}"
        );
    }
}

/// The texts of the scripts inside a page.
fn inline_scripts(html: &str) -> Vec<&str> {
    let scripts = html.split("<script>").skip(1);
    scripts
        .map(|rest| rest.split("</script>").next().unwrap())
        .collect()
}

#[test]
fn the_policy_lets_in_the_one_script_inside_the_page() {
    let source = include_str!("../../../../dashboard/index.html");
    let [script] = inline_scripts(source)[..] else {
        panic!("one script inside the page");
    };
    let hash = STANDARD.encode(Sha256::digest(script));
    assert!(POLICY.contains(&format!("'sha256-{hash}'")), "{hash}");
    assert_eq!(POLICY.matches("sha256-").count(), 1);
    if let Some(page) = page() {
        let built = std::str::from_utf8(page.identity).unwrap();
        assert_eq!(inline_scripts(built), [script], "as it is in the source");
    }
    let explorer = include_str!("../../../../dashboard/explorer.html");
    assert!(inline_scripts(explorer).is_empty());
}

/// What was built: whole, or absent with a reason.
#[test]
fn the_built_table_holds_two_pages_and_all_that_they_name() {
    if let Some(why) = ABSENT {
        assert!(ASSETS.is_empty() && !why.is_empty());
        return;
    }
    for page in [page().unwrap(), explorer().unwrap()] {
        let html = std::str::from_utf8(page.identity).unwrap();
        // Relative to the page, wherever a proxy puts it.
        let relative = format!(".{HASHED}");
        let named = html.split('"').filter(|text| text.starts_with(&relative));
        let mut named = named.map(|text| &text[1..]);
        assert!(named.clone().any(|path| path.ends_with(".js")), "{html}");
        assert!(named.all(|path| hashed(path).is_some()), "{html}");
        for absolute in ["=\"/", "url(/", "='/"] {
            assert!(!html.contains(absolute), "{absolute} {html}");
        }
    }
    for asset in ASSETS {
        assert!(asset.etag.len() == 34 && asset.etag != asset.gzip_etag);
        if let Some(gzip) = asset.gzip {
            assert!(gzip.starts_with(&[0x1f, 0x8b]) && gzip.len() < asset.identity.len());
        }
    }
    assert!(hashed("/index.html").is_none(), "it stands at / only");
    assert!(hashed("/assets/nothing.js").is_none());
}
