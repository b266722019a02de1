//! Signatures, secrets in bodies, and the question before the first post, over real sockets.

use hmac::Hmac;
use hmac::Mac;
use sha2::Sha256;
use streamgauge::config::HmacEncoding;
use streamgauge::config::HmacForm;
use streamgauge::config::HmacHash;
use streamgauge::config::PushSecret;

use super::*;

pub(super) const KEY: &str = "a-key-of-signatures";

/// The endpoint with this credential, and one with a bearer for what is not about it.
async fn guarded(credential: PushCredential) -> Engine {
    start(|settings| settings.push.endpoints.push(endpoint("own", credential))).await
}

pub(super) fn form() -> HmacForm {
    HmacForm {
        header: "x-sig".to_owned(),
        hash: HmacHash::Sha256,
        encoding: HmacEncoding::Hex,
        prefix: "sha256=".to_owned(),
        timestamp_header: Some("x-at".to_owned()),
        signed: "v0:{timestamp}:{body}".to_owned(),
    }
}

fn signature(text: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).unwrap();
    mac.update(text);
    let bytes = mac.finalize().into_bytes();
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={}", digits.concat())
}

/// Signed at a moment in seconds; `signed` is what the signature is of.
pub(super) fn signed(
    addr: SocketAddr,
    at: i64,
    signed: &[u8],
    sent: &[u8],
) -> Request<Full<Bytes>> {
    let text = [format!("v0:{at}:").as_bytes(), signed].concat();
    let mut post = post(addr, "/push/own", Bytes::copy_from_slice(sent));
    let headers = post.headers_mut();
    headers.remove("authorization");
    headers.insert("x-sig", signature(&text).parse().unwrap());
    headers.insert("x-at", at.to_string().parse().unwrap());
    post
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_or_replayed_signature_is_refused_and_the_next_good_one_taken() {
    let secret: PushSecret = secret(KEY);
    let engine = guarded(PushCredential::Hmac {
        form: form(),
        secret,
    })
    .await;
    let addr = engine.local_addr();
    let now = Clock::system().wall().ms() / 1_000;
    let body = event("a").to_string().into_bytes();
    let check = |request: Request<Full<Bytes>>, status: u16, why: &'static str| async move {
        let answer = send(addr, request).await;
        assert_eq!(answer.status(), status, "{answer:?}");
        let text = String::from_utf8(answer.body().to_vec()).unwrap();
        assert!(text.contains(why), "{why}: {text}");
        assert!(!text.contains(KEY), "{text}");
    };
    let good = || signed(addr, now, &body, &body);
    check(good(), 200, "events").await;
    // Of another body, another moment, none, another key's, and one of ten minutes ago.
    let other = event("b").to_string().into_bytes();
    check(signed(addr, now, &other, &body), 401, "signature").await;
    let mut moved = good();
    let later = (now + 1).to_string();
    moved.headers_mut().insert("x-at", later.parse().unwrap());
    check(moved, 401, "signature").await;
    let mut bare = good();
    bare.headers_mut().remove("x-sig");
    check(bare, 401, "signature").await;
    let old = now - 600;
    check(signed(addr, old, &body, &body), 401, "5 minutes").await;
    check(signed(addr, now + 600, &body, &body), 401, "5 minutes").await;
    check(post(addr, "/push/own", body.clone()), 401, "signature").await;
    // The signature is of what was sent: packed, and long enough to be judged elsewhere.
    let many: Vec<Value> = (0..2_000).map(|id| event(&format!("m{id}"))).collect();
    let many = json!(many).to_string().into_bytes();
    let packed = gzip(&many);
    let of = |signed_bytes: &[u8]| {
        let mut post = signed(addr, now, signed_bytes, &packed);
        let gzip = "gzip".parse().unwrap();
        post.headers_mut().insert("content-encoding", gzip);
        post
    };
    check(of(&packed), 200, "2000").await;
    check(of(&many), 401, "signature").await;
    check(signed(addr, now, &many, &many), 200, "2000").await;
    check(signed(addr, now, &packed, &many), 401, "signature").await;
    // A bomb of a stranger is not unpacked.
    let bomb = gzip(&vec![b' '; 64 << 20]);
    let mut stranger = signed(addr, now, b"", &bomb);
    let encoding = "gzip".parse().unwrap();
    stranger.headers_mut().insert("content-encoding", encoding);
    check(stranger, 401, "signature").await;
    check(good(), 200, "events").await;
    engine.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_the_body_is_looked_for_in_every_element() {
    let engine = guarded(PushCredential::Body {
        pointer: "/key".to_owned(),
        secret: secret(KEY),
    })
    .await;
    let addr = engine.local_addr();
    let with = |id: &str, key: &str| {
        let mut event = event(id);
        event["key"] = json!(key);
        event
    };
    let bad = json!([with("c", KEY), {"key": KEY, "eventType": "webchat:connected"}]);
    for (body, status) in [
        (with("a", KEY), 200),
        (json!([with("a", KEY), with("b", KEY)]), 200),
        (json!([with("a", KEY), with("b", "another")]), 401),
        (json!([]), 401),
        (event("a"), 401),
        (bad, 400),
        (with("a", KEY), 200),
    ] {
        let mut post = post(addr, "/push/own", body.to_string());
        post.headers_mut().remove("authorization");
        let answer = send(addr, post).await;
        assert_eq!(answer.status(), status, "{body}: {answer:?}");
        let text = String::from_utf8(answer.body().to_vec()).unwrap();
        assert!(!text.contains(KEY), "{text}");
    }
    connected(&engine, 2).await;
    engine.shutdown().await.unwrap();
}

/// The secret stands in elements, whatever carries them.
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_looked_for_in_the_elements_of_every_form_of_a_body() {
    let own = |name: &str, pointer: &str, key: &str, dialect| PushEndpoint {
        dialect,
        ..endpoint(
            name,
            PushCredential::Body {
                pointer: pointer.to_owned(),
                secret: secret(key),
            },
        )
    };
    let other = "another-key-of-elements";
    let engine = start(|settings| {
        settings.push.endpoints = vec![
            own("own", "/key", KEY, Dialect::Tutorial),
            own("bus", "/data/key", other, Dialect::Cloudevents),
        ];
    })
    .await;
    let addr = engine.local_addr();
    let with = |id: &str, key: &str| {
        let mut event = event(id);
        event["key"] = json!(key);
        event.to_string()
    };
    let cloud = |id: &str, key: &str| {
        let mut event = presets::webchat("connected", id);
        event["data"]["key"] = json!(key);
        event
    };
    let (good, bad) = (with("a", KEY), with("b", "another"));
    let firehose = presets::FIREHOSE;
    let gzip_header = &[("content-encoding", "gzip")][..];
    let now = Clock::system().wall().to_string();
    let binary = [
        ("ce-specversion", "1.0"),
        ("ce-type", "com.example.webchat.connected"),
        ("ce-source", "/shop"),
        ("ce-id", "1"),
        ("ce-time", &now),
    ];
    let data = |key: &str| {
        json!({"sessionId": "c", "key": key})
            .to_string()
            .into_bytes()
    };
    let records = |texts: &[&str]| {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        presets::firehose(&texts).into_bytes()
    };
    // Where it goes, its headers, its body, and whether its sender is known.
    let bare = &[][..];
    let binary = &binary[..];
    let cases = [
        ("own", bare, format!("{good}\n{good}").into_bytes(), 200),
        ("own", bare, format!("{good}\n{bad}").into_bytes(), 401),
        ("own", gzip_header, gzip(good.as_bytes()), 200),
        ("own", gzip_header, gzip(bad.as_bytes()), 401),
        ("own", firehose, records(&[&good, &good]), 200),
        ("own", firehose, records(&[&format!("{good}{good}")]), 200),
        ("own", firehose, records(&[&good, &bad]), 401),
        ("own", firehose, records(&[&format!("{good}\n{bad}")]), 401),
        ("own", firehose, good.clone().into_bytes(), 400),
        (
            "bus",
            bare,
            json!([cloud("d", other)]).to_string().into_bytes(),
            200,
        ),
        ("bus", bare, cloud("e", KEY).to_string().into_bytes(), 401),
        ("bus", binary, data(other), 200),
        ("bus", binary, data(KEY), 401),
        ("own", bare, good.clone().into_bytes(), 200),
    ];
    for (name, headers, body, status) in cases {
        let mut post = post(addr, &format!("/push/{name}"), body.clone());
        post.headers_mut().remove("authorization");
        for (name, value) in headers {
            let name = hyper::header::HeaderName::try_from(*name).unwrap();
            post.headers_mut().insert(name, value.parse().unwrap());
        }
        let answer = send(addr, post).await;
        let text = String::from_utf8(answer.body().to_vec()).unwrap();
        let sent = String::from_utf8_lossy(&body);
        assert_eq!(answer.status(), status, "{name} {headers:?} {sent}: {text}");
        assert!(!text.contains(KEY) && !text.contains(other), "{text}");
        let is_firehose = headers.iter().any(|(name, _)| name.contains("firehose"));
        assert_eq!(text.contains("requestId"), is_firehose, "{text}");
    }
    engine.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_before_it_posts_is_answered() {
    let engine = start(|settings| {
        settings.push.endpoints[1].allowed_origins = vec!["events.example".to_owned()];
    })
    .await;
    let addr = engine.local_addr();
    let ask = |path: &str, origin: Option<&str>| {
        let mut ask = request(addr, Method::OPTIONS, path, "");
        if let Some(origin) = origin {
            let headers = ask.headers_mut();
            headers.insert("webhook-request-origin", origin.parse().unwrap());
            headers.insert("webhook-request-rate", "120".parse().unwrap());
        }
        ask
    };
    for (path, origin, status) in [
        ("/push/bearer", Some("events.example"), 200),
        ("/push/basic", Some("events.example"), 200),
        ("/push/basic", Some("evil.example"), 403),
        ("/push/bearer", None, 405),
    ] {
        let answer = send(addr, ask(path, origin)).await;
        assert_eq!(answer.status(), status, "{path} {origin:?}");
        let allowed = answer.headers().get("webhook-allowed-origin");
        let allowed = allowed.map(|allowed| allowed.to_str().unwrap());
        assert_eq!(allowed, origin.filter(|_| status == 200));
        let rate = answer.headers().get("webhook-allowed-rate");
        assert_eq!(rate.is_some(), status == 200);
    }
    // A yes opens nothing, and elsewhere nobody asks.
    let mut post = post(addr, "/push/bearer", "[]");
    post.headers_mut().remove("authorization");
    assert_eq!(send(addr, post).await.status(), 401);
    let answer = send(addr, ask("/graphql", Some("events.example"))).await;
    assert!(answer.headers().get("webhook-allowed-origin").is_none());
    engine.shutdown().await.unwrap();
}
