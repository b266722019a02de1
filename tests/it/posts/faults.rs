//! Whatever goes wrong with a request has its clear answer, and the next good request works: the list of
//! what senders get wrong, one after the other at one engine.

use std::sync::Arc;

use super::credentials::KEY;
use super::credentials::form;
use super::credentials::gzip;
use super::credentials::signed;
use super::presets::mapped;
use super::presets::mapping;
use super::*;

/// A request as its bytes on a connection of its own, and what is answered.
async fn raw(addr: SocketAddr, bytes: &[u8]) -> (u16, String) {
    let mut socket = TcpStream::connect(addr).await.unwrap();
    socket.write_all(bytes).await.unwrap();
    let mut said = String::new();
    timeout(HANG, socket.read_to_string(&mut said))
        .await
        .unwrap()
        .unwrap();
    let status = said.split(' ').nth(1).unwrap().parse().unwrap();
    (status, said)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_has_its_answer_and_the_next_good_request_works() {
    let engine = start(|settings| {
        settings.serve.timeouts.body = Duration::from_millis(300);
        settings.push.endpoints.push(endpoint(
            "own",
            PushCredential::Hmac {
                form: form(),
                secret: secret(KEY),
            },
        ));
        settings.push.endpoints.push(PushEndpoint {
            dialect: Dialect::Mapped(Arc::new(mapping())),
            ..endpoint(
                "mapped",
                PushCredential::Bearer(secret("a-secret-of-mapped")),
            )
        });
    })
    .await;
    let addr = engine.local_addr();
    let now = Clock::system().wall().ms() / 1_000;
    let at_mapped = |body: String| {
        let mut post = post(addr, "/push/mapped", body);
        let bearer = "Bearer a-secret-of-mapped".parse().unwrap();
        post.headers_mut().insert("authorization", bearer);
        post
    };
    let text = event("signed").to_string().into_bytes();
    let sign = |at: i64, of: &[u8]| signed(addr, at, of, &text);
    let packed = |bytes: &[u8]| {
        let mut post = post(addr, "/push/bearer", gzip(bytes));
        let encoding = "gzip".parse().unwrap();
        post.headers_mut().insert("content-encoding", encoding);
        post
    };
    // The same ones each time: another connect of a session would be another session.
    let (plain, zipped) = (event("plain").to_string(), event("packed").to_string());
    let room = mapped("opened", "room").to_string();
    let good = || async {
        for request in [
            post(addr, "/push/bearer", plain.clone()),
            sign(now, &text),
            at_mapped(room.clone()),
            packed(zipped.as_bytes()),
        ] {
            let answer = send(addr, request).await;
            assert_eq!(answer.status(), 200, "{answer:?}");
        }
    };
    good().await;
    let mut unfit = mapped("opened", "room");
    unfit["at"] = json!("yesterday");
    let batch = json!([event("half"), {"eventType": "webchat:connected"}, event("bad")]);
    for (request, status, why) in [
        // A mapping that does not fit: by pointer.
        (
            at_mapped(unfit.to_string()),
            400,
            "element 0: /at: neither RFC 3339",
        ),
        (
            at_mapped(mapped("opened", "").to_string()),
            400,
            "/room/id: missing",
        ),
        (at_mapped(event("x").to_string()), 400, "/event: missing"),
        // A signature of something else, and a good one of ten minutes ago.
        (
            sign(now, b"another body"),
            401,
            "signature is missing or wrong",
        ),
        (sign(now - 600, &text), 401, "over 5 minutes"),
        (
            post(addr, "/push/bearer", batch.to_string()),
            400,
            "element 1: ",
        ),
        (packed(&vec![b' '; 64 << 20]), 413, "bytes unpacked"),
    ] {
        let answer = send(addr, request).await;
        let said = String::from_utf8(answer.body().to_vec()).unwrap();
        assert_eq!(answer.status(), status, "{said}");
        assert!(said.contains(why), "{why}: {said}");
        good().await;
    }
    let head = |length: usize| {
        format!(
            "POST /push/bearer HTTP/1.1\r\nhost: {addr}\r\nauthorization: Bearer {SECRET}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{{"
        )
    };
    for (bytes, status, why) in [
        (head(100 << 20), 413, "over 8388608 bytes"),
        (head(100), 408, "did not come in time"),
    ] {
        let (said_status, said) = raw(addr, bytes.as_bytes()).await;
        assert_eq!(said_status, status, "{said}");
        assert!(said.contains(why), "{why}: {said}");
        good().await;
    }
    // Nothing of what was refused was taken, and what was repeated counts once.
    connected(&engine, 4).await;
    let counters = engine.reader().load().counters;
    assert_eq!((counters.payload_gap(), counters.event_gap()), (0, 0));
    engine.shutdown().await.unwrap();
}
