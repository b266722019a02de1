//! Names from a file, links, and the history of alerts over a reload: `check` and `serve` as they are run.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use hyper::Method;
use hyper::Version;
use serde_json::Value;
use serde_json::json;
use tokio::time::sleep;
use tokio::time::timeout;

use super::process::HANG;
use super::process::Process;
use super::serve::StandIn;
use crate::cli::CREDENTIALS;
use crate::cli::run;
use crate::http::Client;
use crate::http::request;

/// The faults that `check` names.
fn faults(arguments: &[&str]) -> Vec<String> {
    let run = run(&[&["check"], arguments].concat(), &CREDENTIALS);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    run.faults().into_iter().map(str::to_owned).collect()
}

#[test]
fn each_fault_of_a_file_of_names_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("names.csv");
    let path = path.to_str().unwrap();
    let check = |text: &[u8], expected: &[&str]| {
        fs::write(path, text).unwrap();
        let faults = faults(&["--names-file", path]);
        assert_eq!(faults.len(), expected.len(), "{faults:#?}");
        for (fault, expected) in faults.iter().zip(expected) {
            let start = format!("names-file: --names-file: {path}: ");
            assert!(fault.contains(&start), "{fault}");
            assert!(fault.contains(expected), "{expected}: {fault}");
        }
    };
    check(
        b"queue,q1,A\nqueue,q1,B\n",
        &["line 2: queue \"q1\": named in line 1 already; keep one"],
    );
    check(
        b"agent,q1,A\nqueue,q2,\n",
        &[
            "line 1: kind \"agent\": unknown",
            "line 2: the name is empty",
        ],
    );
    check(
        b"queue,q1,A\x1b[2J\n",
        &["has a control character; remove it"],
    );
    check(
        format!("queue,q1,{}\n", "n".repeat(257)).as_bytes(),
        &["257 B over 256 B; shorten it"],
    );
    check(b"queue,q1,\xff\n", &["is no UTF-8 text"]);
    check(b"queue;q1;A\n", &["by commas, not semicolons"]);
    check(&vec![b'#'; (8 << 20) + 1], &["longer than 8388608 B"]);
    let missing = folder.path().join("no.csv");
    let missing = missing.to_str().unwrap();
    let all = faults(&["--names-file", missing]);
    assert!(all[0].contains("cannot be read (no such file)"), "{all:?}");
    let all = faults(&["--names-file", folder.path().to_str().unwrap()]);
    assert!(all[0].contains("is a directory"), "{all:?}");

    // As a spreadsheet saves it: with a mark, CRLF, quotes and empty rows.
    let good = "\u{feff}kind,id,name\r\nqueue,q1,\"Sales, north\"\r\n,,\r\ndeployment,q1,Web\r\nqueue,q2,\"Sales, north\"\r\n";
    fs::write(path, good).unwrap();
    let good = run(&["check", "--names-file", path], &CREDENTIALS);
    assert_eq!(good.code, Some(0), "{}", good.stderr);
    for line in ["names of queues: 2", "names of deployments: 1"] {
        assert!(
            good.stdout.lines().any(|shown| shown == line),
            "{}",
            good.stdout
        );
    }
    let json = run(
        &["check", "--format", "json", "--names-file", path],
        &CREDENTIALS,
    );
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(
        json["names"],
        json!({ "queues": 2, "deployments": 1, "directions": 0 })
    );
}

#[test]
fn a_link_that_is_not_safe_is_refused_with_one_line() {
    for (link, expected) in [
        ("javascript:alert('{id}')", "not a URL"),
        ("http://apps.example.com/{id}", "use https"),
        ("https://apps.example.com/", "has no {id}"),
        ("https://apps.example.com/{conversation}", "there is {id}"),
        ("https://{id}.example.com/", "write {id} behind it"),
        (
            "https://user:hunter2@apps.example.com/{id}",
            "user name or password",
        ),
        ("user:hunter2@apps.example.com/{id}", "not a URL"),
    ] {
        let faults = faults(&["--session-link", link]);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(
            faults[0].contains("session-link: --session-link: "),
            "{faults:?}"
        );
        assert!(faults[0].contains(expected), "{expected}: {faults:?}");
        assert!(!faults[0].contains("hunter2"), "{faults:?}");
    }
    let link = "https://apps.example.com/directory/#/engage/admin/interactions/{id}";
    let good = run(&["check", "--session-link", link], &CREDENTIALS);
    assert_eq!(good.code, Some(0), "{}", good.stderr);
    assert!(good.stdout.contains(link), "{}", good.stdout);
}

