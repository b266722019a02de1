//! Requests that end in two places, and answers that must arrive although the client still sends.

use std::convert::Infallible;
use std::future;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::BodyExt;
use http_body_util::StreamBody;
use hyper::Method;
use hyper::Request;
use hyper::StatusCode;
use hyper::Version;
use hyper::body::Body;
use hyper::body::Frame;
use hyper::client::conn::http2;
use hyper::header;
use hyper::header::HeaderValue;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::Client;
use super::HANG;
use super::live;
use super::raw;
use super::read_to_end;
use super::request;
use super::serve;
use super::settings;

const POST: &str =
    "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";

#[tokio::test]
async fn a_request_that_ends_in_two_places_is_refused_and_nothing_after_it_is_read() {
    let served = serve(settings(), live()).await;
    let query = r#"{"query":"{__typename}"}"#;
    let chunked = format!("{:x}\r\n{query}\r\n0\r\n\r\n", query.len());
    let length = format!("content-length: {}\r\n", query.len());
    let smuggled = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let good = format!("{POST}transfer-encoding: chunked\r\n\r\n{chunked}");
    let answers = async |text: &str| read_to_end(raw(served.addr, text).await).await;
    let answer = answers(&format!("{good}{smuggled}GET / HTTP/1.0\r\n\r\n")).await;
    assert_eq!(
        answer.matches("200 OK").count(),
        2,
        "the good one is served: {answer}"
    );
    for headers in [
        &format!("{length}transfer-encoding: chunked\r\n"),
        &format!("transfer-encoding: chunked\r\n{length}"),
        &format!(
            "Transfer-Encoding: chunked\r\nx: y\r\nCONTENT-LENGTH: {}\r\n",
            query.len()
        ),
        "content-length: 0\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: gzip, chunked\r\n",
        "transfer-encoding: chunked, chunked\r\n",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: identity\r\n",
        "transfer-encoding: xchunked\r\n",
        "transfer-encoding : chunked\r\n",
        "transfer-encoding:\r\n chunked\r\n",
        "content-length: 24\r\ncontent-length: 25\r\n",
        "content-length: 24, 24\r\n",
        "content-length: +24\r\n",
    ] {
        let bad = format!("{POST}{headers}\r\n{chunked}{smuggled}");
        let answer = answers(&bad).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{headers:?}: {answer}");
        assert_eq!(
            answer.matches("HTTP/1.1").count(),
            1,
            "{headers:?}: {answer}"
        );
        // After a good one on the same line, and without a body of its own.
        let answer = answers(&format!("{good}{bad}")).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{headers:?}: {answer}");
        assert_eq!(
            answer.matches("HTTP/1.1 400").count(),
            1,
            "{headers:?}: {answer}"
        );
        assert_eq!(
            answer.matches("HTTP/1.1").count(),
            2,
            "{headers:?}: {answer}"
        );
    }
    let get = format!(
        "GET /healthz HTTP/1.1\r\nhost: localhost\r\n{length}transfer-encoding: chunked\r\n\r\n"
    );
    assert!(answers(&get).await.starts_with("HTTP/1.1 400"));
}

/// The status line of the answer to a client that sends everything before it reads.
async fn answer_to_all(mut stream: TcpStream, head: &str, chunk: &[u8], times: usize) -> String {
    let send = async {
        stream.write_all(head.as_bytes()).await?;
        for _ in 0..times {
            stream.write_all(chunk).await?;
        }
        stream.flush().await
    };
    timeout(HANG, send).await.unwrap().unwrap();
    let mut read = Vec::new();
    // Not even a reset after the answer.
    timeout(HANG, stream.read_to_end(&mut read))
        .await
        .unwrap()
        .unwrap();
    String::from_utf8(read).unwrap()
}

