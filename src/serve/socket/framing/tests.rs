//! Requests, whole and in pieces, and which of them have no certain end.

use super::*;

/// Reads bytes in pieces of every size; the number of the first request without a certain end, and
/// whether it ends between two.
fn read(bytes: &[u8]) -> (u64, bool) {
    let outcomes: Vec<_> = [1, 2, 3, 7, 64, bytes.len().max(1)]
        .map(|size| {
            let heads = Heads::new(Instant::now());
            let mut framing = Framing::new(Arc::clone(&heads));
            for piece in bytes.chunks(size) {
                framing.read(piece);
            }
            (
                heads.uncertain.load(Ordering::Relaxed),
                framing.is_between(),
            )
        })
        .into();
    assert!(
        outcomes.windows(2).all(|pair| pair[0] == pair[1]),
        "{outcomes:?}"
    );
    outcomes[0]
}

const GET: &str = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";

fn post(headers: &str, body: &str) -> String {
    format!("POST / HTTP/1.1\r\nhost: x\r\n{headers}\r\n{body}")
}

#[tokio::test]
async fn what_has_one_length_is_certain() {
    let long = format!("x: {}\r\ncontent-length: 2\r\n", "y".repeat(500));
    for request in [
        String::from(GET),
        format!("\r\n{GET}"),
        GET.replace('\r', ""),
        post("content-length: 5\r\n", "12345"),
        post("Content-Length:5\r\n", "GET /"),
        post("content-length: 5\r\nCONTENT-LENGTH: 5\r\n", "12345"),
        post("content-length: 0\r\n", ""),
        post(&long, "12"),
        post("transfer-encoding: chunked\r\n", "0\r\n\r\n"),
        post(
            "Transfer-Encoding: Chunked\r\n",
            "a;x=y\r\n0123456789\r\n1\r\nx\r\n0\r\na: b\r\n\r\n",
        ),
        post(
            "x-content-length: 1\r\ntransfer-encoding: chunked\r\n",
            "0\r\n\r\n",
        ),
        // What a body says is no header.
        post(
            "content-length: 48\r\n",
            "transfer-encoding: chunked\r\ncontent-length: 1\r\n\r\n",
        ),
    ] {
        assert_eq!(read(request.as_bytes()), (0, true), "{request:?}");
        let twice = format!("{request}{GET}");
        assert_eq!(read(twice.as_bytes()), (0, true), "{twice:?}");
        let then = format!(
            "{request}{}",
            post("content-length: 1\r\ntransfer-encoding: chunked\r\n", "")
        );
        assert_eq!(read(then.as_bytes()), (2, false), "{then:?}");
    }
}

#[tokio::test]
async fn what_may_end_in_two_places_is_not() {
    for headers in [
        "content-length: 4\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 4\r\n",
        "Transfer-Encoding: chunked\nContent-Length: 0\n",
        "content-length: 4\r\ncontent-length: 5\r\n",
        "content-length: +4\r\n",
        "content-length: 4, 4\r\n",
        "content-length: 0x4\r\n",
        "content-length:\r\n",
        "content-length: 99999999999999999999\r\n",
        "transfer-encoding: gzip, chunked\r\n",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: identity\r\n",
        "transfer-encoding: xchunked\r\n",
        &format!("content-length:{}4\r\n", " ".repeat(200)),
    ] {
        assert_eq!(
            read(post(headers, "0\r\n\r\n").as_bytes()),
            (1, false),
            "{headers:?}"
        );
    }
}

#[tokio::test]
async fn what_is_another_protocol_is_left_alone() {
    let preface =
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n";
    assert_eq!(read(preface.as_bytes()), (0, true));
}

#[tokio::test(start_paused = true)]
async fn a_head_lasts_from_its_first_byte_to_its_end() {
    let heads = Heads::new(Instant::now());
    let mut framing = Framing::new(Arc::clone(&heads));
    let second = std::time::Duration::from_secs(1);
    tokio::time::advance(second).await;
    framing.read(b"\r\n");
    assert_eq!(heads.begun(), None);
    framing.read(b"G");
    let begun = heads.begun().unwrap();
    assert_eq!(begun, Instant::now());
    tokio::time::advance(second).await;
    framing.read(b"ET / HTTP/1.1\r\nhost: x\r\n");
    assert_eq!(heads.begun(), Some(begun));
    framing.read(b"content-length: 3\r\n\r\n");
    assert_eq!(heads.begun(), None);
    framing.read(b"abc");
    assert!(framing.is_between());
}
