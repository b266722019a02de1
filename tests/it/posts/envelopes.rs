//! The envelopes of Amazon's senders as they are documented: every field and header of a request, and of
//! Firehose the answer that it asks for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

const REQUEST_ID: &str = "ed4acda5-034f-9f42-bba1-f29aea6d7d8f";
const FIREHOSE_KEY: &str = "a-key-of-the-delivery-stream";

/// An endpoint as an API destination has it, and one as a delivery stream has it.
async fn amazon() -> Engine {
    let by_header = |name: &str, header: &str, key: &str| PushEndpoint {
        dialect: Dialect::AmazonConnect,
        ..endpoint(
            name,
            PushCredential::Header {
                name: header.into(),
                secret: secret(key),
            },
        )
    };
    start(|settings| {
        settings.push.endpoints = vec![
            by_header("bridge", "x-api-key", SECRET),
            by_header("hose", "x-amz-firehose-access-key", FIREHOSE_KEY),
        ];
    })
    .await
}

/// A contact event with every field that is documented.
fn contact(kind: &str, id: &str, pad: usize) -> String {
    let now = Clock::system().wall().to_string();
    json!({
        "version": "0",
        "id": "abcabcab-abca-abca-abca-abcabcabcabc",
        "detail-type": "Amazon Connect Contact Event",
        "source": "aws.connect",
        "account": "111122223333",
        "time": now,
        "region": "us-west-2",
        "resources": [
            "arn:aws:connect:us-west-2:111122223333:instance/i",
            format!("arn:aws:connect:us-west-2:111122223333:instance/i/contact/{id}"),
        ],
        "detail": {
            "contactId": id,
            "channel": "CHAT",
            "instanceArn": "arn:aws:connect:us-west-2:111122223333:instance/i",
            "initiationMethod": "API",
            "initiationTimestamp": now,
            "eventType": kind,
            "updatedProperties": ["x".repeat(pad)],
            "queueInfo": {
                "queueType": "STANDARD", "queueArn": "arn:of:sales", "enqueueTimestamp": now,
            },
            "agentInfo": {"agentArn": "arn:of:somebody", "connectedToAgentTimestamp": now},
            "tags": {"aws:connect:instanceId": "i"},
        },
    })
    .to_string()
}

