//! Bodies of senders that nothing but the bodies can make known: what they may hold together, and how
//! long.

use super::credentials::KEY;
use super::credentials::form;
use super::credentials::signed;
use super::*;

/// Room for two of the bodies below, and not for three.
const UNKNOWN_BYTES: usize = 10_000;
const BODY_BYTES: usize = 4_000;

async fn guarded(unknown_within: Duration) -> Engine {
    start(|settings| {
        settings.push.endpoints.push(endpoint(
            "own",
            PushCredential::Hmac {
                form: form(),
                secret: secret(KEY),
            },
        ));
        settings.push.unknown_bytes = UNKNOWN_BYTES;
        settings.push.unknown_within = unknown_within;
    })
    .await
}

/// A signed post of a good body of the length above.
fn good(addr: SocketAddr) -> Request<Full<Bytes>> {
    let now = Clock::system().wall().ms() / 1_000;
    let mut body = event("good").to_string();
    body.push_str(&" ".repeat(BODY_BYTES - body.len()));
    signed(addr, now, body.as_bytes(), body.as_bytes())
}

/// Somebody without the key who sends nearly all of a long body, and then nothing.
async fn stranger(addr: SocketAddr) -> TcpStream {
    let now = Clock::system().wall().ms() / 1_000;
    let head = format!(
        "POST /push/own HTTP/1.1\r\nhost: {addr}\r\nx-sig: sha256=00\r\nx-at: {now}\r\n\
         content-type: application/json\r\ncontent-length: {UNKNOWN_BYTES}\r\n\r\n"
    );
    let mut socket = TcpStream::connect(addr).await.unwrap();
    let sent = [head.as_bytes(), &[b' '; UNKNOWN_BYTES - 100]].concat();
    socket.write_all(&sent).await.unwrap();
    socket
}

/// Posts a good body until it is answered so.
async fn until(addr: SocketAddr, status: u16) -> Response<Bytes> {
    let asking = async {
        loop {
            let answer = send(addr, good(addr)).await;
            if answer.status() == status {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(HANG, asking).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_strangers_hold_together_is_bounded_and_kept_from_nobody_else() {
    let engine = guarded(HANG).await;
    let addr = engine.local_addr();
    until(addr, 200).await;
    let first = stranger(addr).await;
    let answer = until(addr, 503).await;
    assert_eq!(answer.headers()["retry-after"], "1");
    let text = String::from_utf8(answer.body().to_vec()).unwrap();
    assert!(text.contains("senders that are not known yet"), "{text}");
    // A second stranger is sent away as well, with all that it still sends.
    let mut second = stranger(addr).await;
    let mut said = String::new();
    timeout(HANG, second.read_to_string(&mut said))
        .await
        .unwrap()
        .unwrap();
    assert!(said.starts_with("HTTP/1.1 503"), "{said}");
    // Who is known by its head finds its room, long bodies too.
    let mut long = event("known").to_string();
    long.push_str(&" ".repeat(1 << 20));
    check(addr, long, 200).await;
    drop(first);
    until(addr, 200).await;
    engine.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_a_stranger_has_its_time() {
    let engine = guarded(Duration::from_millis(200)).await;
    let addr = engine.local_addr();
    let mut socket = stranger(addr).await;
    let mut said = String::new();
    timeout(HANG, socket.read_to_string(&mut said))
        .await
        .unwrap()
        .unwrap();
    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
    assert!(said.contains("did not come in time"), "{said}");
    assert_eq!(send(addr, good(addr)).await.status(), 200);
    engine.shutdown().await.unwrap();
}
