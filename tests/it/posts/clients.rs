//! Senders that others wrote, against the program as it is run: the official CloudEvents SDKs of npm and
//! PyPI, and curl. What they posted is looked at in GraphQL.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use crate::commands::process::HANG;
use crate::commands::process::Process;
use crate::packages;

const SECRET: &str = "a-secret-of-the-sdks";

/// `streamgauge serve` with an endpoint for CloudEvents.
struct Served {
    // First, so that the program has ended when its folder goes.
    program: Process,
    url: String,
    _folder: TempDir,
}

impl Served {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("push.toml");
        let text = format!(
            "source = \"push\"\n[[push]]\nname = \"bus\"\npath = \"/push/bus\"\n\
             dialect = \"cloudevents\"\nbearer.secret = \"{SECRET}\"\n"
        );
        fs::write(&config, text).unwrap();
        fs::set_permissions(&config, fs::Permissions::from_mode(0o600)).unwrap();
        let config = config.to_str().unwrap();
        let args = ["serve", "--config", config, "--listen", "127.0.0.1:0"];
        let mut program = Process::start(&args, &[]);
        let url = format!("http://{}", program.address());
        Self {
            program,
            url,
            _folder: folder,
        }
    }

    fn endpoint(&self) -> String {
        format!("{}/push/bus", self.url)
    }

    /// Waits until the open sessions are these, each with its queue and its messages; then ends the
    /// program, which must have lost nothing.
    fn shows(self, expected: &[(&str, &str, u64)]) {
        let row = |id: &Value, queue: &Value, messages: &Value| {
            json!({ "id": id, "queue": queue, "messages": messages }).to_string()
        };
        let mut expected: Vec<_> = expected
            .iter()
            .map(|(id, queue, messages)| row(&json!(id), &json!(queue), &json!(messages)))
            .collect();
        expected.sort();
        let query = r#"{"query":"{ sessions(first: 50) { items { id queue messages } } counters { accountingGap } }"}"#;
        let mut seen = Vec::new();
        for _ in 0..HANG.as_millis() / 100 {
            let (status, said) = curl(&[
                "-H",
                "content-type: application/json",
                "-d",
                query,
                &format!("{}/graphql", self.url),
            ]);
            assert_eq!(status, 200, "{said}");
            assert_eq!(said["data"]["counters"]["accountingGap"], 0.0, "{said}");
            let items = said["data"]["sessions"]["items"].as_array().unwrap();
            seen = items
                .iter()
                .map(|item| row(&item["id"], &item["queue"], &item["messages"]))
                .collect();
            seen.sort();
            if seen == expected {
                break;
            }
            thread::sleep(Duration::from_millis(50));
        }
        assert_eq!(seen, expected);
        self.program.signal(&["TERM"]);
        assert_eq!(self.program.wait().code, Some(0));
    }
}

/// The status and the JSON of an answer, by the program curl.
fn curl(arguments: &[&str]) -> (u16, Value) {
    let mut curl = Command::new("curl");
    // Neither a proxy nor settings of the user's.
    curl.args(["-q", "-sS", "--noproxy", "*", "--max-time", "60"])
        .args(["-w", "\n%{http_code}"])
        .args(arguments);
    let output = packages::run(&mut curl, "curl");
    packages::assert_success(&output, "curl");
    let said = String::from_utf8(output.stdout).unwrap();
    let (body, status) = said.rsplit_once('\n').unwrap();
    let body = serde_json::from_str(body);
    (status.parse().unwrap(), body.unwrap_or(Value::Null))
}

const SALES: &str = "sales";
/// What has no queue.
const NONE: &str = "(none)";

#[test]
fn the_sdk_of_npm_posts_in_every_mode() {
    if packages::are_left_out("the CloudEvents SDK of npm") {
        return;
    }
    let served = Served::start();
    let told = packages::node("cloudevents.mjs", &[&served.endpoint(), SECRET]);
    assert_eq!(told.matches("ok: ").count(), 16, "{told}");
    served.shows(&[
        ("npm-structured", SALES, 1),
        ("npm-binary", SALES, 1),
        ("npm-batch", SALES, 1),
        ("npm-bytes", NONE, 0),
        ("npm-subject", SALES, 0),
    ]);
}