fn with(
    addr: SocketAddr,
    path: &str,
    headers: &[(&'static str, &str)],
    body: Vec<u8>,
) -> Request<Full<Bytes>> {
    let mut post = post(addr, path, body);
    post.headers_mut().remove("authorization");
    for (name, value) in headers {
        post.headers_mut().insert(*name, value.parse().unwrap());
    }
    post
}

#[tokio::test(flavor = "multi_thread")]
async fn eventbridge_sends_one_event_a_request_with_its_own_headers() {
    let engine = amazon().await;
    let addr = engine.local_addr();
    let headers = [
        ("user-agent", "Amazon/EventBridge/ApiDestinations"),
        ("content-type", "application/json; charset=utf-8"),
        ("range", "bytes=0-1048575"),
        ("accept-encoding", "gzip, deflate"),
        ("connection", "close"),
        ("x-api-key", SECRET),
    ];
    let kinds = [
        "INITIATED",
        "QUEUED",
        "CONNECTED_TO_AGENT",
        "CONTACT_DATA_UPDATED",
        "DISCONNECTED",
    ];
    for kind in kinds {
        let body = contact(kind, "contact-1", 0).into_bytes();
        let answer = send(addr, with(addr, "/push/bridge", &headers, body)).await;
        assert_eq!(answer.status(), 200, "{kind}: {answer:?}");
        let said: Value = serde_json::from_slice(answer.body()).unwrap();
        assert_eq!(said["elements"], 1, "{kind}: {said}");
    }
    // What it never sends again, and what it does, after so many seconds.
    let bad = with(addr, "/push/bridge", &headers, b"{}".to_vec());
    assert_eq!(send(addr, bad).await.status(), 400);
    engine.shutdown().await.unwrap();
    let engine = start(|settings| {
        settings.push.endpoints[0].credential = PushCredential::Bearer(secret(SECRET));
        (settings.push.high_water, settings.push.low_water) = (100, 50);
    })
    .await;
    let addr = engine.local_addr();
    let body = contact("INITIATED", "contact-2", 0);
    let answer = send(addr, post(addr, "/push/bearer", body)).await;
    assert_eq!(answer.status(), 503);
    let after = answer.headers()["retry-after"].to_str().unwrap();
    assert!(
        after.parse::<u64>().is_ok_and(|seconds| seconds > 0),
        "{after}"
    );
    engine.shutdown().await.unwrap();
}

/// Sends a delivery and holds the answer to what Firehose takes for one.
async fn deliver(addr: SocketAddr, records: &[String], gzip: bool, status: u16) -> Value {
    let records: Vec<Value> = records
        .iter()
        .map(|text| json!({"data": STANDARD.encode(text)}))
        .collect();
    let now = Clock::system().wall().ms();
    let body = json!({"requestId": REQUEST_ID, "timestamp": now, "records": records});
    let mut body = body.to_string().into_bytes();
    let mut headers = vec![
        ("x-amz-firehose-protocol-version", "1.0"),
        ("x-amz-firehose-request-id", REQUEST_ID),
        (
            "x-amz-firehose-source-arn",
            "arn:aws:firehose:us-east-1:123456789:deliverystream/testStream",
        ),
        ("x-amz-firehose-access-key", FIREHOSE_KEY),
        (
            "x-amz-firehose-common-attributes",
            r#"{"commonAttributes":{"deployment-context":"pre-prod"}}"#,
        ),
        ("accept-encoding", "gzip"),
    ];
    if gzip {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&body).unwrap();
        body = encoder.finish().unwrap();
        headers.push(("content-encoding", "gzip"));
    }
    let answer = send(addr, with(addr, "/push/hose", &headers, body)).await;
    let said = String::from_utf8_lossy(answer.body()).into_owned();
    assert_eq!(answer.status(), status, "{said}");
    let of = |name: &str| {
        let value = answer.headers().get(name);
        value.map(|value| value.to_str().unwrap().to_owned())
    };
    let media_type = of("content-type").unwrap();
    assert_eq!(media_type.split(';').next(), Some("application/json"));
    assert_eq!(of("content-encoding"), None, "it unpacks nothing");
    assert_eq!(of("content-length"), Some(answer.body().len().to_string()));
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["requestId"], REQUEST_ID);
    assert!(
        said["timestamp"]
            .as_i64()
            .is_some_and(|ms| ms >= now - 60_000),
        "{said}"
    );
    let error = said
        .get("errorMessage")
        .map(|error| error.as_str().unwrap());
    assert_eq!(error.is_none(), status == 200, "{said}");
    assert!(
        error.is_none_or(|error| (1..8_192).contains(&error.len())),
        "{said}"
    );
    let members = said.as_object().unwrap().len();
    assert_eq!(members, 2 + usize::from(error.is_some()), "{said}");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn firehose_gets_the_answer_that_it_asks_for_up_to_the_limits_of_a_batch() {
    let engine = amazon().await;
    let addr = engine.local_addr();
    let one = |number: usize| contact("INITIATED", &format!("c-{number}"), 0);
    deliver(addr, &[one(0), one(1) + "\n" + &one(2)], false, 200).await;
    // And again, after a lost answer.
    let packed = [one(3)];
    deliver(addr, &packed, true, 200).await;
    deliver(addr, &packed, true, 200).await;
    // Each says that its contact began, was queued, left the queue, and that an agent joined.
    connected(&engine, 4 * 4).await;
    // As many records as there can be, and as many bytes as its buffer has by default: 5 MiB.
    let many = vec![r#"{"detail-type":"x","source":"y"}"#.to_owned(); 10_000];
    deliver(addr, &many, false, 200).await;
    let big: Vec<String> = (4..10)
        .map(|number| contact("INITIATED", &format!("c-{number}"), 850_000))
        .collect();
    assert!(big.concat().len() > 5_000_000);
    deliver(addr, &big, false, 200).await;
    deliver(addr, &big, true, 200).await;
    // Beyond ours the answer is 413, after which it puts the records aside and does not send them again.
    deliver(addr, &[&big[..], &big].concat(), true, 413).await;
    deliver(addr, &[one(10), "{}".to_owned()], false, 400).await;
    // What was emptied on its way holds nothing that could be wrong.
    deliver(addr, &[String::new()], false, 200).await;
    let reader = engine.reader();
    let looking = async {
        while reader.load().counters.applied < 4 * 10 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(HANG, looking).await.unwrap();
    let last = reader.load();
    assert_eq!(last.counters.applied, 4 * 10, "{:?}", last.counters);
    assert_eq!(last.counters.event_gap(), 0);
    engine.shutdown().await.unwrap();
}
