use hyper::header::CONTENT_TYPE;
use hyper::header::HeaderValue;
use secrecy::ExposeSecret;

use super::*;

const GRANT: &str = r#"{"access_token":"abc-._~+/=","token_type":"bearer","expires_in":60}"#;

fn read_as(status: u16, kind: &'static str, body: &[u8]) -> Result<Grant, NoGrant> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    let redactor = Redactor::default().with_basic(b"client-1", b"canary-secret");
    read(
        StatusCode::from_u16(status).unwrap(),
        &headers,
        body,
        &redactor,
    )
}

fn read_json(status: u16, body: &str) -> Result<Grant, NoGrant> {
    read_as(status, "application/json", body.as_bytes())
}

#[test]
fn a_grant_is_read() {
    let check = |status: u16, kind: &'static str, body: &[u8]| {
        let grant = read_as(status, kind, body).unwrap();
        assert_eq!(grant.secret.expose_secret(), "abc-._~+/=");
        assert_eq!(grant.lifetime.total().as_secs(), 60);
        assert!(!format!("{grant:?}").contains("abc"));
    };
    let json = "application/json";
    check(200, json, GRANT.as_bytes());
    check(201, json, GRANT.as_bytes());
    check(203, json, GRANT.as_bytes());
    check(200, "text/plain", GRANT.as_bytes());
    // Written by a script that left the type at its default.
    check(200, "text/html", GRANT.as_bytes());
    check(200, json, &[b"\xef\xbb\xbf", GRANT.as_bytes()].concat());
    for kind in [
        r#""Bearer""#,
        r#""BEARER""#,
        r#""BearerToken""#,
        r#""bearertoken""#,
        "null",
    ] {
        let typed = GRANT.replace(r#""bearer""#, kind);
        check(200, json, typed.as_bytes());
    }
    check(
        200,
        json,
        GRANT.replace(r#""token_type":"bearer","#, "").as_bytes(),
    );
    check(200, json, GRANT.replace("60", r#""60","x":[1]"#).as_bytes());
    // Empty, it is no error.
    check(
        200,
        json,
        GRANT.replace("60", r#"60,"error":"""#).as_bytes(),
    );
}

#[test]
fn an_unusable_answer_is_named_and_quoted() {
    let check = |kind: &'static str, body: &str, expected: &str| {
        let found = read_as(200, kind, body.as_bytes()).unwrap_err();
        assert_eq!(found, NoGrant::Unusable(expected.to_owned()), "{body}");
    };
    let json = "application/json";
    check(json, "", "empty");
    check(
        "text/html; charset=utf-8",
        "<html>\n<b>log in</b>",
        r#"a page for people: "<html>\n<b>log in</b>""#,
    );
    check(json, "<html>", r#"not json: "<html>""#);
    check(json, "[1]", r#"not a json object: "[1]""#);
    check(json, "{}", r#"no access_token: "{}""#);
    // What may be a token is not quoted.
    check(
        json,
        r#"{"access_token":7}"#,
        r#"access_token is not a string: "{\"access_token\":7}""#,
    );
    check(
        json,
        r#"{"access_token":"t0k3n","token_type":"mac"}"#,
        r#"token_type is not bearer: "{\"access_token\":\"[hidden]\",\"token_type\":\"mac\"}""#,
    );
    check(
        json,
        r#"{"access_token":"t0k3n\/x","expires_in":null}"#,
        r#"expires_in is not a whole number of seconds above 0: "{\"access_token\":\"[hidden]\",\"expires_in\":null}""#,
    );
    check(
        json,
        r#"{"data":[{"refreshToken":"t0k3n"}]}"#,
        r#"no access_token: "{\"data\":[{\"refreshToken\":\"[hidden]\"}]}""#,
    );
    check(json, r#"{"access_token":"t0k3n"#, "not json");
    check(json, "access_token=t0k3n&token_type=bearer", "not json");
    for token in ["", "a b", r"a\r\nX: y", r"a\n", "ä", r"a\u0000"] {
        let body = format!(r#"{{"access_token":"{token}","token_type":"bearer"}}"#);
        let found = read_json(200, &body).unwrap_err();
        let NoGrant::Unusable(why) = found else {
            panic!("{found:?}")
        };
        assert!(
            why.starts_with("access_token is empty or holds characters"),
            "{why}"
        );
    }
}

#[test]
fn only_an_oauth_error_is_a_refusal() {
    let refused = |body: &str, expected: &str| {
        for status in [400, 401] {
            let found = read_json(status, body).unwrap_err();
            assert_eq!(
                found,
                NoGrant::Refused(expected.to_owned()),
                "{status} {body}"
            );
        }
    };
    refused(r#"{"error":"invalid_client"}"#, "invalid_client");
    refused(
        r#"{"error":"invalid_client","description":"client not found"}"#,
        "invalid_client: client not found",
    );
    refused(r#"{"error":"a","error_description":"b"}"#, "a: b");
    refused(r#"{"error":"a\nb"}"#, r"a\nb");
    refused(r#"{"error":"canary-secret?"}"#, "[hidden]?");
    refused(
        r#"{"error":"a","description":"you sent Y2xpZW50LTE6Y2FuYXJ5LXNlY3JldA=="}"#,
        "a: you sent [hidden]",
    );
    let long = format!(r#"{{"error":"{}"}}"#, "x".repeat(500));
    refused(&long, &format!("{}...", "x".repeat(120)));
}

#[test]
fn anything_else_passes_by_and_is_quoted() {
    let check = |status: u16, body: &str, expected: &str| {
        let found = read_json(status, body).unwrap_err();
        assert_eq!(
            found,
            NoGrant::Outage(expected.to_owned()),
            "{status} {body}"
        );
    };
    let html = "<html><h1>Blocked</h1> canary-secret";
    for status in [400, 401, 403, 407, 418, 429, 500, 502, 503] {
        let quoted = format!(r#"status {status}: "<html><h1>Blocked</h1> [hidden]""#);
        check(status, html, &quoted);
        check(status, "", &format!("status {status}"));
        check(status, "{}", &format!(r#"status {status}: "{{}}""#));
    }
    for body in [
        r#"{"error":7}"#,
        r#"{"error":{"code":1}}"#,
        r#"["error"]"#,
        r#"{"error":""}"#,
    ] {
        let quoted = body.replace('"', "\\\"");
        check(400, body, &format!(r#"status 400: "{quoted}""#));
    }
    // Of the client speaks an endpoint with 400 and 401 alone.
    let error = r#"{"error":"invalid_client"}"#;
    let quoted = error.replace('"', "\\\"");
    for status in [200, 201, 403, 404 - 1, 500] {
        check(status, error, &format!(r#"status {status}: "{quoted}""#));
    }
    // And some errors mean "not now" under every status.
    for code in MOMENTARY {
        for status in [200, 400, 401, 403, 503] {
            let body = format!(r#"{{"error":"{code}"}}"#);
            let quoted = body.replace('"', "\\\"");
            check(status, &body, &format!(r#"status {status}: "{quoted}""#));
        }
    }
}

#[test]
fn a_wrong_url_is_named() {
    for (status, expected) in [
        (302, "status 302, redirects are not followed"),
        (404, r#"status 404: "no such page""#),
        (405, r#"status 405: "no such page""#),
    ] {
        let found = read_json(status, "no such page").unwrap_err();
        assert_eq!(found, NoGrant::Unusable(expected.to_owned()));
    }
}
