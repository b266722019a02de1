//! Requests of the wrong shape, by every transport: the member that is wrong is named.

use hyper::Version;
use hyper::header;
use serde_json::Value;
use serde_json::json;

use crate::http::Client;
use crate::http::request;
use crate::http::serve;
use crate::http::settings;
use crate::push::rig::Raw;
use crate::push::rig::post;
use crate::push::rig::snapshot;

/// Bodies, and what is said of each.
fn faults() -> Vec<(Value, &'static str)> {
    let query = "{ __typename }";
    vec![
        (
            json!({ "query": query, "variables": [] }),
            "request: variables: a list; send an object",
        ),
        (
            json!({ "query": query, "variables": "" }),
            "request: variables: a string; send an object",
        ),
        (
            json!({ "query": query, "variables": "{\"a\":1}" }),
            "request: variables: a string;",
        ),
        (
            json!({ "query": query, "variables": 0 }),
            "request: variables: a number;",
        ),
        (
            json!({ "query": query, "variables": false }),
            "request: variables: true or false;",
        ),
        (
            json!({ "query": query, "extensions": 3 }),
            "request: extensions: a number; send an object",
        ),
        (
            json!({ "query": query, "extensions": [] }),
            "request: extensions: a list;",
        ),
        (
            json!({ "query": query, "operationName": 5 }),
            "request: operationName: a number; send a string",
        ),
        (
            json!({ "query": query, "operationName": {} }),
            "request: operationName: an object;",
        ),
        (
            json!({ "query": {} }),
            "request: query: an object; send a string",
        ),
        (
            json!({ "query": [query] }),
            "request: query: a list; send a string",
        ),
        (json!({ "variables": {} }), "request: no query"),
    ]
}

#[tokio::test]
async fn the_member_that_is_wrong_is_named() {
    let served = serve(settings(), snapshot(1)).await;
    for (body, expected) in faults() {
        for accept in [
            "application/json",
            "application/graphql-response+json",
            "text/event-stream",
        ] {
            let (status, answer) = post(served.addr, accept, &body).await;
            assert_eq!(status, 400, "{accept} {body}");
            let answer: Value = serde_json::from_slice(&answer).unwrap();
            let message = answer["errors"][0]["message"].as_str().unwrap();
            assert!(message.starts_with(expected), "{accept} {body}: {message}");
        }
        let mut raw = Raw::begin(served.addr).await;
        raw.say(&json!({ "type": "subscribe", "id": "a", "payload": body }).to_string())
            .await;
        let (code, reason) = raw.closed().await;
        assert_eq!(code, 4400, "{body}: {reason}");
        assert!(reason.starts_with(expected), "{body}: {reason}");
    }
    for (body, status) in [
        (
            json!({ "query": "{ __typename }", "variables": null, "extensions": null }),
            200,
        ),
        (
            json!({ "query": "{ __typename }", "operationName": null, "more": [], "x": 1 }),
            200,
        ),
        (json!([{ "query": "{ __typename }" }]), 400),
        (json!([]), 400),
    ] {
        let (told, answer) = post(served.addr, "application/json", &body).await;
        assert_eq!(told, status, "{body}: {answer:?}");
        if status == 400 {
            let text = String::from_utf8(answer.to_vec()).unwrap();
            assert!(
                text.contains("request body: a list; send one request at a time"),
                "{text}"
            );
        }
    }
}

#[tokio::test]
async fn parameters_of_a_url_are_named_too() {
    let served = serve(settings(), snapshot(1)).await;
    let mut client = Client::connect(served.addr, Version::HTTP_11).await;
    for (parameters, expected) in [
        ("variables=[]", Some("variables")),
        ("variables=%22%22", Some("variables")),
        ("variables=5", Some("variables")),
        ("variables={", Some("variables")),
        ("extensions=3", Some("extensions")),
        ("operationName=a&operationName=b", Some("operationName")),
        ("variables=%7B%22a%22:1%7D&more=%5B", None),
        ("variables=&extensions=null&operationName=", None),
    ] {
        let parameters = parameters
            .replace('{', "%7B")
            .replace('[', "%5B")
            .replace(']', "%5D");
        let path = format!("/graphql?query=%7B__typename%7D&{parameters}");
        let request = request(served.addr, hyper::Method::GET, &path, "");
        let answer = client.send(request).await;
        let text = String::from_utf8(answer.body().to_vec()).unwrap();
        match expected {
            Some(name) => {
                assert_eq!(answer.status(), 400, "{parameters}: {text}");
                assert!(
                    text.contains(&format!("request parameters: {name}: ")),
                    "{text}"
                );
            }
            None => assert_eq!(answer.status(), 200, "{parameters}: {text}"),
        }
        assert!(answer.headers().contains_key(header::CONTENT_TYPE));
    }
}

#[tokio::test]
async fn members_of_a_message_are_named() {
    let served = serve(settings(), snapshot(1)).await;
    for (message, expected) in [
        (r#"{"type":5}"#, "message: type: a number; send a string"),
        (
            r#"{"type":["ping"]}"#,
            "message: type: a list; send a string",
        ),
        (
            r#"{"type":"subscribe","id":7,"payload":{}}"#,
            "message: id: a number; send a string",
        ),
        (
            r#"{"type":"complete","id":{}}"#,
            "message: id: an object; send a string",
        ),
        (
            r#"{"type":"ping","type":"ping"}"#,
            "message: type: given twice",
        ),
        (
            r#"{"type":"subscribe","id":"a","payload":[]}"#,
            "message: payload: not a JSON object",
        ),
        (
            r#"{"type":"subscribe","id":"a","payload":""}"#,
            "message: payload: not a JSON object",
        ),
        (
            r#"{"type":"ping","payload":3}"#,
            "message: payload: not a JSON object",
        ),
        (r#"[{"type":"ping"}]"#, "message: not a JSON object"),
        (r#"{"type":"ping""#, "message: line 1, column "),
    ] {
        let mut raw = Raw::begin(served.addr).await;
        raw.say(message).await;
        let (code, reason) = raw.closed().await;
        assert_eq!(code, 4400, "{message}: {reason}");
        assert!(reason.starts_with(expected), "{message}: {reason}");
    }
}