async fn ask(address: SocketAddr, query: &str) -> Value {
    let body = json!({ "query": query }).to_string();
    let mut post = request(address, Method::POST, "/graphql", &body);
    let json = "application/json".parse().unwrap();
    post.headers_mut().insert("content-type", json);
    let mut client = Client::connect(address, Version::HTTP_11).await;
    let answer = client.send(post).await;
    let mut body: Value = serde_json::from_slice(answer.body()).unwrap();
    assert!(body.get("errors").is_none(), "{body}");
    body["data"].take()
}

/// Asks until the answer is as expected.
async fn until(address: SocketAddr, query: &str, expected: Value) {
    let mut last = Value::Null;
    let seen = async {
        loop {
            last = ask(address, query).await;
            if last == expected {
                return;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    if timeout(HANG, seen).await.is_err() {
        panic!("{query}: {last} in place of {expected}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_links_and_alerts_are_read_again_and_the_history_goes_on() {
    const RULE: &str =
        "[[alert]]\nname = \"few\"\nmetric = \"openSessions\"\nqueue = \"q1\"\nbelow = 1000\n";
    let stand_in = StandIn::start(&[]).await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let write = |name: &str, text: &str| fs::write(path(name), text).unwrap();
    let link = "session-link = \"https://a.example/{id}\"\n";
    write("names.csv", "queue,q1,Sales\n");
    write("settings.toml", &format!("{link}{RULE}"));
    let mut command = stand_in.command();
    command.arg("--config").arg(path("settings.toml"));
    command.arg("--names-file").arg(path("names.csv"));
    let mut process = Process::of(&mut command);
    let address: SocketAddr = process.address().parse().unwrap();
    let hang_up = |process: &mut Process| -> String {
        process.signal(&["HUP"]);
        process.until_stderr("reload: ")
    };
    let alerts = "{ alerts { items { group groupDisplayName phase } } }";
    let shown = |name: &str| json!({ "alerts": { "items": [{ "group": "q1", "groupDisplayName": name, "phase": "FIRING" }] } });
    until(address, alerts, shown("Sales")).await;

    // One bad row, and nothing changes: neither the names nor the alerts that were read with them.
    write("names.csv", "queue,q1,Retail\nqueue,q1,Again\n");
    write("settings.toml", link);
    let said = hang_up(&mut process);
    assert!(
        said.contains("nothing changed") && said.contains("line 2: queue \"q1\""),
        "{said}"
    );
    assert_eq!(ask(address, alerts).await, shown("Sales"));

    write("names.csv", "queue,q1,Retail\ndeployment,d1,Web\n");
    write(
        "settings.toml",
        &format!("session-link = \"https://b.example/{{id}}\"\n{RULE}"),
    );
    let said = hang_up(&mut process);
    for part in ["names: 2 in place of 1", "session links replaced"] {
        assert!(said.contains(part), "{said}");
    }
    until(address, alerts, shown("Retail")).await;

    // The rule changes, then goes: each time what fired ends, and says why.
    write(
        "settings.toml",
        &format!("{link}{}", RULE.replace("1000", "2000")),
    );
    hang_up(&mut process);
    let history =
        "{ alertHistory { total items { change name ending groupDisplayName threshold } } }";
    let change = |change: &str, ending: Value, threshold: f64| json!({ "change": change, "name": "few", "ending": ending, "groupDisplayName": "Retail", "threshold": threshold });
    let mut items = vec![
        change("BEGAN", Value::Null, 2_000.0),
        change("ENDED", json!("RULE_CHANGED"), 1_000.0),
        change("BEGAN", Value::Null, 1_000.0),
    ];
    until(
        address,
        history,
        json!({ "alertHistory": { "total": 3, "items": items } }),
    )
    .await;
    write("settings.toml", link);
    hang_up(&mut process);
    items.insert(0, change("ENDED", json!("RULE_REMOVED"), 2_000.0));
    until(
        address,
        history,
        json!({ "alertHistory": { "total": 4, "items": items } }),
    )
    .await;
    process.signal(&["TERM"]);
    assert_eq!(process.wait().code, Some(0));
}
