//! What a crash loses, as docs/push.md says it: what was answered 200 was in memory, and is gone; what
//! was not answered is with its sender, who sends it again.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use super::presets::query;
use super::*;
use crate::commands::process::Process;

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_loses_what_was_counted_and_nothing_that_was_not_answered() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("push.toml");
    let text = format!(
        "source = \"push\"\n[[push]]\nname = \"bearer\"\npath = \"/push/bearer\"\nbearer.secret = \"{SECRET}\"\n"
    );
    std::fs::write(&config, text).unwrap();
    std::fs::set_permissions(&config, Permissions::from_mode(0o600)).unwrap();
    let args = [
        "serve",
        "--config",
        config.to_str().unwrap(),
        "--listen",
        "127.0.0.1:0",
    ];
    let start = || {
        let mut process = Process::start(&args, &[]);
        let addr: SocketAddr = process.address().parse().unwrap();
        (process, addr)
    };
    let total = |addr: SocketAddr, expected: u64| async move {
        let asked = "{ realTimeMetrics { totalConnections openSince } sessions { items { id } } }";
        let looking = async {
            loop {
                let said = query(addr, asked).await["data"].take();
                let (metrics, items) = (&said["realTimeMetrics"], &said["sessions"]["items"]);
                // The list is made once a second.
                let listed = items.as_array().map_or(0, |items| items.len() as u64);
                if metrics["totalConnections"] == expected
                    && metrics["openSince"].is_string()
                    && listed == expected
                {
                    return said;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(HANG, looking).await.unwrap()
    };

    let (first, addr) = start();
    check(addr, event("answered").to_string(), 200).await;
    let before = total(addr, 1).await;
    // The last byte of this one is missing, so nothing answers it.
    let body = event("unanswered").to_string();
    let head = format!(
        "POST /push/bearer HTTP/1.1\r\nhost: {addr}\r\nauthorization: Bearer {SECRET}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut sender = TcpStream::connect(addr).await.unwrap();
    let part = [head.as_bytes(), &body.as_bytes()[..body.len() - 1]].concat();
    sender.write_all(&part).await.unwrap();
    first.signal(&["KILL"]);
    assert_eq!(first.wait().code, None);
    let mut answer = Vec::new();
    // The end, or a reset, and no answer before it.
    let _ = timeout(HANG, sender.read_to_end(&mut answer))
        .await
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&answer), "");

    let (second, addr) = start();
    let after = total(addr, 0).await;
    assert_eq!(after["sessions"]["items"], json!([]));
    let since = |said: &Value| {
        said["realTimeMetrics"]["openSince"]
            .as_str()
            .map(str::to_owned)
    };
    assert!(since(&after) > since(&before), "{before} {after}");
    // Its sender repeats it, as often as it likes.
    for _ in 0..3 {
        check(addr, body.clone(), 200).await;
    }
    let after = total(addr, 1).await;
    assert_eq!(after["sessions"]["items"], json!([{"id": "unanswered"}]));
    second.signal(&["TERM"]);
    assert_eq!(second.wait().code, Some(0));
}