#[test]
fn the_sdk_of_pypi_posts_in_every_mode() {
    if packages::are_left_out("the CloudEvents SDK of PyPI") {
        return;
    }
    let served = Served::start();
    let told = packages::python("cloudevents_post.py", &[&served.endpoint(), SECRET]);
    assert_eq!(told.matches("ok: ").count(), 19, "{told}");
    served.shows(&[
        ("pypi-structured", SALES, 1),
        ("pypi-batch", SALES, 1),
        ("pypi-binary", SALES, 1),
        ("Gäste 100% \"pypi\"", SALES, 0),
        ("pypi-no-data", NONE, 0),
        ("pypi-bytes", NONE, 0),
        ("pypi-old-structured", NONE, 0),
        ("pypi-old-binary", NONE, 0),
    ]);
}

#[test]
fn curl_posts_in_every_mode() {
    let served = Served::start();
    let endpoint = served.endpoint();
    let now = streamgauge::time::Clock::system().wall().to_string();
    let bearer = format!("authorization: Bearer {SECRET}");
    let event = |kind: &str, session: &str| {
        let kind = format!("com.example.webchat.{kind}");
        json!({
            "specversion": "1.0", "type": kind, "source": "/shop/curl", "id": session, "time": now,
            "data": {"sessionId": session, "queueId": "sales", "direction": "inbound"},
        })
    };
    let post = |headers: &[&str], body: &str| {
        let mut arguments = vec!["-H", &bearer, "--data-binary", body, &endpoint];
        for header in headers {
            arguments.extend(["-H", header]);
        }
        curl(&arguments)
    };
    let taken = |events: u64, ignored: u64| {
        let elements = events + ignored;
        let said = json!({ "elements": elements, "events": events, "ignored": ignored });
        (200, said)
    };
    let structured = "content-type: application/cloudevents+json; charset=utf-8";
    for kind in ["connected", "message", "message"] {
        let body = event(kind, "curl-structured").to_string();
        assert_eq!(post(&[structured], &body), taken(1, 0));
    }
    let batch = "content-type: application/cloudevents-batch+json";
    let both = json!([
        event("connected", "curl-batch"),
        event("message", "curl-batch")
    ]);
    for _ in 0..2 {
        assert_eq!(post(&[batch], &both.to_string()), taken(2, 0));
    }
    let attributes = |kind: &str, subject: &str| {
        [
            "content-type: application/json".to_owned(),
            "ce-specversion: 1.0".to_owned(),
            format!("ce-type: com.example.webchat.{kind}"),
            "ce-source: /shop/curl".to_owned(),
            "ce-id: 1".to_owned(),
            format!("ce-time: {now}"),
            format!("ce-subject: {subject}"),
        ]
    };
    let binary = |kind: &str, subject: &str, body: &str| {
        let headers = attributes(kind, subject);
        post(&headers.each_ref().map(String::as_str), body)
    };
    let data = r#"{"queueId":"sales","direction":"inbound"}"#;
    for kind in ["connected", "message", "message"] {
        assert_eq!(binary(kind, "curl-%C3%A4", data), taken(1, 0));
    }
    // Without a type of the data, and without data. Curl says that everything is a form, if it may.
    for (id, body) in [("curl-untyped", data), ("curl-bare", "")] {
        let mut headers = attributes("connected", id);
        headers[0] = "content-type:".to_owned();
        let headers = headers.each_ref().map(String::as_str);
        assert_eq!(post(&headers, body), taken(1, 0), "{id}");
    }

    assert_eq!(binary("typing", "curl-typing", "{}"), taken(0, 1));
    let half = json!([event("connected", "curl-bad"), {"type": "com.example.webchat.message"}]);
    let (status, said) = post(&[batch], &half.to_string());
    assert_eq!((status, &said["index"]), (400, &json!(1)), "{said}");
    let (status, said) = post(&["content-type:"], &both.to_string());
    assert_eq!(status, 415, "only an event in headers has a type: {said}");
    let (status, said) = post(&["content-type: text/plain", "ce-specversion: 1.0"], "{}");
    assert_eq!(status, 415, "{said}");
    let stranger = ["-H", batch, "-H", "authorization: Bearer x", "-d", "[]"];
    let (status, said) = curl(&[&stranger[..], &[&endpoint]].concat());
    assert_eq!(status, 401, "{said}");
    assert_eq!(post(&[batch], "[]"), taken(0, 0));
    served.shows(&[
        ("curl-structured", SALES, 1),
        ("curl-batch", SALES, 1),
        ("curl-ä", SALES, 1),
        ("curl-untyped", SALES, 0),
        ("curl-bare", NONE, 0),
    ]);
}
