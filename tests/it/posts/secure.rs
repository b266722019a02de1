//! Posts over TLS of our own.

use super::*;
use crate::http::read_to_end;
use crate::http::secure::Authority;

#[tokio::test(flavor = "multi_thread")]
async fn posts_come_over_tls_by_either_version_and_are_judged_alike() {
    let authority = Authority::new();
    let engine = start(|settings| {
        settings.serve.tls = Some(authority.pair("good", [2020, 2100]));
        settings.serve.timeouts.body = Duration::from_millis(300);
    })
    .await;
    let addr = engine.local_addr();
    let mut taken = 0;
    for (alpn, version) in [
        (&b"http/1.1"[..], Version::HTTP_11),
        (b"h2", Version::HTTP_2),
    ] {
        let stream = authority.connect(addr, &[alpn]).await;
        let mut client = Client::over(stream, version).await;
        let id = |number: usize| event(&format!("{version:?}-{number}"));
        let many: Vec<Value> = (0..1_000).map(id).collect();
        for (body, status) in [
            (id(1_000).to_string(), 200),
            (json!([id(1_001), {}]).to_string(), 400),
            (json!(many).to_string(), 200),
            (id(1_002).to_string(), 200),
        ] {
            let answer = client.send(post(addr, "/push/bearer", body)).await;
            assert_eq!(answer.status(), status, "{version:?}: {answer:?}");
            assert_eq!(answer.version(), version);
        }
        taken += 1_002;
        let mut stranger = post(addr, "/push/bearer", id(1).to_string());
        let bearer = "Bearer another".parse().unwrap();
        stranger.headers_mut().insert("authorization", bearer);
        assert_eq!(client.send(stranger).await.status(), 401);
    }
    // One that sends slowly, and one that does not encrypt.
    let head = format!(
        "POST /push/bearer HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {SECRET}\r\n\
         content-type: application/json\r\ncontent-length: 100\r\n\r\n{{"
    );
    let mut slow = authority.connect(addr, &[b"http/1.1"]).await;
    slow.write_all(head.as_bytes()).await.unwrap();
    let answer = timeout(HANG, read_to_end(slow)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    let mut plain = TcpStream::connect(addr).await.unwrap();
    let body = event("plain").to_string();
    let whole = head.replace("100\r\n\r\n{", &format!("{}\r\n\r\n{body}", body.len()));
    plain.write_all(whole.as_bytes()).await.unwrap();
    let answer = timeout(HANG, read_to_end(plain)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    connected(&engine, taken).await;
    engine.shutdown().await.unwrap();
}