#[tokio::test]
async fn a_client_that_sends_too_much_reads_why() {
    let served = serve(settings(), live()).await;
    let zeros = vec![b'0'; 64 << 10];
    // Far more than the buffers of both sides hold.
    let times = 512;
    let bytes = zeros.len() * times;
    let chunk = [b"10000\r\n", &zeros[..], b"\r\n"].concat();
    for (headers, chunk) in [
        (format!("content-length: {bytes}\r\n"), &zeros),
        (String::from("transfer-encoding: chunked\r\n"), &chunk),
        (
            format!("content-length: {bytes}\r\nexpect: 100-continue\r\n"),
            &zeros,
        ),
        (
            format!("content-length: {bytes}\r\nconnection: close\r\n"),
            &zeros,
        ),
    ] {
        let stream = TcpStream::connect(served.addr).await.unwrap();
        let head = format!("{POST}{headers}\r\n");
        let answer = answer_to_all(stream, &head, chunk, times).await;
        assert!(answer.starts_with("HTTP/1.1 413"), "{headers}: {answer}");
        assert!(
            answer.contains("\r\nconnection: close\r\n"),
            "{headers}: {answer}"
        );
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{headers}: {answer}");
    }
    // The same for an answer that has nothing to do with the body.
    for (path, status) in [("/nowhere", "404"), ("/metrics", "405")] {
        let stream = TcpStream::connect(served.addr).await.unwrap();
        let head =
            format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {bytes}\r\n\r\n");
        let answer = answer_to_all(stream, &head, &zeros, times).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
    }
    // A head without an end.
    let stream = TcpStream::connect(served.addr).await.unwrap();
    let answer = answer_to_all(stream, "GET / HTTP/1.1\r\nx: ", &zeros, 16).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}

/// A body of so many pieces, and the word that it was dropped.
fn pieces(
    count: usize,
    sent: &Arc<AtomicUsize>,
) -> (
    impl Body<Data = Bytes, Error = Infallible> + Send + Unpin + 'static,
    oneshot::Receiver<()>,
) {
    let (kept, gone) = oneshot::channel::<()>();
    let sent = Arc::clone(sent);
    let pieces = stream::unfold((0, kept), move |(index, kept)| {
        sent.store(index, Ordering::Relaxed);
        let piece = Frame::data(Bytes::from(vec![b'0'; 64 << 10]));
        let next = (index < count).then(|| (Ok(piece), (index + 1, kept)));
        future::ready(next)
    });
    (StreamBody::new(Box::pin(pieces)), gone)
}

/// What the server sends on a stream whose client sends everything before it reads: the answer, and no
/// reset of the stream, which older clients take for a failure.
#[tokio::test]
async fn a_client_of_http_2_that_sends_too_much_reads_why_and_goes_on() {
    let served = serve(settings(), live()).await;
    let stream = TokioIo::new(TcpStream::connect(served.addr).await.unwrap());
    let executor = TokioExecutor::new();
    let (mut client, connection) = http2::handshake(executor, stream).await.unwrap();
    tokio::spawn(connection);
    for path in ["/graphql", "/nowhere", "/metrics"] {
        let sent = Arc::new(AtomicUsize::new(0));
        let (body, gone) = pieces(64, &sent);
        let large = Request::post(format!("http://{}{path}", served.addr))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body)
            .unwrap();
        let answer = timeout(HANG, client.send_request(large)).await.unwrap();
        let answer = answer.unwrap();
        // A stream that is reset drops its body early.
        let _ = timeout(HANG, gone).await.unwrap();
        assert_eq!(sent.load(Ordering::Relaxed), 64, "{path}");
        let expected = match path {
            "/graphql" => StatusCode::PAYLOAD_TOO_LARGE,
            "/nowhere" => StatusCode::NOT_FOUND,
            _ => StatusCode::METHOD_NOT_ALLOWED,
        };
        assert_eq!(answer.status(), expected, "{path}");
        assert!(
            !answer
                .into_body()
                .collect()
                .await
                .unwrap()
                .to_bytes()
                .is_empty()
        );
    }
    let mut client = Client::connect(served.addr, Version::HTTP_2).await;
    let mut large = request(served.addr, Method::POST, "/graphql", &"0".repeat(4 << 20));
    let json = HeaderValue::from_static("application/json");
    large.headers_mut().insert(header::CONTENT_TYPE, json);
    assert_eq!(
        client.send(large).await.status(),
        StatusCode::PAYLOAD_TOO_LARGE
    );
    assert_eq!(
        client.get(served.addr, "/healthz").await.status(),
        StatusCode::OK
    );
}
