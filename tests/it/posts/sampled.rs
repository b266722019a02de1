//! What `check --sample` says of a file is what the endpoint answers to the same bytes.

use streamgauge::sample::Body;
use streamgauge::sample::Look;
use streamgauge::sample::Tally;

use super::presets::*;
use super::*;

fn look(endpoint: &PushEndpoint, body: &str) -> Tally {
    let body = Body::read(body.as_bytes()).unwrap();
    Look::new(endpoint, None).over(&body, |_| {})
}

/// Posts a body and looks at it; both have to agree.
async fn check(
    addr: SocketAddr,
    endpoint: &PushEndpoint,
    headers: &[(&'static str, &str)],
    body: &str,
) {
    let (status, said) = answer(addr, &endpoint.name, headers, body).await;
    let tally = look(endpoint, body);
    let foreseen = tally.answer(body.len(), Look::secret_at(endpoint)).unwrap();
    assert_eq!(
        foreseen.status,
        status,
        "{}: {said}: {tally}",
        &body[..body.len().min(300)]
    );
    if status == 200 && headers.is_empty() {
        let counts = json!({
            "elements": tally.elements, "events": tally.events(), "ignored": tally.ignored,
        });
        assert_eq!(counts, said, "{body}");
    } else if status == 400 {
        let error = said
            .get("error")
            .or_else(|| said.get("errorMessage"))
            .unwrap();
        let error = error.as_str().unwrap();
        assert!(error.contains(&foreseen.why), "{}: {error}", foreseen.why);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_is_judged_as_the_endpoint_judges_it() {
    let engine = presets().await;
    let addr = engine.local_addr();
    let endpoints = endpoints();
    let of = |name: &str| {
        endpoints
            .iter()
            .find(|endpoint| *endpoint.name == *name)
            .unwrap()
    };
    let view = genesys("queue.messages.waiting");
    let bus = in_envelope("aws.partner/genesys.com/cloud/org/x", view.clone());
    let good = [
        ("tutorial", event("a")),
        ("genesys-eventbridge", genesys("eventbridge.customer.start")),
        ("genesys-eventbridge", bus),
        ("genesys-eventbridge", genesys("queue.activity")),
        ("amazon-connect", contact("INITIATED", "c")),
        ("amazon-connect", contact("QUEUED", "c")),
        (
            "twilio-event-streams",
            twilio("conversation.added", json!({"ConversationSid": "CH1"})),
        ),
        (
            "twilio-event-streams",
            twilio("participant.added", json!({})),
        ),
        ("cloudevents", webchat("message", "ce")),
        ("cloudevents", in_base64(webchat("connected", "ce"))),
        ("mapped", mapped("opened", "room")),
        ("mapped", mapped("typing", "room")),
    ];
    let deep = "{\"a\":".repeat(70) + "1" + &"}".repeat(70);
    let long = format!("{{\"eventType\":\"{}\"}}", "x".repeat(1 << 20));
    for (name, element) in &good {
        let one = element.to_string();
        for body in [
            one.clone(),
            format!("[{one}, {one}]"),
            format!("{one}{one}\n{one}\r\n\n"),
            // What is wrong behind it, in every form of a body.
            format!("{one}\noops\n{one}"),
            format!("[{one},1]"),
            format!("[{one},"),
            format!("[{one}] x"),
            format!("{one}\n{{"),
            format!("{one}\n{{}}"),
            format!("{one}\n{{\"a\":\"\n{one}"),
            format!("{one}\n{deep}"),
            format!("{one}\n{long}"),
            format!("{one}\n{{\"a\":1e999}}"),
            format!("{one}\n{{a:1}}"),
        ] {
            check(addr, of(name), &[], &body).await;
        }
        let records = [one.clone(), format!("{one}\n{one}")];
        check(addr, of(name), FIREHOSE, &firehose(&records)).await;
        check(addr, of(name), FIREHOSE, &firehose(&[one, "{}".to_owned()])).await;
    }
    check(addr, of("tutorial"), FIREHOSE, &firehose(&[String::new()])).await;
    for body in ["", " \n", "1", "[]", "[{}]", "null", "[[{}]]"] {
        check(addr, of("tutorial"), &[], body).await;
    }
    engine.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_the_body_is_looked_for_in_a_sample_too() {
    let own = endpoint(
        "own",
        PushCredential::Body {
            pointer: "/key".to_owned(),
            secret: secret(SECRET),
        },
    );
    let engine = start(|settings| settings.push.endpoints = vec![own.clone()]).await;
    let addr = engine.local_addr();
    let with = |key: &str| {
        let mut event = event("a");
        event["key"] = json!(key);
        event
    };
    let bad = json!({"key": SECRET, "eventType": "webchat:message"});
    for body in [
        with(SECRET).to_string(),
        json!([with(SECRET), with("other")]).to_string(),
        json!([with("other"), with(SECRET)]).to_string(),
        json!([with(SECRET), bad]).to_string(),
        json!([with(SECRET), 1]).to_string(),
        format!("{}\noops\n{}", with(SECRET), event("b")),
        event("a").to_string(),
        "[]".to_owned(),
        "{".to_owned(),
    ] {
        check(addr, &own, &[], &body).await;
    }
    engine.shutdown().await.unwrap();
}

#[test]
fn no_bytes_stop_a_look() {
    let endpoints = endpoints();
    let bodies = [
        event("a").to_string(),
        genesys("queue.messages.waiting").to_string(),
        json!([contact("INITIATED", "c"), webchat("message", "ce")]).to_string(),
        format!(
            "{}\n{}\n",
            mapped("opened", "room"),
            mapped("typing", "room")
        ),
        firehose(&[in_base64(webchat("connected", "ce")).to_string()]),
    ];
    for (body, place) in bodies
        .iter()
        .flat_map(|body| (0..body.len()).step_by(3).map(move |at| (body, at)))
    {
        let (before, after) = body.as_bytes().split_at(place);
        for middle in [&b""[..], b"\xff", b"\"", b"\n{", b"}]", b"{\"\\u0000"] {
            let text = [before, middle, &after[1..]].concat();
            let body = Body::read(&text[..]).unwrap();
            let endpoint = &endpoints[(place + middle.len()) % endpoints.len()];
            let mut shown = 0;
            let tally = Look::new(endpoint, None).over(&body, |element| {
                assert!(!element.to_string().is_empty());
                shown += 1;
            });
            assert_eq!(tally.elements, shown);
            assert!(tally.elements > 0, "{}", String::from_utf8_lossy(&text));
        }
    }
}
